//! The ceremonies that wait for a response, and how they end. Knows no user's authenticators: they are arguments.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use webauthn_rp::bin::Decode as _;
use webauthn_rp::request::auth::{AuthenticationVerificationOptions, SignatureCounterEnforcement};
use webauthn_rp::request::register::{RegistrationVerificationOptions, UserHandle};
use webauthn_rp::request::{AsciiDomain, BackupReq, RpId};
use webauthn_rp::response::auth::NonDiscoverableAuthentication;
use webauthn_rp::response::register::{
    AuthenticatorExtensionOutputStaticState, CredentialProtectionPolicy, DynamicState,
    Registration, StaticState,
};
use webauthn_rp::response::{
    AuthTransports, AuthenticatorAttachment, AuthenticatorTransport, Backup as Flags, CredentialId,
    Origin,
};
use webauthn_rp::{AuthenticatedCredential, RegisteredCredential};

use super::fault::Circumstances;
use super::key::{PublicKey, public_key, public_key_text};
use super::options::LIFE;
use super::response::{ClientData, bytes, plain_attestation, text};
use super::{
    AuthenticationRequest, CHALLENGE, CreationOptions, Fault, HANDLE, Kind, Origins,
    RegistrationRequest, RequestOptions, Response, Started, state,
};
use crate::bounds::{
    CEREMONIES, CEREMONIES_OF_STRANGERS, CEREMONIES_PER_USER, CEREMONY_BYTES,
    CEREMONY_BYTES_OF_STRANGERS, lengths,
};
use crate::domain::Turn;
use crate::domain::authsignal::credential::{
    Attachment, Backup, Credential, Names, Record, TRANSPORTS,
};
use crate::domain::authsignal::passkey_settings::UserVerification;
use crate::domain::changes::{Changes, Table};
use crate::domain::ids::uuid_text;
use crate::domain::later;
use crate::domain::shares::{self, Owner, Room, Share, Shares};

/// A credential that was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Id of the challenge.
    pub challenge_id: String,
    /// Whom it was registered for.
    pub user_id: String,
    /// What it is enrolled as.
    pub kind: Kind,
    /// Its id, base64url.
    pub credential_id: String,
    /// Its public key, COSE in base64url.
    pub public_key: String,
    /// Model of the authenticator.
    pub aaguid: String,
    /// Whether the authenticator made sure who the user is.
    pub user_verified: bool,
    /// What to keep of it.
    pub record: Record,
}

/// A user who was authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// The challenge that was signed, base64url.
    challenge: String,
    /// Its id.
    pub challenge_id: String,
    /// The user of the credential.
    pub user_id: String,
    /// Its id.
    pub credential_id: String,
    /// Whether the authenticator made sure who the user is.
    pub user_verified: bool,
    /// What to keep of it from now on.
    pub record: Record,
}

/// What a ceremony is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Purpose {
    Registration,
    Authentication,
}

/// What a ceremony was started for, and what its response has to fit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Terms {
    purpose: Purpose,
    kind: Kind,
    user_id: Option<String>,
    rp_id: String,
    attachment: Option<Attachment>,
    verification: UserVerification,
    /// Ids of the accepted credentials; empty accepts any.
    allow: Vec<String>,
    /// What the browser calls the means of payment, if the new credential confirms payments.
    payment: Option<Box<str>>,
    /// Whom the page names, if the ceremony makes a credential.
    names: Option<Box<Names>>,
}

/// A ceremony that waits for its response.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Ceremony {
    challenge_id: String,
    challenge: [u8; CHALLENGE],
    expires: Timestamp,
    terms: Terms,
}

impl Ceremony {
    /// What it was started for, in words.
    fn about(&self) -> &'static str {
        match (self.terms.purpose, self.terms.kind) {
            (Purpose::Registration, Kind::Passkey) => "the registration of a passkey",
            (Purpose::Registration, Kind::SecurityKey) => "the registration of a security key",
            (Purpose::Authentication, Kind::Passkey) => "the authentication with a passkey",
            (Purpose::Authentication, Kind::SecurityKey) => {
                "the authentication with a security key"
            }
        }
    }

    /// Bytes of its texts.
    fn bytes(&self) -> usize {
        let Terms {
            user_id,
            rp_id,
            allow,
            payment,
            names,
            ..
        } = &self.terms;
        let allow = allow.iter().map(String::len);
        let payment = payment.as_ref().map_or(0, |name| name.len());
        let names = names.as_ref().map_or(0, |names| names.bytes());
        let own = self.challenge_id.len() + rp_id.len() + lengths([user_id]);
        own + allow.sum::<usize>() + payment + names
    }

    fn given(&self) -> state::Given {
        state::Given {
            challenge: self.challenge,
            kind: self.terms.kind,
            verification: self.terms.verification,
        }
    }

    fn circumstances<'a>(
        &'a self,
        client_data: &'a ClientData,
        response: &Response<'a>,
    ) -> Circumstances<'a> {
        Circumstances {
            origin: &client_data.origin,
            expected: response.origins,
            rp_id: &self.terms.rp_id,
        }
    }

    /// Whether an authentication accepts this credential of this user.
    fn accepts(&self, credential_id: &str, owner: &str) -> bool {
        let Terms { allow, user_id, .. } = &self.terms;
        (allow.is_empty() || allow.iter().any(|id| id == credential_id))
            && user_id.as_deref().is_none_or(|user| user == owner)
    }
}

/// The room of the ceremonies of a tenant. An application starts none.
const ROOM: Room = Room {
    strangers: Share {
        count: CEREMONIES_OF_STRANGERS,
        bytes: CEREMONY_BYTES_OF_STRANGERS,
    },
    application: Share::NONE,
    users: Share {
        count: CEREMONIES,
        bytes: CEREMONY_BYTES,
    },
    per_user: CEREMONIES_PER_USER,
};

/// The ceremonies of a tenant that wait for their response.
#[derive(Clone, Debug)]
pub struct Ceremonies {
    tenant_id: String,
    /// By challenge, in base64url: the one thing that every response holds.
    open: Shares<Ceremony>,
}

/// The ceremonies of a tenant, for a file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CeremoniesRecord {
    /// The tenant that the handles of users come from.
    pub(in crate::domain::authsignal) tenant_id: String,
    /// Oldest first.
    open: Vec<shares::Kept<Ceremony>>,
}

impl CeremoniesRecord {
    /// Takes one of a copy.
    ///
    /// # Errors
    /// It is none.
    pub fn take(&mut self, key: &[u8], thing: &[u8]) -> Result<(), String> {
        self.open.push(shares::Kept::of_copy(key, thing)?);
        Ok(())
    }
}

impl Ceremonies {
    /// Their form in a file.
    pub fn record(&self) -> CeremoniesRecord {
        CeremoniesRecord {
            tenant_id: self.tenant_id.clone(),
            open: self.open.kept(),
        }
    }

    /// What has changed of those that wait. The tenant is for the copy to keep besides.
    pub fn changes(&mut self, changes: &mut Changes) {
        self.open.changes(changes, Table::Ceremony);
    }

    /// The tenant that the handles of users come from.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// Reads what a file has.
    pub fn restored(record: CeremoniesRecord) -> Self {
        Self {
            tenant_id: record.tenant_id,
            open: Shares::restored(ROOM, record.open, Ceremony::bytes),
        }
    }

    /// Without any.
    pub fn new(tenant_id: &str) -> Self {
        Self {
            tenant_id: tenant_id.to_owned(),
            open: Shares::new(ROOM),
        }
    }

    /// Without those that wait. Users keep their handles, so their passkeys still name them.
    pub fn closed(&self) -> Self {
        Self::new(&self.tenant_id)
    }

    /// Starts to register a credential for a user.
    pub fn start_registration(
        &mut self,
        turn: &mut Turn<'_>,
        request: &RegistrationRequest<'_>,
    ) -> Started<CreationOptions> {
        let terms = Terms {
            purpose: Purpose::Registration,
            kind: request.kind,
            user_id: Some(request.user_id.to_owned()),
            rp_id: request.rp_id.to_owned(),
            attachment: request.attachment(),
            verification: request.verification(),
            allow: Vec::new(),
            payment: request.payment.map(Into::into),
            names: request.names.clone(),
        };
        let (challenge_id, challenge) = self.open(turn, request.challenge_id, terms);
        let handle = self.user_handle(request.user_id);
        Started {
            challenge_id,
            options: CreationOptions::of(request, handle, challenge),
        }
    }

    /// Starts to authenticate a user, or anybody with a passkey.
    pub fn start_authentication(
        &mut self,
        turn: &mut Turn<'_>,
        request: &AuthenticationRequest<'_>,
    ) -> Started<RequestOptions> {
        let terms = Terms {
            purpose: Purpose::Authentication,
            kind: request.kind,
            user_id: request.user_id.map(str::to_owned),
            rp_id: request.rp_id.to_owned(),
            attachment: None,
            verification: request.verification(),
            allow: request.allowed_ids(),
            payment: None,
            names: None,
        };
        let (challenge_id, challenge) = self.open(turn, request.challenge_id, terms);
        Started {
            challenge_id,
            options: RequestOptions::of(request, challenge),
        }
    }

    /// Ends a registration. Success ends the ceremony; a response that proves nothing leaves it open.
    ///
    /// # Errors
    /// The response proves nothing.
    pub fn finish_registration(
        &mut self,
        response: &Response<'_>,
        now: Timestamp,
    ) -> Result<Registered, Fault> {
        let client_data = ClientData::of(response.json)?;
        let ceremony = self.ceremony(&client_data, response, Purpose::Registration, now)?;
        let terms = &ceremony.terms;
        let user_id = terms.user_id.clone().unwrap_or_default();
        let json = bytes(&plain_attestation(response.json)?);
        let registration = Registration::from_json_relaxed(&json)
            .map_err(|error| Fault::Malformed(error.to_string()))?;
        let handle = self.user_handle(&user_id);
        let (given, conditional) = (ceremony.given(), response.conditional);
        let state = state::registration(given, terms.attachment, handle, conditional)?;
        let origins = [Expected(response.origins)];
        let options = RegistrationVerificationOptions {
            allowed_origins: &origins,
            // An application's page may frame the vendor's page.
            allowed_top_origins: Some(&[Anything]),
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let circumstances = ceremony.circumstances(&client_data, response);
        let credential = state
            .verify(&rp_id(&terms.rp_id)?, &registration, &options)
            .map_err(|error| circumstances.of_registration(&error))?;
        // The crate reads sixteen bytes.
        let aaguid = credential.metadata().aaguid.data().try_into();
        let registered = Registered {
            challenge_id: ceremony.challenge_id.clone(),
            user_id,
            kind: terms.kind,
            credential_id: URL_SAFE_NO_PAD.encode(credential.id().as_ref()),
            public_key: public_key_text(credential.static_state().credential_public_key)?,
            aaguid: uuid_text(&aaguid.unwrap_or_default()),
            user_verified: credential.dynamic_state().user_verified,
            record: Record {
                payment: terms.payment.clone(),
                names: terms.names.clone(),
                ..record(&credential)
            },
        };
        self.open.remove(&client_data.challenge);
        Ok(registered)
    }

    /// Checks the response to an authentication. `find` gives a credential and its owner. The ceremony stays open until
    /// [`close`](Self::close) ends it, because the caller may find a reason to refuse what was proved.
    ///
    /// # Errors
    /// The response proves nothing.
    pub fn check_authentication<'c>(
        &self,
        response: &Response<'_>,
        find: impl FnOnce(&str) -> Option<(&'c str, &'c Credential)>,
        now: Timestamp,
    ) -> Result<Authenticated, Fault> {
        let client_data = ClientData::of(response.json)?;
        if client_data.is_payment {
            return Err(Fault::Payment);
        }
        let ceremony = self.ceremony(&client_data, response, Purpose::Authentication, now)?;
        let id = text(response.json, "/id")?;
        let raw_id = URL_SAFE_NO_PAD
            .decode(id)
            .map_err(|_| Fault::Malformed("id is not base64url".to_owned()))?;
        let (owner, credential) =
            find(id).ok_or_else(|| Fault::UnknownCredential(id.to_owned()))?;
        if !ceremony.accepts(id, owner) {
            return Err(Fault::NotAllowed(id.to_owned()));
        }
        let json = self.with_handle(response.json, ceremony, owner, &credential.record)?;
        let authentication =
            NonDiscoverableAuthentication::<HANDLE>::from_json_relaxed(&bytes(&json))
                .map_err(|error| Fault::Malformed(error.to_string()))?;
        // The credential is known by now, so the crate verifies the same whether or not it was to be discovered.
        let state = state::authentication(ceremony.given(), &raw_id)?;
        let Ok(handle) = UserHandle::decode(self.user_handle(owner));
        let mut kept = kept(&raw_id, &handle, credential)?;
        let origins = [Expected(response.origins)];
        let options = AuthenticationVerificationOptions {
            allowed_origins: &origins,
            // As for a registration.
            allowed_top_origins: Some(&[Anything]),
            backup_requirement: match credential.record.backup {
                None => Some(BackupReq::None),
                Some(_) => None,
            },
            error_on_unsolicited_extensions: false,
            update_uv: true,
            sig_counter_enforcement: SignatureCounterEnforcement::Fail,
            ..AuthenticationVerificationOptions::default()
        };
        let circumstances = ceremony.circumstances(&client_data, response);
        state
            .verify(
                &rp_id(&ceremony.terms.rp_id)?,
                &authentication,
                &mut kept,
                &options,
            )
            .map_err(|error| circumstances.of_authentication(&error))?;
        let state = kept.dynamic_state();
        Ok(Authenticated {
            challenge: client_data.challenge,
            challenge_id: ceremony.challenge_id.clone(),
            user_id: owner.to_owned(),
            credential_id: id.to_owned(),
            user_verified: state.user_verified,
            record: Record {
                sign_count: state.sign_count,
                backup: Some(backup(state.backup)),
                attachment: attachment(state.authenticator_attachment),
                ..credential.record.clone()
            },
        })
    }

    /// Ends the ceremony of an authentication: it accepts no second response.
    pub fn close(&mut self, authenticated: &Authenticated) {
        self.open.remove(&authenticated.challenge);
    }

    /// The response with the user handle that the crate has to compare, or without one that nobody here can know.
    fn with_handle(
        &self,
        response: &Value,
        ceremony: &Ceremony,
        owner: &str,
        record: &Record,
    ) -> Result<Value, Fault> {
        let mut json = response.clone();
        if let Some(assertion) = json.get_mut("response").and_then(Value::as_object_mut) {
            let handle = assertion.get("userHandle").and_then(Value::as_str);
            let ours = URL_SAFE_NO_PAD.encode(self.user_handle(owner));
            if !record.is_registered_here {
                // Another relying party chose the handle.
                assertion.remove("userHandle");
            } else if handle.is_some_and(|handle| handle == URL_SAFE_NO_PAD.encode(&ours)) {
                // The vendor's browser library up to 0.3.3 took the handle's text for its bytes when it registered.
                assertion.insert("userHandle".to_owned(), ours.into());
            } else if handle.map_or(ceremony.terms.user_id.is_none(), |handle| handle != ours) {
                // WebAuthn Level 3, 7.2, step 6. The crate checks it again if it has the right length.
                return Err(Fault::UserHandle);
            }
        }
        Ok(json)
    }

    /// Ends those of a user.
    pub fn forget(&mut self, user_id: &str) {
        self.open.forget(user_id);
    }

    /// Whether a ceremony waits for its response.
    #[cfg(test)]
    pub fn waits(&self, challenge: &str) -> bool {
        self.open.get(challenge).is_some()
    }

    /// How many are kept.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none are.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The handle of a user: WebAuthn Level 3, 14.6.1, asks for one that says nothing about the person.
    fn user_handle(&self, user_id: &str) -> [u8; HANDLE] {
        let mut hash = Sha256::new();
        hash.update(&self.tenant_id);
        hash.update([0]);
        hash.update(user_id);
        hash.finalize().into()
    }

    /// Opens a ceremony; returns the id and the text of its challenge.
    fn open(
        &mut self,
        turn: &mut Turn<'_>,
        challenge_id: Option<&str>,
        terms: Terms,
    ) -> (String, String) {
        let challenge = turn.ids.bytes();
        let challenge_id = challenge_id.map_or_else(|| turn.ids.uuid(), str::to_owned);
        let name = URL_SAFE_NO_PAD.encode(challenge);
        let ceremony = Ceremony {
            challenge_id: challenge_id.clone(),
            challenge,
            expires: later(turn.now, LIFE),
            terms,
        };
        let owner = match &ceremony.terms.user_id {
            Some(user_id) => Owner::User(user_id.clone()),
            None => Owner::Stranger,
        };
        let bytes = ceremony.bytes();
        self.open
            .insert(name.clone(), owner, bytes, ceremony, |one| {
                one.expires <= turn.now
            });
        (challenge_id, name)
    }

    /// The open ceremony that a response belongs to.
    fn ceremony(
        &self,
        client_data: &ClientData,
        response: &Response<'_>,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<&Ceremony, Fault> {
        let ceremony = self
            .open
            .get(&client_data.challenge)
            .ok_or(Fault::UnknownChallenge)?;
        if now >= ceremony.expires {
            return Err(Fault::ExpiredChallenge);
        }
        if ceremony.terms.purpose != purpose || ceremony.terms.kind != response.kind {
            return Err(Fault::OtherCeremony(ceremony.about()));
        }
        if response
            .challenge_id
            .is_some_and(|id| id != ceremony.challenge_id)
        {
            return Err(Fault::OtherChallenge);
        }
        Ok(ceremony)
    }
}

/// The origin that a response must come from.
struct Expected<'a>(Origins<'a>);

impl PartialEq<Origin<'_>> for Expected<'_> {
    fn eq(&self, other: &Origin<'_>) -> bool {
        self.0.accept(&other.0)
    }
}

/// Any origin of the page around.
struct Anything;

impl PartialEq<Origin<'_>> for Anything {
    fn eq(&self, _: &Origin<'_>) -> bool {
        true
    }
}

fn rp_id(domain: &str) -> Result<RpId, Fault> {
    AsciiDomain::try_from(domain.to_owned())
        .map(RpId::Domain)
        .map_err(|error| Fault::Unfit(format!("{domain} is not a domain: {error}")))
}

/// A credential as the crate keeps it.
type Kept<'a> = AuthenticatedCredential<'a, 'a, HANDLE, PublicKey>;

/// A credential of ours, as the crate keeps it.
fn kept<'a>(
    raw_id: &'a [u8],
    handle: &'a UserHandle<HANDLE>,
    credential: &Credential,
) -> Result<Kept<'a>, Fault> {
    let record = &credential.record;
    let id = CredentialId::<&[u8]>::decode(raw_id)
        .map_err(|error| Fault::Malformed(error.to_string()))?;
    AuthenticatedCredential::new(
        id,
        handle,
        StaticState {
            credential_public_key: public_key(&credential.public_key).ok_or(Fault::PublicKey)?,
            extensions: AuthenticatorExtensionOutputStaticState {
                cred_protect: CredentialProtectionPolicy::None,
                hmac_secret: None,
            },
        },
        DynamicState {
            user_verified: false,
            backup: record.backup.map_or(Flags::NotEligible, flags),
            sign_count: record.sign_count,
            authenticator_attachment: match record.attachment {
                None => AuthenticatorAttachment::None,
                Some(Attachment::Platform) => AuthenticatorAttachment::Platform,
                Some(Attachment::CrossPlatform) => AuthenticatorAttachment::CrossPlatform,
            },
        },
    )
    .map_err(|error| Fault::Unfit(error.to_string()))
}

fn backup(flags: Flags) -> Backup {
    match flags {
        Flags::NotEligible => Backup::NotEligible,
        Flags::Eligible => Backup::Eligible,
        Flags::Exists => Backup::Exists,
    }
}

fn flags(backup: Backup) -> Flags {
    match backup {
        Backup::NotEligible => Flags::NotEligible,
        Backup::Eligible => Flags::Eligible,
        Backup::Exists => Flags::Exists,
    }
}

fn attachment(attachment: AuthenticatorAttachment) -> Option<Attachment> {
    match attachment {
        AuthenticatorAttachment::None => None,
        AuthenticatorAttachment::Platform => Some(Attachment::Platform),
        AuthenticatorAttachment::CrossPlatform => Some(Attachment::CrossPlatform),
    }
}

fn record(credential: &RegisteredCredential<'_, HANDLE>) -> Record {
    let state = credential.dynamic_state();
    Record {
        sign_count: state.sign_count,
        backup: Some(backup(state.backup)),
        attachment: attachment(state.authenticator_attachment),
        transports: transports(credential.transports()),
        is_registered_here: true,
        payment: None,
        names: None,
    }
}

fn transports(transports: AuthTransports) -> Vec<&'static str> {
    [
        AuthenticatorTransport::Ble,
        AuthenticatorTransport::Hybrid,
        AuthenticatorTransport::Internal,
        AuthenticatorTransport::Nfc,
        AuthenticatorTransport::SmartCard,
        AuthenticatorTransport::Usb,
    ]
    .into_iter()
    .zip(TRANSPORTS)
    .filter(|(transport, _)| transports.contains(*transport))
    .map(|(_, word)| word)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Supplies;
    use crate::domain::authsignal::webauthn::Selection;

    fn credential(id: &str) -> Credential {
        Credential {
            id: id.into(),
            public_key: String::new(),
            name: "Passkey".into(),
            device_id: "device".into(),
            aaguid: None,
            browser: None,
            record: Record {
                transports: vec!["usb"],
                ..Record::default()
            },
        }
    }

    fn registration(kind: Kind, exclude: Vec<&Credential>) -> RegistrationRequest<'_> {
        RegistrationRequest {
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
        }
    }

    #[test]
    fn creation_options_are_those_of_the_standard() {
        let (mut ceremonies, mut supplies) = (Ceremonies::new("tenant"), Supplies::new([7; 32], 0));
        let existing = credential("ZXhpc3Rpbmc");
        let odd = credential("not base64url");
        let request = RegistrationRequest {
            challenge_id: Some("c"),
            attachment: Some(Attachment::Platform),
            hints: vec!["hybrid"],
            ..registration(Kind::Passkey, vec![&existing, &odd])
        };
        let started =
            ceremonies.start_registration(&mut supplies.turn(Timestamp::UNIX_EPOCH), &request);
        assert_eq!(started.challenge_id, "c");
        let challenge = started.options.challenge.clone();
        assert_eq!(URL_SAFE_NO_PAD.decode(&challenge).unwrap().len(), CHALLENGE);
        let handle = URL_SAFE_NO_PAD.encode(ceremonies.user_handle("ada"));
        assert_eq!(
            serde_json::to_value(&started.options).unwrap(),
            serde_json::json!({
                "rp": {"id": "localhost", "name": "Mock"},
                "user": {"id": handle, "name": "ada@example.com", "displayName": "Ada"},
                "challenge": challenge,
                "pubKeyCredParams": [
                    {"type": "public-key", "alg": -7},
                    {"type": "public-key", "alg": -8},
                    {"type": "public-key", "alg": -35},
                    {"type": "public-key", "alg": -257},
                ],
                "timeout": 300_000,
                "excludeCredentials": [
                    {"id": "ZXhpc3Rpbmc", "type": "public-key", "transports": ["usb"]}
                ],
                "authenticatorSelection": {
                    "authenticatorAttachment": "platform",
                    "requireResidentKey": true,
                    "residentKey": "required",
                    "userVerification": "preferred",
                },
                "hints": ["hybrid"],
                "attestation": "none",
                "extensions": {"credProps": true},
            })
        );
    }

    #[test]
    fn a_security_key_is_another_device_and_asks_for_no_pin() {
        let (mut ceremonies, mut supplies) = (Ceremonies::new("tenant"), Supplies::new([7; 32], 0));
        let request = registration(Kind::SecurityKey, Vec::new());
        let started =
            ceremonies.start_registration(&mut supplies.turn(Timestamp::UNIX_EPOCH), &request);
        assert_eq!(
            started.options.authenticator_selection,
            Selection {
                authenticator_attachment: Some("cross-platform"),
                require_resident_key: false,
                resident_key: "discouraged",
                user_verification: "discouraged",
            }
        );
        let allowed = credential("YWxsb3dlZA");
        let request = AuthenticationRequest {
            kind: Kind::SecurityKey,
            challenge_id: None,
            user_id: Some("ada"),
            rp_id: "localhost",
            verification: UserVerification::Preferred,
            allow: vec![&allowed],
        };
        let started =
            ceremonies.start_authentication(&mut supplies.turn(Timestamp::UNIX_EPOCH), &request);
        assert_eq!(
            serde_json::to_value(&started.options).unwrap(),
            serde_json::json!({
                "challenge": started.options.challenge,
                "timeout": 300_000,
                "rpId": "localhost",
                "allowCredentials": [
                    {"id": "YWxsb3dlZA", "type": "public-key", "transports": ["usb"]}
                ],
                "userVerification": "discouraged",
            })
        );
    }

    #[test]
    fn a_user_handle_tells_one_user_of_one_tenant_and_nothing_else() {
        let (a, b) = (Ceremonies::new("a"), Ceremonies::new("b"));
        assert_eq!(a.user_handle("ada"), a.user_handle("ada"));
        assert_ne!(a.user_handle("ada"), a.user_handle("bob"));
        assert_ne!(a.user_handle("ada"), b.user_handle("ada"));
    }

    #[test]
    fn strangers_push_out_their_own_ceremonies_and_a_user_theirs() {
        let (mut ceremonies, mut supplies) = (Ceremonies::new("tenant"), Supplies::new([7; 32], 0));
        let mut start = |ceremonies: &mut Ceremonies, user_id: Option<&str>| {
            let turn = &mut supplies.turn(Timestamp::UNIX_EPOCH);
            let request = AuthenticationRequest {
                kind: Kind::Passkey,
                challenge_id: None,
                user_id,
                rp_id: "localhost",
                verification: UserVerification::Preferred,
                allow: Vec::new(),
            };
            let started = ceremonies.start_authentication(turn, &request);
            started.options.challenge
        };
        let bobs = start(&mut ceremonies, Some("bob"));
        let first = start(&mut ceremonies, None);
        for _ in 0..CEREMONIES_OF_STRANGERS {
            start(&mut ceremonies, None);
        }
        assert_eq!(ceremonies.len(), CEREMONIES_OF_STRANGERS + 1);
        assert!(!ceremonies.waits(&first));
        for _ in 0..CEREMONIES {
            start(&mut ceremonies, Some("ada"));
        }
        let all = CEREMONIES_OF_STRANGERS + CEREMONIES_PER_USER + 1;
        assert_eq!(ceremonies.len(), all);
        assert!(ceremonies.waits(&bobs));
        ceremonies.forget("ada");
        assert_eq!(ceremonies.len(), all - CEREMONIES_PER_USER);
        ceremonies.forget("bob");
        assert_eq!(ceremonies.len(), CEREMONIES_OF_STRANGERS);
    }
}
