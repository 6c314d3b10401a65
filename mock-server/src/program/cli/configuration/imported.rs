//! What `import` makes of answers: a seed that a mock starts with, whatever they are.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, proptest};
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::{document, seed};
use crate::runtime::seed::{Seed, export};
use crate::runtime::{App, Behaviour};

fn members(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// What the mock exports that starts with a printed seed.
fn exported(printed: &str) -> String {
    let seed = Seed::from_text("printed", printed.as_bytes()).unwrap();
    let app = App::new(Behaviour::default(), seed).unwrap();
    let part = app.authsignals().remove(0);
    let seed = part.look(|authsignal, _| export::seed(part.account(), authsignal));
    document(&seed).unwrap()
}

fn imported(answers: Value) -> (Value, Vec<String>) {
    let (seed, notes) = seed(members(answers)).unwrap();
    let first = exported(&document(&seed).unwrap());
    assert_eq!(exported(&first), first, "a seed that export prints loads");
    (seed["tenants"][0]["authsignal"].clone(), notes)
}

#[test]
fn answers_of_a_tenant_make_a_seed_with_its_id() {
    let answers = json!({"tenant": {"tenantId": "t-1", "name": "Shop"}, "theme": {"glow": 1}});
    let (tenant, notes) = imported(answers);
    assert_eq!(tenant["id"], "t-1");
    assert_eq!(tenant["management"]["tenant"], json!({"name": "Shop"}));
    assert_eq!(
        notes,
        ["the mock does not know theme/glow, and leaves it out"]
    );
}

#[test]
fn what_the_mock_has_no_place_for_is_left_out_and_named() {
    let on = |method: &str| json!({"authenticatorId": method, "isActive": true, "verificationMethod": method});
    let rule = |id: &str, priority: u8| json!({"ruleId": id, "name": "r", "isActive": true, "priority": priority, "type": "BLOCK"});
    let rules = |prefix: &str, count| -> Vec<_> {
        let rules = 0..count;
        rules.map(|at| rule(&format!("{prefix}{at}"), at)).collect()
    };
    let mut of_pay = rules("r", 101);
    // Another action has a rule of this id.
    of_pay.push(rule("l0", 3));
    let items: Vec<_> = (0..10_001).map(|at| at.to_string()).collect();
    let (tenant, notes) = imported(json!({
        "tenant": {"tenantId": "t", "name": "", "logEventsWebhookConfig": {"endpointUrl": "ftp://app.example/log"}},
        "theme": {"name": "Shop", "template": "<html>\n</html>", "darkMode": {}},
        "message-overrides": {"messageOverrides": {"en": {"vendor.heading": "Hi", "challenge.heading": "Hello"}}},
        "value-lists": [
            {"name": "Long", "alias": "long", "itemType": "string", "isActive": true, "valueListItems": items},
            {"name": "Short", "alias": "short", "itemType": "string", "isActive": true},
        ],
        "custom-data-points": [{"id": "happy-fox", "name": "amount", "dataType": "number", "modelType": "action", "description": ""}],
        "authenticator-configurations": [on("SMS"), on("VERIFF"), on("HOLOGRAM")],
        "action-configurations": [
            {"actionCode": "pay", "defaultUserActionResult": "ALLOW", "actionType": "HOLOGRAM", "verificationMethods": ["HOLOGRAM"]},
            {"actionCode": "look", "defaultUserActionResult": "ALLOW", "verificationMethods": ["PUSH"]},
        ],
        "action-configurations/look/rules": rules("l", 1),
        "action-configurations/pay/rules": of_pay,
        "action-configurations/gone/rules": [rule("r", 0)],
    }));
    let kept = &tenant["management"];
    assert_eq!(kept["tenant"], json!({"name": ""}));
    assert_eq!(kept["theme"]["template"], "<html>\n</html>");
    assert_eq!(
        kept["message-overrides"],
        json!({"messageOverrides": {"en": {"challenge.heading": "Hello"}}})
    );
    assert_eq!(kept["value-lists"][0]["alias"], "short");
    assert_eq!(kept["custom-data-points"][0]["description"], "");
    // Methods that are off stay in an action, as they do at the vendor.
    assert_eq!(
        kept["action-configurations"],
        json!([
            {"actionCode": "look", "defaultUserActionResult": "ALLOW", "verificationMethods": ["PUSH"]},
            {"actionCode": "pay", "defaultUserActionResult": "ALLOW"},
        ])
    );
    let notes = notes.join("\n");
    for says in [
        "know action-configurations/0/actionType,",
        "know action-configurations/0/verificationMethods/0,",
        "know authenticator-configurations/1,",
        "know authenticator-configurations/2,",
        "tenant/logEventsWebhookConfig: ftp",
        "message-overrides/en/vendor.heading: ",
        "value-lists/long: value list long has 10001 values",
        "action-configurations/pay/rules/r100: /priority: is 100; it must be from 0 to 99",
        "action-configurations/pay/rules/l0: the rule of look has the same ruleId",
        "action-configurations/gone/rules: ",
    ] {
        assert!(notes.contains(says), "{says}: {notes}");
    }
}

#[test]
fn what_is_no_answer_or_there_twice_is_refused_with_its_place() {
    let list =
        |name: &str| json!({"name": name, "alias": "a", "itemType": "string", "isActive": true});
    let rule = |name: &str| json!({"ruleId": "r", "name": name, "isActive": true, "priority": 0, "type": "BLOCK"});
    for (answers, says) in [
        (
            json!({"tenant": {"error": "unauthorized", "errorDescription": "x"}}),
            "tenant: is an error that the Management API answered, and no resource",
        ),
        (
            json!({"value-lists": {"message": "Unauthorized"}}),
            "value-lists: is an error that the Management API answered",
        ),
        (
            json!({"value-lists": [list("A"), list("B")]}),
            "value-lists/1: has the same alias as another",
        ),
        (
            json!({"action-configurations/pay/rules": [rule("a"), rule("b")]}),
            "action-configurations/pay/rules/1: has the same ruleId as another",
        ),
        (
            json!({"authenticator-configurations": [{"authenticatorId": "s", "verificationMethod": "SMS", "isActive": true, "twilioCredentials": "hunter2"}]}),
            "authenticator-configurations/0/twilioCredentials: must be ",
        ),
        (
            json!({"tenant": {"tenantId": "a\nb"}}),
            "id holds a control character",
        ),
    ] {
        let refused = format!("{:#}", seed(members(answers)).unwrap_err());
        assert!(refused.contains(says), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}

/// Texts that a person would not write, and one that they would.
fn text() -> impl Strategy<Value = Value> {
    let texts = [
        "",
        " a ",
        "a\nb\t",
        "\u{0}",
        "\u{202e}x",
        "{tenantName}",
        "https://app.example/x",
        "ftp://x",
        "{",
    ];
    select(texts.to_vec()).prop_map(Value::from)
}

fn value() -> impl Strategy<Value = Value> {
    let some = select(vec![
        json!(null),
        json!(0),
        json!(4.0),
        json!(-1),
        json!(true),
        json!([]),
        json!({}),
        json!([null, "\n"]),
        json!({"": null}),
    ]);
    proptest::prop_oneof![text(), some]
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    select(words).prop_map(Value::from)
}

const METHODS: [&str; 5] = ["SMS", "PASSKEY", "PUSH", "VERIFF", "HOLOGRAM"];

fn action() -> impl Strategy<Value = Value> {
    let methods = subsequence(METHODS.to_vec(), 0..4);
    let node = (select(vec!["COMPLETE", "BLOCK", "HOLOGRAM"]), value());
    let nodes = proptest::option::of(node);
    (
        select(vec!["pay", "sign/in", "ü 100%", "x"]),
        word(&["ALLOW", "CHALLENGE", "PERHAPS"]),
        word(&["CLASSIC", "FLOW", "LEGACY", ""]),
        (methods, text(), value(), nodes, any::<u8>()),
    )
        .prop_map(|(code, outcome, kind, (methods, url, template, nodes, version))| {
            let mut action = json!({
                "actionCode": code,
                "defaultUserActionResult": outcome,
                "actionType": kind,
                "verificationMethods": methods,
                "verificationWebhookUrl": url,
                "messagingTemplates": {"en": template},
            });
            if let Some((kind, more)) = nodes {
                action["actionNodes"] = json!([{"nodeId": "a", "nodeType": kind, "parentNodeIds": [], "more": more}]);
                action["flowVersion"] = version.into();
            }
            action
        })
}

fn rule() -> impl Strategy<Value = Value> {
    (any::<u16>(), text(), -1..101_i64, value()).prop_map(|(id, name, priority, operand)| {
        json!({
            "ruleId": format!("rule-{id}"), "name": name, "description": name, "isActive": true, "priority": priority, "type": "BLOCK",
            "conditions": {"==": [{"var": "lists.gone"}, operand]},
        })
    })
}

fn answers() -> impl Strategy<Value = Value> {
    let tenant = (text(), value(), text()).prop_map(|(name, minutes, url)| {
        let minutes = minutes.as_u64().filter(|minutes| *minutes > 0);
        json!({"tenantId": "t", "name": name, "tokenDurationInMinutes": minutes, "ipWhitelist": [name],
            "customDomain": name, "authenticatorEventsWebhookConfig": {"url": url, "includeCredentialPublicKey": true}})
    });
    let theme = (text(), text()).prop_map(|(name, template)| {
        json!({"name": name, "template": template, "colors": {"link": name}, "typography": {"text": {"faces": [{"url": "u", "weight": name}]}}})
    });
    let texts = (text(), text(), select(vec!["challenge.heading", "vendor.heading"]))
        .prop_map(|(locale, text, id)| json!({"messageOverrides": {locale.as_str().unwrap(): {id: text}}}));
    let authenticator = |method: &'static str| {
        (Just(method), word(&["TWILIO", "WEBHOOK", "HOLOGRAM"]), text()).prop_map(|(method, provider, url)| {
            json!({"authenticatorId": method, "verificationMethod": method, "isActive": true, "smsProvider": provider,
                "webhookUrl": url, "twilioCredentials": {"accountSid": url}, "smsCountryCodes": [url], "issuerName": url})
        })
    };
    let authenticators = subsequence(METHODS.to_vec(), 0..=5)
        .prop_flat_map(move |methods| methods.into_iter().map(authenticator).collect::<Vec<_>>());
    let lists = proptest::collection::vec(text(), 0..3).prop_map(|items| {
        json!([{"name": "L", "alias": "l", "itemType": "string", "isActive": true, "valueListItems": items}])
    });
    let actions = proptest::collection::btree_map(0..4_u8, action(), 0..4).prop_map(|all| {
        let mut seen = std::collections::BTreeSet::new();
        let unlike = all
            .into_values()
            .filter(|action| seen.insert(action["actionCode"].to_string()));
        unlike.collect::<Value>()
    });
    let rules = proptest::collection::vec(rule(), 0..4).prop_map(|rules| {
        let mut seen = std::collections::BTreeSet::new();
        let unlike = rules
            .into_iter()
            .filter(|rule| seen.insert(rule["ruleId"].to_string()));
        unlike.collect::<Value>()
    });
    (tenant, theme, texts, authenticators, lists, actions, rules).prop_map(
        |(tenant, theme, texts, authenticators, lists, actions, rules)| {
            json!({
                "tenant": tenant, "theme": theme, "message-overrides": texts, "authenticator-configurations": authenticators,
                "value-lists": lists, "action-configurations": actions, "action-configurations/sign%2Fin/rules": rules,
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_imported_starts_and_what_is_exported_then_starts_again(answers in answers()) {
        imported(answers);
    }
}
