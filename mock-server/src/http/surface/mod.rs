//! The runtime of the generated routers: reads a request, hands it to an API, sends the answer. Knows no API, no
//! credentials and no vendor's form of an error.
//!
//! From the top down:
//!
//! - `serving`: one request from its first byte to its answer
//! - `incoming`: a request, and what it says
//! - `given`: a parameter on its way to its type
//! - `refusable`: what the answers of an operation have in common
//! - `operation`: an operation of a spec, and whether an answer is one of its
//! - `schema`: whether a body is valid
//! - `bounds`: whether it keeps to the bounds that no schema states
//! - `unknown`: a name that the spec does not have
//! - `reply`: an answer
//! - `damage`: what somebody has planned for it
//! - `rejection`: plain data
//! - `fault`: what is wrong with a body, in words
//! - `intake`: bounds of the bodies of all requests
//! - `extent`: where a JSON value ends

mod bounds;
mod damage;
mod extent;
mod fault;
mod given;
mod incoming;
mod intake;
mod operation;
mod refusable;
mod rejection;
mod reply;
mod schema;
mod serving;
mod unknown;

pub use self::bounds::{FileBounds, within as within_bounds};
pub use self::damage::{Change, Damage, Instead, Miss, Planned, Wreck, Wrong};
#[cfg(feature = "fuzz")]
pub(crate) use self::extent::Extent;
pub(crate) use self::fault::{brief, kind_of};
pub use self::incoming::{Incoming, Members, coding};
pub(crate) use self::incoming::{only, repeats};
pub use self::intake::{Fault as IntakeFault, Intake};
pub use self::operation::{Operation, Retry};
pub use self::refusable::Refusable;
#[cfg(test)]
pub use self::refusable::VisitRefusable;
pub use self::rejection::{Rejection, RejectionKind};
pub use self::reply::{Reply, retry_after};
pub use self::schema::{Document, Schema};
pub use self::serving::{FORCED, Surface, serve};
pub(crate) use self::serving::{Wanted, preferred};

#[cfg(test)]
mod tests;
