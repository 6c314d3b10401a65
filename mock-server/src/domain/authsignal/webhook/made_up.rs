//! Events with made-up data, one of each type, to try out a receiver. They concern no real user.

use super::{
    ActionLog, AuthenticatorChanged, ChallengeLog, EmailCreated, EmailSecret, EventKind, Kind,
    Passing, PushCreated, SmsCreated, Surroundings,
};
use crate::domain::Turn;
use crate::domain::authsignal::user::Authenticator;
use crate::domain::authsignal::vocabulary::{Method, Outcome, State};

/// The default user.
pub const USER: &str = "made-up-user";
const ACTION: &str = "made-up-action";
const EMAIL: &str = "made-up@example.com";
const PHONE_NUMBER: &str = "+15550100";
/// Length of a code.
const DIGITS: usize = 6;

/// An event of that type, about that user.
pub fn event(turn: &mut Turn<'_>, kind: Kind, user_id: &str) -> EventKind {
    let (user_id, action, key) = (user_id.to_owned(), ACTION.to_owned(), turn.ids.uuid());
    let surroundings = Surroundings {
        user_agent: Some("Mozilla/5.0 (made up)".to_owned()),
        timezone: Some("Pacific/Auckland".to_owned()),
        ip_address: Some("203.0.113.1".to_owned()),
        locale: Some("en".to_owned()),
    };
    match kind {
        Kind::EmailCreated => EventKind::EmailCreated(EmailCreated {
            to: EMAIL.to_owned(),
            secret: EmailSecret::Code(turn.ids.digits(DIGITS)),
            user_id: Some(user_id),
            action,
            key,
            method: Method::EmailOtp,
            surroundings,
            custom_variables: None,
        }),
        Kind::SmsCreated => EventKind::SmsCreated(SmsCreated {
            to: PHONE_NUMBER.to_owned(),
            code: turn.ids.digits(DIGITS),
            user_id: Some(user_id),
            action,
            key,
            locale: surroundings.locale,
            custom_variables: None,
        }),
        Kind::PushCreated => EventKind::PushCreated(PushCreated {
            challenge_id: turn.ids.uuid(),
            user_id,
            action,
            key,
            surroundings,
        }),
        Kind::AuthenticatorCreated => EventKind::AuthenticatorCreated(authenticator(turn, user_id)),
        Kind::AuthenticatorUpdated => EventKind::AuthenticatorUpdated(authenticator(turn, user_id)),
        Kind::AuthenticatorDeleted => EventKind::AuthenticatorDeleted(authenticator(turn, user_id)),
        Kind::ActionVerify => EventKind::ActionVerify(Passing {
            user_id,
            action,
            key,
            method: Some(Method::EmailOtp),
            authenticator_id: Some(turn.ids.uuid()),
            enrolled: false,
        }),
        Kind::ActionLogCreated => EventKind::ActionLog(Box::new(ActionLog {
            user_id,
            action,
            key,
            created: turn.now,
            updated: turn.now,
            state_updated: turn.now,
            state: State::ChallengeSucceeded,
            outcome: Outcome::Challenge,
            method: Some(Method::EmailOtp),
            allowed: vec![Method::EmailOtp, Method::Sms],
            enrolled: vec![Method::EmailOtp],
            rules: Vec::new(),
            country: Some("NL".to_owned()),
            ip_address: surroundings.ip_address,
            email: Some(EMAIL.to_owned()),
            phone_number: None,
            device_id: None,
            custom: None,
            custom_variables: None,
        })),
        Kind::ChallengeLogCreated => EventKind::ChallengeLog(ChallengeLog {
            user_id,
            action,
            key,
            what: "EMAIL_OTP_SENT".into(),
            method: Method::EmailOtp,
            address: Some(EMAIL.to_owned()),
        }),
    }
}

fn authenticator(turn: &mut Turn<'_>, user_id: String) -> AuthenticatorChanged {
    let mut authenticator = Authenticator::new(turn.ids.uuid(), Method::EmailOtp, turn.now);
    authenticator.email = Some(EMAIL.to_owned());
    AuthenticatorChanged {
        user_id,
        authenticator,
        public_key: true,
    }
}
