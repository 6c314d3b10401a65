//! Between the domain's types and those of the wire. Everything here is used by more than one of the HTTP face, the webhooks
//! and the seed; it knows neither HTTP nor the runtime.

pub(crate) mod authsignal;
pub(crate) mod errors;
mod user_agent;
mod words;

pub(crate) use words::method;
