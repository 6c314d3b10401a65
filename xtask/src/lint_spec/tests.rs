//! Each rule is shown by the smallest change to a sound spec that breaks it.

use super::lint;
use crate::spec::{Finding, link, parse};

const SOUND: &str = include_str!("tests/sound.yaml");

fn findings(text: &str) -> Vec<Finding> {
    match parse("openapi/sound.yaml", text) {
        Ok(spec) => lint(&[spec]),
        Err(finding) => vec![finding],
    }
}

/// Breaks the sound spec by one replacement and asserts that exactly this rule is reported at exactly this place.
#[track_caller]
fn breaks(from: &str, to: &str, rule: &str, place: &str) {
    assert_eq!(
        SOUND.matches(from).count(),
        1,
        "`{from}` must occur once in the sound spec"
    );
    let found = findings(&SOUND.replacen(from, to, 1));
    let met = found
        .iter()
        .any(|finding| finding.rule == rule && finding.place == place);
    assert!(
        met,
        "`{from}` -> `{to}` must be reported as [{rule}] at {place}, but was reported as {found:#?}"
    );
}

const TRACK: &str = "/paths/~1users~1{user_id}~1track/post";
const STATE: &str = "/paths/~1state/get";

#[test]
fn a_sound_spec_has_no_findings() {
    assert_eq!(findings(SOUND), []);
}

#[test]
fn an_operation_and_a_member_say_whether_the_vendor_has_released_them() {
    let member = "{description: The state., type: string";
    for (stability, findings_of_it) in [("git", 0), ("alpha", 0), ("beta", 2)] {
        let spec = SOUND
            .replacen(
                "x-retry: safe",
                &format!("x-retry: safe\n      x-stability: {stability}"),
                1,
            )
            .replacen(member, &format!("{member}, x-stability: {stability}"), 1);
        assert_eq!(findings(&spec).len(), findings_of_it, "{stability}");
    }
}

#[test]
fn a_finding_names_file_pointer_and_rule() {
    let found = findings(&SOUND.replace("x-retry: safe", "x-retry: often"));
    let text: Vec<String> = found.iter().map(ToString::to_string).collect();
    let wanted = "openapi/sound.yaml#/paths/~1state/get/x-retry: [x-retry] `often` is none of safe, keyed, never";
    assert_eq!(text, [wanted]);
}

#[test]
fn other_versions_than_3_0_are_refused() {
    breaks(
        "openapi: 3.0.3",
        "openapi: 3.1.0",
        "openapi-version",
        "/openapi",
    );
    breaks(
        "openapi: 3.0.3",
        "openapi: '3.0.'",
        "openapi-version",
        "/openapi",
    );
}

#[test]
fn unknown_and_misspelt_keywords_are_refused_everywhere() {
    breaks(
        "x-path-plus: space",
        "x-path-plus: space\nextra: 1",
        "keyword",
        "/extra",
    );
    breaks(
        "      summary: Track\n",
        "      summary: Track\n      sumary: a\n",
        "keyword",
        &format!("{TRACK}/sumary"),
    );
    breaks(
        "required: [status]",
        "requird: [status]",
        "keyword",
        "/components/schemas/Tracked/requird",
    );
    breaks(
        "properties: # of Tracked",
        "propertys:",
        "keyword",
        "/components/schemas/Tracked/propertys",
    );
    breaks(
        "x-path-plus: space",
        "x-path-plus: space\nx-other: 1",
        "keyword",
        "/x-other",
    );
}

#[test]
fn a_comma_that_cuts_a_text_short_is_explained() {
    let text = SOUND.replace(
        "{description: The state., type: string}",
        "{description: The state, or so, type: string}",
    );
    let found = findings(&text);
    assert!(
        found
            .iter()
            .any(|finding| finding.rule == "keyword" && finding.why.contains("quote the text")),
        "{found:?}"
    );
}

#[test]
fn a_keyword_without_value_is_refused() {
    breaks(
        "style: form",
        "style:",
        "null",
        "/components/parameters/Methods/style",
    );
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    breaks(
        "explode: false",
        "explode: 'no'",
        "value",
        "/components/parameters/Methods/explode",
    );
    breaks(
        "required: [status]",
        "required: status",
        "value",
        "/components/schemas/Tracked/required",
    );
    breaks(
        "minLength: 1",
        "minLength: -1",
        "value",
        "/components/schemas/UserId/minLength",
    );
    breaks(
        "summary: Track",
        "summary: ' '",
        "value",
        &format!("{TRACK}/summary"),
    );
}

#[test]
fn keywords_that_generators_get_wrong_are_refused_with_the_reason() {
    for keyword in [
        "default: a",
        "not: {}",
        "allOf: []",
        "title: a",
        "uniqueItems: true",
    ] {
        let name = keyword.split(':').next().unwrap();
        let to = format!("minLength: 1\n      {keyword}");
        breaks(
            "minLength: 1",
            &to,
            "keyword",
            &format!("/components/schemas/UserId/{name}"),
        );
    }
}

#[test]
fn several_plain_types_need_a_name_and_nothing_beside_them() {
    let extra = "    Extra:\n      description: More.\n      type: object\n      additionalProperties: true";
    let plain =
        "    Extra:\n      description: More.\n      anyOf: [{type: string}, {type: integer}]";
    assert_eq!(findings(&SOUND.replace(extra, plain)), []);
    let at = "/components/schemas/Extra";
    for (text, place) in [
        (
            plain.replace("anyOf", "type: string\n      anyOf"),
            at.to_owned(),
        ),
        (
            plain.replace("{type: integer}", "{type: object}"),
            format!("{at}/anyOf/1"),
        ),
        (
            plain.replace("{type: integer}", "{type: integer, minimum: 1}"),
            format!("{at}/anyOf/1"),
        ),
    ] {
        breaks(extra, &text, "any-of", &place);
    }
    breaks(
        "state: {description: The state., type: string}",
        "state: {description: The state., anyOf: [{type: string}, {type: integer}]}",
        "anonymous",
        "/components/schemas/State/properties/state",
    );
}

#[test]
fn what_both_sides_are_made_of_must_be_there() {
    breaks("      summary: Track\n", "", "summary", TRACK);
    breaks("      operationId: track\n", "", "operation-id", TRACK);
    breaks("      x-retry: safe\n", "", "x-retry", STATE);
    breaks(
        "      x-retry: safe\n",
        "      x-retry: safe\n      x-stability: beta\n",
        "x-stability",
        "/paths/~1state/get/x-stability",
    );
    breaks(
        "      x-retry: safe\n",
        "      x-retry: safe\n      x-changes: false\n",
        "x-changes",
        "/paths/~1state/get/x-changes",
    );
    breaks(
        "      x-evidence: {mark: read, source: a test}\n",
        "",
        "x-evidence",
        STATE,
    );
    breaks(
        "      description: Tracks an action.\n",
        "",
        "description",
        TRACK,
    );
    breaks(
        "      description: A user.\n",
        "",
        "description",
        "/components/schemas/UserId",
    );
    breaks(
        "{description: The state., type: string}",
        "{type: string}",
        "description",
        "/components/schemas/State/properties/state",
    );
    breaks(
        "      description: Which methods.\n",
        "",
        "description",
        "/components/parameters/Methods",
    );
    breaks(
        "          description: Already known.\n",
        "",
        "description",
        &format!("{TRACK}/responses/200"),
    );
}

#[test]
fn evidence_is_graded_with_known_words() {
    breaks(
        "{mark: read, source: a test}",
        "{mark: sure, source: a test}",
        "x-evidence",
        &format!("{STATE}/x-evidence/mark"),
    );
    breaks(
        "{mark: read, source: a test}",
        "{mark: own, source: a test}",
        "x-evidence",
        &format!("{STATE}/x-evidence/mark"),
    );
    let own = SOUND
        .replace("mark: read", "mark: own")
        .replace("mark: assumed", "mark: own");
    assert_eq!(
        lint(&[parse("openapi/mock-control.yaml", &own).unwrap()]),
        []
    );
    assert!(!lint(&[parse("openapi/mock-control.yaml", SOUND).unwrap()]).is_empty());
}

#[test]
fn references_must_lead_somewhere_within_the_file() {
    breaks(
        "'#/components/schemas/UserId'",
        "'#/components/schemas/UserID'",
        "reference",
        "/components/parameters/UserId/schema",
    );
    breaks(
        "'#/components/schemas/UserId'",
        "'other.yaml#/UserId'",
        "reference",
        "/components/parameters/UserId/schema",
    );
    breaks(
        "'#/components/responses/Failed'",
        "'#/components/schemas/State'",
        "reference",
        &format!("{TRACK}/responses/400"),
    );
    breaks(
        "{$ref: '#/components/schemas/UserId'}",
        "{$ref: '#/components/schemas/UserId', minLength: 2}",
        "reference",
        "/components/parameters/UserId/schema",
    );
    breaks(
        "    Extra:\n      description: More.\n      type: object\n      additionalProperties: true\n",
        "    Extra: {$ref: '#/components/schemas/State'}\n",
        "reference",
        "/components/schemas/Extra",
    );
}

#[test]
fn components_that_no_operation_leads_to_are_refused() {
    breaks(
        "        '400': {$ref: '#/components/responses/Failed'}\n",
        "",
        "unused",
        "/components/responses/Failed",
    );
    breaks(
        "        - $ref: '#/components/parameters/Methods'\n",
        "",
        "unused",
        "/components/schemas/Methods",
    );
    breaks(
        "security: [{key: []}]",
        "security: []",
        "unused",
        "/components/securitySchemes/key",
    );
    breaks(
        "        - $ref: '#/components/parameters/Methods'\n",
        "",
        "unused",
        "/components/parameters/Methods",
    );
}

#[test]
fn security_names_known_schemes() {
    breaks(
        "security: [{key: []}]",
        "security: [{lock: []}]",
        "security",
        "/security/0/lock",
    );
    breaks(
        "security: [{key: []}]\n",
        "",
        "unused",
        "/components/securitySchemes/key",
    );
    breaks(
        "in: header, name: Key",
        "in: query, name: Key",
        "security",
        "/components/securitySchemes/key",
    );
}

#[test]
fn operation_ids_are_unique_names_of_functions() {
    breaks(
        "operationId: track",
        "operationId: trackAction",
        "operation-id",
        &format!("{TRACK}/operationId"),
    );
    breaks(
        "operationId: track",
        "operationId: match",
        "operation-id",
        &format!("{TRACK}/operationId"),
    );
    breaks(
        "operationId: track",
        "operationId: new",
        "operation-id",
        &format!("{TRACK}/operationId"),
    );
    breaks(
        "operationId: track",
        "operationId: post",
        "operation-id",
        &format!("{TRACK}/operationId"),
    );
    breaks(
        "operationId: track",
        "operationId: get_state",
        "operation-id",
        &format!("{STATE}/operationId"),
    );
}

#[test]
fn tags_are_described() {
    breaks(
        "tags: [actions] # of get_state",
        "tags: [other]",
        "tags",
        &format!("{STATE}/tags/0"),
    );
    breaks(
        "tags: [actions] # of get_state",
        "tags: []",
        "tags",
        &format!("{STATE}/tags"),
    );
}

#[test]
fn paths_are_such_that_clients_and_routers_agree() {
    breaks("  /state:", "  /state/:", "path", "/paths/~1state~1");
    breaks("  /state:", "  /a b:", "path", "/paths/~1a b");
    breaks("  /state:", "  /../state:", "path", "/paths/~1..~1state");
    breaks(
        "  /state:",
        "  /users/{user_id}.json:",
        "path",
        "/paths/~1users~1{user_id}.json",
    );
    breaks(
        "  /state:\n",
        "  /users/{other}/track:\n",
        "path",
        "/paths/~1users~1{other}~1track",
    );
}

#[test]
fn path_parameters_match_the_template() {
    breaks(
        "  /users/{user_id}/track:",
        "  /users/{id}/track:",
        "parameter",
        "/paths/~1users~1{id}~1track/post",
    );
    breaks(
        "  /state:",
        "  /state/{user_id}:",
        "parameter",
        "/paths/~1state~1{user_id}/get",
    );
    breaks(
        "      name: user_id\n      in: path\n      required: true",
        "      name: user_id\n      in: path\n      required: false",
        "parameter",
        "/components/parameters/UserId",
    );
    breaks(
        "{$ref: '#/components/schemas/UserId'}",
        "{type: string}",
        "parameter",
        "/components/parameters/UserId/schema",
    );
}

#[test]
fn an_enum_is_no_path_parameter() {
    breaks(
        "      minLength: 1",
        "      enum: [a, b]",
        "parameter",
        "/components/parameters/UserId/schema",
    );
}

#[test]
fn parameters_that_generators_cannot_take_are_refused() {
    let page = "/components/parameters/Page";
    breaks(
        "name: page\n      in: query",
        "name: page\n      in: cookie",
        "parameter",
        page,
    );
    breaks(
        "name: page\n",
        "name: body\n",
        "parameter",
        &format!("{TRACK}/parameters/1"),
    );
    breaks(
        "name: page\n",
        "name: header_map\n",
        "parameter",
        &format!("{TRACK}/parameters/1"),
    );
    breaks(
        "name: page\n",
        "name: user_id\n",
        "parameter",
        &format!("{TRACK}/parameters/1"),
    );
    breaks(
        "name: page\n",
        "name: userId\n",
        "parameter",
        &format!("{TRACK}/parameters/1"),
    );
    breaks(
        "{type: integer, format: int32, minimum: 1}",
        "{type: object, additionalProperties: true}",
        "parameter",
        &format!("{page}/schema"),
    );
    breaks(
        "{type: integer, format: int32, minimum: 1}",
        "{type: string, minLength: 1}",
        "parameter",
        &format!("{page}/schema/minLength"),
    );
    breaks(
        "{type: integer, format: int32, minimum: 1}",
        "{type: string, enum: [a]}",
        "anonymous",
        &format!("{page}/schema"),
    );
    breaks(
        "explode: false",
        "explode: true",
        "parameter",
        "/components/parameters/Methods",
    );
    breaks(
        "      style: form\n",
        "",
        "parameter",
        "/components/parameters/Methods",
    );
    breaks(
        "schema: {$ref: '#/components/schemas/Methods'}",
        "content: {}",
        "keyword",
        "/components/parameters/Methods/content",
    );
}

#[test]
fn a_time_alone_can_be_lenient() {
    let time = "{description: When., type: string, format: date-time}";
    let lenient = time.replace("date-time", "date-time, x-lenient: true");
    assert_eq!(findings(&SOUND.replace(time, &lenient)), []);
    for not in [
        "{description: When., type: string, x-lenient: true}",
        "{description: When., type: string, format: uri, x-lenient: true}",
        "{description: When., type: string, format: date-time, x-lenient: false}",
    ] {
        let place = "/components/schemas/Action/properties/at/x-lenient";
        breaks(time, not, "lenient", place);
    }
}

#[test]
fn an_object_with_a_name_can_ask_its_caller_for_a_look() {
    let time = "{description: When., type: string, format: date-time}";
    let not = time.replace("date-time", "date-time, x-must-use: it is late");
    let place = "/components/schemas/Action/properties/at/x-must-use";
    breaks(time, &not, "must-use", place);
}

#[test]
fn bodies_are_json_with_a_named_schema() {
    let content = "/paths/~1users~1{user_id}~1track/post/requestBody/content";
    breaks(
        "{application/json: {schema: {$ref: '#/components/schemas/Action'}}}",
        "{text/plain: {schema: {$ref: '#/components/schemas/Action'}}}",
        "media-type",
        content,
    );
    breaks(
        "{application/json: {schema: {$ref: '#/components/schemas/Action'}}}",
        "{application/json: {schema: {$ref: '#/components/schemas/Action'}}, text/plain: {schema: {$ref: '#/components/schemas/Action'}}}",
        "media-type",
        content,
    );
    breaks(
        "content: {application/json: {schema: {$ref: '#/components/schemas/Action'}}}",
        "content: {application/json: {}}",
        "value",
        &format!("{content}/application~1json"),
    );
    breaks(
        "        required: true\n        description: What",
        "        required: false\n        description: What",
        "request-body",
        &format!("{TRACK}/requestBody"),
    );
    breaks(
        "content: {application/json: {schema: {$ref: '#/components/schemas/State'}}}",
        "content: {application/json: {schema: {type: string}}}",
        "anonymous",
        &format!("{STATE}/responses/200/content/application~1json/schema"),
    );
    breaks(
        "    post:",
        "    get:",
        "request-body",
        "/paths/~1users~1{user_id}~1track/get/requestBody",
    );
}

#[test]
fn an_optional_body_is_an_object_that_may_be_empty() {
    let optional = |text: &str| {
        findings(&text.replacen(
            "        required: true\n        description: What",
            "        required: false\n        description: What",
            1,
        ))
    };
    let empty = SOUND.replace("      required: [at]\n", "");
    assert_eq!(optional(&empty), []);
    for (from, to) in [
        (
            "type: object # Action",
            "type: object\n      minProperties: 1",
        ),
        (
            "type: object # Action",
            "type: object\n      required: [secret]",
        ),
    ] {
        let found = optional(&empty.replace(from, to));
        assert!(
            found.iter().any(|finding| finding.rule == "request-body"
                && finding.place == format!("{TRACK}/requestBody")),
            "{to}: {found:?}"
        );
    }
}

#[test]
fn null_members_are_absent_or_nothing_is_said() {
    breaks(
        "x-path-plus: space",
        "x-null-members: kept",
        "x-null-members",
        "/x-null-members",
    );
    for word in ["absent", "removes"] {
        let text = SOUND.replace("x-path-plus: space", &format!("x-null-members: {word}"));
        assert_eq!(findings(&text), []);
    }
}

#[test]
fn messages_lead_to_components_and_count_as_their_use() {
    let hook = "    Hook:\n      description: A webhook.\n      type: object\n      properties:\n        \
                state: {$ref: '#/components/schemas/State'}\n";
    let with = |webhooks: &str, hook: &str| {
        let text = SOUND.replace(
            "x-path-plus: space",
            &format!("x-webhook-events: {webhooks}"),
        );
        findings(&text.replace("    Extra:\n", &format!("{hook}    Extra:\n")))
    };
    let places = |found: Vec<Finding>| {
        found
            .into_iter()
            .map(|finding| (finding.rule, finding.place))
            .collect::<Vec<_>>()
    };
    let at = |rule, place: &str| vec![(rule, place.to_owned())];
    let leads = "{user.created: {$ref: '#/components/schemas/Hook'}}";
    assert_eq!(with(leads, hook), []);
    for keyword in ["x-websocket-messages", "x-window-messages"] {
        let text = SOUND.replace("x-path-plus: space", &format!("{keyword}: {leads}"));
        let text = text.replace("    Extra:\n", &format!("{hook}    Extra:\n"));
        assert_eq!(findings(&text), []);
        let inline = leads.replace("$ref: '#/components/schemas/Hook'", "type: string");
        let place = format!("/{keyword}/user.created");
        let found = places(findings(&text.replace(leads, &inline)));
        assert!(found.contains(&(keyword, place)), "{found:?}");
    }
    assert_eq!(
        places(with("{}", hook)),
        at("unused", "/components/schemas/Hook")
    );
    assert_eq!(
        places(with(leads, "")),
        at("reference", "/x-webhook-events/user.created")
    );
    assert_eq!(
        places(with(
            "{user.created: {$ref: '#/components/responses/Failed'}}",
            ""
        )),
        at("reference", "/x-webhook-events/user.created")
    );
    assert_eq!(
        places(with(
            "{user.created: {type: object, additionalProperties: true}}",
            ""
        )),
        at("x-webhook-events", "/x-webhook-events/user.created")
    );
    let closed = hook.replace(
        "type: object\n",
        "type: object\n      additionalProperties: false\n",
    );
    assert_eq!(
        places(with(leads, &closed)),
        at(
            "additional-properties",
            "/components/schemas/Hook/additionalProperties"
        )
    );
}

#[test]
fn an_answer_without_a_body_is_the_only_success() {
    let ok = "        '200': # of get_state\n          description: The state.\n          \
              x-evidence: {mark: assumed, source: none}\n          content: {application/json: {schema: {$ref: \
              '#/components/schemas/State'}}}\n";
    assert_eq!(SOUND.matches(ok).count(), 1);
    let empty = "        '204':\n          description: Nothing.\n          \
                 x-evidence: {mark: assumed, source: none}\n";
    let hook = "x-webhook-events: {state: {$ref: '#/components/schemas/State'}}";
    let text = SOUND.replace("x-path-plus: space", hook);
    assert_eq!(findings(&text.replace(ok, empty)), []);
    breaks(
        ok,
        &format!("{ok}{empty}"),
        "status",
        &format!("{STATE}/responses/204"),
    );
    breaks(
        "'200': # of get_state",
        "'204':",
        "status",
        &format!("{STATE}/responses/204"),
    );
    breaks(
        ok,
        &empty.replace("204", "200"),
        "value",
        &format!("{STATE}/responses/200"),
    );
}

#[test]
fn patterns_are_those_of_named_texts_and_can_be_compiled() {
    let place = "/components/schemas/UserId/pattern";
    let sound = SOUND.replace("minLength: 1", "pattern: '^[a-z]{1,9}$'");
    assert_eq!(findings(&sound), []);
    for pattern in ["[a-z]+", "^[a-z]+", "[a-z]+$", "^[a-z$", "^(?<=a$"] {
        let to = format!("pattern: '{pattern}'");
        breaks("minLength: 1", &to, "pattern", place);
    }
    breaks(
        "{description: The state., type: string}",
        "{description: x, type: string, pattern: ^a$}",
        "anonymous",
        "/components/schemas/State/properties/state",
    );
    breaks(
        "{type: integer, format: int32, minimum: 1}",
        "{type: string, pattern: ^a$}",
        "parameter",
        "/components/parameters/Page/schema/pattern",
    );
    breaks(
        "enum: [push, sms_otp]",
        "enum: [push, sms_otp]\n      pattern: ^a$",
        "enum",
        "/components/schemas/Method/pattern",
    );
    breaks(
        "{description: The state., type: string}",
        "{description: x, type: string, format: date-time, pattern: ^a$}",
        "format",
        "/components/schemas/State/properties/state/pattern",
    );
}

#[test]
fn a_time_is_a_query_parameter_and_no_header() {
    let time = "{type: string, format: date-time}";
    let text = SOUND.replace("{type: integer, format: int32, minimum: 1}", time);
    assert_eq!(findings(&text), []);
    let found = findings(&text.replace(
        "name: page\n      in: query",
        "name: page\n      in: header",
    ));
    assert!(
        found.iter().any(|finding| finding.rule == "parameter"
            && finding.place == "/components/parameters/Page/schema/format"),
        "{found:?}"
    );
    breaks(
        "{type: integer, format: int32, minimum: 1}",
        "{type: string, format: email}",
        "parameter",
        "/components/parameters/Page/schema/format",
    );
}

#[test]
fn credentials_can_be_http_basic_and_an_operation_can_take_none() {
    let text = SOUND
        .replace(
            "key: {type: apiKey, in: header, name: Key,",
            "key: {type: http, scheme: basic,",
        )
        .replace(
            "      x-retry: safe\n",
            "      x-retry: safe\n      security: []\n",
        );
    assert_eq!(findings(&text), []);
}

#[test]
fn statuses_are_listed_one_by_one() {
    for status in ["default", "4XX", "204", "302", "418"] {
        let place = format!("{TRACK}/responses/{status}");
        breaks(
            "'400': {$ref",
            &format!("'{status}': {{$ref"),
            "status",
            &place,
        );
    }
    breaks(
        "'200': # of get_state",
        "'404':",
        "status",
        &format!("{STATE}/responses"),
    );
}

#[test]
fn operations_of_vendors_can_be_refused() {
    breaks(
        "        '401': {$ref: '#/components/responses/Refused'}\n",
        "",
        "status",
        &format!("{STATE}/responses"),
    );
}

#[test]
fn errors_have_one_schema() {
    let to = "'400': {$ref: '#/components/responses/Failed'}\n        '404':\n          description: Gone.\n          x-evidence: {mark: assumed, source: none}\n          content: {application/json: {schema: {$ref: '#/components/schemas/State'}}}";
    breaks(
        "'400': {$ref: '#/components/responses/Failed'}",
        to,
        "error-schema",
        &format!("{TRACK}/responses"),
    );
}

#[test]
fn schemas_have_names_of_types() {
    breaks(
        "    Extra:\n",
        "    extra:\n",
        "reference",
        "/components/schemas/State/properties/extra",
    );
    let renamed = |name: &str| {
        findings(
            &SOUND
                .replace("schemas/Extra", &format!("schemas/{name}"))
                .replace("    Extra:", &format!("    {name}:")),
        )
    };
    for name in [
        "extra",
        "Extra_Data",
        "HTTPThing",
        "Option",
        "TrackResponse",
        "GetStateBody",
    ] {
        let found = renamed(name);
        let place = format!("/components/schemas/{name}");
        assert!(
            found
                .iter()
                .any(|finding| finding.rule == "name" && finding.place == place),
            "{name}: {found:?}"
        );
    }
    assert_eq!(renamed("ExtraData"), []);
}

#[test]
fn properties_have_names_of_fields() {
    let place = "/components/schemas/State/properties";
    breaks(
        "extra: {$ref",
        "State: {description: x, type: string}\n        extra: {$ref",
        "name",
        &format!("{place}/State"),
    );
    breaks(
        "extra: {$ref",
        "'@': {description: x, type: string}\n        extra: {$ref",
        "name",
        &format!("{place}/@"),
    );
    breaks(
        "required: [status]",
        "required: [state]",
        "required",
        "/components/schemas/Tracked/required/0",
    );
}

#[test]
fn enums_are_named_strings_with_distinct_names() {
    let place = "/components/schemas/Method/enum";
    breaks(
        "enum: [push, sms_otp]",
        "enum: [sms-otp, sms_otp]",
        "enum",
        &format!("{place}/1"),
    );
    breaks(
        "enum: [push, sms_otp]",
        "enum: ['', sms_otp]",
        "enum",
        &format!("{place}/0"),
    );
    breaks(
        "enum: [push, sms_otp]",
        "enum: [+, sms_otp]",
        "enum",
        &format!("{place}/0"),
    );
    breaks(
        "enum: [push, sms_otp]",
        "enum: [push, UNKNOWN]",
        "enum",
        &format!("{place}/1"),
    );
    breaks("enum: [push, sms_otp]", "enum: []", "enum", place);
    breaks("enum: [push, sms_otp]", "enum: [1, 2]", "value", place);
    breaks(
        "{description: The state., type: string}",
        "{description: x, type: string, enum: [a, b]}",
        "anonymous",
        "/components/schemas/State/properties/state",
    );
}

#[test]
fn objects_lists_and_unions_have_names() {
    let place = "/components/schemas/State/properties/state";
    breaks(
        "{description: The state., type: string}",
        "{description: x, type: object, properties: {a: {description: x, type: string}}}",
        "anonymous",
        place,
    );
    breaks(
        "{description: The state., type: string}",
        "{description: x, type: array, items: {type: array, items: {type: string}}}",
        "anonymous",
        &format!("{place}/items"),
    );
    breaks(
        "{description: The state., type: string}",
        "{description: x, type: object}",
        "object",
        place,
    );
    breaks(
        "{description: The state., type: string}",
        "{description: x, type: array}",
        "type",
        place,
    );
    breaks(
        "{description: The state., type: string}",
        "{description: x}",
        "type",
        place,
    );
    breaks(
        "{description: The state., type: string}",
        "{description: x, type: string, minimum: 1}",
        "type",
        &format!("{place}/minimum"),
    );
}

#[test]
fn optional_and_nullable_together_are_refused() {
    let place = "/components/schemas/State/properties/state";
    breaks(
        "{description: The state., type: string}",
        "{description: x, type: string, nullable: true}",
        "nullable",
        place,
    );
}

#[test]
fn formats_that_make_brittle_types_are_refused() {
    let place = "/components/schemas/State/properties/state";
    for format in ["uuid", "ipv4", "date", "binary", "passwort"] {
        let to = format!("{{description: x, type: string, format: {format}}}");
        breaks(
            "{description: The state., type: string}",
            &to,
            "format",
            &format!("{place}/format"),
        );
    }
    let to = "{description: x, type: string, format: password, minLength: 1}";
    breaks(
        "{description: The state., type: string}",
        to,
        "format",
        &format!("{place}/minLength"),
    );
}

#[test]
fn secrets_are_properties() {
    breaks(
        "      minLength: 1",
        "      format: password",
        "format",
        "/components/schemas/UserId/format",
    );
    let place = "/components/schemas/Action/properties/labels/additionalProperties/format";
    breaks(
        "type: object, additionalProperties: {type: string}}",
        "type: object, additionalProperties: {type: string, format: password}}",
        "format",
        place,
    );
    let listed = SOUND.replacen(
        "type: array, items: {type: string}}",
        "type: array, items: {type: string, format: password}}",
        1,
    );
    assert_ne!(listed, SOUND);
    assert_eq!(findings(&listed), []);
}

#[test]
fn what_sounds_like_a_secret_says_whether_it_is_one() {
    let state = "state: {description: The state., type: string}";
    let place = "/components/schemas/State/properties";
    for name in ["token", "otpUri", "verificationCode"] {
        let to = format!("{name}: {{description: The state., type: string}}");
        breaks(state, &to, "secret", &format!("{place}/{name}"));
        for mark in ["format: password", "x-not-secret: Everybody knows it."] {
            let told = format!("{name}: {{description: The state., type: string, {mark}}}");
            assert_eq!(findings(&SOUND.replacen(state, &told, 1)), []);
        }
    }
    let to = "errorCode: {description: The state., type: string}";
    assert_eq!(findings(&SOUND.replacen(state, to, 1)), []);
    let to = "state: {description: The state., type: string, x-not-secret: It is plain.}";
    breaks(state, to, "secret", &format!("{place}/state"));
    breaks(
        "secret: {description: A secret., type: string, format: password}",
        "secret: {description: A secret., type: string, format: password, x-not-secret: It is.}",
        "secret",
        "/components/schemas/Action/properties/secret",
    );
    breaks(
        "notes: {description: Notes., type: array, items: {type: string}}",
        "recoveryCodes: {description: Notes., type: array, items: {type: string}}",
        "secret",
        "/components/schemas/Action/properties/recoveryCodes",
    );
    breaks(
        "      description: Which page.\n      schema: {type: integer, format: int32, minimum: 1}",
        "      description: Which page.\n      x-not-secret: It is a number.\n      schema: {type: string}",
        "secret",
        "/components/parameters/Page",
    );
}

#[test]
fn only_requests_may_refuse_members() {
    let place = "/components/schemas/State/additionalProperties";
    breaks(
        "      type: object # State",
        "      type: object\n      additionalProperties: false",
        "additional-properties",
        place,
    );
    breaks(
        "      type: object # State",
        "      type: object\n      additionalProperties: true",
        "additional-properties",
        place,
    );
    let strict = SOUND.replace(
        "      type: object # Action",
        "      type: object\n      additionalProperties: false",
    );
    assert_eq!(findings(&strict), []);
}

#[test]
fn members_of_a_union_carry_a_constant_tag() {
    let union = |members: &str| {
        let from = "    Extra:\n      description: More.\n      type: object\n      additionalProperties: true\n";
        assert_eq!(SOUND.matches(from).count(), 1);
        findings(&SOUND.replace(
            from,
            &format!("    Extra:\n      description: More.\n{members}"),
        ))
    };
    let dog = "    Dog:\n      description: A dog.\n      type: object\n      required: [kind]\n      properties:\n        kind: {description: Tag., type: string, enum: [dog]}\n";
    let sound = format!(
        "      oneOf: [{{$ref: '#/components/schemas/Dog'}}]\n      discriminator: {{propertyName: kind}}\n{dog}"
    );
    assert_eq!(union(&sound), []);
    let rules = |text: &str| {
        union(text)
            .into_iter()
            .map(|finding| finding.rule)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        rules(&sound.replace("      discriminator: {propertyName: kind}\n", "")),
        ["one-of"]
    );
    assert_eq!(
        rules(&sound.replace("      required: [kind]\n", "")),
        ["one-of"]
    );
    assert_eq!(rules(&sound.replace(", enum: [dog]", "")), ["one-of"]);
    assert_eq!(
        rules(&sound.replace("propertyName: kind", "propertyName: sort")),
        ["one-of"]
    );
}

#[test]
fn keys_that_occur_twice_are_refused() {
    let found = findings(&SOUND.replace("  /state:", "  /users/{user_id}/track: {}\n  /state:"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule, "yaml");
}

/// Two sound specs of one vendor and what their shared file says, as they are linked.
fn shared(file: &str, first: &str, second: &str) -> Vec<Finding> {
    let specs = [
        ("openapi/sound-one.yaml", first),
        ("openapi/sound-shared.yaml", file),
        ("openapi/sound-two.yaml", second),
    ];
    lint(&link(
        specs
            .map(|(name, text)| parse(name, text).unwrap())
            .to_vec(),
    ))
}

const SHARED: &str = "openapi: 3.0.3\ninfo: {title: Sound, version: 1.0.0, description: What two APIs share.}\npaths: \
                      {}\ncomponents:\n  schemas:\n    Note: {description: A note., type: string}\n";

/// The sound spec with one more property.
fn with_property(reference: &str) -> String {
    let from = "properties: # of Tracked\n";
    assert!(SOUND.contains(from));
    SOUND.replacen(
        from,
        &format!("{from}        note: {{$ref: '{reference}'}}\n"),
        1,
    )
}

const NOTE: &str = "./sound-shared.yaml#/components/schemas/Note";

#[test]
fn a_schema_that_two_apis_of_a_vendor_share_has_no_findings() {
    let user = with_property(NOTE);
    assert_eq!(shared(SHARED, &user, &user), []);
}

#[test]
fn a_shared_schema_needs_two_users() {
    let user = with_property(NOTE);
    for (second, why) in [
        (SOUND, "only openapi/sound-one.yaml leads here"),
        (&user, ""),
    ] {
        let found = shared(SHARED, &user, second);
        assert_eq!(found.len(), usize::from(!why.is_empty()), "{found:?}");
        assert!(found.iter().all(|finding| finding.rule == "unused"
            && finding.file == "openapi/sound-shared.yaml"
            && finding.why.contains(why)));
    }
}

#[test]
fn a_fault_of_a_shared_schema_is_reported_once_and_in_its_own_file() {
    let user = with_property(NOTE);
    let file = SHARED.replace("description: A note., ", "");
    let found = shared(&file, &user, &user);
    let places: Vec<_> = found
        .iter()
        .map(|finding| (finding.file.as_str(), finding.rule, finding.place.as_str()))
        .collect();
    let at = "/components/schemas/Note";
    assert_eq!(places, [("openapi/sound-shared.yaml", "description", at)]);
}

#[test]
fn a_shared_file_has_schemas_alone() {
    let user = with_property(NOTE);
    for (from, to, place) in [
        ("paths: {}", "paths: {/x: {}}", "/paths/~1x"),
        ("paths: {}", "paths: {}\ntags: []", "/tags"),
        (
            "  schemas:",
            "  responses: {}\n  schemas:",
            "/components/responses",
        ),
    ] {
        let found = shared(&SHARED.replacen(from, to, 1), &user, &user);
        assert!(
            found.iter().any(|finding| finding.place == place),
            "{to}: {found:?}"
        );
    }
}

#[test]
fn a_reference_that_leads_to_no_shared_schema_is_refused() {
    let user = with_property(NOTE);
    for reference in [
        "./sound-shared.yaml#/components/schemas/Other",
        "./other-shared.yaml#/components/schemas/Note",
        "./sound-two.yaml#/components/schemas/Tracked",
        "sound-shared.yaml#/components/schemas/Note",
    ] {
        let found = shared(SHARED, &with_property(reference), &user);
        let place = "/components/schemas/Tracked/properties/note";
        assert!(
            found
                .iter()
                .any(|finding| finding.rule == "reference" && finding.place == place),
            "{reference}: {found:?}"
        );
    }
}

#[test]
fn an_api_without_a_server_is_refused() {
    breaks(
        "servers: [{url: 'http://127.0.0.1', description: Nowhere.}]",
        "servers: []",
        "server",
        "/servers",
    );
}
