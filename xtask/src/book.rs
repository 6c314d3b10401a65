//! `cargo xtask book`: lays the documentation out as a book for mdBook, and checks every link in it. Knows no page by name but
//! the table of contents, and renders nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The table of contents: each `##` is a part of the book, and each page that a link leads to is a chapter of it.
const CONTENTS: &str = "docs/README.md";
/// Each page in this folder must be a chapter.
const FOLDER: &str = "docs";

/// Paths stay as they are in the repository, so that links work in both places. mdBook's own preprocessors would rename
/// `README.md` and expand `{{…}}`, which stands in examples.
const SETTINGS: &str = "\
[book]
title = \"stepup\"
language = \"en\"
src = \"src\"

[build]
build-dir = \"html\"
use-default-preprocessors = false

[output.html]
no-section-label = true

[output.html.playground]
runnable = false
";

/// A page, and what leads out of it.
struct Page {
    text: String,
    /// The heading of the first level, as it is written.
    title: String,
    /// The names by which a link can lead to a heading.
    anchors: BTreeSet<String>,
    links: Vec<Link>,
}

struct Link {
    /// The whole of it.
    whole: Range<usize>,
    /// What a reader sees of it.
    shown: Range<usize>,
    target: String,
    is_picture: bool,
}

/// What a link leads to, relative to the root.
enum Target {
    Elsewhere,
    Chapter,
    Picture(String),
    /// A file or folder that the book does not have.
    Source,
}

/// The chapters with their parts, in order.
struct Book {
    parts: Vec<(String, Vec<String>)>,
    pages: BTreeMap<String, Page>,
}

/// Writes the book's source and settings to a folder, for `mdbook build`.
///
/// # Errors
/// A link leads nowhere, a page of `docs/` is not in the table of contents, or a file cannot be read or written.
pub fn write(root: &Path, folder: &Path) -> Result<String> {
    let book = read(root)?;
    let faults = faults(root, &book)?;
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    put(&folder.join("book.toml"), SETTINGS.as_bytes())?;
    let source = folder.join("src");
    put(&source.join("SUMMARY.md"), summary(&book).as_bytes())?;
    for (path, page) in &book.pages {
        let mut text = page.text.clone();
        // From the end, so that the places before it stay right.
        for link in page.links.iter().rev() {
            match target(root, &book, path, link) {
                Ok(Target::Source) => {
                    text.replace_range(link.whole.clone(), &page.text[link.shown.clone()]);
                }
                Ok(Target::Picture(picture)) => {
                    let bytes = fs::read(root.join(&picture)).context(picture.clone())?;
                    put(&source.join(&picture), &bytes)?;
                }
                Ok(Target::Elsewhere | Target::Chapter) | Err(_) => {}
            }
        }
        put(&source.join(path), text.as_bytes())?;
    }
    Ok(format!(
        "book: {} chapters are in {}; run `mdbook build` there",
        book.pages.len(),
        folder.display()
    ))
}

/// The links that lead nowhere and the pages that no link leads to, a line for each.
///
/// # Errors
/// A file cannot be read.
pub fn check(root: &Path) -> Result<Vec<String>> {
    faults(root, &read(root)?)
}

fn put(file: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(file, bytes).with_context(|| file.display().to_string())
}

/// Reads the table of contents, and every page that it names.
fn read(root: &Path) -> Result<Book> {
    let open = |path: &str| -> Result<Page> {
        let text = fs::read_to_string(root.join(path)).with_context(|| path.to_owned())?;
        Ok(page(text))
    };
    let contents = open(CONTENTS)?;
    let mut parts = vec![(String::new(), vec![CONTENTS.to_owned()])];
    let mut named = BTreeSet::from([CONTENTS.to_owned()]);
    let mut heads = headings(&contents.text)
        .into_iter()
        .filter(|heading| heading.level == HeadingLevel::H2)
        .peekable();
    for link in &contents.links {
        while let Some(heading) = heads.next_if(|heading| heading.place < link.whole.start) {
            parts.push((heading.text, Vec::new()));
        }
        let path = resolved(CONTENTS, &link.target);
        if path.extension().is_some_and(|end| end == "md") {
            let path = slashes(&path);
            if let Some((_, chapters)) = parts.last_mut()
                && named.insert(path.clone())
            {
                chapters.push(path);
            }
        }
    }
    let mut pages = BTreeMap::new();
    for path in named {
        // A link that leads nowhere is told with all the others.
        if path == CONTENTS || root.join(&path).is_file() {
            let page = open(&path)?;
            pages.insert(path, page);
        }
    }
    Ok(Book { parts, pages })
}

fn summary(book: &Book) -> String {
    let mut summary = "# Summary\n".to_owned();
    for (part, chapters) in &book.parts {
        if !part.is_empty() {
            let _ = write!(summary, "\n# {part}\n\n");
        }
        for path in chapters {
            if let Some(Page { title, .. }) = book.pages.get(path) {
                // The contents come first, before the parts.
                let item = if part.is_empty() { "\n" } else { "- " };
                let _ = writeln!(summary, "{item}[{title}]({path})");
            }
        }
    }
    summary
}

fn faults(root: &Path, book: &Book) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (path, page) in &book.pages {
        for link in &page.links {
            if let Err(why) = target(root, book, path, link) {
                let line = page.text[..link.whole.start].matches('\n').count() + 1;
                faults.push(format!("{path}:{line}: {}: {why}", link.target));
            }
        }
    }
    let mut waiting = vec![PathBuf::from(FOLDER)];
    while let Some(folder) = waiting.pop() {
        let entries = fs::read_dir(root.join(&folder)).with_context(|| slashes(&folder))?;
        for entry in entries {
            let path = folder.join(entry?.file_name());
            if root.join(&path).is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| end == "md")
                && !book.pages.contains_key(&slashes(&path))
            {
                faults.push(format!("{CONTENTS}: no link leads to {}", slashes(&path)));
            }
        }
    }
    Ok(faults)
}

fn target(root: &Path, book: &Book, from: &str, link: &Link) -> Result<Target, String> {
    if link.target.contains("://") || link.target.starts_with("mailto:") {
        return Ok(Target::Elsewhere);
    }
    let path = match link.target.split('#').next() {
        None | Some("") => from.to_owned(),
        Some(_) => slashes(&resolved(from, &link.target)),
    };
    if let Some(page) = book.pages.get(&path) {
        return match link.target.split_once('#') {
            Some((_, anchor)) if !page.anchors.contains(anchor) => {
                Err(format!("{path} has no such heading"))
            }
            _ => Ok(Target::Chapter),
        };
    }
    let file = root.join(&path);
    if !file.exists() {
        return Err("there is no such file".to_owned());
    }
    if link.is_picture {
        return Ok(Target::Picture(path));
    }
    if file.extension().is_some_and(|end| end == "md") {
        return Err(format!("{CONTENTS} does not name this page"));
    }
    Ok(Target::Source)
}

/// The path that a link from a page leads to, relative to the root.
fn resolved(from: &str, target: &str) -> PathBuf {
    let path = target.split('#').next().unwrap_or_default();
    let mut resolved = Path::new(from)
        .parent()
        .map(PathBuf::from)
        .unwrap_or_default();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    resolved
}

/// A path as links write it, on every system.
fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

struct Heading {
    level: HeadingLevel,
    place: usize,
    /// As a reader sees it.
    text: String,
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

fn headings(text: &str) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    let mut is_open = false;
    for (event, place) in parser(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                is_open = true;
                headings.push(Heading {
                    level,
                    place: place.start,
                    text: String::new(),
                });
            }
            Event::End(TagEnd::Heading(_)) => is_open = false,
            Event::Text(words) | Event::Code(words) if is_open => {
                if let Some(heading) = headings.last_mut() {
                    heading.text.push_str(&words);
                }
            }
            _ => {}
        }
    }
    headings
}

fn page(text: String) -> Page {
    let mut links: Vec<Link> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (event, place) in parser(&text).into_offset_iter() {
        // What a link shows is what is in it.
        let is_inside = !matches!(event, Event::End(TagEnd::Link | TagEnd::Image));
        for at in open.iter().filter(|_| is_inside) {
            if let Some(Link { shown, .. }) = links.get_mut(*at) {
                *shown = shown.start.min(place.start)..shown.end.max(place.end);
            }
        }
        match event {
            Event::Start(
                ref tag @ (Tag::Link { ref dest_url, .. } | Tag::Image { ref dest_url, .. }),
            ) => {
                open.push(links.len());
                links.push(Link {
                    shown: place.end..place.start,
                    whole: place,
                    target: dest_url.to_string(),
                    is_picture: matches!(tag, Tag::Image { .. }),
                });
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                open.pop();
            }
            _ => {}
        }
    }
    let headings = headings(&text);
    let mut anchors = BTreeSet::new();
    for heading in &headings {
        let name = anchor(&heading.text);
        let again = (1..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.clone()).chain(again);
        while names.next().is_some_and(|name| !anchors.insert(name)) {}
    }
    let title = headings
        .iter()
        .find(|heading| heading.level == HeadingLevel::H1)
        .map(|heading| heading.text.clone())
        .unwrap_or_default();
    Page {
        title,
        anchors,
        links,
        text,
    }
}

/// The name of a heading in a link, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ => letter.is_alphanumeric().then_some(letter),
        })
        .collect()
}

#[cfg(test)]
mod tests;
