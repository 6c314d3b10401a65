//! Reads the source of a crate as a tree of public modules: what each exports, and the methods of its types. Knows no API.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Attribute, File, ImplItem, ImplItemFn, Item, ItemImpl, ItemStruct, Meta, Type, UseTree,
    Visibility,
};

use super::docs::Mirrors;

/// A public module, with the private ones in it.
#[derive(Default)]
pub(super) struct Module {
    /// `authsignal`, `session_token`.
    pub(super) path: Vec<String>,
    /// The features without which it is not there.
    pub(super) features: Vec<String>,
    /// The public names.
    exports: BTreeSet<String>,
    pub(super) files: Vec<Source>,
}

/// A file of a module.
pub(super) struct Source {
    /// The path of its own module.
    path: Vec<String>,
    uses: BTreeMap<String, Vec<String>>,
    items: Vec<Item>,
}

/// The macros of a crate that write methods, by name.
pub(super) type Macros = BTreeMap<String, TokenStream>;

/// Reads the public modules of the crate whose source is in `folder`, except the one named `except`.
pub(super) fn modules(folder: &Path, except: &str) -> Result<(Vec<Module>, Macros)> {
    let mut reader = Reader {
        except,
        modules: Vec::new(),
        macros: Macros::new(),
    };
    let mut root = Module::default();
    reader.file(&folder.join("lib.rs"), folder, &[], &mut root)?;
    Ok((reader.modules, reader.macros))
}

struct Reader<'a> {
    except: &'a str,
    modules: Vec<Module>,
    macros: Macros,
}

impl Reader<'_> {
    /// Reads a file into its public module, and the modules that it declares, whose files are in `folder`.
    fn file(
        &mut self,
        file: &Path,
        folder: &Path,
        path: &[String],
        module: &mut Module,
    ) -> Result<()> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let File { items, .. } =
            syn::parse_file(&text).with_context(|| file.display().to_string())?;
        let mut source = Source {
            path: path.to_vec(),
            uses: BTreeMap::new(),
            items: Vec::new(),
        };
        let is_top = module.path == path;
        for item in items {
            if is_for_tests(attributes(&item)) {
                continue;
            }
            match &item {
                Item::Mod(item) if item.content.is_none() => {
                    let name = item.ident.to_string();
                    // Generated code has no clients of ours.
                    if name == self.except || name == "generated" {
                        continue;
                    }
                    let (file, below) = found(folder, &name)
                        .with_context(|| format!("{}: no module {name}", file.display()))?;
                    let mut path = path.to_vec();
                    path.push(name);
                    if matches!(item.vis, Visibility::Public(_)) {
                        let mut features = module.features.clone();
                        features.extend(features_of(&item.attrs)?);
                        let mut inner = Module {
                            path: path.clone(),
                            features,
                            ..Module::default()
                        };
                        self.file(&file, &below, &path, &mut inner)?;
                        self.modules.push(inner);
                    } else {
                        self.file(&file, &below, &path, module)?;
                    }
                    continue;
                }
                Item::Use(item) => {
                    let mut leaves = Vec::new();
                    flatten(&item.tree, &mut Vec::new(), &mut leaves);
                    for (name, path) in leaves {
                        if is_top && matches!(item.vis, Visibility::Public(_)) {
                            module.exports.insert(name.clone());
                        }
                        source.uses.insert(name, path);
                    }
                }
                Item::Macro(item) => {
                    if let Some(name) = &item.ident {
                        let body = body_of_macro(item.mac.tokens.clone());
                        self.macros.insert(name.to_string(), body);
                    }
                }
                Item::Struct(syn::ItemStruct { ident, vis, .. })
                | Item::Enum(syn::ItemEnum { ident, vis, .. })
                | Item::Const(syn::ItemConst { ident, vis, .. })
                    if is_top && matches!(vis, Visibility::Public(_)) =>
                {
                    module.exports.insert(ident.to_string());
                }
                _ => {}
            }
            source.items.push(item);
        }
        module.files.push(source);
        Ok(())
    }
}

/// The file of a module, and where those of its own modules are.
fn found(folder: &Path, name: &str) -> Option<(std::path::PathBuf, std::path::PathBuf)> {
    let below = folder.join(name);
    [folder.join(format!("{name}.rs")), below.join("mod.rs")]
        .into_iter()
        .find(|file| file.is_file())
        .map(|file| (file, below))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        _ => &[],
    }
}

pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        matches!(&attribute.meta, Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string() == "test")
    })
}

/// `#[cfg(feature = "...")]`.
fn features_of(attributes: &[Attribute]) -> Result<Vec<String>> {
    let mut features = Vec::new();
    for attribute in attributes.iter().filter(|one| one.path().is_ident("cfg")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("feature") {
                return Err(meta.error("a public module depends on features alone"));
            }
            features.push(meta.value()?.parse::<syn::LitStr>()?.value());
            Ok(())
        })?;
    }
    Ok(features)
}

fn flatten(tree: &UseTree, path: &mut Vec<String>, leaves: &mut Vec<(String, Vec<String>)>) {
    let leaf = |path: &[String], name: &Ident| {
        let mut path = path.to_vec();
        if name != "self" {
            path.push(name.to_string());
        }
        path
    };
    match tree {
        UseTree::Path(part) => {
            path.push(part.ident.to_string());
            flatten(&part.tree, path, leaves);
            path.pop();
        }
        UseTree::Name(name) => {
            let path = leaf(path, &name.ident);
            if let Some(last) = path.last().cloned() {
                leaves.push((last, path));
            }
        }
        UseTree::Rename(rename) => {
            leaves.push((rename.rename.to_string(), leaf(path, &rename.ident)));
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, path, leaves);
            }
        }
        _ => {}
    }
}

/// The text of a macro's first rule, without its dollar signs: `$crate` becomes `crate`.
fn body_of_macro(tokens: TokenStream) -> TokenStream {
    let mut groups = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    });
    groups.nth(1).map(without_dollars).unwrap_or_default()
}

fn without_dollars(tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .filter(|token| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == '$'))
        .map(|token| match token {
            TokenTree::Group(group) => {
                let inner = without_dollars(group.stream());
                TokenTree::Group(Group::new(group.delimiter(), inner))
            }
            token => token,
        })
        .collect()
}

/// A public type of a module.
pub(super) struct Subject<'a> {
    pub(super) declaration: &'a ItemStruct,
    /// The traits that it implements, by their last name.
    pub(super) traits: BTreeSet<String>,
    /// Its public methods, and the file of each.
    pub(super) methods: Vec<(&'a Source, ImplItemFn)>,
    /// Why some of its methods cannot be read.
    pub(super) unread: Option<anyhow::Error>,
}

impl Source {
    /// The path of the module around the file's own.
    pub(super) fn parent(&self) -> &[String] {
        self.path.split_last().map_or(&[], |(_, above)| above)
    }
}

impl Module {
    /// The public types with methods, by name.
    pub(super) fn subjects(&self, macros: &Macros) -> BTreeMap<String, Subject<'_>> {
        let mut subjects = BTreeMap::new();
        for item in self.files.iter().flat_map(|file| &file.items) {
            if let Item::Struct(item) = item
                && self.exports.contains(&item.ident.to_string())
            {
                let subject = Subject {
                    declaration: item,
                    traits: derived(&item.attrs),
                    methods: Vec::new(),
                    unread: None,
                };
                subjects.insert(item.ident.to_string(), subject);
            }
        }
        for file in &self.files {
            for item in &file.items {
                let Item::Impl(item) = item else { continue };
                let Some(subject) = name_of(&item.self_ty).and_then(|name| subjects.get_mut(&name))
                else {
                    continue;
                };
                match &item.trait_ {
                    Some((path, _)) => {
                        let last = path.segments.last();
                        subject
                            .traits
                            .extend(last.map(|last| last.ident.to_string()));
                    }
                    None => {
                        let mut found = Vec::new();
                        if let Err(error) = methods(item, macros, &mut found) {
                            subject.unread = Some(error);
                        }
                        let found = found.into_iter().map(|method| (file, method));
                        subject.methods.extend(found);
                    }
                }
            }
        }
        subjects
    }

    /// The mirrors of the modules around this one that a file of it imports, with their paths. Modules elsewhere, such as
    /// those for web frameworks, take the clients with async.
    pub(super) fn foreign(&self, mirrors: &Mirrors) -> BTreeMap<String, String> {
        let above = self.path.split_last().map(|(_, above)| above.join("::"));
        let (Some(above), mut foreign) = (above, BTreeMap::new()) else {
            return BTreeMap::new();
        };
        for file in &self.files {
            for name in file.uses.keys() {
                let path = self.resolve(file, name);
                let of = path.as_deref().and_then(|path| {
                    path.strip_prefix("crate::")?
                        .strip_prefix(&*above)?
                        .strip_prefix("::")
                });
                if let Some(of) = of
                    && mirrors.get(&above).is_some_and(|all| all.contains(of))
                {
                    foreign.insert(name.clone(), format!("crate::blocking::{above}::{of}"));
                }
            }
        }
        foreign
    }

    /// The full path of a name in one of this module's files; nothing for one that every file knows.
    pub(super) fn resolve(&self, file: &Source, name: &str) -> Option<String> {
        let own = |name: &str| {
            let path = self.path.join("::");
            format!("crate::{path}::{name}")
        };
        if self.exports.contains(name) {
            return Some(own(name));
        }
        let mut path = file.uses.get(name)?.clone();
        let mut base = file.path.clone();
        while let Some(first) = path.first().cloned() {
            match first.as_str() {
                "super" => {
                    base.pop();
                }
                "self" => {}
                "crate" => return Some(path.join("::")),
                _ => break,
            }
            path.remove(0);
            if path.first().is_none_or(|next| next != "super") {
                let mut full = base.clone();
                full.append(&mut path);
                // What a parent imports for itself, its children take from it.
                return match full.strip_prefix(self.path.as_slice()) {
                    Some([alone]) if !self.exports.contains(alone) => {
                        let top = self.files.iter().find(|top| top.path == self.path)?;
                        self.resolve(top, alone)
                    }
                    _ => Some(format!("crate::{}", full.join("::"))),
                };
            }
        }
        match path.first() {
            Some(first) if self.exports.contains(first) => Some(own(&path.join("::"))),
            _ => Some(path.join("::")),
        }
    }
}

fn derived(attributes: &[Attribute]) -> BTreeSet<String> {
    let mut traits = BTreeSet::new();
    for attribute in attributes
        .iter()
        .filter(|one| one.path().is_ident("derive"))
    {
        // An attribute that cannot be read does not compile.
        let _ = attribute.parse_nested_meta(|meta| {
            traits.extend(meta.path.get_ident().map(ToString::to_string));
            Ok(())
        });
    }
    traits
}

/// The last name of a type's path.
pub(super) fn name_of(kind: &Type) -> Option<String> {
    match kind {
        Type::Path(kind) => Some(kind.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// Adds the public methods of an `impl`.
fn methods(item: &ItemImpl, macros: &Macros, found: &mut Vec<ImplItemFn>) -> Result<()> {
    for item in &item.items {
        match item {
            ImplItem::Fn(method)
                if matches!(method.vis, Visibility::Public(_)) && !is_for_tests(&method.attrs) =>
            {
                found.push(method.clone());
            }
            ImplItem::Macro(call) => {
                let name = call
                    .mac
                    .path
                    .segments
                    .last()
                    .map(|last| last.ident.to_string());
                let name = name.unwrap_or_default();
                let Some(body) = macros.get(&name) else {
                    bail!("no macro {name}! in the source writes methods");
                };
                let written: ItemImpl = syn::parse2(quote!(impl Subject { #body }))
                    .with_context(|| format!("the macro {name}! writes no methods"))?;
                methods(&written, macros, found)?;
            }
            _ => {}
        }
    }
    Ok(())
}
