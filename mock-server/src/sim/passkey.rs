//! A passkey authenticator in software, with the browser around it: answers the options of WebAuthn as
//! `navigator.credentials` does. Keeps nothing: every key derives from the authenticator's seed and the credential's
//! id, as in security keys that wrap their keys. Knows no vendor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use p256::PublicKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::phone::Trouble;

/// Model of the authenticator: the letters `stepup-mock-pkey`.
const AAGUID: &[u8; 16] = b"stepup-mock-pkey";
/// COSE number of the one algorithm it has, `ES256`.
const ES256: i64 = -7;
/// Length of the random part of a credential id, and of the part that proves its owner.
const PART: usize = 16;

/// Flags of the authenticator data.
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// An authenticator. One seed makes one authenticator: the same options get the same answer from it.
#[derive(Clone)]
pub struct Authenticator {
    seed: [u8; 32],
    /// The signature counter. Passkeys on several devices do not count and send 0.
    pub sign_count: u32,
    /// Whether it makes sure who the user is.
    pub verifies_user: bool,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The seed reveals every private key.
        f.debug_struct("Authenticator")
            .field("sign_count", &self.sign_count)
            .finish_non_exhaustive()
    }
}

impl Authenticator {
    /// The authenticator of that name.
    pub fn new(name: &str) -> Self {
        Self {
            seed: hash(&[b"authenticator", name.as_bytes()]),
            sign_count: 0,
            verifies_user: true,
        }
    }

    /// The authenticator of that name, by default `Simulated authenticator`.
    pub fn of_device(name: Option<&str>) -> Self {
        Self::new(name.unwrap_or("Simulated authenticator"))
    }

    /// `navigator.credentials.create()`: makes a credential; gives the `RegistrationResponseJSON`. `options` are the
    /// `PublicKeyCredentialCreationOptionsJSON`, as they are or in a member `options` or `publicKey`.
    ///
    /// # Errors
    /// The options cannot be read or met, the origin may not use the relying party, or one of the excluded credentials
    /// is the authenticator's own.
    pub fn create(&self, options: &Value, origin: &str) -> Result<Value, Trouble> {
        let options = unwrapped(options);
        let challenge = text(options, "/challenge")?;
        let rp_id = relying_party(options.pointer("/rp/id"), origin)?;
        let handle = decoded(options, "/user/id")?;
        let algorithms = options.get("pubKeyCredParams").and_then(Value::as_array);
        let is_ours =
            |parameter: &Value| parameter.get("alg").and_then(Value::as_i64) == Some(ES256);
        // An empty list asks for the defaults of WebAuthn, and ES256 is one.
        if !algorithms.is_none_or(|all| all.is_empty() || all.iter().any(is_ours)) {
            return Err(Trouble::Impossible(
                "NotSupportedError: pubKeyCredParams does not list ES256, the only algorithm that this authenticator supports"
                    .to_owned(),
            ));
        }
        if self
            .named(options, "excludeCredentials", &rp_id)
            .next()
            .is_some()
        {
            return Err(Trouble::Impossible(
                "InvalidStateError: the authenticator already holds a credential of this user (excludeCredentials); use another"
                    .to_owned(),
            ));
        }

        let is_discoverable = options
            .pointer("/authenticatorSelection/residentKey")
            .and_then(Value::as_str)
            .is_some_and(|wish| wish != "discouraged");
        let id = self.id(&rp_id, &handle, challenge, is_discoverable);
        let key = self.key(&rp_id, &id)?;
        let point = key.verifying_key().to_encoded_point(false);
        let (Some(x), Some(y)) = (point.x(), point.y()) else {
            return Err(Trouble::Impossible("the key has no coordinates".to_owned()));
        };
        let cose = cbor(&Cbor::Map(vec![
            (Cbor::from(1), Cbor::from(2)),
            (Cbor::from(3), Cbor::from(ES256)),
            (Cbor::from(-1), Cbor::from(1)),
            (Cbor::from(-2), Cbor::from(&x[..])),
            (Cbor::from(-3), Cbor::from(&y[..])),
        ]))?;
        let mut data = self.authenticator_data(&rp_id, ATTESTED, is_discoverable);
        data.extend(AAGUID);
        data.extend(u16::try_from(id.len()).unwrap_or(u16::MAX).to_be_bytes());
        data.extend(&id);
        data.extend(cose);

        let client_data = client_data("webauthn.create", challenge, origin);
        let wants_attestation = options
            .get("attestation")
            .and_then(Value::as_str)
            .is_some_and(|wish| wish != "none");
        let (format, statement) = if wants_attestation {
            let signature = sign(&key, &data, &client_data);
            let statement = vec![
                (Cbor::from("alg"), Cbor::from(ES256)),
                (Cbor::from("sig"), Cbor::from(signature)),
            ];
            ("packed", statement)
        } else {
            ("none", Vec::new())
        };
        let object = cbor(&Cbor::Map(vec![
            (Cbor::from("fmt"), Cbor::from(format)),
            (Cbor::from("attStmt"), Cbor::Map(statement)),
            (Cbor::from("authData"), Cbor::from(data.as_slice())),
        ]))?;
        let public_key = PublicKey::from(key.verifying_key())
            .to_public_key_der()
            .map_err(|error| Trouble::Impossible(error.to_string()))?;
        let attachment = options
            .pointer("/authenticatorSelection/authenticatorAttachment")
            .and_then(Value::as_str)
            .unwrap_or("platform");
        let mut extensions = json!({});
        if options.pointer("/extensions/credProps") == Some(&Value::Bool(true)) {
            extensions = json!({"credProps": {"rk": is_discoverable}});
        }
        Ok(json!({
            "id": base64url(&id),
            "rawId": base64url(&id),
            "type": "public-key",
            "authenticatorAttachment": attachment,
            "clientExtensionResults": extensions,
            "response": {
                "clientDataJSON": base64url(&client_data),
                "attestationObject": base64url(&object),
                "authenticatorData": base64url(&data),
                "publicKey": base64url(public_key.as_bytes()),
                "publicKeyAlgorithm": ES256,
                "transports": if attachment == "platform" { ["hybrid", "internal"] } else { ["nfc", "usb"] },
            },
        }))
    }

    /// `navigator.credentials.get()`: signs with a credential; gives the `AuthenticationResponseJSON`. `options` are the
    /// `PublicKeyCredentialRequestOptionsJSON`, as they are or in a member `options` or `publicKey`. Where they allow any
    /// discoverable credential, `held` says which there are: the authenticator keeps no list.
    ///
    /// # Errors
    /// The options cannot be read, the origin may not use the relying party, or none of the credentials is the
    /// authenticator's own.
    pub fn get(&self, options: &Value, origin: &str, held: &[String]) -> Result<Value, Trouble> {
        let options = unwrapped(options);
        let challenge = text(options, "/challenge")?;
        let rp_id = relying_party(options.get("rpId"), origin)?;
        let allows_any = options
            .get("allowCredentials")
            .and_then(Value::as_array)
            .is_none_or(Vec::is_empty);
        let id = if allows_any {
            let mut own = held.iter().filter_map(|id| self.own(id, &rp_id));
            own.find(|id| is_discoverable(id))
        } else {
            self.named(options, "allowCredentials", &rp_id).next()
        };
        let id = id.ok_or_else(|| {
            let which = if allows_any {
                "it has no discoverable credential"
            } else {
                "it has none of allowCredentials"
            };
            Trouble::Impossible(format!(
                "NotAllowedError: the authenticator has no credential for {rp_id}: {which}"
            ))
        })?;
        let key = self.key(&rp_id, &id)?;
        let data = self.authenticator_data(&rp_id, 0, is_discoverable(&id));
        let client_data = client_data("webauthn.get", challenge, origin);
        let signature = sign(&key, &data, &client_data);
        let mut answer = json!({
            "id": base64url(&id),
            "rawId": base64url(&id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(&client_data),
                "authenticatorData": base64url(&data),
                "signature": base64url(&signature),
            },
        });
        if is_discoverable(&id) {
            answer["authenticatorAttachment"] = "platform".into();
            answer["response"]["userHandle"] = base64url(&id[2 * PART + 1..]).into();
        } else {
            answer["authenticatorAttachment"] = "cross-platform".into();
        }
        Ok(answer)
    }

    /// An id: a random part, a part that proves the owner, whether it is discoverable, the user handle.
    fn id(&self, rp_id: &str, handle: &[u8], challenge: &str, is_discoverable: bool) -> Vec<u8> {
        let drawn = hash(&[
            b"id",
            &self.seed,
            rp_id.as_bytes(),
            handle,
            challenge.as_bytes(),
        ]);
        let drawn = &drawn[..PART];
        let rest = [&[u8::from(is_discoverable)], handle].concat();
        [drawn, &self.proof(rp_id, drawn, &rest), &rest].concat()
    }

    fn proof(&self, rp_id: &str, drawn: &[u8], rest: &[u8]) -> [u8; PART] {
        let hash = hash(&[b"proof", &self.seed, rp_id.as_bytes(), drawn, rest]);
        let mut proof = [0; PART];
        proof.copy_from_slice(&hash[..PART]);
        proof
    }

    /// The id of one of its own credentials.
    fn own(&self, id: &str, rp_id: &str) -> Option<Vec<u8>> {
        let id = URL_SAFE_NO_PAD.decode(id).ok()?;
        let (drawn, rest) = id.split_at_checked(PART)?;
        let (proof, rest) = rest.split_at_checked(PART)?;
        let is_own = self.proof(rp_id, drawn, rest).ct_eq(proof);
        (bool::from(is_own) && !rest.is_empty()).then_some(id)
    }

    /// Those credentials of a list in the options that are its own.
    fn named<'o>(
        &'o self,
        options: &'o Value,
        member: &str,
        rp_id: &'o str,
    ) -> impl Iterator<Item = Vec<u8>> + 'o {
        options
            .get(member)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|credential| credential.get("id")?.as_str())
            .filter_map(move |id| self.own(id, rp_id))
    }

    fn key(&self, rp_id: &str, id: &[u8]) -> Result<SigningKey, Trouble> {
        // All but one in 2^32 numbers of that length are a key.
        (0..16_u8)
            .find_map(|attempt| {
                let secret = hash(&[b"key", &self.seed, rp_id.as_bytes(), id, &[attempt]]);
                SigningKey::from_slice(&secret).ok()
            })
            .ok_or_else(|| Trouble::Impossible("cannot derive a key from this id".to_owned()))
    }

    fn authenticator_data(&self, rp_id: &str, flags: u8, is_discoverable: bool) -> Vec<u8> {
        let mut data = Sha256::digest(rp_id).to_vec();
        let mut flags = flags | USER_PRESENT;
        if self.verifies_user {
            flags |= USER_VERIFIED;
        }
        // A passkey is on all the devices of its user, a security key's credential in that key alone.
        if is_discoverable {
            flags |= BACKUP_ELIGIBLE | BACKED_UP;
        }
        data.push(flags);
        data.extend(self.sign_count.to_be_bytes());
        data
    }
}

fn is_discoverable(id: &[u8]) -> bool {
    id.get(2 * PART) == Some(&1)
}

/// SHA-256 over parts that cannot run into each other.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"stepup-mock passkey");
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn cbor(value: &Cbor) -> Result<Vec<u8>, Trouble> {
    let mut written = Vec::new();
    ciborium::into_writer(value, &mut written)
        .map_err(|error| Trouble::Impossible(error.to_string()))?;
    Ok(written)
}

fn sign(key: &SigningKey, data: &[u8], client_data: &[u8]) -> Vec<u8> {
    let signed = [data, &Sha256::digest(client_data)].concat();
    let signature: DerSignature = key.sign(&signed);
    signature.as_bytes().to_vec()
}

/// The serialization of WebAuthn Level 3, 5.8.1.1, with its order of members.
fn client_data(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
    let (kind, challenge, origin) = (json!(kind), json!(challenge), json!(origin));
    format!(
        "{{\"type\":{kind},\"challenge\":{challenge},\"origin\":{origin},\"crossOrigin\":false}}"
    )
    .into_bytes()
}

/// The options themselves, of an answer of the API or of an argument of `navigator.credentials`.
fn unwrapped(options: &Value) -> &Value {
    ["options", "publicKey"]
        .iter()
        .find_map(|member| options.get(member).filter(|inner| inner.is_object()))
        .unwrap_or(options)
}

fn text<'v>(options: &'v Value, pointer: &str) -> Result<&'v str, Trouble> {
    options
        .pointer(pointer)
        .and_then(Value::as_str)
        .ok_or_else(|| Trouble::Malformed(format!("options {pointer} is missing or not a string")))
}

fn decoded(options: &Value, pointer: &str) -> Result<Vec<u8>, Trouble> {
    URL_SAFE_NO_PAD
        .decode(text(options, pointer)?)
        .map_err(|_| Trouble::Malformed(format!("options {pointer} is not base64url")))
}

/// The relying party that options name, else that of the page, if the page may use it.
fn relying_party(named: Option<&Value>, origin: &str) -> Result<String, Trouble> {
    let host = host(origin).ok_or_else(|| {
        Trouble::Malformed(format!(
            "{origin:?} is not an origin; write it as a browser does: http://localhost:4750"
        ))
    })?;
    let id = named.and_then(Value::as_str).unwrap_or(host);
    let is_below = host
        .strip_suffix(id)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if id.is_empty() || !is_below {
        let hint = match host.parse::<std::net::IpAddr>() {
            Ok(_) => "; a passkey belongs to a domain, and an IP address is none: use localhost",
            Err(_) => "",
        };
        return Err(Trouble::Impossible(format!(
            "SecurityError: a page of {host} may not use the relying party {id}{hint}"
        )));
    }
    Ok(id.to_owned())
}

/// The host of an origin, without its port.
pub(super) fn host(origin: &str) -> Option<&str> {
    let (scheme, rest) = origin.split_once("://")?;
    let host = match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => rest,
    };
    let is_whole = !scheme.is_empty() && !host.is_empty() && !host.contains(['/', '?', '#', '@']);
    is_whole.then_some(host)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{Authenticator, client_data, host};
    use crate::domain::Supplies;
    use crate::domain::authsignal::credential::{Attachment, Backup, Credential, Record};
    use crate::domain::authsignal::passkey_settings::UserVerification;
    use crate::domain::authsignal::webauthn::{
        Authenticated, AuthenticationRequest, Ceremonies, Fault, Kind, Origins, Registered,
        RegistrationRequest, Response,
    };
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    const ORIGIN: &str = "http://localhost:4750";

    /// A relying party with what its user has registered.
    struct Party {
        ceremonies: Ceremonies,
        supplies: Supplies,
        now: Timestamp,
    }

    impl Party {
        fn new() -> Self {
            Self {
                ceremonies: Ceremonies::new("tenant"),
                supplies: Supplies::new([7; 32], 0),
                now: Timestamp::UNIX_EPOCH,
            }
        }

        fn creation(&mut self, kind: Kind, exclude: Vec<&Credential>) -> (String, Value) {
            let request = RegistrationRequest {
                kind,
                challenge_id: None,
                user_id: "ada",
                name: "ada@example.com",
                display_name: "Ada",
                rp_id: "localhost",
                rp_name: "Mock",
                attachment: None,
                verification: UserVerification::Preferred,
                hints: Vec::new(),
                exclude,
                payment: None,
                names: None,
            };
            let started = self
                .ceremonies
                .start_registration(&mut self.supplies.turn(self.now), &request);
            (
                started.challenge_id,
                serde_json::to_value(&started.options).unwrap(),
            )
        }

        fn request(&mut self, kind: Kind, user_id: Option<&str>, allow: Vec<&Credential>) -> Value {
            let request = AuthenticationRequest {
                kind,
                challenge_id: None,
                user_id,
                rp_id: "localhost",
                verification: UserVerification::Preferred,
                allow,
            };
            let started = self
                .ceremonies
                .start_authentication(&mut self.supplies.turn(self.now), &request);
            serde_json::to_value(&started.options).unwrap()
        }

        fn register(&mut self, kind: Kind, json: &Value) -> Result<Registered, Fault> {
            self.ceremonies
                .finish_registration(&response(kind, json), self.now)
        }

        fn authenticate(
            &mut self,
            kind: Kind,
            json: &Value,
            credential: &Credential,
        ) -> Result<Authenticated, Fault> {
            let authenticated = self.ceremonies.check_authentication(
                &response(kind, json),
                |id| (id == credential.id).then_some(("ada", credential)),
                self.now,
            )?;
            self.ceremonies.close(&authenticated);
            Ok(authenticated)
        }

        /// A credential of ada's, registered with that authenticator.
        fn credential(&mut self, kind: Kind, authenticator: &Authenticator) -> Credential {
            let (_, options) = self.creation(kind, Vec::new());
            let json = authenticator.create(&options, ORIGIN).unwrap();
            let registered = self.register(kind, &json).unwrap();
            kept(registered)
        }
    }

    /// The origin of a page, where nothing is set.
    const fn from(page: &str) -> Origins<'_> {
        Origins {
            page: Some(page),
            set: &[],
        }
    }

    fn response(kind: Kind, json: &Value) -> Response<'_> {
        Response {
            kind,
            json,
            challenge_id: None,
            origins: from(ORIGIN),
            conditional: false,
        }
    }

    fn kept(registered: Registered) -> Credential {
        Credential {
            id: registered.credential_id,
            public_key: registered.public_key,
            name: "Passkey".into(),
            device_id: "device".into(),
            aaguid: Some(registered.aaguid),
            browser: None,
            record: registered.record,
        }
    }

    fn held(credential: &Credential) -> Vec<String> {
        vec![credential.id.clone()]
    }

    #[test]
    fn a_passkey_is_registered_and_authenticates_its_user() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let (challenge_id, options) = party.creation(Kind::Passkey, Vec::new());
        let json = authenticator.create(&options, ORIGIN).unwrap();
        let registered = party.register(Kind::Passkey, &json).unwrap();
        assert_eq!(registered.challenge_id, challenge_id);
        assert_eq!(registered.user_id, "ada");
        assert_eq!(registered.aaguid, "73746570-7570-2d6d-6f63-6b2d706b6579");
        assert!(registered.user_verified);
        assert_eq!(
            registered.record,
            Record {
                sign_count: 0,
                backup: Some(Backup::Exists),
                attachment: Some(Attachment::Platform),
                transports: vec!["hybrid", "internal"],
                is_registered_here: true,
                payment: None,
                names: None,
            }
        );
        let credential = kept(registered);
        for (user_id, allow) in [(Some("ada"), vec![&credential]), (None, Vec::new())] {
            let options = party.request(Kind::Passkey, user_id, allow);
            let json = authenticator
                .get(&options, ORIGIN, &held(&credential))
                .unwrap();
            let authenticated = party
                .authenticate(Kind::Passkey, &json, &credential)
                .unwrap();
            assert_eq!(authenticated.user_id, "ada");
            assert_eq!(authenticated.credential_id, credential.id);
            assert!(authenticated.user_verified);
        }
        assert!(
            party.ceremonies.is_empty(),
            "a ceremony that succeeded is over"
        );
    }

    #[test]
    fn a_security_key_is_registered_and_authenticates_its_user() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let credential = party.credential(Kind::SecurityKey, &authenticator);
        assert_eq!(
            credential.record.attachment,
            Some(Attachment::CrossPlatform)
        );
        assert_eq!(credential.record.backup, Some(Backup::NotEligible));
        let options = party.request(Kind::SecurityKey, Some("ada"), vec![&credential]);
        let json = authenticator.get(&options, ORIGIN, &[]).unwrap();
        assert_eq!(json.pointer("/response/userHandle"), None);
        assert!(
            party
                .authenticate(Kind::SecurityKey, &json, &credential)
                .is_ok()
        );
        let options = party.request(Kind::SecurityKey, None, Vec::new());
        let trouble = authenticator
            .get(&options, ORIGIN, &held(&credential))
            .unwrap_err();
        assert!(trouble.to_string().contains("NotAllowedError"), "{trouble}");
    }

    #[test]
    fn an_attestation_by_the_key_itself_is_verified_and_one_by_certificates_left_out() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let (_, mut options) = party.creation(Kind::Passkey, Vec::new());
        options["attestation"] = "direct".into();
        let json = authenticator.create(&options, ORIGIN).unwrap();
        let object = json
            .pointer("/response/attestationObject")
            .unwrap()
            .as_str()
            .unwrap();
        let object = URL_SAFE_NO_PAD.decode(object).unwrap();
        let position = object
            .windows(3)
            .position(|window| window == b"sig")
            .unwrap();
        let tampered = |change: &dyn Fn(&mut Vec<u8>)| {
            let (mut object, mut json) = (object.clone(), json.clone());
            change(&mut object);
            json["response"]["attestationObject"] = URL_SAFE_NO_PAD.encode(object).into();
            json
        };
        let wrong = tampered(&|object| object[position + 20] ^= 1);
        assert_eq!(party.register(Kind::Passkey, &wrong), Err(Fault::Signature));
        // A name of another format, of the same length.
        let other = tampered(&|object| {
            let at = object
                .windows(6)
                .position(|window| window == b"packed")
                .unwrap();
            object[at..at + 6].copy_from_slice(b"apples");
        });
        assert!(party.register(Kind::Passkey, &other).is_ok());
        let (_, mut options) = party.creation(Kind::Passkey, Vec::new());
        options["attestation"] = "direct".into();
        let json = authenticator.create(&options, ORIGIN).unwrap();
        assert!(party.register(Kind::Passkey, &json).is_ok());
    }

    #[test]
    fn a_response_proves_something_once_and_in_time() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let (_, options) = party.creation(Kind::Passkey, Vec::new());
        let json = authenticator.create(&options, ORIGIN).unwrap();
        let credential = kept(party.register(Kind::Passkey, &json).unwrap());
        assert_eq!(
            party.register(Kind::Passkey, &json),
            Err(Fault::UnknownChallenge)
        );
        let options = party.request(Kind::Passkey, Some("ada"), vec![&credential]);
        let json = authenticator.get(&options, ORIGIN, &[]).unwrap();
        let opened = party.now;
        party.now = Timestamp::from_second(300).unwrap();
        let late = party.authenticate(Kind::Passkey, &json, &credential);
        assert_eq!(late, Err(Fault::ExpiredChallenge));
        party.now = opened;
        assert!(
            party
                .authenticate(Kind::Passkey, &json, &credential)
                .is_ok()
        );
        let again = party.authenticate(Kind::Passkey, &json, &credential);
        assert_eq!(again, Err(Fault::UnknownChallenge));
    }

    #[test]
    fn every_part_of_an_assertion_is_under_its_signature() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let credential = party.credential(Kind::Passkey, &authenticator);
        let options = party.request(Kind::Passkey, Some("ada"), vec![&credential]);
        let json = authenticator.get(&options, ORIGIN, &[]).unwrap();
        for member in ["authenticatorData", "signature"] {
            let encoded = json["response"][member].as_str().unwrap();
            let bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap();
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                let mut json = json.clone();
                json["response"][member] = URL_SAFE_NO_PAD.encode(changed).into();
                let outcome = party.authenticate(Kind::Passkey, &json, &credential);
                assert!(outcome.is_err(), "{member} {at}");
            }
        }
        let challenge = options["challenge"].as_str().unwrap();
        let mut forged = json.clone();
        let other = format!(
            "{}extra",
            String::from_utf8(client_data("webauthn.get", challenge, ORIGIN)).unwrap()
        );
        forged["response"]["clientDataJSON"] = URL_SAFE_NO_PAD
            .encode(other.replace("}extra", ",\"x\":1}"))
            .into();
        let outcome = party.authenticate(Kind::Passkey, &forged, &credential);
        assert_eq!(outcome, Err(Fault::Signature));
        assert!(
            party
                .authenticate(Kind::Passkey, &json, &credential)
                .is_ok()
        );
    }

    #[test]
    fn another_origin_or_relying_party_is_told() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let (_, options) = party.creation(Kind::Passkey, Vec::new());
        let other = "http://localhost:1";
        let json = authenticator.create(&options, other).unwrap();
        assert_eq!(
            party.register(Kind::Passkey, &json),
            Err(Fault::Origin {
                got: other.into(),
                expected: ORIGIN.into()
            })
        );
        let mut elsewhere = options.clone();
        elsewhere["rp"]["id"] = "example.com".into();
        let json = authenticator
            .create(&elsewhere, "https://example.com")
            .unwrap();
        let outcome = party.ceremonies.finish_registration(
            &Response {
                origins: from("https://example.com"),
                ..response(Kind::Passkey, &json)
            },
            party.now,
        );
        assert_eq!(outcome, Err(Fault::RelyingParty("localhost".into())));
        let trouble = authenticator
            .create(&options, "https://example.com")
            .unwrap_err();
        assert!(trouble.to_string().contains("SecurityError"), "{trouble}");
        // An Android application sends the hash of its own key as origin.
        let json = authenticator.create(&options, ORIGIN).unwrap();
        let challenge = options["challenge"].as_str().unwrap();
        let data = client_data("webauthn.create", challenge, "android:apk-key-hash:abc");
        let mut app = json;
        app["response"]["clientDataJSON"] = URL_SAFE_NO_PAD.encode(data).into();
        assert!(party.register(Kind::Passkey, &app).is_ok());
    }

    #[test]
    fn a_challenge_is_good_for_what_it_was_given_out_for() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let (_, options) = party.creation(Kind::Passkey, Vec::new());
        let json = authenticator.create(&options, ORIGIN).unwrap();
        assert_eq!(
            party.register(Kind::SecurityKey, &json),
            Err(Fault::OtherCeremony("the registration of a passkey"))
        );
        let named = Response {
            challenge_id: Some("another"),
            ..response(Kind::Passkey, &json)
        };
        let outcome = party.ceremonies.finish_registration(&named, party.now);
        assert_eq!(outcome, Err(Fault::OtherChallenge));
        let credential = kept(party.register(Kind::Passkey, &json).unwrap());
        let (_, options) = party.creation(Kind::Passkey, Vec::new());
        let mut request = json!({"challenge": options["challenge"], "rpId": "localhost"});
        request["allowCredentials"] = json!([{"id": credential.id, "type": "public-key"}]);
        let json = authenticator.get(&request, ORIGIN, &[]).unwrap();
        assert_eq!(
            party.authenticate(Kind::Passkey, &json, &credential),
            Err(Fault::OtherCeremony("the registration of a passkey"))
        );
    }

    #[test]
    fn anothers_credential_does_not_authenticate() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let credential = party.credential(Kind::Passkey, &authenticator);
        let options = party.request(Kind::Passkey, Some("bob"), Vec::new());
        let json = authenticator
            .get(&options, ORIGIN, &held(&credential))
            .unwrap();
        assert_eq!(
            party.authenticate(Kind::Passkey, &json, &credential),
            Err(Fault::NotAllowed(credential.id.clone()))
        );
        let stranger = Credential {
            id: "c3RyYW5nZXI".into(),
            ..credential.clone()
        };
        assert_eq!(
            party.authenticate(Kind::Passkey, &json, &stranger),
            Err(Fault::UnknownCredential(credential.id.clone()))
        );
    }

    #[test]
    fn a_user_handle_has_to_be_the_owners() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let credential = party.credential(Kind::Passkey, &authenticator);
        let options = party.request(Kind::Passkey, None, Vec::new());
        let mut json = authenticator
            .get(&options, ORIGIN, &held(&credential))
            .unwrap();
        let handle = json["response"]["userHandle"].as_str().unwrap().to_owned();
        for other in [
            Value::Null,
            "AAAA".into(),
            URL_SAFE_NO_PAD.encode([1; 32]).into(),
        ] {
            json["response"]["userHandle"] = other.clone();
            let outcome = party.authenticate(Kind::Passkey, &json, &credential);
            assert_eq!(outcome, Err(Fault::UserHandle), "{other}");
        }
        // The text of the handle used as its bytes, as the vendor's old browser library does.
        json["response"]["userHandle"] = URL_SAFE_NO_PAD.encode(handle).into();
        assert!(
            party
                .authenticate(Kind::Passkey, &json, &credential)
                .is_ok()
        );
    }

    #[test]
    fn a_counter_that_does_not_go_forward_is_told() {
        let (mut party, mut authenticator) = (Party::new(), Authenticator::new("a"));
        authenticator.sign_count = 5;
        let mut credential = party.credential(Kind::Passkey, &authenticator);
        for (sign_count, works) in [(6, true), (6, false), (5, false), (0, false), (9, true)] {
            authenticator.sign_count = sign_count;
            let options = party.request(Kind::Passkey, Some("ada"), vec![&credential]);
            let json = authenticator.get(&options, ORIGIN, &[]).unwrap();
            match party.authenticate(Kind::Passkey, &json, &credential) {
                Ok(authenticated) => {
                    assert!(works, "{sign_count}");
                    assert_eq!(authenticated.record.sign_count, sign_count);
                    credential.record = authenticated.record;
                }
                Err(fault) => assert_eq!((works, fault), (false, Fault::Counter), "{sign_count}"),
            }
        }
    }

    #[test]
    fn a_passkey_that_another_party_registered_works_with_its_key() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let registered = party.credential(Kind::Passkey, &authenticator);
        let mut credential = Credential {
            record: Record::default(),
            ..registered
        };
        for user_id in [Some("ada"), None] {
            let options = party.request(Kind::Passkey, user_id, Vec::new());
            let mut json = authenticator
                .get(&options, ORIGIN, &held(&credential))
                .unwrap();
            json["response"]["userHandle"] = "b3RoZXI".into();
            assert!(
                party
                    .authenticate(Kind::Passkey, &json, &credential)
                    .is_ok()
            );
        }
        credential.public_key.push('=');
        for (key, fault) in [
            (credential.public_key.clone(), None),
            ("bm8ga2V5".to_owned(), Some(Fault::PublicKey)),
            (
                party
                    .credential(Kind::Passkey, &Authenticator::new("b"))
                    .public_key,
                Some(Fault::Signature),
            ),
        ] {
            credential.public_key = key;
            let options = party.request(Kind::Passkey, Some("ada"), Vec::new());
            let json = authenticator
                .get(&options, ORIGIN, &held(&credential))
                .unwrap();
            assert_eq!(
                party.authenticate(Kind::Passkey, &json, &credential).err(),
                fault
            );
        }
    }

    #[test]
    fn an_authenticator_knows_its_own_credentials_and_makes_no_second_one() {
        let mut party = Party::new();
        let (mine, other) = (Authenticator::new("a"), Authenticator::new("b"));
        let credential = party.credential(Kind::Passkey, &mine);
        assert!(mine.own(&credential.id, "localhost").is_some());
        assert!(mine.own(&credential.id, "example.com").is_none());
        assert!(other.own(&credential.id, "localhost").is_none());
        let (_, options) = party.creation(Kind::Passkey, vec![&credential]);
        let trouble = mine.create(&options, ORIGIN).unwrap_err();
        assert!(
            trouble.to_string().contains("InvalidStateError"),
            "{trouble}"
        );
        assert!(other.create(&options, ORIGIN).is_ok());
        let options = party.request(Kind::Passkey, Some("ada"), vec![&credential]);
        assert!(other.get(&options, ORIGIN, &held(&credential)).is_err());
        let wrapped = json!({"challengeId": "c", "options": options});
        assert_eq!(
            mine.get(&wrapped, ORIGIN, &[]),
            mine.get(&json!({"publicKey": options}), ORIGIN, &[])
        );
    }

    #[test]
    fn responses_that_are_none_are_told() {
        let (mut party, authenticator) = (Party::new(), Authenticator::new("a"));
        let (_, options) = party.creation(Kind::Passkey, Vec::new());
        let json = authenticator.create(&options, ORIGIN).unwrap();
        assert!(matches!(
            party.register(Kind::Passkey, &json!({})),
            Err(Fault::Malformed(_))
        ));
        for member in ["clientDataJSON", "attestationObject"] {
            for other in [Value::Null, 1.into(), "".into(), "!".into(), "AAAA".into()] {
                let mut json = json.clone();
                json["response"][member] = other.clone();
                let outcome = party.register(Kind::Passkey, &json);
                assert!(
                    matches!(outcome, Err(Fault::Malformed(_))),
                    "{member} {other} {outcome:?}"
                );
            }
        }
        assert!(party.register(Kind::Passkey, &json).is_ok());
    }

    #[test]
    fn an_origin_has_a_host() {
        assert_eq!(host("http://localhost:4750"), Some("localhost"));
        assert_eq!(host("https://app.example.com"), Some("app.example.com"));
        for none in [
            "",
            "localhost",
            "http://",
            "http://a/b",
            "://a",
            "http://a@b",
        ] {
            assert_eq!(host(none), None, "{none}");
        }
    }
}
