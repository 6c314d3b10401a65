// The desk: shows what the control API tells, and does what it can. Data gets into the page as text only, never as
// markup, because ids, paths and bodies are whatever a caller sent.

const $ = (id) => document.getElementById(id);

/** An element. Texts among the children become text, so no data is ever read as markup. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

const tag = (text, kind = "") => el("span", { class: `tag ${kind}` }, text);
const button = (text, onclick, extra = {}) => el("button", { type: "button", onclick, ...extra }, text);
const empty = (...children) => el("p", { class: "empty" }, ...children);

// ---------------------------------------------------------------- talking to the mock

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(method, path, query, body) {
  const url = new URL(`/_mock${path}`, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  const request = { method, cache: "no-store" };
  if (body !== undefined) {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const response = await fetch(url, request);
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer.message ?? `The mock answered ${response.status}.`);
  return answer;
}

const get = (path, query) => ask("GET", path, query);
const post = (path, body) => ask("POST", path, undefined, body);

let toastTimer;
function toast(text) {
  const box = $("toast");
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.classList.remove("shown"), 4500);
}

/** Runs what a button does; the button waits, and a refusal is told in the mock's own words. */
async function act(control, work, done) {
  if (control) control.disabled = true;
  try {
    const answer = await work();
    if (done) toast(typeof done === "function" ? done(answer) : done);
  } catch (error) {
    toast(error instanceof Refused ? error.message : "The mock cannot be reached.");
  } finally {
    if (control) control.disabled = false;
    sections.forEach((section) => { section.stale = true; });
    refresh();
  }
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages that are not of this machine have no clipboard: the old way is all there is.
    const area = el("textarea", { readonly: true, class: "visually-hidden", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(`${what} copied`);
}

// ---------------------------------------------------------------- words and figures

const two = (number) => String(number).padStart(2, "0");
const clockTime = (date) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
const fullTime = (date) => `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())} ${clockTime(date)}`;

function time(text) {
  const date = new Date(text);
  return el("time", { datetime: text, title: `${fullTime(date)} UTC` }, clockTime(date));
}

/** How long from `from` to `to`, in a word or two. */
function span(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

const statusKind = (status) => (status < 300 ? "good" : status < 400 ? "info" : status < 500 ? "warn" : "bad");
const STATE_KIND = {
  ALLOW: "good", CHALLENGE_SUCCEEDED: "good", REVIEW_SUCCEEDED: "good",
  BLOCK: "bad", CHALLENGE_FAILED: "bad", REVIEW_FAILED: "bad",
  CHALLENGE_REQUIRED: "warn", REVIEW_REQUIRED: "warn", CHALLENGE: "warn", REVIEW: "warn",
  active: "good", walkaway: "warn", pending: "info", identifying: "info", timeout: "bad", failed: "bad", cancelled: "bad", closed: "",
};
const state = (word) => tag(word, STATE_KIND[word] ?? "");
const CHANNEL = { sms: "SMS", email: "E-mail", whatsapp: "WhatsApp" };
const ASKS = {
  acceptance: "confirm a prompt", os_authentication: "unlock the phone", facial: "show a face", approval: "approve",
};

/** A link that may be followed; text where it is no web address. */
function link(url, text, extra = {}) {
  try {
    const parsed = new URL(url);
    if (parsed.protocol === "http:" || parsed.protocol === "https:") {
      return el("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer", ...extra }, text);
    }
  } catch { /* told as text */ }
  return el("span", { class: "mono" }, url);
}

// ---------------------------------------------------------------- the mock's clock

const clock = { now: Date.now(), at: performance.now(), frozen: false };
const mockNow = () => (clock.frozen ? clock.now : clock.now + (performance.now() - clock.at));

function showClock() {
  $("now").textContent = fullTime(new Date(mockNow()));
  $("now").dateTime = new Date(mockNow()).toISOString();
}

async function loadClock() {
  const answer = await get("/clock");
  Object.assign(clock, { now: Date.parse(answer.now), at: performance.now(), frozen: answer.frozen });
  const ahead = clock.now - Date.now();
  const label = $("clock-state");
  const moved = Math.abs(ahead) > 5000;
  label.hidden = !clock.frozen && !moved;
  label.className = "tag warn";
  label.textContent = clock.frozen ? "stands still" : ahead > 0 ? `${span(ahead)} ahead` : "moved";
  $("freeze").textContent = clock.frozen ? "Release" : "Freeze";
  showClock();
}

const changeClock = (control, change, done) => act(control, () => post("/clock", change), done);
$("freeze").onclick = (event) => changeClock(event.target, { freeze: !clock.frozen });
$("minute").onclick = (event) => changeClock(event.target, { advanceSeconds: 60 }, "A minute later");
$("hour").onclick = (event) => changeClock(event.target, { advanceSeconds: 3600 }, "An hour later");
$("reset").onclick = () => $("confirm").showModal();
$("confirm").addEventListener("close", () => {
  if ($("confirm").returnValue === "reset") act($("reset"), () => post("/reset"), "Back to the start");
  $("confirm").returnValue = "";
});

// ---------------------------------------------------------------- tenants

let tenants = [];
const chosen = () => tenants.find((tenant) => tenant.name === $("tenant").value) ?? tenants[0];
/** The tenant to ask for; nothing where there is only one. */
const tenantName = () => (tenants.length > 1 ? chosen()?.name : undefined);

async function loadTenants() {
  tenants = (await get("/tenants")).tenants;
  const select = $("tenant");
  const names = tenants.map((tenant) => tenant.name);
  if (names.join("\n") !== [...select.options].map((option) => option.value).join("\n")) {
    const before = select.value;
    select.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
    if (names.includes(before)) select.value = before;
    // Until now it was not known that there are several.
    if (names.length > 1) {
      if (!$("journal-all")) $("journal-api").append(el("option", { id: "journal-all", value: EVERYBODY }, "every tenant, and none"));
      switchTenant();
    }
  }
  $("tenant-field").hidden = tenants.length < 2;
  if (view === "decide") showDecisions();
}
function switchTenant() {
  journal.reset();
  journal.choose(undefined);
  userShown = undefined;
  sections.forEach((section) => { section.stale = true; });
  refresh();
}
$("tenant").onchange = switchTenant;

// ---------------------------------------------------------------- phone

let sessionsSeen = [];
let ringing = new Set();

async function loadPhone() {
  const tenant = tenantName();
  const name = chosen();
  const [waiting, users] = await Promise.all([
    get("/phone/requests", { tenant }),
    name?.activeconnect ? get("/activeconnect", { tenant, limit: 200 }) : { users: [] },
  ]);
  sessionsSeen = users.users;
  showPhone(waiting.requests);
  if (view === "sessions") showSessions();
}

function phoneAct(path, subject, done) {
  return (event) => act(event.target, () => post(path, subject), done);
}

function phoneSubject(userId) {
  const application = chosen()?.activeconnect?.applicationId;
  return { userId, ...(application ? { applicationId: application } : {}) };
}

function showPhone(requests) {
  const cards = [];
  const seen = new Set();
  for (const request of [...requests].reverse()) {
    const key = `${request.kind} ${request.userId}`;
    // A phone answers the newest of its requests first.
    if (request.kind === "activeconnect" && seen.has(key)) continue;
    seen.add(key);
    cards.push(request.kind === "push" ? pushCard(request) : activeconnectCard(request, requests));
  }
  const near = sessionsSeen.flatMap((user) => user.sessions
    .filter((session) => session.status === "active" || session.status === "walkaway")
    .slice(0, 1)
    .map((session) => sessionCard(user, session)));
  const nothing = empty("Nothing rings. A push or an Activeconnect request shows up here, to be approved, denied, or walked away from.");
  $("phone").replaceChildren(...(cards.length + near.length ? [...cards, ...near.slice(0, 20)] : [nothing]));
  badge("phone", requests.length);
  document.title = requests.length ? `(${requests.length}) stepup-mock desk` : "stepup-mock desk";
  const ids = new Set(requests.map((request) => request.id));
  const fresh = requests.filter((request) => !ringing.has(request.id));
  if (fresh.length) $("announce").textContent = `The phone of ${fresh[0].userId} rings.`;
  ringing = ids;
}

function countdown(request) {
  return el("span", { class: "hint num", "data-until": Date.parse(request.expiresAt) }, span(Date.parse(request.expiresAt) - mockNow()));
}

function ringer(request, title, words, buttons) {
  return el("div", { class: "item ringing", "data-id": request.id },
    el("div", { class: "item-head" },
      el("span", { class: "who" }, el("span", { class: "bell", "aria-hidden": "true" }, "◉"), request.userId), countdown(request)),
    el("p", { class: "meta" }, title), words && el("p", { class: "meta" }, words),
    el("div", { class: "row" }, buttons));
}

function activeconnectCard(request, all) {
  const older = all.filter((other) => other.kind === request.kind && other.userId === request.userId).length - 1;
  const name = chosen()?.activeconnect?.name ?? "Activeconnect";
  const asks = request.asks.map((ask) => ASKS[ask] ?? ask).join(", ");
  const subject = phoneSubject(request.userId);
  return ringer(request, `${name} asks to ${asks || "confirm"}`,
    older > 0 && `${older} older ${older === 1 ? "request waits" : "requests wait"} as well`, [
      button("Approve", phoneAct("/phone/approve", subject, "Approved"), { class: "primary" }),
      button("Deny", phoneAct("/phone/deny", subject, "Denied"), { class: "danger" }),
      button("Not recognised", phoneAct("/phone/fail", subject, "Answered with data that is not accepted"), { title: "The person agrees, and is not recognised" }),
    ]);
}

function sessionCard(user, session) {
  const subject = phoneSubject(user.userId);
  const away = session.status === "walkaway";
  return el("div", { class: "item" },
    el("div", { class: "item-head" }, el("span", { class: "who" }, user.userId), state(session.status)),
    el("p", { class: "meta" }, away ? "The phone is away; the session goes on without access." : "The phone is near; the user is logged in."),
    el("div", { class: "row" },
      away
        ? button("Return", phoneAct("/phone/return", subject, "The phone is back"), { class: "primary" })
        : button("Walk away", phoneAct("/phone/walk-away", subject, "Walked away")),
      button("Let it run out", phoneAct("/phone/expire", subject, "The session has run out"))));
}

function pushCard(request) {
  const about = request.action ? `Authsignal push for ${request.action}` : "Authsignal push";
  const answer = (path) => (event) => act(event.target,
    () => post(path, { userId: request.userId, challengeId: request.id, tenantId: chosen()?.authsignal?.tenantId }),
    path.endsWith("approve") ? "Approved" : "Denied");
  return ringer(request, about, undefined, [
    button("Approve", answer("/push/approve"), { class: "primary" }),
    button("Deny", answer("/push/deny"), { class: "danger" }),
  ]);
}

// ---------------------------------------------------------------- inbox

let messagesSeen = new Set();
let firstMessages = true;

// The whole of it: ids begin again after a reset.
const identity = (message) => JSON.stringify(message);

async function loadInbox() {
  const { messages } = await get("/messages", { tenant: tenantName(), limit: 100 });
  const box = $("inbox");
  if (!messages.length) {
    box.replaceChildren(empty("No message yet. Codes and links that would go out by SMS, e-mail or WhatsApp land here."));
  } else {
    // What is there stays as it is, so that a selection or the focus is not lost.
    const there = new Map([...box.children].map((child) => [child.dataset.id, child]));
    const items = messages.map((message) => there.get(identity(message)) ?? messageItem(message));
    box.replaceChildren(...items);
  }
  const fresh = messages.filter((message) => !messagesSeen.has(identity(message)));
  if (fresh.length && !firstMessages) $("announce").textContent = `A message to ${fresh[0].to}.`;
  firstMessages = false;
  messagesSeen = new Set(messages.map(identity));
  badge("inbox", messages.length, messages.length === 100 ? "100+" : undefined);
}

function messageItem(message) {
  const registration = message.kind === "link" && message.url.includes("/register/");
  return el("div", { class: `item ${firstMessages ? "" : "fresh"}`, "data-id": identity(message) },
    el("div", { class: "item-head" },
      el("span", {}, tag(CHANNEL[message.channel] ?? message.channel, "info"), " ", el("span", { class: "who" }, message.to)),
      time(message.createdAt)),
    message.code
      ? el("div", { class: "row" }, el("span", { class: "code" }, message.code),
        button("Copy", () => copy(message.code, "Code"), { "aria-label": `Copy the code ${message.code}` }))
      : undefined,
    el("p", { class: "meta" }, message.text),
    message.url
      ? el("div", { class: "row" },
        registration
          ? button("Open on the phone", (event) => act(event.target, () => post("/phone/register", { link: message.url }), "The phone is registered"), { class: "primary" })
          : link(message.url, "Open the link"),
        button("Copy link", () => copy(message.url, "Link")))
      : undefined);
}

// ---------------------------------------------------------------- requests

const PAGE = 200;
/** Of the choices of an API: every API of every tenant, and requests that are no tenant's, such as those with a wrong secret. */
const EVERYBODY = "*";

const journal = {
  rows: [],
  known: 0,
  more: true,
  chosen: undefined,
  turn: 0,
  loading: undefined,
  height: 34,

  query(extra) {
    const api = $("journal-api").value;
    const scope = api === EVERYBODY ? {} : { tenant: tenantName(), api };
    return { ...scope, search: $("journal-search").value.trim(), limit: PAGE, ...extra };
  },

  reset() {
    this.rows = [];
    this.known = 0;
    this.more = true;
    this.turn += 1;
    this.loading = undefined;
    $("journal").scrollTop = 0;
  },

  /** What is new; the first page where nothing is known yet. */
  async fresh() {
    const turn = this.turn;
    const first = this.known === 0;
    const newest = latest.journal;
    const { requests } = await get("/journal", this.query(first ? {} : { after: this.known }));
    if (turn !== this.turn) return;
    if (!first && requests.length === PAGE) {
      // More than a page is new: begin again rather than leave a gap.
      this.reset();
      return this.fresh();
    }
    this.known = Math.max(this.known, requests[0]?.number ?? 0, first ? newest : 0);
    this.rows = [...requests, ...this.rows];
    if (first) this.more = requests.length === PAGE;
    const list = $("journal");
    // Who has scrolled keeps their place.
    if (list.scrollTop > 0) list.scrollTop += requests.length * this.height;
    this.show();
  },

  /** The page before the oldest that is known. */
  older() {
    const last = this.rows.at(-1);
    if (!this.more || this.loading || !last) return;
    const turn = this.turn;
    this.loading = get("/journal", this.query({ before: last.number })).then(({ requests }) => {
      if (turn !== this.turn) return;
      this.rows.push(...requests);
      this.more = requests.length === PAGE;
      this.loading = undefined;
      this.show();
    }, () => { this.loading = undefined; });
  },

  show() {
    const list = $("journal");
    const sizer = $("journal-rows");
    this.height = window.matchMedia("(max-width: 820px)").matches ? 58 : 34;
    sizer.style.height = `${this.rows.length * this.height}px`;
    const from = Math.max(0, Math.floor(list.scrollTop / this.height) - 6);
    const to = Math.min(this.rows.length, from + Math.ceil(list.clientHeight / this.height) + 12);
    const there = new Map([...sizer.children].map((row) => [Number(row.dataset.number), row]));
    const rows = [];
    for (let at = from; at < to; at += 1) {
      const entry = this.rows[at];
      const row = there.get(entry.number) ?? requestRow(entry);
      row.style.transform = `translateY(${at * this.height}px)`;
      row.setAttribute("aria-selected", String(entry.number === this.chosen));
      row.setAttribute("aria-posinset", String(at + 1));
      row.setAttribute("aria-setsize", this.more ? "-1" : String(this.rows.length));
      rows.push(row);
    }
    sizer.replaceChildren(...rows);
    const nothing = !this.rows.length;
    const filtered = $("journal-search").value || $("journal-api").value;
    $("journal-empty").hidden = !nothing;
    $("journal-split").hidden = nothing;
    if (nothing) {
      $("journal-empty").replaceChildren(...(filtered
        ? ["No request in the journal fits the filter."]
        : ["No request yet. Point your client at ", el("code", {}, location.origin), " for Activeconnect, or ",
          el("code", {}, `${location.origin}/v1`), " for Authsignal."]));
    }
    $("journal-count").textContent = nothing ? "" : `${this.rows.length.toLocaleString("en")}${this.more ? "+" : ""}`;
    if (this.more && to > this.rows.length - 60) this.older();
    const active = this.chosen !== undefined && rows.some((row) => Number(row.dataset.number) === this.chosen);
    if (active) list.setAttribute("aria-activedescendant", `request-${this.chosen}`);
    else list.removeAttribute("aria-activedescendant");
  },

  async choose(number) {
    this.chosen = number;
    this.show();
    if (number === undefined) {
      $("journal-split").classList.remove("open");
      $("detail").hidden = true;
      this.show();
      return;
    }
    try {
      const detail = await get(`/journal/${number}`);
      if (this.chosen !== number) return;
      showDetail(detail);
    } catch (error) {
      toast(error.message);
    }
  },

  step(by) {
    const at = this.rows.findIndex((row) => row.number === this.chosen);
    const next = at < 0 ? 0 : Math.min(this.rows.length - 1, Math.max(0, at + by));
    const row = this.rows[next];
    if (!row) return;
    const list = $("journal");
    const top = next * this.height;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + this.height > list.scrollTop + list.clientHeight) list.scrollTop = top + this.height - list.clientHeight;
    this.choose(row.number);
  },
};

function requestRow(entry) {
  return el("div", {
    class: "req", role: "option", id: `request-${entry.number}`, "data-number": entry.number,
  },
  el("span", { class: "n" }, String(entry.number)), time(entry.at), el("span", { class: "verb" }, entry.method),
  el("span", { class: "target", title: entry.target }, entry.target), el("span", { class: "op" }, entry.operation ?? "no operation"),
  tag(String(entry.status), statusKind(entry.status)));
}

let asSent = false;

function pretty(text) {
  if (asSent) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function bodyOf(title, body) {
  const parts = [el("div", { class: "body-head" }, el("h3", {}, title),
    body && body.length > 0 && el("span", { class: "hint num" }, `${body.length.toLocaleString("en")} bytes`))];
  if (!body) parts.push(el("p", { class: "none" }, "No longer kept: the oldest bodies leave the journal first."));
  else if (body.length === 0) parts.push(el("p", { class: "none" }, "No body."));
  else {
    if (body.text) parts.push(el("pre", { tabindex: "0", "aria-label": title }, pretty(body.text)));
    if (body.cut) parts.push(el("p", { class: "cut" }, `Cut: ${body.cut}.`));
  }
  return parts;
}

function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== undefined && value !== "")
    .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function showDetail(detail) {
  const { entry } = detail;
  const box = $("detail");
  const close = () => {
    journal.choose(undefined);
    $("journal").focus();
  };
  box.replaceChildren(
    el("div", { class: "top" },
      el("div", { class: "title" }, `${entry.method} ${entry.target}`),
      button("Close", close, { class: "quiet" })),
    facts([
      ["Answer", tag(String(entry.status), statusKind(entry.status))],
      ["Reason", entry.reason],
      ["Operation", entry.operation ?? "none matched"],
      ["API", entry.api],
      ["Tenant", entry.tenant ?? "none"],
      ["Came at", `${fullTime(new Date(entry.at))} UTC`],
      ["Credentials", detail.credentials ?? "none"],
      ["Sent by", detail.userAgent],
      ["Content type", detail.contentType],
    ]),
    el("div", { class: "row" }, el("label", { class: "field-inline" },
      el("input", { type: "checkbox", checked: asSent, onchange: (event) => { asSent = event.target.checked; showDetail(detail); } }), "as sent, not formatted")),
    ...bodyOf("Request", detail.request), ...bodyOf("Answer", detail.answer));
  box.hidden = false;
  $("journal-split").classList.add("open");
  journal.show();
}

$("journal").addEventListener("scroll", () => requestAnimationFrame(() => journal.show()), { passive: true });
$("journal-rows").addEventListener("click", (event) => {
  const row = event.target.closest(".req");
  if (row) journal.choose(Number(row.dataset.number));
});
$("journal").addEventListener("keydown", (event) => {
  const page = Math.max(1, Math.floor($("journal").clientHeight / journal.height) - 1);
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  if (event.key in steps) {
    event.preventDefault();
    journal.step(steps[event.key]);
  } else if (event.key === "Escape") {
    journal.choose(undefined);
  } else if (event.key === "Enter" && journal.chosen !== undefined) {
    // Or the button that gets the focus would be pressed as well.
    event.preventDefault();
    $("detail").querySelector("button")?.focus();
  }
});
let searchTimer;
function filterJournal() {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => {
    journal.reset();
    const section = sections.get("journal");
    section.stale = true;
    section.at = undefined;
    refresh();
  }, 120);
}
$("journal-search").oninput = filterJournal;
$("journal-api").onchange = filterJournal;
for (const api of ["activeconnect", "authsignal", "authsignal-client", "pages"]) {
  $("journal-api").append(el("option", { value: api }, api));
}
new ResizeObserver(() => journal.show()).observe($("journal"));

// ---------------------------------------------------------------- tables

function table(heads, rows) {
  return el("table", {},
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col", class: head.tight ? "tight" : undefined },
      head.hidden ? el("span", { class: "visually-hidden" }, head.name) : head.name)))),
    el("tbody", {}, rows.map((row) => el("tr", row.attributes ?? {},
      row.cells.map((cell, at) => el("td", { class: heads[at].tight ? "tight" : undefined, "data-label": heads[at].label }, cell))))));
}

const noAuthsignal = () => empty("This tenant has no Authsignal part.");

async function loadActions() {
  if (!chosen()?.authsignal) return $("actions").replaceChildren(noAuthsignal());
  const { actions } = await get("/actions", { tenant: tenantName(), limit: 200 });
  if (!actions.length) {
    $("actions").replaceChildren(empty("No action was tracked yet: ", el("code", {}, "POST /v1/users/USER/actions/ACTION"), "."));
    return;
  }
  $("actions").replaceChildren(table(
    [{ name: "Time", tight: true }, { name: "User" }, { name: "Action" }, { name: "State", tight: true }, { name: "Decided by", label: "decided by" }, { name: "Challenge", tight: true }],
    actions.map((action) => ({ cells: [
      time(action.createdAt),
      button(action.userId, () => openUser(action.userId), { class: "link" }),
      [el("div", {}, action.action), el("div", { class: "sub mono" }, action.idempotencyKey)],
      state(action.state),
      decidedBy(action),
      challengeOf(action),
    ] })),
  ));
}

const decidedBy = (action) => (action.rule ? el("span", {}, "rule ", el("strong", {}, action.rule)) : el("span", { class: "sub" }, "no rule"));

function challengeOf(action) {
  if (action.state !== "CHALLENGE_REQUIRED") return action.verificationMethod ? tag(action.verificationMethod) : "";
  const subject = { userId: action.userId, action: action.action, tenantId: chosen()?.authsignal?.tenantId };
  return el("div", { class: "row" },
    button("Pass", (event) => act(event.target, () => post("/challenge/succeed", subject), (answer) => `${answer.action}: ${answer.state}`), { class: "quiet", title: "Complete the challenge of the user's newest action of that name" }),
    button("Fail", (event) => act(event.target, () => post("/challenge/fail", subject), (answer) => `${answer.action}: ${answer.state}`), { class: "quiet danger" }));
}

let userShown;

async function loadUsers() {
  if (!chosen()?.authsignal) return $("users").replaceChildren(noAuthsignal());
  const search = $("users-search").value.trim();
  const { users, more } = await get("/users", { tenant: tenantName(), search, limit: 200 });
  $("users-count").textContent = users.length ? `${users.length}${more ? "+, by id" : ""}` : "";
  $("users").replaceChildren(users.length
    ? table([{ name: "User" }, { name: "Authenticators" }, { name: "Actions", tight: true, label: "actions" }],
      users.map((user) => ({
        attributes: { class: user.userId === userShown ? "chosen" : undefined },
        cells: [
          [button(user.userId, () => openUser(user.userId), { class: "link" }),
            el("div", { class: "sub" }, [user.displayName, user.email, user.phoneNumber].filter(Boolean).join(" · "))],
          el("div", { class: "row" }, user.verificationMethods.length ? user.verificationMethods.map((method) => tag(method)) : el("span", { class: "sub" }, "none")),
          el("span", { class: "num" }, String(user.actions)),
        ],
      })))
    : empty(search ? "No user fits." : "No user yet."));
  if (userShown !== undefined) await showUser();
}

let detailShown = "";

function openUser(userId) {
  userShown = userId;
  show("users");
  sections.get("users").stale = true;
  refresh();
}

async function showUser() {
  const box = $("user-detail");
  const close = () => {
    userShown = undefined;
    box.hidden = true;
    $("users-split").classList.remove("open");
    $("users").querySelector("tr.chosen")?.classList.remove("chosen");
  };
  let detail;
  try {
    detail = await get("/user", { tenant: tenantName(), userId: userShown, limit: 50 });
  } catch {
    return close();
  }
  // What is the same stays, with the code that was asked for and the place that was scrolled to.
  const now = JSON.stringify(detail);
  if (now === detailShown && !box.hidden) return;
  detailShown = now;
  const { user } = detail;
  const list = (items, nothing) => (items.length ? el("ul", { class: "plain" }, items.map((item) => el("li", {}, item))) : el("p", { class: "none" }, nothing));
  box.replaceChildren(
    el("div", { class: "top" }, el("div", { class: "title" }, user.userId), button("Close", close, { class: "quiet" })),
    facts([["Name", user.displayName], ["E-mail", user.email], ["Phone", user.phoneNumber]]),
    el("h3", {}, "Authenticators"),
    list(detail.authenticators.map((one) => [tag(one.verificationMethod, "info"), " ", one.email ?? one.phoneNumber ?? one.name ?? "",
      one.verificationMethod === "AUTHENTICATOR_APP" && currentCode(user.userId),
      el("div", { class: "sub" }, one.lastVerifiedAt ? ["last used ", time(one.lastVerifiedAt)] : "never used")]), "None: this user is never challenged."),
    el("div", { class: "row" }, button("Give a phone for push", (event) => act(event.target,
      () => post("/push/register", { userId: user.userId, tenantId: chosen()?.authsignal?.tenantId }), "The simulated phone is enrolled for push"), { class: "quiet" })),
    el("h3", {}, "Actions"),
    list(detail.actions.map((action) => [
      el("div", { class: "item-head" }, el("span", {}, action.action), time(action.createdAt)),
      el("div", { class: "row" }, state(action.state), decidedBy(action), challengeOf(action)),
    ]), "None yet."),
    el("h3", {}, "Devices"),
    list(detail.devices.map((device) => [el("span", { class: "mono" }, device.deviceId),
      el("div", { class: "sub" }, device.invalidatedAt ? "invalidated" : device.rememberedUntil ? ["remembered until ", fullTime(new Date(device.rememberedUntil))] : device.lastVerificationMethod ? `passed by ${device.lastVerificationMethod}` : "seen")]), "None."),
  );
  box.hidden = false;
  $("users-split").classList.add("open");
}
/** The code that an authenticator app would show. */
function currentCode(userId) {
  const code = el("span", { class: "code" });
  return el("div", { class: "row" }, code, button("Show the code", async (event) => {
    const control = event.target;
    try {
      const answer = await get("/totp", { userId, tenant: tenantName() });
      code.textContent = answer.code;
      control.replaceWith(button("Copy", () => copy(answer.code, "Code")), el("span", { class: "hint" }, "until ", time(answer.expiresAt)));
    } catch (error) {
      toast(error.message);
    }
  }, { class: "quiet" }));
}

let userTimer;
$("users-search").oninput = () => {
  clearTimeout(userTimer);
  userTimer = setTimeout(() => { sections.get("users").stale = true; refresh(); }, 120);
};

function showSessions() {
  if (!chosen()?.activeconnect) return $("sessions").replaceChildren(empty("This tenant has no Activeconnect application."));
  if (!sessionsSeen.length) return $("sessions").replaceChildren(empty("No user yet: ", el("code", {}, "POST /management/add_users/APPLICATION"), "."));
  $("sessions").replaceChildren(table(
    [{ name: "User" }, { name: "Phone" }, { name: "Sessions" }, { name: "Do", tight: true, hidden: true }],
    sessionsSeen.map((user) => ({ cells: [
      user.userId,
      user.device ? [el("div", {}, user.device.name ?? "unnamed"), el("div", { class: "sub mono" }, user.device.deviceId)] : el("span", { class: "sub" }, "no phone"),
      user.sessions.length
        ? user.sessions.slice(0, 5).map((session) => el("div", { class: "row" }, state(session.status), time(session.startedAt), el("span", { class: "sub mono wrap" }, session.sessionId)))
        : el("span", { class: "sub" }, "none"),
      sessionButtons(user),
    ] })),
  ));
}

function sessionButtons(user) {
  const subject = phoneSubject(user.userId);
  const newest = user.sessions.find((session) => ["pending", "identifying", "active", "walkaway"].includes(session.status));
  if (!newest) return "";
  const quiet = (text, path, done, kind = "") => button(text, phoneAct(path, subject, done), { class: `quiet ${kind}` });
  const waits = newest.status === "pending" || newest.status === "identifying";
  return el("div", { class: "row" },
    waits && quiet("Approve", "/phone/approve", "Approved"), waits && quiet("Deny", "/phone/deny", "Denied", "danger"),
    newest.status === "active" && quiet("Walk away", "/phone/walk-away", "Walked away"),
    newest.status === "walkaway" && quiet("Return", "/phone/return", "The phone is back"),
    quiet("Run out", "/phone/expire", "The session has run out"));
}

// ---------------------------------------------------------------- decisions

const OUTCOMES = ["ALLOW", "CHALLENGE", "BLOCK", "REVIEW"];
const MODES = { interactive: "the user takes it", "auto-succeed": "passed at once", "auto-fail": "failed at once", abandon: "the user goes away" };
const options = (values, chosenValue) => values.map(([value, text]) => el("option", { value, selected: value === chosenValue }, text ?? value));
let decisionsShown = "";

function showDecisions() {
  const authsignal = chosen()?.authsignal;
  const box = $("decide");
  if (!authsignal) return box.replaceChildren(noAuthsignal());
  // A form that somebody fills in is not taken away from them.
  const now = JSON.stringify(authsignal);
  if (now === decisionsShown && box.childElementCount) return;
  decisionsShown = now;
  const { tenantId } = authsignal;
  const configure = (change, done) => (event) => act(event.target, () => post("/authsignal", { tenantId, ...change(event) }), done);
  const planned = authsignal.nextOutcomes.map((one) => el("li", {}, el("div", { class: "item-head" },
    el("span", {}, state(one.outcome), ` next ${one.action ?? "action"} of ${one.userId ?? "anybody"}`),
    button("Take back", (event) => act(event.target, () => post("/authsignal/next-outcome", { tenantId, userId: one.userId, action: one.action })), { class: "quiet" }))));
  const next = el("form", { class: "form", onsubmit: (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const text = (name) => form.get(name).trim() || undefined;
    act(event.submitter, () => post("/authsignal/next-outcome", { tenantId, userId: text("user"), action: text("action"), outcome: form.get("outcome") }), "Set for the next action");
  } },
  el("label", {}, "User", el("input", { name: "user", placeholder: "anybody", autocomplete: "off" })),
  el("label", {}, "Action", el("input", { name: "action", placeholder: "any action", autocomplete: "off" })),
  el("label", {}, "Outcome", el("select", { name: "outcome" }, options(OUTCOMES.map((word) => [word]), "CHALLENGE"))),
  el("div", { class: "row" }, el("button", { class: "primary" }, "Set")));
  box.replaceChildren(el("div", { class: "cards" },
    el("section", { class: "card" }, el("h3", {}, "Next action"), el("p", {}, "Decides the next action that fits, once, whatever the rules say."), next,
      planned.length ? el("ul", { class: "plain" }, planned) : undefined),
    el("section", { class: "card" }, el("h3", {}, "Challenges"), el("p", {}, "What becomes of a challenge when its page is opened."),
      el("div", { class: "form" }, el("label", {}, "Mode", el("select", {
        onchange: configure((event) => ({ challengeMode: event.target.value }), "Set"),
      }, options(Object.entries(MODES).map(([mode, text]) => [mode, `${mode}: ${text}`]), authsignal.challengeMode)))),
      authsignal.challengeModes.length ? el("ul", { class: "plain" }, authsignal.challengeModes.map((one) => el("li", {}, `${one.action}: ${one.challengeMode}`))) : undefined),
    el("section", { class: "card" }, el("h3", {}, "Default outcome"), el("p", {}, "Where no rule matches and the action has none of its own. Users without authenticators are never challenged."),
      el("div", { class: "form" }, el("label", {}, "Outcome", el("select", {
        onchange: configure((event) => ({ defaultOutcome: event.target.value }), "Set"),
      }, options(OUTCOMES.map((word) => [word]), authsignal.defaultOutcome)))),
      authsignal.actions.length ? el("ul", { class: "plain" }, authsignal.actions.map((one) => el("li", {}, el("div", { class: "item-head" }, el("span", {}, one.action), state(one.outcome))))) : undefined),
    el("section", { class: "card" }, el("h3", {}, "Rules"), el("p", {}, "In order of priority: the first that matches decides."),
      authsignal.rules.length
        ? el("ul", { class: "plain" }, authsignal.rules.map((rule) => el("li", {},
          el("div", { class: "item-head" }, el("strong", {}, rule.name), state(rule.outcome)),
          el("div", { class: "sub" }, `priority ${rule.priority}, ${rule.action ?? "every action"}`), rule.description && el("div", { class: "sub" }, rule.description))))
        : el("p", { class: "none" }, "None.")),
    el("section", { class: "card" }, el("h3", {}, "Tenant"),
      facts([["Tenant id", el("span", { class: "mono" }, tenantId)], ["Users", String(authsignal.users)], ["Methods", authsignal.verificationMethods.join(", ") || "none"]])),
  ));
}

// ---------------------------------------------------------------- webhooks

const PROGRESS = { waiting: ["waiting", "info"], sending: ["sending", "info"], taken: ["taken", "good"], given_up: ["given up", "bad"] };
let deliveriesShown = "";

async function loadWebhooks() {
  const { deliveries } = await get("/webhooks/deliveries", { limit: 100 });
  const box = $("webhooks");
  if (!deliveries.length) {
    deliveriesShown = "";
    box.replaceChildren(empty("Nothing was posted yet. ", el("code", {}, "POST /_mock/webhooks"), " sets where events go."));
    return;
  }
  // What is the same stays, so that a body that was opened stays open.
  const now = JSON.stringify(deliveries);
  if (now === deliveriesShown) return;
  deliveriesShown = now;
  const open = new Set([...box.querySelectorAll("details[open]")].map((details) => details.dataset.key));
  box.replaceChildren(table(
    [{ name: "No.", tight: true }, { name: "Event" }, { name: "Progress", tight: true }, { name: "Tries" }, { name: "Do", tight: true, hidden: true }],
    deliveries.map((delivery) => ({ cells: [
      el("span", { class: "num sub" }, String(delivery.number)),
      [el("strong", {}, delivery.type), el("div", { class: "sub mono" }, delivery.target), bodyDetails(delivery, open)],
      [tag(...(PROGRESS[delivery.progress] ?? [delivery.progress])),
        delivery.nextAttemptAt && el("div", { class: "sub" }, "next ", time(delivery.nextAttemptAt))],
      delivery.attempts.slice(-3).map((attempt) => el("div", {}, time(attempt.at), " ",
        attempt.status ? tag(String(attempt.status), statusKind(attempt.status)) : el("span", { class: "sub" }, attempt.error ?? "no answer"),
        attempt.fault && el("span", { class: "sub" }, ` ${attempt.fault}`))),
      button("Send again", (event) => act(event.target, () => post("/webhooks/send", { tenantId: delivery.tenantId, number: delivery.number }), "Sent again"), { class: "quiet" }),
    ] })),
  ));
}

function bodyDetails(delivery, open) {
  const key = `${delivery.tenantId} ${delivery.number}`;
  return el("details", { "data-key": key, open: open.has(key) }, el("summary", {}, "Body"), el("pre", { tabindex: "0", "aria-label": "Body" }, pretty(delivery.body)));
}

// ---------------------------------------------------------------- views

const VIEWS = [
  ["phone", "Phone", true], ["inbox", "Inbox", true], ["journal", "Requests"], ["actions", "Actions"], ["users", "Users"],
  ["sessions", "Sessions"], ["webhooks", "Webhooks"], ["decide", "Decisions"],
];
let view = "journal";

/** What is loaded, when it was, and whether it is shown just now. */
const sections = new Map(Object.entries({
  clock: { load: loadClock, shown: () => true },
  tenants: { load: loadTenants, shown: () => true },
  phone: { load: loadPhone, shown: () => true, ofTenant: true },
  inbox: { load: loadInbox, shown: () => true },
  journal: { load: () => journal.fresh(), shown: () => view === "journal" },
  actions: { load: loadActions, shown: () => view === "actions", ofTenant: true },
  users: { load: loadUsers, shown: () => view === "users", ofTenant: true },
  webhooks: { load: loadWebhooks, shown: () => view === "webhooks" },
}));
for (const section of sections.values()) section.stale = true;

function badge(name, count, text = String(count)) {
  for (const box of [$(`count-${name}`), $(`tab-${name}`)?.querySelector(".badge")]) {
    if (!box) continue;
    box.textContent = text;
    box.hidden = count === 0;
  }
}

for (const [name, text, narrow] of VIEWS) {
  $("tabs").append(el("button", { type: "button", id: `tab-${name}`, class: narrow ? "narrow-only" : undefined, onclick: () => show(name) },
    text, narrow ? el("span", { class: "badge", hidden: true }) : undefined));
}

function show(name) {
  view = name;
  document.querySelector(".frame").dataset.view = name;
  for (const [other, , narrow] of VIEWS) {
    const current = other === name;
    if (current) {
      $(`tab-${other}`).setAttribute("aria-current", "page");
      $(`tab-${other}`).scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    else $(`tab-${other}`).removeAttribute("aria-current");
    if (!narrow && !["phone", "inbox"].includes(name)) $(`view-${other}`).hidden = !current;
  }
  history.replaceState(null, "", location.pathname + location.search + (name === "journal" ? "" : `#${name}`));
  if (name === "decide") showDecisions();
  if (name === "sessions") showSessions();
  if (name === "journal") journal.show();
  refresh();
}

// ---------------------------------------------------------------- keeping live

const latest = { journal: 0, resets: undefined };
/** Least time between two looks at the same thing, in milliseconds. */
const REST = 250;
let refreshing = false;
let again;

function lost() {
  live("lost", "not reachable");
}

function live(word, text) {
  $("live").dataset.state = word;
  $("live-text").textContent = text;
}

async function load(section) {
  section.stale = false;
  section.at = performance.now();
  try {
    await section.load();
  } catch (error) {
    if (error instanceof Refused) toast(error.message);
    else {
      section.stale = true;
      lost();
    }
  }
}

/** Looks at whatever is shown and may have changed; what was looked at just now waits a little. */
async function refresh() {
  if (refreshing) {
    again ??= setTimeout(() => { again = undefined; refresh(); }, REST / 2);
    return;
  }
  refreshing = true;
  const due = [...sections.values()].filter((section) => section.stale && section.shown());
  const ready = due.filter((section) => !section.at || performance.now() - section.at >= REST);
  const all = sections.get("tenants");
  // What is about one tenant waits until it is known which there are.
  const later = tenants.length ? [] : ready.filter((section) => section.ofTenant);
  await Promise.all(ready.filter((section) => !later.includes(section)).map(load));
  if (later.length && !all.stale) await Promise.all(later.map(load));
  refreshing = false;
  // A mock that is gone is not asked again and again: the stream tells when it is back.
  if (due.some((section) => section.stale) && $("live").dataset.state !== "lost") {
    clearTimeout(again);
    again = setTimeout(() => { again = undefined; refresh(); }, REST);
  }
}

let stream;

function connect() {
  if (stream || document.hidden) return;
  stream = new EventSource("/_mock/events");
  stream.onopen = () => {
    live("live", "live");
    // What happened meanwhile was not told.
    sections.forEach((section) => { section.stale = true; });
  };
  stream.onerror = lost;
  stream.onmessage = (event) => {
    const tick = JSON.parse(event.data);
    if ((latest.resets !== undefined && tick.resets !== latest.resets) || tick.journal < journal.known) {
      journal.reset();
      journal.chosen = undefined;
      userShown = undefined;
      decisionsShown = "";
      $("detail").hidden = true;
      $("journal-split").classList.remove("open");
    }
    Object.assign(latest, { journal: tick.journal, resets: tick.resets });
    sections.forEach((section) => { section.stale = true; });
    refresh();
  };
}

// Nobody looks at a page in the background, and the mock is to have no work with it.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stream?.close();
    stream = undefined;
  } else connect();
});

setInterval(() => {
  if (document.hidden) return;
  showClock();
  let over = false;
  for (const box of document.querySelectorAll("[data-until]")) {
    const left = Number(box.dataset.until) - mockNow();
    box.textContent = span(left);
    over ||= left <= 0;
  }
  // Time runs out without anybody doing anything.
  if (over || sessionsSeen.some((user) => user.sessions.some((session) => session.status === "active"))) {
    const phone = sections.get("phone");
    if (over || performance.now() - phone.at > 5000) {
      phone.stale = true;
      refresh();
    }
  }
}, 1000);

const wanted = location.hash.slice(1);
show(VIEWS.some(([name]) => name === wanted) ? wanted : window.matchMedia("(max-width: 820px)").matches ? "phone" : "journal");
connect();
