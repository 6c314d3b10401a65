//! Users, authenticators, passkeys in batches, devices: what is set is read back, and what is deleted is gone.

use serde_json::{Value, json};

use crate::tenant::Tenant;
use crate::wire::Request;

#[tokio::test]
async fn an_unknown_user_is_answered_like_an_empty_one() {
    let tenant = Tenant::new().await;
    let nobody = tenant.get("/v1/users/nobody").await;
    assert_eq!(
        (
            &nobody["isEnrolled"],
            &nobody["enrolledVerificationMethods"]
        ),
        (&json!(false), &json!([]))
    );
    // Asking makes nobody.
    assert_eq!(
        tenant.server.state()["mock-app"]["authsignal"]["users"],
        json!({})
    );
}

#[tokio::test]
async fn either_verb_sets_attributes_and_keeps_those_left_out() {
    let tenant = Tenant::new().await;
    for method in ["PATCH", "POST"] {
        let target = format!("/v1/users/{method}");
        let all = json!({
            "email": "a@example.com", "emailVerified": true, "phoneNumber": "9876543210", "phoneNumberVerified": false,
            "username": "a", "displayName": "A", "locale": "en", "custom": {"tags": ["x"], "n": 1.5, "ok": true},
        });
        let set = tenant.call(method, &target, all.clone()).await;
        for (member, value) in all.as_object().unwrap() {
            assert_eq!(&set[member], value);
        }
        let changed = tenant
            .call(method, &target, json!({"displayName": "B", "custom": {}}))
            .await;
        let user = tenant.get(&target).await;
        for answer in [changed, user] {
            assert_eq!(answer["displayName"], "B");
            assert_eq!(answer["custom"], json!({}));
            assert_eq!(answer["email"], "a@example.com");
            assert_eq!(answer["emailVerified"], true);
        }
    }
}

#[tokio::test]
async fn a_user_query_combines_its_filters_and_pages_its_results() {
    let tenant = Tenant::new().await;
    for (user, email, username) in [
        ("u3", "shared@example.com", "c"),
        ("u1", "shared@example.com", "a"),
        ("u2", "shared@example.com", "b"),
        ("u4", "other@example.com", "a"),
    ] {
        let body = json!({"email": email, "username": username});
        tenant.patch(&format!("/v1/users/{user}"), body).await;
    }
    let find = async |query: &str| -> (Vec<String>, Option<Value>) {
        let page = tenant.get(&format!("/v1/users?{query}")).await;
        let users = page["users"].as_array().unwrap().iter();
        let ids = users.map(|user| user["userId"].as_str().unwrap().to_owned());
        (ids.collect(), page.get("lastEvaluatedUserId").cloned())
    };
    let all = "email=shared@example.com";
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(find(all).await, (ids(&["u1", "u2", "u3"]), None));
    assert_eq!(
        find(&format!("{all}&username=a")).await,
        (ids(&["u1"]), None)
    );
    assert_eq!(find("username=a").await, (ids(&["u1", "u4"]), None));
    assert_eq!(find("email=SHARED@example.com").await, (ids(&[]), None));
    assert_eq!(
        find(&format!("{all}&phoneNumber=1")).await,
        (ids(&[]), None)
    );
    // The mark is there while there are more users, and only then.
    assert_eq!(
        find(&format!("{all}&limit=2")).await,
        (ids(&["u1", "u2"]), Some(json!("u2")))
    );
    assert_eq!(
        find(&format!("{all}&limit=2&lastEvaluatedUserId=u2")).await,
        (ids(&["u3"]), None)
    );
    assert_eq!(
        find(&format!("{all}&limit=3")).await,
        (ids(&["u1", "u2", "u3"]), None)
    );
    assert_eq!(
        find(&format!("{all}&lastEvaluatedUserId=u3")).await,
        (ids(&[]), None)
    );
    // An attribute that changed is found by its new value alone.
    tenant
        .patch("/v1/users/u1", json!({"email": "new@example.com"}))
        .await;
    assert_eq!(find(all).await.0, ids(&["u2", "u3"]));
    assert_eq!(find("email=new@example.com").await.0, ids(&["u1"]));
    tenant.delete("/v1/users/u1").await;
    assert_eq!(find("email=new@example.com").await.0, ids(&[]));
}

#[tokio::test]
async fn deleting_a_user_deletes_their_actions_only_on_request() {
    let tenant = Tenant::new().await;
    for (query, left) in [
        ("", true),
        ("?actions=false", true),
        ("?actions=true", false),
    ] {
        let token = tenant.proof("u1").await;
        let challenge = json!({"verificationMethod": "SMS", "action": "a", "phoneNumber": "+15550100", "userId": "u1"});
        tenant.post("/v1/challenge", challenge).await;
        let session = json!({"clientId": "c", "token": token});
        let session = tenant.post("/v1/sessions", session).await;
        tenant
            .track(
                "u1",
                "signIn",
                json!({"idempotencyKey": "k", "deviceId": "d"}),
            )
            .await;
        tenant.delete(&format!("/v1/users/u1{query}")).await;

        let user = tenant.get("/v1/users/u1").await;
        assert_eq!(user["isEnrolled"], false);
        assert!(user.get("phoneNumber").is_none(), "{user}");
        assert_eq!(tenant.get("/v1/users/u1/authenticators").await, json!([]));
        assert_eq!(tenant.get("/v1/users/u1/devices").await, json!([]));
        assert_eq!(tenant.get("/v1/challenges?userId=u1").await, json!({}));
        let access = json!({"accessToken": session["accessToken"]}).to_string();
        let validate = Tenant::request("POST", "/v1/sessions/validate").json(access);
        tenant
            .refused(&validate, 401, "unauthorized", "revoked")
            .await;
        let actions = tenant.get("/v1/users/u1/actions").await;
        assert_eq!(actions.as_array().unwrap().is_empty(), !left, "{query}");
        let get = Tenant::request("GET", "/v1/users/u1/actions/signIn/k");
        tenant.answer(if left { 200 } else { 404 }, &get).await;
        // Again, and for one who never was.
        tenant.delete("/v1/users/u1?actions=true").await;
        tenant.delete("/v1/users/never").await;
    }
}

#[tokio::test]
async fn enrolling_creates_the_user_and_replaces_an_authenticator_of_the_same_method() {
    let tenant = Tenant::new().await;
    let target = "/v1/users/u1/authenticators";
    let sms = |number: &str| json!({"verificationMethod": "SMS", "phoneNumber": number});
    let first = tenant.post(target, sms("+64270000000")).await;
    assert_eq!(first["authenticator"]["userId"], "u1");
    assert_eq!(first["recoveryCodes"].as_array().unwrap().len(), 8);
    let second = tenant.post(target, sms("+64270000001")).await;
    assert!(
        second.get("recoveryCodes").is_none(),
        "codes come with the first"
    );
    let list = tenant.get(target).await;
    assert_eq!(list, json!([second["authenticator"]]));
    // The live suites of go and python: the email authenticator of a user without another is element 0.
    let email = json!({"verificationMethod": "EMAIL_OTP", "email": "a@example.com"});
    let email = tenant.post("/v1/users/u2/authenticators", email).await["authenticator"].clone();
    let list = tenant.get("/v1/users/u2/authenticators").await;
    assert_eq!(list[0]["userAuthenticatorId"], email["userAuthenticatorId"]);
    assert_eq!(list[0]["email"], "a@example.com");
    // Deleting the last ends the enrolment.
    let id = email["userAuthenticatorId"].as_str().unwrap();
    tenant
        .delete(&format!("/v1/users/u2/authenticators/{id}"))
        .await;
    assert_eq!(tenant.get("/v1/users/u2/authenticators").await, json!([]));
    assert_eq!(tenant.get("/v1/users/u2").await["isEnrolled"], false);
    let again = Tenant::request("DELETE", &format!("/v1/users/u2/authenticators/{id}"));
    tenant.refused(&again, 404, "not_found", id).await;
}

#[tokio::test]
async fn enrolling_a_method_names_the_member_that_is_missing() {
    let tenant = Tenant::new().await;
    for (method, needs) in [
        ("SMS", "phoneNumber"),
        ("WHATSAPP", "phoneNumber"),
        ("EMAIL_OTP", "email"),
        ("EMAIL_MAGIC_LINK", "email"),
        ("AUTHENTICATOR_APP", "otpUri"),
        ("PASSKEY", "credentialId"),
    ] {
        for wrong in [json!({}), json!({needs: ""}), json!({needs: null})] {
            let mut body = wrong;
            body["verificationMethod"] = method.into();
            tenant
                .refused_body("POST", "/v1/users/u1/authenticators", body, needs)
                .await;
        }
    }
    let half = json!({"verificationMethod": "PASSKEY", "credentialId": "c"});
    tenant
        .refused_body(
            "POST",
            "/v1/users/u1/authenticators",
            half,
            "credentialPublicKey",
        )
        .await;
}

#[tokio::test]
async fn the_default_method_is_the_chosen_one_as_long_as_it_is_enrolled() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    let email =
        json!({"verificationMethod": "EMAIL_OTP", "email": "a@example.com", "isDefault": true});
    let email = tenant.post("/v1/users/u1/authenticators", email).await;
    assert_eq!(email["authenticator"]["isDefault"], true);
    let default = async || tenant.get("/v1/users/u1").await["defaultVerificationMethod"].clone();
    assert_eq!(default().await, "EMAIL_OTP");
    tenant
        .patch("/v1/users/u1", json!({"defaultVerificationMethod": "SMS"}))
        .await;
    assert_eq!(default().await, "SMS");
    tenant
        .patch(
            "/v1/users/u1",
            json!({"defaultVerificationMethod": "EMAIL_OTP"}),
        )
        .await;
    let id = email["authenticator"]["userAuthenticatorId"]
        .as_str()
        .unwrap();
    tenant
        .delete(&format!("/v1/users/u1/authenticators/{id}"))
        .await;
    assert_eq!(default().await, "SMS");
}

#[tokio::test]
async fn a_default_method_that_only_the_vendor_has_is_accepted_and_counts_for_nothing() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    let email =
        json!({"verificationMethod": "EMAIL_OTP", "email": "a@example.com", "isDefault": true});
    tenant.post("/v1/users/u1/authenticators", email).await;
    for word in ["OIDC_PROVIDER", "PALM_BIOMETRICS_RR", "DEVICE"] {
        let set = json!({"defaultVerificationMethod": word});
        let set = tenant.patch("/v1/users/u1", set).await;
        assert_eq!(set["defaultVerificationMethod"], word);
        // SDKs throw on words that they do not know, so only who sends one gets it back.
        let other = tenant.patch("/v1/users/u1", json!({"locale": "en"})).await;
        assert_eq!(other["defaultVerificationMethod"], Value::Null, "{other}");
        let user = tenant.get("/v1/users/u1").await;
        assert_eq!(user["defaultVerificationMethod"], "SMS", "{user}");
        let tracked = tenant.track("u1", "pay", json!({})).await;
        assert_eq!(tracked["defaultVerificationMethod"], "SMS", "{tracked}");
    }
}

fn passkey(user: &str, credential: &str) -> Value {
    json!({
        "userId": user, "verificationMethod": "PASSKEY", "credentialId": credential, "credentialPublicKey": "a2V5",
    })
}

#[tokio::test]
async fn a_batch_enrols_each_passkey_independently() {
    let tenant = Tenant::new().await;
    let batch = async |items: Vec<Value>| {
        let body = json!({"authenticators": items});
        tenant.post("/v1/users/authenticators", body).await
    };
    let counts = |answer: &Value| {
        [&answer["total"], &answer["succeeded"], &answer["failed"]]
            .map(|count| count.as_u64().unwrap())
    };
    let first = batch(vec![passkey("u1", "c1"), passkey("u2", "c2")]).await;
    assert_eq!(counts(&first), [2, 2, 0]);
    assert_eq!(first["failures"], json!([]));
    // Again for the same user: nothing happens, and it succeeds. For another: a conflict, which stops no other.
    let state = tenant.server.state();
    assert_eq!(counts(&batch(vec![passkey("u1", "c1")]).await), [1, 1, 0]);
    assert_eq!(tenant.server.state(), state);
    let mixed = batch(vec![
        passkey("u2", "c1"),
        passkey("u3", "c3"),
        passkey("u4", "c3"),
        passkey("u1", "c4"),
    ])
    .await;
    assert_eq!(counts(&mixed), [4, 2, 2]);
    let failed: Vec<_> = mixed["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| {
            assert_eq!(failure["errorCode"], "conflict");
            assert_eq!(
                failure["errorDescription"],
                "Credential already exists for a different user."
            );
            (failure["userId"].clone(), failure["credentialId"].clone())
        })
        .collect();
    assert_eq!(
        failed,
        [(json!("u2"), json!("c1")), (json!("u4"), json!("c3"))]
    );
    let list = tenant.get("/v1/users/u1/authenticators").await;
    let credentials: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["webauthnCredential"]["credentialId"])
        .collect();
    assert_eq!(credentials, ["c1", "c4"]);
    // A credential of a deleted user is free.
    tenant.delete("/v1/users/u1").await;
    assert_eq!(counts(&batch(vec![passkey("u2", "c1")]).await), [1, 1, 0]);

    assert_eq!(counts(&batch(vec![]).await), [0, 0, 0]);
    let many = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|number| passkey("many", &format!("m{number}")))
            .collect()
    };
    assert_eq!(counts(&batch(many(1000)).await), [1000, 1000, 0]);
    tenant
        .refused_body(
            "POST",
            "/v1/users/authenticators",
            json!({"authenticators": many(1001)}),
            "/authenticators",
        )
        .await;
    let wrong = json!({"authenticators": [passkey("new", "n1"), {"userId": "new"}]});
    tenant
        .refused_body(
            "POST",
            "/v1/users/authenticators",
            wrong,
            "/authenticators/1",
        )
        .await;
}

#[tokio::test]
async fn track_records_devices_that_can_be_remembered_and_invalidated() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    for device in ["d1", "d2", "d1"] {
        tenant
            .track("u1", "signIn", json!({"deviceId": device}))
            .await;
    }
    let list = tenant.get("/v1/users/u1/devices").await;
    let ids: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|device| &device["deviceId"])
        .collect();
    assert_eq!(ids, ["d1", "d2"]);
    assert!(list[0].get("authenticatedAt").is_none());
    tenant.later(5);
    tenant.succeed("u1").await;
    let list = tenant.get("/v1/users/u1/devices").await;
    assert_eq!(list[0]["authenticatedAt"], "2026-01-01T00:00:05.000Z");
    assert_eq!(list[0]["lastVerificationMethod"], "SMS");

    let target = "/v1/users/u1/devices/d1";
    let until = "2026-06-01T00:00:00.000Z";
    let device = tenant
        .patch(target, json!({"rememberedUntil": until}))
        .await;
    assert_eq!(device["rememberedUntil"], until);
    for past in ["2026-01-01T00:00:05.000Z", "2020-01-01T00:00:00Z"] {
        let body = json!({"rememberedUntil": past});
        tenant
            .refused_body("PATCH", target, body, "rememberedUntil")
            .await;
    }
    let forgotten = tenant.patch(target, json!({"rememberedUntil": null})).await;
    assert!(forgotten.get("rememberedUntil").is_none());
    tenant
        .patch(target, json!({"rememberedUntil": until}))
        .await;
    let invalidate = Tenant::request("POST", &format!("{target}/invalidate"));
    let invalid = tenant.answer(200, &invalidate).await.json();
    assert_eq!(invalid["invalidatedAt"], "2026-01-01T00:00:05.000Z");
    assert!(invalid.get("rememberedUntil").is_none());
    assert_eq!(tenant.get("/v1/users/u1/devices").await[0], invalid);
    for target in [
        "/v1/users/u1/devices/none/invalidate",
        "/v1/users/u2/devices/d1/invalidate",
    ] {
        let request = Tenant::request("POST", target);
        tenant.refused(&request, 404, "not_found", "device").await;
    }
}

#[tokio::test]
async fn the_user_record_shows_a_verified_address() {
    let tenant = Tenant::new().await;
    let email = json!({"verificationMethod": "EMAIL_OTP", "email": "a@example.com"});
    tenant.post("/v1/users/u1/authenticators", email).await;
    assert_eq!(tenant.get("/v1/users/u1").await["emailVerified"], false);
    tenant
        .patch("/v1/users/u1", json!({"emailVerified": true}))
        .await;
    assert_eq!(tenant.get("/v1/users/u1").await["emailVerified"], true);
    let found = tenant.get("/v1/users?email=a@example.com").await;
    assert_eq!(found["users"][0]["emailVerified"], true);
}

#[tokio::test]
async fn a_verified_address_becomes_that_of_the_users_authenticators() {
    let tenant = Tenant::new().await;
    let email = json!({"verificationMethod": "EMAIL_OTP", "email": "old@example.com"});
    tenant.post("/v1/users/u1/authenticators", email).await;
    tenant.enroll("u1").await;
    for (method, address) in [("PATCH", "new@example.com"), ("POST", "newer@example.com")] {
        let verified = json!({"email": address, "emailVerified": true});
        tenant.call(method, "/v1/users/u1", verified).await;
        let all = tenant.authenticators("u1").await;
        assert_eq!(all[0]["email"], address);
        assert_eq!(all[1]["phoneNumber"], "+64270000000");
    }
    let token = tenant.token("u1", "signIn").await;
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let challenge = Request::new("POST", "/v1/client/challenge/email-otp").json("{}");
    let challenge = challenge.header("Authorization", &bearer);
    tenant.answer(200, &challenge).await;
    assert_eq!(tenant.newest_message().await["to"], "newer@example.com");
    let bad = json!({"email": "newest", "emailVerified": true});
    tenant
        .refused_body("PATCH", "/v1/users/u1", bad, "email has no @")
        .await;
}

#[tokio::test]
async fn an_address_that_is_none_is_not_enrolled() {
    let tenant = Tenant::new().await;
    for (method, member, bad, says) in [
        (
            "SMS",
            "phoneNumber",
            "0270000000",
            "phoneNumber does not start with +",
        ),
        (
            "WHATSAPP",
            "phoneNumber",
            "+64 27 000 0000",
            "such as +64270000000",
        ),
        ("EMAIL_OTP", "email", "ada", "email has no @"),
        (
            "EMAIL_MAGIC_LINK",
            "email",
            "ada@",
            "such as ada@example.com",
        ),
    ] {
        let body = json!({"verificationMethod": method, member: bad});
        tenant
            .refused_body("POST", "/v1/users/u1/authenticators", body, says)
            .await;
        if method != "EMAIL_MAGIC_LINK" {
            let body = json!({"verificationMethod": method, "action": "a", member: bad});
            tenant
                .refused_body("POST", "/v1/challenge", body, says)
                .await;
        }
    }
}

#[tokio::test]
async fn what_track_says_of_a_user_becomes_the_users_where_there_is_nothing() {
    let tenant = Tenant::new().await;
    let told = json!({"email": "ada@example.com", "username": "ada"});
    tenant.track("u1", "signIn", told).await;
    let told = json!({"email": "other@example.com", "phoneNumber": "1234567890", "username": ""});
    tenant.track("u1", "signIn", told).await;
    let user = tenant.get("/v1/users/u1").await;
    assert_eq!(
        (&user["email"], &user["phoneNumber"], &user["username"]),
        (
            &json!("ada@example.com"),
            &json!("1234567890"),
            &json!("ada")
        )
    );
    assert_eq!(
        (&user["emailVerified"], &user["phoneNumberVerified"]),
        (&json!(false), &json!(false))
    );
    for (query, count) in [
        ("email=ada%40example.com", 1),
        ("email=other%40example.com", 0),
        ("phoneNumber=1234567890", 1),
        ("username=ada", 1),
    ] {
        let found = tenant.get(&format!("/v1/users?{query}")).await;
        let found = found["users"].as_array().unwrap();
        assert_eq!(found.len(), count, "{query}");
    }
    // A user of whom nothing was said is still none.
    tenant.track("u2", "signIn", json!({"email": ""})).await;
    assert!(tenant.server.authsignal().user("u2").is_err());
}

#[tokio::test]
async fn servers_hear_of_whatsapp_only_where_somebody_has_named_it() {
    let tenant = Tenant::new().await;
    let told = async || {
        let user = tenant.get("/v1/users/ada").await;
        let tracked = tenant.track("ada", "pay", json!({})).await;
        let has = |answer: &Value| {
            let methods = answer["allowedVerificationMethods"].as_array().unwrap();
            methods.contains(&json!("WHATSAPP"))
        };
        (has(&user), has(&tracked))
    };
    assert_eq!(told().await, (false, false));
    tenant
        .configure(json!({"verificationMethods": ["SMS", "WHATSAPP"]}))
        .await;
    assert_eq!(told().await, (true, true));
}
