//! A step-up with a code from the inbox, and what shows that no other test has touched the tenant.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::ToSpan as _;
use serde_json::{Value, json};
use stepup_mock::{ActionState, CreatedTenant, Failure, MockServer, NewAuthenticator, NewUser};

/// One client of the code under test, as an app has one. It has no pool: the tests that share it do not share a runtime.
static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let http = reqwest::Client::builder().no_proxy();
    http.pool_max_idle_per_host(0).build().unwrap()
});

/// A call of the Server API, as code under test makes it.
async fn call(tenant: &CreatedTenant, path: &str, body: Value) -> (u16, Value) {
    let authsignal = tenant.authsignal();
    let request = HTTP
        .post(format!("{}{path}", authsignal.api_url()))
        .basic_auth(authsignal.api_secret(), Some(""));
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The step-up of the test of that name. Every test has the same user and phone number.
pub(crate) async fn step_up(mock: &MockServer, name: &str) {
    let tenant = mock.create_tenant().unwrap();
    let authsignal = tenant.authsignal();
    let ada = NewUser::new("ada").authenticator(NewAuthenticator::sms("+15550100"));
    authsignal.create_user(ada).unwrap();
    let clock = tenant.clock();
    clock.freeze();
    let start = clock.now();
    let planned = Failure::new(503).operation("track");
    authsignal.set_failures([planned]).unwrap();

    let track = format!("/users/ada/actions/{name}");
    assert_eq!(call(&tenant, &track, json!({})).await.0, 503);
    let (status, tracked) = call(&tenant, &track, json!({})).await;
    assert_eq!(
        (status, &tracked["state"]),
        (200, &json!("CHALLENGE_REQUIRED"))
    );
    let wanted = json!({"userId": "ada", "action": name, "verificationMethod": "SMS", "phoneNumber": "+15550100"});
    let (status, challenge) = call(&tenant, "/challenge", wanted).await;
    assert_eq!(status, 200, "{challenge}");

    let message = tenant.newest_message_to("+15550100").unwrap();
    let entered =
        json!({"challengeId": challenge["challengeId"], "verificationCode": message.code});
    let (status, verified) = call(&tenant, "/verify", entered).await;
    assert_eq!((status, &verified["isVerified"]), (200, &json!(true)));
    let finished = authsignal.challenge("ada").action(name).succeed().await;
    assert_eq!(finished.unwrap().state, ActionState::ChallengeSucceeded);
    let (_, validated) = call(&tenant, "/validate", json!({"token": tracked["token"]})).await;
    assert_eq!(validated["state"], "CHALLENGE_SUCCEEDED", "{validated}");

    clock.pass(Duration::from_secs(3600)).await.unwrap();
    assert_eq!(clock.now(), start + 1.hour());
    assert_eq!(tenant.messages().len(), 1);
    let journal = tenant.journal();
    let operations = journal.iter().rev().map(|entry| entry.operation.unwrap());
    assert_eq!(
        operations.collect::<Vec<_>>(),
        [
            "track",
            "track",
            "challenge",
            "verify",
            "validate_challenge"
        ]
    );
    assert!(journal.iter().all(|entry| entry.at == start));
    let actions = authsignal.actions("ada");
    let codes = actions.iter().map(|action| &action.action);
    assert_eq!(codes.collect::<Vec<_>>(), [name]);
}
