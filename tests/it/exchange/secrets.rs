//! The secrets of an exchange, which snapshots show by name. Must not know how an exchange is rendered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::world::{API_SECRET, MANAGEMENT_SECRET, TERMINAL_SECRET, WRONG_SECRET, World, basic};

impl World {
    pub(super) fn secrets(&self, into: &mut Vec<(String, &'static str)>) {
        into.push((self.application.secret.clone(), "application_secret"));
        into.push((self.registration_token.clone(), "registration_token"));
        into.push((self.device.secret.clone(), "device_secret"));
        into.push((self.session.secret.clone(), "session_secret"));
        into.push((self.request.secret.clone(), "identification_data_secret"));
        let credential = |secret| basic(secret).replace("Basic ", "");
        into.push((credential(API_SECRET), "api_secret"));
        into.push((credential(MANAGEMENT_SECRET), "management_secret"));
        into.push((TERMINAL_SECRET.to_owned(), "terminal_secret"));
        into.push((credential(WRONG_SECRET), "wrong_secret"));
        let kept = |name| self.kept(name).unwrap_or_default().to_owned();
        into.push((kept("token"), "token"));
        into.push((kept("accessToken"), "access_token"));
        into.push((kept("refreshToken"), "refresh_token"));
        into.push((kept("challengeToken"), "challenge_token"));
        into.push((kept("deviceCode"), "device_code"));
        into.push((kept("code"), "code"));
        into.push((self.code().unwrap_or_default(), "code"));
        if self.kept("secret").is_some() {
            into.push((kept("secret"), "totp_secret"));
            into.push((self.totp(), "totp"));
        }
        into.retain(|(secret, _)| !secret.is_empty());
    }
}

/// What a member of an answer keeps secret: the part of its text that does, under which name, and whether that looks
/// like one.
fn secret_of<'text>(member: &str, text: &'text str) -> Option<(&'text str, &'static str, bool)> {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let long = text.len() >= 24 && text.bytes().all(plain);
    let hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    Some(match member {
        "session_secret" => (text, "session_secret", long),
        "device_secret" => (text, "device_secret", long),
        "service_secret" => (text, "service_secret", long),
        "identification_data_secret" => (text, "identification_data_secret", long),
        "token" => (text, "token", is_jwt(text)),
        "accessToken" => (text, "access_token", is_jwt(text)),
        "challengeToken" => (text, "challenge_token", is_jwt(text)),
        "refreshToken" => (text, "refresh_token", hex(text, 96)),
        "deviceCode" => (text, "device_code", long),
        // Of a seed.
        "secret" if text == API_SECRET => (text, "api_secret", true),
        "managementSecret" => (text, "management_secret", long),
        "terminalSecret" => (text, "terminal_secret", long),
        // Of a tenant that was created.
        "secretKey" => (text, "api_secret", long),
        "managementSecretKey" => (text, "management_secret", long),
        "terminalSecretKey" => (text, "terminal_secret", long),
        "applicationSecret" => (text, "application_secret", long),
        "secret" => (text, "totp_secret", is_base32(text)),
        "uri" => {
            let (_, secret) = text
                .split_once("secret=")
                .expect("a URI for authenticator apps");
            let secret = secret.split('&').next().unwrap_or_default();
            (secret, "totp_secret", is_base32(secret))
        }
        "code" => {
            let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
            (text, "code", digits)
        }
        "signature" => {
            let of_webhook = text.starts_with("t=") && text.contains(",v2=");
            // Of a passkey: a DER sequence.
            let der = URL_SAFE_NO_PAD.decode(text);
            let right = of_webhook || der.is_ok_and(|der| der.first() == Some(&0x30));
            (text, "signature", right)
        }
        "recoveryCodes" => {
            let halves = text.split_once('-');
            let right = halves.is_some_and(|(first, second)| hex(first, 5) && hex(second, 5));
            (text, "recovery_code", right)
        }
        "register_url" | "url" | "challengeUrl" => match text.split_once("?token=") {
            Some((_, token)) => (token, "token", is_jwt(token)),
            // A webhook's.
            None if member == "url" && !text.contains("/register/") => return None,
            None => {
                let (_, path) = text
                    .split_once("/register/")
                    .expect("the path of a registration link");
                let token = path.rsplit('/').next().unwrap_or_default();
                (
                    token,
                    "registration_token",
                    token.len() >= 24 && token.bytes().all(plain),
                )
            }
        },
        _ => return None,
    })
}

/// A key of at least 128 bits, as RFC 4226 asks.
fn is_base32(text: &str) -> bool {
    text.len() >= 26
        && text
            .bytes()
            .all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
}

fn is_jwt(text: &str) -> bool {
    let parts: Vec<Vec<u8>> = text
        .split('.')
        .filter_map(|part| URL_SAFE_NO_PAD.decode(part).ok())
        .collect();
    let is_object =
        |part: &Vec<u8>| serde_json::from_slice::<Value>(part).is_ok_and(|part| part.is_object());
    parts.len() == 3 && text.matches('.').count() == 2 && parts[..2].iter().all(is_object)
}

/// Finds the secrets of an answer, and checks that each looks like one.
pub(super) fn secrets_in(value: &Value, found: &mut Vec<(String, &'static str)>) {
    fn inside(member: &str, value: &Value, found: &mut Vec<(String, &'static str)>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| inside(member, item, found)),
            Value::Object(members) => members
                .iter()
                .for_each(|(key, member)| inside(key, member, found)),
            Value::String(text) => {
                if let Some((secret, name, right)) = secret_of(member, text) {
                    assert!(right, "the {name} {secret:?} could be guessed or misread");
                    found.push((secret.to_owned(), name));
                }
            }
            _ => {}
        }
    }
    inside("", value, found);
}
