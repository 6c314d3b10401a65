//! Passkeys and security keys: options of WebAuthn Level 3, the open ceremonies, and how they end. Knows no users and
//! no authenticators: they are arguments. `webauthn_rp` verifies what a response proves.
//!
//! | module | what |
//! | --- | --- |
//! | `options` | the options that a browser is called with |
//! | `ceremony` | the ceremonies that wait for a response, and their end |
//! | `response` | what has to be read from a response before the crate verifies it |
//! | `state` | the state of a ceremony, in the byte layout of `webauthn_rp` |
//! | `key` | public keys as COSE text |
//! | `fault` | why a response proves nothing |

mod ceremony;
mod fault;
mod key;
mod options;
mod response;
mod state;

#[cfg(test)]
pub use self::ceremony::{Authenticated, Registered};
pub use self::ceremony::{Ceremonies, CeremoniesRecord};
pub use self::fault::Fault;
#[cfg(test)]
pub use self::options::Selection;
pub use self::options::{
    AuthenticationRequest, CreationOptions, Kind, RegistrationRequest, RequestOptions, Started,
};
pub use self::response::{Origins, Response};

/// Length of a challenge in bytes: the shortest that WebAuthn allows, and the only one that `webauthn_rp` supports.
const CHALLENGE: usize = 16;
/// Length of a user handle in bytes.
const HANDLE: usize = 32;
