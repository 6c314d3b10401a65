//! Values that a schema allows.

use serde_json::{Map, Value, json};

use super::compare::list;
use crate::spec::Spec;

/// Draws values that a schema allows. The same seed draws the same values.
pub(crate) struct Sampler<'spec> {
    pub(crate) spec: &'spec Spec,
    /// The seed at first.
    pub(crate) state: u64,
}

impl Sampler<'_> {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub(crate) fn value(&mut self, schema: &Value) -> Value {
        let schema = self.spec.resolve(schema);
        if schema["nullable"] == true && self.below(4) == 0 {
            return Value::Null;
        }
        if let Some(words) = schema["enum"].as_array() {
            return self.pick(words).clone();
        }
        if let Some(of) = schema["anyOf"].as_array() {
            let one = self.pick(of).clone();
            return self.value(&one);
        }
        for composition in ["oneOf", "allOf", "not"] {
            assert!(
                schema.get(composition).is_none(),
                "the sampler does not know {composition}"
            );
        }
        match schema["type"].as_str() {
            Some("boolean") => json!(self.below(2) == 0),
            Some("integer") => {
                let low = schema["minimum"].as_i64().unwrap_or(-1_000_000);
                let high = schema["maximum"].as_i64().unwrap_or(1_000_000).max(low);
                let span = u64::try_from(high - low).unwrap().saturating_add(1);
                json!(low + i64::try_from(self.next() % span).unwrap())
            }
            Some("number") => {
                json!(f64::from(u32::try_from(self.below(1_000_000)).unwrap()) / 4.0 - 1000.5)
            }
            Some("string") => self.text(schema),
            Some("array") => {
                let least = schema["minItems"].as_u64().unwrap_or_default();
                let length = usize::try_from(least).unwrap() + self.below(4);
                (0..length).map(|_| self.value(&schema["items"])).collect()
            }
            Some("object") => self.object(schema),
            other => panic!("the sampler does not know the type {other:?} of {schema}"),
        }
    }

    fn text(&mut self, schema: &Value) -> Value {
        let candidates = [
            "",
            "plain",
            "signIn",
            "user one@example.com",
            "a/b",
            "a+b",
            "x\\..\\y",
            "\"quoted\"",
            " spaces ",
            "line\nbreak",
            "tab\t",
            "é✓😀…",
            "{\"json\":1}",
            "null",
            "0",
            "en",
            "en-NZ",
            "2026-01-01T00:00:00Z",
            "1999-12-31T23:59:59.5Z",
            "2026-06-15T12:30:45.123456789Z",
        ];
        let mut rules = schema.clone();
        rules.as_object_mut().unwrap().remove("nullable");
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&rules)
            .unwrap();
        // What must not be empty is an id, and the client takes no id with a control character.
        let id = schema.get("minLength").is_some();
        let fits = |text: &&&str| {
            validator.is_valid(&json!(text)) && !(id && text.chars().any(char::is_control))
        };
        let fitting: Vec<&str> = candidates.iter().filter(fits).copied().collect();
        assert!(!fitting.is_empty(), "the sampler has no text for {schema}");
        json!(self.pick(&fitting))
    }

    fn object(&mut self, schema: &Value) -> Value {
        let required: Vec<&str> = list(schema.get("required"))
            .filter_map(Value::as_str)
            .collect();
        let mut out = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&name.as_str()) || self.below(2) == 0 {
                out.insert(name.clone(), self.value(property));
            }
        }
        match schema.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => {
                out.insert("anything".to_owned(), json!({"deep": [1, null, "x"]}));
            }
            Some(schema) => {
                out.insert("anything".to_owned(), self.value(schema));
            }
        }
        Value::Object(out)
    }
}
