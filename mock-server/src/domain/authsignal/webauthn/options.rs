//! The options that a browser is called with: those of WebAuthn Level 3, in its JSON form. Knows no open ceremony.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::HANDLE;
use crate::domain::authsignal::credential::{Attachment, Credential, Names};
use crate::domain::authsignal::passkey_settings::UserVerification;
use crate::domain::authsignal::vocabulary::Method;

/// How long a ceremony may take: the recommendation of WebAuthn Level 3. No source gives the vendor's figure.
pub(super) const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Accepted algorithms by their COSE numbers, best first: `ES256`, `EdDSA`, `ES384`, `RS256`.
const ALGORITHMS: [i32; 4] = [-7, -8, -35, -257];

/// What a credential is enrolled as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    /// How they are attached; `None` accepts any.
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
    /// Credentials of authenticators that must not make another one.
    pub exclude_credentials: Vec<Descriptor>,
    /// Which authenticators are accepted.
    pub authenticator_selection: Selection,
    /// Kinds of authenticator that the browser offers first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<&'static str>,
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
    /// Asks for a credential that confirms payments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentExtension>,
}

/// The extension of Secure Payment Confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentExtension {
    /// True.
    pub is_payment: bool,
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
    /// The accepted credentials; empty accepts any discoverable one.
    pub allow_credentials: Vec<Descriptor>,
    /// Whether the authenticator is to make sure who the user is.
    pub user_verification: &'static str,
}

/// What a registration asks for.
#[derive(Clone, Debug)]
pub struct RegistrationRequest<'a> {
    /// What the credential is enrolled as.
    pub kind: Kind,
    /// Id of the challenge; `None` makes a new one.
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
    /// Whether the authenticator is to make sure who the user is. A security key never is.
    pub verification: UserVerification,
    /// Kinds of authenticator that the browser offers first.
    pub hints: Vec<&'static str>,
    /// The user's credentials.
    pub exclude: Vec<&'a Credential>,
    /// What the browser calls the means of payment, if the credential is to confirm payments.
    pub payment: Option<&'a str>,
    /// Whom the page names, to keep with the credential.
    pub names: Option<Box<Names>>,
}

/// What an authentication asks for.
#[derive(Clone, Debug)]
pub struct AuthenticationRequest<'a> {
    /// What the credential was enrolled as.
    pub kind: Kind,
    /// Id of the challenge; `None` makes a new one.
    pub challenge_id: Option<&'a str>,
    /// The user; `None` if the credential identifies the user.
    pub user_id: Option<&'a str>,
    /// Domain of the relying party.
    pub rp_id: &'a str,
    /// Whether the authenticator is to make sure who the user is. A security key never is.
    pub verification: UserVerification,
    /// The accepted credentials; empty accepts any discoverable one.
    pub allow: Vec<&'a Credential>,
}

/// A ceremony that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started<O> {
    /// Id of its challenge, for the vendor's API; the standard knows none.
    pub challenge_id: String,
    /// What the browser is called with.
    pub options: O,
}

impl RegistrationRequest<'_> {
    /// How the authenticator has to be attached.
    pub(super) fn attachment(&self) -> Option<Attachment> {
        match self.kind {
            // The draft of Secure Payment Confirmation asks for that, and the vendor's SDK relies on the server for it.
            Kind::Passkey if self.payment.is_some() => Some(Attachment::Platform),
            Kind::Passkey => self.attachment,
            Kind::SecurityKey => Some(Attachment::CrossPlatform),
        }
    }

    /// Whether the authenticator is to make sure who the user is.
    pub(super) fn verification(&self) -> UserVerification {
        match self.payment {
            Some(_) => UserVerification::Required,
            None => verification(self.kind, self.verification),
        }
    }
}

impl AuthenticationRequest<'_> {
    /// Whether the authenticator is to make sure who the user is.
    pub(super) fn verification(&self) -> UserVerification {
        verification(self.kind, self.verification)
    }

    /// Ids of the credentials that the options name.
    pub(super) fn allowed_ids(&self) -> Vec<String> {
        let descriptors = descriptors(&self.allow).into_iter();
        descriptors.map(|descriptor| descriptor.id).collect()
    }
}

impl CreationOptions {
    /// The options of a request. `challenge` is base64url.
    pub(super) fn of(
        request: &RegistrationRequest<'_>,
        handle: [u8; HANDLE],
        challenge: String,
    ) -> Self {
        let (is_resident, resident_key) = match request.kind {
            Kind::Passkey => (true, "required"),
            // A security key is the second factor of a known user, so nobody has to discover it.
            Kind::SecurityKey => (false, "discouraged"),
        };
        Self {
            rp: RelyingParty {
                id: request.rp_id.to_owned(),
                name: request.rp_name.to_owned(),
            },
            user: UserEntity {
                id: URL_SAFE_NO_PAD.encode(handle),
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
                authenticator_attachment: request.attachment().map(Attachment::word),
                require_resident_key: is_resident,
                resident_key,
                user_verification: request.verification().word(),
            },
            hints: request.hints.clone(),
            attestation: "none",
            extensions: Extensions {
                cred_props: true,
                payment: request
                    .payment
                    .map(|_| PaymentExtension { is_payment: true }),
            },
        }
    }
}

impl RequestOptions {
    /// The options of a request. `challenge` is base64url.
    pub(super) fn of(request: &AuthenticationRequest<'_>, challenge: String) -> Self {
        Self {
            challenge,
            timeout: timeout(),
            rp_id: request.rp_id.to_owned(),
            allow_credentials: descriptors(&request.allow),
            user_verification: request.verification().word(),
        }
    }
}

fn timeout() -> u32 {
    u32::try_from(LIFE.as_millis()).unwrap_or(u32::MAX)
}

/// A security key is the second factor, and asks for no PIN.
fn verification(kind: Kind, of_passkeys: UserVerification) -> UserVerification {
    match kind {
        Kind::Passkey => of_passkeys,
        Kind::SecurityKey => UserVerification::Discouraged,
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
