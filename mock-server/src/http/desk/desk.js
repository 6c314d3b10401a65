// The desk: what the control API reports, and buttons for what it can do. This module only connects the others: model/
// decides and knows no page, view/ draws, and control.js asks the mock.

import { follow } from "./live.js";
import { refresh, refreshAll, register } from "./refresh.js";
import { loadActions } from "./view/actions.js";
import { loadClock, startClock, startReset } from "./view/clock.js";
import { forgetDecisions, showDecisions } from "./view/decisions.js";
import { openFaults, showFaults, startFaults } from "./view/faults.js";
import { loadInbox } from "./view/inbox.js";
import { startNavigation, whileOpen } from "./view/navigation.js";
import { loadPhone } from "./view/phone.js";
import {
  closeDetail, loadRequests, noteNewest, offerEveryTenant, openRequest, resetRequests, showRequests, startRequests,
} from "./view/requests.js";
import { showScenarios, startScenarios } from "./view/scenarios.js";
import { showSessions } from "./view/sessions.js";
import { loadSnapshots, startSnapshots } from "./view/snapshots.js";
import { showTenant, startTenantField } from "./view/tenant-field.js";
import { hasSeveral, loadTenants } from "./view/tenants.js";
import { closeTimeline, startTimeline } from "./view/timeline.js";
import { closeUser, loadUsers, openUser, startUsers } from "./view/users.js";
import { loadWebhooks } from "./view/webhooks.js";

const sessionsOpen = whileOpen("sessions");
const decisionsOpen = whileOpen("decide");
const faultsOpen = whileOpen("faults");
const scenariosOpen = whileOpen("scenarios");

/** Closes what belongs to a tenant or to a world that is no longer shown. */
function beginAgain() {
  resetRequests();
  closeDetail();
  closeUser();
  closeTimeline();
  forgetDecisions();
}

function switchTenant() {
  beginAgain();
  refreshAll({ atOnce: true });
}

register("clock", loadClock, { needsTenant: true });
register("tenants", async () => {
  const isAnother = await loadTenants();
  showTenant();
  if (hasSeveral()) offerEveryTenant();
  if (isAnother) beginAgain();
  if (decisionsOpen()) showDecisions();
  if (faultsOpen()) showFaults();
  if (scenariosOpen()) showScenarios();
});
register("phone", async () => {
  await loadPhone();
  if (sessionsOpen()) showSessions();
}, { needsTenant: true });
register("inbox", loadInbox, { needsTenant: true });
register("journal", loadRequests, { isShown: whileOpen("journal"), needsTenant: true });
register("actions", () => loadActions(openUser), { isShown: whileOpen("actions"), needsTenant: true });
register("users", loadUsers, { isShown: whileOpen("users"), needsTenant: true });
register("snapshots", loadSnapshots, { isShown: whileOpen("snapshots"), needsTenant: true });
register("webhooks", loadWebhooks, { isShown: whileOpen("webhooks"), needsTenant: true });

startClock();
startReset();
startRequests();
startUsers();
startFaults();
startSnapshots();
startScenarios();
startTimeline(openRequest);
startTenantField(switchTenant);
startNavigation((name) => {
  if (name === "decide") showDecisions();
  if (name === "faults") openFaults();
  if (name === "scenarios") showScenarios();
  if (name === "sessions") showSessions();
  if (name === "journal") showRequests();
  refresh();
});

/** @type {number | undefined} */
let resets;
follow((tick) => {
  const beganAgain = noteNewest(tick.journal) || (resets !== undefined && tick.resets !== resets);
  resets = tick.resets;
  if (beganAgain) beginAgain();
});
