//! The state of a ceremony, in the byte layout in which `webauthn_rp` stores it. Knows no response.
//!
//! The crate draws every challenge itself and accepts no other source. The mock's challenges come from its seed. But the
//! crate can store a state as bytes and load it again, so this module writes those bytes, with the mock's challenge in
//! them. The layout is private to the crate: the manifest pins the exact version, and the tests below compare each field
//! with the crate's own encoding.
//!
//! When a test fails after an update, correct the fields here. A version that accepts a challenge replaces this module:
//! build the state through its API. A version that does neither leaves one way: let the crate draw the challenge, keep
//! its state in the open ceremony, and redact the challenge in the golden exchanges.

use webauthn_rp::bin::Decode as _;
use webauthn_rp::request::auth::NonDiscoverableAuthenticationServerState;
use webauthn_rp::request::register::RegistrationServerState;

use super::{CHALLENGE, Fault, HANDLE, Kind};
use crate::domain::authsignal::credential::Attachment;
use crate::domain::authsignal::passkey_settings::UserVerification;

/// The last second of the year 9999. The mock checks the age of a ceremony on its own clock, so the crate must never find
/// one too old.
const NEVER: u64 = 253_402_300_799;

/// What both kinds of state are made of.
#[derive(Clone, Copy)]
pub(super) struct Given {
    /// The challenge.
    pub(super) challenge: [u8; CHALLENGE],
    /// What the credential is, or will be, enrolled as.
    pub(super) kind: Kind,
    /// Whether the authenticator is to make sure who the user is.
    pub(super) verification: UserVerification,
}

/// One field of a state, under the crate's name.
type Field = (&'static str, Vec<u8>);

/// The state of a registration. `conditional` says that the browser made the credential without asking the user.
pub(super) fn registration(
    given: Given,
    attachment: Option<Attachment>,
    handle: [u8; HANDLE],
    conditional: bool,
) -> Result<RegistrationServerState<HANDLE>, Fault> {
    let fields = registration_fields(given, attachment, handle, conditional);
    RegistrationServerState::decode(&written(&fields))
        .map_err(|error| Fault::Unfit(error.to_string()))
}

/// The state of an authentication with one credential.
pub(super) fn authentication(
    given: Given,
    credential_id: &[u8],
) -> Result<NonDiscoverableAuthenticationServerState, Fault> {
    let fields = authentication_fields(given, credential_id)?;
    NonDiscoverableAuthenticationServerState::decode(&written(&fields))
        .map_err(|error| Fault::Unfit(error.to_string()))
}

fn written(fields: &[Field]) -> Vec<u8> {
    let bytes = fields.iter().flat_map(|(_, bytes)| bytes);
    bytes.copied().collect()
}

/// The fields of `RegistrationServerState::encode`, in its order.
fn registration_fields(
    given: Given,
    attachment: Option<Attachment>,
    handle: [u8; HANDLE],
    conditional: bool,
) -> [Field; 12] {
    let [seconds, nanoseconds] = expiration();
    [
        // Optional or conditional.
        ("mediation", vec![if conditional { 2 } else { 1 }]),
        ("challenge", given.challenge.to_vec()),
        // Every algorithm.
        ("pub_key_cred_params", vec![0b1111]),
        // No hint.
        (
            "authenticator_selection.authenticator_attachment",
            match attachment {
                None => vec![0, 0],
                Some(Attachment::Platform) => vec![1, 0],
                Some(Attachment::CrossPlatform) => vec![2, 0],
            },
        ),
        // Required or discouraged.
        (
            "authenticator_selection.resident_key",
            vec![match given.kind {
                Kind::Passkey => 0,
                Kind::SecurityKey => 1,
            }],
        ),
        (
            "authenticator_selection.user_verification",
            vec![user_verification(given.verification)],
        ),
        // The mock enforces no extension.
        ("extensions.cred_props", vec![0]),
        ("extensions.cred_protect", vec![0]),
        ("extensions.min_pin_length and prf", vec![0, 0]),
        seconds,
        nanoseconds,
        ("user_id", handle.to_vec()),
    ]
}

/// The fields of `NonDiscoverableAuthenticationServerState::encode`, in its order.
fn authentication_fields(given: Given, credential_id: &[u8]) -> Result<[Field; 9], Fault> {
    let length = u16::try_from(credential_id.len())
        .map_err(|_| Fault::Malformed("id is too long".to_owned()))?;
    let [seconds, nanoseconds] = expiration();
    Ok([
        ("challenge", given.challenge.to_vec()),
        (
            "user_verification",
            vec![user_verification(given.verification)],
        ),
        ("extensions.prf", vec![0]),
        seconds,
        nanoseconds,
        ("allow_credentials: count", 1_u16.to_le_bytes().to_vec()),
        (
            "allow_credentials: length of id",
            length.to_le_bytes().to_vec(),
        ),
        ("allow_credentials: id", credential_id.to_vec()),
        ("allow_credentials: prf", vec![0]),
    ])
}

fn expiration() -> [Field; 2] {
    [
        ("expiration: seconds", NEVER.to_le_bytes().to_vec()),
        ("expiration: nanoseconds", vec![0; 4]),
    ]
}

/// As in the options.
fn user_verification(verification: UserVerification) -> u8 {
    match verification {
        UserVerification::Required => 0,
        UserVerification::Discouraged => 1,
        UserVerification::Preferred => 2,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use webauthn_rp::bin::Encode as _;
    use webauthn_rp::request::auth::{AllowedCredentials, NonDiscoverableCredentialRequestOptions};
    use webauthn_rp::request::register::{
        AuthenticatorAttachmentReq, AuthenticatorSelectionCriteria, CredProtect, CrossPlatformHint,
        Extension, PlatformHint, PublicKeyCredentialCreationOptions, ResidentKeyRequirement,
        UserHandle,
    };
    use webauthn_rp::request::{
        AsciiDomain, CredentialMediationRequirement, Credentials as _, Hint,
        PublicKeyCredentialDescriptor, RpId, TimedCeremony, UserVerificationRequirement as Theirs,
    };
    use webauthn_rp::response::{AuthTransports, CredentialId};

    use super::*;

    const ID: [u8; 16] = [2; 16];

    fn rp_id() -> RpId {
        RpId::Domain(AsciiDomain::try_from("localhost".to_owned()).unwrap())
    }

    fn requirement(verification: UserVerification) -> Theirs {
        match verification {
            UserVerification::Required => Theirs::Required,
            UserVerification::Preferred => Theirs::Preferred,
            UserVerification::Discouraged => Theirs::Discouraged,
        }
    }

    /// Compares what the crate wrote with our fields. Challenge and expiration are the crate's own: they are compared with
    /// what it says about them.
    fn compare(what: &str, theirs: &[u8], ours: &[Field], ceremony: &impl TimedCeremony) {
        let challenge: u128 = ceremony.sent_challenge().encode().unwrap();
        let expires = Timestamp::try_from(ceremony.expiration()).unwrap();
        let seconds = u64::try_from(expires.as_second()).unwrap();
        let nanoseconds = u32::try_from(expires.subsec_nanosecond()).unwrap();
        let mut rest = theirs;
        for (name, bytes) in ours {
            let (found, after) = rest.split_at_checked(bytes.len()).unwrap_or_else(|| {
                panic!("webauthn_rp ends the state of {what} before the field {name}")
            });
            let expected = match *name {
                "challenge" => challenge.to_le_bytes().to_vec(),
                "expiration: seconds" => seconds.to_le_bytes().to_vec(),
                "expiration: nanoseconds" => nanoseconds.to_le_bytes().to_vec(),
                _ => bytes.clone(),
            };
            assert_eq!(
                found, expected,
                "webauthn_rp has changed the field {name} in the state of {what}"
            );
            rest = after;
        }
        assert!(
            rest.is_empty(),
            "webauthn_rp has added a field to the end of the state of {what}"
        );
    }

    #[test]
    fn each_field_of_a_registration_is_the_one_that_the_crate_writes() {
        let handle = UserHandle::<HANDLE>::decode([1; HANDLE]).unwrap();
        use UserVerification::{Discouraged, Preferred, Required};
        for (kind, attachment, verification, conditional) in [
            (Kind::Passkey, None, Preferred, false),
            (Kind::Passkey, None, Required, false),
            (Kind::Passkey, Some(Attachment::Platform), Preferred, true),
            (
                Kind::SecurityKey,
                Some(Attachment::CrossPlatform),
                Discouraged,
                false,
            ),
        ] {
            let rp_id = rp_id();
            let mut options =
                PublicKeyCredentialCreationOptions::passkey(&rp_id, (&handle).into(), Vec::new());
            options.authenticator_selection = AuthenticatorSelectionCriteria {
                authenticator_attachment: match attachment {
                    None => AuthenticatorAttachmentReq::None(Hint::None),
                    Some(Attachment::Platform) => {
                        AuthenticatorAttachmentReq::Platform(PlatformHint::None)
                    }
                    Some(Attachment::CrossPlatform) => {
                        AuthenticatorAttachmentReq::CrossPlatform(CrossPlatformHint::None)
                    }
                },
                resident_key: match kind {
                    Kind::Passkey => ResidentKeyRequirement::Required,
                    Kind::SecurityKey => ResidentKeyRequirement::Discouraged,
                },
                user_verification: requirement(verification),
            };
            options.extensions = Extension {
                cred_props: None,
                cred_protect: CredProtect::None,
                min_pin_length: None,
                prf: None,
            };
            if conditional {
                options.mediation = CredentialMediationRequirement::Conditional;
            }
            let (state, _) = options.start_ceremony().unwrap();
            let given = Given {
                challenge: [9; CHALLENGE],
                kind,
                verification,
            };
            let fields = registration_fields(given, attachment, [1; HANDLE], conditional);
            let what = format!("the registration of {kind:?}");
            compare(&what, &state.encode().unwrap(), &fields, &state);
        }
    }

    #[test]
    fn each_field_of_an_authentication_is_the_one_that_the_crate_writes() {
        for (kind, verification) in [
            (Kind::Passkey, UserVerification::Preferred),
            (Kind::Passkey, UserVerification::Required),
            (Kind::SecurityKey, UserVerification::Discouraged),
        ] {
            let rp_id = rp_id();
            let mut allowed = AllowedCredentials::with_capacity(1);
            let credential = PublicKeyCredentialDescriptor {
                id: CredentialId::<Vec<u8>>::decode(ID.to_vec()).unwrap(),
                transports: AuthTransports::decode(0).unwrap(),
            };
            assert!(allowed.push(credential.into()));
            let mut options =
                NonDiscoverableCredentialRequestOptions::second_factor(&rp_id, allowed).unwrap();
            options.options().user_verification = requirement(verification);
            let (state, _) = options.start_ceremony().unwrap();
            let given = Given {
                challenge: [9; CHALLENGE],
                kind,
                verification,
            };
            let fields = authentication_fields(given, &ID).unwrap();
            let what = format!("the authentication with {kind:?}");
            compare(&what, &state.encode().unwrap(), &fields, &state);
        }
    }

    #[test]
    fn the_crate_reads_the_challenge_that_is_written_here() {
        let challenge = u128::from_le_bytes([9; CHALLENGE]);
        for kind in [Kind::Passkey, Kind::SecurityKey] {
            let given = Given {
                challenge: [9; CHALLENGE],
                kind,
                verification: UserVerification::Preferred,
            };
            let state = registration(given, None, [1; HANDLE], false).unwrap();
            assert_eq!(state.sent_challenge().encode(), Ok(challenge));
            let state = authentication(given, &ID).unwrap();
            assert_eq!(state.sent_challenge().encode(), Ok(challenge));
        }
    }
}
