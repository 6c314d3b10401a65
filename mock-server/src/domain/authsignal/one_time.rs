//! One-time codes: sends and tries them for both APIs, and runs the challenges of the Server API (start, verify, claim, find).
//! Knows no wire format.

use super::address;
use super::challenge::{Attempt, Challenge};
use super::factor::Bearer;
use super::vocabulary::Method;
use super::webhook::{
    ChallengeLog, EmailCreated, EmailSecret, EventKind, Kind, Passing, SmsCreated, Surroundings,
};
use super::{Authsignal, Refusal};
use crate::domain::Turn;
use crate::domain::custom::Custom;
use crate::domain::outbox::{Channel, Message};
use crate::domain::scenario::Subject;

/// What a new challenge is for.
#[derive(Clone, Debug, Default)]
pub struct ChallengeRequest {
    /// The method.
    pub method: Option<Method>,
    /// The action.
    pub action: Option<String>,
    /// Address, for EMAIL_OTP.
    pub email: Option<String>,
    /// Number, for SMS and WHATSAPP.
    pub phone_number: Option<String>,
    /// Challenge to send again.
    pub challenge_id: Option<String>,
    /// Key of the action.
    pub idempotency_key: Option<String>,
    /// The user.
    pub user_id: Option<String>,
    /// What a claimed token allows.
    pub scope: Option<String>,
    /// Where the user is.
    pub surroundings: Surroundings,
    /// Data of the application.
    pub custom: Option<Custom>,
}

impl ChallengeRequest {
    /// Checks that a request to send a challenge again asks for nothing else: an application that wants a text message
    /// in place of an email would otherwise see success and no message.
    ///
    /// # Errors
    /// It names another method, action, address, user or key.
    fn repeats(&self, challenge: &Challenge) -> Result<(), Refusal> {
        let differs = |given: &Option<String>, own: &str| {
            let given = given.as_deref().filter(|given| !given.is_empty());
            given.is_some_and(|given| given != own)
        };
        let (address, other) = match challenge.method {
            Method::EmailOtp => (&self.email, &self.phone_number),
            _ => (&self.phone_number, &self.email),
        };
        let address = if address.is_some() { address } else { other };
        let user_id = challenge.user_id.as_deref();
        let another = if self.method.is_some_and(|method| method != challenge.method) {
            "verificationMethod"
        } else if differs(address, &challenge.address) {
            "address"
        } else if differs(&self.action, &challenge.action) {
            "action"
        } else if user_id.is_some_and(|own| differs(&self.user_id, own)) {
            "userId"
        } else if differs(&self.idempotency_key, &challenge.idempotency_key) {
            "idempotencyKey"
        } else {
            return Ok(());
        };
        Err(Refusal::Invalid(format!(
            "challenge {} is for {} and the action {}, and the request names another {another}; to send it again, name its \
             challengeId alone, and for anything else leave out challengeId, which starts another challenge",
            challenge.id,
            challenge.method.word(),
            challenge.action,
        )))
    }
}

impl Authsignal {
    /// Starts a challenge, or sends one again.
    ///
    /// # Errors
    /// Something the method needs is missing, the challenge is unknown, its action was decided against, there is no room for
    /// the authenticator that it enrols, or too many codes were sent.
    pub fn challenge(
        &mut self,
        turn: &mut Turn<'_>,
        request: ChallengeRequest,
    ) -> Result<Challenge, Refusal> {
        let invalid = |reason: &str| Refusal::Invalid(reason.to_owned());
        let mut challenge = match request.challenge_id.as_deref() {
            Some(id) => {
                let known = self.challenges.get(id);
                let challenge = known
                    .filter(|challenge| is_by_code(challenge.method))
                    .ok_or_else(|| unknown_challenge(id))?;
                request.repeats(challenge)?;
                challenge.clone()
            }
            None => {
                let method = request.method.ok_or_else(|| {
                    invalid("verificationMethod is required: SMS, EMAIL_OTP or WHATSAPP")
                })?;
                let action = request
                    .action
                    .clone()
                    .ok_or_else(|| invalid("action is required"))?;
                let given = match method {
                    Method::EmailOtp => &request.email,
                    _ => &request.phone_number,
                };
                let address = given.clone().ok_or_else(|| {
                    let member = address::member(method);
                    Refusal::Invalid(format!("{member} is required for {}", method.word()))
                })?;
                address::check(method, &address)?;
                Challenge::new(String::new(), method, action, String::new(), address)
            }
        };
        if challenge.id.is_empty() {
            challenge.user_id = request.user_id;
            challenge.scope = request.scope;
            challenge.surroundings = Some(Box::new(request.surroundings));
            challenge.custom = request.custom;
            challenge.idempotency_key = request.idempotency_key.unwrap_or_default();
        }
        self.can_still_pass(&challenge)?;
        self.room_for_proof(&challenge)?;
        self.dispatch(turn, challenge, None)
    }

    /// Sends the code or the link of a challenge. A challenge without an id is new, and one without a key gets one. A
    /// link leads to `base`.
    ///
    /// # Errors
    /// It does not go to this address, or too many were sent there.
    pub(super) fn dispatch(
        &mut self,
        turn: &mut Turn<'_>,
        mut challenge: Challenge,
        base: Option<&str>,
    ) -> Result<Challenge, Refusal> {
        self.may_send(challenge.method, &challenge.address, turn.now)?;
        let by_link = challenge.method == Method::EmailMagicLink;
        let code = if by_link {
            turn.ids.secret()
        } else {
            let configured = &self.configuration.authenticators;
            let digits = configured.code_length(challenge.method);
            // Drawn in any case, so that ids do not depend on what is planned.
            let drawn = turn.ids.digits(digits);
            turn.scenarios
                .code(&about(&challenge), digits)
                .unwrap_or(drawn)
        };
        challenge.send(code.clone(), turn.now, self.configuration.code_life);
        let is_new = challenge.id.is_empty();
        if is_new {
            challenge.id = turn.ids.uuid();
        }
        if challenge.idempotency_key.is_empty() && challenge.authenticator_id.is_none() {
            challenge.idempotency_key = turn.ids.uuid();
        }
        let url = by_link.then(|| {
            let token = link_token(&challenge.id, &code);
            format!("{}/magic-link?token={token}", base.unwrap_or_default())
        });
        let message = Message {
            // Only a method with a channel has a challenge that is sent.
            channel: challenge.method.channel().unwrap_or(Channel::Sms),
            to: challenge.address.clone(),
            text: match &url {
                Some(url) => format!("Open this link to go on: {url}"),
                None => format!("Your code is {code}"),
            },
            code: Some(code.clone()).filter(|_| !by_link),
            url: url.clone(),
            created_at: turn.now,
            user_id: challenge.user_id.clone(),
        };
        if is_new {
            self.challenges.insert(challenge.clone(), turn.now);
        } else if let Some(kept) = self.challenges.get_mut(&challenge.id) {
            *kept = challenge.clone();
        }
        let created = self.created(&challenge, code, url);
        let message = Some(message).filter(|_| !turn.scenarios.loses(&about(&challenge)));
        match (created, message) {
            (Some(what), message) => self.send(turn, message, &challenge.id, what),
            (None, Some(message)) => turn.outbox.send(message),
            (None, None) => {}
        }
        self.log_challenge(turn, &challenge, ChallengeLog::sent(challenge.method));
        Ok(challenge)
    }

    /// Where the user of a challenge is, and which language they read: as the challenge, its action and the user say.
    fn surroundings(&self, challenge: &Challenge) -> Surroundings {
        let given = challenge.surroundings.as_deref().cloned();
        let mut known = given.unwrap_or_default();
        if let Some(user_id) = challenge.user_id.as_deref() {
            self.surround(&mut known, user_id, challenge);
        }
        let address = known.ip_address.as_deref();
        known.timezone = address.and_then(|address| self.timezone(address));
        known
    }

    /// Adds what the action of a challenge and its user say.
    fn surround(&self, known: &mut Surroundings, user_id: &str, challenge: &Challenge) {
        let (code, key) = (&challenge.action, &challenge.idempotency_key);
        if let Ok(action) = self.action(user_id, code, key) {
            let (agent, address) = (&action.user_agent, &action.ip_address);
            known.user_agent = known.user_agent.take().or_else(|| agent.clone());
            known.ip_address = known.ip_address.take().or_else(|| address.clone());
            let tracked = action.locale.as_deref().map(str::to_owned);
            known.locale = known.locale.take().or(tracked);
        }
        let user = self.user(user_id);
        let locale = user.and_then(|user| user.attributes.locale.clone());
        known.locale = known.locale.take().or(locale);
    }

    /// What messages of these methods show of the application's data: that of the action or of the challenge, and where it
    /// has none of a name, that of the user. Rules read it in the same order.
    pub(super) fn custom_variables(
        &self,
        methods: &[Method],
        user_id: &str,
        custom: Option<&Custom>,
    ) -> Option<Custom> {
        let lists = || {
            methods
                .iter()
                .map(|method| self.configuration.variables(*method))
        };
        if lists().all(<[String]>::is_empty) {
            return None;
        }
        let user = self.users.get(user_id);
        let own = user.and_then(|user| user.attributes.custom.as_ref());
        let all = Custom::and(own, custom)?;
        all.only(|name| lists().flatten().any(|shown| shown == name))
    }

    /// The event that a message causes, if any.
    fn created(
        &self,
        challenge: &Challenge,
        code: String,
        url: Option<String>,
    ) -> Option<EventKind> {
        let surroundings = self.surroundings(challenge);
        let (user_id, action) = (challenge.user_id.clone(), challenge.action.clone());
        let (to, key) = (challenge.address.clone(), challenge.idempotency_key.clone());
        match challenge.method {
            Method::EmailOtp | Method::EmailMagicLink => {
                Some(EventKind::EmailCreated(EmailCreated {
                    to,
                    secret: url.map_or(EmailSecret::Code(code), EmailSecret::Link),
                    user_id,
                    action,
                    key,
                    method: challenge.method,
                    surroundings,
                    custom_variables: self.variables_of(challenge),
                }))
            }
            Method::Sms => Some(EventKind::SmsCreated(SmsCreated {
                to,
                code,
                user_id,
                action,
                key,
                locale: surroundings.locale,
                custom_variables: self.variables_of(challenge),
            })),
            // The vendor documents no event for these.
            Method::Whatsapp
            | Method::AuthenticatorApp
            | Method::Passkey
            | Method::SecurityKey
            | Method::Push
            | Method::QrCode
            | Method::RecoveryCode
            | Method::InApp => None,
        }
    }

    /// What the message of a challenge shows of the application's data.
    fn variables_of(&self, challenge: &Challenge) -> Option<Custom> {
        let user_id = challenge.user_id.as_deref().unwrap_or_default();
        let (code, key) = (&challenge.action, &challenge.idempotency_key);
        let action = self.action(user_id, code, key).ok();
        let tracked = action.and_then(|action| action.custom.as_ref());
        let custom = Custom::and(tracked, challenge.custom.as_ref());
        self.custom_variables(&[challenge.method], user_id, custom.as_ref())
    }

    /// Logs a step of a challenge, for webhooks.
    pub(super) fn log_challenge(
        &mut self,
        turn: &mut Turn<'_>,
        challenge: &Challenge,
        what: Option<&'static str>,
    ) {
        let Some(what) = what else { return };
        if !self.events.wants(Kind::ChallengeLogCreated) {
            return;
        }
        let log = ChallengeLog {
            user_id: challenge.user_id.clone().unwrap_or_default(),
            action: challenge.action.clone(),
            key: challenge.idempotency_key.clone(),
            what: what.into(),
            method: challenge.method,
            address: Some(challenge.address.clone()).filter(|address| !address.is_empty()),
        };
        self.events.push(turn, EventKind::ChallengeLog(log));
    }

    /// Whether the action of a challenge can pass, if the user is known.
    ///
    /// # Errors
    /// It has ended in another way.
    fn can_still_pass(&self, challenge: &Challenge) -> Result<(), Refusal> {
        let (code, key) = (&challenge.action, &challenge.idempotency_key);
        let user_id = challenge.user_id.as_deref();
        user_id.map_or(Ok(()), |user_id| {
            self.open_to_challenges(user_id, code, key)
        })
    }

    /// Tries a code. A right one enrols or updates an authenticator if the scope of the challenge allows that.
    ///
    /// # Errors
    /// The challenge is unknown, its action was decided against meanwhile, or there is no room for the authenticator.
    pub fn verify(
        &mut self,
        turn: &mut Turn<'_>,
        challenge_id: &str,
        code: &str,
    ) -> Result<(Attempt, Challenge), Refusal> {
        let tried = self.challenges.get(challenge_id);
        let tried = tried.ok_or_else(|| unknown_challenge(challenge_id))?;
        self.can_still_pass(tried)?;
        self.room_for_proof(tried)?;
        let (method, address) = (tried.method, tried.address.clone());
        let allowed = self.may_verify(method, &address, turn.now);
        let challenge = self
            .challenges
            .get_mut(challenge_id)
            .ok_or_else(|| unknown_challenge(challenge_id))?;
        let attempt = if !allowed {
            Attempt::TooMany
        } else if is_by_code(method) {
            challenge.attempt(code, turn.now)
        } else {
            // A link is opened, a push is answered: neither has a code.
            Attempt::Wrong
        };
        let challenge = challenge.clone();
        let what = match attempt {
            Attempt::Right => ChallengeLog::valid(method),
            Attempt::Wrong => ChallengeLog::invalid(method),
            Attempt::TooMany => ChallengeLog::too_many(method),
        };
        self.log_challenge(turn, &challenge, what);
        if attempt == Attempt::Right {
            self.adopt_proof(turn, &challenge);
        }
        Ok((attempt, challenge))
    }

    /// Binds a challenge to a user; returns a token.
    ///
    /// # Errors
    /// The challenge is unknown, another user's, or not verified, or its action was decided against.
    pub fn claim(
        &mut self,
        turn: &mut Turn<'_>,
        challenge_id: &str,
        user_id: &str,
        skip_verification_check: bool,
        base: &str,
    ) -> Result<(String, Method), Refusal> {
        let challenge = self.challenge_of(challenge_id, user_id)?.clone();
        if !challenge.verified && !skip_verification_check {
            return Err(Refusal::Invalid(format!(
                "challenge {challenge_id} is not verified; verify its code first"
            )));
        }
        let claimant = Bearer::of_challenge(&challenge, user_id);
        self.open_to_pass(turn, &claimant)?;
        self.challenges.bind(challenge_id, user_id, turn.now);
        let (code, key) = (challenge.action, challenge.idempotency_key);
        if challenge.verified {
            let passing = Passing {
                user_id: user_id.to_owned(),
                action: code.clone(),
                key: key.clone(),
                method: Some(challenge.method),
                authenticator_id: challenge.authenticator_id,
                enrolled: false,
            };
            self.pass(turn, passing);
        }
        let token = self.token(
            user_id,
            &code,
            &key,
            challenge.scope.as_deref(),
            base,
            turn.now,
        );
        Ok((token, challenge.method))
    }

    /// The newest challenge that matches every filter.
    pub fn find_challenge(
        &self,
        challenge_id: Option<&str>,
        user_id: Option<&str>,
        action: Option<&str>,
        method: Option<Method>,
    ) -> Option<&Challenge> {
        self.challenges.newest_first().find(|challenge| {
            challenge_id.is_none_or(|id| id == challenge.id)
                && user_id.is_none_or(|id| challenge.user_id.as_deref() == Some(id))
                && action.is_none_or(|action| action == challenge.action)
                && method.is_none_or(|method| method == challenge.method)
        })
    }

    pub(super) fn challenge_of(
        &self,
        challenge_id: &str,
        user_id: &str,
    ) -> Result<&Challenge, Refusal> {
        let challenge = self
            .challenges
            .get(challenge_id)
            .ok_or_else(|| unknown_challenge(challenge_id))?;
        if challenge
            .user_id
            .as_deref()
            .is_some_and(|owner| owner != user_id)
        {
            return Err(Refusal::Invalid(format!(
                "challenge {challenge_id} belongs to another user"
            )));
        }
        Ok(challenge)
    }
}

/// What a scenario can be about: the message of a challenge.
fn about(challenge: &Challenge) -> Subject<'_> {
    Subject {
        user_id: challenge.user_id.as_deref(),
        action: Some(challenge.action.as_str()).filter(|action| !action.is_empty()),
        channel: challenge.method.channel(),
        user_without_case: None,
    }
}

/// Whether a method sends a code that comes back.
pub(super) fn is_by_code(method: Method) -> bool {
    method.channel().is_some() && method != Method::EmailMagicLink
}

/// What a link holds: which challenge it opens, and the secret that proves that it was read.
fn link_token(challenge_id: &str, secret: &str) -> String {
    format!("{challenge_id}.{secret}")
}

pub(super) fn unknown_challenge(challenge_id: &str) -> Refusal {
    Refusal::NotFound(format!("challenge {challenge_id} not found"))
}
