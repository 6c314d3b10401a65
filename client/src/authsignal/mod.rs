//! Authsignal: users, their authenticators, what they do and whether they may, by the Server API;
//! and its webhooks. Must not know other vendors.
//!
//! The flow, in the vendor's words:
//!
//! 1. [`Authsignal::track`] records what a user is about to do, and tells whether they may.
//! 2. Where a challenge is required, the user takes it at [`Tracked::url`](Tracked::url()), or in
//!    an app that is given [`Tracked::token`](Tracked::token()).
//! 3. [`Authsignal::validate_challenge`] tells what the token that they come back with proves;
//!    [`Authsignal::get_action`] tells the same by user, action and idempotency key.
//! 4. [`Authsignal::get_user`] tells whether a user is enrolled, and with what;
//!    [`Authsignal::update_user`] sets their attributes;
//!    [`Authsignal::enroll_verified_authenticator`] enrols what the application knows to be theirs.
//!
//! Answers have the generated types, which take words and members that they do not know. All
//! operations of the API are also reachable through [`Authsignal::raw`].

mod answers;
mod builder;
mod client;
mod hooks;
mod pages;
mod requests;
pub mod webhook;

pub use crate::authsignal_host::Region;
pub use crate::generated::authsignal as raw;
pub use answers::EnrolledAuthenticator;
pub use builder::AuthsignalBuilder;
pub use client::Authsignal;
pub use hooks::Inner;
pub use pages::UserPages;
pub use raw::types::{
    Action, AuthenticatorConfiguration, BatchFailure, BatchResult, Challenge, ChallengeStarted,
    Claimed, Device, FoundUser, Jwk, Jwks, Rule, SessionTokens, Tracked, UpdatedAction, User,
    UserAction, UserAuthenticator, UserPage, UserRecord, Validated, ValidatedSession, Verified,
    WebauthnCredential,
};
pub use raw::vocabulary::{
    EnrollableMethod, FailureReason, SmsChannel, UserActionState, VerificationMethod,
};
pub use requests::{
    ActionAttributes, ActionQuery, ChallengeQuery, ChallengeToClaim, ChallengeToStart,
    DeviceMemory, Passkey, SessionToCreate, SessionToValidate, TokenToValidate, TrackAttributes,
    UserAttributes, UserQuery, VerifiedAuthenticator,
};

/// The environment variable that names another base URL than a region's; the vendor's SDKs read the
/// same one.
pub const URL_VARIABLE: &str = "AUTHSIGNAL_API_URL";

/// The environment variable that holds the server API secret, for [`Authsignal::from_env`].
pub const SECRET_VARIABLE: &str = "AUTHSIGNAL_API_SECRET";

/// Most passkeys in one call, as the vendor documents it.
const MOST_PASSKEYS: usize = 1000;
