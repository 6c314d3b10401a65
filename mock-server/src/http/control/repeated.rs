//! Whether a list of a body names a thing twice. Knows no operation.

use std::collections::BTreeMap;

use crate::sim::phone::Trouble;

/// Checks that a list does not say two things of the same action or method.
pub(super) fn unique<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Trouble> {
    let mut seen = BTreeMap::new();
    for (at, name) in names.enumerate() {
        if let Some(first) = seen.insert(name, at) {
            return Err(Trouble::Malformed(format!(
                "body /{list}/{at}: {name} is also in /{list}/{first}; name it once"
            )));
        }
    }
    Ok(())
}
