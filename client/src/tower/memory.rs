//! What the layer remembers of a step-up in the browser: a sealed cookie. Must not know requests to the vendor.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, CookieJar, Key, SameSite};
use hmac_sha256::Hash;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use super::layer::StepUpUser;
use crate::cookies;

/// A key that seals cookies.
#[derive(Clone)]
pub(super) struct Sealed(Key);

impl Sealed {
    /// The crate takes no fewer than 32 bytes, and makes the key for encryption of them by HKDF-SHA-256.
    pub(super) fn by(key: &[u8; 32]) -> Self {
        Self(Key::derive_from(key))
    }
}

/// A step-up of a user that has begun, or was passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// A digest of the user, so that the cookie is short, whatever the id.
    #[serde(rename = "u")]
    user: String,
    /// The idempotency key of the action.
    #[serde(rename = "k")]
    pub(super) key: String,
    /// When it stops to count, in seconds since 1970. The cookie's own expiry is only a wish to the browser.
    #[serde(rename = "e")]
    expires: u64,
    #[serde(rename = "p")]
    pub(super) passed: bool,
}

impl Memory {
    pub(super) fn new(
        user: &StepUpUser,
        key: &str,
        passed: bool,
        now: SystemTime,
        lasts: Duration,
    ) -> Self {
        Self {
            user: digest(user),
            key: key.to_owned(),
            expires: seconds(now).saturating_add(lasts.as_secs()),
            passed,
        }
    }

    fn counts(&self, user: &StepUpUser, now: SystemTime) -> bool {
        self.user == digest(user) && seconds(now) < self.expires
    }

    pub(super) fn expires(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.expires)
    }
}

/// Of the id and what it is bound to. The length stands between them, so that no two pairs have one digest.
fn digest(user: &StepUpUser) -> String {
    let id = user.id().as_str();
    let mut digest = Hash::new();
    digest.update(u64::try_from(id.len()).unwrap_or(u64::MAX).to_be_bytes());
    digest.update(id);
    digest.update(user.bound());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// The cookie of one action: its name, its flags and its keys, the newest first.
pub(super) struct Memories {
    name: String,
    secure: bool,
    keys: Vec<Sealed>,
}

impl Memories {
    pub(super) fn new(action: &str, secure: bool, keys: Vec<Sealed>) -> Self {
        // A browser takes a cookie of this prefix only by https, from the host itself and for all paths.
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            name: format!("{prefix}stepup-{action}"),
            secure,
            keys,
        }
    }

    /// What a request remembers of this user. A passed step-up comes before one that has begun.
    pub(super) fn read(
        &self,
        headers: &HeaderMap,
        user: &StepUpUser,
        now: SystemTime,
    ) -> Option<Memory> {
        let found = cookies::of_name(headers, &self.name);
        let memories = found.filter_map(|value| self.open(value));
        memories
            .filter(|memory| memory.counts(user, now))
            .max_by_key(|memory| (memory.passed, memory.expires))
    }

    fn open(&self, value: String) -> Option<Memory> {
        let sealed = Cookie::new(self.name.clone(), value);
        let jar = CookieJar::new();
        let mut keys = self.keys.iter();
        let plain = keys.find_map(|Sealed(key)| jar.private(key).decrypt(sealed.clone()))?;
        serde_json::from_str(plain.value()).ok()
    }

    /// The header `Set-Cookie` that has a browser remember.
    pub(super) fn write(&self, memory: &Memory, lasts: Duration) -> Option<HeaderValue> {
        let mut cookie = self.cookie(serde_json::to_string(memory).ok()?);
        cookie.set_max_age(cookie::time::Duration::try_from(lasts).ok()?);
        let mut jar = CookieJar::new();
        let Sealed(key) = self.keys.first()?;
        jar.private_mut(key).add(cookie);
        jar.get(&self.name)?.to_string().parse().ok()
    }

    /// The header `Set-Cookie` that has a browser forget.
    pub(super) fn forget(&self) -> Option<HeaderValue> {
        let mut cookie = self.cookie(String::new());
        cookie.make_removal();
        cookie.to_string().parse().ok()
    }

    fn cookie(&self, value: String) -> Cookie<'static> {
        Cookie::build((self.name.clone(), value))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const MINUTE: Duration = Duration::from_secs(60);

    fn ada() -> StepUpUser {
        StepUpUser::new("ada")
    }

    fn memories(keys: &[u8]) -> Memories {
        let keys = keys.iter().map(|byte| Sealed::by(&[*byte; 32]));
        Memories::new("pay", true, keys.collect())
    }

    /// The headers of a browser that has the cookies of these answers.
    fn kept(answers: &[HeaderValue]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for answer in answers {
            let pair = answer.to_str().unwrap().split(';').next().unwrap();
            headers.append("cookie", pair.parse().unwrap());
        }
        headers
    }

    fn passed(user: &StepUpUser, key: &str) -> Memory {
        Memory::new(user, key, true, NOW, MINUTE)
    }

    fn written(memories: &Memories, memory: &Memory) -> HeaderMap {
        kept(&[memories.write(memory, MINUTE).unwrap()])
    }

    #[test]
    fn a_memory_counts_for_its_user_and_its_time() {
        let memories = memories(&[1]);
        let memory = passed(&ada().bound_to("s1"), "k");
        let headers = written(&memories, &memory);
        let read = |user: StepUpUser, after: u64| {
            memories.read(&headers, &user, NOW + Duration::from_secs(after))
        };
        assert_eq!(read(ada().bound_to("s1"), 59), Some(memory));
        assert_eq!(read(ada().bound_to("s1"), 60), None);
        for other in [
            ada(),
            ada().bound_to("s2"),
            StepUpUser::new("bob").bound_to("s1"),
            StepUpUser::new("adas1"),
            StepUpUser::new("adas").bound_to("1"),
        ] {
            assert_eq!(read(other, 0), None);
        }
    }

    #[test]
    fn what_was_changed_or_sealed_for_another_action_or_by_another_key_is_not_read() {
        let memories = memories(&[1]);
        let header = memories.write(&passed(&ada(), "k"), MINUTE).unwrap();
        let text = header.to_str().unwrap();
        let pair = text.split(';').next().unwrap();
        let (_, value) = pair.split_once('=').unwrap();
        let read = |memories: &Memories, pair: String| {
            let mut headers = HeaderMap::new();
            headers.insert("cookie", pair.parse().unwrap());
            memories.read(&headers, &ada(), NOW).is_some()
        };
        assert!(read(&memories, pair.to_owned()));
        for at in 0..value.len() {
            let mut changed = value.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character of Base64 has bits that stand for nothing; the decoder refuses other ones.
            let pair = format!("{}={changed}", memories.name);
            assert!(!read(&memories, pair), "{at}");
        }
        let other = Memories::new("refund", true, vec![Sealed::by(&[1; 32])]);
        assert!(!read(&other, format!("{}={value}", other.name)));
        assert!(!read(&self::memories(&[2]), pair.to_owned()));
        assert!(read(&self::memories(&[2, 1]), pair.to_owned()));
        for nothing in ["", "AAAA", "not base64!"] {
            assert!(!read(&memories, format!("{}={nothing}", memories.name)));
        }
    }

    #[test]
    fn of_several_cookies_a_passed_step_up_counts() {
        let memories = memories(&[1]);
        let begun = Memory::new(&ada(), "new", false, NOW, 2 * MINUTE);
        let answers =
            [&passed(&ada(), "old"), &begun].map(|memory| memories.write(memory, MINUTE).unwrap());
        let read = memories.read(&kept(&answers), &ada(), NOW).unwrap();
        assert_eq!((read.key.as_str(), read.passed), ("old", true));
    }

    #[test]
    fn the_cookie_has_all_its_flags_and_shows_nothing() {
        let memory = passed(&StepUpUser::new("ada@example.com"), "MARKED");
        for (secure, name, flags) in [
            (
                true,
                "__Host-stepup-pay",
                "; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60",
            ),
            (
                false,
                "stepup-pay",
                "; HttpOnly; SameSite=Lax; Path=/; Max-Age=60",
            ),
        ] {
            let memories = Memories::new("pay", secure, vec![Sealed::by(&[1; 32])]);
            let header = memories.write(&memory, MINUTE).unwrap();
            let text = header.to_str().unwrap();
            assert!(
                text.starts_with(&format!("{name}=")) && text.ends_with(flags),
                "{text}"
            );
            assert!(!text.contains("MARKED") && !text.contains("ada"), "{text}");
            let gone = memories.forget().unwrap();
            let gone = gone.to_str().unwrap();
            assert!(
                gone.starts_with(&format!("{name}=;")) && gone.contains("Max-Age=0"),
                "{gone}"
            );
        }
    }

    #[test]
    fn a_long_user_id_does_not_make_the_cookie_longer() {
        let length = |id: &str| {
            let memory = passed(&StepUpUser::new(id), "0".repeat(36).as_str());
            memories(&[1]).write(&memory, MINUTE).unwrap().len()
        };
        assert_eq!(length("a"), length(&"a".repeat(10_000)));
        assert!(length("a") < 500);
    }
}
