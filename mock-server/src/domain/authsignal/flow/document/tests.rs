//! Tests of what a flow document must be. Knows no run.

use serde_json::{Value, json};

use super::{Flow, FlowRuleText, FlowText};
use crate::bounds::{FLOW, FLOW_RULES};
use crate::domain::authsignal::vocabulary::Method;

const ENABLED: [Method; 2] = [Method::EmailOtp, Method::Sms];

fn rule(id: &str) -> FlowRuleText {
    FlowRuleText {
        id: id.to_owned(),
        name: "A rule".to_owned(),
        conditions: Some(json!({"==": [1, 1]})),
    }
}

fn read(nodes: &Value, rules: Vec<FlowRuleText>) -> Result<Flow, String> {
    let text = FlowText {
        action_nodes: nodes.to_string(),
        rules,
    };
    Flow::read(text, &ENABLED)
}

/// Why a document is refused.
fn fault(nodes: Value, rules: Vec<FlowRuleText>) -> String {
    read(&nodes, rules).unwrap_err()
}

fn complete(id: &str) -> Value {
    json!({"nodeId": id, "nodeType": "COMPLETE", "parentNodeIds": ["first"]})
}

/// A first node with these members, and one that it can lead to.
fn first(members: &Value) -> Value {
    let mut node = json!({"nodeId": "first", "parentNodeIds": []});
    for (name, value) in members.as_object().unwrap() {
        node[name] = value.clone();
    }
    json!([node, complete("end")])
}

#[test]
fn the_default_flow_is_a_flow() {
    let flow = Flow::default_one().unwrap();
    assert_eq!((flow.nodes.len(), flow.root, flow.version), (4, 0, None));
}

#[test]
fn nodes_are_kept_as_they_were_written() {
    let nodes = r#"[ {"nodeId":"a","nodeType":"CHALLENGE","attempts":9007199254740993,"score":1.10,"label":null} ]"#;
    let text = FlowText {
        action_nodes: nodes.to_owned(),
        rules: Vec::new(),
    };
    let flow = Flow::read(text, &ENABLED).unwrap();
    assert_eq!(&*flow.action_nodes, nodes);
}

#[test]
fn nodes_that_are_none_are_refused_with_their_place() {
    let text = |nodes: &str| FlowText {
        action_nodes: nodes.to_owned(),
        rules: Vec::new(),
    };
    for (nodes, says) in [
        ("[", "actionNodes is no JSON"),
        ("{}", "actionNodes must be a list"),
        ("[]", "actionNodes is empty"),
        ("[1]", "actionNodes[0] must be an object"),
    ] {
        let why = Flow::read(text(nodes), &ENABLED).unwrap_err();
        assert!(why.starts_with(says), "{why}");
    }
    let long = format!(r#"[{{"nodeId":"{}"}}]"#, "x".repeat(FLOW));
    let why = Flow::read(text(&long), &ENABLED).unwrap_err();
    assert!(why.ends_with("it must be at most 300000"), "{why}");
    for (nodes, says) in [
        (
            json!([{"nodeType": "BLOCK"}]),
            "actionNodes[0]: nodeId must be",
        ),
        (
            json!([{"nodeId": "a", "nodeType": ""}]),
            "actionNodes[0] (a): nodeType must be",
        ),
        (
            json!([complete("a"), complete("a")]),
            "actionNodes[1]: nodeId a is that of actionNodes[0], too",
        ),
        (
            json!([complete("a")]),
            "actionNodes has no node with an empty",
        ),
        (
            first(&json!({"nodeType": "VERIFICATION", "childNodeId": "gone"})),
            "actionNodes[0] (first): childNodeId names the node gone",
        ),
        (
            first(&json!({"nodeType": "VERIFICATION", "childNodeId": 1})),
            "actionNodes[0] (first): childNodeId must be the id",
        ),
        (
            first(&json!({"nodeType": "RULE", "elseChildNodeId": "end"})),
            "actionNodes[0] (first): ruleChildNodeIds is missing",
        ),
        (
            first(&json!({"nodeType": "CUSTOM_SCREEN", "buttonChildNodeIds": [["ok"]]})),
            "actionNodes[0] (first): buttonChildNodeIds[0] must be a list of two",
        ),
        (
            first(&json!({"nodeType": "BLOCK", "verificationMethodChildNodeIds": {}})),
            "actionNodes[0] (first): verificationMethodChildNodeIds must be a list",
        ),
        (
            first(&json!({"nodeType": "ENROLLMENT", "isOptional": "yes"})),
            "actionNodes[0] (first): isOptional must be true or false",
        ),
        (
            first(
                &json!({"nodeType": "VERIFICATION", "methodConfigurations": {"PASSKEY": {"isEnabled": true}}}),
            ),
            "actionNodes[0] (first): PASSKEY is not an enabled verification method",
        ),
        (
            first(
                &json!({"nodeType": "VERIFICATION", "methodConfigurations": {"TELEPATHY": {"isEnabled": true}}}),
            ),
            "actionNodes[0] (first): TELEPATHY is not an enabled verification method",
        ),
    ] {
        let why = fault(nodes, Vec::new());
        assert!(why.starts_with(says), "{why}");
    }
    let other = first(
        &json!({"nodeType": "VERIFICATION", "methodConfigurations": {"TELEPATHY": {"isEnabled": false}}}),
    );
    assert!(read(&other, Vec::new()).is_ok());
    // A method that only the vendor has may be enabled there.
    let elsewhere = first(
        &json!({"nodeType": "VERIFICATION", "methodConfigurations": {"OIDC_PROVIDER": {"isEnabled": true}}}),
    );
    assert!(read(&elsewhere, Vec::new()).is_ok());
}

#[test]
fn each_rule_has_one_node_and_the_form_of_the_vendor() {
    let leads = |rules: &[&str]| {
        let pairs: Vec<_> = rules.iter().map(|rule| json!([rule, "end"])).collect();
        first(&json!({"nodeType": "RULE", "ruleChildNodeIds": pairs}))
    };
    assert!(read(&leads(&["a", "b"]), vec![rule("a"), rule("b")]).is_ok());
    let always = FlowRuleText {
        conditions: None,
        ..rule("a")
    };
    assert!(read(&leads(&["a"]), vec![always]).is_ok());
    let named = |name: &str| FlowRuleText {
        name: name.to_owned(),
        ..rule("a")
    };
    assert!(read(&leads(&["a"]), vec![named("")]).is_ok());
    let with = |conditions: Value| FlowRuleText {
        conditions: Some(conditions),
        ..rule("a")
    };
    let many: Vec<_> = (0..=FLOW_RULES).map(|at| rule(&at.to_string())).collect();
    for (nodes, rules, says) in [
        (leads(&[]), vec![rule("a")], "rule a: no node names it"),
        (
            leads(&["a", "a"]),
            vec![rule("a")],
            "rule a: 2 nodes name it",
        ),
        (
            leads(&["a"]),
            Vec::new(),
            "actionNodes[0] (first): ruleChildNodeIds names the rule a, which",
        ),
        (
            leads(&["a"]),
            vec![rule("a"), rule("a")],
            "rule a: another rule has the same id",
        ),
        (leads(&[]), vec![rule("a b")], "rules[0]: ruleId must be"),
        (leads(&[]), vec![rule("")], "rules[0]: ruleId must be"),
        (
            leads(&[]),
            vec![rule(&"x".repeat(65))],
            "rules[0]: ruleId must be",
        ),
        (
            leads(&["a"]),
            vec![named("a|b")],
            "rules[0]: name holds '|'",
        ),
        (
            leads(&["a"]),
            vec![named(&"x".repeat(257))],
            "rules[0]: name has more than 256",
        ),
        (
            leads(&["a"]),
            vec![with(json!([]))],
            "rules[0]: conditions must be an object",
        ),
        (leads(&["a"]), vec![with(json!({"fly": 1}))], "rule a: "),
        (leads(&[]), many, "rules has 99 elements"),
    ] {
        let why = fault(nodes, rules);
        assert!(why.starts_with(says), "{why}");
    }
}
