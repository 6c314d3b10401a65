//! Names that an operation cannot have, read off the code that has them already: a list kept by hand would fall behind
//! it. Knows no API.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use anyhow::{Context, Result, anyhow};
use progenitor::Generator;
use serde_json::json;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ImplItem, Item, TraitItem};

use super::{client, server};

/// The hand-written runtime of the mock's routers. Its trait `Surface` is a parent of each generated `Api`.
const SURFACE: &str = include_str!("../../../mock-server/src/http/surface/serving.rs");

/// An operation that stands for all: what is generated beside it is generated beside every other.
const PROBE: &str = "probe";

/// Names of methods and functions that stand where an operation's would. All specs have the same, so they are read once.
///
/// # Errors
///
/// A release of progenitor that writes a client of another form, or a `Surface` that is not where it was.
pub(crate) fn operation_names() -> Result<&'static BTreeSet<String>, &'static str> {
    static NAMES: LazyLock<Result<BTreeSet<String>, String>> =
        LazyLock::new(|| read().map_err(|error| format!("{error:#}")));
    NAMES.as_ref().map_err(String::as_str)
}

fn read() -> Result<BTreeSet<String>> {
    let mut names = methods_of_the_client()?;
    names.extend(methods_of_surface()?);
    names.extend(server::FUNCTIONS.map(str::to_owned));
    Ok(names)
}

/// Methods of the trait `Surface`.
fn methods_of_surface() -> Result<BTreeSet<String>> {
    let file = syn::parse_file(SURFACE).context("surface/serving.rs is not Rust code")?;
    let surface = file.items.into_iter().find_map(|item| match item {
        Item::Trait(item) if item.ident == "Surface" => Some(item),
        _ => None,
    });
    let items = surface
        .context("surface/serving.rs has no trait `Surface`")?
        .items;
    Ok(items
        .into_iter()
        .filter_map(|item| match item {
            TraitItem::Fn(function) => Some(function.sig.ident.to_string()),
            _ => None,
        })
        .collect())
}

/// Methods that progenitor gives every client, and those of its traits that a request calls on the client.
fn methods_of_the_client() -> Result<BTreeSet<String>> {
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": PROBE, "version": "1"},
        "paths": {"/": {"get": {
            "operationId": PROBE,
            "responses": {"204": {"description": "."}},
        }}},
    });
    let settings = client::base_settings(quote::quote!(Inner));
    let tokens = Generator::new(&settings)
        .generate_tokens(&serde_json::from_value(document)?)
        .map_err(|error| anyhow!("progenitor cannot make a client of one operation: {error}"))?;
    let mut file: syn::File = syn::parse2(tokens).context("progenitor emitted no Rust code")?;
    let mut names = BTreeSet::new();
    for item in &file.items {
        let Item::Impl(item) = item else { continue };
        for item in &item.items {
            if let ImplItem::Fn(function) = item {
                names.insert(function.sig.ident.to_string());
            }
        }
    }
    if !names.remove(PROBE) {
        return Err(anyhow!("progenitor emitted no method for an operation"));
    }
    let mut calls = CallsOnTheClient(names);
    for item in &mut file.items {
        if matches!(item, Item::Mod(item) if item.ident == "builder") {
            calls.visit_item_mut(item);
        }
    }
    Ok(calls.0)
}

struct CallsOnTheClient(BTreeSet<String>);

impl VisitMut for CallsOnTheClient {
    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        if matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("client")) {
            self.0.insert(call.method.to_string());
        }
        visit_mut::visit_expr_method_call_mut(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::operation_names;

    #[test]
    fn the_names_are_those_of_the_code_beside_an_operations() {
        let names = operation_names().unwrap();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "admit",
                "answered",
                "api_version",
                "baseurl",
                "body_limit",
                "client",
                "date",
                "exec",
                "file",
                "forced",
                "has_remarks",
                "inner",
                "named",
                "new",
                "new_with_client",
                "planned",
                "post",
                "pre",
                "reject",
                "router",
                "serve",
                "strict",
                "visit_refusable",
                "warning",
            ]
        );
    }
}
