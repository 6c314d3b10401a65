//! A mock server for step-up authentication: it behaves like Activeconnect and Authsignal, keeps state, and can be
//! deterministic.
//!
//! In a test, [`MockServer`] starts it on a free port. Point the code under test at [`MockServer::authsignal`] or
//! [`MockServer::activeconnect`]:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mock = stepup_mock::MockServer::start().await?;
//!
//! let authsignal = mock.authsignal();
//! println!("{} {}", authsignal.api_url(), authsignal.api_secret());
//!
//! let activeconnect = mock.activeconnect();
//! println!("{} {}", activeconnect.server_url(), activeconnect.application_id());
//! # Ok(())
//! # }
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | share one mock among tests, with a tenant for each | [`MockServer::shared`], [`MockServer::create_tenant`] |
//! | use it without an async runtime | [`MockServer::block_on`] |
//! | choose a seed, time limits, webhooks, determinism | [`MockServer::builder`] |
//! | create an Authsignal user and read one back | [`AuthsignalTenant::create_user`], [`AuthsignalTenant::user`], [`AuthsignalTenant::users`] |
//! | decide what happens to an action | [`AuthsignalTenant::set_rules`], [`AuthsignalTenant::set_next_outcome`] |
//! | say what rules read | [`AuthsignalTenant::set_next_facts`], [`AuthsignalTenant::set_facts`] |
//! | finish a challenge in place of the user | [`AuthsignalTenant::challenge`] |
//! | pass it as a device does | [`Passkey`], [`AuthsignalPhone`], [`AuthsignalTenant::totp`] |
//! | answer an Activeconnect request | [`ActiveconnectPhone`] |
//! | read the codes and links that were sent | [`MockServer::messages`] |
//! | move time on | [`MockServer::clock`] |
//! | let the next requests fail | [`AuthsignalTenant::set_failures`], [`ActiveconnectApplication::set_failures`] |
//! | let them go wrong in other ways: late, cut off, malformed | [`AuthsignalTenant::set_faults`], [`ActiveconnectApplication::set_faults`] |
//! | plan what happens next: how an action is decided, a message that does not arrive, a phone that answers later | [`AuthsignalTenant::set_scenarios`], [`ActiveconnectApplication::set_scenarios`] |
//! | speak HTTPS | `MockServerBuilder::tls`, [`MockServer::ca_pem`] |
//! | see what the code under test asked for | [`MockServer::journal`] |
//! | check which requests came | [`CreatedTenant::verify`], [`MockServer::verify`] |
//! | see which webhooks went out | [`AuthsignalTenant::webhooks_settled`], [`AuthsignalTenant::webhook_deliveries`] |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![expect(
    unreachable_pub,
    reason = "`pub` in a module is what it offers to the rest of the crate; this file says what the crate offers"
)]

mod addresses;
mod authorities;
mod bounds;
mod domain;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;
#[rustfmt::skip]
#[expect(
    dead_code,
    reason = "the generated surface is the whole spec, with the answers and the fields that the mock does not use"
)]
mod generated;
mod hold;
mod http;
mod iso8601;
mod likeness;
mod lookalike;
mod mock;
mod outgoing;
mod patterns;
mod program;
mod remark;
mod runtime;
mod serve;
mod sim;
mod skew;
#[cfg(feature = "otel")]
mod traces;
#[cfg(not(feature = "otel"))]
#[path = "without_traces.rs"]
mod traces;
mod unambiguous;
mod wire;

pub use domain::activeconnect::session::Status as SessionStatus;
pub use domain::authsignal::vocabulary::{
    ChallengeMode, Method as VerificationMethod, Outcome, State as ActionState,
};
pub use domain::outbox::{Channel, Message};
pub use mock::{
    ActiveconnectApplication, ActiveconnectPhone, Authenticator, AuthsignalPhone, AuthsignalTenant,
    Challenge, Clock, CreatedTenant, DeliveryAttempt, DeliveryProgress, Error, Expectations,
    ExpectedRequest, FactTables, Facts, Failure, Fault, MockServer, MockServerBuilder,
    NewAuthenticator, NewUser, NextFacts, NextOutcome, Passkey, Rule, Scenario, Snapshot,
    SoftwareAuthenticator, User, Verification, WebhookDelivery, WrongMember,
};
pub use program::run_command_line;
pub use runtime::journal::Entry as JournalEntry;
pub use sim::client::{ActionStatus, DeviceOutcome};
pub use sim::phone::RegisteredPhone;

/// What the conformance tests compare with the specs: the generated types, and the tables of operations. It is not API.
#[cfg(feature = "schema")]
#[doc(hidden)]
pub mod spec_check {
    pub use crate::http::surface::Operation;

    /// Activeconnect.
    pub mod activeconnect {
        pub use crate::generated::activeconnect::{operations, types};
    }

    /// Authsignal's Server API.
    pub mod authsignal {
        pub use crate::generated::authsignal::{operations, types};
    }

    /// Authsignal's Client API.
    pub mod authsignal_client {
        pub use crate::generated::authsignal_client::{operations, types};
    }

    /// Authsignal's Management API.
    pub mod authsignal_management {
        pub use crate::generated::authsignal_management::{operations, types};
    }

    /// The control API.
    pub mod mock_control {
        pub use crate::generated::mock_control::{operations, types};
    }

    /// What makes the exchanges that `verify` replays.
    pub mod drift {
        pub use crate::program::drift::GOLDEN;
        pub use crate::program::drift::exchange::{head, line};
        pub use crate::program::drift::record::{Recorder, Seen};
    }

    /// Seeds.
    pub mod seed {
        pub use crate::runtime::seed::schema::SCHEMA;

        /// The schema of the types.
        pub fn of_types() -> serde_json::Value {
            crate::runtime::seed::schema::of::<crate::runtime::seed::Seed>()
        }
    }
}

/// The README's examples, which have to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The examples of a page of the documentation, which have to work.
#[cfg(doctest)]
#[doc = include_str!("../../docs/test-double/faults.md")]
struct Faults;

/// The examples of a page of the documentation, which have to work.
#[cfg(doctest)]
#[doc = include_str!("../../docs/test-double/time.md")]
struct Time;

/// The examples of a page of the documentation, which have to work.
#[cfg(doctest)]
#[doc = include_str!("../../docs/test-double/scenarios.md")]
struct Scenarios;

/// The examples of a page of the documentation, which have to work.
#[cfg(all(doctest, feature = "tls"))]
#[doc = include_str!("../../docs/test-double/tls.md")]
struct Tls;

/// The examples of a page of the documentation, which have to work.
#[cfg(doctest)]
#[doc = include_str!("../../docs/test-double/rust.md")]
struct RustTests;
