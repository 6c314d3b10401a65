//! How a store of an older format becomes one of this format, step by step.
//!
//! A step changes the records of a format into those of the next. Its fixture, a directory that the format's last version
//! wrote, stays in `mock-server/tests/program/formats/`: a test opens each.

use redb::Table;

/// The format that this version writes.
pub(super) const FORMAT: u64 = 1;

/// The first format.
const FIRST: u64 = 1;

/// Makes the records of one format those of the next.
type Step = fn(&mut Table<'_, &'static [u8], &'static [u8]>) -> Result<(), String>;

/// The step from format 1, from format 2, and so on.
const STEPS: [Step; (FORMAT - FIRST) as usize] = [];

/// Brings records of that format up to date.
///
/// # Errors
/// There is no such format, or a record cannot be.
pub(super) fn migrate(
    records: &mut Table<'_, &'static [u8], &'static [u8]>,
    format: u64,
) -> Result<(), String> {
    let first = format.checked_sub(FIRST);
    let first = first.ok_or_else(|| format!("there was never a format {format}"))?;
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let steps = STEPS.iter().skip(first);
    steps.into_iter().try_for_each(|step| step(records))
}
