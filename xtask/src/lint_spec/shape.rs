//! Which keys may stand where, and with what kind of value. openapiv3 takes misspelt keywords without a word, so every
//! object is compared with a list of its keywords.

use serde_json::Value;

use super::Lint;
use crate::spec::join;

/// Kinds of values.
#[derive(Clone, Copy)]
enum Kind {
    /// A string that is not empty.
    Text,
    Flag,
    Number,
    /// A number from 0, without fraction.
    Count,
    /// A list of strings.
    Words,
    /// Any JSON but null.
    Any,
    /// An object of a kind of its own.
    One(&'static Object),
    /// A list of such objects.
    List(&'static Object),
    /// An object with free keys.
    Map(&'static Object),
    /// A schema, or a flag.
    SchemaOrFlag,
    /// Security requirements.
    Security,
}

/// A kind of object: what it is, and its keywords. `true` marks those it must have.
struct Object {
    name: &'static str,
    keywords: &'static [(&'static str, bool, Kind)],
    /// Whether a `$ref` can stand for it.
    reference: bool,
}

use Kind::{Any, Count, Flag, List, Map, Number, One, SchemaOrFlag, Security, Text, Words};

static DOCUMENT: Object = Object {
    name: "document",
    reference: false,
    keywords: &[
        ("openapi", true, Text),
        ("info", true, One(&INFO)),
        ("servers", true, List(&SERVER)),
        ("security", false, Security),
        ("tags", true, List(&TAG)),
        ("paths", true, Map(&PATH_ITEM)),
        ("components", true, One(&COMPONENTS)),
        ("x-path-plus", false, Text),
        ("x-null-members", false, Text),
        ("x-webhook-events", false, Map(&SCHEMA)),
        ("x-websocket-messages", false, Map(&SCHEMA)),
        ("x-window-messages", false, Map(&SCHEMA)),
    ],
};

/// A file of schemas that several APIs of a vendor share. OpenAPI 3.0 asks for `paths`, so they are there and empty.
static SHARED: Object = Object {
    name: "file of shared schemas",
    reference: false,
    keywords: &[
        ("openapi", true, Text),
        ("info", true, One(&INFO)),
        ("paths", true, Map(&PATH_ITEM)),
        ("components", true, One(&SHARED_COMPONENTS)),
    ],
};

static SHARED_COMPONENTS: Object = Object {
    name: "components",
    reference: false,
    keywords: &[("schemas", true, Map(&SCHEMA))],
};

static INFO: Object = Object {
    name: "info",
    reference: false,
    keywords: &[
        ("title", true, Text),
        ("version", true, Text),
        ("description", true, Text),
        ("license", false, One(&LICENSE)),
    ],
};

static LICENSE: Object = Object {
    name: "license",
    reference: false,
    keywords: &[("name", true, Text), ("url", false, Text)],
};

static SERVER: Object = Object {
    name: "server",
    reference: false,
    keywords: &[("url", true, Text), ("description", true, Text)],
};

static TAG: Object = Object {
    name: "tag",
    reference: false,
    keywords: &[("name", true, Text), ("description", true, Text)],
};

static PATH_ITEM: Object = Object {
    name: "path item",
    reference: false,
    keywords: &[
        ("get", false, One(&OPERATION)),
        ("put", false, One(&OPERATION)),
        ("post", false, One(&OPERATION)),
        ("delete", false, One(&OPERATION)),
        ("options", false, One(&OPERATION)),
        ("head", false, One(&OPERATION)),
        ("patch", false, One(&OPERATION)),
        ("parameters", false, List(&PARAMETER)),
    ],
};

static OPERATION: Object = Object {
    name: "operation",
    reference: false,
    keywords: &[
        ("operationId", true, Text),
        ("tags", true, Words),
        ("summary", true, Text),
        ("description", true, Text),
        ("x-evidence", true, One(&EVIDENCE)),
        ("x-stability", false, Text),
        ("x-retry", true, Text),
        ("x-changes", false, Flag),
        ("security", false, Security),
        ("parameters", false, List(&PARAMETER)),
        ("requestBody", false, One(&REQUEST_BODY)),
        ("responses", true, Map(&RESPONSE)),
        ("deprecated", false, Flag),
    ],
};

static EVIDENCE: Object = Object {
    name: "x-evidence",
    reference: false,
    keywords: &[("mark", true, Text), ("source", true, Text)],
};

static PARAMETER: Object = Object {
    name: "parameter",
    reference: true,
    keywords: &[
        ("name", true, Text),
        ("in", true, Text),
        ("required", true, Flag),
        ("description", true, Text),
        ("style", false, Text),
        ("explode", false, Flag),
        ("schema", true, One(&SCHEMA)),
        ("deprecated", false, Flag),
        ("example", false, Any),
        ("x-not-secret", false, Text),
    ],
};

static REQUEST_BODY: Object = Object {
    name: "request body",
    reference: true,
    keywords: &[
        ("required", true, Flag),
        ("description", true, Text),
        ("content", true, Map(&MEDIA_TYPE)),
    ],
};

static RESPONSE: Object = Object {
    name: "response",
    reference: true,
    keywords: &[
        ("description", true, Text),
        ("x-evidence", true, One(&EVIDENCE)),
        ("content", false, Map(&MEDIA_TYPE)),
    ],
};

static MEDIA_TYPE: Object = Object {
    name: "media type",
    reference: false,
    keywords: &[("schema", true, One(&SCHEMA)), ("example", false, Any)],
};

static COMPONENTS: Object = Object {
    name: "components",
    reference: false,
    keywords: &[
        ("securitySchemes", false, Map(&SECURITY_SCHEME)),
        ("parameters", false, Map(&PARAMETER)),
        ("requestBodies", false, Map(&REQUEST_BODY)),
        ("responses", false, Map(&RESPONSE)),
        ("schemas", true, Map(&SCHEMA)),
    ],
};

static SECURITY_SCHEME: Object = Object {
    name: "security scheme",
    reference: false,
    keywords: &[
        ("type", true, Text),
        ("description", true, Text),
        ("in", false, Text),
        ("name", false, Text),
        ("scheme", false, Text),
        ("bearerFormat", false, Text),
    ],
};

static SCHEMA: Object = Object {
    name: "schema",
    reference: true,
    keywords: &[
        ("description", false, Text),
        ("type", false, Text),
        ("format", false, Text),
        ("enum", false, Words),
        ("nullable", false, Flag),
        ("properties", false, Map(&SCHEMA)),
        ("required", false, Words),
        ("additionalProperties", false, SchemaOrFlag),
        ("items", false, One(&SCHEMA)),
        ("oneOf", false, List(&SCHEMA)),
        ("anyOf", false, List(&SCHEMA)),
        ("discriminator", false, One(&DISCRIMINATOR)),
        ("minLength", false, Count),
        ("maxLength", false, Count),
        ("pattern", false, Text),
        ("minItems", false, Count),
        ("maxItems", false, Count),
        ("minProperties", false, Count),
        ("maxProperties", false, Count),
        ("minimum", false, Number),
        ("maximum", false, Number),
        ("exclusiveMinimum", false, Flag),
        ("exclusiveMaximum", false, Flag),
        ("multipleOf", false, Number),
        ("deprecated", false, Flag),
        ("example", false, Any),
        ("x-lenient", false, Flag),
        ("x-must-use", false, Text),
        ("x-not-secret", false, Text),
        ("x-stability", false, Text),
    ],
};

static DISCRIMINATOR: Object = Object {
    name: "discriminator",
    reference: false,
    keywords: &[("propertyName", true, Text)],
};

/// Keywords that OpenAPI has and this dialect has not, with the reason.
const REFUSED: [(&str, &str); 20] = [
    (
        "default",
        "typify writes it into values that were absent; say it in the description",
    ),
    ("not", "progenitor panics on it"),
    (
        "allOf",
        "what typify merges it into is not proved here; write the members out",
    ),
    (
        "uniqueItems",
        "typify asks more of the items' type than it has; say it in the description",
    ),
    (
        "title",
        "typify may take it as the type's name; use the component's name and a description",
    ),
    ("readOnly", "neither generator heeds it"),
    ("writeOnly", "neither generator heeds it"),
    ("xml", "bodies are JSON"),
    ("externalDocs", "say it in the description"),
    ("examples", "nothing reads it; use `example`"),
    ("callbacks", "progenitor ignores them"),
    ("links", "nothing reads them"),
    (
        "headers",
        "progenitor ignores response headers; say it in the description",
    ),
    ("encoding", "progenitor panics on it"),
    (
        "servers",
        "progenitor ignores servers of one path or operation",
    ),
    (
        "trace",
        "neither reqwest's builder nor axum's router has it",
    ),
    (
        "allowReserved",
        "the client always encodes reserved characters",
    ),
    (
        "allowEmptyValue",
        "neither generator heeds it; an empty value is a value",
    ),
    ("content", "progenitor refuses parameters with `content`"),
    ("$ref", "a `$ref` cannot stand here; write it out"),
];

pub(super) fn check(lint: &Lint<'_>) {
    if lint.spec.is_shared() {
        object(lint, "", &SHARED);
        for (_, at) in lint.members("/paths") {
            let why =
                "a file of shared schemas has no paths; write the operation in the spec of its API";
            lint.report(at, "path", why);
        }
    } else {
        object(lint, "", &DOCUMENT);
    }
}

fn object(lint: &Lint<'_>, pointer: &str, kind: &'static Object) {
    let Some(value) = lint.at(pointer) else {
        return;
    };
    let Some(members) = value.as_object() else {
        lint.report(
            pointer,
            "value",
            format!("{} must be an object", article(kind.name)),
        );
        return;
    };
    if kind.reference && members.contains_key("$ref") {
        let named = pointer.starts_with("/components/") && pointer.matches('/').count() == 3;
        if named {
            lint.report(
                pointer,
                "reference",
                "a component that is nothing but another one's name; use that one",
            );
        } else if members.len() > 1 {
            lint.report(
                pointer,
                "reference",
                "OpenAPI 3.0 ignores whatever stands beside a `$ref`; take it away",
            );
        } else if !members.get("$ref").is_some_and(Value::is_string) {
            lint.report(pointer, "value", "`$ref` must be a string");
        }
        return;
    }
    for (key, at) in lint.members(pointer) {
        match kind.keywords.iter().find(|(name, _, _)| *name == key) {
            Some((_, _, kind)) => check_value(lint, &at, &key, *kind),
            None => unknown(lint, &at, &key, kind),
        }
    }
    for (key, needed, _) in kind.keywords {
        if *needed && !members.contains_key(*key) {
            let rule = match *key {
                "description" | "summary" | "x-evidence" | "x-retry" => key,
                "operationId" => "operation-id",
                _ => "value",
            };
            lint.report(
                pointer,
                rule,
                format!("{} needs `{key}`{}", article(kind.name), purpose(key)),
            );
        }
    }
}

fn purpose(key: &str) -> &'static str {
    match key {
        "description" | "summary" => ": it becomes documentation on both sides",
        "x-evidence" => ": it says how far this can be trusted",
        "x-retry" => ": the client repeats requests by it",
        "operationId" => ": it names the methods on both sides",
        "required" => ", true or false: the default is easily got wrong",
        _ => "",
    }
}

fn article(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

fn unknown(lint: &Lint<'_>, pointer: &str, key: &str, kind: &'static Object) {
    let name = article(kind.name);
    let why = if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == key) {
        format!("`{key}` is not in this dialect: {why}")
    } else if lint.at(pointer).is_some_and(Value::is_null) && key.contains(' ') {
        format!(
            "`{key}` is not a keyword of {name}; a comma ends an unquoted text within braces, so quote the text"
        )
    } else {
        let known: Vec<&str> = kind.keywords.iter().map(|(name, _, _)| *name).collect();
        format!(
            "`{key}` is not a keyword of {name} (openapiv3 would ignore it); known are {}",
            known.join(", ")
        )
    };
    lint.report(pointer, "keyword", why);
}

fn check_value(lint: &Lint<'_>, pointer: &str, key: &str, kind: Kind) {
    let Some(value) = lint.at(pointer) else {
        return;
    };
    if value.is_null() {
        lint.report(pointer, "null", format!("`{key}` has no value"));
        return;
    }
    let fits = match kind {
        Text => value.as_str().is_some_and(|text| !text.trim().is_empty()),
        Flag => value.is_boolean(),
        Number => value.is_number(),
        Count => value.is_u64(),
        Words => value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string)),
        Any => true,
        One(kind) => {
            object(lint, pointer, kind);
            true
        }
        List(kind) => {
            for element in lint.elements(pointer) {
                object(lint, &element, kind);
            }
            value.is_array()
        }
        Map(kind) => {
            for (_, member) in lint.members(pointer) {
                object(lint, &member, kind);
            }
            value.is_object()
        }
        SchemaOrFlag => {
            if !value.is_boolean() {
                object(lint, pointer, &SCHEMA);
            }
            true
        }
        Security => security(lint, pointer),
    };
    if !fits {
        let wanted = match kind {
            Text => "a text that is not empty",
            Flag => "true or false",
            Number => "a number",
            Count => "a whole number from 0",
            Words => "a list of strings",
            List(_) => "a list",
            _ => "an object",
        };
        lint.report(pointer, "value", format!("`{key}` must be {wanted}"));
    }
}

fn security(lint: &Lint<'_>, pointer: &str) -> bool {
    for set in lint.elements(pointer) {
        if !lint.at(&set).is_some_and(Value::is_object) {
            lint.report(&set, "value", "a security requirement must be an object");
        }
        for (name, scopes) in lint.members(&set) {
            if !lint
                .at(&scopes)
                .and_then(Value::as_array)
                .is_some_and(Vec::is_empty)
            {
                lint.report(
                    &scopes,
                    "value",
                    format!("`{name}` must be `[]`: only OAuth has scopes"),
                );
            }
            if lint
                .at(&join("/components/securitySchemes", &name))
                .is_none()
            {
                lint.report(
                    &scopes,
                    "security",
                    format!("there is no security scheme `{name}`"),
                );
            }
        }
    }
    lint.at(pointer).is_some_and(Value::is_array)
}
