//! The examples of docs/test-double/, as a reader types them. Must not use the mock as a library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::running::Running;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/test-double")
}

/// The code of a page in that language, in its order.
fn blocks(page: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1);
    let code = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    code.collect()
}

/// Runs the shell's examples of a page one after the other, against a mock with the page's configuration file.
fn runs(page: &str) {
    let text = fs::read_to_string(docs().join(page)).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs");
    fs::create_dir_all(&folder).unwrap();
    let config = folder.join(page).with_extension("toml");
    fs::write(&config, blocks(&text, "toml")).unwrap();
    let config = config.to_string_lossy();
    let running = Running::start(&["--listen", "127.0.0.1:0", "--config", &config]);
    let output = Command::new("sh")
        .args(["-euxc", &blocks(&text, "sh")])
        .env("MOCK", running.url())
        .env("NO_PROXY", "*")
        .output()
        .expect("sh runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{page}: {said}");
}

#[test]
fn examples_of_tenants_run() {
    runs("tenants.md");
}
