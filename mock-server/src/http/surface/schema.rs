//! Whether a body is valid, by the schemas of a spec. Knows no request.

use std::fmt;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::fault;
use super::rejection::Rejection;

/// Schema of a JSON body; its validator is compiled when it is first used.
pub struct Schema {
    document: &'static str,
    name: &'static str,
    validator: OnceLock<jsonschema::Validator>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Schema {
    /// A component schema of a generated `schemas.json`.
    pub const fn new(document: &'static str, name: &'static str) -> Self {
        Self {
            document,
            name,
            validator: OnceLock::new(),
        }
    }

    /// Checks a value.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong. Quotes no value.
    pub fn check(&self, value: &Value) -> Result<(), Rejection> {
        self.validator().validate(value).map_err(|error| {
            let place = error.instance_path().as_str();
            let place = if place.is_empty() {
                "body".to_owned()
            } else {
                format!("body {place}")
            };
            Rejection::malformed(place, fault::reason(&error))
        })
    }

    /// Compiles the validator without using it; for tests, which prove this way that [`check`](Self::check) always can.
    ///
    /// # Errors
    ///
    /// What is wrong with the schema.
    #[cfg(test)]
    pub fn compile(&self) -> Result<(), String> {
        compile(self.document, self.name).map(drop)
    }

    fn validator(&self) -> &jsonschema::Validator {
        self.validator.get_or_init(|| {
            #[expect(
                clippy::expect_used,
                reason = "the document is generated and built in, and a test compiles every schema of it"
            )]
            compile(self.document, self.name).expect("a generated schema compiles")
        })
    }
}

fn compile(document: &str, name: &str) -> Result<jsonschema::Validator, String> {
    let mut document: Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
    let root = document
        .as_object_mut()
        .ok_or("the document is not an object")?;
    root.insert(
        "$ref".to_owned(),
        json!(format!("#/components/schemas/{name}")),
    );
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&document).map_err(|error| error.to_string())
}
