//! What each version of a vendor's package was answered: operations and statuses, as `tests/sdk/exercised.json` has them.
//! `cargo xtask coverage` reads the file. Knows no package.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};

use stepup_mock::JournalEntry;

use crate::spec;

/// Answers by version by package, each `OPERATION:STATUS`; separated by spaces, so that a version is a line.
type Exercised = BTreeMap<String, BTreeMap<String, String>>;

/// Members that a spec does not have, and that are sent all the same: by this repository's driver on purpose, and by the live
/// suite of PyPI authsignal 4.1.0.
const IGNORED: [&str; 2] = ["body /redirect_url,", "body /device_id,"];

/// The answers of a journal, without those of some operations. Whatever else a vendor's own package sends, the spec has.
pub(super) fn answers(journal: &[JournalEntry], but: &[&str]) -> BTreeSet<String> {
    let warned = journal.iter().filter_map(|entry| {
        let warning = entry.warning.as_deref()?;
        Some(format!("{}: {warning}", entry.operation.unwrap_or("none")))
    });
    let unknown = warned.filter(|text| {
        text.contains("the spec has no") && !IGNORED.iter().any(|known| text.contains(known))
    });
    let unknown: BTreeSet<_> = unknown.collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    let answers = journal.iter().filter_map(|entry| {
        let operation = entry.operation?;
        (!but.contains(&operation)).then(|| format!("{operation}:{}", entry.status))
    });
    answers.collect()
}

/// Checks what a version was answered. `INSTA_UPDATE=always` writes it down instead.
pub(super) fn check(package: &str, version: &str, answers: &BTreeSet<String>) {
    let sent = answers.iter().map(String::as_str).collect::<Vec<_>>();
    let sent = sent.join(" ");
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
