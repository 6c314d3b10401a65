//! Whatever the Management API takes comes back as it was, through changes too, so that an infrastructure tool plans nothing
//! after it has applied its settings. The bodies are drawn from the spec.

use serde_json::{Map, Value, json};

use super::{change, create, delete, get};
use crate::schemas::sampler::Sampler;
use crate::spec::{self, Spec};
use crate::tenant::Tenant;

/// How often each resource is made and changed.
const ROUNDS: usize = 30;
const URL: &str = "http://127.0.0.1:9/hook";
/// The name of a tenant that nobody named.
const NAMELESS: &str = "this application";

/// Draws bodies.
struct Bodies {
    spec: &'static Spec,
    sampler: Sampler<'static>,
    count: usize,
}

impl Bodies {
    fn new() -> Self {
        let spec = spec::named("authsignal-management");
        Self {
            spec,
            sampler: Sampler { spec, state: 4750 },
            count: 0,
        }
    }

    fn next(&mut self, schema: &str) -> Map<String, Value> {
        self.count += 1;
        let value = self.sampler.value(&self.spec.schemas()[schema]);
        value.as_object().unwrap().clone()
    }

    /// As [`next`](Self::next), with null for about a quarter of these members.
    fn change(&mut self, schema: &str, removable: &[&str]) -> Map<String, Value> {
        let mut body = self.next(schema);
        for (at, name) in removable.iter().enumerate() {
            if (self.count + at).is_multiple_of(4) {
                body.insert((*name).to_owned(), Value::Null);
            }
        }
        body
    }
}

/// Sets members that a schema cannot say all of, where they are there.
fn fix(body: &mut Map<String, Value>, members: &[(&str, Value)]) {
    for (name, value) in members {
        if let Some(member) = body.get_mut(*name).filter(|member| !member.is_null()) {
            *member = value.clone();
        }
    }
}

fn set(body: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    body.insert(name.to_owned(), value.into());
}

/// What a change makes of members.
fn changed(mut members: Map<String, Value>, changes: &Map<String, Value>) -> Map<String, Value> {
    for (name, value) in changes {
        match value {
            Value::Null => drop(members.remove(name)),
            value => set(&mut members, name, value.clone()),
        }
    }
    members
}

/// Members, and others that an answer always has.
fn with(members: &Map<String, Value>, others: &[(&str, Value)]) -> Map<String, Value> {
    let mut all = members.clone();
    for (name, value) in others {
        all.entry(*name).or_insert_with(|| value.clone());
    }
    all
}

/// As [`changed`], at any depth.
fn deeply(members: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        match value {
            Value::Null => drop(members.remove(name)),
            Value::Object(changes) => {
                let member = members.entry(name).or_insert(json!({}));
                deeply(member.as_object_mut().unwrap(), changes);
            }
            value => set(members, name, value.clone()),
        }
    }
}

/// Makes a resource, changes it, and deletes it; what comes back is always what was set, with these members of the server.
async fn lives(
    tenant: &Tenant,
    collection: &str,
    id: &str,
    (body, changes): (Map<String, Value>, Map<String, Value>),
    own: &[&str],
) {
    let made = create(tenant, collection, Value::Object(body.clone())).await;
    let target = match made[id].as_str() {
        Some(id) if !collection.contains("authenticator-") => format!("{collection}/{id}"),
        _ => collection.to_owned(),
    };
    let mut wanted = changed(Map::new(), &body);
    for name in own {
        set(&mut wanted, name, made[*name].clone());
    }
    assert_eq!(made, json!(wanted), "{body:?}");
    assert_eq!(get(tenant, &target).await, made);
    let wanted = changed(wanted, &changes);
    let after = change(tenant, &target, Value::Object(changes.clone())).await;
    assert_eq!(after, json!(wanted), "{body:?} {changes:?}");
    assert_eq!(get(tenant, &target).await, after);
    // Nothing changes a second time.
    let again = change(tenant, &target, Value::Object(changes)).await;
    assert_eq!(again, after);
    delete(tenant, &target).await;
    let gone = super::answered(tenant, "GET", &target, Value::Null).await;
    assert_eq!(gone.status, 404, "{target}");
}

const METHODS: [&str; 3] = [
    "verificationMethods",
    "promptToEnrollVerificationMethods",
    "defaultVerificationMethod",
];

#[tokio::test]
async fn action_configurations_and_rules_come_back_as_they_were_set() {
    let tenant = Tenant::new().await;
    let mut bodies = Bodies::new();
    super::withdraw(&tenant).await;
    for round in 0..ROUNDS {
        let mut body = bodies.next("CreateActionConfiguration");
        set(&mut body, "actionCode", format!("action-{round}"));
        body.entry("defaultUserActionResult")
            .or_insert(json!("ALLOW"));
        // Older words for a type come back as the newer ones, which another test says.
        let types = ["CLASSIC", "FLOW", "FLOW", "CLASSIC"].map(|word| ("actionType", json!(word)));
        fix(
            &mut body,
            &[
                ("verificationWebhookUrl", json!(URL)),
                types[round % 4].clone(),
            ],
        );
        // An older name, which never comes back.
        body.remove("postVerificationWebhookUrl");
        let removable = [
            &METHODS[..],
            &["messagingTemplates", "verificationWebhookUrl"],
        ]
        .concat();
        let mut changes = bodies.change("UpdateActionConfiguration", &removable);
        let type_ = types[(round / 2) % 4].clone();
        fix(
            &mut changes,
            &[("verificationWebhookUrl", json!(URL)), type_],
        );
        changes.remove("postVerificationWebhookUrl");
        let both = (body, changes);
        lives(
            &tenant,
            "/action-configurations",
            "actionCode",
            both,
            &["tenantId"],
        )
        .await;

        let conditions = json!({"==": [{"var": "custom.x"}, round]});
        let named = [
            ("name", json!(format!("rule {round}"))),
            ("conditions", conditions),
        ];
        let mut body = bodies.next("CreateRule");
        fix(&mut body, &named);
        let removable = [&METHODS[..], &["description", "conditions"]].concat();
        let mut changes = bodies.change("UpdateRule", &removable);
        fix(&mut changes, &named);
        let target = "/action-configurations/withdraw/rules";
        let own = ["tenantId", "actionCode", "ruleId"];
        lives(&tenant, target, "ruleId", (body, changes), &own).await;
    }
}

#[tokio::test]
async fn value_lists_and_data_points_come_back_as_they_were_set() {
    let tenant = Tenant::new().await;
    let mut bodies = Bodies::new();
    for round in 0..ROUNDS {
        let mut body = bodies.next("CreateValueList");
        set(&mut body, "name", format!("List {round}"));
        let items = match body["itemType"].as_str() {
            Some("string") => json!(["b", "a", "b"]),
            _ => json!([3, 1.5, -2]),
        };
        fix(&mut body, &[("valueListItems", items.clone())]);
        let mut changes = bodies.change("UpdateValueList", &["valueListItems"]);
        fix(
            &mut changes,
            &[("name", json!("Renamed")), ("valueListItems", items)],
        );
        let both = (body, changes);
        lives(&tenant, "/value-lists", "alias", both, &["alias"]).await;

        let mut body = bodies.next("CreateCustomDataPoint");
        set(&mut body, "name", format!("point {round}"));
        let changes = bodies.change("UpdateCustomDataPoint", &["description", "isPublic"]);
        lives(
            &tenant,
            "/custom-data-points",
            "id",
            (body, changes),
            &["id"],
        )
        .await;
    }
}

#[tokio::test]
async fn the_theme_and_the_tenant_come_back_as_they_were_set() {
    let tenant = Tenant::new().await;
    let mut bodies = Bodies::new();
    let (mut theme, mut settings) = (Map::new(), Map::new());
    set(
        &mut settings,
        "tenantId",
        tenant.server.authsignal().tenant_id(),
    );
    for _ in 0..ROUNDS {
        let removable = ["name", "borders", "darkMode", "typography", "links"];
        let mut changes = bodies.change("UpdateTheme", &removable);
        let font = json!({"faces": [{"url": "https://fonts.example/a", "weight": "100 900"}, {"url": "b", "weight": 400}]});
        fix(&mut changes, &[("typography", json!({"text": font}))]);
        deeply(&mut theme, &changes);
        let after = change(&tenant, "/theme", Value::Object(changes)).await;
        let name = settings.get("name").cloned().unwrap_or(json!(NAMELESS));
        assert_eq!(
            after,
            json!(with(&theme, &[("name", name), ("darkMode", json!({}))]))
        );
        assert_eq!(get(&tenant, "/theme").await, after);

        let (events, logs) = ("authenticatorEventsWebhookConfig", "logEventsWebhookConfig");
        let removable = [
            "disableRecoveryCodes",
            "tokenDurationInMinutes",
            events,
            logs,
        ];
        let mut changes = bodies.change("UpdateTenant", &removable);
        fix(
            &mut changes,
            &[
                (
                    events,
                    json!({"url": URL, "includeCredentialPublicKey": true}),
                ),
                (logs, json!({"endpointUrl": URL})),
                ("ipWhitelist", json!(["203.0.113.0/24", "10.0.0.1"])),
            ],
        );
        settings = changed(settings, &changes);
        let after = change(&tenant, "/tenant", Value::Object(changes)).await;
        assert_eq!(after, json!(with(&settings, &[("name", json!(NAMELESS))])));
        assert_eq!(get(&tenant, "/tenant").await, after);
    }
}

#[tokio::test]
async fn authenticator_configurations_come_back_as_they_were_set_without_their_secrets() {
    let tenant = Tenant::new().await;
    let mut bodies = Bodies::new();
    let limit = json!({"rateLimit": 3, "windowInMinutes": 1.5});
    let prefix = json!({"enabled": true, "blockSize": "country", "rateLimit": 3, "windowInMinutes": 0.5, "countryCodes": ["NZ"]});
    let fixed = [
        ("webhookUrl", json!(URL)),
        ("smsProvider", json!("WEBHOOK")),
        ("emailProvider", json!("WEBHOOK")),
        ("pushProvider", json!("WEBHOOK")),
        ("smsCountryCodes", json!(["NZ", "AU"])),
        ("relyingParty", json!("example.com")),
        (
            "expectedOrigins",
            json!(["https://b.example", "android:apk", "http://a.example"]),
        ),
        ("submissionRateLimitConfiguration", limit.clone()),
        ("rateLimitConfiguration", limit.clone()),
        ("sendingRateLimitConfiguration", limit.clone()),
        ("sendingRateLimitConfigurations", json!([limit, limit])),
        ("prefixRateLimitConfigurations", json!([prefix])),
    ];
    let required = [
        "smsProvider",
        "emailProvider",
        "pushProvider",
        "relyingParty",
        "expectedOrigins",
    ];
    let sound = |body: &mut Map<String, Value>| {
        // Another provider's; and what depends on other members.
        body.retain(|name, _| !name.ends_with("Credentials"));
        body.remove("defaultCountryCode");
        body.remove("verificationMethod");
        fix(body, &fixed);
    };
    for round in 0..ROUNDS {
        let slug = ["sms", "email-otp", "passkey", "push"][round % 4];
        let mut body = bodies.next("CreateAuthenticatorConfiguration");
        for name in required {
            set(&mut body, name, true);
        }
        sound(&mut body);
        body.entry("isActive").or_insert(json!(true));
        let removable = [
            "webhookUrl",
            "smsCountryCodes",
            "issuerName",
            "rateLimitConfiguration",
        ];
        let mut changes = bodies.change("UpdateAuthenticatorConfiguration", &removable);
        sound(&mut changes);
        let target = format!("/authenticator-configurations/{slug}");
        let own = ["authenticatorId", "verificationMethod"];
        lives(&tenant, &target, "authenticatorId", (body, changes), &own).await;
    }
}

#[tokio::test]
async fn credentials_are_kept_and_come_back_without_their_secrets() {
    let tenant = Tenant::new().await;
    for (slug, provider, word, block, secret, shown) in [
        (
            "sms",
            "smsProvider",
            "TWILIO",
            "twilioCredentials",
            json!({"authToken": "S3CRET"}),
            json!({"accountSid": "a", "messagingServiceSid": "m"}),
        ),
        (
            "email-otp",
            "emailProvider",
            "SMTP",
            "smtpEmailCredentials",
            json!({"password": "S3CRET"}),
            json!({"host": "h", "port": 25, "secure": false, "user": "u", "from": "f"}),
        ),
        (
            "push",
            "pushProvider",
            "DEFAULT",
            "apnsCredentials",
            json!({"privateKey": "S3CRET"}),
            json!({"teamId": "t", "keyId": "k", "bundleId": "b", "sandbox": true}),
        ),
    ] {
        let target = format!("/authenticator-configurations/{slug}");
        let mut whole = shown.clone();
        whole
            .as_object_mut()
            .unwrap()
            .extend(secret.as_object().unwrap().clone());
        let made = create(&tenant, &target, json!({provider: word, block: whole})).await;
        assert_eq!(made[block], shown);
        let after = change(&tenant, &target, json!({provider: word, block: shown})).await;
        assert_eq!(after, made);
        let after = change(&tenant, &target, json!({block: null})).await;
        assert_eq!(after.get(block), None);
    }
    let key = json!({"project_id": "p", "client_email": "c", "private_key": "S3CRET"}).to_string();
    let body = json!({"pushProvider": "FIREBASE", "apnsCredentials": null, "fcmCredentials": {"serviceAccountKey": key}});
    let after = change(&tenant, "/authenticator-configurations/push", body).await;
    assert_eq!(
        after["fcmCredentials"],
        json!({"projectId": "p", "clientEmail": "c"})
    );
    let webhook = json!({"pushProvider": "WEBHOOK", "webhookUrl": URL});
    let after = change(&tenant, "/authenticator-configurations/push", webhook).await;
    assert_eq!(
        (after.get("fcmCredentials"), &after["webhookUrl"]),
        (None, &json!(URL))
    );
}
