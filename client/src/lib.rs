#![cfg_attr(all(feature = "activeconnect", feature = "authsignal"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "activeconnect", feature = "authsignal")),
    doc = "Typed client for step-up authentication providers."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(any(
        feature = "activeconnect",
        feature = "authsignal",
        feature = "authsignal-client",
        feature = "authsignal-management",
        feature = "mock-control"
    )),
    expect(dead_code, reason = "without an API there are no calls that can fail")
)]

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "blocking")]
pub mod blocking;
mod comma_list;
#[cfg(any(all(feature = "axum", feature = "session-tokens"), feature = "tower"))]
mod cookies;
mod error;
mod secret;
mod segment;
#[cfg(any(
    feature = "activeconnect",
    feature = "authsignal",
    feature = "authsignal-client",
    feature = "authsignal-management",
    feature = "mock-control"
))]
mod transport;

#[cfg(any(feature = "activeconnect", feature = "authsignal", feature = "authsignal-client", feature = "authsignal-management", feature = "mock-control"))]
#[rustfmt::skip]
#[allow(clippy::doc_lazy_continuation, reason = "the generator breaks descriptions into list items")]
mod generated;

#[cfg(feature = "activeconnect")]
pub mod activeconnect;
#[cfg(feature = "authsignal")]
pub mod authsignal;
#[cfg(feature = "authsignal-client")]
pub mod authsignal_client;
#[cfg(any(
    feature = "authsignal",
    feature = "authsignal-client",
    feature = "authsignal-management"
))]
mod authsignal_host;
#[cfg(feature = "authsignal-management")]
pub mod authsignal_management;
#[cfg(any(feature = "authsignal", feature = "authsignal-management"))]
mod authsignal_secret;
#[cfg(feature = "authsignal-management")]
mod changes;
#[cfg(any(
    feature = "activeconnect",
    feature = "authsignal",
    feature = "authsignal-client",
    feature = "authsignal-management",
    feature = "mock-control"
))]
mod json;
#[cfg(feature = "mock-control")]
pub mod mock_control;

#[cfg(feature = "tower")]
pub mod tower;
#[cfg(any(
    feature = "activeconnect",
    feature = "authsignal",
    feature = "authsignal-client",
    feature = "authsignal-management"
))]
mod vendor_client;
#[cfg(any(
    feature = "authsignal",
    feature = "authsignal-client",
    feature = "authsignal-management"
))]
mod vendor_time;

pub use comma_list::CommaList;
pub use error::{Error, Kind, Result};
pub use secret::Secret;
pub use segment::{InvalidSegment, PathSegment};
#[cfg(any(
    feature = "activeconnect",
    feature = "authsignal",
    feature = "authsignal-client",
    feature = "authsignal-management",
    feature = "mock-control"
))]
pub use transport::{CallOptions, FinishedCall, Operation, Reply, RetryClass};
#[cfg(any(
    feature = "authsignal",
    feature = "authsignal-client",
    feature = "authsignal-management"
))]
pub use vendor_time::VendorTime;

/// Methods, headers and statuses, for [`CallOptions`], [`Reply`] and `send_raw`.
pub use http;
/// The HTTP client that builders take.
pub use reqwest;

/// The examples of a guide, which have to compile.
#[cfg(all(doctest, feature = "axum", feature = "tower"))]
#[doc = include_str!("../../docs/client/step-up.md")]
struct StepUpGuide;

/// The examples of a guide, which have to compile.
#[cfg(all(doctest, feature = "authsignal", feature = "sealing"))]
#[doc = include_str!("../../docs/client/passwordless.md")]
struct PasswordlessGuide;

/// The examples of a guide, which have to compile.
#[cfg(all(doctest, feature = "authsignal"))]
#[doc = include_str!("../../docs/client/enrolment.md")]
struct EnrolmentGuide;

/// The examples of a guide, which have to compile.
#[cfg(all(doctest, feature = "authsignal"))]
#[doc = include_str!("../../docs/client/otp.md")]
struct OtpGuide;

/// The examples of a guide, which have to compile.
#[cfg(all(doctest, feature = "axum", feature = "session-tokens"))]
#[doc = include_str!("../../docs/client/sessions.md")]
struct SessionsGuide;

/// The examples of a guide, which have to compile.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../docs/client/webhooks.md")]
struct WebhooksGuide;

/// The examples of a guide, which have to compile.
#[cfg(all(doctest, feature = "authsignal"))]
#[doc = include_str!("../../docs/client/moving.md")]
struct MovingGuide;

/// The examples of a guide, which have to compile.
#[cfg(all(doctest, feature = "authsignal"))]
#[doc = include_str!("../../docs/client/flows.md")]
struct FlowsGuide;
