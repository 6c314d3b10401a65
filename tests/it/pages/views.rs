//! What pages look like to a browser: their markup, page by page, and what they may load. Hostile texts stay texts.

use std::collections::BTreeSet;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;
use stepup_mock::http::pages::exit::Exit;
use stepup_mock::http::pages::markup::document;
use stepup_mock::http::pages::view::{Code, Ending, Page, View};

use super::gallery::{page, pages};
use super::{Visit, text};
use crate::wire::Request;

/// One tag a line, so that a change shows where it is.
fn lines(html: &str) -> String {
    html.replace("><", ">\n<")
}

fn markup(page: &Page) -> String {
    document(page).into_string()
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/pages/snapshots");
    let found = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // A rejected snapshot is insta's to report.
    let found: BTreeSet<String> = found.filter(|name| !name.ends_with(".snap.new")).collect();
    assert_eq!(found, wanted);
}

/// `STEPUP_GALLERY=<folder> cargo test -p conformance gallery` writes the pages there, to be looked at.
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
            let id = super::attribute(input, "id");
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

#[tokio::test]
async fn a_hostile_user_id_and_redirect_url_are_escaped() {
    let mut visit = Visit::new().await;
    let url = "https://app.test/\"><script>alert(1)</script>?q=<b>'\"&x";
    let target = "/v1/users/%3Cscript%3Ealert(2)%3C%2Fscript%3E/actions/signIn";
    let tracked = visit
        .tenant
        .call("POST", target, json!({"redirectUrl": url}))
        .await;
    for more in [
        "",
        "&enroll=AUTHENTICATOR_APP",
        "&enroll=EMAIL_OTP",
        "&mode=popup",
    ] {
        visit
            .open(&format!("{}{more}", text(&tracked["url"])))
            .await;
        assert_eq!(visit.status, 200);
        assert!(
            !visit.html.contains("<script>") && !visit.html.contains("<b>"),
            "{}",
            visit.html
        );
    }
    let address = "\"><script>alert(3)</script>@x";
    visit
        .open(&format!("{}&enroll=EMAIL_OTP", text(&tracked["url"])))
        .await;
    visit
        .submit("/challenge/enroll", &[("address", address)])
        .await;
    assert!(!visit.html.contains("<script>"), "{}", visit.html);
}

#[tokio::test]
async fn pages_load_only_from_the_mock_are_not_stored_and_can_be_framed() {
    let visit = Visit::challenged(&["SMS"]).await;
    let targets = [
        visit.address.clone(),
        "/challenge".to_owned(),
        "/magic-link?token=x".to_owned(),
        "/challenge/assets/style.css".to_owned(),
        "/challenge/assets/script.js".to_owned(),
        "/challenge/assets/icon.svg".to_owned(),
    ];
    for target in targets {
        let answer = visit.tenant.send(&Request::new("GET", &target)).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{target}");
        // Any application may frame the pages, and a form's answer leads to any.
        for word in ["unsafe", "frame-ancestors", "form-action", "http"] {
            assert!(!policy.contains(word), "{target}: {policy}");
        }
        assert_eq!(answer.header("x-frame-options"), None);
        assert_eq!(answer.header("cross-origin-opener-policy"), None);
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let kept = answer.header("cache-control").unwrap();
        assert_eq!(
            kept,
            if target.contains("assets") {
                "no-cache"
            } else {
                "no-store"
            }
        );
    }
}

#[tokio::test]
async fn the_journal_lists_pages_without_their_secrets() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let token = visit.token();
    visit
        .submit("/challenge/verify", &[("code", "111111")])
        .await;
    let journal = visit
        .tenant
        .send(&Request::new("GET", "/_mock/journal"))
        .await
        .text();
    assert!(journal.contains("/challenge?token=***"), "{journal}");
    assert!(journal.contains("/challenge/verify"));
    assert!(journal.contains("wrong"), "why it was refused");
    assert!(
        !journal.contains(&token) && !journal.contains("111111"),
        "{journal}"
    );
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let long = "x".repeat(2 * 1024 * 1024);
    visit.submit("/challenge/verify", &[("code", &long)]).await;
    assert_eq!(visit.status, 413);
}
