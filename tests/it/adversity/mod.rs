//! The mock among callers that mean no good: other tenants, requests that pretend to be two, a reset in the middle of
//! everything, a client that stops half-way. Must not know how the mock is made.

mod bodies;
mod reset;
mod smuggling;
mod stop;
mod tenants;
