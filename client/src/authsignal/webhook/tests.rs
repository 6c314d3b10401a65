//! Signatures that are good and that are not, and every type of event.

use serde_json::json;

use super::*;
use crate::transport::recording;

const SECRET: &str = "test-secret-key-123";
/// Signed with [`SECRET`] by the contract's own vector.
const BODY: &[u8] = br#"{"version":1,"id":"00000000-0000-4000-8000-000000000001","source":"https://authsignal.com","time":"2025-01-01T00:00:00.000Z","tenantId":"00000000-0000-4000-8000-0000000000aa","type":"email.created","data":{"to":"a@example.com","code":"123456","userId":"u1","actionCode":"signIn","idempotencyKey":"k1","verificationMethod":"EMAIL_OTP"}}"#;
const SIGNED_AT: u64 = 1_735_689_600;
const SIGNATURE: &str = "55KT0O9oZzSMKBZ9SPsIKof1l94OLidXw/dHDAjtUcc";

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn verify(header: &str) -> Result<Delivery<'static>, VerifyError> {
    Verifier::new(SECRET).verify_at(header, BODY, at(SIGNED_AT))
}

#[test]
fn an_empty_secret_is_logged() {
    for (secret, is_logged) in [("", true), (SECRET, false)] {
        recording::start();
        let _ = Verifier::new(secret);
        let log = recording::finish();
        assert_eq!(
            log.contains("WARN") && log.contains("empty secret"),
            is_logged,
            "{log}"
        );
    }
}

#[test]
fn the_vector_is_accepted_and_is_what_the_signer_makes() {
    let header = format!("t={SIGNED_AT},v2={SIGNATURE}");
    assert_eq!(verify(&header).unwrap().body(), BODY);
    assert_eq!(sign(SECRET, BODY, at(SIGNED_AT)), header);
}

#[test]
fn what_is_signed_now_is_accepted_now() {
    let header = sign(SECRET, BODY, SystemTime::now());
    assert!(Verifier::new(SECRET).verify(&header, BODY).is_ok());
}

#[test]
fn any_of_several_signatures_and_either_padding_will_do() {
    let other = "NwFcIT68pK7g+m365Jj4euXj/ke3GSnkTpMPcRVi5q4";
    for header in [
        format!("t={SIGNED_AT},v2={other},v2={SIGNATURE}"),
        format!("t={SIGNED_AT},v2={SIGNATURE},v2={other}"),
        format!("t={SIGNED_AT}, v2={SIGNATURE}="),
        format!("v2={SIGNATURE},t={SIGNED_AT}"),
        format!("t={SIGNED_AT},v3=later,v2={SIGNATURE},v2=,v2=!"),
    ] {
        assert!(verify(&header).is_ok(), "{header}");
    }
}

#[test]
fn the_forms_of_the_published_vectors_are_read() {
    // Their key is the vendor's own, so they can be read here but not verified.
    for (seconds, header) in [
        (
            1_740_016_316,
            "t=1740016316,v2=NwFcIT68pK7g+m365Jj4euXj/ke3GSnkTpMPcRVi5q4",
        ),
        (
            1_740_016_037,
            "t=1740016037,v2=zI5rg1XJtKH8dXTX9VCSwy07qTPJliXkK9ppgNjmzqw,v2=KMg8mXXGO/SmNNmcszKXI4UaEVHLc21YNWthHfispQo",
        ),
    ] {
        let read = Signatures::read(header).unwrap();
        assert_eq!(read.seconds, seconds);
        assert_eq!(read.candidates.len(), header.matches("v2=").count());
        assert!(
            read.candidates
                .iter()
                .all(|candidate| candidate.len() == 32)
        );
        let result = Verifier::new(SECRET).verify_at(header, BODY, at(seconds));
        assert_eq!(result, Err(VerifyError::Mismatch));
    }
}

#[test]
fn a_header_of_another_form_is_refused() {
    for header in [
        "",
        "t",
        "nonsense",
        "t=1735689600",
        &format!("v2={SIGNATURE}"),
        &format!("t=,v2={SIGNATURE}"),
        &format!("t=+1735689600,v2={SIGNATURE}"),
        &format!("t=-1,v2={SIGNATURE}"),
        &format!("t=1735689600.0,v2={SIGNATURE}"),
        &format!("t=99999999999999999999999,v2={SIGNATURE}"),
        &format!("t=1735689600,t=1735689600,v2={SIGNATURE}"),
        &format!("t=1735689600,v1={SIGNATURE}"),
        &format!("t=1735689600,V2={SIGNATURE}"),
        &format!("t=1735689600,v2={SIGNATURE},"),
    ] {
        let error = verify(header).unwrap_err();
        assert_eq!(error, VerifyError::Format, "{header}");
        assert_eq!(error.to_string(), "Signature format is invalid.");
    }
}

#[test]
fn a_signature_that_is_not_the_whole_one_is_refused() {
    let decoded = BASE64.decode(SIGNATURE).unwrap();
    let longer = [decoded.as_slice(), &[0]].concat();
    let mut wrong = decoded.clone();
    wrong[31] ^= 1;
    let candidates = [
        String::new(),
        BASE64.encode(&decoded[..1]),
        BASE64.encode(&decoded[..16]),
        BASE64.encode(&decoded[..31]),
        BASE64.encode(longer),
        BASE64.encode(wrong),
        SIGNATURE.replace('/', "_"),
        format!("{SIGNATURE}=="),
        SIGNATURE.to_lowercase(),
    ];
    for candidate in candidates {
        let header = format!("t={SIGNED_AT},v2={candidate}");
        let error = verify(&header).unwrap_err();
        assert_eq!(error, VerifyError::Mismatch, "{header}");
        assert_eq!(error.to_string(), "Signature mismatch.");
    }
}

#[test]
fn another_body_time_or_secret_is_refused() {
    let verifier = Verifier::new(SECRET);
    let header = format!("t={SIGNED_AT},v2={SIGNATURE}");
    let changed = [BODY, b" "].concat();
    assert_eq!(
        verifier.verify_at(&header, &changed, at(SIGNED_AT)),
        Err(VerifyError::Mismatch)
    );
    for time in ["1735689601", "01735689600"] {
        let header = format!("t={time},v2={SIGNATURE}");
        assert_eq!(verify(&header), Err(VerifyError::Mismatch));
    }
    for other in ["another", ""] {
        let result = Verifier::new(other).verify_at(&header, BODY, at(SIGNED_AT));
        assert_eq!(result, Err(VerifyError::Mismatch));
    }
}

#[test]
fn an_empty_secret_accepts_nothing_not_even_its_own_signature() {
    let header = sign("", BODY, at(SIGNED_AT));
    let verifier = Verifier::new("").or_secret("");
    assert_eq!(
        verifier.verify_at(&header, BODY, at(SIGNED_AT)),
        Err(VerifyError::Mismatch)
    );
}

#[test]
fn an_older_secret_is_accepted_beside_the_new_one() {
    let verifier = Verifier::new("new").or_secret("old");
    for secret in ["new", "old"] {
        let header = sign(secret, BODY, at(SIGNED_AT));
        assert!(verifier.verify_at(&header, BODY, at(SIGNED_AT)).is_ok());
    }
    assert_eq!(
        format!("{verifier:?}"),
        "Verifier { secrets: [Secret(..), Secret(..)], tolerance: 300s }"
    );
}

#[test]
fn the_tolerance_reaches_as_far_ahead_as_back() {
    let header = format!("t={SIGNED_AT},v2={SIGNATURE}");
    let minute = Verifier::new(SECRET).tolerance(Duration::from_secs(60));
    let none = Verifier::new(SECRET).tolerance(Duration::ZERO);
    let any = Verifier::new(SECRET).tolerance(Duration::MAX);
    for (verifier, now, accepted) in [
        (Verifier::new(SECRET), SIGNED_AT + 300, true),
        (Verifier::new(SECRET), SIGNED_AT - 300, true),
        (Verifier::new(SECRET), SIGNED_AT + 301, false),
        (Verifier::new(SECRET), SIGNED_AT - 301, false),
        (minute.clone(), SIGNED_AT + 60, true),
        (minute.clone(), SIGNED_AT - 61, false),
        (minute, SIGNED_AT + 61, false),
        (none.clone(), SIGNED_AT, true),
        (none, SIGNED_AT + 1, false),
        (any, 0, true),
    ] {
        let result = verifier.verify_at(&header, BODY, at(now));
        assert_eq!(result.is_ok(), accepted, "{now}");
        if let Err(error) = result {
            assert_eq!(error, VerifyError::Timestamp);
            let text = "Timestamp is outside the tolerance zone.";
            assert_eq!(error.to_string(), text);
        }
    }
}

fn parse(body: &Value) -> Result<Content, ParseError> {
    let body = body.to_string().into_bytes();
    let header = sign(SECRET, &body, at(SIGNED_AT));
    let verifier = Verifier::new(SECRET);
    verifier
        .verify_at(&header, &body, at(SIGNED_AT))
        .unwrap()
        .parse()
}

fn envelope(kind: &str, member: &str, payload: Value) -> Value {
    let mut envelope = json!({
        "version": 1, "id": "i", "source": "https://authsignal.com",
        "time": "2025-01-01T00:00:00.000Z", "tenantId": "t", "type": kind, "new": true,
    });
    envelope[member] = payload;
    envelope
}

fn event(kind: &str, payload: Value) -> Event {
    match parse(&envelope(kind, "data", payload)).unwrap() {
        Content::Event(event) => event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_vectors_event_is_an_email_to_send() {
    let header = format!("t={SIGNED_AT},v2={SIGNATURE}");
    let Content::Event(event) = verify(&header).unwrap().parse().unwrap() else {
        panic!("an event is not a batch");
    };
    assert_eq!(event.id, "00000000-0000-4000-8000-000000000001");
    assert_eq!(event.time.as_str(), "2025-01-01T00:00:00.000Z");
    assert_eq!(event.tenant_id, "00000000-0000-4000-8000-0000000000aa");
    assert_eq!(event.source, "https://authsignal.com");
    assert_eq!(event.version, 1);
    let Data::EmailCreated(email) = event.data else {
        panic!("{event:?}");
    };
    let expected: Value = serde_json::from_slice(BODY).unwrap();
    assert_eq!(json!(*email), expected["data"]);
}

#[test]
fn every_type_of_event_is_read_and_keeps_its_members() {
    let authenticator = json!({
        "userId": "u", "userAuthenticatorId": "a", "verificationMethod": "PASSKEY",
        "createdAt": "2025-01-01T00:00:00.000Z", "credentialId": "c", "aaguid": "g",
    });
    for (kind, payload) in [
        (
            "email.created",
            json!({"to": "a@example.com", "url": "https://h.example", "locale": "en"}),
        ),
        (
            "sms.created",
            json!({"to": "+1", "code": "123456", "customVariables": {"a": ["b"]}}),
        ),
        (
            "push.created",
            json!({"challengeId": "c", "timezone": "Europe/Dublin"}),
        ),
        ("authenticator.created", authenticator.clone()),
        ("authenticator.updated", authenticator.clone()),
        ("authenticator.deleted", authenticator),
        (
            "action.verify",
            json!({"userId": "u", "action": "a", "idempotencyKey": "k", "state": "CHALLENGE_SUCCEEDED"}),
        ),
        (
            "action.log_created",
            json!({
                "tenantId": "t", "userId": "u", "actionCode": "a", "idempotencyKey": "k", "outcome": "ALLOW",
                "rules": [{"ruleId": "r", "name": "n", "metadata": {"team": ["risk", 1]}}],
                "customVariables": {"amount": 5},
            }),
        ),
        (
            "challenge.log_created",
            json!({
                "tenantId": "t", "userId": "u", "type": "EMAIL_OTP_SENT", "data": {"a": 1},
                "errorCode": "21211", "erroredAt": "2025-01-01T00:00:00.000Z",
            }),
        ),
        ("volcano.erupted", json!({"where": {"exactly": [1, 2]}})),
    ] {
        let event = event(kind, payload.clone());
        assert_eq!(event.data.kind(), kind);
        let read = match event.data {
            Data::EmailCreated(data) => json!(*data),
            Data::SmsCreated(data) => json!(*data),
            Data::PushCreated(data) => json!(*data),
            Data::AuthenticatorCreated(data)
            | Data::AuthenticatorUpdated(data)
            | Data::AuthenticatorDeleted(data) => json!(*data),
            Data::ActionVerify(data) => json!(*data),
            Data::ActionLogCreated(data) => json!(*data),
            Data::ChallengeLogCreated(data) => json!(*data),
            Data::Unknown { json, .. } => json.into_inner(),
        };
        assert_eq!(read, payload, "{kind}");
    }
}

#[test]
fn unknown_words_and_members_break_nothing() {
    let event = event(
        "action.verify",
        json!({
            "userId": "u", "action": "a", "idempotencyKey": "k", "state": "CHALLENGE_ENJOYED",
            "verificationMethod": "TELEPATHY", "mood": "good",
        }),
    );
    let Data::ActionVerify(action) = event.data else {
        panic!("{event:?}");
    };
    assert_eq!(action.state.as_str(), "CHALLENGE_ENJOYED");
}

#[test]
fn a_batch_of_log_events_is_not_an_event() {
    let action = json!({"tenantId": "t", "userId": "u", "actionCode": "a", "idempotencyKey": "k"});
    let challenge = json!({"tenantId": "t", "userId": "u", "type": "SMS_SENT"});
    let batch = json!({"records": [
        envelope("action.log_created", "record", action),
        envelope("challenge.log_created", "record", challenge),
        envelope("volcano.log_created", "record", json!({})),
    ]});
    let Content::LogBatch(events) = parse(&batch).unwrap() else {
        panic!("a batch is not an event");
    };
    let kinds: Vec<_> = events.iter().map(|event| event.data.kind()).collect();
    assert_eq!(
        kinds,
        [
            "action.log_created",
            "challenge.log_created",
            "volcano.log_created"
        ]
    );
    assert_eq!(
        parse(&json!({"records": []})).unwrap(),
        Content::LogBatch(vec![])
    );
}

#[test]
fn a_genuine_body_that_cannot_be_read_tells_where_and_not_what() {
    let good = json!({"tenantId": "t", "userId": "u", "actionCode": "a", "idempotencyKey": "k"});
    let mut bad = good.clone();
    bad["userId"] = json!(["MARKED"]);
    let batch = [good, bad].map(|record| envelope("action.log_created", "record", record));
    for (body, place) in [
        (json!("MARKED"), "`.`, line 1, column 8"),
        (json!({"version": "MARKED"}), "`version`, line 1, column 19"),
        (json!({"records": "MARKED"}), "`records`, line 1, column 19"),
        (
            envelope("sms.created", "data", json!({"to": {"MARKED": 1}})),
            "`data`, in it `to`",
        ),
        (
            json!({"records": batch}),
            "`records[1].record`, in it `userId`",
        ),
    ] {
        let error = parse(&body).unwrap_err();
        let text = error.to_string();
        assert_eq!(
            text,
            format!("the body is not that of a webhook, at {place}")
        );
        assert!(!format!("{error:?}").contains("MARKED"));
    }
}

#[test]
fn nothing_of_a_payload_is_shown() {
    let body = json!({"to": "MARKED", "code": "MARKED", "url": "MARKED"});
    for kind in ["email.created", "sms.created", "volcano.erupted"] {
        let event = event(kind, body.clone());
        let shown = format!("{event:?} {:#?}", event.data);
        assert!(!shown.contains("MARKED"), "{shown}");
    }
    let delivery = Delivery { body: b"MARKED" };
    assert_eq!(format!("{delivery:?}"), "Delivery { .. }");
}
