//! A flow on its page: step by step, with its own screens, to its end.

use serde_json::{Value, json};

use super::{APP, EMAIL, Visit, text};

/// A flow of these nodes, which starts at the first and can end well or badly.
async fn visit(nodes: &[Value]) -> (Visit, Value) {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    let mut nodes = nodes.to_vec();
    nodes[0]["parentNodeIds"] = json!([]);
    for (id, kind) in [("yes", "COMPLETE"), ("no", "BLOCK")] {
        nodes.push(json!({"nodeId": id, "nodeType": kind, "parentNodeIds": ["x"]}));
    }
    let flows = json!({"flows": [{"action": "sign-in", "actionNodes": nodes}]});
    visit.tenant.configure(flows).await;
    let body = json!({"actionCode": "sign-in", "user": {"userId": "ada"}, "redirectUrl": APP});
    let started = visit.tenant.post("/v1/flows", body).await;
    visit.open(text(&started["challengeUrl"])).await;
    (visit, started["challengeToken"].clone())
}

fn step(id: &str, kind: &str, method: &str, next: &str) -> Value {
    json!({"nodeId": id, "nodeType": kind, "parentNodeIds": ["x"], "childNodeId": next,
        "methodConfigurations": {method: {"isEnabled": true}}})
}

fn screen() -> Value {
    json!({"nodeId": "terms", "nodeType": "CUSTOM_SCREEN", "parentNodeIds": ["x"],
        "content": {"title": {"en": "Our <terms>"}, "blocks": [{"text": {"en": "Read & go on."}}]},
        "buttonChildNodeIds": [["agree", "verify"], ["refuse", "no"]]})
}

async fn closed(visit: &Visit, token: &Value) -> Value {
    let body = json!({"actionCode": "sign-in", "challengeToken": token});
    visit.tenant.post("/v1/flows/verify", body).await["action"].clone()
}

#[tokio::test]
async fn the_page_walks_a_flow_to_its_end() {
    let mut offer = step("offer", "ENROLLMENT", "EMAIL_OTP", "yes");
    offer["isOptional"] = true.into();
    let verify = step("verify", "VERIFICATION", "SMS", "offer");
    let (mut visit, token) = visit(&[screen(), verify, offer]).await;
    let token = text(&token).to_owned();
    assert_eq!(visit.heading(), "Our &lt;terms&gt;");
    assert!(visit.html.contains("Read &amp; go on."));
    // A button that is not there changes nothing.
    visit
        .submit("/challenge/press", &[("button", "other")])
        .await;
    assert_eq!(visit.heading(), "Our &lt;terms&gt;");
    let first = visit.filled("/challenge/press", &[("button", "agree")]);
    visit.go(first).await;
    assert_eq!(visit.heading(), "Check your text messages");
    // The form of a step before shows where the flow is now, and what belongs to no step is no way around one.
    let back = visit.filled("/challenge/verify", &[("button", "refuse")]);
    let mut again = back.clone();
    "/challenge/press".clone_into(&mut again.target);
    visit.go(again).await;
    assert_eq!(visit.heading(), "Check your text messages");
    let mut skip = back.clone();
    "/challenge/decline".clone_into(&mut skip.target);
    visit.go(skip).await;
    assert_eq!(visit.heading(), "Check your text messages");
    let mut other = back;
    "/challenge/enroll".clone_into(&mut other.target);
    other
        .body
        .extend_from_slice(b"&method=EMAIL_OTP&address=eve%40example.com");
    let sent = visit.messages();
    visit.go(other).await;
    assert_eq!(visit.messages(), sent);
    visit.open(&format!("/challenge?token={token}")).await;
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.heading(), "Add a sign-in method");
    visit.submit("/challenge/decline", &[]).await;
    let action = closed(&visit, &visit.returned().into()).await;
    assert_eq!(action["completedSteps"][0]["verificationMethod"], "SMS");
}

#[tokio::test]
async fn a_step_that_enrols_can_be_declined_if_it_is_optional() {
    let mut offer = step("offer", "ENROLLMENT", "EMAIL_OTP", "yes");
    offer["isOptional"] = true.into();
    let (mut visit, token) = visit(&[offer]).await;
    assert_eq!(visit.heading(), "Add a sign-in method");
    assert!(visit.html.contains("Skip this step"));
    visit.follow("Email code").await;
    assert_eq!(visit.heading(), "Add your email address");
    visit.follow("Use another method").await;
    visit.submit("/challenge/decline", &[]).await;
    assert!(
        visit
            .left_to
            .as_deref()
            .unwrap()
            .starts_with("https://app.test/")
    );
    let action = closed(&visit, &token).await;
    assert_eq!(action["state"], "CHALLENGE_SUCCEEDED");
    assert_eq!(action["completedSteps"], json!([]));
}

#[tokio::test]
async fn a_required_enrolment_has_no_way_past_it() {
    let (mut visit, token) = visit(&[step("enroll", "ENROLLMENT", "EMAIL_OTP", "yes")]).await;
    assert!(!visit.html.contains("Skip this step"));
    visit.follow("Email code").await;
    visit
        .submit("/challenge/enroll", &[("address", EMAIL)])
        .await;
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    let returned = visit.returned();
    assert_ne!(token, returned, "the newest token");
    let action = closed(&visit, &returned.into()).await;
    assert_eq!(action["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn a_button_can_lead_to_the_end_of_a_flow() {
    let verify = step("verify", "VERIFICATION", "SMS", "yes");
    let (mut visit, token) = visit(&[screen(), verify]).await;
    visit
        .submit("/challenge/press", &[("button", "refuse")])
        .await;
    assert_eq!(visit.heading(), "This did not work");
    assert!(visit.html.contains("has come to a BLOCK node"));
    assert!(!visit.html.contains("action.verify") && !visit.html.contains("idempotencyKey"));
    assert_eq!(closed(&visit, &token).await["state"], "CHALLENGE_FAILED");
}

#[tokio::test]
async fn a_flow_that_is_a_screen_waits_for_its_button_whoever_asks() {
    let mut terms = screen();
    terms["buttonChildNodeIds"] = json!([["agree", "yes"], ["refuse", "no"]]);
    let (mut visit, token) = visit(&[terms]).await;
    for _ in 0..2 {
        let action = closed(&visit, &token).await;
        assert_eq!(action["state"], "CHALLENGE_REQUIRED", "{action}");
        assert_eq!(action.get("nextStep"), None);
    }
    visit
        .submit("/challenge/press", &[("button", "agree")])
        .await;
    assert_eq!(closed(&visit, &token).await["state"], "CHALLENGE_SUCCEEDED");
}
