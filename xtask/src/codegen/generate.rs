//! Runs progenitor so that what it cannot take is an error with a place, not a panic.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator};
use serde_json::Value;

use super::lower;
use crate::spec::{Findings, Spec, join};

/// What a run of the generator is to give.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// Client and types.
    Client,
    /// The types alone.
    Types,
}

/// Generates from a lowered document.
///
/// # Errors
///
/// [`Findings`] (rule `generator`) that name the operation or schema that the generator cannot take.
pub(super) fn generate(
    spec: &Spec,
    document: &Value,
    settings: &GenerationSettings,
    part: Part,
    operations: &[&str],
) -> Result<TokenStream> {
    let first = match attempt(spec, document, settings, part) {
        Ok(tokens) => return Ok(tokens),
        Err(why) => why,
    };
    let alone = |pointers: &[&str]| lower::with_operations(document, pointers);
    let mut findings = Vec::new();
    if attempt(spec, &alone(&[]), settings, part).is_ok() {
        for pointer in operations {
            if let Err(why) = attempt(spec, &alone(&[pointer]), settings, part) {
                findings.push(spec.finding(*pointer, "generator", refused(&why)));
            }
        }
        if findings.is_empty() {
            // Each operation passes alone, so two of them are in each other's way: the first prefix that fails ends
            // with one of them.
            for end in 1..=operations.len() {
                let (Some(prefix), Some(last)) = (operations.get(..end), operations.get(end - 1))
                else {
                    break;
                };
                if let Err(why) = attempt(spec, &alone(prefix), settings, part) {
                    let why = format!(
                        "{} It passes alone: its names collide with an earlier one's.",
                        refused(&why)
                    );
                    findings.push(spec.finding(*last, "generator", why));
                    break;
                }
            }
        }
    } else {
        for name in spec.keys("/components/schemas") {
            let mut less = alone(&[]);
            // Whatever refers to this schema is refused as well then, so try with the schema alone.
            let schemas = less
                .pointer_mut("/components/schemas")
                .and_then(Value::as_object_mut);
            if let Some(schemas) = schemas {
                let needed = crate::model::reachable(spec, std::iter::once(name.as_str()));
                schemas.retain(|other, _| needed.contains(other));
            }
            if let Err(why) = attempt(spec, &less, settings, part) {
                findings.push(spec.finding(
                    join("/components/schemas", name),
                    "generator",
                    refused(&why),
                ));
            }
        }
    }
    if findings.is_empty() {
        findings.push(spec.finding("", "generator", refused(&first)));
    }
    Err(Findings(findings).into())
}

fn refused(why: &str) -> String {
    format!(
        "progenitor cannot take this ({why}); the dialect in openapi/README.md says what it can take."
    )
}

thread_local! {
    /// Whether panics of this thread are expected, and become errors.
    static EXPECTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs something that may panic, and gives the message if it does. The panic hook is the process's, so it is wrapped
/// once: it stays silent for threads that expect a panic, and does what it did for all others.
fn catching<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static WRAPPED: Once = Once::new();
    WRAPPED.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !EXPECTING.get() {
                hook(info);
            }
        }));
    });
    EXPECTING.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(run));
    EXPECTING.set(false);
    outcome.unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().cloned();
        let message =
            message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(message.unwrap_or_else(|| "it panics without a message".to_owned()))
    })
}

fn attempt(
    spec: &Spec,
    document: &Value,
    settings: &GenerationSettings,
    part: Part,
) -> Result<TokenStream, String> {
    let mut parsed: openapiv3::OpenAPI = serde_json::from_value(document.clone())
        .map_err(|error| format!("not OpenAPI 3.0: {error}"))?;
    let order = spec.keys("/paths");
    parsed
        .paths
        .paths
        .sort_by_key(|path, _| order.iter().position(|other| other == path));
    catching(|| {
        let mut generator = Generator::new(settings);
        let client = generator
            .generate_tokens(&parsed)
            .map_err(|error| error.to_string())?;
        Ok(match part {
            Part::Client => client,
            Part::Types => generator.get_type_space().to_stream(),
        })
    })
}

/// Parses what a generator has emitted.
///
/// # Errors
///
/// Tokens that are not a Rust file: a name in the spec that is not an identifier.
pub(super) fn parse(spec: &Spec, tokens: TokenStream) -> Result<syn::File> {
    syn::parse2(tokens)
        .with_context(|| format!("{}: the generated text is not Rust code", spec.file))
}
