//! Tests of runs: from their start to their end, by a client and by a server. Knows no wire format.

use serde_json::{Value, json};

use crate::bounds::{FLOW_STEPS, FLOWS};
use crate::domain::authsignal::action::Known;
use crate::domain::authsignal::address::Contact;
use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::factor::app_credential::NewAppCredential;
use crate::domain::authsignal::factor::fixture::{BASE, Fixture, at};
use crate::domain::authsignal::flow::published::PublishFault;
use crate::domain::authsignal::flow::run::Place;
use crate::domain::authsignal::flow::start::StartedFlow;
use crate::domain::authsignal::flow::{
    FlowRuleText, FlowState, FlowText, FlowToStart, StepType, UserOfFlow,
};
use crate::domain::authsignal::tracking::Proof;
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::domain::authsignal::webhook::{Endpoint, Kind};
use crate::domain::authsignal::{Refusal, Tenant};

const EMAIL: Method = Method::EmailOtp;
const ADDRESS: &str = "ada@example.com";

impl Fixture {
    fn publish(&mut self, nodes: &Value, rules: Vec<FlowRuleText>) -> Result<u64, PublishFault> {
        let text = FlowText {
            action_nodes: nodes.to_string(),
            rules,
        };
        let configuration = &mut self.authsignal.configuration;
        configuration.publish_flow("signIn", text, None)
    }

    fn start(&mut self, user: Option<UserOfFlow>) -> Result<StartedFlow, Refusal> {
        let wanted = FlowToStart {
            code: "signIn".to_owned(),
            user,
            client_id: Some("web".to_owned()),
            ..FlowToStart::default()
        };
        let turn = &mut self.supplies.turn(at(0));
        self.authsignal.start_flow(turn, wanted)
    }

    fn start_for(&mut self, user_id: &str) -> Bearer {
        let started = self.start(Some(UserOfFlow::Id(user_id.to_owned())));
        started.unwrap().bearer
    }

    fn send(&mut self, bearer: &Bearer, method: Method, to: Option<&str>) -> Result<(), Refusal> {
        let (turn, to) = (&mut self.supplies.turn(at(1)), to.map(str::to_owned));
        let sent = self
            .authsignal
            .challenge_flow(turn, bearer, method, to, BASE);
        sent.map(drop)
    }

    fn verify(&mut self, bearer: &Bearer, method: Method, code: &str) -> Result<(), Refusal> {
        let turn = &mut self.supplies.turn(at(2));
        self.authsignal.verify_flow_code(turn, bearer, method, code)
    }

    /// The code that was sent last.
    fn code(&self) -> String {
        let message = self.supplies.outbox.newest_first().next().unwrap();
        message.code.clone().unwrap()
    }

    /// Takes a step by a code.
    fn take(&mut self, bearer: &Bearer, method: Method, to: Option<&str>) {
        self.send(bearer, method, to).unwrap();
        let code = self.code();
        self.verify(bearer, method, &code).unwrap();
    }

    fn standing(&self, bearer: &Bearer) -> (FlowState, Option<(StepType, Vec<Method>)>) {
        let standing = self.authsignal.standing(bearer);
        (standing.state, standing.next)
    }

    fn verifies_by_webhook(&mut self) {
        self.authsignal.events.set_endpoints(vec![Endpoint {
            url: "http://127.0.0.1:1/".into(),
            kinds: vec![Kind::ActionVerify],
            public_key: true,
        }]);
    }

    /// The receivers that were asked agree, or do not, at that second.
    fn receivers_answer(&mut self, taken: bool, second: i64) {
        assert!(self.authsignal.events.is_holding());
        let (_, sequel) = self.authsignal.take_held(at(second));
        let turn = &mut self.supplies.turn(at(second));
        self.authsignal.conclude(turn, sequel, taken).unwrap();
    }

    fn close(&mut self, bearer: &Bearer) {
        let turn = &mut self.supplies.turn(at(3));
        self.authsignal.close_run(turn, bearer);
    }
}

fn step(id: &str, kind: &str, methods: &[Method], next: &str) -> Value {
    let methods = methods
        .iter()
        .map(|method| (method.word().to_owned(), json!({"isEnabled": true})));
    let methods: serde_json::Map<_, _> = methods.collect();
    json!({"nodeId": id, "nodeType": kind, "parentNodeIds": ["x"], "methodConfigurations": methods, "childNodeId": next})
}

/// A graph of these nodes, which starts at the first and can end well or badly.
fn graph(nodes: &[Value]) -> Value {
    let mut nodes = nodes.to_vec();
    nodes[0]["parentNodeIds"] = json!([]);
    nodes.push(json!({"nodeId": "yes", "nodeType": "COMPLETE", "parentNodeIds": ["x"]}));
    nodes.push(json!({"nodeId": "no", "nodeType": "BLOCK", "parentNodeIds": ["x"]}));
    nodes.into()
}

fn optional(id: &str, methods: &[Method], next: &str) -> Value {
    let mut node = step(id, "ENROLLMENT", methods, next);
    node["isOptional"] = true.into();
    node
}

fn says<T: std::fmt::Debug>(outcome: Result<T, Refusal>, words: &str) -> Refusal {
    let refusal = outcome.unwrap_err();
    assert!(refusal.to_string().contains(words), "{refusal}");
    refusal
}

#[test]
fn a_user_without_authenticators_enrols_and_is_through() {
    let mut fixture = Fixture::new();
    let bearer = fixture.start_for("ada");
    let (state, next) = fixture.standing(&bearer);
    assert_eq!(state, FlowState::ChallengeRequired);
    assert_eq!(next.unwrap().0, StepType::EnrollmentRequired);
    says(fixture.send(&bearer, EMAIL, None), "email is missing");
    says(fixture.send(&bearer, EMAIL, Some("ada")), "email has no @");
    says(fixture.verify(&bearer, EMAIL, "001234"), "no code was sent");
    fixture.send(&bearer, EMAIL, Some(ADDRESS)).unwrap();
    // To the address that is being enrolled.
    fixture.send(&bearer, EMAIL, None).unwrap();
    let wrong = fixture.verify(&bearer, EMAIL, "wrong");
    assert!(matches!(wrong, Err(Refusal::InvalidCode(_))));
    assert!(
        fixture
            .authsignal
            .user("ada")
            .unwrap()
            .authenticators
            .is_empty()
    );
    let code = fixture.code();
    fixture.verify(&bearer, EMAIL, &code).unwrap();
    let standing = fixture.authsignal.standing(&bearer);
    assert_eq!(
        (standing.state, standing.next),
        (FlowState::ChallengeSucceeded, None)
    );
    let own = &fixture.authsignal.user("ada").unwrap().authenticators;
    assert_eq!(own[0].email.as_deref(), Some(ADDRESS));
    let done = &standing.done[0];
    assert_eq!(
        (done.step, done.method, done.authenticator_id.as_ref()),
        (StepType::EnrollmentRequired, EMAIL, Some(&own[0].id))
    );
    assert_eq!(fixture.state(&bearer), Some(State::ChallengeSucceeded));
    says(fixture.send(&bearer, EMAIL, None), "no step left");
}

#[test]
fn a_user_with_an_authenticator_verifies_with_what_they_have() {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    let bearer = fixture.start_for("ada");
    let offered = vec![Method::Sms, Method::Whatsapp];
    assert_eq!(
        fixture.standing(&bearer),
        (
            FlowState::ChallengeRequired,
            Some((StepType::VerificationRequired, offered))
        )
    );
    let refusal = says(
        fixture.send(&bearer, EMAIL, None),
        "does not offer EMAIL_OTP",
    );
    assert!(refusal.to_string().ends_with("use one of: SMS, WHATSAPP"));
    says(
        fixture.send(&bearer, Method::Sms, Some("+64270000001")),
        "phoneNumber is not that of the user",
    );
    fixture
        .send(&bearer, Method::Sms, Some("+64270000000"))
        .unwrap();
    fixture.take(&bearer, Method::Sms, None);
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeSucceeded);
}

#[test]
fn nothing_that_one_step_has_sent_helps_with_the_next() {
    let mut fixture = Fixture::new();
    let both = [EMAIL, Method::Sms];
    let nodes = graph(&[
        step("enroll", "ENROLLMENT", &both, "verify"),
        step("verify", "VERIFICATION", &both, "yes"),
    ]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let bearer = fixture.start_for("ada");
    fixture
        .send(&bearer, EMAIL, Some("eve@example.com"))
        .unwrap();
    let of_eve = fixture.code();
    fixture.take(&bearer, Method::Sms, Some("+64270000000"));
    let (state, next) = fixture.standing(&bearer);
    assert_eq!(state, FlowState::ChallengeRequired);
    assert_eq!(
        next,
        Some((StepType::VerificationRequired, vec![Method::Sms]))
    );
    assert_eq!(fixture.state(&bearer), Some(State::ChallengeRequired));
    says(fixture.verify(&bearer, EMAIL, &of_eve), "does not offer");
    assert!(fixture.authsignal.user("ada").unwrap().pending.is_empty());
    // The code of the step before is used up.
    let used = fixture.code();
    assert!(fixture.verify(&bearer, Method::Sms, &used).is_err());
    fixture.take(&bearer, Method::Sms, None);
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeSucceeded);
}

#[test]
fn two_runs_of_a_user_enrol_side_by_side() {
    let mut fixture = Fixture::new();
    let nodes = graph(&[step("enroll", "ENROLLMENT", &[EMAIL], "yes")]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let runs = [fixture.start_for("ada"), fixture.start_for("ada")];
    let codes = ["one@example.com", "two@example.com"]
        .into_iter()
        .zip(&runs);
    let codes = codes.map(|(address, run)| {
        fixture.send(run, EMAIL, Some(address)).unwrap();
        fixture.code()
    });
    let codes: Vec<_> = codes.collect();
    assert!(fixture.verify(&runs[1], EMAIL, &codes[0]).is_err());
    for (run, code) in runs.iter().zip(&codes) {
        fixture.verify(run, EMAIL, code).unwrap();
        assert_eq!(fixture.standing(run).0, FlowState::ChallengeSucceeded);
    }
    let own = &fixture.authsignal.user("ada").unwrap().authenticators;
    assert_eq!(own[0].email.as_deref(), Some("two@example.com"));
    assert_eq!(own.len(), 1);
}

#[test]
fn a_proof_of_another_kind_takes_no_step() {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    let nodes = graph(&[step("enroll", "ENROLLMENT", &[Method::Sms], "yes")]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let bearer = fixture.start_for("ada");
    let pass = |fixture: &mut Fixture, method| {
        let turn = &mut fixture.supplies.turn(at(1));
        let authsignal = &mut fixture.authsignal;
        authsignal
            .challenge_message(turn, &bearer, method, None, BASE)
            .unwrap();
        let code = turn.outbox.newest_first().next().unwrap().code.clone();
        let code = code.unwrap();
        authsignal
            .verify_code(turn, &bearer, method, &code)
            .unwrap();
    };
    // With the token of the flow, by the Client API: a verification, and not an enrolment.
    pass(&mut fixture, Method::Sms);
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeRequired);
    assert_eq!(fixture.authsignal.standing(&bearer).done, []);
    fixture.take(&bearer, Method::Sms, Some("+64270000001"));
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeSucceeded);
}

#[test]
fn an_enrolment_is_no_way_around_a_verification() {
    let mut fixture = Fixture::new();
    let nodes = graph(&[step("v", "VERIFICATION", &[EMAIL, Method::Push], "yes")]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let of_ada = UserOfFlow::By(Contact {
        email: Some(ADDRESS.to_owned()),
        ..Contact::default()
    });
    let bearer = fixture.start(Some(of_ada)).unwrap().bearer;
    let Fixture {
        supplies,
        authsignal,
    } = &mut fixture;
    let turn = &mut supplies.turn(at(1));
    let of_eve = "eve@example.com".to_owned();
    let refusal = authsignal.enroll_message(turn, &bearer, EMAIL, of_eve, BASE);
    says(refusal.map(drop), "which enrols no EMAIL_OTP");
    let key = NewAppCredential {
        public_key: "key".to_owned(),
        device_name: String::new(),
        platform: String::new(),
        push_token: None,
    };
    let refusal = authsignal.add_app_credential(turn, &bearer, Method::Push, key);
    says(refusal.map(drop), "which enrols no PUSH");
    // The address that the application has named proves who it is.
    fixture.take(&bearer, EMAIL, None);
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeSucceeded);
}

#[test]
fn a_server_that_verifies_declines_what_is_optional_and_nothing_else() {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    let screen = json!({"nodeId": "bye", "nodeType": "CUSTOM_SCREEN", "parentNodeIds": ["x"],
        "buttonChildNodeIds": [["ok", "yes"], ["other", "no"]]});
    let nodes = graph(&[
        step("verify", "VERIFICATION", &[Method::Sms], "offer"),
        optional("offer", &[EMAIL], "bye"),
        screen,
    ]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let bearer = fixture.start_for("ada");
    fixture.close(&bearer);
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeRequired);
    fixture.take(&bearer, Method::Sms, None);
    assert_eq!(
        fixture.standing(&bearer).1,
        Some((StepType::EnrollmentOptional, vec![EMAIL]))
    );
    let Fixture {
        supplies,
        authsignal,
    } = &mut fixture;
    let turn = &mut supplies.turn(at(3));
    let early = authsignal.verified_flow(turn, &bearer, BASE);
    assert!(early.session.is_none());
    authsignal.close_run(turn, &bearer);
    let verified = authsignal.verified_flow(turn, &bearer, BASE);
    assert_eq!(verified.standing.state, FlowState::ChallengeSucceeded);
    assert_eq!(verified.standing.done.len(), 1);
    let session = verified.session.unwrap();
    assert_eq!(
        (session.access.aud.as_str(), session.access.sub.as_str()),
        ("web", "ada")
    );
    let action = authsignal.action("ada", "signIn", &bearer.key).unwrap();
    assert_eq!(action.method, Some(Method::Sms));
}

#[test]
fn receivers_agree_to_the_end_of_a_flow_alone_and_the_step_waits_for_them() {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    fixture.verifies_by_webhook();
    let sms = [Method::Sms];
    let nodes = graph(&[
        step("one", "VERIFICATION", &sms, "two"),
        step("two", "VERIFICATION", &sms, "yes"),
    ]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let bearer = fixture.start_for("ada");
    fixture.take(&bearer, Method::Sms, None);
    assert!(!fixture.authsignal.events.is_holding());
    for taken in [false, true] {
        fixture.take(&bearer, Method::Sms, None);
        fixture.receivers_answer(taken, 3);
        let state = if taken {
            State::ChallengeSucceeded
        } else {
            State::ChallengeRequired
        };
        assert_eq!(fixture.state(&bearer), Some(state));
    }
    assert_eq!(fixture.authsignal.standing(&bearer).done.len(), 2);
}

#[test]
fn an_enrolment_ends_a_flow_however_late_the_receivers_agree() {
    let mut fixture = Fixture::new();
    fixture.verifies_by_webhook();
    let nodes = graph(&[step("one", "ENROLLMENT", &[EMAIL], "yes")]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let bearer = fixture.start_for("ada");
    for taken in [false, true] {
        fixture.take(&bearer, EMAIL, Some(ADDRESS));
        fixture.receivers_answer(taken, 9);
        assert_eq!(
            fixture.authsignal.standing(&bearer).done.len(),
            usize::from(taken)
        );
    }
    let standing = fixture.authsignal.standing(&bearer);
    assert_eq!(standing.state, FlowState::ChallengeSucceeded);
    let own = &fixture.authsignal.user("ada").unwrap().authenticators;
    assert_eq!(standing.done[0].authenticator_id.as_ref(), Some(&own[0].id));
    assert_eq!(fixture.state(&bearer), Some(State::ChallengeSucceeded));
}

/// A screen with two buttons.
fn screen(id: &str, first: &str, second: &str) -> Value {
    json!({"nodeId": id, "nodeType": "CUSTOM_SCREEN", "parentNodeIds": ["x"],
        "buttonChildNodeIds": [["first", first], ["second", second]]})
}

#[test]
fn a_screen_waits_for_its_button_and_the_run_says_nothing_else() {
    for (button, ends, state) in [
        ("first", FlowState::ChallengeFailed, State::ChallengeFailed),
        (
            "second",
            FlowState::ChallengeSucceeded,
            State::ChallengeSucceeded,
        ),
    ] {
        let mut fixture = Fixture::new();
        let nodes = graph(&[screen("terms", "no", "yes")]);
        fixture.publish(&nodes, Vec::new()).unwrap();
        let bearer = fixture.start_for("ada");
        for _ in 0..2 {
            let waits = (FlowState::ChallengeRequired, None);
            assert_eq!(fixture.standing(&bearer), waits);
            assert_eq!(fixture.state(&bearer), Some(State::ChallengeRequired));
            // A server that asks too early ends nothing.
            fixture.close(&bearer);
        }
        says(fixture.send(&bearer, EMAIL, None), "waits at a screen");
        let turn = &mut fixture.supplies.turn(at(4));
        let authsignal = &mut fixture.authsignal;
        authsignal.press_button(turn, &bearer, button).unwrap();
        assert_eq!(fixture.standing(&bearer), (ends, None));
        assert_eq!(fixture.state(&bearer), Some(state));
    }
}

#[test]
fn a_loop_of_screens_has_the_way_out_that_a_button_is() {
    let mut fixture = Fixture::new();
    let nodes = graph(&[screen("one", "two", "yes"), screen("two", "one", "one")]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let bearer = fixture.start_for("ada");
    for button in ["first", "first", "second"] {
        assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeRequired);
        fixture.close(&bearer);
        let turn = &mut fixture.supplies.turn(at(4));
        let authsignal = &mut fixture.authsignal;
        authsignal.press_button(turn, &bearer, button).unwrap();
    }
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeSucceeded);
}

#[test]
fn a_client_that_takes_a_step_and_the_control_api_pass_the_screens_around_it() {
    let nodes = graph(&[
        screen("before", "verify", "no"),
        step("verify", "VERIFICATION", &[Method::Sms], "after"),
        screen("after", "yes", "no"),
    ]);
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    fixture.publish(&nodes, Vec::new()).unwrap();
    let bearer = fixture.start_for("ada");
    let next = Some((StepType::VerificationRequired, vec![Method::Sms]));
    assert_eq!(
        fixture.standing(&bearer),
        (FlowState::ChallengeRequired, next)
    );
    fixture.take(&bearer, Method::Sms, None);
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeSucceeded);
    assert_eq!(fixture.state(&bearer), Some(State::ChallengeSucceeded));
    // A receiver has to agree to an end behind a screen, too.
    fixture.verifies_by_webhook();
    let bearer = fixture.start_for("ada");
    fixture.take(&bearer, Method::Sms, None);
    assert_eq!(
        fixture.standing(&bearer),
        (FlowState::ChallengeRequired, None)
    );
    fixture.receivers_answer(true, 3);
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeSucceeded);
    fixture.authsignal.events.set_endpoints(Vec::new());
    fixture.start_for("ada");
    let turn = &mut fixture.supplies.turn(at(4));
    let finished = fixture.authsignal.finish(turn, "ada", None, true);
    assert_eq!(finished.unwrap().2, State::ChallengeSucceeded);
}

#[test]
fn a_run_that_the_server_has_ended_takes_no_step() {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    for (state, why) in [
        (State::ChallengeSucceeded, "no step left"),
        (State::Allow, "no step left"),
        (State::Block, "start the flow again"),
    ] {
        let bearer = fixture.start_for("ada");
        fixture.send(&bearer, Method::Sms, None).unwrap();
        let code = fixture.code();
        let actions = &mut fixture.authsignal.actions;
        actions.change("ada", "signIn", &bearer.key, |action| {
            action.set(state, at(1))
        });
        says(fixture.send(&bearer, Method::Sms, None), why);
        says(fixture.verify(&bearer, Method::Sms, &code), why);
        assert_eq!(fixture.state(&bearer), Some(state));
    }
}

#[test]
fn a_run_fails_if_its_step_offers_nothing_any_more_and_skips_what_is_optional() {
    for (is_optional, ends) in [
        (false, FlowState::ChallengeFailed),
        (true, FlowState::ChallengeSucceeded),
    ] {
        let mut fixture = Fixture::new();
        let mut enroll = step("enroll", "ENROLLMENT", &[EMAIL], "yes");
        enroll["isOptional"] = is_optional.into();
        fixture.publish(&graph(&[enroll]), Vec::new()).unwrap();
        let bearer = fixture.start_for("ada");
        fixture.send(&bearer, EMAIL, Some(ADDRESS)).unwrap();
        let code = fixture.code();
        let methods = &mut fixture.authsignal.configuration.methods;
        methods.retain(|method| *method != EMAIL);
        let why = if is_optional {
            "no step left"
        } else {
            "the tenant has enabled none of the methods of node enroll"
        };
        says(fixture.send(&bearer, EMAIL, Some(ADDRESS)), why);
        says(fixture.verify(&bearer, EMAIL, &code), why);
        assert_eq!(fixture.standing(&bearer).1, None);
        fixture.close(&bearer);
        assert_eq!(fixture.standing(&bearer).0, ends);
    }
    // An authenticator that was deleted meanwhile, and whose number the application has not named.
    let mut fixture = Fixture::new();
    let configuration = &mut fixture.authsignal.configuration;
    configuration.challenge_enrolled_only = true;
    fixture.enroll_sms("ada");
    let bearer = fixture.start_for("ada");
    let id = fixture.authsignal.user("ada").unwrap().authenticators[0]
        .id
        .clone();
    let turn = &mut fixture.supplies.turn(at(1));
    let deleted = fixture.authsignal.delete_authenticator(turn, "ada", &id);
    deleted.unwrap();
    says(fixture.send(&bearer, Method::Sms, None), "no authenticator");
    fixture.close(&bearer);
    assert_eq!(fixture.state(&bearer), Some(State::ChallengeFailed));
}

#[test]
fn rules_see_the_user_as_they_are_when_the_run_comes_there() {
    let mut fixture = Fixture::new();
    let rule = FlowRuleText {
        id: "enrolled".to_owned(),
        name: String::new(),
        conditions: Some(json!({"in": ["EMAIL_OTP", {"var": "user.enrolledVerificationMethods"}]})),
    };
    let ask = json!({"nodeId": "ask", "nodeType": "RULE", "parentNodeIds": ["x"],
        "ruleChildNodeIds": [["enrolled", "yes"]], "elseChildNodeId": "no"});
    let nodes = graph(&[
        step("enroll", "ENROLLMENT", &[EMAIL, Method::Sms], "ask"),
        ask,
    ]);
    fixture.publish(&nodes, vec![rule]).unwrap();
    let (ada, bob) = (fixture.start_for("ada"), fixture.start_for("bob"));
    fixture.take(&ada, EMAIL, Some(ADDRESS));
    fixture.take(&bob, Method::Sms, Some("+64270000000"));
    assert_eq!(fixture.standing(&ada).0, FlowState::ChallengeSucceeded);
    assert_eq!(fixture.standing(&bob), (FlowState::ChallengeFailed, None));
    assert_eq!(fixture.authsignal.standing(&bob).done, []);
    assert_eq!(fixture.state(&bob), Some(State::ChallengeFailed));
}

#[test]
fn a_document_names_only_what_the_tenant_has() {
    let mut fixture = Fixture::new();
    let rule = |variable: &str| FlowRuleText {
        id: "r".to_owned(),
        name: String::new(),
        conditions: Some(json!({"==": [{"var": variable}, 1]})),
    };
    let ask = json!({"nodeId": "ask", "nodeType": "RULE", "ruleChildNodeIds": [["r", "yes"]]});
    for (variable, fault) in [
        ("custom.tier", Some("no custom data point `tier`")),
        ("lists.blocked", Some("no value list `blocked`")),
        ("wallet", None),
        ("ip.isAnonymous", None),
    ] {
        let published = fixture.publish(&graph(std::slice::from_ref(&ask)), vec![rule(variable)]);
        match fault {
            None => assert!(published.is_ok(), "{published:?}"),
            Some(fault) => {
                let why = published.unwrap_err().to_string();
                assert!(why.starts_with("rule r: ") && why.contains(fault), "{why}");
            }
        }
    }
}

#[test]
fn a_stale_version_is_refused_and_a_run_keeps_the_document_it_started_with() {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    let verify = graph(&[step("v", "VERIFICATION", &[Method::Sms], "yes")]);
    let block = graph(&[json!({"nodeId": "b", "nodeType": "BLOCK"})]);
    let text = |nodes: &Value| FlowText {
        action_nodes: nodes.to_string(),
        rules: Vec::new(),
    };
    let publish = |fixture: &mut Fixture, nodes: &Value, expected| {
        let configuration = &mut fixture.authsignal.configuration;
        configuration.publish_flow("signIn", text(nodes), expected)
    };
    let stale = publish(&mut fixture, &verify, Some(1));
    assert!(matches!(stale, Err(PublishFault::Stale(_))), "{stale:?}");
    assert_eq!(publish(&mut fixture, &verify, None), Ok(1));
    let bearer = fixture.start_for("ada");
    assert_eq!(publish(&mut fixture, &block, Some(1)), Ok(2));
    let why = publish(&mut fixture, &block, Some(1)).unwrap_err();
    assert!(why.to_string().contains("has version 2"), "{why}");
    let later = fixture.start_for("ada");
    assert_eq!(fixture.standing(&later).0, FlowState::ChallengeFailed);
    fixture.take(&bearer, Method::Sms, None);
    assert_eq!(fixture.standing(&bearer).0, FlowState::ChallengeSucceeded);

    publish(&mut fixture, &verify, None).unwrap();
    let forgotten = fixture.start_for("ada");
    for _ in 0..=FLOWS {
        publish(&mut fixture, &verify, None).unwrap();
    }
    let why = "published too often";
    says(fixture.send(&forgotten, Method::Sms, None), why);
    fixture.close(&forgotten);
    assert_eq!(fixture.standing(&forgotten).0, FlowState::ChallengeFailed);
    let why = "start the flow again";
    says(fixture.send(&forgotten, Method::Sms, None), why);
}

#[test]
fn documents_have_bounds() {
    let mut fixture = Fixture::new();
    let block = FlowText {
        action_nodes: graph(&[json!({"nodeId": "b", "nodeType": "BLOCK"})]).to_string(),
        rules: Vec::new(),
    };
    let configuration = &mut fixture.authsignal.configuration;
    for at in 0..FLOWS {
        let code = at.to_string();
        configuration
            .publish_flow(&code, block.clone(), None)
            .unwrap();
    }
    let many = configuration.publish_flow("more", block.clone(), None);
    assert!(matches!(many, Err(PublishFault::Malformed(_))));
    assert_eq!(configuration.publish_flow("0", block.clone(), None), Ok(2));
    configuration.flows.remove("1");
    assert_eq!(
        configuration.publish_flow("more", block.clone(), None),
        Ok(1)
    );
    let all = (0..=FLOWS).map(|at| (at.to_string(), block.clone()));
    let methods = configuration.methods.clone();
    let why = configuration.read_flows(all.collect(), &methods);
    assert!(why.unwrap_err().contains("a tenant has at most 100"));
}

#[test]
fn a_run_takes_no_more_steps_than_it_may() {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    let nodes = graph(&[step("again", "VERIFICATION", &[Method::Sms], "again")]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let bearer = fixture.start_for("ada");
    let Fixture {
        supplies,
        authsignal,
    } = &mut fixture;
    let turn = &mut supplies.turn(at(1));
    let finished = authsignal.finish_action(turn, "ada", "signIn", &bearer.key, true);
    let finished = finished.unwrap();
    assert_eq!(finished.state, State::ChallengeFailed);
    let run = finished.run.as_deref().unwrap();
    assert_eq!(run.done.len(), FLOW_STEPS);
    assert!(matches!(&run.place, Place::Fault(why) if why.contains("100 steps")));
}

#[test]
fn the_control_api_takes_every_step_or_fails_the_run() {
    let mut fixture = Fixture::new();
    let nodes = graph(&[
        step("one", "ENROLLMENT", &[EMAIL], "two"),
        step("two", "ENROLLMENT", &[Method::Sms], "yes"),
    ]);
    fixture.publish(&nodes, Vec::new()).unwrap();
    let passed = fixture.start_for("ada");
    let Fixture {
        supplies,
        authsignal,
    } = &mut fixture;
    let finished = authsignal.finish(&mut supplies.turn(at(1)), "ada", None, true);
    assert_eq!(finished.unwrap().2, State::ChallengeSucceeded);
    assert_eq!(authsignal.standing(&passed).done.len(), 2);
    let failed = fixture.start_for("ada");
    let Fixture {
        supplies,
        authsignal,
    } = &mut fixture;
    let finished = authsignal.finish(&mut supplies.turn(at(2)), "ada", None, false);
    assert_eq!(finished.unwrap().2, State::ChallengeFailed);
    assert_eq!(
        authsignal.standing(&failed).state,
        FlowState::ChallengeFailed
    );
}

#[test]
fn a_flow_finds_its_user_by_an_attribute_or_makes_one() {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    let by = |contact: Contact| Some(UserOfFlow::By(contact));
    let phone = |number: &str| {
        by(Contact {
            phone_number: Some(number.to_owned()),
            ..Contact::default()
        })
    };
    let found = fixture.start(phone("+64270000000")).unwrap();
    assert_eq!(
        (found.bearer.user_id.as_str(), found.is_known),
        ("ada", true)
    );
    let email = by(Contact {
        email: Some("bob@example.com".to_owned()),
        ..Contact::default()
    });
    let made = fixture.start(email.clone()).unwrap().bearer;
    let again = fixture.start(email).unwrap().bearer;
    assert_eq!(
        made.user_id, again.user_id,
        "a second start finds the first user"
    );
    // The application has named the address.
    fixture.take(&made, EMAIL, None);
    assert_eq!(fixture.standing(&made).0, FlowState::ChallengeSucceeded);
    says(
        fixture.start(phone("x")),
        "phoneNumber does not start with +",
    );
    let nobody = fixture.start(None).unwrap();
    assert!(!nobody.is_known);
    assert!(fixture.authsignal.user(&nobody.bearer.user_id).is_none());
    fixture.take(&nobody.bearer, EMAIL, Some("eve@example.com"));
    assert!(fixture.authsignal.user(&nobody.bearer.user_id).is_some());
}

#[test]
fn a_token_of_a_flow_is_good_for_flows_alone() {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    let flow = fixture.start_for("ada");
    let classic = fixture.track("ada");
    let token = |fixture: &Fixture, bearer: &Bearer| {
        let authsignal = &fixture.authsignal;
        let (user_id, code, key) = (&bearer.user_id, &bearer.action, &bearer.key);
        let grant = authsignal.grant(user_id, code, key, None, at(0));
        let tenant: &Tenant = &authsignal.tenant;
        tenant.token(&grant, user_id, code, key, BASE)
    };
    let (first, tracked) = (token(&fixture, &flow), token(&fixture, &classic));
    fixture.take(&flow, Method::Sms, None);
    let second = token(&fixture, &flow);
    assert_ne!(first, second, "each step has a token of its own");
    let authsignal = &fixture.authsignal;
    let read = |token: &str| authsignal.tenant.keys.read(token);
    for token in [&first, &second] {
        let bearer = authsignal.flow_bearer(read(token), at(599)).unwrap();
        assert_eq!(bearer.key, flow.key);
        let proof = authsignal.validate(read(token), None, None, at(1));
        assert!(matches!(proof, Proof::Nothing(why) if why.contains("verify_flow")));
    }
    let late = authsignal.flow_bearer(read(&first), at(600));
    assert_eq!(late, Err(Refusal::Expired));
    says(
        authsignal.flow_bearer(read(&tracked), at(1)),
        "none of a flow",
    );
    let refusal = authsignal.is_of_flow(&flow, "pay");
    assert!(matches!(refusal, Err(Refusal::InvalidAction(_))));
    let turn = &mut fixture.supplies.turn(at(1));
    fixture.authsignal.delete_user(turn, "ada", false);
    let read = fixture.authsignal.tenant.keys.read(&first);
    let gone = fixture.authsignal.flow_bearer(read, at(1));
    assert!(matches!(gone, Err(Refusal::Unauthorized(_))));
}

#[test]
fn what_a_run_keeps_counts_and_prints_nothing_of_the_user() {
    let mut fixture = Fixture::new();
    let wanted = FlowToStart {
        code: "signIn".to_owned(),
        user: Some(UserOfFlow::Id("ada".to_owned())),
        known: Known {
            user_agent: Some("x".repeat(1000)),
            ..Known::default()
        },
        client_id: None,
    };
    let turn = &mut fixture.supplies.turn(at(0));
    let bearer = fixture.authsignal.start_flow(turn, wanted).unwrap().bearer;
    let run = fixture
        .authsignal
        .run("ada", "signIn", &bearer.key)
        .unwrap();
    assert!(run.bytes() > 1000);
    assert!(!format!("{run:?}").contains("xxx"));
}
