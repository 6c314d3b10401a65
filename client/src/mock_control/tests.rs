//! [`MockControl`] against a double that answers as told.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::{any, body_json, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

async fn answering(status: u16, body: Value) -> (MockServer, MockControl) {
    let server = MockServer::start().await;
    let template = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(any())
        .respond_with(template)
        .mount(&server)
        .await;
    let mock = MockControl::new(server.uri()).unwrap();
    (server, mock)
}

#[tokio::test]
async fn the_phone_acts_for_its_user_and_tells_the_sessions_status() {
    let outcome = json!({"applicationId": "app", "userId": "u", "sessionStatus": "walkaway"});
    let (server, mock) = answering(200, outcome).await;
    let phone = mock.phone("u");
    for status in [
        phone.approve().await,
        phone.deny().await,
        phone.fail().await,
        phone.walk_away().await,
        phone.return_().await,
        phone.clone().of_application("app").expire().await,
    ] {
        assert_eq!(status.unwrap(), SessionStatus::Walkaway);
    }
    let received = server.received_requests().await.unwrap();
    let actions = ["approve", "deny", "fail", "walk-away", "return", "expire"];
    for (request, action) in received.iter().zip(actions) {
        assert_eq!(request.url.path(), format!("/_mock/phone/{action}"));
        let expected = match action {
            "expire" => json!({"userId": "u", "applicationId": "app"}),
            _ => json!({"userId": "u"}),
        };
        assert_eq!(request.body_json::<Value>().unwrap(), expected);
    }
    assert_eq!(received.len(), actions.len());
}

#[tokio::test]
async fn the_link_is_sent_and_not_shown() {
    let server = MockServer::start().await;
    let registered = json!({"applicationId": "app", "userId": "u", "deviceId": "d"});
    Mock::given(method("POST"))
        .and(path("/_mock/phone/register"))
        .and(body_json(json!({"link": "MARKED"})))
        .respond_with(ResponseTemplate::new(200).set_body_json(registered))
        .mount(&server)
        .await;
    let mock = MockControl::new(server.uri()).unwrap();
    assert_eq!(
        mock.phone("u").register("MARKED").await.unwrap().device_id,
        "d"
    );
}

#[tokio::test]
async fn the_clock_stops_and_goes_on() {
    let (server, mock) =
        answering(200, json!({"now": "2026-01-01T00:00:00Z", "frozen": true})).await;
    assert!(mock.clock().await.unwrap().frozen);
    mock.freeze_clock(true).await.unwrap();
    mock.advance_clock(Duration::from_secs(61)).await.unwrap();
    let received = server.received_requests().await.unwrap();
    assert_eq!(
        received[1].body_json::<Value>().unwrap(),
        json!({"freeze": true})
    );
    assert_eq!(
        received[2].body_json::<Value>().unwrap(),
        json!({"advanceSeconds": 61})
    );
}

#[tokio::test]
async fn messages_can_be_narrowed_to_one_number() {
    let server = MockServer::start().await;
    let message = json!({
        "id": "1", "tenant": "mock-app", "kind": "text", "channel": "sms", "to": "+1", "text": "hello",
        "createdAt": "2026-01-01T00:00:00Z",
    });
    Mock::given(query_param("to", "+1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"messages": [message]})))
        .mount(&server)
        .await;
    let messages = MockControl::new(server.uri())
        .unwrap()
        .messages(Some("+1"))
        .await
        .unwrap();
    assert_eq!((messages.len(), messages[0].text.expose()), (1, "hello"));
}

#[tokio::test]
async fn what_the_world_does_not_allow_is_an_error_with_the_mocks_words() {
    let (_server, mock) = answering(
        409,
        json!({"error": "impossible", "message": "no open request"}),
    )
    .await;
    let error = mock.phone("u").approve().await.unwrap_err();
    assert_eq!(
        (
            error.kind(),
            error.status(),
            error.reason(),
            error.operation()
        ),
        (
            Kind::Rejected,
            Some(409),
            Some("no open request"),
            Some("phone_approve")
        )
    );
    let error = Error::from(mock.raw().reset().send().await.unwrap_err());
    assert_eq!(error.reason(), Some("no open request"));
}

#[tokio::test]
async fn an_empty_user_is_refused_before_anything_is_sent() {
    let (server, mock) = answering(200, json!({})).await;
    assert_eq!(
        mock.phone("").approve().await.unwrap_err().kind(),
        Kind::InvalidInput
    );
    let nameless = mock.phone("u").of_application("");
    assert_eq!(
        nameless.approve().await.unwrap_err().kind(),
        Kind::InvalidInput
    );
    assert!(server.received_requests().await.unwrap().is_empty());
    assert_eq!(
        MockControl::new("nonsense").unwrap_err().kind(),
        Kind::Config
    );
}

#[tokio::test]
async fn a_challenge_is_the_users_newest_or_the_named_one() {
    let outcome = json!({
        "tenantId": "t", "userId": "u", "action": "a", "idempotencyKey": "k",
        "state": "CHALLENGE_SUCCEEDED",
    });
    let (server, mock) = answering(200, outcome).await;
    let newest = mock.challenge("u").succeed().await.unwrap();
    assert_eq!(newest.state, "CHALLENGE_SUCCEEDED");
    let named = mock.challenge("u").of_action("a").of_tenant("t");
    assert_eq!(named.fail().await.unwrap().idempotency_key, "k");

    let received = server.received_requests().await.unwrap();
    let sent: Vec<_> = received
        .iter()
        .map(|request| (request.url.path(), request.body_json::<Value>().unwrap()))
        .collect();
    let expected = [
        ("/_mock/challenge/succeed", json!({"userId": "u"})),
        (
            "/_mock/challenge/fail",
            json!({"userId": "u", "action": "a", "tenantId": "t"}),
        ),
    ];
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_tenant_is_told_what_to_decide_by() {
    let configured = json!({
        "tenantId": "t", "defaultOutcome": "ALLOW", "ruleIds": ["r"], "verificationMethods": [],
        "challengeMode": "auto-fail", "challengeEnrolledOnly": true, "clientIds": ["web", "app"],
        "passkeys": {"relyingParty": "example.com"},
        "flows": [{"action": "f", "flowVersion": 2}],
        "allowedCustomSmsVariables": ["amount"], "allowedCustomEmailVariables": ["plan"],
        "credentialLifetimeInMinutes": 30,
    });
    let (server, mock) = answering(200, configured).await;
    let conditions = json!({"==": [{"var": "user"}, "u"]});
    let rule = Rule::new("r", Outcome::Review, conditions.clone());
    let configuration = AuthsignalConfiguration::new()
        .tenant_id("t")
        .default_outcome(Outcome::Allow)
        .action("a", Outcome::Challenge)
        .rule(rule.priority(3).action("b"))
        .verification_method("SMS")
        .challenge_mode(ChallengeMode::AutoFail)
        .challenge_mode_of("a", ChallengeMode::Interactive)
        .challenge_enrolled_only(true)
        .custom_sms_variable("amount")
        .custom_email_variable("plan")
        .credential_lifetime_in_minutes(30)
        .client(
            AppClient::new("web")
                .access_token_life(Duration::from_secs(60))
                .refresh_token_life(Duration::from_secs(3600))
                .custom_claim("plan", "custom.plan"),
        )
        .client(AppClient::new("app"))
        .flow(
            Flow::new("f")
                .node(json!({"nodeId": "n"}))
                .rule("r", conditions.clone()),
        )
        .passkeys(
            PasskeySettings::new()
                .relying_party("example.com")
                .expected_origin("https://a.example.com")
                .user_verification_requirement(UserVerificationRequirement::Required)
                .authenticator_attachment(AuthenticatorAttachment::AllSupported)
                .passkey_registration_hint(PasskeyRegistrationHint::Hybrid)
                .prevent_removing_last_passkey(true),
        );
    let configured = mock.configure_authsignal(configuration).await.unwrap();
    assert_eq!(configured.rule_ids, ["r"]);
    assert_eq!(configured.challenge_mode, ChallengeMode::AutoFail);
    assert_eq!(configured.flows[0].flow_version, 2);
    let passkeys = configured.passkeys;
    assert_eq!(passkeys.relying_party.as_deref(), Some("example.com"));
    let nothing = AuthsignalConfiguration::new();
    mock.configure_authsignal(nothing).await.unwrap();

    let received = server.received_requests().await.unwrap();
    let operation = &raw::operations::CONFIGURE_AUTHSIGNAL;
    assert_eq!(received[0].url.path(), operation.path);
    let expected = json!({
        "tenantId": "t", "defaultOutcome": "ALLOW",
        "actions": [{"action": "a", "outcome": "CHALLENGE"}],
        "rules": [{
            "ruleId": "r", "name": "r", "priority": 3, "action": "b", "outcome": "REVIEW",
            "conditions": conditions,
        }],
        "verificationMethods": ["SMS"],
        "challengeMode": "auto-fail",
        "challengeModes": [{"action": "a", "challengeMode": "interactive"}],
        "clients": [
            {"clientId": "web", "accessTokenSeconds": 60, "refreshTokenSeconds": 3600,
             "customClaims": {"plan": "custom.plan"}},
            {"clientId": "app"},
        ],
        "flows": [{
            "action": "f", "actionNodes": [{"nodeId": "n"}],
            "rules": [{"ruleId": "r", "name": "r", "conditions": conditions}],
        }],
        "challengeEnrolledOnly": true,
        "passkeys": {
            "relyingParty": "example.com", "expectedOrigins": ["https://a.example.com"],
            "userVerificationRequirement": "required", "authenticatorAttachment": "all-supported",
            "passkeyRegistrationHints": ["hybrid"], "preventRemovingLastPasskey": true,
        },
        "allowedCustomSmsVariables": ["amount"],
        "allowedCustomEmailVariables": ["plan"],
        "credentialLifetimeInMinutes": 30,
    });
    assert_eq!(received[0].body_json::<Value>().unwrap(), expected);
    assert_eq!(received[1].body_json::<Value>().unwrap(), json!({}));
}

#[tokio::test]
async fn names_that_are_empty_are_refused_before_anything_is_sent() {
    let (server, mock) = answering(200, json!({})).await;
    let configure = |configuration| mock.configure_authsignal(configuration);
    let new = AuthsignalConfiguration::new;
    let always = || json!({"!!": [1]});
    for error in [
        mock.challenge("").succeed().await.unwrap_err(),
        mock.challenge("u").of_action("").fail().await.unwrap_err(),
        mock.challenge("u").of_tenant("").fail().await.unwrap_err(),
        configure(new().tenant_id("")).await.unwrap_err(),
        configure(new().action("", Outcome::Allow))
            .await
            .unwrap_err(),
        configure(new().challenge_mode_of("", ChallengeMode::Abandon))
            .await
            .unwrap_err(),
        configure(new().client(AppClient::new("")))
            .await
            .unwrap_err(),
        configure(new().flow(Flow::new(""))).await.unwrap_err(),
        configure(new().flow(Flow::new("f").node(json!([]))))
            .await
            .unwrap_err(),
        configure(new().flow(Flow::new("f").rule("", always())))
            .await
            .unwrap_err(),
        configure(new().client(AppClient::new("c").access_token_life(Duration::ZERO)))
            .await
            .unwrap_err(),
        configure(new().rule(Rule::new("", Outcome::Allow, always())))
            .await
            .unwrap_err(),
        configure(new().rule(Rule::new("r", Outcome::Allow, always()).action("")))
            .await
            .unwrap_err(),
        configure(new().rule(Rule::new("r", Outcome::Allow, json!(true))))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::InvalidInput);
        assert!(error.operation().is_some(), "{error}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}
