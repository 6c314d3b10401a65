//! What pages look like to a browser: their markup, page by page. Hostile texts stay texts.

mod gallery;

use std::collections::BTreeSet;
use std::path::Path;

use insta::assert_snapshot;

use self::gallery::{page, pages};
use super::exit::Exit;
use super::markup::document;
use super::view::{Code, Ending, Looks, Page, View};

/// One tag a line, so that a change shows where it is.
fn lines(html: &str) -> String {
    html.replace("><", ">\n<")
}

fn markup(page: &Page) -> String {
    document(page, &Looks::default()).into_string()
}

#[test]
fn every_page_matches_its_snapshot() {
    for (name, page) in pages() {
        let html = markup(&page);
        // What all pages share is in the snapshot of one.
        let shown = if name == "code-email" {
            html.clone()
        } else {
            let root = html.split("<head>").next().unwrap();
            let main = html.split("<main>").nth(1).unwrap();
            let main = main.split("</main>").next().unwrap();
            format!("{root}\n{main}")
        };
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "snapshots", omit_expression => true}, {
            assert_snapshot!(name.as_str(), lines(&shown));
        });
    }
}

#[test]
fn every_snapshot_belongs_to_a_page() {
    let wanted: BTreeSet<String> = pages()
        .into_iter()
        .map(|(name, _)| format!("{name}.snap"))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/pages/snapshots");
    let found = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // A rejected snapshot is insta's to report.
    let found: BTreeSet<String> = found.filter(|name| !name.ends_with(".snap.new")).collect();
    assert_eq!(found, wanted);
}

/// `STEPUP_GALLERY=<folder> cargo test -p stepup-mock gallery` writes the pages there, to be looked at.
#[test]
fn the_gallery_can_be_looked_at() {
    let names: BTreeSet<_> = pages().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), pages().len(), "each has a name of its own");
    let Some(folder) = std::env::var_os("STEPUP_GALLERY") else {
        return;
    };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    for (name, page) in pages() {
        std::fs::write(folder.join(format!("{name}.html")), markup(&page)).unwrap();
    }
}

/// The value of an attribute of a tag. No id of a page needs escaping.
fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let start = format!("{name}=\"");
    let value = tag.split(&start).nth(1);
    let value = value.unwrap_or_else(|| panic!("no {name} in {tag}"));
    value.split('"').next().unwrap()
}

#[test]
fn every_page_has_a_title_and_every_field_a_label() {
    for (name, page) in pages() {
        let html = markup(&page);
        assert!(
            html.starts_with("<!DOCTYPE html><html lang=\"en\""),
            "{name}"
        );
        assert_eq!(html.matches("<h1>").count(), 1, "{name}");
        assert_eq!(html.matches("<main>").count(), 1, "{name}");
        let inputs = html.split("<input ").skip(1);
        for input in inputs.filter(|input| !input.starts_with("type=\"hidden\"")) {
            let id = attribute(input, "id");
            assert!(
                html.contains(&format!("<label for=\"{id}\">")),
                "{name}: {id}"
            );
        }
        for picture in html.split("<svg ").skip(1) {
            let tag = picture.split('>').next().unwrap();
            assert!(
                tag.contains("aria-hidden=\"true\"") || tag.contains("aria-label="),
                "{name}: {tag}"
            );
        }
        for word in [" style=", "onclick", "<style", "javascript:"] {
            assert!(!html.contains(word), "{name}: {word}");
        }
        for problem in html.split("aria-describedby=\"problem").skip(1) {
            assert!(
                !problem.is_empty() && html.contains("id=\"problem\" role=\"alert\""),
                "{name}"
            );
        }
    }
}

#[test]
fn hostile_texts_are_escaped() {
    let hostile = "\"><script>alert(1)</script>'&";
    let escaped = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;'&amp;";
    let entry = |text: &str| {
        View::Code(Code {
            sent_to: Some(text.to_owned()),
            problem: Some(text.to_owned()),
            ..Code::default()
        })
    };
    let mut page = page(entry(hostile));
    page.visit.token = hostile.to_owned();
    page.visit.native_scheme = Some(hostile.to_owned());
    page.visit.popup = true;
    page.visit.opener = Some(hostile.to_owned());
    for exit in [
        Exit::Redirect(hostile.to_owned()),
        Exit::Message(hostile.to_owned()),
    ] {
        page.exit = exit;
        let html = markup(&page);
        assert!(!html.contains("<script>"), "{html}");
        assert_eq!(html.matches(escaped).count(), 10, "{html}");
    }
    page.view = View::Ending(Ending::Passed);
    page.leaves = true;
    assert!(!markup(&page).contains("<script>"));
}
