//! What the Management API makes of a body before it keeps it: numbers in another form, members that it does not know,
//! and what it cannot hold. What it refuses changes nothing.

use serde_json::{Value, json};

use super::{answered, change, create, get, manage, withdraw};
use crate::tenant::Tenant;

/// A flow of one node, for the version that the publisher has read.
fn complete(expected: Option<Value>) -> Value {
    let mut flow = json!({
        "actionNodes": [{"nodeId": "a", "nodeType": "COMPLETE", "parentNodeIds": []}],
        "rules": [],
    });
    if let Some(expected) = expected {
        flow["expectedFlowVersion"] = expected;
    }
    flow
}

#[tokio::test]
async fn a_whole_number_with_a_point_is_kept_as_the_whole_number_that_it_is() {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    for (target, given, kept) in [
        (
            "/theme",
            json!({"borders": {"buttonBorderRadius": 4.0}, "darkMode": {"container": {"padding": -0.0}}}),
            json!({"borders": {"buttonBorderRadius": 4}, "darkMode": {"container": {"padding": 0}}}),
        ),
        (
            "/tenant",
            json!({"tokenDurationInMinutes": 20.0}),
            json!({"tokenDurationInMinutes": 20}),
        ),
        (
            "/authenticator-configurations/sms",
            json!({"verificationCodeLength": 8.0, "prefixRateLimitConfigurations": [
                {"blockSize": 3.0, "rateLimit": 2.0, "windowInMinutes": 0.5}]}),
            json!({"verificationCodeLength": 8, "prefixRateLimitConfigurations": [
                {"blockSize": 3, "rateLimit": 2, "windowInMinutes": 0.5}]}),
        ),
        (
            "/authenticator-configurations/push",
            json!({"credentialLifetimeInMinutes": 60.0}),
            json!({"credentialLifetimeInMinutes": 60}),
        ),
    ] {
        change(&tenant, target, given).await;
        let now = get(&tenant, target).await;
        for (name, value) in kept.as_object().unwrap() {
            assert_eq!(&now[name], value, "{target}");
        }
    }
    let rule = json!({"name": "n", "isActive": true, "priority": 9.0, "type": "BLOCK"});
    let made = create(&tenant, "/action-configurations/withdraw/rules", rule).await;
    assert_eq!(made["priority"], 9);
}

#[tokio::test]
async fn the_expected_version_of_a_flow_is_compared_in_every_form_of_a_number() {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    let target = "/action-configurations/withdraw/flow";
    manage(&tenant, "PUT", target, complete(None)).await;
    manage(&tenant, "PUT", target, complete(Some(json!(1.0)))).await;
    for (expected, status) in [
        (json!(1), 409),
        (json!(1.0), 409),
        (json!(-1), 409),
        (json!(-0.0), 409),
        (json!(i64::MAX), 409),
        (json!(1e300), 400),
        (json!(2.5), 400),
        (json!("2"), 400),
    ] {
        let refused = answered(&tenant, "PUT", target, complete(Some(expected.clone()))).await;
        assert_eq!(refused.status, status, "{expected}: {}", refused.text());
    }
    let action = get(&tenant, "/action-configurations/withdraw").await;
    assert_eq!(action["flowVersion"], 2);
}

#[tokio::test]
async fn a_number_that_no_type_holds_is_refused_and_changes_nothing() {
    let tenant = Tenant::new().await;
    change(&tenant, "/theme", json!({"name": "Before"})).await;
    let before = get(&tenant, "/theme").await;
    for radius in [json!(1e300), json!(u64::MAX), json!(4.5), json!("4")] {
        let body = json!({"borders": {"buttonBorderRadius": radius}});
        let refused = answered(&tenant, "PATCH", "/theme", body).await;
        assert_eq!(refused.status, 400, "{radius}");
        assert!(
            refused.text().contains("/borders/buttonBorderRadius"),
            "{}",
            refused.text()
        );
        assert_eq!(get(&tenant, "/theme").await, before);
    }
}

#[tokio::test]
async fn an_object_of_unknown_members_alone_is_left_out() {
    let tenant = Tenant::new().await;
    let before = get(&tenant, "/theme").await;
    let unknown = json!({"borders": {"foo": 1}, "typography": {"text": {"foo": 1}}, "bar": 2});
    change(&tenant, "/theme", unknown).await;
    assert_eq!(get(&tenant, "/theme").await, before);
    // The vendor refuses fonts of the dark mode, so it knows its members.
    for dark in [
        json!({"foo": 1}),
        json!({"typography": {}}),
        json!({"container": {"exitPosition": "top"}}),
    ] {
        let refused = answered(&tenant, "PATCH", "/theme", json!({"darkMode": dark})).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert_eq!(get(&tenant, "/theme").await, before);
    }
}
