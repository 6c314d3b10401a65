//! Tests of the walk. Knows no tenant.

use serde_json::{Value, json};

use super::{Around, Screens, beyond_screens, walk};
use crate::domain::authsignal::flow::document::{Flow, FlowRuleText, FlowText};
use crate::domain::authsignal::flow::node::StepType;
use crate::domain::authsignal::flow::run::{Place, Way};
use crate::domain::authsignal::vocabulary::Method;

#[derive(Default)]
struct Scene {
    holding: Vec<&'static str>,
    has: Vec<Method>,
    last: Option<Method>,
}

impl Around for Scene {
    fn holds(&self, rule: &str) -> bool {
        self.holding.contains(&rule)
    }

    fn offered(&self, _step: StepType, methods: &[Method]) -> Vec<Method> {
        let both = methods.iter().copied();
        both.filter(|method| self.has.contains(method)).collect()
    }

    fn last(&self) -> Option<Method> {
        self.last
    }
}

fn flow(nodes: &Value) -> Flow {
    let rules = ["risky", "known"].into_iter();
    let rules = rules.filter(|rule| nodes.to_string().contains(rule));
    let text = FlowText {
        action_nodes: nodes.to_string(),
        rules: rules
            .map(|id| FlowRuleText {
                id: id.to_owned(),
                name: String::new(),
                conditions: None,
            })
            .collect(),
    };
    Flow::read(text, &Method::ALL).unwrap()
}

/// Rules, a step, and both ends.
fn sign_in() -> Flow {
    flow(&json!([
        {"nodeId": "risk", "nodeType": "RULE", "parentNodeIds": [],
            "ruleChildNodeIds": [["risky", "no"], ["known", "yes"]], "elseChildNodeId": "verify"},
        {"nodeId": "verify", "nodeType": "VERIFICATION", "parentNodeIds": ["risk"],
            "methodConfigurations": {"SMS": {"isEnabled": true}}, "childNodeId": "yes"},
        {"nodeId": "yes", "nodeType": "COMPLETE", "parentNodeIds": ["risk"]},
        {"nodeId": "no", "nodeType": "BLOCK", "parentNodeIds": ["risk"]},
    ]))
}

fn from_root(flow: &Flow, scene: &Scene, screens: Screens) -> (Place, Vec<(usize, Way)>) {
    let (place, visits) = walk(flow, Some(flow.root), Way::Start, scene, screens);
    (
        place,
        visits.iter().map(|one| (one.node, one.way)).collect(),
    )
}

#[test]
fn the_first_rule_that_holds_leads_on_and_else_the_other_way() {
    let flow = sign_in();
    let walk = |holding: &[&'static str]| {
        let scene = Scene {
            holding: holding.to_vec(),
            has: vec![Method::Sms],
            last: None,
        };
        from_root(&flow, &scene, Screens::Stop)
    };
    assert_eq!(
        walk(&["known", "risky"]),
        (Place::Block(3), vec![(0, Way::Start), (3, Way::Rule(0))])
    );
    assert_eq!(walk(&["known"]).0, Place::Complete);
    assert_eq!(
        walk(&[]),
        (Place::At(1), vec![(0, Way::Start), (1, Way::Else)])
    );
}

#[test]
fn a_step_that_nobody_can_take_ends_the_run_with_the_reason() {
    let (place, _) = from_root(&sign_in(), &Scene::default(), Screens::Stop);
    let Place::Fault(why) = place else {
        panic!("{place:?}")
    };
    assert!(why.contains("no authenticator") && why.contains("node verify"));
    let enroll = |optional: bool| {
        flow(&json!([
            {"nodeId": "e", "nodeType": "ENROLLMENT", "isOptional": optional,
                "methodConfigurations": {"SMS": {"isEnabled": true}}, "childNodeId": "end"},
            {"nodeId": "end", "nodeType": "COMPLETE", "parentNodeIds": ["e"]},
        ]))
    };
    let walk = |optional| from_root(&enroll(optional), &Scene::default(), Screens::Stop).0;
    assert_eq!(walk(true), Place::Complete);
    assert!(matches!(walk(false), Place::Fault(_)));
}

#[test]
fn a_branch_goes_by_the_method_that_was_used_last() {
    let flow = flow(&json!([
        {"nodeId": "b", "nodeType": "VERIFICATION_METHOD_BRANCH",
            "verificationMethodChildNodeIds": [["SMS", "no"]], "elseChildNodeId": "yes"},
        {"nodeId": "yes", "nodeType": "COMPLETE", "parentNodeIds": ["b"]},
        {"nodeId": "no", "nodeType": "BLOCK", "parentNodeIds": ["b"]},
    ]));
    for (last, place) in [
        (None, Place::Complete),
        (Some(Method::EmailOtp), Place::Complete),
        (Some(Method::Sms), Place::Block(2)),
    ] {
        let scene = Scene {
            last,
            ..Scene::default()
        };
        assert_eq!(from_root(&flow, &scene, Screens::Stop).0, place);
    }
}

#[test]
fn only_a_page_stops_at_a_screen() {
    let flow = flow(&json!([
        {"nodeId": "s", "nodeType": "CUSTOM_SCREEN", "content": {"title": {"en": "Hello"}},
            "buttonChildNodeIds": [["go", "other"], ["stop", "no"]]},
        {"nodeId": "other", "nodeType": "CHALLENGE", "attempts": 3, "parentNodeIds": ["s"], "childNodeId": "yes"},
        {"nodeId": "yes", "nodeType": "COMPLETE", "parentNodeIds": ["other"]},
        {"nodeId": "no", "nodeType": "BLOCK", "parentNodeIds": ["s"]},
    ]));
    let scene = Scene::default();
    assert_eq!(from_root(&flow, &scene, Screens::Stop).0, Place::At(0));
    assert_eq!(
        from_root(&flow, &scene, Screens::Pass),
        (
            Place::Complete,
            vec![(0, Way::Start), (1, Way::Button(0)), (2, Way::Next)]
        )
    );
    assert_eq!(
        beyond_screens(&flow, &Place::At(0), &scene),
        Place::Complete
    );
}

#[test]
fn a_walk_that_leads_nowhere_or_in_a_circle_ends() {
    let nowhere = flow(&json!([{"nodeId": "a", "nodeType": "CHALLENGE"}]));
    let circle = flow(&json!([
        {"nodeId": "a", "nodeType": "CHALLENGE", "childNodeId": "b"},
        {"nodeId": "b", "nodeType": "CHALLENGE", "parentNodeIds": ["a"], "childNodeId": "a"},
    ]));
    for (flow, says) in [
        (nowhere, "node a (CHALLENGE) leads nowhere"),
        (circle, "in a circle"),
    ] {
        let (place, visits) = from_root(&flow, &Scene::default(), Screens::Stop);
        let Place::Fault(why) = place else {
            panic!("{place:?}")
        };
        assert!(why.contains(says), "{why}");
        assert!(visits.len() <= flow.nodes.len() + 1);
    }
}
