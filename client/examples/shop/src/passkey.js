// Creates and uses passkeys: asks Authsignal's Client API for options, and the browser for the rest. The vendor's SDK
// (@authsignal/browser) does the same with `passkey.signUp` and `passkey.signIn`.

/** Calls the Client API, and returns its answer. */
async function call(button, path, authorization, body) {
  const headers = { authorization, "content-type": "application/json" };
  const answer = await fetch(`${button.dataset.api}/client/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

/** Adds a passkey to the account that is signed in. */
async function add(button) {
  const permitted = await fetch("/account/passkey", { method: "POST" });
  if (!permitted.ok) throw new Error(`the shop answered ${permitted.status}`);
  const { token, username } = await permitted.json();
  const bearer = `Bearer ${token}`;
  const path = "user-authenticators/passkey";
  const { challengeId, options } = await call(button, `${path}/registration-options`, bearer, { username });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey });
  await call(button, path, bearer, { challengeId, registrationCredential: credential.toJSON() });
  location.assign("/account");
}

/** Lets any passkey of this shop sign in, and brings the proof to the shop. */
async function signIn(button) {
  const tenant = `Basic ${btoa(`${button.dataset.tenant}:`)}`;
  const { challengeId, options } = await call(button, "user-authenticators/passkey/authentication-options", tenant, {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  const answer = { challengeId, authenticationCredential: credential.toJSON() };
  const { accessToken } = await call(button, "verify/passkey", tenant, answer);
  const form = button.closest("form");
  form.elements.token.value = accessToken;
  form.submit();
}

for (const button of document.querySelectorAll("button[data-passkey]")) {
  button.addEventListener("click", async () => {
    const status = document.querySelector("[role=status]");
    status.textContent = "";
    try {
      await (button.dataset.passkey === "add" ? add(button) : signIn(button));
    } catch {
      status.textContent = "That did not work. Try again.";
    }
  });
}
