// The application of compose.yaml: tracks an action, and prints the URL where the user passes the challenge.

const { AUTHSIGNAL_API_URL: api, AUTHSIGNAL_API_SECRET: secret } = process.env;

/**
 * @param {string} path
 * @param {object} body
 */
async function call(path, body) {
  const headers = { authorization: `Basic ${btoa(`${secret}:`)}`, "content-type": "application/json" };
  const answer = await fetch(`${api}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return await answer.json();
}

await call("/users/ada/authenticators", { verificationMethod: "EMAIL_OTP", email: "ada@example.com" });
const { state, url } = await call("/users/ada/actions/pay", { redirectUrl: "http://localhost:3000/" });
console.log(state, url);
