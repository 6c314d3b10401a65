//! Gives types a function `new` with the members that they need, so that the test of an application makes an answer without a
//! server. Knows no API.

use std::collections::BTreeSet;

use quote::{ToTokens as _, quote};
use syn::{Attribute, Field, Fields, Item, ItemStruct, Type, parse_quote};

/// Types that a function takes in any form.
const CONVERTED: [&str; 3] = [
    ":: std :: string :: String",
    "crate :: secret :: Secret",
    "crate :: vendor_time :: VendorTime",
];

/// Adds the functions: to the types of answers, which are `#[non_exhaustive]`, and to those that have members which may be
/// absent. A type with a default needs none.
pub(super) fn add(items: &mut Vec<Item>, answers: &BTreeSet<String>) {
    let added: Vec<Item> = items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) => constructor(item, answers.contains(&item.ident.to_string())),
            _ => None,
        })
        .collect();
    items.extend(added);
}

fn constructor(item: &ItemStruct, is_answer: bool) -> Option<Item> {
    let Fields::Named(fields) = &item.fields else {
        return None;
    };
    let (absent, needed): (Vec<&Field>, Vec<&Field>) =
        fields.named.iter().partition(|field| may_be_absent(field));
    if needed.is_empty() || (absent.is_empty() && !is_answer) {
        return None;
    }
    let name = &item.ident;
    let about = match (is_answer, absent.is_empty()) {
        (true, true) => "With these members: for the tests of an application.",
        (true, false) => {
            "With the members that are always there: for the tests of an application. The others are absent."
        }
        (false, _) => "With the members that it needs. The others are absent.",
    };
    let arguments = needed.iter().map(|field| {
        let (name, kind) = (&field.ident, &field.ty);
        if is_converted(kind) {
            quote!(#name: impl ::std::convert::Into<#kind>)
        } else {
            quote!(#name: #kind)
        }
    });
    let set = needed.iter().map(|field| {
        let name = &field.ident;
        if is_converted(&field.ty) {
            quote!(#name: #name.into())
        } else {
            quote!(#name)
        }
    });
    let absent = absent.iter().map(|field| &field.ident);
    Some(parse_quote! {
        impl #name {
            #[doc = #about]
            pub fn new(#(#arguments),*) -> Self {
                Self {
                    #(#set,)*
                    #(#absent: ::std::default::Default::default(),)*
                }
            }
        }
    })
}

fn is_converted(kind: &Type) -> bool {
    CONVERTED.contains(&kind.to_token_stream().to_string().as_str())
}

/// Whether an answer may come without a member.
fn may_be_absent(field: &Field) -> bool {
    let is_option = matches!(&field.ty, Type::Path(kind)
        if kind.path.segments.last().is_some_and(|last| last.ident == "Option"));
    is_option || field.attrs.iter().any(has_default)
}

/// `#[serde(default)]`, and `#[serde(flatten)]` of what is left over.
fn has_default(attribute: &Attribute) -> bool {
    attribute.path().is_ident("serde")
        && ["default", "flatten"]
            .iter()
            .any(|word| super::polish::mentions(&attribute.meta.to_token_stream(), word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_gets_a_function_with_the_members_that_it_needs() {
        let mut items: Vec<Item> = vec![
            parse_quote! {
                pub struct Answer {
                    pub state: State,
                    pub key: ::std::string::String,
                    #[serde(rename = "isDefault")]
                    pub token: crate::secret::Secret,
                    pub rules: ::std::option::Option<::std::vec::Vec<Rule>>,
                    #[serde(default, skip_serializing_if = "Vec::is_empty")]
                    pub more: ::std::vec::Vec<u8>,
                }
            },
            parse_quote!(
                pub struct Whole {
                    pub state: State,
                }
            ),
            parse_quote!(
                pub struct Request {
                    pub name: ::std::string::String,
                    pub at: Option<u8>,
                }
            ),
            // A literal is as short.
            parse_quote!(
                pub struct Needy {
                    pub name: ::std::string::String,
                }
            ),
            // A default is shorter.
            parse_quote!(
                pub struct Empty {
                    pub at: Option<u8>,
                }
            ),
            parse_quote!(
                pub struct Text(String);
            ),
            parse_quote!(
                pub enum State {
                    On,
                }
            ),
        ];
        let before = items.len();
        let answers = ["Answer", "Whole", "Empty", "Text"].map(str::to_owned);
        add(&mut items, &BTreeSet::from(answers));
        let added: Vec<String> = items[before..]
            .iter()
            .map(|item| item.to_token_stream().to_string())
            .collect();
        let expected: [Item; 3] = [
            parse_quote! {
                impl Answer {
                    #[doc = "With the members that are always there: for the tests of an application. The others are absent."]
                    pub fn new(
                        state: State,
                        key: impl ::std::convert::Into<::std::string::String>,
                        token: impl ::std::convert::Into<crate::secret::Secret>
                    ) -> Self {
                        Self {
                            state,
                            key: key.into(),
                            token: token.into(),
                            rules: ::std::default::Default::default(),
                            more: ::std::default::Default::default(),
                        }
                    }
                }
            },
            parse_quote! {
                impl Whole {
                    #[doc = "With these members: for the tests of an application."]
                    pub fn new(state: State) -> Self {
                        Self { state, }
                    }
                }
            },
            parse_quote! {
                impl Request {
                    #[doc = "With the members that it needs. The others are absent."]
                    pub fn new(name: impl ::std::convert::Into<::std::string::String>) -> Self {
                        Self { name: name.into(), at: ::std::default::Default::default(), }
                    }
                }
            },
        ];
        assert_eq!(
            added,
            expected.map(|item| item.to_token_stream().to_string())
        );
    }
}
