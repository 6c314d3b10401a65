//! Authsignal's Client API: a browser or an app enrols authenticators and takes challenges for one
//! user. Must not know other vendors.
//!
//! The flow, in the vendor's words:
//!
//! 1. The server tracks an action, and gives its token to the app, which makes an
//!    [`AuthsignalClient`] with it.
//! 2. [`enroll_email_otp`](AuthsignalClient::enroll_email_otp) and similar calls start an
//!    enrolment; the matching verify call completes it.
//! 3. [`challenge_email_otp`](AuthsignalClient::challenge_email_otp) and similar calls start a
//!    challenge; [`verify_email_otp`](AuthsignalClient::verify_email_otp) and similar calls check
//!    the answer.
//! 4. A successful verify call returns a token. The server validates it, and
//!    [`AuthsignalClient::with_token`] uses it to manage authenticators.
//!
//! The steps of a flow take a challenge token instead: [`AuthsignalClientBuilder::challenge_token`].
//! Each step returns the token for the next.
//!
//! A login with a passkey or a QR code starts before the user is known. It needs only the tenant's
//! id: [`AuthsignalClientBuilder::tenant`].
//!
//! Answers have generated types. They accept unknown enum values and unknown members. All
//! operations of the API are also reachable through [`AuthsignalClient::raw`].

mod builder;
mod client;
mod credentials;
mod requests;

pub use crate::authsignal_host::Region;
pub use crate::generated::authsignal_client as raw;
pub use builder::AuthsignalClientBuilder;
pub use client::AuthsignalClient;
pub(crate) use credentials::Inner;
pub use raw::types::{
    ActionChallenge, AuthenticationOptions, AuthenticationResponseJson,
    AuthenticatorAssertionResponseJson, AuthenticatorAttestationResponseJson,
    AuthenticatorConfiguration, AuthenticatorSelectionCriteria, AuthenticatorVerified,
    ChallengeOptions, ChallengeSent, ClientExtensions, Enrolled, EnrolledMagicLink, EnrolledTotp,
    FlowAction, FlowCodeSent, FlowStepVerified, FlowUser, Initialized, MaskedUser,
    PasskeyAuthenticator, PasskeyVerified, Payment, PaymentInstrument, PaymentInstruments,
    PublicKeyCredentialCreationOptionsJson, PublicKeyCredentialDescriptorJson,
    PublicKeyCredentialParameters, PublicKeyCredentialRequestOptionsJson,
    PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntityJson, PushChallenge, PushDelivery,
    PushVerified, QrCodeChallenge, QrCodeVerified, RegistrationOptions, RegistrationResponseJson,
    UserAuthenticator, VerifiedPasskey, WebauthnCredential,
};
pub use raw::vocabulary::{
    AuthenticatorType, DevicePlatform, FailureReason, SmsChannel, VerificationMethod,
};
pub use requests::{PasskeyRegistration, PasskeyToEnroll, PasskeyToVerify};
