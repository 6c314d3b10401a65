//! Emits `client/src/generated/<stem>/`: progenitor's client and types, with our own types where the generator's are
//! unsafe or brittle.

use anyhow::{Context, Result, ensure};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use quote::{format_ident, quote};
use serde_json::{Value, json};
use syn::{Fields, File, ImplItem, Item, parse_quote};

use super::generate::{Part, generate, parse};
use super::{Output, builders, constructors, lower, polish, requests, successes, vocabulary};
use crate::model::Api;
use crate::names;
use crate::spec::{Spec, join};

const FOLDER: &str = "client/src/generated";

/// Emits the client of one API.
///
/// # Errors
///
/// A spec that progenitor cannot take, with the place.
pub(super) fn emit(spec: &Spec, api: &Api, output: &mut Output) -> Result<()> {
    let document = lower::for_client(spec, api)?;
    let pointers: Vec<&str> = api
        .operations
        .iter()
        .map(|operation| operation.pointer.as_str())
        .collect();
    let tokens = generate(
        spec,
        &document,
        &settings(spec, api)?,
        Part::Client,
        &pointers,
    )?;
    let file = parse(spec, builders::cut_from_client(tokens))?;
    let Parts {
        mut types,
        mut builder,
        client,
    } = take_apart(file)?;
    builders::leave_out(&mut types);
    builders::plain_bodies(&mut builder, &builders::defaults(&types));
    requests::rewrite(&mut builder)?;

    let folder = format!("{FOLDER}/{}", spec.stem);
    let title = &api.title;
    let head = types_file(spec, api, &mut types);
    output.rust_with(spec, &format!("{folder}/types.rs"), head, types)?;
    let tokens = polish::tokens(&builder);
    ensure!(
        !builders::is_left(&tokens),
        "progenitor writes request builders in a new form: codegen/builders.rs does not find every type builder"
    );
    let head = builder_file(&tokens, title);
    output.rust_with(spec, &format!("{folder}/builder.rs"), head, builder)?;
    let head = client_file(spec, api);
    output.rust_with(spec, &format!("{folder}/mod.rs"), head, client)?;
    output.rust(spec, &format!("{folder}/operations.rs"), operations(api))?;
    if !api.vocabularies.is_empty() {
        output.rust(
            spec,
            &format!("{folder}/vocabulary.rs"),
            vocabulary::emit(spec, api),
        )?;
    }
    if api
        .operations
        .iter()
        .any(|operation| operation.has_several_successes())
    {
        output.rust(
            spec,
            &format!("{folder}/successes.rs"),
            successes::emit(api),
        )?;
    }
    Ok(())
}

/// Emits the types of a file of shared schemas.
///
/// # Errors
///
/// A schema that typify cannot take, with the place.
pub(super) fn emit_shared(file: &Spec, api: &Api, output: &mut Output) -> Result<()> {
    let document = lower::for_client(file, api)?;
    let tokens = generate(file, &document, &settings(file, api)?, Part::Types, &[])?;
    let mut types = parse(file, builders::cut_from_types(tokens))?.items;
    builders::leave_out(&mut types);
    // The error of conversions that no shared type has.
    let converts = polish::mentions(&polish::tokens(&types), "TryFrom");
    types.retain(|item| converts || !matches!(item, Item::Mod(item) if item.ident == "error"));
    let folder = format!("{FOLDER}/{}", file.stem);
    let about = format!(
        " Types that the APIs of {} share, generated from `{}`.",
        api.title, file.file
    );
    let index = quote! {
        #![doc = #about]
        pub(crate) mod types;
        pub(crate) mod vocabulary;
    };
    output.rust(file, &format!("{folder}/mod.rs"), index)?;
    let head = types_file(file, api, &mut types);
    output.rust_with(file, &format!("{folder}/types.rs"), head, types)?;
    output.rust(
        file,
        &format!("{folder}/vocabulary.rs"),
        vocabulary::emit(file, api),
    )
}

/// `client/src/generated/mod.rs`.
pub(super) fn emit_index(specs: &[Spec], output: &mut Output) -> Result<()> {
    let modules = specs.iter().map(|spec| {
        let stem = format_ident!("{}", spec.stem);
        let (docs, features) = if spec.is_shared() {
            let users = specs
                .iter()
                .filter(|user| user.shared.values().any(|stem| *stem == spec.stem));
            let features: Vec<&String> = users.map(|user| &user.feature).collect();
            let docs = format!("The types that `{}` describes.", spec.file);
            (docs, quote!(any(#(feature = #features),*)))
        } else {
            let feature = &spec.feature;
            let docs = format!("The client that `{}` describes.", spec.file);
            (docs, quote!(feature = #feature))
        };
        let docs = polish::doc(&docs);
        // Shared types are public where an API re-exports them.
        let public = if spec.is_shared() {
            quote!(pub(crate))
        } else {
            quote!(pub)
        };
        quote!(#(#docs)* #[cfg(#features)] #public mod #stem;)
    });
    let file = quote! {
        //! What `cargo xtask codegen` makes of the specs: one module per API.
        #(#modules)*
    };
    output.index(&format!("{FOLDER}/mod.rs"), file)
}

/// The form of every client, whatever its types.
pub(super) fn base_settings(inner: TokenStream) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(inner);
    settings
}

/// The type of times that stay texts: one of the hand-written client.
const VENDOR_TIME: &str = "crate::vendor_time::VendorTime";

fn settings(spec: &Spec, api: &Api) -> Result<GenerationSettings> {
    let stem = format_ident!("{}", spec.stem);
    let vocabulary = |name: &str| {
        let stem = spec.shared.get(name).unwrap_or(&spec.stem);
        format!(
            "crate::generated::{stem}::vocabulary::{}",
            names::pascal(name)
        )
    };
    let string_of = |format: &str| json!({"type": "string", "format": format});
    let text = || [TypeImpl::Display, TypeImpl::FromStr].into_iter();
    // The vendors' times are texts in the client, which most applications do not calculate with: without the crate jiff, a
    // build takes 3.7 s of CPU less.
    let time = if spec.is_own() {
        "::jiff::Timestamp"
    } else {
        VENDOR_TIME
    };
    let mut settings = base_settings(quote!(crate::#stem::Inner));
    settings
        .with_map_type("::std::collections::BTreeMap")
        .with_derive("PartialEq")
        // Through JSON, because the argument is of an old release of schemars that only progenitor names.
        .with_conversion(
            serde_json::from_value(string_of("date-time"))?,
            time,
            text(),
        )
        .with_conversion(
            serde_json::from_value(string_of(lower::LENIENT_TIME))?,
            VENDOR_TIME,
            [TypeImpl::Display].into_iter(),
        )
        .with_conversion(
            serde_json::from_value(string_of("password"))?,
            "crate::secret::Secret",
            std::iter::empty(),
        );
    for name in &api.path_schemas {
        settings.with_replacement(name, "crate::segment::PathSegment", text());
    }
    for item in &api.vocabularies {
        settings.with_replacement(&item.name, vocabulary(&item.name), text());
    }
    for (name, item) in &api.comma_lists {
        let item = item
            .as_deref()
            .map_or_else(|| "::std::string::String".to_owned(), vocabulary);
        settings.with_replacement(
            name,
            format!("crate::comma_list::CommaList<{item}>"),
            [TypeImpl::Display].into_iter(),
        );
    }
    if api.null_removes {
        let none = std::iter::empty();
        settings.with_replacement(lower::CHANGES, "crate::changes::Changes", none);
    }
    let replaced = |name: &str| {
        api.path_schemas.contains(name)
            || api.comma_lists.contains_key(name)
            || api.vocabularies.iter().any(|item| item.name == name)
    };
    super::replace_shared(spec, &mut settings, replaced);
    Ok(settings)
}

struct Parts {
    types: Vec<Item>,
    builder: Vec<Item>,
    client: Vec<Item>,
}

/// Separates what progenitor puts into one file, and leaves out what is not wanted.
fn take_apart(file: File) -> Result<Parts> {
    let (mut types, mut builder, mut client) = (None, None, Vec::new());
    for item in file.items {
        match item {
            Item::Mod(item) if item.ident == "types" => {
                types = item.content.map(|(_, items)| items)
            }
            Item::Mod(item) if item.ident == "builder" => {
                builder = item.content.map(|(_, items)| items)
            }
            Item::Mod(item) if item.ident == "prelude" => {}
            // Imports are written anew: only what is used, and our own encoder of path segments.
            Item::Use(_) => {}
            Item::Impl(mut item) if item.trait_.is_none() => {
                // `new` builds its own reqwest client and unwraps; the hand-written layer builds it.
                item.items.retain(
                    |item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "new"),
                );
                let mut carrying = None;
                for item in &mut item.items {
                    if let ImplItem::Fn(function) = item
                        && function.sig.ident == "new_with_client"
                    {
                        // Its last argument is a type of the hand-written layer that no caller can name.
                        function.vis = parse_quote!(pub(crate));
                        carrying = function.sig.inputs.last().cloned();
                        // What the client carries knows the base URL.
                        function.sig.inputs = function.sig.inputs.iter().skip(1).cloned().collect();
                        function.block = parse_quote!({ Self { client, inner } });
                        function.attrs = vec![
                            parse_quote!(#[doc = " A client that sends through this HTTP client."]),
                        ];
                    }
                }
                if let Some(inner) = carrying {
                    item.items.push(parse_quote! {
                        /// The same client, carrying something else.
                        pub(crate) fn carrying(&self, #inner) -> Self {
                            Self {
                                client: self.client.clone(),
                                inner,
                            }
                        }
                    });
                }
                client.push(Item::Impl(item));
            }
            Item::Struct(mut item) if item.ident == "Client" => {
                if let Fields::Named(fields) = &mut item.fields {
                    let kept = fields.named.iter();
                    let kept = kept
                        .filter(|field| field.ident.as_ref().is_none_or(|name| name != "baseurl"));
                    fields.named = kept.cloned().collect();
                }
                client.push(Item::Struct(item));
            }
            Item::Impl(mut item) => {
                for item in &mut item.items {
                    if let ImplItem::Fn(function) = item
                        && function.sig.ident == "baseurl"
                    {
                        function.block = parse_quote!({ self.inner.baseurl() });
                    }
                }
                client.push(Item::Impl(item));
            }
            // What the builders send does not go through hooks: see `requests`.
            Item::Const(_) => {}
            item => client.push(item),
        }
    }
    let mut builder = builder.context("progenitor emitted no module `builder`")?;
    builder.retain(|item| !matches!(item, Item::Use(_)));
    Ok(Parts {
        types: types.context("progenitor emitted no module `types`")?,
        builder,
        client,
    })
}

fn types_file(spec: &Spec, api: &Api, types: &mut Vec<Item>) -> TokenStream {
    polish::describe_fields(types, &super::declared(spec));
    // The server may add fields to what it answers.
    polish::add_attribute(types, &parse_quote!(#[non_exhaustive]), |name| {
        api.response_only.contains(name)
    });
    for name in spec.keys("/components/schemas") {
        let reason = join(&join("/components/schemas", name), "x-must-use");
        if let Some(Value::String(reason)) = spec.document.pointer(&reason) {
            let attribute = parse_quote!(#[must_use = #reason]);
            polish::add_attribute(types, &attribute, |item| item == names::pascal(name));
        }
    }
    constructors::add(types, &api.response_only);
    let about = format!(" Types of {}'s requests and responses.", api.title);
    let shared = super::reuse(spec, "types");
    quote! {
        #![doc = #about]
        #![allow(clippy::all, reason = "as typify writes it")]
        #shared
    }
}

fn builder_file(tokens: &TokenStream, title: &str) -> TokenStream {
    let path = quote!(progenitor_client);
    let support = polish::imports(
        &path,
        &["ByteStream", "Error", "RequestBuilderExt", "ResponseValue"],
        tokens,
    );
    let segment = polish::imports(&quote!(crate::segment), &["encode_path"], tokens);
    let types = polish::imports(&quote!(super), &["types"], tokens);
    let about = format!(" Requests of {title}, one builder per operation.");
    quote! {
        #![doc = #about]
        #![allow(clippy::all, reason = "as progenitor writes it")]
        #support
        #segment
        #types
    }
}

fn client_file(spec: &Spec, api: &Api) -> TokenStream {
    let title = &api.title;
    let about = format!(" Client of {title}, generated from `{}`.", spec.file);
    let vocabulary = (!api.vocabularies.is_empty()).then(|| {
        quote!(
            pub mod vocabulary;
        )
    });
    let several = api
        .operations
        .iter()
        .any(|operation| operation.has_several_successes());
    let successes = several.then(|| {
        quote!(
            pub mod successes;
        )
    });
    quote! {
        #![doc = #about]
        pub mod builder;
        pub mod operations;
        #successes
        pub mod types;
        #vocabulary
        pub use progenitor_client::{ClientInfo, Error, ResponseValue};
    }
}

/// The file `operations.rs`. Each operation has a name of its own, so that a new one leaves the others alone.
fn operations(api: &Api) -> TokenStream {
    let about = format!(
        " The operations of {}: how each is sent, and whether it may be sent again.",
        api.title
    );
    let names: Vec<_> = api
        .operations
        .iter()
        .map(|operation| format_ident!("{}", names::screaming(&operation.id)))
        .collect();
    let operations = api.operations.iter().zip(&names).map(|(operation, name)| {
        let id = names::snake(&operation.id);
        let (method, path) = (&operation.method, &operation.path);
        let docs = format!(" `{method} {path}`.");
        let retry = format_ident!("{}", names::pascal(&operation.retry));
        let security = operation.security.iter().map(|set| quote!(&[#(#set),*]));
        quote! {
            #[doc = #docs]
            pub static #name: Operation = Operation {
                id: #id,
                method: #method,
                path: #path,
                retry: RetryClass::#retry,
                security: &[#(#security),*],
            };
        }
    });
    quote! {
        #![doc = #about]
        use crate::transport::{Operation, RetryClass};
        /// All operations, in the order of the spec.
        pub static ALL: &[&Operation] = &[#(&#names),*];
        #(#operations)*
    }
}
