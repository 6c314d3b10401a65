//! Which operations each version of a vendor's package was seen to send, as `tests/sdk/exercised.json` has it; the
//! coverage table is made from it. Knows no package.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};

use stepup_mock::runtime::journal::Entry;

use crate::spec;

/// Operations by version by package; the operations separated by spaces, so that a version is a line.
type Exercised = BTreeMap<String, BTreeMap<String, String>>;

/// The operations of a journal that were answered with success.
pub(super) fn operations(journal: &[Entry]) -> BTreeSet<&'static str> {
    journal
        .iter()
        .filter(|entry| entry.status < 300)
        .filter_map(|entry| entry.operation)
        .collect()
}

/// Checks what a version sent. `INSTA_UPDATE=always` writes it down instead.
pub(super) fn check(package: &str, version: &str, sent: &BTreeSet<&'static str>) {
    let sent = sent.iter().copied().collect::<Vec<_>>().join(" ");
    with_file(|exercised| {
        let versions = exercised.entry(package.to_owned()).or_default();
        let written = versions.insert(version.to_owned(), sent.clone());
        assert!(
            updating() || written.as_deref() == Some(sent.as_str()),
            "{package} {version} was answered {sent:?}, but tests/sdk/exercised.json has {written:?}; if that is \
             right, run `INSTA_UPDATE=always cargo test -p conformance --test it -- sdk` and `cargo xtask coverage`"
        );
    });
}

/// Checks that no other versions of a package than these are written down.
pub(super) fn check_versions(package: &str, listed: &[&str]) {
    with_file(|exercised| {
        let versions = exercised.entry(package.to_owned()).or_default();
        if updating() {
            versions.retain(|version, _| listed.contains(&version.as_str()));
        } else {
            let written: BTreeSet<&str> = versions.keys().map(String::as_str).collect();
            assert_eq!(written, listed.iter().copied().collect(), "{package}");
        }
    });
}

fn updating() -> bool {
    std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always")
}

/// Looks at the file, and writes it where that is wanted.
fn with_file(look: impl FnOnce(&mut Exercised)) {
    let mut file = File::options()
        .read(true)
        .write(updating())
        .open(spec::workspace().join("tests/sdk/exercised.json"))
        .expect("tests/sdk/exercised.json is there");
    // Other versions are driven at the same time.
    if updating() {
        file.lock().expect("the lock can be had");
    }
    let mut text = String::new();
    file.read_to_string(&mut text).expect("it can be read");
    let mut exercised: Exercised = serde_json::from_str(&text).expect("JSON");
    look(&mut exercised);
    if updating() {
        text = serde_json::to_string_pretty(&exercised).expect("plain maps") + "\n";
        file.set_len(0).expect("it can be written");
        file.rewind().expect("it can be written");
        file.write_all(text.as_bytes()).expect("it can be written");
    }
}
