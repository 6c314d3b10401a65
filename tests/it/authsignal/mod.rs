//! Authsignal over the wire: what its SDKs lean on, rule by rule. Must not know the client, but for `client`,
//! `client_options` and `session_tokens`, nor how the mock decides.

mod actions;
mod calls;
mod challenges;
mod client;
mod client_options;
mod facts;
mod failures;
mod gateway;
mod id_tokens;
mod legacy;
mod limits;
mod paths;
mod probe;
mod public_url;
mod refusals;
mod session_tokens;
mod sessions;
mod tokens;
mod transport;
mod users;
mod webhooks;

/// Text of a 401, to the letter; live suites compare it.
const UNAUTHORIZED: &str = "The request is unauthorized. Check that your API key and region base URL are correctly configured.";
