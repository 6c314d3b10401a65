//! Whether another server answers as the specs say. `verify` replays exchanges on it, and `proxy` looks at what passes. Runs
//! no mock, and asks none: what the control API verifies is which requests a mock has got, and that is another thing.
//!
//! - `verify`: one run, from the plan to the report
//! - `replay`: sends the exchanges of a case, and deletes what they have created
//! - `plan`: what a run will create and delete
//! - `proxy`: passes requests on, and tells of each drift once
//! - `gate`: which requests the proxy passes on at all
//! - `recording`: the file that the proxy writes
//! - `report`: what was found, as text, JSON and JUnit
//! - `server`: the other server, and the keys to it
//! - `record`: makes a step of a request and its answer, without what is secret or private
//! - `private`: what of a text goes into no recording
//! - `exchange`: steps as a file has them, and what stands for the values that a run gives them
//! - `compare`: how an answer differs from its spec, and from the answer that a step expects
//! - `shape`: an answer without its values
//! - `stop`: what ends a run before its time
//! - `operations`: the operations of the vendors' APIs

mod compare;
pub mod exchange;
mod gate;
mod operations;
mod plan;
mod private;
mod proxy;
pub mod record;
mod recording;
mod replay;
mod report;
mod server;
mod shape;
mod stop;
mod verify;

pub(super) use self::proxy::{Proxying, proxy};
pub(super) use self::report::Format;
pub(super) use self::server::KeySource;
pub(super) use self::verify::{Verification, verify};

/// The exchanges that `verify` replays where no file is given. `tests/it/drift.rs` makes them of the golden ones.
pub const GOLDEN: &str = include_str!("exchanges.jsonl");
