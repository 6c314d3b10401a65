//! Issuers of ID tokens in a seed. Knows no token.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::strict;
use super::super::word::{Vocabulary, Word};
use crate::domain::authsignal::id_token::{Issuer, Issuers};
use crate::domain::authsignal::vocabulary::IdTokenMethod;

/// An issuer whose ID tokens the tenant trusts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlantedIssuer {
    /// The method that its tokens stand for.
    pub verification_method: Word<IdTokenMethod>,
    /// Its name; `None` means the real one.
    pub issuer: Option<String>,
    /// Ids of the application there.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Its public keys, as JSON Web Keys.
    pub keys: Vec<Map<String, Value>>,
}

impl Vocabulary for IdTokenMethod {
    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

/// The issuers of a list.
///
/// # Errors
/// One of them cannot be; the text begins with its place.
pub(super) fn read(planted: &[PlantedIssuer]) -> Result<Issuers, String> {
    let read = planted.iter().map(|one| {
        let Word(method) = one.verification_method;
        let (name, audiences) = (one.issuer.clone(), one.audiences.clone());
        Issuer::read(method, name, audiences, one.keys.iter().cloned())
    });
    Issuers::new(read).map_err(|why| strict::in_list("idTokenIssuers", &why))
}
