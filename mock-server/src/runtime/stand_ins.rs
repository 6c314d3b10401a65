//! A dump without secrets: each secret of a state gives way to another text of the same form. Equal secrets give way to
//! equal texts, so that what belongs together still does. Knows no tenant.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::domain::ids::hex;

/// Members that hold a secret, or a list of secrets.
const SECRETS: [&str; 20] = [
    "accessKey",
    "apiKey",
    "apiSecret",
    "authToken",
    "code",
    "deviceCode",
    "notificationToken",
    "password",
    "privateKey",
    "pushToken",
    "recoveryCodes",
    "refreshToken",
    "requestSecret",
    "secondSecret",
    "secret",
    "serviceAccountKey",
    "serviceSecret",
    "signature",
    "terminalCode",
    "token",
];

/// Members from which every later secret follows. They are hexadecimal digits.
const SEEDS: [&str; 2] = ["seed", "sessionKey"];

/// Members that are links, whose last segment is the secret.
const LINKS: [&str; 2] = ["link", "url"];

/// The otpauth URI of an authenticator app, and the parameter of it that is the secret.
const URI: &str = "otpUri";
const PARAMETER: &str = "secret=";

/// The text of a message, which holds its code or its link.
const TEXT: &str = "text";

/// What takes the place of secrets. Who does not know `salt` cannot find a secret by trying.
pub(super) struct StandIns {
    pub(super) salt: [u8; 32],
}

impl StandIns {
    /// Takes every secret out of a state.
    pub(super) fn replace(&self, value: &mut Value) {
        match value {
            Value::Array(elements) => elements.iter_mut().for_each(|one| self.replace(one)),
            Value::Object(members) => self.replace_in(members),
            _ => {}
        }
    }

    fn replace_in(&self, members: &mut Map<String, Value>) {
        self.replace_in_text(members);
        for (name, member) in members {
            let name = name.as_str();
            match member {
                Value::String(text) if SECRETS.contains(&name) => *text = self.like(text),
                Value::String(text) if SEEDS.contains(&name) => *text = hex(&self.hash(text, 0)),
                Value::String(text) if LINKS.contains(&name) => *text = self.link(text),
                Value::String(text) if name == URI => *text = self.uri(text),
                Value::Array(texts) if SECRETS.contains(&name) => {
                    for one in texts {
                        match one {
                            Value::String(text) => *text = self.like(text),
                            other => self.replace(other),
                        }
                    }
                }
                other => self.replace(other),
            }
        }
    }

    /// The text of a message says the code or the link that stand beside it.
    fn replace_in_text(&self, members: &mut Map<String, Value>) {
        let Some(Value::String(text)) = members.get(TEXT) else {
            return;
        };
        let mut text = text.clone();
        let beside = |name: &str| members.get(name).and_then(Value::as_str);
        if let Some(url) = beside("url") {
            text = text.replace(url, &self.link(url));
        }
        if let Some(code) = beside("code") {
            text = text.replace(code, &self.like(code));
        }
        members.insert(TEXT.to_owned(), text.into());
    }

    /// A link whose last segment is another.
    fn link(&self, url: &str) -> String {
        let at = url.rfind('/').map_or(0, |at| at + 1);
        let (before, secret) = url.split_at(at);
        before.to_owned() + &self.like(secret)
    }

    fn uri(&self, uri: &str) -> String {
        let Some(at) = uri.find(PARAMETER).map(|at| at + PARAMETER.len()) else {
            return self.like(uri);
        };
        let (before, rest) = uri.split_at(at);
        let end = rest.find('&').unwrap_or(rest.len());
        let (secret, after) = rest.split_at(end);
        format!("{before}{}{after}", self.like(secret))
    }

    /// Another text with a digit for each digit, and a letter for each letter. The digits are those of Base32.
    fn like(&self, text: &str) -> String {
        let drawn = (0..).flat_map(|round| self.hash(text, round));
        let drawn = text.chars().zip(drawn);
        let other = |from: u8, count: u8, drawn: u8| char::from(from + drawn % count);
        drawn
            .map(|(one, drawn)| match one {
                '0'..='9' => other(b'2', 6, drawn),
                'a'..='z' => other(b'a', 26, drawn),
                'A'..='Z' => other(b'A', 26, drawn),
                sign => sign,
            })
            .collect()
    }

    fn hash(&self, text: &str, round: u64) -> [u8; 32] {
        let hash = Sha256::new()
            .chain_update(self.salt)
            .chain_update(round.to_le_bytes())
            .chain_update(text);
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::StandIns;

    #[test]
    fn secrets_give_way_to_others_of_their_form_and_the_rest_stays() {
        let mut state = json!({
            "userId": "ada",
            "action": {"action": "signIn", "key": "k1"},
            "messages": [{"to": "+1", "text": "Your code is 123456", "code": "123456", "url": null}],
            "link": "http://localhost/v1/link/abcDEF-12",
            "challenge": {"code": "123456"},
            "otpUri": "otpauth://totp/x?secret=ABCDEFGH&issuer=me",
            "recoveryCodes": ["a1b2c-d3e4f"],
            "seed": "00".repeat(32),
        });
        let before = state.to_string();
        let stand_ins = StandIns { salt: [7; 32] };
        stand_ins.replace(&mut state);
        for secret in ["123456", "abcDEF-12", "ABCDEFGH", "a1b2c", "000000"] {
            assert!(before.contains(secret) && !state.to_string().contains(secret));
        }
        let code = state["challenge"]["code"].as_str().unwrap();
        let message = &state["messages"][0];
        assert_eq!(message["code"], code);
        assert_eq!(message["text"], format!("Your code is {code}"));
        assert_eq!((code.len(), state["seed"].as_str().unwrap().len()), (6, 64));
        let link = state["link"].as_str().unwrap();
        assert!(link.starts_with("http://localhost/v1/link/"), "{link}");
        let uri = state["otpUri"].as_str().unwrap();
        assert!(uri.starts_with("otpauth://totp/x?secret=") && uri.ends_with("&issuer=me"));
        assert_eq!(state["action"], json!({"action": "signIn", "key": "k1"}));
        assert_eq!(state["userId"], "ada");
    }
}
