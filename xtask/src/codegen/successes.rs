//! Emits, for each operation whose success has several forms, an enum that is decoded by status. progenitor has one
//! success type per operation, so it is given "any JSON" (see `lower`); this is where the type comes back.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::polish;
use crate::model::{Api, Operation};
use crate::names;

/// The file `successes.rs`.
pub(super) fn emit(api: &Api) -> TokenStream {
    let about = format!(
        " Successes of {} that have several forms. The status says which.",
        api.title
    );
    let enums = api
        .operations
        .iter()
        .filter(|operation| operation.has_several_successes())
        .map(success);
    quote! {
        #![doc = #about]
        use super::types;

        /// A success that is not what the spec says. Holds no part of the body.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum DecodeError {
            /// The spec has no such status for the operation.
            Status {
                /// The status.
                status: u16,
            },
            /// The body has not the form that belongs to its status.
            Body {
                /// The status.
                status: u16,
                /// Name of the schema that belongs to it.
                schema: &'static str,
                /// Where the body differs from it, like `users.created[0]`; `.` is the whole body.
                path: String,
            },
        }

        impl ::std::fmt::Display for DecodeError {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    Self::Status { status } => write!(f, "the status {status} is none of this operation's successes"),
                    Self::Body { status, schema, path } => {
                        write!(f, "the body of a {status} answer is not a `{schema}`: it differs at `{path}`")
                    }
                }
            }
        }

        impl ::std::error::Error for DecodeError {}

        fn decode<T: ::serde::de::DeserializeOwned>(
            status: u16,
            schema: &'static str,
            body: ::serde_json::Value,
        ) -> Result<T, DecodeError> {
            // serde's message quotes the offending value, so only the path is kept.
            ::serde_path_to_error::deserialize(body).map_err(|error| DecodeError::Body {
                status,
                schema,
                path: crate::json::place(error.path()),
            })
        }

        #(#enums)*
    }
}

fn success(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}Success", names::pascal(&operation.id));
    let method = names::snake(&operation.id);
    let docs = polish::doc(&format!(
        "What [`{method}`](super::Client::{method}) answers when it succeeds; `{name}::decode` makes it of the answer."
    ));
    let mut variants = TokenStream::new();
    let mut arms = TokenStream::new();
    for response in operation.successes() {
        let status = response.status;
        let variant = format_ident!("{}", names::status(status).unwrap_or("Other"));
        // The lint lets no answer without a body stand beside one with a body.
        let Some(schema) = &response.schema else {
            continue;
        };
        let schema = names::pascal(schema);
        let body = format_ident!("{schema}");
        let docs = polish::doc(&format!("`{status}`: {}", response.description));
        variants.extend(quote!(#(#docs)* #variant(types::#body),));
        arms.extend(quote!(#status => Ok(Self::#variant(decode(status, #schema, body)?)),));
    }
    quote! {
        #(#docs)*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #name { #variants }

        impl #name {
            /// Decodes a body as the type that belongs to its status.
            ///
            /// # Errors
            ///
            /// A status that the spec does not list, or a body that has not the form that belongs to it.
            pub fn decode(status: u16, body: ::serde_json::Value) -> Result<Self, DecodeError> {
                match status {
                    #arms
                    status => Err(DecodeError::Status { status }),
                }
            }
        }
    }
}
