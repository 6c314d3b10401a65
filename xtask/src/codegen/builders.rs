//! Takes the type builders out of what progenitor emits: a request builder takes its body as a value. Knows no API.
//!
//! typify writes a builder for every type, and progenitor has no setting against it. The builders are three quarters of
//! the types' text, and the types have public fields.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Fields, ImplItem, Item, Pat, Stmt, Type, parse_quote};

use super::polish;

/// Leaves the module of builders out of the text of typify's types, before it is parsed: it is most of that text.
pub(super) fn cut_from_types(types: TokenStream) -> TokenStream {
    edit_module(types, "builder", |_| None)
}

/// As [`cut_from_types`], for the text of a client with its types in a module.
pub(super) fn cut_from_client(client: TokenStream) -> TokenStream {
    edit_module(client, "types", |types| Some(cut_from_types(types)))
}

/// Changes what is in a module, or leaves the module out.
fn edit_module(
    tokens: TokenStream,
    name: &str,
    edit: impl Fn(TokenStream) -> Option<TokenStream>,
) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let is = |token: Option<&TokenTree>, word: &str| matches!(token, Some(TokenTree::Ident(ident)) if ident == word);
        let opens = |out: &[TokenTree]| {
            let mut last = out.iter().rev();
            is(last.next(), name) && is(last.next(), "mod")
        };
        match token {
            TokenTree::Group(group) if opens(&out) => match edit(group.stream()) {
                Some(inner) => out.push(Group::new(group.delimiter(), inner).into()),
                None => {
                    // `pub mod name` goes as well, and the docs before it.
                    out.truncate(out.len() - 2);
                    while is(out.last(), "pub")
                        || matches!(out.last(), Some(TokenTree::Group(of)) if of.delimiter() == Delimiter::Bracket)
                    {
                        out.pop();
                        if matches!(out.last(), Some(TokenTree::Punct(of)) if of.as_char() == '#') {
                            out.pop();
                        }
                    }
                }
            },
            token => out.push(token),
        }
    }
    out.into_iter().collect()
}

/// Leaves out the methods that would start a builder.
pub(super) fn leave_out(types: &mut Vec<Item>) {
    types.retain_mut(|item| match item {
        Item::Impl(item) if item.trait_.is_none() => {
            let before = item.items.len();
            item.items.retain(
                |item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "builder"),
            );
            !item.items.is_empty() || before == 0
        }
        _ => true,
    });
}

/// Names of the types that have a value by default: those with only optional members.
pub(super) fn defaults(types: &[Item]) -> BTreeSet<String> {
    let name = |item: &Item| match item {
        Item::Struct(item) => {
            let derives = |attribute: &syn::Attribute| {
                attribute.path().is_ident("derive")
                    && polish::mentions(&attribute.to_token_stream(), "Default")
            };
            item.attrs
                .iter()
                .any(derives)
                .then(|| item.ident.to_string())
        }
        _ => None,
    };
    types.iter().filter_map(name).collect()
}

/// Makes the request builders take their body as a value, and closes their constructors: only the client calls them.
///
/// Nothing of a request is printed: it has no `Debug`.
pub(super) fn plain_bodies(builders: &mut [Item], defaults: &BTreeSet<String>) {
    let mut bodies = BTreeMap::new();
    for item in builders.iter_mut() {
        let Item::Struct(item) = item else { continue };
        // Ids and headers can be credentials, and plain text has no `Debug` that hides it.
        item.attrs
            .retain(|attribute| !attribute.path().is_ident("derive"));
        item.attrs.push(parse_quote!(#[derive(Clone)]));
        let Fields::Named(fields) = &mut item.fields else {
            continue;
        };
        for field in &mut fields.named {
            if let Some(body) = built(&field.ty) {
                field.ty = parse_quote!(Result<types::#body, String>);
                bodies.insert(item.ident.to_string(), body);
            }
        }
    }
    for item in builders.iter_mut() {
        let Item::Impl(item) = item else { continue };
        let Type::Path(of) = &*item.self_ty else {
            continue;
        };
        let Some(of) = of.path.segments.last().map(|last| last.ident.to_string()) else {
            continue;
        };
        let body = bodies.get(&of);
        item.items.retain(
            |item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "body_map"),
        );
        for item in &mut item.items {
            let ImplItem::Fn(function) = item else {
                continue;
            };
            match (function.sig.ident.to_string().as_str(), body) {
                ("new", body) => {
                    function.vis = parse_quote!(pub(super));
                    if let Some(body) = body
                        && !defaults.contains(&body.to_string())
                    {
                        without_body(function);
                    }
                }
                ("body", Some(body)) => {
                    *function = parse_quote! {
                        pub fn body(mut self, value: types::#body) -> Self {
                            self.body = Ok(value);
                            self
                        }
                    };
                }
                ("send", Some(_)) => {
                    for statement in &mut function.block.stmts {
                        if let Stmt::Local(local) = statement
                            && matches!(&local.pat, Pat::Ident(name) if name.ident == "body")
                        {
                            *statement =
                                parse_quote!(let body = body.map_err(Error::InvalidRequest)?;);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a type builder is left in what the request builders became: a new release of progenitor writes them in a new
/// form.
pub(super) fn is_left(builders: &TokenStream) -> bool {
    polish::mentions(builders, "builder")
}

/// The type that a builder field builds: `Result<types::builder::X, String>`.
fn built(field: &Type) -> Option<syn::Ident> {
    let Type::Path(result) = field else {
        return None;
    };
    let syn::PathArguments::AngleBracketed(of) = &result.path.segments.last()?.arguments else {
        return None;
    };
    let Some(syn::GenericArgument::Type(Type::Path(of))) = of.args.first() else {
        return None;
    };
    let segments: Vec<&syn::Ident> = of.path.segments.iter().map(|part| &part.ident).collect();
    match segments.as_slice() {
        [types, builder, name] if *types == "types" && *builder == "builder" => {
            Some((*name).clone())
        }
        _ => None,
    }
}

/// Makes a body that cannot be empty an error until it is set.
fn without_body(new: &mut syn::ImplItemFn) {
    for statement in &mut new.block.stmts {
        if let Stmt::Expr(syn::Expr::Struct(fields), _) = statement {
            for field in &mut fields.fields {
                if matches!(&field.member, syn::Member::Named(name) if name == "body") {
                    field.expr = parse_quote!(Err("body was not initialized".to_string()));
                }
            }
        }
    }
}
