//! What rules read beyond the request: facts of addresses, devices and users, value lists, custom data points; and what a
//! person sees of that.

use serde_json::{Value, json};

use crate::tenant::Tenant;
use crate::wire::Request;

/// A tenant that blocks an action if this condition holds.
async fn blocking(conditions: Value) -> Tenant {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    let rule = json!({"ruleId": "r", "name": "r", "priority": 1, "outcome": "BLOCK", "conditions": conditions});
    tenant.configure(json!({"rules": [rule]})).await;
    tenant
}

/// Whether the rule holds for an action of ada with these attributes.
async fn holds(tenant: &Tenant, body: Value) -> bool {
    let tracked = tenant.track("ada", "pay", body).await;
    tracked["ruleIds"] == json!(["r"])
}

async fn facts(tenant: &Tenant, facts: Value) -> Value {
    tenant.control("/_mock/authsignal/facts", facts).await
}

async fn next(tenant: &Tenant, facts: Value) -> Value {
    tenant.control("/_mock/authsignal/next-facts", facts).await
}

/// What the journal shows of the newest request: name, value, origin of each variable.
async fn read(tenant: &Tenant) -> Vec<(String, Value, String)> {
    let newest = tenant.get("/_mock/journal?limit=1&api=authsignal").await;
    let number = &newest["requests"][0]["number"];
    let entry = tenant.get(&format!("/_mock/journal/{number}")).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = entry["variables"].as_array().into_iter().flatten();
    read.map(|one| {
        (
            text(&one["name"]),
            one["value"].clone(),
            text(&one["origin"]),
        )
    })
    .collect()
}

#[tokio::test]
async fn facts_of_the_next_action_come_before_the_table_and_that_before_what_is_derived() {
    let tenant = blocking(json!({"var": "ip.isAnonymous"})).await;
    let from = |address: &str| json!({"ipAddress": address});
    assert!(holds(&tenant, from("203.0.113.9")).await);
    assert!(!holds(&tenant, from("198.51.100.9")).await);
    assert!(!holds(&tenant, json!({})).await);
    facts(&tenant, json!({"ip": [{"cidr": "203.0.113.9", "isAnonymous": false}, {"cidr": "198.51.100.0/24", "isAnonymous": true}]}))
        .await;
    assert!(!holds(&tenant, from("203.0.113.9")).await);
    assert!(holds(&tenant, from("198.51.100.9")).await);
    next(
        &tenant,
        json!({"userId": "ada", "ip": {"isAnonymous": true}}),
    )
    .await;
    let of_bob = tenant.track("bob", "pay", json!({})).await;
    assert_eq!(of_bob["ruleIds"], json!([]));
    assert!(holds(&tenant, from("203.0.113.9")).await);
    let one_shot = (
        "ip.isAnonymous".to_owned(),
        json!("true"),
        "one-shot".to_owned(),
    );
    assert_eq!(read(&tenant).await, [one_shot]);
    assert!(!holds(&tenant, from("203.0.113.9")).await, "only once");
    // A reset brings back what was there at the start.
    tenant.server.reset();
    assert_eq!(facts(&tenant, json!({})).await["ip"], json!([]));
}

#[tokio::test]
async fn the_country_has_two_names_and_may_be_under_sanctions() {
    let tenant = blocking(json!({"and": [
        {"==": [{"var": "ip.countryCode"}, {"var": "ip.location.country.countryCode"}]},
        {"var": "ip.countryCodeInOfacList"},
    ]}))
    .await;
    let from = json!({"ipAddress": "10.1.2.3"});
    assert!(!holds(&tenant, from.clone()).await);
    facts(
        &tenant,
        json!({"ip": [{"cidr": "10.0.0.0/8", "countryCode": "KP"}]}),
    )
    .await;
    assert!(holds(&tenant, from).await);
    let row =
        |name: &str, value: &str, origin: &str| (name.to_owned(), json!(value), origin.to_owned());
    assert_eq!(
        read(&tenant).await,
        [
            row("ip.countryCode", "\"KP\"", "table"),
            row("ip.countryCodeInOfacList", "true", "derived"),
            row("ip.location.country.countryCode", "\"KP\"", "table"),
        ]
    );
}

#[tokio::test]
async fn a_device_is_new_until_a_challenge_succeeds_on_it_and_again_after_it_is_invalidated() {
    let tenant = blocking(json!({"var": "device.isNew"})).await;
    let on = |id: &str| json!({"deviceId": id});
    assert!(holds(&tenant, on("d")).await);
    assert!(!holds(&tenant, json!({})).await, "no device");
    next(&tenant, json!({"device": {"isNew": false}})).await;
    tenant.track("ada", "pay", on("d")).await;
    tenant.succeed("ada").await;
    assert!(!holds(&tenant, on("d")).await);
    assert!(holds(&tenant, on("other")).await);
    tenant
        .post("/v1/users/ada/devices/d/invalidate", Value::Null)
        .await;
    assert!(holds(&tenant, on("d")).await);
    facts(
        &tenant,
        json!({"device": [{"deviceId": "d", "isNew": false}]}),
    )
    .await;
    assert!(!holds(&tenant, on("d")).await);
}

#[tokio::test]
async fn a_device_is_remembered_until_the_time_that_the_application_sets() {
    let tenant = blocking(json!({"var": "device.isRemembered"})).await;
    let on = |id: &str| json!({"deviceId": id});
    let remember = async |until: Value| {
        let device = "/v1/users/ada/devices/d";
        tenant
            .patch(device, json!({"rememberedUntil": until}))
            .await;
    };
    assert!(!holds(&tenant, on("d")).await);
    let seen = read(&tenant).await;
    let row = |value: &str| {
        (
            "device.isRemembered".to_owned(),
            json!(value),
            "derived".to_owned(),
        )
    };
    assert_eq!(seen, [row("false")]);
    remember(json!("2026-01-01T00:10:00Z")).await;
    assert!(holds(&tenant, on("d")).await);
    assert_eq!(read(&tenant).await, [row("true")]);
    assert!(!holds(&tenant, on("other")).await);
    assert!(!holds(&tenant, json!({})).await, "no device");
    tenant.later(599);
    assert!(holds(&tenant, on("d")).await);
    tenant.later(1);
    assert!(!holds(&tenant, on("d")).await);
    remember(json!("2026-02-01T00:00:00Z")).await;
    assert!(holds(&tenant, on("d")).await);
    remember(Value::Null).await;
    assert!(!holds(&tenant, on("d")).await);
    remember(json!("2026-02-01T00:00:00Z")).await;
    tenant
        .post("/v1/users/ada/devices/d/invalidate", Value::Null)
        .await;
    assert!(!holds(&tenant, on("d")).await);
}

#[tokio::test]
async fn a_user_has_verified_once_a_challenge_has_succeeded() {
    let tenant = blocking(
        json!({"and": [{"var": "user.hasPreviouslyVerified"}, {"!": {"var": "device.isBot"}}]}),
    )
    .await;
    assert!(!holds(&tenant, json!({})).await);
    tenant.succeed("ada").await;
    assert!(holds(&tenant, json!({})).await);
    assert!(!holds(&tenant, json!({"userAgent": "Googlebot/2.1"})).await);
    facts(
        &tenant,
        json!({"user": [{"userId": "ada", "hasPreviouslyVerified": false}]}),
    )
    .await;
    assert!(!holds(&tenant, json!({})).await);
}

#[tokio::test]
async fn a_custom_data_point_is_that_of_the_action_or_else_that_of_the_user() {
    let tenant =
        blocking(json!({"in": [{"var": "custom.tier"}, {"var": "lists.high-tiers"}]})).await;
    facts(
        &tenant,
        json!({"lists": [{"alias": "high-tiers", "items": ["gold", "platinum"]}]}),
    )
    .await;
    assert!(!holds(&tenant, json!({})).await);
    tenant
        .post("/v1/users/ada", json!({"custom": {"tier": "gold"}}))
        .await;
    assert!(holds(&tenant, json!({})).await);
    assert!(!holds(&tenant, json!({"custom": {"tier": "basic"}})).await);
    next(&tenant, json!({"custom": {"tier": "platinum"}})).await;
    assert!(holds(&tenant, json!({"custom": {"tier": "basic"}})).await);
    let read = read(&tenant).await;
    assert_eq!(
        read[0],
        (
            "custom.tier".to_owned(),
            json!("\"platinum\""),
            "one-shot".to_owned()
        )
    );
    assert_eq!(read[1].2, "table");
}

#[tokio::test]
async fn a_value_list_may_have_numbers() {
    let tenant = blocking(json!({"in": [{"var": "custom.amount"}, {"var": "lists.odd"}]})).await;
    facts(
        &tenant,
        json!({"lists": [{"alias": "odd", "numbers": [7, 13.5]}]}),
    )
    .await;
    for (amount, odd) in [(json!(7), true), (json!(13.5), true), (json!(8), false)] {
        let held = holds(&tenant, json!({"custom": {"amount": amount}})).await;
        assert_eq!(held, odd, "{amount}");
    }
}

#[tokio::test]
async fn a_variable_that_nobody_defines_is_warned_of_where_rules_are_set_and_where_they_are_read() {
    let tenant = blocking(json!({"or": [{"var": "ip.isAnonymus"}, {"var": "custom.tier"}]})).await;
    let warnings = facts(&tenant, json!({})).await["warnings"].to_string();
    assert!(
        warnings.contains("rule r: no variable is called `ip.isAnonymus`"),
        "{warnings}"
    );
    assert!(
        warnings.contains("did you mean `ip.isAnonymous`?"),
        "{warnings}"
    );
    assert!(
        warnings.contains("no custom data point `tier`"),
        "{warnings}"
    );
    let tenants = tenant.get("/_mock/tenants").await;
    let rule = &tenants["tenants"][0]["authsignal"]["rules"][0];
    assert_eq!(rule["warnings"].as_array().map(Vec::len), Some(2));
    holds(&tenant, json!({})).await;
    let entry = tenant.get("/_mock/journal?limit=1&api=authsignal").await;
    let entry = tenant
        .get(&format!(
            "/_mock/journal/{}",
            entry["requests"][0]["number"]
        ))
        .await;
    assert_eq!(entry["variables"][1]["origin"], "nowhere");
    assert!(
        entry["variables"][1]["warning"]
            .as_str()
            .unwrap()
            .contains("ip.isAnonymous")
    );
    let defined = facts(&tenant, json!({"dataPoints": [{"name": "tier"}]})).await;
    assert_eq!(defined["warnings"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_journal_shows_what_rules_read_without_secrets_and_no_more_than_the_beginning() {
    let tenant =
        blocking(json!({"and": [{"var": "custom.password"}, {"var": "custom.long"}]})).await;
    let custom = json!({"password": "hunter2", "long": "x".repeat(2000)});
    assert!(holds(&tenant, json!({"custom": custom})).await);
    let read = read(&tenant).await;
    assert_eq!(read[1].1, "\"***\"");
    let long = read[0].1.as_str().unwrap();
    assert!(long.len() < 300 && long.ends_with('…'), "{long}");
}

#[tokio::test]
async fn facts_that_are_refused_change_nothing() {
    let tenant = blocking(json!({"var": "device.isNew"})).await;
    for (target, body, says) in [
        (
            "facts",
            json!({"lists": [{"alias": "a", "items": []}], "ip": [{"cidr": "x"}]}),
            "/ip/0/cidr",
        ),
        (
            "facts",
            json!({"device": [{"deviceId": "d", "isnew": true}]}),
            "did you mean isNew?",
        ),
        (
            "facts",
            json!({"device": [{"deviceId": "d"}, {"deviceId": "d"}]}),
            "name it once",
        ),
        (
            "facts",
            json!({"lists": [{"alias": "blocked.countries", "items": []}]}),
            "dots separate names",
        ),
        (
            "facts",
            json!({"dataPoints": [{"name": "amount"}, {"name": "order.total"}]}),
            "/dataPoints/1/name",
        ),
        (
            "next-facts",
            json!({"ip": {"isAnonymus": true}}),
            "did you mean isAnonymous?",
        ),
        (
            "next-facts",
            json!({"custom": {"a": "x".repeat(17_000)}}),
            "at most 16384",
        ),
    ] {
        let target = format!("/_mock/authsignal/{target}");
        let request = Request::new("POST", &target).json(body.to_string());
        let before = tenant.server.state();
        let answer = tenant.answer(400, &request).await.json();
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains(says), "{body}: {message}");
        assert_eq!(tenant.server.state(), before);
    }
}

#[tokio::test]
async fn a_computed_name_finds_lists_too() {
    let name = json!({"cat": ["lists.", {"var": "custom.list"}]});
    let tenant = blocking(json!({"in": [{"var": "custom.tier"}, {"var": name}]})).await;
    facts(
        &tenant,
        json!({"lists": [{"alias": "high", "items": ["gold"]}, {"alias": "low", "items": ["tin"]}]}),
    )
    .await;
    let custom = |tier: &str, list: &str| json!({"custom": {"tier": tier, "list": list}});
    assert!(holds(&tenant, custom("gold", "high")).await);
    assert!(holds(&tenant, custom("tin", "low")).await);
    assert!(!holds(&tenant, custom("tin", "high")).await);
}

/// The example of the README, which must work.
#[tokio::test]
async fn the_readmes_example_of_facts_works() {
    let readme = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../mock-server/README.md"
    ))
    .unwrap();
    let (_, section) = readme
        .split_once("### What rules read\n")
        .expect("the section");
    let example = section.split("```json\n").nth(1).expect("an example");
    let (seed, _) = example.split_once("```").expect("its end");
    let seed: Value = serde_json::from_str(seed).expect("JSON");
    let tenant = Tenant::of(|builder| builder.seed_value(seed).expect("a seed")).await;
    let pay = async |body: Value| {
        let request =
            Request::new("POST", "/v1/users/ada/actions/pay").basic("another secret of the shop");
        let tracked = tenant
            .answer(200, &request.json(body.to_string()))
            .await
            .json();
        tracked["state"].clone()
    };
    assert_eq!(pay(json!({"ipAddress": "198.51.100.7"})).await, "BLOCK");
    assert_eq!(
        pay(json!({"ipAddress": "203.0.113.7", "deviceId": "d"})).await,
        "CHALLENGE_REQUIRED"
    );
    assert_eq!(
        pay(json!({"ipAddress": "192.0.2.7", "deviceId": "known"})).await,
        "ALLOW"
    );
    assert_eq!(facts(&tenant, json!({})).await["warnings"], json!([]));
}

#[tokio::test]
async fn a_rule_that_had_no_say_is_named_with_the_reason() {
    let tenant = Tenant::new().await;
    let items = json!({"var": "lists.items"});
    let conditions = json!({"map": [items, {"map": [{"var": "custom.items"}, 1]}]});
    let rule = json!({"ruleId": "twice", "name": "r", "priority": 1, "outcome": "BLOCK", "conditions": conditions});
    tenant.configure(json!({"rules": [rule]})).await;
    let detail = async |items: usize| {
        let custom = json!({"custom": {"items": vec![1; items]}});
        let tracked = tenant.track("ada", "pay", custom).await;
        let newest = tenant.get("/_mock/journal?limit=1&api=authsignal").await;
        let number = &newest["requests"][0]["number"];
        let entry = tenant.get(&format!("/_mock/journal/{number}")).await;
        (tracked["state"].clone(), entry["skippedRules"].clone())
    };
    let list = |length: usize| json!({"lists": [{"alias": "items", "numbers": vec![1.0; length]}]});
    let told = facts(&tenant, list(10)).await;
    let warnings = told["warnings"].to_string();
    assert!(!warnings.contains("have no say"), "{warnings}");
    assert_eq!(detail(10).await, (json!("BLOCK"), Value::Null));
    // Who sets lists that are too long for a rule is told so.
    let told = facts(&tenant, list(1_000)).await;
    let warnings = told["warnings"].to_string();
    assert!(
        warnings.contains("rule twice: conditions may take"),
        "{warnings}"
    );
    let (state, skipped) = detail(1_000).await;
    assert_eq!(state, "ALLOW");
    assert_eq!(skipped[0]["ruleId"], "twice");
    let why = skipped[0]["why"].as_str().unwrap();
    assert!(why.contains("of 400000 are left for it"), "{why}");
}
