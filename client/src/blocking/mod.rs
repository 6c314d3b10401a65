//! Blocking clients, for code without async: each call returns when it is over. Must not know how requests are sent.
//!
//! Every client has a mirror here, of the same name in the module of the same name, with the same methods. All other types
//! are those of the clients with async: import them from [`authsignal`](crate::authsignal) and the other modules.
//!
//! ```no_run
//! # #[cfg(feature = "authsignal")]
//! # fn main() -> stepup_client::Result<()> {
//! use stepup_client::authsignal::{Region, TrackAttributes, TrackOutcome};
//! use stepup_client::blocking::authsignal::Authsignal;
//!
//! let authsignal = Authsignal::new("MY SERVER API SECRET", Region::Us)?;
//! let tracked = authsignal.track("user-1", "withdraw", TrackAttributes::new())?;
//! match tracked.outcome() {
//!     // A user without an authenticator is allowed, too.
//!     TrackOutcome::Allowed { is_enrolled: true } => println!("go on"),
//!     TrackOutcome::ChallengeRequired { url, .. } => println!("go to {}", url.expose()),
//!     _ => println!("refuse"),
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "authsignal"))]
//! # fn main() {}
//! ```
//!
//! You need no runtime: the first call starts a thread, which all blocking clients of the process share, for connections and
//! timers. A call that cannot start it fails with [`Kind::Config`](crate::Kind::Config). Time limits, retries and spans are
//! the same as with async.
//!
//! What gives pages gives iterators:
//!
//! ```no_run
//! # #[cfg(feature = "authsignal")]
//! # fn example(authsignal: stepup_client::blocking::authsignal::Authsignal) -> stepup_client::Result<()> {
//! use stepup_client::authsignal::UserQuery;
//!
//! for user in authsignal.user_pages(UserQuery::new().email("user-1@example.com")).into_users() {
//!     println!("{}", user?.user_id);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Panics
//!
//! A call inside of async code panics, because it would hold up all other tasks of the thread: in `async fn`, in a task of
//! tokio, in `#[tokio::main]` and `#[tokio::test]`. Use the clients with async there, or wrap the call in
//! `tokio::task::spawn_blocking`. A client itself may be made and dropped anywhere.

#[rustfmt::skip]
#[allow(clippy::doc_lazy_continuation, reason = "the generator breaks descriptions into list items")]
mod generated;
#[cfg(feature = "authsignal")]
mod pages;
pub(crate) mod runtime;

/// Activeconnect and IAMPASS, for code without async. See [`activeconnect`](crate::activeconnect).
#[cfg(feature = "activeconnect")]
pub mod activeconnect {
    pub use super::generated::activeconnect::*;

    /// Sealed sessions, for code without async. See [`sealing`](crate::activeconnect::sealing).
    #[cfg(feature = "sealing")]
    pub mod sealing {
        pub use crate::blocking::generated::activeconnect_sealing::*;
    }
}

/// Authsignal's Server API, for code without async. See [`authsignal`](crate::authsignal).
#[cfg(feature = "authsignal")]
pub mod authsignal {
    pub use super::generated::authsignal::*;
    pub use super::pages::Users;

    /// Access tokens of sessions, for code without async. See [`session_token`](crate::authsignal::session_token).
    #[cfg(feature = "session-tokens")]
    pub mod session_token {
        pub use crate::blocking::generated::authsignal_session_token::*;
    }
}

/// Authsignal's Client API, for code without async. See [`authsignal_client`](crate::authsignal_client).
#[cfg(feature = "authsignal-client")]
pub mod authsignal_client {
    pub use super::generated::authsignal_client::*;
}

/// Authsignal's Management API, for code without async. See [`authsignal_management`](crate::authsignal_management).
#[cfg(feature = "authsignal-management")]
pub mod authsignal_management {
    pub use super::generated::authsignal_management::*;
}

/// The control API of stepup-mock, for code without async. See [`mock_control`](crate::mock_control).
#[cfg(feature = "mock-control")]
pub mod mock_control {
    pub use super::generated::mock_control::*;
}
