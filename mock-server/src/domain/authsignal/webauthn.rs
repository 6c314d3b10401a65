//! Passkeys and security keys: options of WebAuthn Level 3, the ceremonies that are open, and their end. Knows no user's
//! authenticators: they are arguments. What a response proves is verified by `webauthn_rp`.

use std::collections::{HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use webauthn_rp::bin::Decode as _;
use webauthn_rp::request::auth::{
    AuthenticationVerificationOptions, NonDiscoverableAuthenticationServerState,
    SignatureCounterEnforcement,
};
use webauthn_rp::request::register::{
    RegistrationServerState, RegistrationVerificationOptions, UserHandle,
};
use webauthn_rp::request::{AsciiDomain, BackupReq, RpId};
use webauthn_rp::response::auth::NonDiscoverableAuthentication;
use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::register::error::RegCeremonyErr;
use webauthn_rp::response::register::{
    AuthenticatorExtensionOutputStaticState, CompressedP256PubKey, CompressedP384PubKey,
    CompressedPubKey, CredentialProtectionPolicy, DynamicState, Ed25519PubKey, Registration,
    RsaPubKey, StaticState, UncompressedPubKey,
};
use webauthn_rp::response::{
    AuthTransports, AuthenticatorAttachment, AuthenticatorTransport, Backup as Flags, CredentialId,
    Origin,
};
use webauthn_rp::{AuthenticatedCredential, RegisteredCredential};

use super::user::Credential;
use super::vocabulary::Method;
use crate::domain::ids::Ids;

/// Ceremonies kept open for each tenant; the oldest leaves first.
const CAPACITY: usize = 10_000;
/// How long a ceremony may take: what WebAuthn Level 3 recommends. No source gives the vendor's figure.
const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Length of a challenge: the least that WebAuthn allows, and what the verifying crate works with.
const CHALLENGE: usize = 16;
/// Length of a user handle.
const HANDLE: usize = 32;
/// What an Android app has in place of an origin; which app it is, a mock cannot know.
const ANDROID_ORIGIN: &str = "android:apk-key-hash:";
/// Algorithms that are accepted, by their COSE numbers, best first: `ES256`, `EdDSA`, `ES384`, `RS256`.
const ALGORITHMS: [i32; 4] = [-7, -8, -35, -257];

/// What a credential is enrolled as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A passkey.
    Passkey,
    /// A security key.
    SecurityKey,
}

impl Kind {
    /// The kind that a method makes, if it makes credentials.
    pub fn of(method: Method) -> Option<Self> {
        match method {
            Method::Passkey => Some(Self::Passkey),
            Method::SecurityKey => Some(Self::SecurityKey),
            _ => None,
        }
    }
}

/// How an authenticator is attached to what the user works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// It is part of it.
    Platform,
    /// It can be taken away.
    CrossPlatform,
}

impl Attachment {
    /// The word of the standard.
    pub fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }

    /// The attachment of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Platform, Self::CrossPlatform]
            .into_iter()
            .find(|attachment| attachment.word() == word)
    }
}

/// Whether a credential can be, and is, on more than one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// It stays where it is.
    NotEligible,
    /// It can be copied.
    Eligible,
    /// It was copied.
    Exists,
}

impl Backup {
    /// The vendor's word for the device type.
    pub fn device_type(self) -> &'static str {
        match self {
            Self::NotEligible => "singleDevice",
            Self::Eligible | Self::Exists => "multiDevice",
        }
    }

    /// Whether it was copied.
    pub fn is_backed_up(self) -> bool {
        self == Self::Exists
    }

    fn of(flags: Flags) -> Self {
        match flags {
            Flags::NotEligible => Self::NotEligible,
            Flags::Eligible => Self::Eligible,
            Flags::Exists => Self::Exists,
        }
    }

    fn flags(self) -> Flags {
        match self {
            Self::NotEligible => Flags::NotEligible,
            Self::Eligible => Flags::Eligible,
            Self::Exists => Flags::Exists,
        }
    }
}

/// What is kept of a credential beside its id and key. The default is that of a credential which another relying party
/// registered, and of which nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Where the signature counter stood last.
    pub sign_count: u32,
    /// Whether it is on more than one device.
    pub backup: Option<Backup>,
    /// How its authenticator is attached.
    pub attachment: Option<Attachment>,
    /// How its authenticator is reached.
    pub transports: Vec<&'static str>,
    /// Whether it was registered here, so that its user handle is ours.
    pub is_registered_here: bool,
}

/// The relying party, for a new credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelyingParty {
    /// Its domain.
    pub id: String,
    /// Its readable name.
    pub name: String,
}

/// The user, for a new credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserEntity {
    /// The user handle, base64url.
    pub id: String,
    /// Name of the account.
    pub name: String,
    /// Readable name.
    pub display_name: String,
}

/// An algorithm that a new credential may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// The only type there is.
    pub r#type: &'static str,
    /// COSE number of the algorithm.
    pub alg: i32,
}

/// A credential, as options name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Descriptor {
    /// Its id, base64url.
    pub id: String,
    /// The only type there is.
    pub r#type: &'static str,
    /// How its authenticator is reached, where known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<&'static str>,
}

/// Which authenticators may make a new credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// How they are attached; in any way where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authenticator_attachment: Option<&'static str>,
    /// Whether the credential has to be discoverable.
    pub require_resident_key: bool,
    /// The same in the words of Level 2.
    pub resident_key: &'static str,
    /// Whether the authenticator is to make sure who the user is.
    pub user_verification: &'static str,
}

/// `PublicKeyCredentialCreationOptionsJSON`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreationOptions {
    /// The relying party.
    pub rp: RelyingParty,
    /// The user.
    pub user: UserEntity,
    /// The challenge, base64url.
    pub challenge: String,
    /// Algorithms, best first.
    pub pub_key_cred_params: Vec<Parameter>,
    /// How long the ceremony may take, in milliseconds.
    pub timeout: u32,
    /// Credentials whose authenticators shall make no other.
    pub exclude_credentials: Vec<Descriptor>,
    /// Which authenticators will do.
    pub authenticator_selection: Selection,
    /// Whether an attestation is wanted.
    pub attestation: &'static str,
    /// Extensions: whether the credential became discoverable.
    pub extensions: Extensions,
}

/// Extensions of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
    /// Asks for the properties of the credential.
    pub cred_props: bool,
}

/// `PublicKeyCredentialRequestOptionsJSON`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptions {
    /// The challenge, base64url.
    pub challenge: String,
    /// How long the ceremony may take, in milliseconds.
    pub timeout: u32,
    /// Domain of the relying party.
    pub rp_id: String,
    /// Credentials that will do; any discoverable one where empty.
    pub allow_credentials: Vec<Descriptor>,
    /// Whether the authenticator is to make sure who the user is.
    pub user_verification: &'static str,
}

/// What a registration is to be.
#[derive(Clone, Debug)]
pub struct RegistrationRequest<'a> {
    /// What the credential is enrolled as.
    pub kind: Kind,
    /// Id of the challenge; a fresh one where absent.
    pub challenge_id: Option<&'a str>,
    /// The user.
    pub user_id: &'a str,
    /// Name of the account.
    pub name: &'a str,
    /// Readable name.
    pub display_name: &'a str,
    /// Domain of the relying party.
    pub rp_id: &'a str,
    /// Its readable name.
    pub rp_name: &'a str,
    /// How the authenticator has to be attached. A security key is always cross-platform.
    pub attachment: Option<Attachment>,
    /// The user's credentials.
    pub exclude: Vec<&'a Credential>,
}

/// What an authentication is to be.
#[derive(Clone, Debug)]
pub struct AuthenticationRequest<'a> {
    /// What the credential was enrolled as.
    pub kind: Kind,
    /// Id of the challenge; a fresh one where absent.
    pub challenge_id: Option<&'a str>,
    /// The user; absent where the credential is to tell.
    pub user_id: Option<&'a str>,
    /// Domain of the relying party.
    pub rp_id: &'a str,
    /// Credentials that will do; any discoverable one where empty.
    pub allow: Vec<&'a Credential>,
}

/// What an authenticator answered.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// What the credential is, or is to be, enrolled as.
    pub kind: Kind,
    /// `RegistrationResponseJSON` or `AuthenticationResponseJSON`.
    pub json: &'a Value,
    /// Id of the challenge, where the request names it.
    pub challenge_id: Option<&'a str>,
    /// The origin that has to be in it.
    pub origin: &'a str,
    /// Whether the browser made the credential without asking the user.
    pub conditional: bool,
}

/// A ceremony that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started<O> {
    /// Id of its challenge, for the vendor's API; the standard knows none.
    pub challenge_id: String,
    /// What the browser is called with.
    pub options: O,
}

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
    /// What is to be kept of it.
    pub record: Record,
}

/// A user who was authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// Id of the challenge.
    pub challenge_id: String,
    /// Whose credential it is.
    pub user_id: String,
    /// Its id.
    pub credential_id: String,
    /// Whether the authenticator made sure who the user is.
    pub user_verified: bool,
    /// What is to be kept of it from now on.
    pub record: Record,
}

/// Why a response proves nothing. The text is for the person who reads the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not what the standard says.
    #[error("the credential cannot be read: {0}")]
    Malformed(String),
    /// No ceremony has that challenge.
    #[error(
        "the challenge in clientDataJSON is not open: it was not given out here, or was answered already"
    )]
    UnknownChallenge,
    /// The ceremony took too long.
    #[error("the challenge has expired; ask for new options")]
    ExpiredChallenge,
    /// The request names one challenge, the response holds another.
    #[error("challengeId is not that of the challenge in clientDataJSON")]
    OtherChallenge,
    /// The ceremony was started for something else.
    #[error("the challenge was given out for {0}")]
    OtherCeremony(&'static str),
    /// Nobody has enrolled the credential.
    #[error("no user has enrolled the credential {0}")]
    UnknownCredential(String),
    /// Somebody else has, or the options did not name it.
    #[error("the credential {0} is not among those that the options allow")]
    NotAllowed(String),
    /// It comes from a page that it must not come from.
    #[error("the origin in clientDataJSON is {got}, and has to be {expected}")]
    Origin {
        /// The one in it.
        got: String,
        /// The one that has to be.
        expected: String,
    },
    /// It is for another relying party.
    #[error("the authenticator answered for another relying party than {0}")]
    RelyingParty(String),
    /// The user handle is not that of the credential's user.
    #[error("userHandle is missing or not that of the credential's user")]
    UserHandle,
    /// The signature is wrong.
    #[error("the signature is wrong: it is not that of the credential over this challenge")]
    Signature,
    /// The counter did not go forward.
    #[error(
        "the signature counter went back or stands still: the credential may have been copied by somebody else"
    )]
    Counter,
    /// The key that the credential was enrolled with is none.
    #[error(
        "the public key that the credential was enrolled with is no COSE key of EdDSA, ES256, ES384 or RS256 in base64url"
    )]
    PublicKey,
    /// The authenticator does not do what the options ask for.
    #[error("the authenticator does not do what the options ask for: {0}")]
    Unfit(String),
}

impl Fault {
    /// The vendor's word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "invalid_request",
            Self::UnknownCredential(_) => "unknown_credential",
            _ => "invalid_credential",
        }
    }
}

/// What a ceremony is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Registration,
    Authentication,
}

/// A ceremony that waits for its response.
#[derive(Clone, Debug)]
struct Ceremony {
    challenge_id: String,
    challenge: [u8; CHALLENGE],
    purpose: Purpose,
    kind: Kind,
    user_id: Option<String>,
    rp_id: String,
    attachment: Option<Attachment>,
    /// Ids of the credentials that will do; any where empty.
    allow: Vec<String>,
    expires: Timestamp,
}

impl Ceremony {
    /// What it was started for, in words.
    fn about(&self) -> &'static str {
        match (self.purpose, self.kind) {
            (Purpose::Registration, Kind::Passkey) => "the registration of a passkey",
            (Purpose::Registration, Kind::SecurityKey) => "the registration of a security key",
            (Purpose::Authentication, Kind::Passkey) => "the authentication with a passkey",
            (Purpose::Authentication, Kind::SecurityKey) => {
                "the authentication with a security key"
            }
        }
    }
}

/// The ceremonies of a tenant that wait for their response.
#[derive(Debug)]
pub struct Ceremonies {
    tenant_id: String,
    /// By challenge, in base64url: the one thing that every response holds.
    open: HashMap<String, Ceremony>,
    /// Oldest first. Those that ended stay until they are the oldest.
    order: VecDeque<String>,
}

impl Ceremonies {
    /// Without any.
    pub fn new(tenant_id: &str) -> Self {
        Self {
            tenant_id: tenant_id.to_owned(),
            open: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Starts to register a credential for a user.
    pub fn start_registration(
        &mut self,
        ids: &mut Ids,
        request: &RegistrationRequest<'_>,
        now: Timestamp,
    ) -> Started<CreationOptions> {
        let attachment = match request.kind {
            Kind::Passkey => request.attachment,
            Kind::SecurityKey => Some(Attachment::CrossPlatform),
        };
        let (challenge_id, challenge) = self.open(
            ids,
            request.challenge_id,
            now,
            |challenge_id, challenge, expires| Ceremony {
                challenge_id,
                challenge,
                purpose: Purpose::Registration,
                kind: request.kind,
                user_id: Some(request.user_id.to_owned()),
                rp_id: request.rp_id.to_owned(),
                attachment,
                allow: Vec::new(),
                expires,
            },
        );
        let (is_resident, resident_key) = match request.kind {
            Kind::Passkey => (true, "required"),
            // The second factor of a user who is known: it need not be found without the user.
            Kind::SecurityKey => (false, "discouraged"),
        };
        let options = CreationOptions {
            rp: RelyingParty {
                id: request.rp_id.to_owned(),
                name: request.rp_name.to_owned(),
            },
            user: UserEntity {
                id: URL_SAFE_NO_PAD.encode(self.user_handle(request.user_id)),
                name: request.name.to_owned(),
                display_name: request.display_name.to_owned(),
            },
            challenge,
            pub_key_cred_params: ALGORITHMS
                .map(|alg| Parameter {
                    r#type: "public-key",
                    alg,
                })
                .to_vec(),
            timeout: timeout(),
            exclude_credentials: descriptors(&request.exclude),
            authenticator_selection: Selection {
                authenticator_attachment: attachment.map(Attachment::word),
                require_resident_key: is_resident,
                resident_key,
                user_verification: verification(request.kind),
            },
            attestation: "none",
            extensions: Extensions { cred_props: true },
        };
        Started {
            challenge_id,
            options,
        }
    }

    /// Starts to authenticate a user, or whoever has a passkey.
    pub fn start_authentication(
        &mut self,
        ids: &mut Ids,
        request: &AuthenticationRequest<'_>,
        now: Timestamp,
    ) -> Started<RequestOptions> {
        let allow = descriptors(&request.allow);
        let (challenge_id, challenge) = self.open(
            ids,
            request.challenge_id,
            now,
            |challenge_id, challenge, expires| Ceremony {
                challenge_id,
                challenge,
                purpose: Purpose::Authentication,
                kind: request.kind,
                user_id: request.user_id.map(str::to_owned),
                rp_id: request.rp_id.to_owned(),
                attachment: None,
                allow: allow
                    .iter()
                    .map(|descriptor| descriptor.id.clone())
                    .collect(),
                expires,
            },
        );
        Started {
            challenge_id,
            options: RequestOptions {
                challenge,
                timeout: timeout(),
                rp_id: request.rp_id.to_owned(),
                allow_credentials: allow,
                user_verification: verification(request.kind),
            },
        }
    }

    /// Ends a registration. It is over when this succeeds; a response that proves nothing leaves it open.
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
        let user_id = ceremony.user_id.clone().unwrap_or_default();
        let json = bytes(&plain_attestation(response.json)?);
        let registration = Registration::from_json_relaxed(&json)
            .map_err(|error| Fault::Malformed(error.to_string()))?;
        let state = registration_state(ceremony, self.user_handle(&user_id), response.conditional)?;
        let origins = [Expected(response.origin)];
        let options = RegistrationVerificationOptions {
            allowed_origins: &origins,
            // The vendor's page may be framed by the page of an application.
            allowed_top_origins: Some(&[Anything]),
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let rp_id = rp_id(&ceremony.rp_id)?;
        let credential = state
            .verify(&rp_id, &registration, &options)
            .map_err(|error| registration_fault(&error, &client_data, response, &ceremony.rp_id))?;
        let registered = Registered {
            challenge_id: ceremony.challenge_id.clone(),
            user_id,
            kind: ceremony.kind,
            credential_id: URL_SAFE_NO_PAD.encode(credential.id().as_ref()),
            public_key: public_key_text(credential.static_state().credential_public_key)?,
            aaguid: uuid_text(credential.metadata().aaguid.data()),
            user_verified: credential.dynamic_state().user_verified,
            record: record(&credential),
        };
        self.open.remove(&client_data.challenge);
        Ok(registered)
    }

    /// Ends an authentication. `find` tells whose a credential is. It is over when this succeeds; a response that proves
    /// nothing leaves it open.
    ///
    /// # Errors
    /// The response proves nothing.
    pub fn finish_authentication<'c>(
        &mut self,
        response: &Response<'_>,
        find: impl FnOnce(&str) -> Option<(&'c str, &'c Credential)>,
        now: Timestamp,
    ) -> Result<Authenticated, Fault> {
        let client_data = ClientData::of(response.json)?;
        let ceremony = self.ceremony(&client_data, response, Purpose::Authentication, now)?;
        let id = text(response.json, "/id")?;
        let raw_id = URL_SAFE_NO_PAD
            .decode(id)
            .map_err(|_| Fault::Malformed("id is not base64url".to_owned()))?;
        let (owner, credential) =
            find(id).ok_or_else(|| Fault::UnknownCredential(id.to_owned()))?;
        let is_allowed =
            ceremony.allow.is_empty() || ceremony.allow.iter().any(|other| other == id);
        if !is_allowed
            || ceremony
                .user_id
                .as_deref()
                .is_some_and(|user| user != owner)
        {
            return Err(Fault::NotAllowed(id.to_owned()));
        }

        let mut json = response.json.clone();
        if let Some(assertion) = json.get_mut("response").and_then(Value::as_object_mut) {
            let handle = assertion.get("userHandle").and_then(Value::as_str);
            let ours = URL_SAFE_NO_PAD.encode(self.user_handle(owner));
            if !credential.record.is_registered_here {
                // Whoever registered it gave it a handle that nobody told us.
                assertion.remove("userHandle");
            } else if handle.is_some_and(|handle| handle == URL_SAFE_NO_PAD.encode(&ours)) {
                // The vendor's browser library up to 0.3.3 took the handle's text for its bytes when it registered.
                assertion.insert("userHandle".to_owned(), ours.into());
            } else if handle.map_or(ceremony.user_id.is_none(), |handle| handle != ours) {
                // WebAuthn Level 3, 7.2, step 6. The crate looks at it once more, where it has the right length.
                return Err(Fault::UserHandle);
            }
        }
        let authentication =
            NonDiscoverableAuthentication::<HANDLE>::from_json_relaxed(&bytes(&json))
                .map_err(|error| Fault::Malformed(error.to_string()))?;
        // The credential is known by now, so whether it was to be discovered makes no difference to what is verified.
        let state = authentication_state(ceremony, &raw_id)?;
        let Ok(handle) = UserHandle::decode(self.user_handle(owner));
        let key = public_key(&credential.public_key).ok_or(Fault::PublicKey)?;
        let record = &credential.record;
        let mut kept = AuthenticatedCredential::new(
            CredentialId::<&[u8]>::decode(&raw_id)
                .map_err(|error| Fault::Malformed(error.to_string()))?,
            &handle,
            StaticState {
                credential_public_key: key,
                extensions: AuthenticatorExtensionOutputStaticState {
                    cred_protect: CredentialProtectionPolicy::None,
                    hmac_secret: None,
                },
            },
            DynamicState {
                user_verified: false,
                backup: record.backup.map_or(Flags::NotEligible, Backup::flags),
                sign_count: record.sign_count,
                authenticator_attachment: match record.attachment {
                    None => AuthenticatorAttachment::None,
                    Some(Attachment::Platform) => AuthenticatorAttachment::Platform,
                    Some(Attachment::CrossPlatform) => AuthenticatorAttachment::CrossPlatform,
                },
            },
        )
        .map_err(|error| Fault::Unfit(error.to_string()))?;
        let origins = [Expected(response.origin)];
        let options = AuthenticationVerificationOptions {
            allowed_origins: &origins,
            // As for a registration.
            allowed_top_origins: Some(&[Anything]),
            backup_requirement: match record.backup {
                None => Some(BackupReq::None),
                Some(_) => None,
            },
            error_on_unsolicited_extensions: false,
            update_uv: true,
            sig_counter_enforcement: SignatureCounterEnforcement::Fail,
            ..AuthenticationVerificationOptions::default()
        };
        let rp_id = rp_id(&ceremony.rp_id)?;
        state
            .verify(&rp_id, &authentication, &mut kept, &options)
            .map_err(|error| {
                authentication_fault(&error, &client_data, response, &ceremony.rp_id)
            })?;
        let state = kept.dynamic_state();
        let authenticated = Authenticated {
            challenge_id: ceremony.challenge_id.clone(),
            user_id: owner.to_owned(),
            credential_id: id.to_owned(),
            user_verified: state.user_verified,
            record: Record {
                sign_count: state.sign_count,
                backup: Some(Backup::of(state.backup)),
                attachment: attachment(state.authenticator_attachment),
                ..record.clone()
            },
        };
        self.open.remove(&client_data.challenge);
        Ok(authenticated)
    }

    /// Ends those of a user.
    pub fn forget(&mut self, user_id: &str) {
        self.open
            .retain(|_, ceremony| ceremony.user_id.as_deref() != Some(user_id));
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The handle of a user: WebAuthn Level 3, 14.6.1, asks for one that tells nothing about the person.
    fn user_handle(&self, user_id: &str) -> [u8; HANDLE] {
        let mut hash = Sha256::new();
        hash.update(&self.tenant_id);
        hash.update([0]);
        hash.update(user_id);
        hash.finalize().into()
    }

    /// Opens a ceremony; gives the ids that it goes by.
    fn open(
        &mut self,
        ids: &mut Ids,
        challenge_id: Option<&str>,
        now: Timestamp,
        ceremony: impl FnOnce(String, [u8; CHALLENGE], Timestamp) -> Ceremony,
    ) -> (String, String) {
        let challenge = ids.bytes();
        let challenge_id = challenge_id.map_or_else(|| ids.uuid(), str::to_owned);
        let expires = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
        let name = URL_SAFE_NO_PAD.encode(challenge);
        if self.order.len() >= CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.open.remove(&oldest);
        }
        self.order.push_back(name.clone());
        let ceremony = ceremony(challenge_id.clone(), challenge, expires);
        self.open.insert(name.clone(), ceremony);
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
        if ceremony.purpose != purpose || ceremony.kind != response.kind {
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

/// The part of `clientDataJSON` that selects the ceremony, and what a refusal tells of it.
struct ClientData {
    challenge: String,
    origin: String,
}

impl ClientData {
    fn of(response: &Value) -> Result<Self, Fault> {
        let malformed = || Fault::Malformed("clientDataJSON is no JSON in base64url".to_owned());
        let encoded = text(response, "/response/clientDataJSON")?;
        let decoded = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| malformed())?;
        let client_data: Value = serde_json::from_slice(&decoded).map_err(|_| malformed())?;
        let member = |name: &str| {
            let member = client_data.get(name).and_then(Value::as_str);
            member.map(str::to_owned).ok_or_else(|| {
                Fault::Malformed(format!("clientDataJSON has no member {name} of text"))
            })
        };
        Ok(Self {
            challenge: member("challenge")?,
            origin: member("origin")?,
        })
    }
}

/// The origin that a response has to come from.
struct Expected<'a>(&'a str);

impl PartialEq<Origin<'_>> for Expected<'_> {
    fn eq(&self, other: &Origin<'_>) -> bool {
        self.0 == other.0 || other.0.starts_with(ANDROID_ORIGIN)
    }
}

/// Any origin of the page around.
struct Anything;

impl PartialEq<Origin<'_>> for Anything {
    fn eq(&self, _: &Origin<'_>) -> bool {
        true
    }
}

fn timeout() -> u32 {
    u32::try_from(LIFE.as_millis()).unwrap_or(u32::MAX)
}

/// A passkey works without it too, so that authenticators which cannot do it are not shut out; a security key is the
/// second factor, and asks nobody for a PIN.
fn verification(kind: Kind) -> &'static str {
    match kind {
        Kind::Passkey => "preferred",
        Kind::SecurityKey => "discouraged",
    }
}

/// Credentials as options name them: those that have an id which browsers take.
fn descriptors(credentials: &[&Credential]) -> Vec<Descriptor> {
    credentials
        .iter()
        .filter(|credential| URL_SAFE_NO_PAD.decode(&credential.id).is_ok())
        .map(|credential| Descriptor {
            id: credential.id.clone(),
            r#type: "public-key",
            transports: credential.record.transports.clone(),
        })
        .collect()
}

fn text<'v>(value: &'v Value, pointer: &str) -> Result<&'v str, Fault> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .ok_or_else(|| Fault::Malformed(format!("{pointer} is missing or no text")))
}

fn bytes(value: &Value) -> Vec<u8> {
    // A value is written as it was read, so there is nothing that could fail.
    serde_json::to_vec(value).unwrap_or_default()
}

fn rp_id(domain: &str) -> Result<RpId, Fault> {
    AsciiDomain::try_from(domain.to_owned())
        .map(RpId::Domain)
        .map_err(|error| Fault::Unfit(format!("{domain} is no domain: {error}")))
}

/// The response with its attestation statement in the canonical order, and without a statement by certificates. No
/// attestation was asked for; a browser takes such a statement out, and other clients leave it in.
fn plain_attestation(response: &Value) -> Result<Value, Fault> {
    const POINTER: &str = "/response/attestationObject";
    let malformed = || Fault::Malformed("attestationObject is no CBOR map in base64url".to_owned());
    let encoded = text(response, POINTER)?;
    let decoded = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| malformed())?;
    let object: Cbor = ciborium::from_reader(decoded.as_slice()).map_err(|_| malformed())?;
    let entries = object.as_map().ok_or_else(malformed)?;
    let member = |name: &str| {
        entries
            .iter()
            .find(|(key, _)| key.as_text() == Some(name))
            .map(|(_, value)| value)
            .ok_or_else(malformed)
    };
    let (format, statement, data) = (member("fmt")?, member("attStmt")?, member("authData")?);
    let statement = statement.as_map().ok_or_else(malformed)?;
    let has_certificates = statement
        .iter()
        .any(|(key, _)| key.as_text() == Some("x5c"));
    let (format, statement) = match format.as_text() {
        Some("packed") if !has_certificates => {
            let mut ordered = statement.clone();
            ordered.sort_by_key(|(key, _)| key.as_text().map(str::to_owned));
            (format.clone(), ordered)
        }
        Some(_) => (Cbor::from("none"), Vec::new()),
        None => return Err(malformed()),
    };
    let plain = Cbor::Map(vec![
        (Cbor::from("fmt"), format),
        (Cbor::from("attStmt"), Cbor::Map(statement)),
        (Cbor::from("authData"), data.clone()),
    ]);
    let mut written = Vec::with_capacity(decoded.len());
    ciborium::into_writer(&plain, &mut written).map_err(|_| malformed())?;
    let mut response = response.clone();
    if let Some(place) = response.pointer_mut(POINTER) {
        *place = URL_SAFE_NO_PAD.encode(written).into();
    }
    Ok(response)
}

/// The crate draws challenges itself and lets nobody else; a state that it wrote down it reads again, with ours in it.
/// The layout is that of `RegistrationServerState::encode`.
fn registration_state(
    ceremony: &Ceremony,
    handle: [u8; HANDLE],
    conditional: bool,
) -> Result<RegistrationServerState<HANDLE>, Fault> {
    const OPTIONAL: u8 = 1;
    const CONDITIONAL: u8 = 2;
    let mut state = vec![if conditional { CONDITIONAL } else { OPTIONAL }];
    state.extend(ceremony.challenge);
    // Every algorithm.
    state.push(0b1111);
    // Attachment, and no hint.
    state.extend(match ceremony.attachment {
        None => [0, 0],
        Some(Attachment::Platform) => [1, 0],
        Some(Attachment::CrossPlatform) => [2, 0],
    });
    // Discoverable: required or discouraged. The same of user verification, in `user_verification`.
    state.push(match ceremony.kind {
        Kind::Passkey => 0,
        Kind::SecurityKey => 1,
    });
    state.push(user_verification(ceremony.kind));
    // No extension is enforced.
    state.extend([0; 4]);
    state.extend(never());
    state.extend(handle);
    RegistrationServerState::decode(&state).map_err(|error| Fault::Unfit(error.to_string()))
}

/// As for a registration; the layout is that of `NonDiscoverableAuthenticationServerState::encode`.
fn authentication_state(
    ceremony: &Ceremony,
    credential_id: &[u8],
) -> Result<NonDiscoverableAuthenticationServerState, Fault> {
    let length = u16::try_from(credential_id.len())
        .map_err(|_| Fault::Malformed("id is too long".to_owned()))?;
    let mut state = ceremony.challenge.to_vec();
    state.push(user_verification(ceremony.kind));
    // No extension.
    state.push(0);
    state.extend(never());
    // One credential, and no extension of its own.
    state.extend(1_u16.to_le_bytes());
    state.extend(length.to_le_bytes());
    state.extend(credential_id);
    state.push(0);
    NonDiscoverableAuthenticationServerState::decode(&state)
        .map_err(|error| Fault::Unfit(error.to_string()))
}

fn user_verification(kind: Kind) -> u8 {
    match kind {
        Kind::SecurityKey => 1,
        Kind::Passkey => 2,
    }
}

/// An end of the year 9999: the time is the mock's own, so the crate is not to look at a clock.
fn never() -> [u8; 12] {
    let mut never = [0; 12];
    never[..8].copy_from_slice(&253_402_300_799_u64.to_le_bytes());
    never
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
        backup: Some(Backup::of(state.backup)),
        attachment: attachment(state.authenticator_attachment),
        transports: transports(credential.transports()),
        is_registered_here: true,
    }
}

fn transports(transports: AuthTransports) -> Vec<&'static str> {
    [
        (AuthenticatorTransport::Ble, "ble"),
        (AuthenticatorTransport::Hybrid, "hybrid"),
        (AuthenticatorTransport::Internal, "internal"),
        (AuthenticatorTransport::Nfc, "nfc"),
        (AuthenticatorTransport::SmartCard, "smart-card"),
        (AuthenticatorTransport::Usb, "usb"),
    ]
    .into_iter()
    .filter(|(transport, _)| transports.contains(*transport))
    .map(|(_, word)| word)
    .collect()
}

/// The text form of 16 bytes.
fn uuid_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// A public key as COSE in base64url (RFC 9052, 9053, 8230, 8812).
fn public_key_text(key: UncompressedPubKey<'_>) -> Result<String, Fault> {
    let point = |algorithm: i64, curve: i64, x: &[u8], y: &[u8]| {
        vec![
            (1, Cbor::from(2)),
            (3, Cbor::from(algorithm)),
            (-1, Cbor::from(curve)),
            (-2, Cbor::from(x)),
            (-3, Cbor::from(y)),
        ]
    };
    let entries = match key {
        UncompressedPubKey::Ed25519(key) => vec![
            (1, Cbor::from(1)),
            (3, Cbor::from(-8)),
            (-1, Cbor::from(6)),
            (-2, Cbor::from(*key.inner())),
        ],
        UncompressedPubKey::P256(key) => point(-7, 1, key.x(), key.y()),
        UncompressedPubKey::P384(key) => point(-35, 2, key.x(), key.y()),
        UncompressedPubKey::Rsa(key) => vec![
            (1, Cbor::from(3)),
            (3, Cbor::from(-257)),
            (-1, Cbor::from(*key.n())),
            (-2, Cbor::from(exponent(key.e()))),
        ],
    };
    let map = Cbor::Map(
        entries
            .into_iter()
            .map(|(key, value)| (Cbor::from(key), value))
            .collect(),
    );
    let mut written = Vec::new();
    ciborium::into_writer(&map, &mut written)
        .map_err(|error| Fault::Malformed(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(written))
}

/// A number without leading zeros.
fn exponent(number: u32) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    bytes[(number.leading_zeros() / 8) as usize..].to_vec()
}

type PublicKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// Reads a public key that is COSE in base64url, with or without padding.
fn public_key(text: &str) -> Option<PublicKey> {
    let cose = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let cose: Cbor = ciborium::from_reader(cose.as_slice()).ok()?;
    let entries = cose.as_map()?;
    let member = |label: i64| {
        let is_it = |key: &Cbor| key.as_integer() == Some(label.into());
        let found = entries.iter().find(|(key, _)| is_it(key));
        found.map(|(_, value)| value)
    };
    let number = |label| member(label)?.as_integer().map(i128::from);
    let bytes = |label| member(label)?.as_bytes().map(Vec::as_slice);
    // A point is kept as one coordinate and the last bit of the other.
    let is_odd = |y: &[u8]| y.last().is_some_and(|last| last & 1 == 1);
    let key = match (number(1)?, number(3)?) {
        (1, -8) => {
            CompressedPubKey::Ed25519(Ed25519PubKey::from(<[u8; 32]>::try_from(bytes(-2)?).ok()?))
        }
        (2, -7) => CompressedPubKey::P256(CompressedP256PubKey::from((
            <[u8; 32]>::try_from(bytes(-2)?).ok()?,
            is_odd(bytes(-3)?),
        ))),
        (2, -35) => CompressedPubKey::P384(CompressedP384PubKey::from((
            <[u8; 48]>::try_from(bytes(-2)?).ok()?,
            is_odd(bytes(-3)?),
        ))),
        (3, -257) => {
            let exponent = bytes(-2)?.iter().try_fold(0_u32, |all, byte| {
                Some(all.checked_mul(256)? + u32::from(*byte))
            })?;
            CompressedPubKey::Rsa(RsaPubKey::try_from((bytes(-1)?.to_vec(), exponent)).ok()?)
        }
        _ => return None,
    };
    Some(key)
}

/// Whether a text is a public key that assertions can be verified with.
pub fn is_public_key(text: &str) -> bool {
    public_key(text).is_some()
}

fn registration_fault(
    error: &RegCeremonyErr,
    client_data: &ClientData,
    response: &Response<'_>,
    rp_id: &str,
) -> Fault {
    match error {
        RegCeremonyErr::OriginMismatch => origin_fault(client_data, response),
        RegCeremonyErr::RpIdHashMismatch => Fault::RelyingParty(rp_id.to_owned()),
        RegCeremonyErr::AttestationSignature => Fault::Signature,
        RegCeremonyErr::CollectedClientData(_)
        | RegCeremonyErr::CollectedClientDataRelaxed(_)
        | RegCeremonyErr::AttestationObject(_)
        | RegCeremonyErr::PubKey(_) => Fault::Malformed(error.to_string()),
        _ => Fault::Unfit(error.to_string()),
    }
}

fn authentication_fault(
    error: &AuthCeremonyErr,
    client_data: &ClientData,
    response: &Response<'_>,
    rp_id: &str,
) -> Fault {
    match error {
        AuthCeremonyErr::OriginMismatch => origin_fault(client_data, response),
        AuthCeremonyErr::RpIdHashMismatch => Fault::RelyingParty(rp_id.to_owned()),
        AuthCeremonyErr::AssertionSignature => Fault::Signature,
        AuthCeremonyErr::SignatureCounter => Fault::Counter,
        AuthCeremonyErr::UserHandleMismatch | AuthCeremonyErr::MissingUserHandle => {
            Fault::UserHandle
        }
        AuthCeremonyErr::PubKey(_) => Fault::PublicKey,
        AuthCeremonyErr::CollectedClientData(_)
        | AuthCeremonyErr::CollectedClientDataRelaxed(_)
        | AuthCeremonyErr::AuthenticatorData(_) => Fault::Malformed(error.to_string()),
        _ => Fault::Unfit(error.to_string()),
    }
}

fn origin_fault(client_data: &ClientData, response: &Response<'_>) -> Fault {
    Fault::Origin {
        got: client_data.origin.clone(),
        expected: response.origin.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            exclude,
        }
    }

    #[test]
    fn creation_options_are_those_of_the_standard() {
        let (mut ceremonies, mut ids) = (Ceremonies::new("tenant"), Ids::new([7; 32]));
        let existing = credential("ZXhpc3Rpbmc");
        let odd = credential("not base64url");
        let request = RegistrationRequest {
            challenge_id: Some("c"),
            attachment: Some(Attachment::Platform),
            ..registration(Kind::Passkey, vec![&existing, &odd])
        };
        let started = ceremonies.start_registration(&mut ids, &request, Timestamp::UNIX_EPOCH);
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
                "attestation": "none",
                "extensions": {"credProps": true},
            })
        );
    }

    #[test]
    fn a_security_key_is_another_device_and_asks_for_no_pin() {
        let (mut ceremonies, mut ids) = (Ceremonies::new("tenant"), Ids::new([7; 32]));
        let request = registration(Kind::SecurityKey, Vec::new());
        let started = ceremonies.start_registration(&mut ids, &request, Timestamp::UNIX_EPOCH);
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
            allow: vec![&allowed],
        };
        let started = ceremonies.start_authentication(&mut ids, &request, Timestamp::UNIX_EPOCH);
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
    fn the_oldest_ceremony_leaves_first_and_those_of_a_user_with_the_user() {
        let (mut ceremonies, mut ids) = (Ceremonies::new("tenant"), Ids::new([7; 32]));
        let mut first = None;
        for _ in 0..=CAPACITY {
            let request = registration(Kind::Passkey, Vec::new());
            let started = ceremonies.start_registration(&mut ids, &request, Timestamp::UNIX_EPOCH);
            first.get_or_insert(started.options.challenge);
        }
        assert_eq!(
            (ceremonies.len(), ceremonies.order.len()),
            (CAPACITY, CAPACITY)
        );
        assert!(!ceremonies.open.contains_key(&first.unwrap()));
        ceremonies.forget("bob");
        assert_eq!(ceremonies.len(), CAPACITY);
        ceremonies.forget("ada");
        assert!(ceremonies.is_empty());
    }

    #[test]
    fn a_state_that_is_written_here_is_the_one_that_the_crate_reads() {
        use webauthn_rp::bin::Encode as _;
        use webauthn_rp::request::TimedCeremony as _;
        for (kind, attachment) in [
            (Kind::Passkey, None),
            (Kind::Passkey, Some(Attachment::Platform)),
            (Kind::SecurityKey, Some(Attachment::CrossPlatform)),
        ] {
            let ceremony = Ceremony {
                challenge_id: "c".into(),
                challenge: [9; CHALLENGE],
                purpose: Purpose::Registration,
                kind,
                user_id: None,
                rp_id: "localhost".into(),
                attachment,
                allow: Vec::new(),
                expires: Timestamp::UNIX_EPOCH,
            };
            let challenge = u128::from_le_bytes([9; CHALLENGE]);
            let state = registration_state(&ceremony, [1; HANDLE], false).unwrap();
            assert_eq!(state.sent_challenge().encode(), Ok(challenge));
            let state = authentication_state(&ceremony, &[2; 16]).unwrap();
            assert_eq!(state.sent_challenge().encode(), Ok(challenge));
        }
    }

    #[test]
    fn a_public_key_of_each_algorithm_is_read_as_it_is_written() {
        use webauthn_rp::response::register::{UncompressedP256PubKey, UncompressedP384PubKey};
        let rsa = [&[0xff; 255][..], &[1]].concat();
        let text = |key| public_key_text(key).unwrap();
        let ed25519 = Ed25519PubKey::try_from(&[1; 32][..]).unwrap();
        let key = text(UncompressedPubKey::Ed25519(ed25519));
        assert!(matches!(
            public_key(&key),
            Some(CompressedPubKey::Ed25519(key)) if key.inner() == &[1; 32]
        ));
        let point = UncompressedP256PubKey::try_from((&[1; 32][..], &[3; 32][..]));
        let key = text(UncompressedPubKey::P256(point.unwrap()));
        assert!(matches!(
            public_key(&key),
            Some(CompressedPubKey::P256(key)) if key.x() == &[1; 32] && key.y_is_odd()
        ));
        let point = UncompressedP384PubKey::try_from((&[1; 48][..], &[2; 48][..]));
        let key = text(UncompressedPubKey::P384(point.unwrap()));
        assert!(matches!(
            public_key(&key),
            Some(CompressedPubKey::P384(key)) if key.x() == &[1; 48] && !key.y_is_odd()
        ));
        for number in [3, 65_537, u32::MAX] {
            let key = RsaPubKey::try_from((rsa.as_slice(), number)).unwrap();
            let key = text(UncompressedPubKey::Rsa(key));
            assert!(matches!(
                public_key(&key),
                Some(CompressedPubKey::Rsa(key)) if key.n() == &rsa && key.e() == number
            ));
        }
        for none in ["", "AAAA", "oQE", "!", &"oQ".repeat(500)] {
            assert!(!is_public_key(none), "{none}");
        }
    }
}
