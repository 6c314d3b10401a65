//! Call Connect: the call centre starts a call, the caller gets a link, and the call ends.

use serde_json::json;

use crate::tenant::Tenant;

#[tokio::test]
async fn a_caller_proves_who_they_are_on_the_page_that_the_message_links_to() {
    let tenant = Tenant::new().await;
    // As the live test of the node SDK starts it.
    let start = json!({"referenceId": "call-1", "phoneNumber": "+6427123456"});
    let started = tenant.post("/call/start", start).await;
    assert_eq!(
        (&started["channel"], &started["phoneNumber"]),
        (&json!("WHATSAPP"), &json!("+6427123456"))
    );
    assert!(started["messageId"].is_string() && started.get("email").is_none());
    let message = tenant.newest_message().await;
    assert_eq!(
        (&message["channel"], &message["to"]),
        (&json!("whatsapp"), &json!("+6427123456"))
    );
    let url = message["url"].as_str().unwrap();
    assert!(url.contains("/challenge?token="), "{url}");

    let action = "/v1/users/+6427123456/actions/call/call-1";
    assert_eq!(tenant.get(action).await["state"], "ALLOW");
    for state in ["CHALLENGE_FAILED", "CHALLENGE_SUCCEEDED"] {
        let finish = json!({"referenceId": "call-1", "state": state});
        let finished = tenant.post("/call/finish", finish).await;
        assert_eq!(finished, json!({"success": true}));
        assert_eq!(tenant.get(action).await["state"], state);
    }
}

#[tokio::test]
async fn a_call_goes_by_the_channel_that_it_names_or_that_its_address_has() {
    let tenant = Tenant::new().await;
    for (caller, channel, member) in [
        (json!({"email": "a@example.com"}), "EMAIL", "email"),
        (
            json!({"phoneNumber": "+15550100"}),
            "WHATSAPP",
            "phoneNumber",
        ),
        (
            json!({"phoneNumber": "+15550100", "channel": "SMS"}),
            "SMS",
            "phoneNumber",
        ),
        (
            json!({"phoneNumber": "+15550100", "email": "a@example.com", "channel": "EMAIL"}),
            "EMAIL",
            "email",
        ),
    ] {
        let mut body = caller.clone();
        body["referenceId"] = json!("call-1");
        let started = tenant.post("/call/start", body).await;
        assert_eq!(started["channel"], channel, "{caller}");
        assert_eq!(started[member], caller[member]);
    }
}

#[tokio::test]
async fn a_call_that_reaches_nobody_is_refused() {
    let tenant = Tenant::new().await;
    for (caller, cause) in [
        (json!({}), "phoneNumber"),
        (
            json!({"channel": "EMAIL", "phoneNumber": "+15550100"}),
            "email",
        ),
        (json!({"phoneNumber": "503 555 0100"}), "E.164"),
        (json!({"email": "nobody"}), "email"),
        (
            json!({"phoneNumber": "+15550100", "locale": "english"}),
            "locale",
        ),
        (
            json!({"phoneNumber": "+15550100", "channel": "PIGEON"}),
            "channel",
        ),
    ] {
        let mut body = caller;
        body["referenceId"] = json!("call-1");
        tenant
            .refused_body("POST", "/call/start", body, cause)
            .await;
    }
    let none = json!({"phoneNumber": "+15550100"});
    tenant
        .refused_body("POST", "/call/start", none, "referenceId")
        .await;
}
