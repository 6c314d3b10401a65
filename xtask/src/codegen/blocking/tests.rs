//! What the mirrors of a small client look like, and what cannot have one.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{FOLDER, SOURCE, emit, emit_from};
use crate::codegen::Output;

/// A tree with a client, removed at the end.
struct Tree(PathBuf);

impl Tree {
    /// Files relative to the source of the client.
    fn new(files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("xtask-blocking-{}-{number}", std::process::id());
        let tree = Self(std::env::temp_dir().join(name));
        for (file, text) in files {
            let path = tree.0.join("client/src").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        tree
    }

    fn mirrors(&self) -> Result<Output, String> {
        let mut output = Output::default();
        emit_from(&self.0.join(SOURCE), "krate", &mut output)
            .map_err(|error| format!("{error:#}"))?;
        Ok(output)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // A folder that is left behind does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

const LIB: &str = "#[cfg(feature = \"shop\")]\npub mod shop;\nmod error;\npub mod blocking;\n";
const MODULE: &str =
    "mod client;\npub use client::{Basket, Shop, ShopBuilder, Sold};\npub use raw::types::Price;\n";

fn shop(client: &str) -> Result<String, String> {
    let files = [("lib.rs", LIB), ("error.rs", ""), ("shop/mod.rs", MODULE)];
    let files = [&files[..], &[("shop/client.rs", client)]].concat();
    let mut output = Tree::new(&files).mirrors()?;
    Ok(output
        .files
        .remove(&format!("{FOLDER}/shop.rs"))
        .unwrap_or_default())
}

const CLIENT: &str = r#"
use std::fmt;
use std::time::Duration;
use super::raw;
use super::raw::types::{self, Price};
use crate::error::{Kind, Result};

/// Sells.
#[derive(Clone)]
pub struct Shop { raw: raw::Client }

/// Builds.
pub struct ShopBuilder;

pub struct Basket<'a> { shop: &'a Shop }

pub struct Sold;

macro_rules! setters {
    () => {
        /// How long.
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self { self.timeout = timeout; self }
    };
}

impl ShopBuilder {
    setters!();

    pub fn build(self) -> Result<Shop> { todo!() }
}

impl Shop {
    /// A builder, for a [`Shop`].
    pub fn builder() -> ShopBuilder { ShopBuilder }

    pub fn raw(&self) -> &raw::Client { &self.raw }

    /// What [`Sold`] costs. Fails with [`Kind::NotFound`].
    ///
    /// ```
    /// # async fn example(shop: krate::shop::Shop) {
    /// shop.price("a", None).await;
    /// # }
    /// ```
    pub async fn price(&self, name: impl Into<String>, mut at: Option<Duration>) -> Result<Price> { todo!() }

    pub fn basket(&self) -> Basket<'_> { todo!() }

    pub async fn like(&mut self, other: &Shop, what: types::Likeness) -> Result<Self> { todo!() }

    async fn secret(&self) {}

    pub(crate) async fn inner(&self) {}
}

impl Basket<'_> {
    pub async fn pay(&self) -> Result<Sold> { todo!() }
}
"#;

#[test]
fn every_public_method_of_a_client_has_a_blocking_one() {
    // However long its lines are.
    let in_a_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = in_a_line(&shop(CLIENT).unwrap());
    for line in [
        "use crate::error::Result;",
        "use crate::shop::Price;",
        "use std::time::Duration;",
        "use crate::shop::raw::types;",
        // For the docs alone.
        "#[cfg(doc)]\nuse crate::error::Kind;",
        "use crate::shop::Sold;",
        "#[derive(Clone)]\npub struct Shop {\n    pub(crate) inner: crate::shop::Shop,\n}",
        "pub struct Basket<'a> {\n    pub(crate) inner: crate::shop::Basket<'a>,\n}",
        "pub fn builder() -> ShopBuilder {\n        ShopBuilder {\n            inner: crate::shop::Shop::builder(),",
        "pub fn build(self) -> Result<Shop> {\n        self.inner.build().map(|inner| Shop { inner })",
        "pub fn timeout(self, timeout: ::std::time::Duration) -> Self {",
        "/// # fn example(shop: krate::blocking::shop::Shop) { /// shop.price(\"a\", None);",
        "pub fn price(&self, name: impl Into<String>, at: Option<Duration>) -> Result<Price> { \
         crate::blocking::runtime::wait(self.inner.price(name, at))",
        "pub fn basket(&self) -> Basket<'_> {",
        "crate::blocking::runtime::wait(self.inner.like(&other.inner, what))\n            .map(|inner| Self { inner })",
        "crate::blocking::runtime::wait(self.inner.pay())",
    ] {
        assert!(
            text.contains(&in_a_line(line)),
            "{line}\n\nis not in\n\n{text}"
        );
    }
    for word in ["raw()", "secret", "fn inner", "async fn", "struct Sold"] {
        assert!(!text.contains(word), "{word} is in\n\n{text}");
    }
}

#[test]
fn what_cannot_have_a_mirror_is_an_error_that_names_the_method() {
    let with = |method: &str| {
        let client = "use crate::error::Result;\npub struct Shop;\nimpl Shop {\n";
        shop(&format!("{client}{method}\n}}")).unwrap_err()
    };
    for (method, what) in [
        (
            "/// Returns a future.\npub async fn go(&self) -> Result<()> {}",
            "# Cancel safety",
        ),
        (
            "pub async fn go(&self, (a, b): (u8, u8)) -> Result<()> {}",
            "without a name",
        ),
        (
            "pub async fn go(&self) -> Result<Vec<Shop>> {}",
            "within its type",
        ),
        (
            "pub async fn go(&self, of: Option<Shop>) -> Result<()> {}",
            "within its type",
        ),
    ] {
        let error = with(method);
        assert!(
            error.contains("Shop: the method go") && error.contains(what),
            "{error}"
        );
    }
    let error = with("pub async fn go(&self) -> Result<()> {}\nmethods!();");
    assert!(error.contains("methods!"), "{error}");
}

#[test]
fn a_tree_without_a_client_has_no_mirrors() {
    let mut output = Output::default();
    emit(&Tree::new(&[]).0, &mut output).unwrap();
    assert!(output.files.is_empty());
}
