// The hosted page of a flow: it takes the user from step to step, shows the flow's own screens, and returns to the
// application. The server verifies how each flow ended.

import assert from "node:assert/strict";

import { inspect } from "./accessibility.mjs";
import { authenticator, PLATFORM } from "./chromium.mjs";
import { TIMEOUT } from "./person.mjs";
import { ADA, ADDRESS, NUMBER, wrong } from "./sdk.mjs";
import { back, choose, enter, fill, follow, heading, press, problem } from "./visit.mjs";

const FLOW = "sign-in";
const SMS = { verificationMethod: "SMS", phoneNumber: NUMBER };

const enabled = (method) => ({ [method]: { isEnabled: true } });
const step = (nodeId, nodeType, method, childNodeId, more = {}) => ({
  nodeId,
  nodeType,
  parentNodeIds: ["before"],
  methodConfigurations: enabled(method),
  childNodeId,
  ...more,
});
const screen = (nodeId, title, text, buttons) => ({
  nodeId,
  nodeType: "CUSTOM_SCREEN",
  parentNodeIds: ["before"],
  content: {
    title: { en: title },
    blocks: [{ text: { en: text } }, ...buttons.map(([key, label]) => ({ buttonId: key, label: { en: label } }))],
  },
  buttonChildNodeIds: buttons.map(([key, , to]) => [key, to]),
});
const ENDS = [
  { nodeId: "complete", nodeType: "COMPLETE", parentNodeIds: ["before"] },
  { nodeId: "block", nodeType: "BLOCK", parentNodeIds: ["before"] },
];

// Publishes a flow, starts a run of ada's, and opens its page.
async function visit(person, nodes) {
  const { mock, application } = person;
  const [first, ...rest] = nodes;
  const actionNodes = [{ ...first, parentNodeIds: [] }, ...rest, ...ENDS];
  await mock.control("POST", "authsignal", { flows: [{ action: FLOW, actionNodes }] });
  const started = await mock.server("POST", "/flows", {
    actionCode: FLOW,
    user: { userId: ADA },
    redirectUrl: application.back,
  });
  return { page: await person.page(started.challengeUrl), token: started.challengeToken };
}

const code = async ({ mock }, to) => (await mock.message(to)).code;

async function ended({ mock }, challengeToken, state) {
  const { action } = await mock.server("POST", "/flows/verify", { actionCode: FLOW, challengeToken });
  assert.equal(action.state, state);
  return action.completedSteps.map(({ stepType, verificationMethod }) => `${stepType} ${verificationMethod}`);
}

const TERMS = screen("terms", "Our terms", "Please read them & agree.", [
  ["yes", "I agree", "verify"],
  ["no", "I do not", "block"],
]);

async function agreed(person) {
  const { mock, application } = person;
  await mock.enroll(ADA, SMS);
  const { page } = await visit(person, [
    TERMS,
    step("verify", "VERIFICATION", "SMS", "offer"),
    step("offer", "ENROLLMENT", "EMAIL_OTP", "done", { isOptional: true }),
    screen("done", "All done", "Thank you.", [["ok", "Back to the shop", "complete"]]),
  ]);
  await heading(page, "Our terms");
  await inspect(page, "flow-screen");
  await press(page, "I agree");
  await heading(page, "Check your text messages");
  person.expect(/status of 422/);
  await enter(page, wrong(await code(person, NUMBER)));
  await problem(page);
  await enter(page, await code(person, NUMBER));
  await heading(page, "Add a sign-in method");
  await inspect(page, "flow-optional");
  // The page of the first step is over: it shows where the flow is now.
  await page.goBack();
  await page.reload();
  await heading(page, "Add a sign-in method");
  await press(page, "Skip this step");
  await heading(page, "All done");
  await press(page, "Back to the shop");
  const steps = await ended(person, await back(page, application), "CHALLENGE_SUCCEEDED");
  assert.deepEqual(steps, ["VERIFICATION_REQUIRED SMS"]);
}

async function disagreed(person) {
  await person.mock.enroll(ADA, SMS);
  const { page, token } = await visit(person, [TERMS, step("verify", "VERIFICATION", "SMS", "complete")]);
  await press(page, "I do not");
  await heading(page, "This did not work");
  assert.deepEqual(await ended(person, token, "CHALLENGE_FAILED"), []);
}

async function enrolled(person) {
  const { application } = person;
  const { page } = await visit(person, [
    step("email", "ENROLLMENT", "EMAIL_OTP", "passkey"),
    step("passkey", "ENROLLMENT", "PASSKEY", "again"),
    step("again", "VERIFICATION", "PASSKEY", "complete"),
  ]);
  await authenticator(page, PLATFORM);
  await heading(page, "Protect your account");
  await choose(page, "Email code");
  await fill(page, "Email address", ADDRESS);
  await press(page, "Send code");
  await heading(page, "Check your email");
  await enter(page, await code(person, ADDRESS));
  await heading(page, "Save your recovery codes");
  await follow(page, "I saved my codes");
  await heading(page, "Add a sign-in method");
  await inspect(page, "flow-required");
  await choose(page, "Passkey");
  await press(page, "Create passkey");
  await heading(page, "Use your passkey");
  await press(page, "Continue with passkey");
  const steps = await ended(person, await back(page, application), "CHALLENGE_SUCCEEDED");
  assert.deepEqual(steps, [
    "ENROLLMENT_REQUIRED EMAIL_OTP",
    "ENROLLMENT_REQUIRED PASSKEY",
    "VERIFICATION_REQUIRED PASSKEY",
  ]);
}

// The desk tells where a run waits and how it came there, and takes the steps that are left.
async function shown(person) {
  const { mock } = person;
  await mock.enroll(ADA, SMS);
  const { page, token } = await visit(person, [TERMS, step("verify", "VERIFICATION", "SMS", "complete")]);
  await press(page, "I agree");
  await heading(page, "Check your text messages");
  const desk = await person.page(`${mock.url}/#actions`);
  await desk.setViewport({ width: 1280, height: 800 });
  await desk.locator("#tabs ::-p-text(Actions)").click();
  await desk.locator("#actions ::-p-text(the way)").click();
  await inspect(desk, "desk-flow");
  const said = (text) => desk.waitForSelector(`#actions ::-p-text(${text})`, { visible: true, timeout: TIMEOUT });
  await said("waits at verify (VERIFICATION)");
  await said("button yes was pressed");
  await desk.locator("#actions ::-p-text(Pass)").click();
  await said("CHALLENGE_SUCCEEDED");
  assert.deepEqual(await ended(person, token, "CHALLENGE_SUCCEEDED"), ["VERIFICATION_REQUIRED SMS"]);
}

export default function (chromium) {
  chromium.story("flow: screens, a verification, and an optional enrolment", agreed);
  chromium.story("flow: a button leads to its end", disagreed);
  chromium.story("flow: two enrolments and a verification", enrolled);
  chromium.story("flow: the desk shows where it stands", shown);
}
