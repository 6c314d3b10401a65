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

pub mod cli;
pub mod config;
pub mod domain;
#[rustfmt::skip]
pub mod generated;
pub mod http;
pub mod runtime;
pub mod server;
pub mod sim;

pub use server::{MockServer, StartError};
