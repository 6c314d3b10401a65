//! The vendors' own Python packages, every published version of each, unmodified, against the mock. What is asserted of
//! a version is in its driver below `tests/sdk/`.

mod activeconnect;
mod authsignal;
mod exercised;
mod iampass;
mod python;

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use stepup_mock::MockServer;

/// What a command that must succeed prints. Where it fails, the mock's side of it is told, too.
fn run(what: &str, mock: &MockServer, command: &mut Command, input: &str) -> (String, String) {
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("Python runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    let output = thread::scope(|scope| {
        // Beside the reading, so that neither waits for the other.
        scope.spawn(move || {
            // A program that has ended, or does not care, is not to blame for that alone.
            let _ = stdin.write_all(input.as_bytes());
        });
        child.wait_with_output().expect("Python ends")
    });
    let [out, err] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if !output.status.success() {
        let lines = mock.journal().into_iter().rev().map(|entry| {
            let operation = entry.operation.unwrap_or("no operation");
            let reason = entry
                .reason
                .map_or(String::new(), |reason| format!(": {reason}"));
            format!(
                "  {} {} {} ({operation}){reason}\n",
                entry.status, entry.method, entry.target
            )
        });
        panic!(
            "{what} failed:\n{out}{err}What the mock was asked:\n{}",
            lines.collect::<String>()
        );
    }
    (out, err)
}

/// The published versions of a package, and a test for each that gives it to `drive`.
macro_rules! versions {
    ($package:literal, $drive:path: $($name:ident $version:literal,)*) => {
        pub(super) const VERSIONS: &[&str] = &[$($version),*];

        mod works_against_the_mock {
            $(#[test]
            fn $name() {
                $drive($version);
            })*
        }

        #[test]
        fn exercised_json_records_every_listed_version_and_no_other() {
            crate::sdk::exercised::check_versions($package, VERSIONS);
        }
    };
}
use versions;
