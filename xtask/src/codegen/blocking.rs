//! Writes the blocking mirror of each client: a type of the same name with the same methods, each of which waits for its call.
//! What is written follows from the source of the client alone, so the two cannot drift apart. Knows no API.

mod docs;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, FnArg, GenericArgument, Ident, ImplItemFn, Pat, PatType, PathArguments,
    ReceiverKind, ReturnType, Signature, Type, TypeParamBound, parse_quote,
};

use self::docs::Mirrors;
use self::source::{Module, Source, Subject, name_of};
use super::{Output, polish};
use crate::public_api::PACKAGE;

/// The folder of the generated files.
pub(super) const FOLDER: &str = "client/src/blocking/generated";

/// The source that they are made of.
const SOURCE: &str = "client/src";

/// Adds the mirrors of all clients. A tree without a client has none.
pub(super) fn emit(root: &Path, output: &mut Output) -> Result<()> {
    let folder = root.join(SOURCE);
    if folder.join("lib.rs").is_file() {
        let krate = PACKAGE.replace('-', "_");
        emit_from(&folder, &krate, output)?;
    }
    Ok(())
}

fn emit_from(folder: &Path, krate: &str, output: &mut Output) -> Result<()> {
    let (modules, macros) = source::modules(folder, "blocking")?;
    let mut read: Vec<_> = modules
        .iter()
        .map(|module| (module, module.subjects(&macros), BTreeSet::new()))
        .collect();
    let mut mirrors_of = Mirrors::new();
    loop {
        for (module, subjects, mirrors) in &mut read {
            *mirrors = mirrors_among(subjects, &module.foreign(&mirrors_of));
        }
        let found: Mirrors = read
            .iter()
            .map(|(module, _, mirrors)| (module.path.join("::"), mirrors.clone()))
            .collect();
        if found == mirrors_of {
            break;
        }
        mirrors_of = found;
    }
    read.retain(|(_, _, mirrors)| !mirrors.is_empty());
    let mut index = TokenStream::new();
    for (module, subjects, mirrors) in &read {
        let name = module.path.join("_");
        let stem = format_ident!("{name}");
        let features = match module.features.as_slice() {
            [feature] => quote!(feature = #feature),
            features => quote!(all(#(feature = #features),*)),
        };
        let docs = polish::doc(&format!(
            "Blocking mirrors of the types in `{}`.",
            module.path.join("::")
        ));
        index.extend(quote!(#(#docs)* #[cfg(#features)] pub(crate) mod #stem;));
        let writer = Writer {
            krate,
            module,
            mirrors,
            foreign: module.foreign(&mirrors_of),
            mirrors_of: &mirrors_of,
        };
        let file = writer.file(subjects)?;
        let path = format!("{FOLDER}/{name}.rs");
        output.format(&path, &format!("{SOURCE}/"), file, Vec::new())?;
    }
    let index = quote! {
        //! What `cargo xtask codegen` makes of the clients: a blocking mirror of each.
        #index
    };
    let path = format!("{FOLDER}/mod.rs");
    output.format(&path, &format!("{SOURCE}/"), index, Vec::new())
}

/// The types that need a mirror: those with calls, and those that make or take another mirror, perhaps of another module.
fn mirrors_among(
    subjects: &BTreeMap<String, Subject<'_>>,
    foreign: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let mut mirrors = BTreeSet::<String>::new();
    loop {
        let needs_one = |(name, subject): &(&String, &Subject<'_>)| {
            !mirrors.contains(*name)
                && subject.methods.iter().any(|(_, method)| {
                    let signature = &method.sig;
                    signature.asyncness.is_some()
                        || mirrors
                            .iter()
                            .chain(foreign.keys())
                            .any(|mirror| polish::mentions(&signature.to_token_stream(), mirror))
                })
        };
        let more: Vec<String> = subjects
            .iter()
            .filter(needs_one)
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return mirrors;
        }
        mirrors.extend(more);
    }
}

struct Writer<'a> {
    /// The name of the crate in examples.
    krate: &'a str,
    module: &'a Module,
    /// Those of this module.
    mirrors: &'a BTreeSet<String>,
    /// Those of other modules that this one imports, with their paths.
    foreign: BTreeMap<String, String>,
    mirrors_of: &'a Mirrors,
}

/// What a file imports: for its code, and for its docs alone.
#[derive(Default)]
struct Imports {
    code: BTreeMap<String, String>,
    docs: BTreeMap<String, String>,
}

impl Writer<'_> {
    fn file(&self, subjects: &BTreeMap<String, Subject<'_>>) -> Result<TokenStream> {
        let mut imports = Imports::default();
        let mut types = TokenStream::new();
        for name in self.mirrors {
            let subject = subjects.get(name).context("a mirror has a subject")?;
            types.extend(
                self.mirror(name, subject, subjects, &mut imports)
                    .with_context(|| format!("the blocking mirror of {name}"))?,
            );
        }
        let Imports { code, mut docs } = imports;
        docs.retain(|name, _| !code.contains_key(name));
        let import = |(path, name): (String, String)| -> Result<TokenStream> {
            let renamed = path.rsplit("::").next() != Some(name.as_str());
            let name = format_ident!("{name}");
            let path: syn::Path = syn::parse_str(&path)?;
            Ok(if renamed {
                quote!(use #path as #name;)
            } else {
                quote!(use #path;)
            })
        };
        let by_path = |names: BTreeMap<String, String>| -> BTreeMap<String, String> {
            names.into_iter().map(|(name, path)| (path, name)).collect()
        };
        let code = by_path(code).into_iter().map(import);
        let code = code.collect::<Result<Vec<_>>>()?;
        let docs = by_path(docs).into_iter().map(import);
        let docs = docs.collect::<Result<Vec<_>>>()?;
        let about = format!(
            " Blocking mirrors of the types in `{}`.",
            self.module.path.join("::")
        );
        Ok(quote! {
            #![doc = #about]
            #(#code)*
            #(#[cfg(doc)] #docs)*
            #types
        })
    }

    /// The path of a type that has a mirror.
    fn original(&self, name: &str) -> Result<syn::Path> {
        let module = self.module.path.join("::");
        Ok(syn::parse_str(&format!("crate::{module}::{name}"))?)
    }

    fn mirror(
        &self,
        name: &str,
        subject: &Subject<'_>,
        subjects: &BTreeMap<String, Subject<'_>>,
        imports: &mut Imports,
    ) -> Result<TokenStream> {
        if let Some(error) = &subject.unread {
            bail!("{error:#}");
        }
        let ident = format_ident!("{name}");
        let original = self.original(name)?;
        let generics = &subject.declaration.generics;
        ensure!(
            generics
                .params
                .iter()
                .all(|one| matches!(one, syn::GenericParam::Lifetime(_))),
            "it has parameters that are not lifetimes"
        );
        let anonymous = if generics.params.is_empty() {
            quote!()
        } else {
            quote!(<'_>)
        };
        let is_caller = subject
            .methods
            .iter()
            .any(|(_, method)| method.sig.asyncness.is_some());
        let module = self.module.path.join("::");
        let about = if is_caller {
            format!(
                "[`{name}`](crate::{module}::{name}) for code without async: each call returns when it is over.\n\n\
                 # Panics\n\nCalls panic in async code; [the module](crate::blocking) says what to do there."
            )
        } else {
            format!("[`{name}`](crate::{module}::{name}) for the blocking clients.")
        };
        let about = polish::doc(&about);
        let derives: Vec<Ident> = ["Clone", "PartialEq", "Eq"]
            .into_iter()
            .filter(|one| subject.traits.contains(*one))
            .map(|one| format_ident!("{one}"))
            .collect();
        let derives = (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]));
        let kept = subject.declaration.attrs.iter().filter(|attribute| {
            ["must_use"]
                .iter()
                .any(|one| attribute.path().is_ident(one))
        });
        let mut methods = TokenStream::new();
        for (file, method) in &subject.methods {
            methods.extend(
                self.method(file, &original, method, subjects, imports)
                    .with_context(|| format!("the method {}", method.sig.ident))?,
            );
        }
        Ok(quote! {
            #(#about)*
            #derives
            #(#kept)*
            pub struct #ident #generics {
                pub(crate) inner: #original #generics,
            }

            impl ::std::fmt::Debug for #ident #anonymous {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    self.inner.fmt(f)
                }
            }

            impl #ident #anonymous {
                #methods
            }
        })
    }

    fn method(
        &self,
        file: &Source,
        original: &syn::Path,
        method: &ImplItemFn,
        subjects: &BTreeMap<String, Subject<'_>>,
        imports: &mut Imports,
    ) -> Result<TokenStream> {
        let signature = &method.sig;
        let answer = match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, kind) => Some(&**kind),
        };
        let is_stream = answer
            .and_then(name_of)
            .and_then(|name| subjects.get(&name))
            .is_some_and(|subject| subject.traits.contains("Stream"));
        // Code without async has no use for either.
        if is_stream || is_raw(&signature.output) {
            return Ok(TokenStream::new());
        }
        let mut mirror: Signature = signature.clone();
        mirror.asyncness = None;
        WithoutFutures.visit_signature_mut(&mut mirror);
        let mut arguments = Vec::new();
        let mut call = quote!(#original::);
        for argument in &mut mirror.inputs {
            match argument {
                FnArg::Receiver(receiver) => {
                    if matches!(receiver.kind, ReceiverKind::Value) {
                        receiver.mutability = None;
                    }
                    call = quote!(self.inner.);
                }
                FnArg::Typed(PatType { pat, ty, .. }) => {
                    let Pat::Ident(name) = &mut **pat else {
                        bail!("an argument without a name");
                    };
                    name.mutability = None;
                    arguments.push(self.passed(&name.ident, ty)?);
                }
            }
        }
        let name = &signature.ident;
        let takes_futures = polish::mentions(&signature.to_token_stream(), "AsyncFnOnce");
        let body = if takes_futures {
            // The closure's calls wait each by itself, so the method cannot wait for the closure.
            quote! {
                let (inner, capture) = self.inner.captured();
                capture.reply(call(Self { inner })?)
            }
        } else {
            let made = quote!(#call #name(#(#arguments),*));
            let made = if signature.asyncness.is_some() {
                quote!(crate::blocking::runtime::wait(#made))
            } else {
                made
            };
            self.answered(made, answer)?
        };
        self.import(file, &mirror, imports)?;
        let docs = self.docs(file, &method.attrs, imports)?;
        let kept = method
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("must_use"));
        let tracked = signature
            .asyncness
            .is_some()
            .then(|| quote!(#[track_caller]));
        Ok(quote!(#(#docs)* #(#kept)* #tracked pub #mirror { #body }))
    }

    /// An argument as the original takes it.
    fn passed(&self, name: &Ident, kind: &Type) -> Result<TokenStream> {
        match kind {
            Type::Reference(to) if self.is_mirror(&to.elem) => Ok(quote!(&#name.inner)),
            kind if self.is_mirror(kind) => Ok(quote!(#name.inner)),
            kind if self.mentions_mirror(kind) => bail!("`{name}` has a mirror within its type"),
            _ => Ok(quote!(#name)),
        }
    }

    /// What the original returned, as the mirror returns it.
    fn answered(&self, made: TokenStream, answer: Option<&Type>) -> Result<TokenStream> {
        let Some(kind) = answer else { return Ok(made) };
        if let Some(name) = self.mirror_of(kind) {
            return Ok(quote!(#name { inner: #made }));
        }
        if name_of(kind).as_deref() == Some("Result")
            && let Some(success) = success(kind)
        {
            if let Some(name) = self.mirror_of(success) {
                return Ok(quote!(#made.map(|inner| #name { inner })));
            }
            ensure!(
                !self.mentions_mirror(success),
                "it returns a mirror within its type"
            );
            return Ok(made);
        }
        ensure!(
            !self.mentions_mirror(kind),
            "it returns a mirror within its type"
        );
        Ok(made)
    }

    fn has_mirror(&self, name: &str) -> bool {
        self.mirrors.contains(name) || self.foreign.contains_key(name)
    }

    fn is_mirror(&self, kind: &Type) -> bool {
        name_of(kind).is_some_and(|name| self.has_mirror(&name))
    }

    fn mirror_of(&self, kind: &Type) -> Option<Ident> {
        let name = name_of(kind)?;
        (name == "Self" || self.has_mirror(&name)).then(|| format_ident!("{name}"))
    }

    fn mentions_mirror(&self, kind: &Type) -> bool {
        let tokens = kind.to_token_stream();
        let mut known = self.mirrors.iter().chain(self.foreign.keys());
        known.any(|mirror| polish::mentions(&tokens, mirror))
    }

    fn import(&self, file: &Source, signature: &Signature, imports: &mut Imports) -> Result<()> {
        let mut names = BTreeSet::new();
        first_names(&signature.to_token_stream(), &mut names);
        for name in names {
            if self.mirrors.contains(&name) {
                continue;
            }
            let foreign = self.foreign.get(&name).cloned();
            if let Some(path) = foreign.or_else(|| self.module.resolve(file, &name)) {
                keep(&mut imports.code, name, path)?;
            }
        }
        Ok(())
    }

    fn docs(
        &self,
        file: &Source,
        attributes: &[Attribute],
        imports: &mut Imports,
    ) -> Result<Vec<Attribute>> {
        let lines: Vec<String> = attributes.iter().filter_map(polish::doc_text).collect();
        let text = lines
            .iter()
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        let text = docs::blocking(&text, self.krate, self.mirrors_of)?;
        let above = file.parent().join("::");
        let text = text.replace("](super::", &format!("](crate::{above}::"));
        let module = self.module.path.join("::");
        let text = self.mirrors.iter().fold(text, |text, mirror| {
            let target = format!("](crate::{module}::{mirror}");
            text.replace(&target, &format!("](crate::blocking::{module}::{mirror}"))
        });
        for name in docs::linked(&text) {
            if self.mirrors.contains(&name) {
                continue;
            }
            let foreign = self.foreign.get(&name).cloned();
            if let Some(path) = foreign.or_else(|| self.module.resolve(file, &name)) {
                keep(&mut imports.docs, name, path)?;
            }
        }
        Ok(polish::doc(&text))
    }
}

fn keep(imports: &mut BTreeMap<String, String>, name: String, path: String) -> Result<()> {
    match imports.get(&name) {
        Some(other) if *other != path => bail!("`{name}` is {other} and {path}"),
        _ => {
            imports.insert(name, path);
            Ok(())
        }
    }
}

/// Whether a method returns a generated client.
fn is_raw(output: &ReturnType) -> bool {
    let ReturnType::Type(_, kind) = output else {
        return false;
    };
    let kind = match &**kind {
        Type::Reference(to) => &*to.elem,
        kind => kind,
    };
    kind.to_token_stream().to_string() == "raw :: Client"
}

/// The first argument of a type: the success of a result.
fn success(kind: &Type) -> Option<&Type> {
    let Type::Path(kind) = kind else { return None };
    let PathArguments::AngleBracketed(arguments) = &kind.path.segments.last()?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    }
}

/// Names that begin a path: those that do not follow `::`.
fn first_names(tokens: &TokenStream, names: &mut BTreeSet<String>) {
    let mut colons = 0;
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(ident) => {
                if colons < 2 {
                    names.insert(ident.to_string());
                }
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                first_names(&group.stream(), names);
                colons = 0;
            }
            _ => colons = 0,
        }
    }
}

/// A closure that makes calls becomes one that waits for them.
struct WithoutFutures;

impl VisitMut for WithoutFutures {
    fn visit_type_param_bound_mut(&mut self, bound: &mut TypeParamBound) {
        if let TypeParamBound::Trait(one) = bound
            && let Some(last) = one.path.segments.last_mut()
            && last.ident == "AsyncFnOnce"
        {
            last.ident = parse_quote!(FnOnce);
        }
        visit_mut::visit_type_param_bound_mut(self, bound);
    }
}

#[cfg(test)]
mod tests;
