//! Authsignal's APIs over HTTP, one room each. Decides nothing about users or challenges itself.
//!
//! From the top down; each may use those below it:
//!
//! - `websocket`: the WebSocket for QR codes
//! - `client`: the Client API
//! - `management`: the Management API
//! - `server`: the Server API
//! - `admission`: what both APIs check of a caller
//! - `refusal`: the vendor's form of an error

pub(crate) mod admission;
pub(crate) mod client;
pub(crate) mod management;
pub(crate) mod refusal;
pub(crate) mod server;
pub(crate) mod websocket;
