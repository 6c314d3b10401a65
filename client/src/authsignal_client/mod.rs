//! Authsignal's Client API: what a browser or an app does for one user. Enrolling authenticators,
//! taking challenges, verifying them. Must not know other vendors.
//!
//! The flow, in the vendor's words:
//!
//! 1. The server tracks an action, and gives the app its token; [`AuthsignalClient`] is made of it.
//! 2. [`enroll_email_otp`](AuthsignalClient::enroll_email_otp) and its like make an authenticator
//!    to be; the verify that proves it makes it the user's.
//! 3. [`challenge_email_otp`](AuthsignalClient::challenge_email_otp) and its like send a challenge,
//!    [`verify_email_otp`](AuthsignalClient::verify_email_otp) and its like take the answer.
//! 4. A verify that succeeds gives a token, which the server validates, and which may manage
//!    authenticators: [`AuthsignalClient::with_token`].
//!
//! Logins that do not know the user yet, with a passkey or a QR code, need the tenant's id alone:
//! [`AuthsignalClientBuilder::tenant`].
//!
//! Answers have the generated types, which take words and members that they do not know. All
//! operations of the API are also reachable through [`AuthsignalClient::raw`].

mod builder;
mod client;
mod hooks;
mod requests;

pub use crate::authsignal_host::Region;
pub use crate::generated::authsignal_client as raw;
pub use builder::AuthsignalClientBuilder;
pub use client::AuthsignalClient;
pub use hooks::Inner;
pub use raw::types::{
    ActionChallenge, AuthenticationOptions, AuthenticationResponseJson, AuthenticatorConfiguration,
    AuthenticatorVerified, ChallengeOptions, ChallengeSent, Enrolled, EnrolledMagicLink,
    EnrolledTotp, Initialized, MaskedUser, PasskeyAuthenticator, PasskeyVerified,
    PublicKeyCredentialCreationOptionsJson, PublicKeyCredentialRequestOptionsJson, PushChallenge,
    PushDelivery, PushVerified, QrCodeChallenge, QrCodeVerified, RegistrationOptions,
    RegistrationResponseJson, UserAuthenticator, VerifiedPasskey, WebauthnCredential,
};
pub use raw::vocabulary::{
    AuthenticatorType, DevicePlatform, FailureReason, SmsChannel, VerificationMethod,
};
pub use requests::{PasskeyRegistration, PasskeyToEnroll, PasskeyToVerify};
