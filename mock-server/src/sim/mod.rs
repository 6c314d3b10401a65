//! The simulated outside world: people and their phones. Acts on a tenant by the vendor's own public operations where
//! there are any; it must not know a web framework.

pub mod ceremony;
pub mod client;
pub mod passkey;
pub mod person;
pub mod phone;
pub mod push;
