// What the hosted pages cannot do without a script: messages of a popup, passkeys, moving on by itself, copying.
// Everything it needs is in data attributes; it writes text into the page, never markup.
"use strict";

const page = document.documentElement;
const other = window.parent !== window ? window.parent : window.opener;

// Popup: tell whoever opened the page. READY and height say nothing worth hiding; what holds a token goes to the origin
// that opened the page and to no other, where that origin is known.
function tell(message, target) {
  if (page.dataset.mode === "popup" && other) other.postMessage(message, target);
}

if (page.dataset.mode === "popup" && other) {
  const sheet = document.querySelector(".sheet");
  const resized = () => tell({ height: Math.ceil(sheet.getBoundingClientRect().height) }, "*");
  new ResizeObserver(resized).observe(sheet);
  resized();
  tell(page.dataset.ready, "*");
  if (page.dataset.error) tell(page.dataset.error, "*");
  if (page.dataset.close) tell(page.dataset.close, page.dataset.opener || "*");
}

// Browsers refuse `autofocus` in another site's frame, loudly, and allow this.
document.querySelector("[data-focus]")?.focus();

for (const button of document.querySelectorAll("[data-close]:not(html)")) {
  if (!other) continue;
  button.hidden = false;
  button.addEventListener("click", () => tell(button.dataset.close, page.dataset.opener || "*"));
}

// Escape in a popup leaves it, as Escape in the page around it does.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector(".after [data-close]")?.click();
});

// Moving on by itself: the answer is held back until there is something to tell.
for (const form of document.querySelectorAll("form[data-wait]")) {
  (async () => {
    for (;;) {
      try {
        const answer = await fetch(form.dataset.wait, { cache: "no-store" });
        // What there is to tell, the page says in words: an answer, or that the time is over.
        if (answer.status !== 204) return form.submit();
      } catch {
        // The mock may be starting again.
        await new Promise((again) => setTimeout(again, 2000));
      }
    }
  })();
}

// Passkeys and security keys.
const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

function readable(kind, json) {
  const native = window.PublicKeyCredential;
  if (kind === "create") {
    if (native.parseCreationOptionsFromJSON) return native.parseCreationOptionsFromJSON(json);
    const listed = (json.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
    return {
      ...json,
      challenge: bytes(json.challenge),
      user: { ...json.user, id: bytes(json.user.id) },
      excludeCredentials: listed,
    };
  }
  if (native.parseRequestOptionsFromJSON) return native.parseRequestOptionsFromJSON(json);
  const listed = (json.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  return { ...json, challenge: bytes(json.challenge), allowCredentials: listed };
}

function writable(credential) {
  if (credential.toJSON) return credential.toJSON();
  const { response } = credential;
  const written = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) written[part] = text(response[part]);
  }
  if (response.getTransports) written.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: written,
  };
}

const REASONS = {
  NotAllowedError: "Nothing was confirmed: it was cancelled, or it took too long. Try again.",
  InvalidStateError: "This device is set up already.",
  SecurityError: "The browser refuses passkeys at this address. Open the page on localhost.",
  AbortError: "It was cancelled. Try again.",
};

for (const form of document.querySelectorAll("form[data-ceremony]")) {
  const button = form.querySelector("button");
  const problem = form.querySelector("[data-problem]");
  const say = (reason) => {
    problem.textContent = reason;
    problem.hidden = false;
    button.disabled = false;
  };
  if (!window.PublicKeyCredential) {
    say("This browser offers no passkeys here. It does on localhost and over https.");
    continue;
  }
  // Where the browser tells it: a frame has passkeys only by leave of the page around it.
  const feature = `publickey-credentials-${form.dataset.ceremony}`;
  if (document.featurePolicy && !document.featurePolicy.allowsFeature(feature)) {
    say(`The page around this one gives no leave for passkeys: its iframe lacks allow="${feature} *".`);
    continue;
  }
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      const kind = form.dataset.ceremony;
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.dataset.options, { method: "POST", body });
      const json = await answer.json();
      if (!answer.ok) return say(json.message);
      const publicKey = readable(kind, json);
      const credential = await navigator.credentials[kind]({ publicKey });
      form.elements.credential.value = JSON.stringify(writable(credential));
      form.submit();
    } catch (error) {
      say(REASONS[error.name] ?? `That did not work: ${error.message}`);
    }
  });
}

// Copying.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "The browser did not allow copying.";
    }
  });
}

// A form is sent once.
for (const form of document.querySelectorAll("form:not([data-ceremony])")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
// Back from the page that a form led to, it may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
