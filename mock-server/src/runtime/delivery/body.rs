//! The bodies of webhooks: domain types to wire types. Decides nothing, and sends nothing.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::authsignal::user::Authenticator;
use crate::domain::authsignal::webhook::{
    ActionLog, AuthenticatorChanged, ChallengeLog, EmailSecret, Event, EventKind, Kind, Passing,
};
use crate::domain::custom::Custom;
use crate::generated::authsignal::types as wire;
use crate::wire::authsignal::{iso, methods};

/// The source of every event.
const SOURCE: &str = "https://authsignal.com";

/// The data of an event, in the schema of its type.
#[derive(Serialize)]
#[serde(untagged)]
enum Payload {
    Email(wire::EmailCreated),
    Sms(wire::SmsCreated),
    Push(wire::PushCreated),
    Authenticator(wire::AuthenticatorChanged),
    Action(wire::ActionVerified),
    ActionLog(Box<wire::ActionLog>),
    ChallengeLog(wire::ChallengeLog),
}

/// An envelope: the schema's members, in the vendor's order, around a payload that keeps its own order, too. The
/// generated type has a map there, which does not.
#[derive(Serialize)]
struct Envelope<'a> {
    version: i32,
    id: &'a str,
    source: &'static str,
    time: String,
    #[serde(rename = "tenantId")]
    tenant_id: &'a str,
    #[serde(rename = "type")]
    type_: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Payload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Payload>,
}

#[derive(Serialize)]
struct Batch<'a> {
    records: Vec<Envelope<'a>>,
}

/// The body of a delivery: the same bytes each time.
pub fn of(tenant_id: &str, kind: Kind, events: &[Arc<Event>]) -> Vec<u8> {
    let mut envelopes = events.iter().map(|event| envelope(tenant_id, event));
    let written = if kind.is_log() {
        let records = envelopes.collect();
        serde_json::to_vec(&Batch { records })
    } else {
        serde_json::to_vec(&envelopes.next())
    };
    // Maps with text keys, and nothing that can fail.
    written.unwrap_or_default()
}

/// Tampers with a body but keeps it JSON: changes the last digit of the first event's id.
pub fn tamper(body: &mut [u8]) {
    const BEFORE: &[u8] = b"\"id\":\"";
    const DIGITS: usize = 36;
    let starts = body
        .windows(BEFORE.len())
        .position(|window| window == BEFORE);
    let last = starts.map(|at| at + BEFORE.len() + DIGITS - 1);
    if let Some(digit) = last.and_then(|at| body.get_mut(at)) {
        *digit = if *digit == b'0' { b'1' } else { b'0' };
    }
}

fn envelope<'a>(tenant_id: &'a str, event: &'a Event) -> Envelope<'a> {
    let kind = event.what.kind();
    let payload = payload(tenant_id, event);
    let (data, record) = if kind.is_log() {
        (None, Some(payload))
    } else {
        (Some(payload), None)
    };
    Envelope {
        version: 1,
        id: &event.id,
        source: SOURCE,
        time: iso(event.time),
        tenant_id,
        type_: kind.word(),
        data,
        record,
    }
}

fn payload(tenant_id: &str, event: &Event) -> Payload {
    let kind = event.what.kind();
    match event.what.clone() {
        EventKind::EmailCreated(email) => {
            let (code, url) = match email.secret {
                EmailSecret::Code(code) => (Some(code), None),
                EmailSecret::Link(url) => (None, Some(url)),
            };
            Payload::Email(wire::EmailCreated {
                to: email.to,
                code,
                url,
                user_id: email.user_id,
                idempotency_key: Some(email.key),
                action_code: Some(email.action),
                verification_method: Some(email.method.into()),
                user_agent: email.surroundings.user_agent,
                timezone: email.surroundings.timezone,
                ip_address: email.surroundings.ip_address,
                locale: email.surroundings.locale,
                custom_variables: email.custom_variables.map(custom),
            })
        }
        EventKind::SmsCreated(sms) => Payload::Sms(wire::SmsCreated {
            to: sms.to,
            code: Some(sms.code),
            user_id: sms.user_id,
            idempotency_key: Some(sms.key),
            action_code: Some(sms.action),
            locale: sms.locale,
            custom_variables: sms.custom_variables.map(custom),
        }),
        EventKind::PushCreated(push) => Payload::Push(wire::PushCreated {
            challenge_id: push.challenge_id,
            user_id: Some(push.user_id),
            idempotency_key: Some(push.key),
            action_code: Some(push.action),
            user_agent: push.surroundings.user_agent,
            timezone: push.surroundings.timezone,
            ip_address: push.surroundings.ip_address,
        }),
        EventKind::AuthenticatorCreated(changed)
        | EventKind::AuthenticatorUpdated(changed)
        | EventKind::AuthenticatorDeleted(changed) => {
            Payload::Authenticator(authenticator(changed, kind, event.time))
        }
        EventKind::ActionVerify(passing) => Payload::Action(verified(passing, event.time)),
        EventKind::ActionLog(log) => Payload::ActionLog(Box::new(action_log(tenant_id, *log))),
        EventKind::ChallengeLog(log) => {
            Payload::ChallengeLog(challenge_log(tenant_id, log, event.time))
        }
    }
}

fn authenticator(
    changed: AuthenticatorChanged,
    kind: Kind,
    at: Timestamp,
) -> wire::AuthenticatorChanged {
    let Authenticator {
        id,
        method,
        created,
        email,
        phone_number,
        credential,
        ..
    } = changed.authenticator;
    let when = |wanted| (kind == wanted).then(|| iso(at));
    let credential = credential.as_ref();
    wire::AuthenticatorChanged {
        user_id: changed.user_id,
        user_authenticator_id: id,
        verification_method: method.into(),
        created_at: Some(iso(created)),
        updated_at: when(Kind::AuthenticatorUpdated),
        deleted_at: when(Kind::AuthenticatorDeleted),
        email,
        phone_number,
        previous_sms_channel: None,
        credential_id: credential.map(|credential| credential.id.clone()),
        credential_public_key: credential
            .filter(|_| changed.public_key)
            .map(|credential| credential.public_key.clone()),
        credential_name: credential.map(|credential| credential.name.clone()),
        aaguid: credential.and_then(|credential| credential.aaguid.clone()),
    }
}

fn verified(passing: Passing, at: Timestamp) -> wire::ActionVerified {
    wire::ActionVerified {
        user_id: passing.user_id,
        action: passing.action,
        idempotency_key: passing.key,
        verified_at: Some(iso(at)),
        state: wire::UserActionState::ChallengeSucceeded,
        verification_method: passing.method.map(Into::into),
        user_authenticator_id: passing.authenticator_id,
    }
}

fn custom(custom: Custom) -> wire::Custom {
    wire::Custom(custom.read())
}

fn action_log(tenant_id: &str, log: ActionLog) -> wire::ActionLog {
    let priority_rule_id = log.rules.first().map(|rule| rule.id.clone());
    let rules = log.rules.into_iter().map(|rule| wire::Rule {
        rule_id: rule.id,
        name: rule.name,
        description: rule.description,
        metadata: None,
    });
    let rules: Vec<_> = rules.collect();
    wire::ActionLog {
        tenant_id: tenant_id.to_owned(),
        user_id: log.user_id,
        action_code: log.action,
        idempotency_key: log.key,
        created_at: Some(iso(log.created)),
        updated_at: Some(iso(log.updated)),
        state: Some(log.state.into()),
        state_updated_at: Some(iso(log.state_updated)),
        outcome: Some(log.outcome.word().to_owned()),
        verification_method: log.method.map(Into::into),
        allowed_verification_methods: methods(&log.allowed),
        enrolled_verification_methods: methods(&log.enrolled),
        // The vendor omits it if no rule matched.
        rules: Some(rules).filter(|rules| !rules.is_empty()),
        priority_rule_id,
        ip_address: log.ip_address,
        country_code: log.country,
        email: log.email,
        phone_number: log.phone_number,
        device_id: log.device_id,
        custom: log.custom.map(custom),
        custom_variables: log.custom_variables.map(custom),
    }
}

fn challenge_log(tenant_id: &str, log: ChallengeLog, at: Timestamp) -> wire::ChallengeLog {
    let is_email = log.method.is_email();
    wire::ChallengeLog {
        tenant_id: tenant_id.to_owned(),
        user_id: log.user_id,
        action_code: Some(log.action),
        idempotency_key: Some(log.key),
        created_at: Some(iso(at)),
        type_: log.what.clone().into_owned(),
        verification_method: Some(log.method.into()),
        email: log.address.clone().filter(|_| is_email),
        phone_number: log.address.filter(|_| !is_email),
        error_description: None,
        status_code: None,
        error_code: None,
        errored_at: None,
        data: None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::{of, tamper, wire};
    use crate::domain::Supplies;
    use crate::domain::authsignal::vocabulary::Method;
    use crate::domain::authsignal::webhook::{
        EmailCreated, EmailSecret, Event, EventKind, Kind, Surroundings, made_up,
    };

    const TENANT: &str = "00000000-0000-4000-8000-0000000000aa";

    fn event(what: EventKind) -> Arc<Event> {
        Arc::new(Event {
            id: "00000000-0000-4000-8000-000000000001".into(),
            time: Timestamp::from_second(1_735_689_600).unwrap(),
            what,
        })
    }

    #[test]
    fn members_stand_in_the_vendors_order() {
        let email = EmailCreated {
            to: "a@example.com".into(),
            secret: EmailSecret::Code("123456".into()),
            user_id: Some("u1".into()),
            action: "signIn".into(),
            key: "k1".into(),
            method: Method::EmailOtp,
            surroundings: Surroundings::default(),
            custom_variables: None,
        };
        let events = [event(EventKind::EmailCreated(email))];
        let body = String::from_utf8(of(TENANT, Kind::EmailCreated, &events)).unwrap();
        assert_eq!(
            body,
            r#"{"version":1,"id":"00000000-0000-4000-8000-000000000001","source":"https://authsignal.com","time":"2025-01-01T00:00:00.000Z","tenantId":"00000000-0000-4000-8000-0000000000aa","type":"email.created","data":{"to":"a@example.com","code":"123456","userId":"u1","actionCode":"signIn","idempotencyKey":"k1","verificationMethod":"EMAIL_OTP"}}"#
        );
    }

    #[test]
    fn every_type_has_the_envelope_of_the_spec() {
        for kind in Kind::ALL {
            let what = made_up::event(
                &mut Supplies::new([1; 32], 0).turn(Timestamp::UNIX_EPOCH),
                kind,
                "u",
            );
            let body = of(TENANT, kind, &[event(what)]);
            if kind.is_log() {
                let batch: wire::WebhookLogBatch = serde_json::from_slice(&body).unwrap();
                assert_eq!(batch.records.len(), 1);
                assert_eq!(batch.records[0].type_, kind.word());
            } else {
                let event: wire::WebhookEvent = serde_json::from_slice(&body).unwrap();
                assert_eq!((event.version, event.type_.as_str()), (1, kind.word()));
                assert_eq!(event.data["userId"], "u");
            }
        }
    }

    #[test]
    fn a_changed_body_is_still_json_and_another() {
        for kind in [Kind::SmsCreated, Kind::ActionLogCreated] {
            let what = made_up::event(
                &mut Supplies::new([1; 32], 0).turn(Timestamp::UNIX_EPOCH),
                kind,
                "u",
            );
            let body = of(TENANT, kind, &[event(what)]);
            let mut changed = body.clone();
            tamper(&mut changed);
            assert_ne!(body, changed);
            let json: serde_json::Value = serde_json::from_slice(&changed).unwrap();
            assert!(json.to_string().contains("-000000000000\""), "{json}");
        }
    }
}
