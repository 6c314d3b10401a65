//! The impure shell around the domain: the clock, the operating system's randomness, locks, and the one place where the
//! state of a tenant changes, [`Part::transact`](part::Part::transact). Knows no HTTP.
//!
//! The floors, from the top down. A module may use those below it, never one above or beside it:
//!
//! - `keeping`: writes what tenants have into a data directory, and goes on with what one has
//! - `creation`: tenants that come and go while the mock runs
//! - `dumping`: writes tenants into a file, and reads them from one
//! - `reading`: reads the journals of all tenants at once
//! - `restoring`: takes snapshots of tenants, and goes back to them
//! - `rounds`: sends webhooks that fall due, and moves clocks through them
//! - `app`: a running mock: its tenants, its journal, its reset
//! - `tenants`: the tenants of a mock, found by their ids and secrets
//! - `tenant`: a tenant with its parts, as a seed describes them
//! - `snapshot`: a tenant's states at one moment
//! - `part`: one vendor's part of a tenant, and the only ways to read and to change it
//! - `ledger`: the state that a tenant shares between both vendors
//! - `behaviour`: the settings of a mock's behaviour, and their defaults
//! - `durable`: writes what has changed, and says when it is durable
//! - `clock`, `delivery`, `idle`, `journal`, `proxies`, `replay`, `secrets`, `seed`, `tally`: one job each
//! - `scenario`: a scenario that a test plans, and whether it can be
//! - `faults`: what a test wants to go wrong with the next requests
//! - `fault`: one such fault, and whether it can be
//! - `file`, `hosts`, `lock`, `search`, `stand_ins`, `strict`, `wakes`, `word`: reading a file up to a bound; names of hosts;
//!   taking a lock; looking for one text in another; texts in place of secrets; reading files that people write, and the
//!   vendors' words in them; when to look at tenants again

mod app;
mod behaviour;
pub mod clock;
mod creation;
pub mod delivery;
mod dumping;
mod durable;
pub mod fault;
pub mod faults;
mod file;
mod hosts;
pub mod idle;
pub mod journal;
mod keeping;
pub mod ledger;
mod lock;
pub mod part;
mod proxies;
mod reading;
pub mod replay;
mod restoring;
mod rounds;
pub mod scenario;
mod search;
mod secrets;
pub mod seed;
mod snapshot;
mod stand_ins;
mod strict;
mod tally;
mod tenant;
mod tenants;
mod wakes;
pub mod word;

pub use self::app::{App, AppError};
pub use self::behaviour::{Behaviour, SignatureWindow, span};
pub use self::creation::{CreateError, Wanted};
pub use self::dumping::LoadError;
#[cfg(test)]
pub use self::durable::{Access, Trouble};
pub use self::durable::{DataDirectory, Durability, Durable, Missing, Store};
pub use self::file::{read_bounded, read_file, read_text};
#[cfg(test)]
pub use self::hosts::OWN_SEGMENTS;
pub use self::hosts::{
    BadPart, PublicUrl, UrlParts, host_name, host_or_address, is_host_name, is_loopback,
    is_unspecified,
};
pub use self::proxies::Proxy;
pub use self::reading::{Reading, Recorded, Since};
pub use self::restoring::Kept;
pub use self::secrets::Secrets;
pub use self::snapshot::Moment;
pub use self::strict::{addressable, in_list, in_words, parse, text_fault};
pub use self::tally::Counted;
pub use self::tenant::Tenant;
pub use self::tenants::SecretOf;
