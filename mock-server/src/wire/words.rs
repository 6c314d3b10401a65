//! Every word of a vendor that the domain has a variant for: one list for each pair of types. Knows no request and no
//! answer.

use crate::domain::activeconnect::session::Status;
use crate::domain::authsignal::flow::{FlowState, StepType};
use crate::domain::authsignal::passkey_settings::{
    AttachmentSetting, RegistrationHint, UserVerification,
};
use crate::domain::authsignal::vocabulary::{IdTokenMethod, Method, State};
use crate::generated::{activeconnect, authsignal, authsignal_shared, mock_control};

/// Implements `From` between an enum of the domain and enums of the wire with the same variant names. `<=>` goes both
/// ways; `=>` is for a domain that knows fewer words than the wire.
macro_rules! words {
    ($domain:ident => $($wire:path),+: $variants:tt) => {
        $(words!(@to_wire $domain, $wire, $variants);)+
    };
    ($domain:ident <=> $($wire:path),+: $variants:tt) => {
        $(
            words!(@to_wire $domain, $wire, $variants);
            words!(@to_domain $domain, $wire, $variants);
        )+
    };
    (@to_wire $domain:ident, $wire:path, [$($variant:ident)+]) => {
        impl From<$domain> for $wire {
            fn from(word: $domain) -> Self {
                match word {
                    $($domain::$variant => Self::$variant,)+
                }
            }
        }
    };
    (@to_domain $domain:ident, $wire:path, [$($variant:ident)+]) => {
        impl From<$wire> for $domain {
            fn from(word: $wire) -> Self {
                type Word = $wire;
                match word {
                    $(Word::$variant => Self::$variant,)+
                }
            }
        }
    };
}

words!(Method => authsignal_shared::types::VerificationMethod: [
    Sms EmailOtp EmailMagicLink AuthenticatorApp Passkey SecurityKey Push QrCode Whatsapp RecoveryCode InApp
]);

words!(IdTokenMethod => authsignal_shared::types::VerificationMethod: [AppleIdToken GoogleIdToken]);

words!(IdTokenMethod <=> mock_control::types::IdTokenMethod: [AppleIdToken GoogleIdToken]);

words!(State <=> authsignal::types::UserActionState: [
    Allow Block ChallengeRequired ChallengeSucceeded ChallengeFailed ReviewRequired ReviewSucceeded ReviewFailed
]);

words!(FlowState => authsignal_shared::types::FlowState: [
    ChallengeRequired ChallengeSucceeded ChallengeFailed
]);

words!(StepType => authsignal_shared::types::FlowStepType: [
    VerificationRequired EnrollmentRequired EnrollmentOptional
]);

words!(Status => activeconnect::types::SessionStatus, mock_control::types::SessionStatus: [
    Pending Identifying Active Walkaway Timeout Cancelled Failed Closed
]);

words!(UserVerification <=> mock_control::types::UserVerificationRequirement: [
    Discouraged Preferred Required
]);

words!(AttachmentSetting <=> mock_control::types::AuthenticatorAttachment: [
    CrossPlatform Platform AllSupported
]);

words!(RegistrationHint <=> mock_control::types::PasskeyRegistrationHint: [
    ClientDevice Hybrid SecurityKey
]);

/// The method of a word; `None` for a method that the mock cannot do anything with.
pub(crate) fn method(word: authsignal_shared::types::VerificationMethod) -> Option<Method> {
    Method::ALL
        .into_iter()
        .find(|method| authsignal_shared::types::VerificationMethod::from(*method) == word)
}

#[cfg(test)]
mod tests {
    use crate::domain::authsignal::vocabulary::Named;
    use crate::generated::authsignal;

    #[test]
    fn every_word_of_the_spec_names_a_method() {
        let found = authsignal::routes::SCHEMAS
            .read()
            .pointer("/components/schemas/VerificationMethod/enum")
            .unwrap();
        for word in found.as_array().unwrap() {
            let word = word.as_str().unwrap();
            assert!(Named::of_word(word).is_some(), "{word}");
        }
    }
}
