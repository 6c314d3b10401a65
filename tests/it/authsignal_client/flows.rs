//! Flows from end to end: the server starts a run, the client takes its steps, and the server verifies it. No client that
//! the vendor has released calls them, so these tests assert what the vendor's own tests of its unreleased SDKs assert.

use serde_json::{Value, json};
use stepup_client::authsignal::{Authsignal, FlowToStart, SessionToValidate, UserOfFlow};
use stepup_client::authsignal_client::AuthsignalClient;
use stepup_client::{Kind, Secret};

use crate::tenant::{Tenant, assert_refusal};
use crate::wire::Request;
use crate::world::API_SECRET;

const EMAIL: &str = "ada@example.com";

fn server(tenant: &Tenant) -> Authsignal {
    let builder = Authsignal::builder(API_SECRET).api_url(tenant.server.url());
    builder.build().unwrap()
}

fn client(tenant: &Tenant, token: &Secret) -> AuthsignalClient {
    AuthsignalClient::builder()
        .api_url(tenant.server.url())
        .challenge_token(token.clone())
        .build()
        .unwrap()
}

fn code(tenant: &Tenant) -> String {
    let mut messages = tenant.server.messages().into_iter();
    messages.find_map(|message| message.code).unwrap()
}

/// A step of the client, written out.
fn step(target: &str, token: &Value, body: &Value) -> Request {
    Request::new("POST", target)
        .header(
            "X-Authsignal-Challenge-Token",
            token.as_str().unwrap_or_default(),
        )
        .json(body.to_string())
}

fn sign_in(rules: Value, blocked: Value) -> Value {
    json!({"flows": [{"action": "sign-in", "rules": rules, "actionNodes": [
        {"nodeId": "risk", "nodeType": "RULE", "parentNodeIds": [], "ruleChildNodeIds": blocked, "elseChildNodeId": "verify"},
        {"nodeId": "verify", "nodeType": "VERIFICATION", "parentNodeIds": ["risk"],
            "methodConfigurations": {"SMS": {"isEnabled": true}}, "childNodeId": "branch"},
        {"nodeId": "branch", "nodeType": "VERIFICATION_METHOD_BRANCH", "parentNodeIds": ["verify"],
            "verificationMethodChildNodeIds": [["SMS", "email"]], "elseChildNodeId": "block"},
        {"nodeId": "email", "nodeType": "ENROLLMENT", "parentNodeIds": ["branch"], "isOptional": true,
            "methodConfigurations": {"EMAIL_OTP": {"isEnabled": true}}, "childNodeId": "complete"},
        {"nodeId": "complete", "nodeType": "COMPLETE", "parentNodeIds": ["email"]},
        {"nodeId": "block", "nodeType": "BLOCK", "parentNodeIds": ["risk", "branch"]},
    ]}]})
}

#[tokio::test]
async fn a_new_user_enrols_and_the_server_gets_a_session() {
    let tenant = Tenant::new().await;
    let server = server(&tenant);
    let flow = FlowToStart::new("sign-up")
        .user(UserOfFlow::user_id("u-77"))
        .ip_address("192.0.2.7")
        .custom("tier", "gold")
        .client_id("web");
    let started = server.start_flow(flow).await.unwrap();
    assert!(!started.action.is_succeeded());
    let next = started.action.next_step.as_ref().unwrap();
    assert_eq!(next.step_type.as_str(), "ENROLLMENT_REQUIRED");
    let offered = next.verification_methods.iter();
    assert!(offered.clone().any(|method| method.as_str() == "EMAIL_OTP"));
    let user = started.user.as_ref().unwrap();
    assert_eq!(
        (user.user_id.as_str(), user.authenticators.len()),
        ("u-77", 0)
    );

    let page = client(&tenant, &started.challenge_token);
    let sent = page.challenge_flow_email_otp(Some(EMAIL)).await.unwrap();
    assert_eq!(sent.retry_after_seconds, None);
    let wrong = page.verify_flow_email_otp("000000").await.unwrap_err();
    assert_eq!(
        (wrong.kind(), wrong.code(), wrong.status()),
        (Kind::Rejected, Some("invalid_code"), Some(400))
    );
    let verified = page.verify_flow_email_otp(code(&tenant)).await.unwrap();
    assert!(verified.action.is_succeeded() && verified.action.next_step.is_none());
    assert_eq!(
        verified.user.authenticators[0].email.as_deref(),
        Some(EMAIL)
    );
    let newest = &verified.challenge_token;
    assert_ne!(newest.expose(), started.challenge_token.expose());

    for token in [newest, &started.challenge_token] {
        let closed = server.verify_flow("sign-up", token.clone()).await.unwrap();
        assert!(closed.action.is_succeeded());
        let done = &closed.action.completed_steps()[0];
        assert_eq!(done.step_type.as_str(), "ENROLLMENT_REQUIRED");
        assert_eq!(done.verification_method.as_str(), "EMAIL_OTP");
        assert!(
            done.completed_at
                .as_ref()
                .unwrap()
                .as_str()
                .ends_with(".000Z")
        );
        let session = closed.session.unwrap();
        let check = SessionToValidate::new(session.access_token).client_id("web");
        let session = server.validate_session(check).await.unwrap();
        assert_eq!(session.user.user_id, "u-77");
    }
    let other = server.verify_flow("pay", newest.clone()).await.unwrap_err();
    assert_eq!(
        (other.kind(), other.code()),
        (Kind::Rejected, Some("invalid_action"))
    );
    let late = client(&tenant, newest);
    tenant.later(600);
    let late = late.challenge_flow_email_otp(None).await.unwrap_err();
    assert_eq!(
        (late.kind(), late.code()),
        (Kind::Unauthorized, Some("expired_token"))
    );
}

#[tokio::test]
async fn a_published_flow_is_walked_step_by_step() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    let rules = json!([{"ruleId": "hidden", "name": "Hidden address",
        "conditions": {"==": [{"var": "ip.isAnonymous"}, true]}}]);
    tenant
        .configure(sign_in(rules, json!([["hidden", "block"]])))
        .await;
    let server = server(&tenant);
    let start = |address: &str| {
        FlowToStart::new("sign-in")
            .user(UserOfFlow::user_id("ada"))
            .ip_address(address)
    };
    let blocked = server.start_flow(start("203.0.113.7")).await.unwrap();
    assert_eq!(blocked.action.state.as_str(), "CHALLENGE_FAILED");
    let closed = server.verify_flow("sign-in", blocked.challenge_token);
    let closed = closed.await.unwrap();
    assert!(closed.user.is_none() && closed.session.is_none());
    assert_eq!(closed.action.completed_steps(), []);

    let started = server.start_flow(start("192.0.2.7")).await.unwrap();
    let page = client(&tenant, &started.challenge_token);
    let refused = page.challenge_flow_whatsapp(None).await.unwrap_err();
    assert_eq!(refused.code(), Some("invalid_request"));
    page.challenge_flow_sms(None).await.unwrap();
    let verified = page.verify_flow_sms(code(&tenant)).await.unwrap();
    let next = verified.action.next_step.as_ref().unwrap();
    assert_eq!(next.step_type.as_str(), "ENROLLMENT_OPTIONAL");
    assert_eq!(verified.action.completed_steps().len(), 1);
    // The server closes the run, which declines the optional enrolment.
    let closed = server.verify_flow("sign-in", verified.challenge_token);
    assert!(closed.await.unwrap().action.is_succeeded());
    // The journal tells what the rules have read.
    let journal = Request::new("GET", "/_mock/journal");
    let journal = tenant.answer(200, &journal).await.json();
    let number = journal["requests"]
        .as_array()
        .unwrap()
        .iter()
        .find(|request| request["target"] == "/v1/flows");
    let entry = Request::new(
        "GET",
        &format!("/_mock/journal/{}", number.unwrap()["number"]),
    );
    let entry = tenant.answer(200, &entry).await.json();
    assert_eq!(entry["variables"][0]["name"], "ip.isAnonymous");
    // The control API tells where both runs went, and why.
    let listed = Request::new("GET", "/_mock/actions");
    let listed = tenant.answer(200, &listed).await.json();
    let ways = ["/actions/1/flow/path", "/actions/0/flow/path"].map(|path| {
        let path = listed.pointer(path).unwrap().as_array().unwrap().iter();
        let stages = path.map(|stage| format!("{}: {}", stage["nodeId"], stage["because"]));
        stages.collect::<Vec<_>>().join(", ").replace('"', "")
    });
    assert_eq!(
        ways[0],
        "risk: the flow starts there, block: rule hidden held (Hidden address)"
    );
    assert_eq!(
        ways[1],
        "risk: the flow starts there, verify: no rule held, branch: the step before was taken, \
         email: the branch is for the method, complete: the step before was declined"
    );
    assert_eq!(listed["actions"][0]["decidedBy"], "flow");
    let kept = tenant.authenticators("ada").await;
    assert_eq!(kept.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_step_takes_its_token_from_its_header_alone_with_and_without_v1() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    let body = json!({"actionCode": "sign-in", "user": {"userId": "ada"}});
    let started = tenant.post("/v1/flows", body).await;
    let token = &started["challengeToken"];
    let target = "/v1/client/flows/challenge/sms";
    for (target, authorization) in [
        (target, None),
        (target, Some("Bearer nonsense")),
        ("/client/flows/challenge/sms", None),
    ] {
        let request = step(target, token, &json!({}));
        let request = match authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        };
        assert_eq!(tenant.answer(200, &request).await.json(), json!({}));
    }
    // Leading zeros matter: a code is a text.
    let number = step(
        "/v1/client/flows/verify/sms",
        token,
        &json!({"verificationCode": 1234}),
    );
    tenant
        .refused(&number, 400, "invalid_request", "verificationCode")
        .await;
    for (token, cause) in [
        (json!(""), "Token is invalid"),
        (json!("x.y.z"), "Token is invalid"),
        (tenant.token("ada", "signIn").await, "none of a flow"),
    ] {
        let request = step(target, &token, &json!({}));
        tenant.refused(&request, 401, "unauthorized", cause).await;
    }
    let twice = step(target, token, &json!({}));
    let twice = twice.header("X-Authsignal-Challenge-Token", token.as_str().unwrap());
    tenant
        .refused(&twice, 401, "unauthorized", "more than once")
        .await;
    let bearer = Request::new("POST", target)
        .header(
            "Authorization",
            &format!("Bearer {}", token.as_str().unwrap()),
        )
        .json("{}");
    let answer = tenant.answer(401, &bearer).await;
    assert_refusal(&answer, "unauthorized", "no challenge token");
    // Nor does a token of a flow prove an action to /validate.
    let validated = tenant.validate(token).await;
    assert_eq!(validated["isValid"], false);
    assert_eq!(validated["error"], "Token is of a flow. Call verify_flow.");
}

#[tokio::test]
async fn a_step_that_older_operations_take_leads_past_the_screens_behind_it() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    let nodes = json!([
        {"nodeId": "verify", "nodeType": "VERIFICATION", "parentNodeIds": [],
            "methodConfigurations": {"SMS": {"isEnabled": true}}, "childNodeId": "bye"},
        {"nodeId": "bye", "nodeType": "CUSTOM_SCREEN", "parentNodeIds": ["verify"],
            "buttonChildNodeIds": [["yes", "end"], ["no", "block"]]},
        {"nodeId": "end", "nodeType": "COMPLETE", "parentNodeIds": ["bye"]},
        {"nodeId": "block", "nodeType": "BLOCK", "parentNodeIds": ["bye"]},
    ]);
    tenant
        .configure(json!({"flows": [{"action": "sign-in", "actionNodes": nodes}]}))
        .await;
    let body = json!({"actionCode": "sign-in", "user": {"userId": "ada"}});
    let started = tenant.post("/v1/flows", body).await;
    let token = &started["challengeToken"];
    let older = |target: &str, body: Value| {
        let request = Request::new("POST", target);
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        request
            .header("Authorization", &bearer)
            .json(body.to_string())
    };
    let challenge = older("/v1/client/challenge/sms", json!({}));
    tenant.answer(200, &challenge).await;
    let body = json!({"verificationCode": code(&tenant)});
    let verify = older("/v1/client/verify/sms", body);
    let verified = tenant.answer(200, &verify).await.json();
    assert_eq!(verified["isVerified"], true);
    let action = tenant.get("/v1/users/ada/actions").await;
    assert_eq!(action[0]["state"], "CHALLENGE_SUCCEEDED", "{action}");
    let body = json!({"actionCode": "sign-in", "challengeToken": token});
    let closed = tenant.post("/v1/flows/verify", body).await;
    assert_eq!(closed["action"]["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn a_flow_that_is_none_is_refused_with_its_place_and_changes_nothing() {
    let tenant = Tenant::new().await;
    let configure = |flows: Value| {
        Request::new("POST", "/_mock/authsignal")
            .json(json!({"defaultOutcome": "BLOCK", "flows": flows}).to_string())
    };
    let before = tenant.server.state();
    let complete = json!({"nodeId": "end", "nodeType": "COMPLETE"});
    for (flows, cause) in [
        (
            json!([{"action": "a", "actionNodes": []}]),
            "body /flows: flow a: actionNodes is empty",
        ),
        (
            json!([{"action": "a", "actionNodes": [complete]}, {"action": "a", "actionNodes": [complete]}]),
            "flows",
        ),
        (
            json!([{"action": "a", "actionNodes": [{"nodeId": "b", "nodeType": "RULE", "ruleChildNodeIds": []}],
                "rules": [{"ruleId": "r", "name": "", "priority": 1}]}]),
            "priority",
        ),
        (
            json!([{"action": "a", "actionNodes": [complete], "rules": [{"ruleId": "r", "name": ""}]}]),
            "body /flows: flow a: rule r: no node names it",
        ),
    ] {
        let answer = tenant.answer(400, &configure(flows)).await.json();
        let detail = answer["message"].as_str().unwrap();
        assert!(detail.contains(cause), "{detail}");
    }
    assert_eq!(tenant.server.state(), before);
    let configured = tenant
        .answer(
            200,
            &configure(json!([{"action": "a", "actionNodes": [complete]}])),
        )
        .await
        .json();
    assert_eq!(
        configured["flows"],
        json!([{"action": "a", "flowVersion": 1}])
    );
    let none = tenant.answer(200, &configure(json!([]))).await.json();
    assert_eq!(none["flows"], json!([]));
}

#[tokio::test]
async fn a_seed_has_flows_of_the_form_of_the_management_api() {
    let flows = sign_in(json!([]), json!([]));
    let seed = |flows: &Value| json!({"tenants": [{"authsignal": {"id": "t", "secret": "a secret of the tenant", "flows": flows}}]});
    let mock = crate::world::mock().seed_value(seed(&flows["flows"]));
    let mock = mock.unwrap().start().await.unwrap();
    let body = json!({"actionCode": "sign-in", "user": {"email": EMAIL}});
    let request = Request::new("POST", "/v1/flows").basic("a secret of the tenant");
    let request = request.json(body.to_string());
    let started = crate::wire::send(mock.address(), &request).await.json();
    // The user has no number, and the flow takes nothing else.
    assert_eq!(started["action"]["state"], "CHALLENGE_FAILED");
    let warned = mock.journal()[0].warning.clone().unwrap();
    assert!(
        warned.starts_with("the run of the flow has failed: "),
        "{warned}"
    );
    assert!(!warned.contains("no `user`"), "{warned}");
    // As somebody writes it who does not know the form: what names the user is ignored.
    let flat = json!({"actionCode": "sign-in", "userId": "ada", "email": EMAIL});
    let request = Request::new("POST", "/v1/flows").basic("a secret of the tenant");
    crate::wire::send(mock.address(), &request.json(flat.to_string())).await;
    let warned = mock.journal()[0].warning.clone().unwrap();
    assert!(warned.contains("the request has no `user`"), "{warned}");
    let empty = json!([{"action": "sign-in", "actionNodes": []}]);
    let refused = crate::world::mock().seed_value(seed(&empty)).unwrap();
    let why = refused.start().await.unwrap_err().to_string();
    assert!(why.contains("flow sign-in: actionNodes is empty"), "{why}");
}
