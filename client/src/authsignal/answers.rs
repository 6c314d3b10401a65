//! What of the answers is easier asked than read. Must not know how answers come.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::ids::IdempotencyKey;
use super::raw::types::{
    Action, ChallengeStarted, CompletedFlowStep, Custom, FlowAction, Tracked, User,
    UserAuthenticator, UserRecord, Validated, ValidatedSession, VerificationMethods,
};
use super::raw::vocabulary::{FlowState, UserActionState, VerificationMethod};
use crate::secret::Secret;

impl Tracked {
    /// Whether the application may go on: `ALLOW`.
    pub fn is_allowed(&self) -> bool {
        self.state == UserActionState::Allow
    }

    /// Whether the application must refuse: `BLOCK`.
    pub fn is_blocked(&self) -> bool {
        self.state == UserActionState::Block
    }

    /// Whether the user must take a challenge first, at [`url`](Self::url) or with
    /// [`token`](Self::token): `CHALLENGE_REQUIRED`.
    pub fn is_challenge_required(&self) -> bool {
        self.state == UserActionState::ChallengeRequired
    }

    /// Whether a person must decide first: `REVIEW_REQUIRED`.
    pub fn is_review_required(&self) -> bool {
        self.state == UserActionState::ReviewRequired
    }

    /// The key that names the action, for [`get_action`](super::Authsignal::get_action).
    pub fn idempotency_key(&self) -> IdempotencyKey {
        IdempotencyKey::new(&self.idempotency_key)
    }

    /// Where the user enrols, manages authenticators, or takes the challenge. It holds the token.
    pub fn url(&self) -> &Secret {
        &self.url
    }

    /// For the vendor's client SDKs, and for
    /// [`validate_challenge`](super::Authsignal::validate_challenge).
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// The methods that the user may enrol. Empty if the answer does not contain them.
    pub fn allowed_verification_methods(&self) -> &[VerificationMethod] {
        methods(&self.allowed_verification_methods)
    }

    /// The methods that the user has enrolled. Empty if the answer does not contain them.
    pub fn enrolled_verification_methods(&self) -> &[VerificationMethod] {
        methods(&self.enrolled_verification_methods)
    }
}

impl Action {
    /// Whether the user has passed the challenge: `CHALLENGE_SUCCEEDED`.
    pub fn is_challenge_succeeded(&self) -> bool {
        self.state == UserActionState::ChallengeSucceeded
    }
}

impl FlowAction {
    /// Whether the flow has succeeded: `CHALLENGE_SUCCEEDED`.
    pub fn is_succeeded(&self) -> bool {
        self.state == FlowState::ChallengeSucceeded
    }

    /// The steps that the user has completed. Empty if the answer does not contain them.
    pub fn completed_steps(&self) -> &[CompletedFlowStep] {
        self.completed_steps.as_deref().unwrap_or_default()
    }
}

impl Validated {
    /// The code of the action, by whichever of its two names the service sends.
    pub fn action(&self) -> Option<&str> {
        self.action.as_deref().or(self.action_code.as_deref())
    }

    /// Why the token does not do, by the words in `error`; none if the answer has no words. For what your user is told, and for
    /// alarms: whether they may go on, `is_valid` says.
    ///
    /// ```
    /// use stepup_client::authsignal::{TokenRefusal, Validated};
    ///
    /// let mut validated = Validated::new(false);
    /// validated.error = Some("Token is expired.".to_owned());
    /// assert_eq!(validated.refusal(), Some(TokenRefusal::Expired));
    /// ```
    pub fn refusal(&self) -> Option<TokenRefusal> {
        Some(match self.error.as_deref()?.trim_end_matches('.') {
            "Token is expired" => TokenRefusal::Expired,
            "User is invalid" => TokenRefusal::OtherUser,
            "Action is invalid" => TokenRefusal::OtherAction,
            _ => TokenRefusal::Other,
        })
    }
}

/// Why a token of a challenge does not do. The vendor's SDKs test two of its texts, `User is invalid.` and
/// `Action is invalid.`; that of an expired token is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// It is too old: the user took too long.
    Expired,
    /// It is of another user than the request names.
    OtherUser,
    /// It is of another action than the request names.
    OtherAction,
    /// Anything else, such as a text that is no token.
    Other,
}

impl User {
    /// The methods that the user may enrol. Empty if the answer does not contain them.
    pub fn allowed_verification_methods(&self) -> &[VerificationMethod] {
        methods(&self.allowed_verification_methods)
    }

    /// The methods that the user has enrolled. Empty if the answer does not contain them.
    pub fn enrolled_verification_methods(&self) -> &[VerificationMethod] {
        methods(&self.enrolled_verification_methods)
    }

    /// Data of the application, by its name.
    pub fn custom(&self, name: &str) -> Option<&Value> {
        custom(&self.custom, name)
    }
}

impl UserRecord {
    /// Data of the application, by its name.
    pub fn custom(&self, name: &str) -> Option<&Value> {
        custom(&self.custom, name)
    }
}

impl ChallengeStarted {
    /// When the code expires; none for a time that no clock can hold.
    pub fn expires_at(&self) -> Option<SystemTime> {
        unix(self.expires_at)
    }
}

impl ValidatedSession {
    /// When the access token expires; none for a time that no clock can hold.
    pub fn expires_at(&self) -> Option<SystemTime> {
        unix(self.expires_at)
    }
}

fn methods(methods: &Option<VerificationMethods>) -> &[VerificationMethod] {
    methods.as_ref().map_or(&[], |methods| methods.as_slice())
}

fn custom<'a>(custom: &'a Option<Custom>, name: &str) -> Option<&'a Value> {
    custom.as_ref()?.get(name)
}

fn unix(seconds: i64) -> Option<SystemTime> {
    let since = Duration::from_secs(u64::try_from(seconds).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

/// An authenticator that was enrolled.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EnrolledAuthenticator {
    /// The authenticator.
    pub authenticator: UserAuthenticator,
    /// Codes to show the user once, for the day when the authenticator is lost. The service makes
    /// them with the first authenticator only.
    pub recovery_codes: Vec<Secret>,
}

impl EnrolledAuthenticator {
    /// This authenticator, and these recovery codes: for the tests of an application.
    pub fn new(
        authenticator: UserAuthenticator,
        recovery_codes: impl IntoIterator<Item = impl Into<Secret>>,
    ) -> Self {
        Self {
            authenticator,
            recovery_codes: recovery_codes.into_iter().map(Into::into).collect(),
        }
    }

    pub(super) fn of(answer: super::raw::types::EnrolledAuthenticator) -> Self {
        let recovery_codes = answer.recovery_codes.unwrap_or_default();
        Self::new(answer.authenticator, recovery_codes)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;
    use crate::authsignal::TrackOutcome;

    fn read<T: DeserializeOwned>(answer: Value) -> T {
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn the_words_of_a_refusal_are_read() {
        for (error, refusal) in [
            (Some("Token is expired."), Some(TokenRefusal::Expired)),
            (Some("User is invalid."), Some(TokenRefusal::OtherUser)),
            (Some("Action is invalid"), Some(TokenRefusal::OtherAction)),
            (Some("Token is invalid."), Some(TokenRefusal::Other)),
            (Some(""), Some(TokenRefusal::Other)),
            (None, None),
        ] {
            let validated: Validated = read(json!({"isValid": false, "error": error}));
            assert_eq!(validated.refusal(), refusal, "{error:?}");
        }
    }

    fn tracked(state: &str) -> Tracked {
        read(json!({
            "state": state, "idempotencyKey": "k", "url": "MARKED-url", "token": "MARKED-token",
            "isEnrolled": true, "challengeUrl": "MARKED-url",
        }))
    }

    #[test]
    fn a_tracked_action_tells_what_to_do_next() {
        for (state, found) in [
            ("ALLOW", [true, false, false, false]),
            ("BLOCK", [false, true, false, false]),
            ("CHALLENGE_REQUIRED", [false, false, true, false]),
            ("REVIEW_REQUIRED", [false, false, false, true]),
            ("CHALLENGE_SUCCEEDED", [false; 4]),
            ("ASK_THE_ORACLE", [false; 4]),
        ] {
            let tracked = tracked(state);
            let told = [
                tracked.is_allowed(),
                tracked.is_blocked(),
                tracked.is_challenge_required(),
                tracked.is_review_required(),
            ];
            assert_eq!(told, found, "{state}");
            assert_eq!(tracked.state.as_str(), state);
            let outcome = match state {
                "ALLOW" => TrackOutcome::Allowed { is_enrolled: true },
                "BLOCK" => TrackOutcome::Blocked,
                "CHALLENGE_REQUIRED" => TrackOutcome::ChallengeRequired {
                    url: tracked.url(),
                    token: tracked.token(),
                },
                "REVIEW_REQUIRED" => TrackOutcome::ReviewRequired,
                _ => TrackOutcome::Other(&tracked.state),
            };
            assert_eq!(tracked.outcome(), outcome);
            assert!(!format!("{outcome:?}").contains("MARKED"));
        }
    }

    #[test]
    fn the_token_and_the_url_of_a_tracked_action_are_there_and_hidden() {
        let tracked = tracked("ALLOW");
        assert_eq!(tracked.token().expose(), "MARKED-token");
        assert_eq!(tracked.url().expose(), "MARKED-url");
        assert!(!format!("{tracked:?}").contains("MARKED"));
        assert_eq!(tracked.allowed_verification_methods(), []);
    }

    #[test]
    fn words_and_members_that_are_not_known_are_kept_or_passed_over() {
        let user: User = read(json!({
            "isEnrolled": true, "custom": {"a": 1, "b": ["x"], "c": true, "d": "t"}, "email": null,
            "allowedVerificationMethods": ["SMS", "TELEPATHY"], "enrolledVerificationMethods": ["SMS"],
            "defaultVerificationMethod": "TELEPATHY", "mood": {"is": ["new"]},
        }));
        let telepathy = VerificationMethod::Unknown("TELEPATHY".to_owned());
        let [sms, other] = user.allowed_verification_methods() else {
            panic!("{user:?}");
        };
        assert_eq!((sms, other), (&VerificationMethod::Sms, &telepathy));
        assert_eq!(
            user.enrolled_verification_methods(),
            [VerificationMethod::Sms]
        );
        assert_eq!(user.default_verification_method, Some(telepathy));
        assert_eq!(user.email, None);
        assert_eq!(user.custom("b"), Some(&json!(["x"])));
        assert_eq!(user.custom("e"), None);
    }

    #[test]
    fn the_action_of_a_validated_token_has_two_names() {
        for (answer, action) in [
            (json!({"isValid": true, "action": "a"}), Some("a")),
            (json!({"isValid": true, "actionCode": "b"}), Some("b")),
            (json!({"isValid": true}), None),
        ] {
            assert_eq!(read::<Validated>(answer).action(), action);
        }
    }

    #[test]
    fn times_in_seconds_become_times() {
        let at = |seconds: i64| {
            let started: ChallengeStarted = read(json!({"challengeId": "c", "expiresAt": seconds}));
            started.expires_at()
        };
        let second = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        assert_eq!(at(1), Some(second));
        assert_eq!(at(-1), None);
    }

    #[test]
    fn recovery_codes_are_hidden() {
        let raw = json!({
            "authenticator": {"userAuthenticatorId": "a", "verificationMethod": "SMS", "createdAt": "t"},
            "recoveryCodes": ["MARKED"],
        });
        let enrolled = EnrolledAuthenticator::of(read(raw));
        assert_eq!(enrolled.recovery_codes, [Secret::from("MARKED")]);
        assert!(!format!("{enrolled:?}").contains("MARKED"));
    }
}
