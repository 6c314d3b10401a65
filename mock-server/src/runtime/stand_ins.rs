//! A dump without secrets: each secret of a state gives way to another text of the same form. Equal secrets give way to
//! equal texts, so that what belongs together still does. Knows no tenant.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::domain::authsignal::webhook::receiver;
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

/// A member that is a link, whose last segment is the secret.
const LINK: &str = "link";

/// The member of a message that is a link, too.
const MESSAGE_LINK: &str = "url";

/// Where webhooks go. Beside a list of receivers, it has URLs by names that the tenant chose.
const TARGETS: &str = "targets";
const ENDPOINTS: &str = "endpoints";

/// Words by names that the tenant chose. None is a secret.
const WORDS: &str = "challengeModes";

/// What a fault answers, as a test has planned it. No part of it is a secret of the mock.
const FAULT: &str = "fault";

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
        let is_message = members.contains_key(TEXT);
        for (name, member) in members {
            let name = name.as_str();
            let is_link = name == LINK || is_message && name == MESSAGE_LINK;
            match member {
                Value::String(text) if SECRETS.contains(&name) => *text = self.like(text),
                Value::String(text) if SEEDS.contains(&name) => *text = hex(&self.hash(text, 0)),
                Value::String(text) if is_link => *text = self.link(text),
                Value::String(text) if receiver::MEMBERS.contains(&name) => {
                    *text = self.receiver(text);
                }
                Value::String(text) if name == URI => *text = self.uri(text),
                Value::Array(texts) if SECRETS.contains(&name) => {
                    for one in texts {
                        match one {
                            Value::String(text) => *text = self.like(text),
                            other => self.replace(other),
                        }
                    }
                }
                Value::Object(targets) if name == TARGETS && targets.contains_key(ENDPOINTS) => {
                    self.replace_in_targets(targets);
                }
                Value::Object(_) if name == WORDS || name == FAULT => {}
                other => self.replace(other),
            }
        }
    }

    /// A name there says nothing: an action may have the code `token`.
    fn replace_in_targets(&self, targets: &mut Map<String, Value>) {
        for member in targets.values_mut() {
            let Value::Object(urls) = member else {
                self.replace(member);
                continue;
            };
            for url in urls.values_mut() {
                if let Value::String(text) = url {
                    *text = self.receiver(text);
                }
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

    /// The URL of a receiver with another user, password and fragment, and other values in its query. It leads to the same
    /// path of the same host.
    fn receiver(&self, url: &str) -> String {
        if !url.contains(['@', '?', '#']) {
            return url.to_owned();
        }
        let Ok(mut read) = Url::parse(url) else {
            return self.like(url);
        };
        let part = |part: &str| self.like(&percent_decode_str(part).decode_utf8_lossy());
        let user = part(read.username());
        let password = read.password().map(part);
        let query = self.query(&read);
        let fragment = read.fragment().map(part);
        // Neither fails for a URL that has a host, as every receiver's does.
        let _ = read.set_username(&user);
        let _ = read.set_password(password.as_deref());
        read.set_query(query.as_deref());
        read.set_fragment(fragment.as_deref());
        read.into()
    }

    fn query(&self, url: &Url) -> Option<String> {
        url.query()?;
        let mut query = Serializer::new(String::new());
        for (name, value) in url.query_pairs() {
            match value.is_empty() {
                // A key may stand alone.
                true => query.append_key_only(&self.like(&name)),
                false => query.append_pair(&name, &self.like(&value)),
            };
        }
        Some(query.finish())
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
                letter if letter.is_alphanumeric() => other(b'a', 26, drawn),
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
        let mut planned =
            json!([{"id": "s", "fault": {"status": 400, "body": {"code": "no_such"}}}]);
        let before = planned.clone();
        stand_ins.replace(&mut planned);
        assert_eq!(planned, before, "a fault answers as it was planned");
    }

    #[test]
    fn a_receiver_keeps_its_place_and_no_key() {
        let url = "http://hookuser:hookpass@127.0.0.1:9/in/x?key=HOOKKEY1&n=#hookpart";
        let plain = "http://127.0.0.1:9";
        let mut state = json!({"authsignal": {
            "configuration": {
                "authenticators": {"SMS": {"webhookUrl": url}},
                "actions": {"deleted": [["pay", {"verificationWebhookUrl": url}]]},
                "challengeModes": {"token": "autoSucceed"},
            },
            "events": {
                "targets": {
                    "endpoints": [{"url": url, "kinds": []}, {"url": plain, "kinds": ["email.created"]}],
                    "verification": {"token": url, "link": url, "pay": plain},
                    "providers": {"SMS": url},
                },
                "deliveries": [{"number": 1, "url": url, "events": []}],
            },
        }});
        StandIns { salt: [7; 32] }.replace(&mut state);
        let told = state.to_string();
        for secret in ["hookuser", "hookpass", "HOOKKEY1", "hookpart"] {
            assert!(!told.contains(secret), "{told}");
        }
        let part = &state["authsignal"];
        let targets = &part["events"]["targets"];
        let shown = targets["endpoints"][0]["url"].as_str().unwrap();
        for same in [
            &part["configuration"]["authenticators"]["SMS"]["webhookUrl"],
            &part["configuration"]["actions"]["deleted"][0][1]["verificationWebhookUrl"],
            &targets["verification"]["token"],
            &targets["verification"]["link"],
            &targets["providers"]["SMS"],
            &part["events"]["deliveries"][0]["url"],
        ] {
            assert_eq!(same, shown);
        }
        assert_eq!(targets["endpoints"][1]["url"], plain);
        assert_eq!(targets["endpoints"][1]["kinds"], json!(["email.created"]));
        assert_eq!(targets["verification"]["pay"], plain);
        assert_eq!(
            part["configuration"]["challengeModes"],
            json!({"token": "autoSucceed"})
        );
        let (user, place) = shown.split_once('@').unwrap();
        assert_eq!(user.len(), "http://hookuser:hookpass".len());
        assert!(place.starts_with("127.0.0.1:9/in/x?key="), "{shown}");
    }

    #[test]
    fn each_part_of_a_receiver_gives_way() {
        let stand_ins = StandIns { salt: [7; 32] };
        for (url, secret, begins) in [
            (
                "http://localhost/a?HOOKKEY1",
                "HOOKKEY1",
                "http://localhost/a?",
            ),
            ("http://hunter@localhost/a", "hunter", "http://"),
            ("http://:hunter@localhost/a", "hunter", "http://:"),
            (
                "http://localhost/a?k=%C3%A9%C3%A8",
                "%C3%A9",
                "http://localhost/a?k=",
            ),
            ("http:\\\\u:hunter@localhost", "hunter", "http://"),
            (
                "http://localhost:80/a?k=hunter",
                "hunter",
                "http://localhost/a?k=",
            ),
        ] {
            let shown = stand_ins.receiver(url);
            assert!(!shown.contains(secret), "{url}: {shown}");
            assert!(shown.starts_with(begins), "{url}: {shown}");
            assert!(shown.contains("localhost/"), "{url}: {shown}");
        }
    }
}
