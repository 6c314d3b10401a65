//! The public API, used from outside as a test author uses it. Knows no module of the crate.

#![expect(
    clippy::unwrap_used,
    reason = "all of this is test code, and a panic is how a test fails"
)]

use std::time::Duration;

use serde_json::{Value, json};
use stepup_mock::{
    ActionState, AuthsignalTenant, ChallengeMode, Channel, DeliveryProgress, Error, Expectations,
    ExpectedRequest, FactTables, Facts, MockServer, NewAuthenticator, NewUser, NextFacts,
    NextOutcome, Outcome, Rule, Scenario, SoftwareAuthenticator, VerificationMethod,
};

/// A call of the Server API, as code under test makes it.
async fn call(tenant: &AuthsignalTenant, path: &str, body: Value) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .post(format!("{}{path}", tenant.api_url()))
        .basic_auth(tenant.api_secret(), Some(""))
        .json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

/// The state that `track` answers for a payment of that amount.
async fn pay(tenant: &AuthsignalTenant, amount: u32) -> Value {
    let body = json!({"custom": {"amount": amount}});
    call(tenant, "/users/ada/actions/pay", body).await["state"].take()
}

fn ada() -> NewUser {
    NewUser::new("ada")
        .email("ada@example.com")
        .display_name("Ada")
        .authenticator(NewAuthenticator::sms("+15550100"))
}

#[tokio::test]
async fn a_host_is_allowed_by_its_name_alone() {
    for wrong in ["http://a.test", "a.test:4750", "*.test", "a b", "", "."] {
        let error = MockServer::builder().allow_host(wrong).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{error:?}");
        assert!(error.to_string().contains("not a host name"), "{error}");
    }
    let builder = MockServer::builder().allow_host("mock.test.").unwrap();
    let mock = builder.start().await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (host, status) in [("mock.test", 200), ("other.test", 403)] {
        let request = http
            .get(format!("{}/_mock/health", mock.url()))
            .header("host", host);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
}

#[tokio::test]
async fn a_mock_in_a_test_is_at_both_addresses_of_localhost() {
    let mock = MockServer::start().await.unwrap();
    let port = mock.address().port();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let has_ipv6 = std::net::TcpListener::bind("[::1]:0").is_ok();
    let other = std::net::TcpStream::connect(("::1", port));
    assert_eq!(other.is_ok(), has_ipv6, "{other:?}");
}

#[tokio::test]
async fn a_created_user_reads_back_and_is_not_created_twice() {
    let mock = MockServer::builder().deterministic().start().await.unwrap();
    let tenant = mock.authsignal();
    let created = tenant.create_user(ada()).unwrap();
    assert_eq!(created, tenant.user("ada").unwrap());
    assert_eq!(created.email.as_deref(), Some("ada@example.com"));
    let [sms] = &created.authenticators[..] else {
        panic!("one authenticator")
    };
    assert_eq!(sms.verification_method, VerificationMethod::Sms);
    assert_eq!(sms.phone_number.as_deref(), Some("+15550100"));
    assert_eq!(sms.created_at, mock.clock().now());

    let again = tenant.create_user(ada()).unwrap_err();
    assert!(matches!(again, Error::NotAllowed(_)), "{again:?}");
    let nameless = tenant.create_user(NewUser::new("")).unwrap_err();
    assert!(matches!(nameless, Error::Malformed(_)), "{nameless:?}");
    let nobody = tenant.user("eve").unwrap_err();
    assert!(nobody.to_string().contains("create_user"), "{nobody}");
}

#[tokio::test]
async fn a_challenge_is_finished_in_place_of_the_user() {
    let mock = MockServer::start().await.unwrap();
    let tenant = mock.authsignal();
    tenant.create_user(ada()).unwrap();
    let none = tenant.challenge("ada").succeed().await.unwrap_err();
    assert!(matches!(none, Error::NotFound(_)), "{none:?}");

    let tracked = call(&tenant, "/users/ada/actions/signIn", json!({})).await;
    call(&tenant, "/users/ada/actions/pay", json!({})).await;
    let passed = tenant.challenge("ada").action("signIn").succeed().await;
    assert_eq!(passed.unwrap().state, ActionState::ChallengeSucceeded);
    let failed = tenant.challenge("ada").fail().await.unwrap();
    assert_eq!(failed.action, "pay");
    assert_eq!(failed.state, ActionState::ChallengeFailed);
    assert_eq!(tenant.actions("ada")[0], failed);
    let body = json!({"token": tracked["token"]});
    let validated = call(&tenant, "/validate", body).await;
    assert_eq!(validated["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn rules_and_outcomes_decide_in_their_order() {
    let mock = MockServer::start().await.unwrap();
    let tenant = mock.authsignal();
    tenant.set_default_outcome(Outcome::Review);
    assert_eq!(pay(&tenant, 1).await, "REVIEW_REQUIRED");
    tenant.set_action_outcome("pay", Outcome::Allow);
    assert_eq!(pay(&tenant, 1).await, "ALLOW");
    let large = |limit: u32| json!({">": [{"var": "custom.amount"}, limit]});
    let huge = Rule::new("huge", Outcome::Block)
        .action("pay")
        .when(large(1000));
    let some = Rule::new("some", Outcome::Review).when(large(10));
    tenant.set_rules([huge, some]).unwrap();
    assert_eq!(pay(&tenant, 5000).await, "BLOCK");
    assert_eq!(pay(&tenant, 50).await, "REVIEW_REQUIRED");
    let allow = NextOutcome::new(Outcome::Allow).user("ada").action("pay");
    tenant.set_next_outcome(allow).unwrap();
    assert_eq!(pay(&tenant, 5000).await, "ALLOW");
    assert_eq!(
        pay(&tenant, 5000).await,
        "BLOCK",
        "a next outcome holds once"
    );

    let rule = |id: &str| Rule::new(id, Outcome::Allow);
    let twice = tenant.set_rules([rule("a"), rule("a")]).unwrap_err();
    assert!(twice.to_string().contains("rule a"), "{twice}");
}

#[tokio::test]
async fn a_page_that_ends_by_itself_sends_the_browser_back() {
    let mock = MockServer::start().await.unwrap();
    let tenant = mock.authsignal();
    tenant.create_user(ada()).unwrap();
    tenant.set_challenge_mode(ChallengeMode::AutoSucceed);
    let body = json!({"redirectUrl": "https://app.example.com/"});
    let tracked = call(&tenant, "/users/ada/actions/signIn", body).await;
    let http = reqwest::Client::builder().no_proxy();
    let http = http
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let page = http
        .get(tracked["url"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    let back = page.headers()["location"].to_str().unwrap();
    assert!(back.starts_with("https://app.example.com/"), "{back}");
    assert_eq!(
        tenant.actions("ada")[0].state,
        ActionState::ChallengeSucceeded
    );
}

#[tokio::test]
async fn a_phone_registers_and_approves_without_code_under_test() {
    let mock = MockServer::start().await.unwrap();
    let application = mock.activeconnect();
    application.create_user("ada").unwrap();
    let again = application.create_user("ada").unwrap_err();
    assert!(matches!(again, Error::NotAllowed(_)), "{again:?}");
    let phone = application.phone("ada");
    assert!(!application.has_phone("ada").unwrap());
    let registered = phone.register_with_new_link().await.unwrap();
    assert_eq!(registered.user_id, "ada");
    assert!(application.has_phone("ada").unwrap());
    let nothing = phone.approve().await.unwrap_err();
    assert!(
        nothing.to_string().contains("authenticate_user"),
        "{nothing}"
    );
    assert!(matches!(
        application.has_phone("eve"),
        Err(Error::NotFound(_))
    ));
}

#[tokio::test]
async fn each_tenant_of_a_seed_is_reached_by_its_id() {
    let seed = json!({"tenants": [
        {"activeconnect": {"id": "shop", "secret": "of the shop"},
         "authsignal": {"id": "one", "secret": "the first"}},
        {"activeconnect": {"id": "bank", "secret": "of the bank", "users": [{"id": "ada", "phone": true}]},
         "authsignal": {"id": "two", "secret": "the second", "users": [{"userId": "ada"}]}},
    ]});
    let builder = MockServer::builder().seed_value(seed).unwrap();
    let mock = builder.start_blocking().unwrap();
    assert_eq!(mock.authsignal().tenant_id(), "one");
    assert_eq!(mock.activeconnect().application_id(), "shop");
    let second = mock.authsignal_tenant("two").unwrap();
    assert_eq!(
        (second.api_secret(), second.user("ada").is_ok()),
        ("the second", true)
    );
    let bank = mock.activeconnect_application("bank").unwrap();
    assert!(bank.has_phone("ada").unwrap());
    let unknown = mock.authsignal_tenant("three").unwrap_err().to_string();
    assert!(unknown.contains("one, two"), "{unknown}");
    let unknown = mock
        .activeconnect_application("cafe")
        .unwrap_err()
        .to_string();
    assert!(unknown.contains("shop, bank"), "{unknown}");
    let shown = format!("{mock:?} {second:?} {bank:?}");
    for secret in ["of the bank", "the second", "the first", "of the shop"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_seed_that_cannot_be_is_an_error_with_the_place() {
    let malformed = MockServer::builder().seed_value(json!({"tenant": []}));
    let malformed = malformed.unwrap_err().to_string();
    assert!(malformed.contains("tenant"), "{malformed}");
    let empty = json!({"tenants": [{"authsignal": {"id": "", "secret": "s"}}]});
    let empty = MockServer::builder().seed_value(empty).unwrap_err();
    assert!(
        empty.to_string().contains("tenants[0].authsignal.id"),
        "{empty}"
    );
    let twice = json!({"authsignal": {"id": "shop", "secret": "a secret"}});
    let twice = json!({"tenants": [twice, twice]});
    let builder = MockServer::builder().seed_value(twice).unwrap();
    let error = builder.start_blocking().unwrap_err();
    assert!(matches!(error, Error::Seed(_)), "{error:?}");
    assert!(
        error.to_string().contains("tenants[1].authsignal"),
        "{error}"
    );
}

#[tokio::test]
async fn the_inbox_the_journal_and_the_clock_are_there() {
    let mock = MockServer::builder().deterministic().start().await.unwrap();
    let tenant = mock.authsignal();
    tenant.create_user(ada()).unwrap();
    let tracked = call(&tenant, "/users/ada/actions/signIn", json!({})).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    http.get(tracked["url"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    let message = mock.newest_message_to("+15550100").unwrap();
    assert_eq!((message.channel, mock.messages().len()), (Channel::Sms, 1));
    assert!(message.code.is_some());
    assert_eq!(mock.newest_message_to("+15550199"), None);
    assert_eq!(mock.journal().last().unwrap().operation, Some("track"));
    let before = mock.clock().now();
    mock.clock().advance(Duration::from_secs(5));
    assert_eq!(mock.clock().now().duration_since(before).as_secs(), 5);
    mock.reset();
    assert!(mock.messages().is_empty() && tenant.user("ada").is_err());
}

#[tokio::test]
async fn devices_pass_challenges() {
    let mock = MockServer::start().await.unwrap();
    let tenant = mock.authsignal();
    tenant.passkey("ada").enroll().await.unwrap();
    call(&tenant, "/users/ada/actions/signIn", json!({})).await;
    let approved = tenant.passkey("ada").approve().await.unwrap();
    let action = approved.action.unwrap();
    assert_eq!(action.state, ActionState::ChallengeSucceeded);
    let refused =
        SoftwareAuthenticator::new("another").create(&json!({}), "https://app.example.com");
    assert!(refused.is_err());
    let none = tenant.totp("ada").unwrap_err();
    assert!(matches!(none, Error::NotFound(_)), "{none:?}");
}

#[tokio::test]
async fn rules_read_the_facts_of_the_next_action_and_of_tables() {
    let mock = MockServer::start().await.unwrap();
    let tenant = mock.authsignal();
    tenant.set_default_outcome(Outcome::Allow);
    let condition = json!({"in": [{"var": "ip.countryCode"}, {"var": "lists.embargo"}]});
    let rule = Rule::new("embargo", Outcome::Block).when(condition);
    tenant.set_rules([rule]).unwrap();
    let french = || Facts::new().country_code("FR");
    let tables = FactTables::new()
        .addresses("203.0.113.0/24", french())
        .list("embargo", ["FR"]);
    tenant.set_facts(tables).unwrap();
    let from = async |address: &str| {
        let body = json!({"ipAddress": address});
        call(&tenant, "/users/ada/actions/pay", body).await["state"].take()
    };
    assert_eq!(from("203.0.113.7").await, "BLOCK");
    assert_eq!(from("198.51.100.7").await, "ALLOW");
    for next in ["set_next_facts", "a scenario"] {
        match next {
            "a scenario" => tenant.add_scenarios([Scenario::facts(french())]).unwrap(),
            _ => tenant
                .set_next_facts(NextFacts::new(french()).user("ada"))
                .unwrap(),
        }
        assert_eq!(from("198.51.100.7").await, "BLOCK", "{next}");
        assert_eq!(from("198.51.100.7").await, "ALLOW", "{next}");
    }
    // What cannot be changes nothing.
    for (wrong, why) in [
        (
            FactTables::new().addresses("here", french()),
            "203.0.113.0/24",
        ),
        (
            FactTables::new().device("d", french()),
            "ip.countryCode is no fact of `device`",
        ),
        (
            FactTables::new().user("ada", Facts::new().custom("amount", 1)),
            "custom.amount is no fact of `user`",
        ),
        (
            FactTables::new()
                .list("embargo", ["DE"])
                .list("embargo", ["NZ"]),
            "the list embargo is there twice",
        ),
        (
            FactTables::new()
                .device("d", Facts::new().is_bot(true))
                .device("d", Facts::new()),
            "the device d is there twice",
        ),
    ] {
        let refused = tenant.set_facts(wrong).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    let nowhere = NextFacts::new(Facts::new().country_code("FRA"));
    let refused = tenant.set_next_facts(nowhere).unwrap_err().to_string();
    assert!(refused.contains("countryCode"), "{refused}");
    assert_eq!(from("203.0.113.7").await, "BLOCK");
}

#[tokio::test]
async fn as_many_next_outcomes_as_a_tenant_keeps_stay() {
    let mock = MockServer::start().await.unwrap();
    let tenant = mock.authsignal();
    let next = |user: usize| NextOutcome::new(Outcome::Block).user(user.to_string());
    for user in 0..300 {
        tenant.set_next_outcome(next(user)).unwrap();
    }
    let refused = tenant.set_next_outcome(next(300)).unwrap_err();
    assert!(matches!(refused, Error::NotAllowed(_)), "{refused:?}");
    let first = call(&tenant, "/users/0/actions/pay", json!({})).await;
    assert_eq!(first["state"], "BLOCK");
    tenant.set_next_outcome(next(300)).unwrap();
}

#[tokio::test]
async fn users_deliveries_and_requests_read_back() {
    let seed = json!({"authsignal": {"webhooks": [
        {"url": "http://127.0.0.1:9/?key=hidden", "events": ["authenticator.created"]},
    ]}});
    let mock = MockServer::builder().deterministic().start().await.unwrap();
    let created = mock.create_tenant_from(seed).unwrap();
    let tenant = created.authsignal();
    tenant.create_user(ada()).unwrap();
    tenant.create_user(NewUser::new("Bob")).unwrap();
    let ids: Vec<_> = tenant
        .users()
        .into_iter()
        .map(|user| user.user_id)
        .collect();
    assert_eq!(ids, ["Bob", "ada"]);
    assert!(mock.authsignal().users().is_empty());

    created.clock().pass(Duration::ZERO).await.unwrap();
    tenant.webhooks_settled().await;
    let deliveries = tenant.webhook_deliveries();
    let [delivery] = &deliveries[..] else {
        panic!("{deliveries:?}")
    };
    assert_eq!(
        (delivery.number, delivery.event_type),
        (1, "authenticator.created")
    );
    assert!(
        matches!(delivery.progress, DeliveryProgress::Waiting(_)),
        "{delivery:?}"
    );
    assert!(
        delivery.attempts[0].answer.is_err(),
        "nobody listens at port 9"
    );
    assert!(delivery.body.contains("+15550100"), "{}", delivery.body);
    let shown = format!("{delivery:?}");
    assert!(
        !shown.contains("hidden") && !shown.contains("+15550100"),
        "{shown}"
    );

    call(
        &tenant,
        "/users/ada/actions/pay",
        json!({"custom": {"amount": 7}}),
    )
    .await;
    let amount = |amount: u32| {
        let members = json!({"custom": {"amount": amount}});
        ExpectedRequest::of("track").user("ada").body(members)
    };
    let came = Expectations::from([amount(7).status(200).times(1)]).nothing_else();
    let verified = created.verify(came).await.unwrap();
    assert!(verified.verified, "{verified}");
    let differs = created.verify([amount(8)]).await.unwrap();
    assert!(
        !differs.verified && differs.text.contains("body $.custom.amount"),
        "{differs}"
    );
    assert!(mock.verify([amount(7).at_least(1)]).await.unwrap().verified);
    let wrong = created
        .verify([ExpectedRequest::of("trak")])
        .await
        .unwrap_err();
    assert!(wrong.to_string().contains("track"), "{wrong}");
}
