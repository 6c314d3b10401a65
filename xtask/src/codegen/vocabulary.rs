//! Emits the client's string enums. They are open: a value the vendor adds later is kept, where typify's enums would
//! refuse the whole answer.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::polish;
use crate::model::{Api, Vocabulary};
use crate::names;
use crate::spec::Spec;

/// The file `vocabulary.rs`.
pub(super) fn emit(spec: &Spec, api: &Api) -> TokenStream {
    let about = format!(
        " The words of {}. Each type keeps values that it does not know.",
        api.title
    );
    let own = |item: &&Vocabulary| !spec.shared.contains_key(&item.name);
    let types = api.vocabularies.iter().filter(own).map(open_enum);
    let shared = super::reuse(spec, "vocabulary");
    quote! {
        #![doc = #about]
        #shared
        #(#types)*
    }
}

fn open_enum(vocabulary: &Vocabulary) -> TokenStream {
    let name = format_ident!("{}", names::pascal(&vocabulary.name));
    let docs = polish::doc(&vocabulary.description);
    let values = &vocabulary.values;
    let variants: Vec<_> = values
        .iter()
        .map(|value| format_ident!("{}", names::pascal(value)))
        .collect();
    let variant_docs = values.iter().map(|value| format!(" `{value}`."));
    quote! {
        #(#docs)*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum #name {
            #(
                #[doc = #variant_docs]
                #variants,
            )*
            /// A value that this version does not know, as it was sent.
            Unknown(String),
        }

        impl #name {
            /// The values that this version knows.
            pub const KNOWN: &'static [Self] = &[#(Self::#variants),*];

            /// The value on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #values,)*
                    Self::Unknown(value) => value,
                }
            }
        }

        impl ::std::convert::From<&str> for #name {
            fn from(value: &str) -> Self {
                match value {
                    #(#values => Self::#variants,)*
                    value => Self::Unknown(value.to_owned()),
                }
            }
        }

        impl ::std::convert::From<String> for #name {
            fn from(value: String) -> Self {
                match value.as_str() {
                    #(#values => Self::#variants,)*
                    _ => Self::Unknown(value),
                }
            }
        }

        impl ::std::str::FromStr for #name {
            type Err = ::std::convert::Infallible;

            fn from_str(value: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(value))
            }
        }

        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for #name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    }
}
