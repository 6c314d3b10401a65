//! A software phone for push notifications and QR codes: a key pair that registers itself for a user, and signs what
//! the user approves or denies, by the vendor's own operations for apps. Its keys derive from its user, so it keeps
//! nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::PublicKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::client::{ActionName, DeviceOutcome, Holder, Identity, call, refused, text, token};
use super::phone::{Line, Trouble};
use crate::generated::authsignal_client::operations::{self, Operation};

/// What an app registers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Push notifications.
    Push,
    /// QR codes.
    QrCode,
}

impl Use {
    /// The operations that ask for a credential, add one, and answer a challenge.
    fn operations(self) -> [&'static Operation; 3] {
        match self {
            Self::Push => [
                &operations::GET_PUSH_CREDENTIAL,
                &operations::ADD_PUSH_CREDENTIAL,
                &operations::ANSWER_PUSH_CHALLENGE,
            ],
            Self::QrCode => [
                &operations::GET_QR_CODE_CREDENTIAL,
                &operations::ADD_QR_CODE_CREDENTIAL,
                &operations::ANSWER_QR_CODE_CHALLENGE,
            ],
        }
    }
}

/// The app of a user on one phone.
struct PhoneApp<'a, L> {
    line: &'a L,
    holder: Holder<'a>,
    key: SigningKey,
    /// The public key as apps of Android write it.
    public_key: String,
}

/// Registers a phone for a user.
///
/// # Errors
/// It is registered already.
pub async fn register<L: Line>(
    line: &L,
    holder: Holder<'_>,
    wanted: Use,
) -> Result<DeviceOutcome, Trouble> {
    let app = PhoneApp::new(line, holder, wanted)?;
    if app.credential(wanted).await?.is_some() {
        return Err(Trouble::Impossible(format!(
            "the phone {:?} of user {} is already registered",
            holder.device_name(),
            holder.user_id
        )));
    }
    let authenticator_id = app.register(wanted).await?;
    Ok(DeviceOutcome {
        authenticator_id,
        ..DeviceOutcome::new(holder)
    })
}

/// Approves or denies the push notification that waits for a user's phone: the newest, or that of a challenge.
///
/// # Errors
/// The phone is not registered, or nothing waits for it.
pub async fn answer<L: Line>(
    line: &L,
    holder: Holder<'_>,
    challenge_id: Option<&str>,
    approves: bool,
) -> Result<DeviceOutcome, Trouble> {
    let app = PhoneApp::new(line, holder, Use::Push)?;
    let authenticator_id = app.credential(Use::Push).await?.ok_or_else(|| {
        Trouble::Impossible(format!(
            "the phone {:?} of user {} is not registered for push notifications; register it first",
            holder.device_name(),
            holder.user_id
        ))
    })?;
    let public_key = app.public_key_in_query();
    let anybody = Identity::Tenant(holder.tenant, None);
    let query = [("publicKey", public_key.as_str())];
    let waits = call(line, anybody, &operations::GET_PUSH_CHALLENGE, &query, None).await?;
    let newest = text(&waits, "challengeId");
    // The action has only the newest one.
    let about = match challenge_id {
        Some(id) if newest.as_deref() != Some(id) => None,
        _ => about(&waits),
    };
    let challenge_id = challenge_id.map(str::to_owned).or(newest);
    let challenge_id = challenge_id.ok_or_else(|| {
        Trouble::Impossible(format!(
            "no push notification waits for user {}; start a push challenge first",
            holder.user_id
        ))
    })?;
    app.answer(Use::Push, &challenge_id, approves).await?;
    Ok(DeviceOutcome {
        authenticator_id: Some(authenticator_id),
        challenge_id: Some(challenge_id),
        ..DeviceOutcome::new(holder)
    }
    .about(holder.tenant, about))
}

/// Reads a QR code: claims its challenge for the user. A phone that is not registered for QR codes is registered first.
///
/// # Errors
/// The challenge does not exist, or is not open.
pub async fn claim<L: Line>(
    line: &L,
    holder: Holder<'_>,
    challenge_id: &str,
) -> Result<DeviceOutcome, Trouble> {
    let app = PhoneApp::new(line, holder, Use::QrCode)?;
    let enrolled = app.credential(Use::QrCode).await?;
    // Checked before the phone registers, so that a claim that is refused leaves no new authenticator or user behind.
    holder
        .tenant
        .look(|authsignal, now| {
            authsignal.can_claim_qr(challenge_id, holder.user_id, enrolled.as_deref(), now)
        })
        .map_err(refused)?;
    let authenticator_id = match enrolled {
        Some(id) => Some(id),
        None => app.register(Use::QrCode).await?,
    };
    let body = json!({
        "publicKey": app.public_key,
        "challengeId": challenge_id,
        "signature": app.sign(challenge_id),
    });
    let anybody = Identity::Tenant(holder.tenant, None);
    let claimed = call(
        line,
        anybody,
        &operations::CLAIM_QR_CODE_CHALLENGE,
        &[],
        Some(&body),
    )
    .await?;
    Ok(DeviceOutcome {
        authenticator_id,
        challenge_id: Some(challenge_id.to_owned()),
        ..DeviceOutcome::new(holder)
    }
    .about(holder.tenant, about(&claimed)))
}

/// Approves or denies a QR code's challenge; claims it first if needed.
///
/// # Errors
/// The challenge does not exist, or is not open.
pub async fn answer_code<L: Line>(
    line: &L,
    holder: Holder<'_>,
    challenge_id: &str,
    approves: bool,
) -> Result<DeviceOutcome, Trouble> {
    // Claiming again what the same phone has claimed changes nothing, and returns what it is about.
    let claimed = claim(line, holder, challenge_id).await?;
    let app = PhoneApp::new(line, holder, Use::QrCode)?;
    app.answer(Use::QrCode, challenge_id, approves).await?;
    let name = claimed.action.as_ref().map(|claimed| ActionName {
        action: claimed.action.clone(),
        key: claimed.idempotency_key.clone(),
    });
    Ok(claimed.about(holder.tenant, name))
}

impl<'a, L: Line> PhoneApp<'a, L> {
    fn new(line: &'a L, holder: Holder<'a>, wanted: Use) -> Result<Self, Trouble> {
        let what = match wanted {
            Use::Push => "push",
            Use::QrCode => "qr-code",
        };
        let seed = holder.seed(what);
        // All but one in 2^32 numbers of that length are a key.
        let key = (0..16_u8)
            .find_map(|attempt| {
                let secret = Sha256::new()
                    .chain_update([attempt])
                    .chain_update(&seed)
                    .finalize();
                SigningKey::from_slice(&secret).ok()
            })
            .ok_or_else(|| Trouble::Impossible("cannot make a key for this phone".to_owned()))?;
        let public_key = PublicKey::from(key.verifying_key())
            .to_public_key_der()
            .map_err(|error| Trouble::Impossible(error.to_string()))?;
        Ok(Self {
            line,
            holder,
            key,
            public_key: STANDARD.encode(public_key.as_bytes()),
        })
    }

    /// Apps write their key into a query in base64 once more.
    fn public_key_in_query(&self) -> String {
        STANDARD.encode(&self.public_key)
    }

    fn sign(&self, text: &str) -> String {
        let signature: DerSignature = self.key.sign(text.as_bytes());
        STANDARD.encode(signature.as_bytes())
    }

    async fn register(&self, wanted: Use) -> Result<Option<String>, Trouble> {
        let [_, add, _] = wanted.operations();
        let mut body = json!({
            "publicKey": self.public_key,
            "deviceName": self.holder.device_name(),
            "devicePlatform": "android",
        });
        if wanted == Use::Push {
            body["pushToken"] = "simulated".into();
        }
        let token = token(self.holder, None);
        let added = call(
            self.line,
            Identity::Token(&token, None),
            add,
            &[],
            Some(&body),
        )
        .await?;
        Ok(text(&added, "userAuthenticatorId"))
    }

    /// The authenticator of this phone, if it is registered.
    async fn credential(&self, wanted: Use) -> Result<Option<String>, Trouble> {
        let [get, ..] = wanted.operations();
        let public_key = self.public_key_in_query();
        let query = [("publicKey", public_key.as_str())];
        let anybody = Identity::Tenant(self.holder.tenant, None);
        match call(self.line, anybody, get, &query, None).await {
            Ok(found) => Ok(text(&found, "userAuthenticatorId")),
            Err(Trouble::Unknown(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn answer(&self, wanted: Use, challenge_id: &str, approves: bool) -> Result<(), Trouble> {
        let [.., answer] = wanted.operations();
        let body = json!({
            "publicKey": self.public_key,
            "challengeId": challenge_id,
            "approved": approves,
            "signature": self.sign(challenge_id),
        });
        let anybody = Identity::Tenant(self.holder.tenant, None);
        let answer = call(self.line, anybody, answer, &[], Some(&body)).await?;
        if answer["isVerified"] == Value::Bool(true) {
            return Ok(());
        }
        Err(Trouble::Impossible(format!(
            "the challenge {challenge_id} is no longer open"
        )))
    }
}

/// The action in an answer.
fn about(answer: &Value) -> Option<ActionName> {
    Some(ActionName {
        action: text(answer, "actionCode")?,
        key: text(answer, "idempotencyKey")?,
    })
}
