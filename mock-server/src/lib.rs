//! A faithful, stateful, deterministic emulation of step-up authentication providers.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mock = stepup_mock::MockServer::start().await?;
//! let application = mock.application();
//! println!("point your client at {} as {}", mock.url(), application.id);
//! // ... create the user `ada` and ask for a registration link with your own code, then:
//! // mock.phone("ada").register(link).await?;
//! // mock.phone("ada").approve().await?;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]
#![expect(
    unreachable_pub,
    reason = "`pub` in a module is what it offers to the rest of the crate; this file says what the crate offers"
)]

pub mod domain;
#[rustfmt::skip]
pub mod generated;
pub mod http;
pub mod mock;
mod program;
pub mod runtime;
mod serve;
pub mod sim;
mod wire;

pub use mock::{MockServer, StartError};
pub use program::run_command_line;
