// The script of the hosted pages: sends messages from a popup, uses passkeys, continues without a click, and copies. It
// reads everything it needs from data attributes, so it must not know a page by name. It must not write markup.

const page = document.documentElement;
/** The window that opened this page: the one around its frame, or the one that made its popup window. */
const launcher = window.parent === window ? window.opener : window.parent;
const isPopup = page.dataset.mode === "popup" && Boolean(launcher);
/** Where messages that hold a token go: only to the origin that opened the page, if the page knows it. */
const launcherOrigin = page.dataset.opener || "*";

/** Pause before the mock is asked again when it does not answer, in milliseconds. */
const RETRY = 2000;

/** Ends the watch over the challenge when this page itself sends an answer. */
const sending = new AbortController();

/**
 * The elements that match, of this kind.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T[]}
 */
function all(selector, kind) {
  const found = [...document.querySelectorAll(selector)].filter((element) => element instanceof kind);
  return /** @type {T[]} */ (found);
}

/**
 * Sends a message to the window that opened the popup.
 * @param {unknown} message
 * @param {string} origin
 */
function tell(message, origin) {
  if (isPopup) launcher.postMessage(message, origin);
}

function startPopup() {
  const [sheet] = all(".sheet", HTMLElement);
  if (!isPopup || !sheet) return;
  // The height and the ready event hold nothing secret, so any origin may have them.
  const resized = () => tell({ height: Math.ceil(sheet.getBoundingClientRect().height) }, "*");
  new ResizeObserver(resized).observe(sheet);
  resized();
  tell(page.dataset.ready, "*");
  if (page.dataset.error) tell(page.dataset.error, "*");
  if (page.dataset.close) tell(page.dataset.close, launcherOrigin);
}

function startClosing() {
  if (launcher) {
    for (const button of all("[data-close]:not(html)", HTMLElement)) {
      button.hidden = false;
      button.addEventListener("click", () => tell(button.dataset.close, launcherOrigin));
    }
  }
  // Escape leaves a popup when the focus is in it, as it does in the page around it.
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") all(".after [data-close]", HTMLElement)[0]?.click();
  });
}

/**
 * Submits the form as soon as the state changes. The mock holds its response back until then.
 * @param {HTMLFormElement} form
 */
async function submitWhenAnswered(form) {
  for (;;) {
    try {
      const answer = await fetch(form.dataset.wait ?? "", { cache: "no-store" });
      // No content: nothing has changed yet. The page explains any other answer.
      if (answer.status !== 204) {
        form.submit();
        return;
      }
    } catch {
      // The mock may be restarting.
      await new Promise((resolve) => { setTimeout(resolve, RETRY); });
    }
  }
}

/**
 * Leaves the page as soon as its challenge has ended elsewhere: at the desk, or in another window. Once a form is sent, its
 * answer says how to go on.
 */
async function leaveWhenEnded() {
  const { watch, moved } = page.dataset;
  if (!watch || !moved) return;
  for (;;) {
    try {
      const answer = await fetch(watch, { cache: "no-store", signal: sending.signal });
      if (sending.signal.aborted) return;
      if (answer.status === 200) {
        location.replace(moved);
        return;
      }
      // The mock was reset, and no longer knows this page: what the person does next says so.
      if (answer.status >= 400 && answer.status < 500) return;
      if (answer.status !== 204) throw new Error(`status ${answer.status}`);
    } catch {
      if (sending.signal.aborted) return;
      // The mock may be restarting.
      await new Promise((resolve) => { setTimeout(resolve, RETRY); });
    }
  }
}

/** @param {string} base64url */
function decode(base64url) {
  const base64 = base64url.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function encode(buffer) {
  const base64 = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {PublicKeyCredentialDescriptorJSON[] | undefined} credentials */
function descriptors(credentials = []) {
  return credentials.map((credential) => ({ ...credential, id: decode(credential.id) }));
}

/**
 * The options for a new credential. Older browsers cannot read them from JSON, so this does it for them.
 * @param {PublicKeyCredentialCreationOptionsJSON} json
 * @returns {PublicKeyCredentialCreationOptions}
 */
function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return /** @type {PublicKeyCredentialCreationOptions} */ ({
    ...json,
    challenge: decode(json.challenge),
    user: { ...json.user, id: decode(json.user.id) },
    excludeCredentials: descriptors(json.excludeCredentials),
  });
}

/**
 * The options to use a credential.
 * @param {PublicKeyCredentialRequestOptionsJSON} json
 * @returns {PublicKeyCredentialRequestOptions}
 */
function requestOptions(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return /** @type {PublicKeyCredentialRequestOptions} */ ({
    ...json,
    challenge: decode(json.challenge),
    allowCredentials: descriptors(json.allowCredentials),
  });
}

/**
 * A credential as JSON, for browsers that cannot write it themselves.
 * @param {PublicKeyCredential} credential
 */
function written(credential) {
  if (credential.toJSON) return credential.toJSON();
  const { response } = credential;
  /** @type {Record<string, unknown>} */
  const parts = { clientDataJSON: encode(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const part = Reflect.get(response, name);
    if (part instanceof ArrayBuffer) parts[name] = encode(part);
  }
  if (response instanceof AuthenticatorAttestationResponse) parts.transports = response.getTransports?.();
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: parts,
  };
}

/**
 * Has the browser make or use a credential.
 * @param {string | undefined} ceremony `create` or `get`
 * @param {any} options as JSON
 */
function askBrowser(ceremony, options) {
  return ceremony === "create"
    ? navigator.credentials.create({ publicKey: creationOptions(options) })
    : navigator.credentials.get({ publicKey: requestOptions(options) });
}

/** @type {Record<string, string>} Messages for the user, by the name of the browser's error. */
const REASONS = {
  NotAllowedError: "This was cancelled or took too long. Try again.",
  InvalidStateError: "This device is already set up.",
  SecurityError: "The browser does not allow passkeys at this address. Open the page on localhost.",
  AbortError: "This was cancelled. Try again.",
};

/** @param {unknown} error */
function reason(error) {
  if (!(error instanceof Error)) return `That did not work: ${error}`;
  return REASONS[error.name] ?? `That did not work: ${error.message}`;
}

/**
 * The reason why passkeys do not work on this page; undefined if they do.
 * @param {string | undefined} ceremony
 * @returns {string | undefined}
 */
function obstacle(ceremony) {
  if (!window.PublicKeyCredential) return "This browser does not offer passkeys here. Open the page on localhost or over https.";
  const feature = `publickey-credentials-${ceremony}`;
  // Only some browsers say whether the page around a frame allows the frame to use passkeys.
  const policy = Reflect.get(document, "featurePolicy");
  if (policy && !policy.allowsFeature(feature)) {
    return `The page around this one does not allow passkeys. Add allow="${feature} *" to its iframe.`;
  }
  return undefined;
}

/** @param {HTMLFormElement} form */
function startCeremony(form) {
  const button = form.querySelector("button");
  const problem = form.querySelector("[data-problem]");
  const field = form.elements.namedItem("credential");
  if (!button || !(problem instanceof HTMLElement) || !(field instanceof HTMLInputElement)) return;
  const { ceremony, options = "" } = form.dataset;
  /** @param {string} text */
  const say = (text) => {
    problem.textContent = text;
    problem.hidden = false;
    button.disabled = false;
  };
  const why = obstacle(ceremony);
  if (why) {
    say(why);
    return;
  }
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
      const answer = await fetch(options, { method: "POST", body: new URLSearchParams(fields) });
      const json = await answer.json();
      if (!answer.ok) {
        say(json.message);
        return;
      }
      const credential = await askBrowser(ceremony, json);
      if (!(credential instanceof PublicKeyCredential)) throw new TypeError("the browser returned no passkey");
      field.value = JSON.stringify(written(credential));
      sending.abort();
      form.submit();
    } catch (error) {
      say(reason(error));
    }
  });
}

/** @param {HTMLButtonElement} button */
function startCopying(button) {
  const notice = document.getElementById("copied");
  // Browsers have no clipboard on pages from other machines over http.
  if (!navigator.clipboard || !notice) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy ?? "");
      notice.textContent = "Copied.";
    } catch {
      notice.textContent = "The browser did not allow copying.";
    }
  });
}

/** Lets each form be submitted once, and again when the user comes back to the page. */
function submitOnce() {
  for (const form of all("form:not([data-ceremony])", HTMLFormElement)) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      sending.abort();
    });
  }
  window.addEventListener("pageshow", () => {
    for (const form of all("form[data-sent]", HTMLFormElement)) delete form.dataset.sent;
  });
}

startPopup();
// Browsers refuse `autofocus` in a frame of another site, and allow this.
all("[data-focus]", HTMLElement)[0]?.focus();
startClosing();
for (const form of all("form[data-wait]", HTMLFormElement)) submitWhenAnswered(form);
leaveWhenEnded();
for (const form of all("form[data-ceremony]", HTMLFormElement)) startCeremony(form);
for (const button of all("button[data-copy]", HTMLButtonElement)) startCopying(button);
submitOnce();
