//! The program `xtask`, as it is run in a folder: what it says, and how it ends.

use std::fs;
use std::io;
use std::process::{Command, Output};

fn book(folder: &std::path::Path) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("book")
        .current_dir(folder)
        .env_remove("CARGO_MANIFEST_DIR")
        .env("CARGO_TARGET_DIR", folder.join("built"))
        .output()
}

#[test]
fn a_book_is_written_if_every_link_leads_somewhere() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    fs::create_dir(root.join("docs")).unwrap();
    fs::write(root.join("README.md"), "# Product\n").unwrap();
    fs::write(
        root.join("docs/README.md"),
        "# Contents\n\n[Read](../READ.md)\n",
    )
    .unwrap();

    let refused = book(root).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(refused.stderr).unwrap(),
        "docs/README.md:3: ../READ.md: there is no such file\n"
    );
    assert!(!root.join("built").exists());

    fs::write(
        root.join("docs/README.md"),
        "# Contents\n\n[Read](../README.md)\n",
    )
    .unwrap();
    assert!(book(root).unwrap().status.success());
    assert!(root.join("built/book/src/README.md").is_file());
    assert!(root.join("built/book/book.toml").is_file());
}
