//! The errors of a mock inside a test. Each message says what to do.

use std::io;
use std::net::SocketAddr;

use crate::runtime::AppError;
use crate::runtime::seed::SeedError;
use crate::serve::ListenError;
use crate::sim::phone::Trouble;

/// Why a mock did not start, or did not do what a test asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The mock cannot listen on the address.
    #[error("cannot listen on {address}: {source}; port 0 takes a free port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The operating system gave no thread, or no event queue.
    #[error("cannot start the mock's thread: {0}")]
    Thread(#[source] io::Error),
    /// The operating system gave no random bytes. A deterministic mock needs none.
    #[error("{0}")]
    Randomness(String),
    /// The seed cannot be read, or is contradictory.
    #[error("{0}")]
    Seed(String),
    /// The test passed an invalid argument, such as an empty user id.
    #[error("{0}")]
    Malformed(String),
    /// The mock does not have the tenant, application, user, action or link.
    #[error("{0}")]
    NotFound(String),
    /// The state of the mock does not allow it now: a user without a device cannot approve.
    #[error("{0}")]
    NotAllowed(String),
    /// The mock has a bug.
    #[error("{0}")]
    Internal(String),
}

impl From<SeedError> for Error {
    fn from(error: SeedError) -> Self {
        Self::Seed(error.to_string())
    }
}

impl From<ListenError> for Error {
    fn from(ListenError { address, source }: ListenError) -> Self {
        Self::Listen { address, source }
    }
}

impl From<AppError> for Error {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Randomness(_) => Self::Randomness(error.to_string()),
            AppError::Seed(seed) => seed.into(),
            AppError::Taken(_) | AppError::Store(_) | AppError::Unfit(_) => {
                Self::NotAllowed(error.to_string())
            }
        }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Malformed(why) => Self::Malformed(why),
            Trouble::Unknown(why) => Self::NotFound(why),
            Trouble::Impossible(why) => Self::NotAllowed(why),
        }
    }
}
