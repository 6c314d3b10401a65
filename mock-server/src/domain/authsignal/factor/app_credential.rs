//! Keys of mobile apps: adding, asking, updating and removing them, and challenges within an app. Signatures are ECDSA
//! over P-256 with SHA-256, verified by `p256`. Knows no wire format.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;

use super::{ADD, Bearer, Passed, UNNAMED};
use crate::domain::authsignal::challenge::Challenge;
use crate::domain::authsignal::enrollment::Enroller;
use crate::domain::authsignal::user::{AppCredential, Authenticator};
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::webhook::EventKind;
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::domain::{Turn, later};

/// Seconds for which the text that is signed to remove a credential stays the same.
const PERIOD: i64 = 600;

/// A credential to add.
#[derive(Clone)]
pub struct NewAppCredential {
    /// The public key, as the app sends it.
    pub public_key: String,
    /// Name of the device.
    pub device_name: String,
    /// Its platform.
    pub platform: String,
    /// Where push notifications go.
    pub push_token: Option<String>,
}

/// What is to change of a push credential.
#[derive(Clone)]
pub struct AppCredentialUpdate {
    /// The public key, as the app sends it.
    pub public_key: String,
    /// The challenge that is signed.
    pub challenge_id: String,
    /// The signature over it.
    pub signature: String,
    /// Where push notifications go from now on.
    pub push_token: Option<String>,
    /// Whether its life begins anew.
    pub reset_expiry: bool,
}

impl Authsignal {
    /// The authenticator of an app's key, and its user.
    ///
    /// # Errors
    /// The text is not a key, or nobody has the key.
    pub fn app_credential(
        &self,
        kind: Method,
        public_key: &str,
    ) -> Result<(&str, &Authenticator), Refusal> {
        let (point, _) = read_key(public_key)?;
        self.app_of(kind, &point)
    }

    fn app_of(&self, kind: Method, point: &str) -> Result<(&str, &Authenticator), Refusal> {
        let unknown =
            || Refusal::NotFound(format!("no {} credential has this public key", kind.word()));
        let user_id = self
            .apps
            .get(&(kind, point.to_owned()))
            .ok_or_else(unknown)?;
        let user = self.users.get(user_id).ok_or_else(unknown)?;
        let own = user.authenticators.iter().find(|one| {
            one.method == kind && one.app.as_ref().is_some_and(|app| app.public_key == point)
        });
        Ok((user_id, own.ok_or_else(unknown)?))
    }

    /// As [`signer`](Self::signer), for a key that still works.
    ///
    /// # Errors
    /// Those, and a key that has expired.
    pub(super) fn live_signer(
        &self,
        kind: Method,
        public_key: &str,
        signed: &str,
        signature: &str,
        now: Timestamp,
    ) -> Result<(&str, &Authenticator), Refusal> {
        let (user_id, own) = self.signer(kind, public_key, signed, signature)?;
        let expires = own.app.as_ref().and_then(|app| app.expires);
        match expires.filter(|expires| *expires <= now) {
            None => Ok((user_id, own)),
            Some(expires) => Err(Refusal::Credential(format!(
                "this public key expired at {expires}; update it with resetExpiry, or enrol the app again"
            ))),
        }
    }

    /// As [`app_credential`](Self::app_credential), for the key that has signed a text.
    ///
    /// # Errors
    /// Those, and a signature that is not the key's over the text.
    pub(super) fn signer(
        &self,
        kind: Method,
        public_key: &str,
        signed: &str,
        signature: &str,
    ) -> Result<(&str, &Authenticator), Refusal> {
        let (point, key) = read_key(public_key)?;
        let found = self.app_of(kind, &point)?;
        if has_signed(&key, signed, signature) {
            Ok(found)
        } else {
            Err(wrong_signature())
        }
    }

    /// Adds the key of an app to the bearer's authenticators. The tenant need not have configured the method. Nothing was
    /// proved by that, so no action passes.
    ///
    /// # Errors
    /// The text is not a key, it is another user's, the token does not allow it, or its action can no longer pass.
    pub fn add_app_credential(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        kind: Method,
        new: NewAppCredential,
    ) -> Result<Authenticator, Refusal> {
        self.flow_enrolls(bearer, kind)?;
        self.may(bearer, ADD)?;
        self.can_pass(bearer)?;
        let (point, _) = read_key(&new.public_key)?;
        // A public key is no secret, and nothing proves that the caller has the private one.
        if let Ok((other, _)) = self.app_of(kind, &point)
            && other != bearer.user_id
        {
            return Err(Refusal::Credential(
                "another user has already enrolled this public key; that user must remove it first"
                    .to_owned(),
            ));
        }
        let mut authenticator = Authenticator::new(turn.ids.uuid(), kind, turn.now);
        authenticator.verified = Some(turn.now);
        authenticator.app = Some(Box::new(AppCredential {
            public_key: point,
            device_name: new.device_name,
            platform: new.platform,
            push_token: new.push_token,
            expires: self.expiry(kind, turn.now),
        }));
        self.settle(turn, &bearer.user_id, authenticator.clone(), Enroller::User);
        Ok(authenticator)
    }

    /// Removes the key of an app, which has signed the period that one of `moments` (Unix seconds) falls in, or the one
    /// before or after; returns the authenticator's id. It accepts several moments, because the app uses its own clock.
    ///
    /// # Errors
    /// Nobody has the key, or it has signed something else.
    pub fn remove_app_credential(
        &mut self,
        turn: &mut Turn<'_>,
        kind: Method,
        public_key: &str,
        signature: &str,
        moments: &[i64],
    ) -> Result<String, Refusal> {
        let (point, key) = read_key(public_key)?;
        let (user_id, authenticator) = self.app_of(kind, &point)?;
        let signed = moments
            .iter()
            .map(|moment| moment.div_euclid(PERIOD))
            .flat_map(|period| [period, period.saturating_sub(1), period.saturating_add(1)])
            // The mobile SDKs sign a floating-point number: `2890000.0`.
            .any(|period| {
                has_signed(&key, &format!("{period}.0"), signature)
                    || has_signed(&key, &period.to_string(), signature)
            });
        if !signed {
            return Err(wrong_signature());
        }
        let (user_id, id) = (user_id.to_owned(), authenticator.id.clone());
        self.delete_authenticator(turn, &user_id, &id)?;
        Ok(id)
    }

    /// Creates a challenge that an app signs to update its credential.
    ///
    /// # Errors
    /// Nobody has the key.
    pub fn start_push_update(
        &mut self,
        turn: &mut Turn<'_>,
        public_key: &str,
    ) -> Result<Challenge, Refusal> {
        let (user_id, authenticator) = self.app_credential(Method::Push, public_key)?;
        let (user_id, id) = (user_id.to_owned(), authenticator.id.clone());
        let mut challenge = Challenge::new(
            turn.ids.uuid(),
            Method::Push,
            String::new(),
            String::new(),
            String::new(),
        );
        challenge.user_id = Some(user_id);
        challenge.authenticator_id = Some(id);
        challenge.open(turn.now, self.configuration.code_life);
        // Whoever knows a public key can ask for this, so it must not push out what the user has started.
        self.challenges
            .insert_of_stranger(challenge.clone(), turn.now);
        Ok(challenge)
    }

    /// Updates a push credential. Its key must have signed a challenge of
    /// [`start_push_update`](Self::start_push_update).
    ///
    /// # Errors
    /// Nobody has the key, it has signed something else, or the challenge is not its own or not open.
    pub fn update_push_credential(
        &mut self,
        turn: &mut Turn<'_>,
        update: AppCredentialUpdate,
    ) -> Result<(String, Authenticator), Refusal> {
        let (user_id, authenticator) = self.signer(
            Method::Push,
            &update.public_key,
            &update.challenge_id,
            &update.signature,
        )?;
        let (user_id, id) = (user_id.to_owned(), authenticator.id.clone());
        self.challenge_of(&update.challenge_id, &user_id)?;
        let challenge = self
            .challenges
            .get_mut(&update.challenge_id)
            .filter(|challenge| challenge.authenticator_id.as_ref() == Some(&id))
            .filter(|challenge| challenge.is_open(turn.now))
            .ok_or_else(not_open)?;
        challenge.verified = true;
        let expires = self.expiry(Method::Push, turn.now);
        let own = self.users.get_mut(&user_id).and_then(|user| {
            let mut own = user.authenticators.iter_mut();
            own.find(|one| one.id == id)
        });
        let own = own.ok_or_else(not_open)?;
        own.last_verified = Some(turn.now);
        if let Some(app) = &mut own.app {
            app.push_token = update.push_token.or(app.push_token.take());
            if update.reset_expiry {
                app.expires = expires;
            }
        }
        let own = own.clone();
        self.announce(turn, EventKind::AuthenticatorUpdated, &user_id, own.clone());
        Ok((user_id, own))
    }

    /// When a key that is added or renewed now stops working. The vendor has a setting for keys of push notifications alone.
    fn expiry(&self, kind: Method, now: Timestamp) -> Option<Timestamp> {
        let life = self.configuration.credential_life;
        life.filter(|_| kind == Method::Push)
            .map(|life| later(now, life))
    }

    /// Starts a challenge that anybody can pass who has the means: by passkey, or within an app. Without a key it gets one.
    ///
    /// # Errors
    /// The action of the bearer, or the one that is named, can no longer pass.
    pub fn start_anonymous(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: Option<&Bearer>,
        action: Option<String>,
        key: Option<String>,
    ) -> Result<Challenge, Refusal> {
        if let Some(bearer) = bearer {
            self.can_pass(bearer)?;
        }
        let id = turn.ids.uuid();
        let (action, key) = match (bearer, action) {
            (Some(bearer), None) if !bearer.action.is_empty() => {
                (bearer.action.clone(), bearer.key.clone())
            }
            (Some(bearer), Some(action)) if action == bearer.action => {
                (action, key.unwrap_or_else(|| bearer.key.clone()))
            }
            (_, action) => (
                action.unwrap_or_else(|| UNNAMED.to_owned()),
                key.unwrap_or_else(|| turn.ids.uuid()),
            ),
        };
        if let Some(bearer) = bearer {
            self.open_to_challenges(&bearer.user_id, &action, &key)?;
        }
        let mut challenge = Challenge::new(id, Method::Passkey, action, key, String::new());
        challenge.user_id = bearer.map(|bearer| bearer.user_id.clone());
        challenge.open(turn.now, self.configuration.code_life);
        self.keep_started(bearer, challenge.clone(), turn.now);
        Ok(challenge)
    }

    /// Keeps a challenge that a bearer or a stranger has started.
    pub(super) fn keep_started(
        &mut self,
        bearer: Option<&Bearer>,
        challenge: Challenge,
        now: Timestamp,
    ) {
        if bearer.is_some() {
            self.challenges.insert(challenge, now);
        } else {
            self.challenges.insert_of_stranger(challenge, now);
        }
    }

    /// Passes a challenge within an app, which has signed its id.
    ///
    /// # Errors
    /// Nobody has the key, it has signed something else, the challenge is another user's or not open, or its action can no
    /// longer pass.
    pub fn verify_in_app(
        &mut self,
        turn: &mut Turn<'_>,
        public_key: &str,
        challenge_id: &str,
        signature: &str,
    ) -> Result<Passed, Refusal> {
        let kind = Method::InApp;
        let (user_id, authenticator) = self.signer(kind, public_key, challenge_id, signature)?;
        let (user_id, id) = (user_id.to_owned(), authenticator.id.clone());
        let challenge = self.challenge_of(challenge_id, &user_id)?;
        if !challenge.is_open(turn.now) || challenge.method != Method::Passkey {
            return Err(not_open());
        }
        let challenge = challenge.clone();
        self.can_pass_by(&Bearer::of_challenge(&challenge, &user_id), kind)?;
        self.pass_started(turn, &challenge, &user_id, kind, &id)
    }

    /// Passes a challenge that was started by an anonymous user, who is known by now. Only now can its action be decided,
    /// because rules and planned outcomes may be about the user.
    ///
    /// # Errors
    /// The action is decided against. The challenge is over then.
    pub(super) fn pass_started(
        &mut self,
        turn: &mut Turn<'_>,
        challenge: &Challenge,
        user_id: &str,
        method: Method,
        authenticator_id: &str,
    ) -> Result<Passed, Refusal> {
        self.challenges.bind(&challenge.id, user_id, turn.now);
        let bearer = Bearer::of_challenge(challenge, user_id);
        if let Some(kept) = self.challenges.get_mut(&challenge.id) {
            kept.method = method;
            kept.authenticator_id = Some(authenticator_id.to_owned());
        }
        self.open_to_answer(turn, &challenge.id, &bearer)?;
        if let Some(kept) = self.challenges.get_mut(&challenge.id) {
            kept.verified = true;
        }
        Ok(self.pass_by(turn, &bearer, method, authenticator_id))
    }
}

pub(super) fn not_open() -> Refusal {
    Refusal::Invalid(
        "the challenge is unknown, of another kind, expired or already answered".to_owned(),
    )
}

fn wrong_signature() -> Refusal {
    Refusal::Credential(
        "this public key did not sign this text (ECDSA, P-256, SHA-256, DER, base64)".to_owned(),
    )
}

/// The uncompressed point of a public key, base64url, and the key. It comes in base64 of either alphabet: as
/// SubjectPublicKeyInfo, by Android, or as a point, by iOS. In a query both put that text into base64 once more.
fn read_key(text: &str) -> Result<(String, VerifyingKey), Refusal> {
    let of_bytes = |bytes: &[u8]| {
        VerifyingKey::from_public_key_der(bytes)
            .ok()
            .or_else(|| VerifyingKey::from_sec1_bytes(bytes).ok())
    };
    let bytes = decode(text);
    let direct = bytes.as_deref().and_then(of_bytes);
    let key = direct.or_else(|| {
        let inner = std::str::from_utf8(bytes.as_deref()?).ok()?;
        of_bytes(&decode(inner)?)
    });
    let key = key.ok_or_else(|| {
        Refusal::Invalid(
            "publicKey must be a P-256 key in base64: SubjectPublicKeyInfo in DER, or its point"
                .to_owned(),
        )
    })?;
    Ok((URL_SAFE_NO_PAD.encode(key.to_encoded_point(false)), key))
}

/// Whether a key has signed a text. The signature is DER or the two numbers, in base64 of either alphabet.
fn has_signed(key: &VerifyingKey, text: &str, signature: &str) -> bool {
    let Some(bytes) = decode(signature) else {
        return false;
    };
    let readings = [Signature::from_der(&bytes), Signature::from_slice(&bytes)];
    let mut readings = readings.into_iter().flatten();
    readings.any(|signature| key.verify(text.as_bytes(), &signature).is_ok())
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let letters = text.chars().map(|letter| match letter {
        '-' => '+',
        '_' => '/',
        // What is left of a plus sign that stood in a query as it is.
        ' ' => '+',
        other => other,
    });
    let text: String = letters.collect();
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use p256::ecdsa::signature::Signer as _;
    use p256::ecdsa::{DerSignature, SigningKey};
    use p256::pkcs8::EncodePublicKey as _;

    use super::{Signature, has_signed, read_key};
    use base64::Engine as _;

    fn key() -> SigningKey {
        SigningKey::from_slice(&[9; 32]).unwrap()
    }

    #[test]
    fn a_key_is_the_same_in_every_form() {
        let public = *key().verifying_key();
        let der = p256::PublicKey::from(public).to_public_key_der().unwrap();
        let point = public.to_encoded_point(false);
        let short = public.to_encoded_point(true);
        let mut forms = Vec::new();
        for bytes in [der.as_bytes(), point.as_bytes(), short.as_bytes()] {
            let texts = [STANDARD.encode(bytes), URL_SAFE.encode(bytes)];
            for text in texts {
                forms.push(text.trim_end_matches('=').to_owned());
                forms.push(text.replace('+', " "));
                forms.push(STANDARD.encode(&text));
                forms.push(URL_SAFE.encode(&text));
                forms.push(text);
            }
        }
        let expected = read_key(&forms[0]).unwrap().0;
        for form in forms {
            assert_eq!(read_key(&form).unwrap().0, expected, "{form}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "x",
            "!!!",
            &STANDARD.encode([4; 65]),
            &STANDARD.encode("text"),
        ] {
            assert!(read_key(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_signature_is_der_or_raw_and_over_this_very_text() {
        let (key, public) = (key(), *key().verifying_key());
        let raw: Signature = key.sign(b"text");
        let der: DerSignature = key.sign(b"text");
        for signature in [STANDARD.encode(raw.to_bytes()), URL_SAFE.encode(&der)] {
            assert!(has_signed(&public, "text", &signature));
            assert!(!has_signed(&public, "another", &signature));
            let other = SigningKey::from_slice(&[8; 32]).unwrap();
            assert!(!has_signed(other.verifying_key(), "text", &signature));
        }
        for signature in ["", "!", "AAAA", &STANDARD.encode([0; 64])] {
            assert!(!has_signed(&public, "text", signature), "{signature}");
        }
    }
}
