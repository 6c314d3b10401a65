//! The JSON Schema of seeds. A test writes it into `seed.schema.json` from the types, which are the source.

/// The schema, as the program has it.
pub const SCHEMA: &str = include_str!("../../../seed.schema.json");

/// The schema of the type of a seed.
#[cfg(feature = "schema")]
pub fn of<T: schemars::JsonSchema>() -> serde_json::Value {
    let mut schema = schemars::schema_for!(T).to_value();
    without_null(&mut schema);
    schema["title"] = "A seed of stepup-mock".into();
    schema
}

/// Takes null away: a seed leaves out what it does not name, and its reader refuses null.
#[cfg(feature = "schema")]
fn without_null(schema: &mut serde_json::Value) {
    use serde_json::Value;

    match schema {
        Value::Array(elements) => elements.iter_mut().for_each(without_null),
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|one| one != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(words)) = members.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            if let Some(Value::Array(any)) = members.get_mut("anyOf") {
                any.retain(|one| one.get("type").is_none_or(|of| of != "null"));
                if let [Value::Object(only)] = any.as_mut_slice() {
                    let only = std::mem::take(only);
                    members.remove("anyOf");
                    members.extend(only);
                }
            }
            // A default says only that the member may be left out, and `required` says so of all others.
            if members.contains_key("description") {
                members.remove("default");
            }
            members.values_mut().for_each(without_null);
        }
        _ => {}
    }
}
