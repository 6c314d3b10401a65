//! Activeconnect, and IAMPASS, its successor: users, their mobile devices, and authentication with
//! the phone. Must not know other vendors.
//!
//! The flow, in the vendor's words:
//!
//! 1. [`Activeconnect::add_user`] adds a user.
//! 2. [`Activeconnect::registration_link`] or [`Activeconnect::send_registration_sms`] invites the
//!    user to register a phone; [`Activeconnect::has_registered_mobile_device`] returns whether
//!    they have.
//! 3. [`Activeconnect::authenticate_user`] asks the phone and returns a [`Session`].
//! 4. [`Session::wait`] waits for the answer; [`Session::active`] is true if the user is
//!    authenticated.
//! 5. [`Session::destroy`] ends the session. Between your own requests, store the session as JSON
//!    ([`Session::to_json`]) or, with the feature `sealing`, as a sealed token.
//!
//! The vendor now runs the service under the name IAMPASS: see [`Service`].
//!
//! All operations of the API, the phone's side included, are reachable through
//! [`Activeconnect::raw`].

#[cfg(feature = "sealing")]
pub mod sealing;

mod builder;
mod client;
mod credentials;
mod service;
mod session;
mod signing;
mod users;

pub use crate::generated::activeconnect as raw;
pub use builder::ActiveconnectBuilder;
pub use client::Activeconnect;
pub(crate) use credentials::Inner;
pub use raw::vocabulary::{AuthenticationMethod, SessionStatus};
pub use service::Service;
pub use session::{Session, WaitOptions};
pub use users::{AddedUser, RegistrationLink, RegistrationSms, UsersAdded};

/// The server of Activeconnect, the default. [`Service`] knows the one of IAMPASS.
pub const DEFAULT_SERVER: &str = "https://activeconnect.activeapi.ninja";

/// The environment variable for another server. The vendor's Python client reads it too.
pub const SERVER_VARIABLE: &str = "ACTIVE_CONNECT_SERVER";
