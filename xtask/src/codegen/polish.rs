//! Finishes what progenitor and typify emit: docs, order of fields, derives, imports. Knows no API.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    AttrStyle, Attribute, Expr, ExprLit, Fields, File, ImplItem, Item, Lit, Meta, Visibility,
    parse_quote,
};

/// Passes that every file needs: docs in lines, a reason on each `allow`, a doc comment on each public item.
pub(super) fn finish(file: &mut File) {
    Docs.visit_file_mut(file);
}

/// Attributes that document an item.
pub(super) fn doc(text: &str) -> Vec<Attribute> {
    lines(text)
        .map(|line| {
            let line = if line.is_empty() {
                String::new()
            } else {
                format!(" {line}")
            };
            parse_quote!(#[doc = #line])
        })
        .collect()
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim().lines().map(str::trim_end)
}

struct Docs;

impl Docs {
    fn rewrite(attributes: &mut Vec<Attribute>) {
        let mut rewritten = Vec::with_capacity(attributes.len());
        let mut text: Vec<String> = Vec::new();
        for attribute in attributes.drain(..) {
            if let Some(line) = doc_text(&attribute) {
                text.push(line);
            } else {
                rewritten.push(with_reason(attribute));
            }
        }
        let text = text.join("\n");
        // typify repeats the JSON schema of each type in its docs, and progenitor adds an example that is not compiled.
        let text = text.split("<details>").next().unwrap_or_default();
        let text = text.split("```ignore").next().unwrap_or_default();
        let mut result = if text.trim().is_empty() {
            Vec::new()
        } else {
            doc(&unindent(text))
        };
        result.append(&mut rewritten);
        *attributes = result;
    }

    fn ensure(
        attributes: &mut Vec<Attribute>,
        visibility: &Visibility,
        text: impl FnOnce() -> String,
    ) {
        let documented = attributes
            .iter()
            .any(|attribute| attribute.path().is_ident("doc"));
        if !documented && matches!(visibility, Visibility::Public(_)) {
            let mut docs = doc(&text());
            docs.append(attributes);
            *attributes = docs;
        }
    }
}

fn unindent(text: &str) -> String {
    text.lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A line of docs.
pub(super) fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn with_reason(attribute: Attribute) -> Attribute {
    match &attribute.meta {
        Meta::List(list)
            if list.path.is_ident("allow") && !list.tokens.to_string().contains("reason") =>
        {
            let lints = &list.tokens;
            parse_quote!(#[allow(#lints, reason = "as the generator writes it")])
        }
        _ => attribute,
    }
}

impl VisitMut for Docs {
    fn visit_lit_str_mut(&mut self, literal: &mut syn::LitStr) {
        // progenitor spells types in messages as tokens: `:: std :: string :: String`.
        let text = literal.value();
        if text.starts_with("conversion to `") {
            let text = text.replace(" :: ", "::").replace(":: ", "::");
            *literal = syn::LitStr::new(&text, literal.span());
        }
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        // Inner ones are written by this crate.
        if attributes
            .iter()
            .all(|attribute| matches!(attribute.style, AttrStyle::Outer))
        {
            Self::rewrite(attributes);
        }
    }

    fn visit_item_mut(&mut self, item: &mut Item) {
        visit_mut::visit_item_mut(self, item);
        match item {
            Item::Struct(item) => {
                let name = item.ident.to_string();
                Self::ensure(&mut item.attrs, &item.vis, || format!("`{name}`."));
                for field in item.fields.iter_mut() {
                    let name = field
                        .ident
                        .as_ref()
                        .map_or_else(|| "The value".to_owned(), |name| format!("`{name}`"));
                    Self::ensure(&mut field.attrs, &field.vis, || format!("{name}."));
                }
            }
            Item::Enum(item) => {
                let name = item.ident.to_string();
                Self::ensure(&mut item.attrs, &item.vis, || format!("`{name}`."));
                let public = item.vis.clone();
                for variant in &mut item.variants {
                    let wire = renamed(&variant.attrs).unwrap_or_else(|| variant.ident.to_string());
                    Self::ensure(&mut variant.attrs, &public, || format!("`{wire}`."));
                }
            }
            Item::Mod(item) if item.content.is_some() => {
                let name = item.ident.to_string();
                Self::ensure(&mut item.attrs, &item.vis, || format!("`{name}`."));
            }
            Item::Impl(item) if item.trait_.is_none() => {
                for item in &mut item.items {
                    if let ImplItem::Fn(function) = item {
                        let name = function.sig.ident.to_string();
                        let text = || match name.as_str() {
                            "body" => "Sets the body.".to_owned(),
                            name => format!("Sets `{}`.", name.trim_end_matches('_')),
                        };
                        Self::ensure(&mut function.attrs, &function.vis, text);
                    }
                }
            }
            _ => {}
        }
    }
}

/// `#[serde(rename = "...")]`.
fn renamed(attributes: &[Attribute]) -> Option<String> {
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        let mut found = None;
        // An attribute of another form than expected renames nothing.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                found = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<Expr>()?;
            }
            Ok(())
        });
        if found.is_some() {
            return found;
        }
    }
    None
}

/// A property as the spec declares it.
#[derive(Debug)]
pub(super) struct Property {
    /// Name on the wire.
    pub(super) name: String,
    /// What it means.
    pub(super) description: String,
}

/// Sorts the fields of structs as the spec declares its properties, where typify sorts them by name, and describes
/// those that have no docs of their own.
pub(super) fn describe_fields(items: &mut [Item], declared: &BTreeMap<String, Vec<Property>>) {
    for item in items {
        let Item::Struct(item) = item else { continue };
        let (Some(properties), Fields::Named(fields)) =
            (declared.get(&item.ident.to_string()), &mut item.fields)
        else {
            continue;
        };
        let position = |field: &syn::Field| {
            let wire = wire_name(field);
            properties
                .iter()
                .position(|property| Some(&property.name) == wire.as_ref())
        };
        let mut sorted: Vec<_> = std::mem::take(&mut fields.named).into_iter().collect();
        sorted.sort_by_key(|field| position(field).unwrap_or(usize::MAX));
        for field in &mut sorted {
            if let Some(property) = position(field).and_then(|index| properties.get(index)) {
                Docs::ensure(&mut field.attrs, &field.vis, || {
                    property.description.clone()
                });
            }
        }
        fields.named = sorted.into_iter().collect();
    }
}

fn wire_name(field: &syn::Field) -> Option<String> {
    renamed(&field.attrs).or_else(|| field.ident.as_ref().map(ToString::to_string))
}

/// Replaces the derived `Debug` of types with secret fields by one that leaves them out, and that of types which are
/// secret as a whole.
pub(super) fn hide_secrets(
    items: &mut Vec<Item>,
    secrets: &BTreeMap<String, BTreeSet<String>>,
    texts: &BTreeSet<String>,
) {
    let mut added = Vec::new();
    for item in items.iter_mut() {
        let Item::Struct(item) = item else { continue };
        let name = item.ident.to_string();
        let whole = texts.contains(&name);
        let none = BTreeSet::new();
        let secret = match secrets.get(&name) {
            Some(secret) => secret,
            None if whole => &none,
            None => continue,
        };
        for attribute in item
            .attrs
            .iter_mut()
            .filter(|attribute| attribute.path().is_ident("derive"))
        {
            let derives = attribute
                .parse_args_with(Punctuated::<syn::Path, syn::Token![,]>::parse_terminated);
            if let Ok(derives) = derives {
                let kept = derives.iter().filter(|path| !path.is_ident("Debug"));
                *attribute = parse_quote!(#[derive(#(#kept),*)]);
            }
        }
        let (name, text) = (&item.ident, item.ident.to_string());
        let fields = item.fields.iter().filter_map(|field| {
            let ident = field.ident.as_ref()?;
            let label = ident.to_string();
            Some(
                if wire_name(field).is_some_and(|wire| secret.contains(&wire)) {
                    quote!(.field(#label, &format_args!("[secret]")))
                } else {
                    quote!(.field(#label, &self.#ident))
                },
            )
        });
        if whole {
            added.push(parse_quote! {
                impl ::std::fmt::Debug for #name {
                    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.debug_tuple(#text).field(&format_args!("[secret]")).finish()
                    }
                }
            });
            continue;
        }
        added.push(parse_quote! {
            impl ::std::fmt::Debug for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.debug_struct(#text)#(#fields)*.finish()
                }
            }
        });
    }
    items.append(&mut added);
}

/// Adds an attribute to each type for which `wanted` says so, by name.
pub(super) fn add_attribute(
    items: &mut [Item],
    attribute: &Attribute,
    wanted: impl Fn(&str) -> bool,
) {
    for item in items {
        let (name, attributes) = match item {
            Item::Struct(item) => (item.ident.to_string(), &mut item.attrs),
            Item::Enum(item) => (item.ident.to_string(), &mut item.attrs),
            _ => continue,
        };
        if wanted(&name) {
            attributes.push(attribute.clone());
        }
    }
}

/// Whether a word occurs in tokens; decides which imports are needed.
pub(super) fn mentions(tokens: &TokenStream, word: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(&group.stream(), word),
        _ => false,
    })
}

/// `use <path>::{...};` of those names that occur in tokens; nothing where none does.
pub(super) fn imports(path: &TokenStream, names: &[&str], tokens: &TokenStream) -> TokenStream {
    let used: Vec<syn::Ident> = names
        .iter()
        .filter(|name| mentions(tokens, name))
        .map(|name| syn::Ident::new(name, proc_macro2::Span::call_site()))
        .collect();
    if used.is_empty() {
        TokenStream::new()
    } else {
        quote!(use #path::{#(#used),*};)
    }
}

/// Tokens of items.
pub(super) fn tokens(items: &[Item]) -> TokenStream {
    items.iter().map(ToTokens::to_token_stream).collect()
}
