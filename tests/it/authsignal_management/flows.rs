//! Actions of the type FLOW: their type, their rules, and what their document cannot hold.

use serde_json::{Value, json};

use super::{answered, change, create, get, manage, received};
use crate::receiver::{Receiver, Reply};
use crate::tenant::{Tenant, assert_refusal};
use crate::wire::Request;

const ACTION: &str = "/action-configurations/sign-up";
const RULES: &str = "/action-configurations/sign-up/rules";

/// A request that must be refused, and change nothing.
async fn refused(tenant: &Tenant, call: (&str, &str, Value), status: u16, cause: &str) {
    let (method, target, body) = call;
    let before = tenant.server.state();
    let answer = answered(tenant, method, target, body).await;
    assert_eq!(answer.status, status, "{}", answer.text());
    let code = if status == 404 {
        "not_found"
    } else {
        "invalid_request"
    };
    assert_refusal(&answer, code, cause);
    assert_eq!(tenant.server.state(), before, "{method} {target}");
}

fn rule() -> Value {
    json!({"name": "classic", "isActive": true, "priority": 1, "type": "BLOCK"})
}

fn document(rule: &Value) -> Value {
    json!({"rules": [rule], "actionNodes": [
        {"nodeId": "root", "nodeType": "RULE", "parentNodeIds": [], "ruleChildNodeIds": [["hidden", "end"]]},
        {"nodeId": "end", "nodeType": "BLOCK", "parentNodeIds": ["root"]}]})
}

/// A tenant with an action that has a flow with one rule.
async fn published() -> Tenant {
    let tenant = Tenant::new().await;
    let action = json!({"actionCode": "sign-up", "defaultUserActionResult": "ALLOW"});
    create(&tenant, "/action-configurations", action).await;
    create(&tenant, RULES, rule()).await;
    let rule = json!({"ruleId": "hidden", "name": "Hidden"});
    let target = format!("{ACTION}/flow");
    manage(&tenant, "PUT", &target, document(&rule)).await;
    tenant
}

#[tokio::test]
async fn the_rules_of_a_flow_are_those_of_its_document_alone() {
    let tenant = published().await;
    let listed = get(&tenant, RULES).await;
    // The rule that the action had is gone.
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed[0]["ruleId"], "hidden");
    let of_flow = format!("{RULES}/hidden");
    assert_eq!(get(&tenant, &of_flow).await, listed[0]);
    let why = "its rules are those of its document";
    refused(&tenant, ("POST", RULES, rule()), 400, why).await;
    let changes = json!({"priority": 5});
    refused(&tenant, ("PATCH", &of_flow, changes.clone()), 400, why).await;
    refused(&tenant, ("DELETE", &of_flow, Value::Null), 400, why).await;
    let none = format!("{RULES}/other");
    let why = "has no rule other";
    for (method, body) in [
        ("GET", Value::Null),
        ("PATCH", changes),
        ("DELETE", Value::Null),
    ] {
        refused(&tenant, (method, &none, body), 404, why).await;
    }
}

#[tokio::test]
async fn nothing_unpublishes_a_flow_but_the_deletion_of_its_action() {
    let tenant = published().await;
    for type_ in [json!("CLASSIC"), Value::Null] {
        let body = json!({"actionType": type_});
        let why = "nothing unpublishes one";
        refused(&tenant, ("PATCH", ACTION, body), 400, why).await;
    }
    change(&tenant, ACTION, json!({"actionType": "FLOW"})).await;
    change(&tenant, ACTION, json!({"defaultUserActionResult": null})).await;
    // One without a document becomes a classic action, which has an outcome.
    let action = json!({"actionCode": "pay", "actionType": "FLOW"});
    create(&tenant, "/action-configurations", action).await;
    let (pay, classic) = (
        "/action-configurations/pay",
        json!({"actionType": "CLASSIC"}),
    );
    let why = "cannot be without defaultUserActionResult";
    refused(&tenant, ("PATCH", pay, classic.clone()), 400, why).await;
    change(&tenant, pay, json!({"defaultUserActionResult": "BLOCK"})).await;
    let changed = change(&tenant, pay, classic).await;
    assert_eq!(changed["actionType"], "CLASSIC");
    create(&tenant, "/action-configurations/pay/rules", rule()).await;
    let body = json!({"actionType": "FLOW"});
    refused(&tenant, ("PATCH", pay, body), 400, "has rules").await;
}

#[tokio::test]
async fn older_words_for_the_type_of_an_action_are_read_as_the_newer_ones() {
    let tenant = Tenant::new().await;
    for (number, (given, kept)) in [
        ("LEGACY", "CLASSIC"),
        ("", "CLASSIC"),
        ("MULTI_STEP_AUTHENTICATION", "FLOW"),
    ]
    .into_iter()
    .enumerate()
    {
        let code = format!("action-{number}");
        let action =
            json!({"actionCode": code, "actionType": given, "defaultUserActionResult": "ALLOW"});
        let created = create(&tenant, "/action-configurations", action).await;
        assert_eq!(created["actionType"], kept);
        let target = format!("/action-configurations/{code}");
        let changed = change(&tenant, &target, json!({"actionType": given})).await;
        assert_eq!(changed["actionType"], kept);
        assert_eq!(get(&tenant, &target).await["actionType"], kept);
    }
    let other =
        json!({"actionCode": "other", "actionType": "OTHER", "defaultUserActionResult": "ALLOW"});
    let call = ("POST", "/action-configurations", other);
    refused(&tenant, call, 400, "actionType").await;
    // What older clients call a flow needs no outcome either.
    let flow = json!({"actionCode": "flow", "actionType": "MULTI_STEP_AUTHENTICATION"});
    create(&tenant, "/action-configurations", flow).await;
}

#[tokio::test]
async fn a_rule_of_a_flow_has_no_member_that_the_vendor_does_not_know() {
    let tenant = published().await;
    let target = format!("{ACTION}/flow");
    let rule = json!({"ruleId": "hidden", "name": "Hidden", "priority": 1});
    let call = ("PUT", target.as_str(), document(&rule));
    refused(&tenant, call, 400, "priority").await;
}

#[tokio::test]
async fn the_receiver_of_an_action_agrees_to_a_flow_that_ends_by_an_enrolment_and_a_screen() {
    let receiver = Receiver::that(Reply::Status(200)).await;
    for next in ["end", "screen"] {
        let tenant = Tenant::new().await;
        let action = json!({"actionCode": "sign-up", "actionType": "FLOW", "verificationWebhookUrl": receiver.url()});
        create(&tenant, "/action-configurations", action).await;
        let document = json!({"rules": [], "actionNodes": [
            {"nodeId": "enroll", "nodeType": "ENROLLMENT", "parentNodeIds": [], "childNodeId": next,
                "methodConfigurations": {"EMAIL_OTP": {"isEnabled": true}}},
            {"nodeId": "screen", "nodeType": "CUSTOM_SCREEN", "parentNodeIds": ["enroll"],
                "buttonChildNodeIds": [["ok", "end"]]},
            {"nodeId": "end", "nodeType": "COMPLETE", "parentNodeIds": ["enroll", "screen"]}]});
        manage(&tenant, "PUT", &format!("{ACTION}/flow"), document).await;
        let start = json!({"actionCode": "sign-up", "user": {"userId": "ada"}});
        let token = tenant.post("/v1/flows", start).await["challengeToken"].clone();
        let step = async |target: &str, body: Value| {
            let request = Request::new("POST", &format!("/v1/client/flows/{target}/email-otp"))
                .header("X-Authsignal-Challenge-Token", token.as_str().unwrap())
                .json(body.to_string());
            tenant.answer(200, &request).await.json()
        };
        step("challenge", json!({"email": "ada@example.com"})).await;
        let code = tenant.code().await;
        let ended = step("verify", json!({"verificationCode": code})).await;
        assert_eq!(ended["action"]["state"], "CHALLENGE_SUCCEEDED", "{next}");
        let event = received(&receiver).await;
        assert_eq!(event["type"], "action.verify");
        let own = tenant.authenticators("ada").await;
        let data = &event["data"];
        assert_eq!(data["verificationMethod"], "EMAIL_OTP", "{event}");
        assert_eq!(data["userAuthenticatorId"], own[0]["userAuthenticatorId"]);
        let verify = json!({"actionCode": "sign-up", "challengeToken": token});
        let verified = tenant.post("/v1/flows/verify", verify).await;
        assert_eq!(verified["action"]["state"], "CHALLENGE_SUCCEEDED");
        assert!(receiver.take().is_empty(), "it is asked once");
    }
}
