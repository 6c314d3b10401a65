//! A [tower](https://docs.rs/tower) layer that lets a request pass only after a step-up: [`StepUpLayer`]. Must not know how
//! users sign in, nor how requests are sent to the vendor.
//!
//! The layer tracks an action, redirects the user to the challenge, validates the token that the user comes back with, and
//! remembers the passed step-up in a sealed cookie for a time.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use axum::Router;
//! use axum::routing::{get, post};
//! use stepup_client::authsignal::{Authsignal, Region};
//! use stepup_client::tower::{StepUpLayer, StepUpUser};
//!
//! /// What your sign-in puts into the extensions of a request.
//! #[derive(Clone)]
//! struct SignedIn {
//!     user_id: String,
//!     session_id: String,
//! }
//!
//! # async fn sign_in(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {
//! #     next.run(request).await
//! # }
//! # async fn checkout() {}
//! # async fn pay() {}
//! # fn main() -> stepup_client::Result<()> {
//! # let key = [0; 32];
//! let authsignal = Authsignal::new("MY SERVER API SECRET", Region::Us)?;
//! let step_up = StepUpLayer::builder(authsignal, "checkout", key)
//!     .base_url("https://shop.example")
//!     .user(|request| {
//!         let signed_in = request.extensions.get::<SignedIn>()?;
//!         Some(StepUpUser::new(&signed_in.user_id).bound_to(&signed_in.session_id))
//!     })
//!     .remember_for(Duration::from_secs(300))
//!     .build()?;
//! let app: Router = Router::new()
//!     .route("/checkout", get(checkout).post(pay))
//!     .route_layer(step_up)
//!     // The last layer is the outermost: it signs users in before the step-up asks who they are.
//!     .route_layer(axum::middleware::from_fn(sign_in));
//! # Ok(())
//! # }
//! ```
//!
//! # What happens to a request
//!
//! | the request | the answer |
//! | --- | --- |
//! | needs no step-up, by [`only_if`](StepUpLayerBuilder::only_if) | the route's |
//! | is nobody's, by [`user`](StepUpLayerBuilder::user) | 401, [`Refusal::NotSignedIn`] |
//! | has a sealed cookie of this user and action, which has not expired | the route's |
//! | comes back from the challenge with a token that proves it | 303 to the same URL without the token, and the cookie |
//! | comes back with another token | 403, [`Refusal::NotPassed`] |
//! | comes back with a token, but without the cookie of the try | as without a token; the log warns |
//! | is none that a browser shows as a page, such as one of `fetch`: its header `Sec-Fetch-Mode` is not `navigate` | 403, [`Refusal::NotNavigation`] |
//! | the vendor allows: its rules want no challenge now | the route's; nothing is remembered |
//! | the vendor challenges | 303 to the challenge, and a cookie that expects the way back |
//! | the vendor blocks or wants reviewed; or the user has no authenticator | 403 |
//! | cannot be decided: the vendor does not answer, or answers with an error | 503, [`Refusal::Unavailable`] |
//!
//! A request without `Sec-Fetch-Mode`, as programs and old browsers send, counts as one for a page.
//!
//! If the cookie never comes back, the user is challenged for ever. Then the base URL is not the address that the browser
//! shows (`localhost` is not `127.0.0.1`), or the browser keeps no cookies.
//!
//! The layer logs with the target `stepup_client`: what it refuses at the level DEBUG, what it cannot decide at WARN.
//!
//! The same holds for requests of **every method**. A CORS layer belongs outside of this one, because a preflight request
//! carries no cookies.
//!
//! The layer never lets a request pass because something failed. It has no state on the server, so all servers of an
//! application that have the same key work together.
//!
//! # Bodies
//!
//! A request that is redirected **loses its body**: the user comes back with `GET`, to the same path and query. So put the
//! page with the form below the layer together with the route that the form is sent to. Then the step-up stands before the
//! form, and the form is lost only if the memory of the step-up expires while the user fills it in. Where a path has no page,
//! name one with [`page_after_form`](StepUpLayerBuilder::page_after_form).
//!
//! # What an attacker can and cannot do
//!
//! * **Open redirects**: the layer redirects to the URL that the vendor has answered with, and to
//!   [`base_url`](StepUpLayerBuilder::base_url) with path and query of the request. No header and no parameter names a host.
//! * **Replay**: each try has a random idempotency key, and the sealed cookie expects this key. A token of another try, action
//!   or user proves nothing, nor does a URL with a token in another browser. Who keeps a cookie and a token can repeat
//!   them until the cookie expires, so a step-up counts at most for the
//!   [time of the challenge](StepUpLayerBuilder::challenge_within) and the
//!   [time that it is remembered](StepUpLayerBuilder::remember_for) together.
//! * **Several windows**: only the newest try counts. Who begins a second one in another window passes that one, or opens the
//!   page again.
//! * **A user who changes**: the cookie names the user by a digest. Another user is challenged anew. So is the same one after
//!   a new sign-in, if [`StepUpUser::bound_to`] names the session.
//! * **Cookies**: `HttpOnly`, `SameSite=Lax`, `Path=/`, without `Domain`; with `Secure` and the prefix `__Host-` where the
//!   base URL is https. They cannot be `Strict`, because the user comes back from the vendor's site. They are encrypted and
//!   authenticated (AES-256-GCM), and their name and expiry are a part of that.
//! * **Cross-site requests**: a link on another site can start a challenge, which only the user can pass. The layer does not
//!   protect forms against cross-site request forgery; `SameSite` does in current browsers.
//! * **A step-up is for a time, not for one request.** Where each payment needs its own, call
//!   [`Authsignal::track`](crate::authsignal::Authsignal::track) with the order's number as its key.

mod builder;
mod layer;
mod memory;
mod target;

pub use builder::StepUpLayerBuilder;
pub use layer::{Refusal, StepUp, StepUpLayer, StepUpService, StepUpUser};
