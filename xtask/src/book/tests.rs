//! Tests of the book, each with a small repository of its own.

use super::*;

/// A folder with a table of contents that names two pages, and a picture.
fn repository(contents: &str, guide: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("README.md", "# Product\n\n## Run `it` twice\n"),
        (CONTENTS, contents),
        ("docs/guide.md", guide),
        ("docs/pictures/desk.png", "a picture"),
        ("src/main.rs", "fn main() {}"),
    ] {
        put(&root.path().join(path), text.as_bytes()).unwrap();
    }
    root
}

const TABLE: &str = "# Contents

## Start

| you want to | read |
| --- | --- |
| start | [README](../README.md) |
| start again | [README](../README.md#run-it-twice) |

## Use

| you want to | read |
| --- | --- |
| use it | [guide](guide.md) |
";

#[test]
fn each_part_of_the_contents_is_a_part_of_the_book_and_each_page_is_a_chapter_once() {
    let root = repository(
        TABLE,
        "# The guide\n\nSee [the README](../README.md#run-it-twice).\n",
    );
    let book = root.path().join("book");
    write(root.path(), &book).unwrap();
    assert_eq!(
        fs::read_to_string(book.join("src/SUMMARY.md")).unwrap(),
        "# Summary\n\n[Contents](docs/README.md)\n\n# Start\n\n- [Product](README.md)\n\n# Use\n\n- [The guide](docs/guide.md)\n"
    );
}

#[test]
fn a_link_to_what_the_book_does_not_have_becomes_its_text_and_pictures_come_along() {
    let guide = "# The guide\n\n[`main`](../src/main.rs) and [the web](https://example.com).\n\n![Desk](pictures/desk.png)\n";
    let root = repository(TABLE, guide);
    let book = root.path().join("book");
    write(root.path(), &book).unwrap();
    assert_eq!(
        fs::read_to_string(book.join("src/docs/guide.md")).unwrap(),
        "# The guide\n\n`main` and [the web](https://example.com).\n\n![Desk](pictures/desk.png)\n"
    );
    assert_eq!(
        fs::read_to_string(book.join("src/docs/pictures/desk.png")).unwrap(),
        "a picture"
    );
}

#[test]
fn what_leads_nowhere_is_told_with_its_line() {
    let guide = "# The guide\n\n[a](gone.md)\n[b](../README.md#walk-it)\n[c](#nothing)\n![d](pictures/gone.png)\n\n```md\n[e](code.md)\n```\n";
    let root = repository(TABLE, guide);
    assert_eq!(
        check(root.path()).unwrap(),
        [
            "docs/guide.md:3: gone.md: there is no such file",
            "docs/guide.md:4: ../README.md#walk-it: README.md has no such heading",
            "docs/guide.md:5: #nothing: docs/guide.md has no such heading",
            "docs/guide.md:6: pictures/gone.png: there is no such file",
        ]
    );
    assert!(write(root.path(), &root.path().join("book")).is_err());
}

#[test]
fn a_page_that_the_contents_do_not_name_is_told() {
    let root = repository("# Contents\n\n[README](../README.md)\n", "# The guide\n");
    assert_eq!(
        check(root.path()).unwrap(),
        ["docs/README.md: no link leads to docs/guide.md"]
    );
}

#[test]
fn headings_with_the_same_words_have_names_of_their_own() {
    let page = page("# A b\n\n## `c`, d!\n\n## c d\n".to_owned());
    let anchors: Vec<_> = page.anchors.into_iter().collect();
    assert_eq!(anchors, ["a-b", "c-d", "c-d-1"]);
}
