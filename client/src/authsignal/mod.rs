//! Authsignal's Server API (users, authenticators, actions, challenges, sessions) and its webhooks.
//! Must not know other vendors.
//!
//! The flow, in the vendor's words:
//!
//! 1. [`Authsignal::track`] records an action of a user, and returns what to do: [`Tracked::outcome`].
//! 2. If a challenge is required, the user takes it at [`Tracked::url`](Tracked::url()), or in an
//!    app that has [`Tracked::token`](Tracked::token()).
//! 3. [`Authsignal::validate_challenge`] validates the token that the user comes back with;
//!    [`Authsignal::get_action`] returns the same by user, action and idempotency key.
//! 4. [`Authsignal::get_user`] returns whether a user is enrolled, and with which methods;
//!    [`Authsignal::update_user`] sets their attributes;
//!    [`Authsignal::enroll_verified_authenticator`] enrols an authenticator that the application
//!    has verified.
//!
//! A flow takes the place of steps 1 to 3: [`Authsignal::start_flow`] returns a token for its steps,
//! which the client takes one by one, and [`Authsignal::verify_flow`] returns how it ended.
//!
//! A terminal has a secret of its own, and a client of its own: [`AuthsignalTerminal`].
//!
//! Answers have generated types. They accept unknown enum values and unknown members. All
//! operations of the API are also reachable through [`Authsignal::raw`].

mod answers;
mod builder;
mod calls;
mod client;
mod credentials;
mod ids;
mod outcome;
mod pages;
pub(crate) mod requests;
#[cfg(feature = "session-tokens")]
pub mod session_token;
mod terminal;
pub mod webhook;

pub use crate::authsignal_host::Region;
pub use crate::generated::authsignal as raw;
pub use answers::{EnrolledAuthenticator, TokenRefusal};
pub use builder::AuthsignalBuilder;
pub use calls::{CallToFinish, CallToStart};
pub use client::Authsignal;
pub(crate) use credentials::Inner;
pub use ids::{ActionCode, IdempotencyKey, UserId};
pub use outcome::TrackOutcome;
pub use pages::{UserPages, UserStream};
pub use raw::types::{
    AaguidMapping, Action, AuthenticatorConfiguration, BatchFailure, BatchResult, CallStarted,
    Challenge, ChallengeStarted, Claimed, Claims, CompletedFlowStep, Custom, Device, FlowAction,
    FlowAuthenticator, FlowUser, FoundUser, Jwk, Jwks, NameAndVersion, NextFlowStep,
    OpenidConfiguration, Output, ParsedBrowser, ParsedCpu, ParsedDevice, ParsedUserAgent, Rule,
    RuleMetadata, SessionTokens, StartedFlow, TerminalChallenge, TerminalVerified, Tracked,
    UpdatedAction, User, UserAction, UserAuthenticator, UserPage, UserRecord, Validated,
    ValidatedSession, VerificationMethods, Verified, VerifiedFlow, WebauthnCredential,
};
pub use raw::vocabulary::{
    CallChannel, CallState, EnrollableMethod, FailureReason, FlowState, FlowStepType, OobChannel,
    SmsChannel, UserActionState, VerificationMethod,
};
pub use requests::{
    ActionAttributes, ActionQuery, ChallengeQuery, ChallengeToClaim, ChallengeToStart,
    DeviceMemory, FlowToStart, Passkey, SessionToCreate, SessionToValidate, TokenToValidate,
    TrackAttributes, UserAttributes, UserOfFlow, UserQuery, VerifiedAuthenticator,
};
pub use terminal::AuthsignalTerminal;

/// The environment variable for another base URL than the region's, such as a mock's. The vendor's SDKs for PHP and some
/// others read it, too.
pub const URL_VARIABLE: &str = crate::authsignal_host::URL_VARIABLE;

/// The environment variable for the region, where the code names none: a text that [`Region`] reads. It is this client's own.
pub const REGION_VARIABLE: &str = crate::authsignal_host::REGION_VARIABLE;

/// The environment variable that holds the server API secret, for [`Authsignal::from_env`].
pub const SECRET_VARIABLE: &str = "AUTHSIGNAL_API_SECRET";

/// The largest number of passkeys in one call, as the vendor documents it.
const MOST_PASSKEYS: usize = 1000;
