//! The HMAC signature of Activeconnect, version 1: reading, checking, and (for the simulated phone) making it. Pure:
//! headers, URL and secret are arguments; clock window and replay are the caller's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::bounds::NONCE;

/// The header that carries the signature.
pub const AUTHENTICATION: &str = "authentication";
/// The header that carries the timestamp: as the clients of Activeconnect and of IAMPASS send it, and as the documentation
/// of each prints it. The misspelling is the documentation's.
pub const TIMESTAMP: [&str; 4] = [
    "x-sonikpass-authentication-timestamp",
    "x-iampass-authentication-timestamp",
    "x-activeconnect-authentiaction-timestamp",
    "x-iampass-authentiaction-timestamp",
];
/// The header that carries the scheme's version, likewise. The clients of IAMPASS send the third, with its misspelling.
pub const VERSION: [&str; 5] = [
    "x-sonikpass-authentication-version",
    "x-iampass-authentication-version",
    "x-iamoass-authentication-version",
    "x-activeconnect-authentiaction-version",
    "x-iampass-authentiaction-version",
];

/// The headers of a signature, by every name.
pub const HEADERS: [&[&str]; 3] = [&[AUTHENTICATION], &TIMESTAMP, &VERSION];

/// Length of a signature before Base64.
const TAG: usize = 16;

/// What is wrong with a signature. The text is for the person who reads the answer; it never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A header is missing.
    #[error("header {0} is missing; sign every request except the opening of a registration link")]
    Missing(&'static str),
    /// A header cannot be read.
    #[error("header {header} must read {expected}")]
    Malformed {
        /// Which.
        header: &'static str,
        /// Its form.
        expected: &'static str,
    },
    /// A header is there more than once, so one of them was not signed.
    #[error("header {0} is given more than once; send it once")]
    Repeated(&'static str),
    /// Two headers give different timestamps, so one of them was not signed.
    #[error("headers {first} and {second} give different timestamps; send one of them")]
    TwoTimestamps {
        /// One.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// The nonce is too long.
    #[error(
        "the nonce of header Authentication is too long: {0} bytes; it must have at most {NONCE}"
    )]
    LongNonce(usize),
    /// It names another signer.
    #[error("signed by {presented}, but this operation must be signed with {expected}")]
    WrongClient {
        /// Who signed.
        presented: String,
        /// The required signer.
        expected: &'static str,
    },
    /// It does not match.
    #[error(
        "signature of {client_id} does not match: wrong secret, or the signed text was not the nonce, then {url}, then \
         the timestamp"
    )]
    Mismatch {
        /// Who signed.
        client_id: String,
        /// What the server takes the URL for, without its scheme.
        url: String,
    },
    /// It is too old or from the future.
    #[error(
        "timestamp {timestamp} is {} s {} the server's clock, which reads {now}; {window} s are allowed",
        timestamp.abs_diff(*now), if timestamp < now { "behind" } else { "ahead of" }
    )]
    Stale {
        /// When it was made, in Unix seconds.
        timestamp: i64,
        /// The server's time, in Unix seconds.
        now: i64,
        /// How far they may be apart.
        window: u64,
    },
    /// Its nonce was used before.
    #[error(
        "nonce {nonce} was used before by {client_id}; sign each request, and each retry, with a fresh nonce"
    )]
    Replayed {
        /// Who signed.
        client_id: String,
        /// The nonce.
        nonce: String,
    },
}

/// A signature as it was presented, not yet checked.
#[derive(Debug, PartialEq, Eq)]
pub struct Presented<'a> {
    /// Who claims to have signed.
    pub client_id: &'a str,
    /// The nonce, an opaque text: Python writes decimal digits, iOS hexadecimal ones.
    pub nonce: &'a str,
    /// When it was made, in Unix seconds.
    pub timestamp: i64,
    /// Whether it says that it is of another version of the scheme than 1. Four releases of IAMPASS misspell the header, so
    /// the vendor's server cannot need it.
    pub other_version: bool,
    timestamp_text: &'a str,
    tag: [u8; TAG],
}

impl<'a> Presented<'a> {
    /// Reads a signature from headers; `header` looks one up by lower-case name.
    ///
    /// # Errors
    /// A header is missing or cannot be read.
    pub fn read(header: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, Fault> {
        const AUTHENTICATION_NAME: &str = "Authentication";
        const TIMESTAMP_NAME: &str =
            "X-Sonikpass-Authentication-Timestamp, or X-IAMPASS-Authentication-Timestamp,";
        const FORM: Fault = Fault::Malformed {
            header: AUTHENTICATION_NAME,
            expected: "hmac <client id>:<nonce>:<signature>, the signature 16 bytes in Base64",
        };

        let authentication = header(AUTHENTICATION).ok_or(Fault::Missing(AUTHENTICATION_NAME))?;
        // From the right: nonce and Base64 hold no colon, an id may.
        let mut parts = authentication
            .strip_prefix("hmac ")
            .ok_or(FORM)?
            .rsplitn(3, ':');
        let (Some(tag), Some(nonce), Some(client_id)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(FORM);
        };
        if nonce.is_empty() || client_id.is_empty() {
            return Err(FORM);
        }
        if nonce.len() > NONCE {
            return Err(Fault::LongNonce(nonce.len()));
        }
        let tag = STANDARD
            .decode(tag)
            .ok()
            .and_then(|bytes| <[u8; TAG]>::try_from(bytes).ok())
            .ok_or(FORM)?;

        let mut timestamps = TIMESTAMP
            .into_iter()
            .filter_map(|name| Some((name, header(name)?)));
        let (first, timestamp_text) = timestamps.next().ok_or(Fault::Missing(TIMESTAMP_NAME))?;
        if let Some((second, _)) = timestamps.find(|(_, text)| *text != timestamp_text) {
            return Err(Fault::TwoTimestamps { first, second });
        }
        let timestamp = Some(timestamp_text)
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            // The signed text has no mark between target and timestamp, so a digit of one could count as one of the other.
            .filter(|text| !text.starts_with('0') || *text == "0")
            .and_then(|text| text.parse().ok())
            .ok_or(Fault::Malformed {
                header: TIMESTAMP_NAME,
                expected: "Unix seconds in decimal digits, without a leading zero",
            })?;

        let mut versions = VERSION.into_iter().filter_map(&header);
        Ok(Self {
            client_id,
            nonce,
            timestamp,
            other_version: versions.any(|version| version != "1"),
            timestamp_text,
            tag,
        })
    }

    /// Checks it against a secret, in constant time. `url` is host and raw request target, `shortened` what else the
    /// client may have signed in its place: see [`shortened`].
    ///
    /// # Errors
    /// It does not match.
    pub fn check(&self, secret: &str, url: &str, shortened: Option<&str>) -> Result<(), Fault> {
        let matches = [Some(url), shortened].into_iter().flatten().any(|url| {
            tag(secret, self.nonce, url, self.timestamp_text)
                .ct_eq(&self.tag)
                .into()
        });
        if matches {
            return Ok(());
        }
        Err(Fault::Mismatch {
            client_id: self.client_id.to_owned(),
            url: shortened.unwrap_or(url).to_owned(),
        })
    }
}

/// What Python's client signs in place of host and target where a query holds `://`: it removes everything up to the last
/// one, and iOS only the scheme. Either client must be served.
///
/// This text does not contain the path. So it counts only in `parameter`, the free text that an operation takes, and never
/// if it reads as the host and the target of a request, which `is_request` decides. Otherwise a signature for one request
/// would be good for any request that carries the first one in its query.
pub fn shortened<'a>(
    target: &'a str,
    parameter: &str,
    is_request: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    let (_, query) = target.split_once('?')?;
    let (before, rest) = query.rsplit_once("://")?;
    let pair = before.rsplit('&').next()?;
    let (name, _) = pair.split_once('=')?;
    if name != parameter {
        return None;
    }
    let asks = rest
        .find('/')
        .is_some_and(|slash| is_request(&rest[slash..]));
    (!asks).then_some(rest)
}

/// The value of the `Authentication` header for a request to `url` (host and raw target).
pub fn sign(client_id: &str, secret: &str, url: &str, nonce: &str, timestamp: &str) -> String {
    format!(
        "hmac {client_id}:{nonce}:{}",
        STANDARD.encode(tag(secret, nonce, url, timestamp))
    )
}

fn tag(secret: &str, nonce: &str, url: &str, timestamp: &str) -> [u8; TAG] {
    let token = Sha256::new()
        .chain_update(nonce)
        .chain_update(secret)
        .finalize();
    let mut block = [0; 64];
    block[..16].copy_from_slice(&token[..16]);
    // A key shorter than the block is padded with zeros by the algorithm itself, so the padded block is the same key,
    // in the form with a fixed length.
    let mac = Hmac::<Sha256>::new(&block.into())
        .chain_update(nonce)
        .chain_update(url)
        .chain_update(timestamp);
    let mut tag = [0; TAG];
    tag.copy_from_slice(&mac.finalize().into_bytes()[..TAG]);
    tag
}

#[cfg(test)]
mod tests {
    use conformance::signing_reference;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::{AUTHENTICATION, Fault, NONCE, Presented, TIMESTAMP, VERSION, shortened, sign};

    #[derive(serde::Deserialize)]
    struct Vector {
        name: String,
        client_id: String,
        secret: String,
        request_uri: String,
        nonce: String,
        timestamp: i64,
        headers: std::collections::BTreeMap<String, String>,
    }

    fn vectors() -> Vec<Vector> {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!(
            "../../../../tests/vectors/activeconnect-hmac.json"
        ))
        .unwrap();
        assert_eq!(vectors.len(), 7);
        vectors
    }

    fn lookup<'a>(vector: &'a Vector) -> impl Fn(&'static str) -> Option<&'a str> {
        move |name| {
            vector
                .headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
        }
    }

    #[test]
    fn every_vector_is_accepted_and_made() {
        for vector in vectors() {
            let presented = Presented::read(lookup(&vector)).unwrap();
            assert_eq!(
                (presented.client_id, presented.timestamp),
                (vector.client_id.as_str(), vector.timestamp)
            );
            let (_, url) = vector.request_uri.split_once("://").unwrap();
            presented
                .check(&vector.secret, url, shortened(url, "next", |_| false))
                .unwrap_or_else(|fault| panic!("{}: {fault}", vector.name));

            let (_, signed) = vector.request_uri.rsplit_once("://").unwrap();
            let made = sign(
                &vector.client_id,
                &vector.secret,
                signed,
                &vector.nonce,
                &vector.timestamp.to_string(),
            );
            assert_eq!(made, vector.headers["Authentication"], "{}", vector.name);
        }
    }

    #[test]
    fn another_secret_url_nonce_or_time_does_not_match() {
        for vector in vectors() {
            let (_, url) = vector.request_uri.split_once("://").unwrap();
            let presented = Presented::read(lookup(&vector)).unwrap();
            assert!(matches!(
                presented.check("another secret", url, None),
                Err(Fault::Mismatch { .. })
            ));
            let fault = presented
                .check(&vector.secret, &format!("{url}x"), None)
                .unwrap_err();
            assert!(!fault.to_string().contains(&vector.secret));
            let later = Presented {
                timestamp_text: "1",
                ..Presented::read(lookup(&vector)).unwrap()
            };
            assert!(later.check(&vector.secret, url, None).is_err());
            let other = Presented {
                nonce: "1234",
                ..Presented::read(lookup(&vector)).unwrap()
            };
            assert!(other.check(&vector.secret, url, None).is_err());
        }
    }

    /// Reads a signature for a URL with these parts.
    fn read(url: &str, nonce: &str, timestamp: &str) -> Result<(), Fault> {
        let authentication = sign("client", "secret", url, nonce, timestamp);
        let presented = Presented::read(|name| match name {
            AUTHENTICATION | "Authentication" => Some(authentication.as_str()),
            name if TIMESTAMP.contains(&name) => Some(timestamp),
            name if VERSION.contains(&name) => Some("1"),
            _ => None,
        })?;
        presented.check("secret", url, None)
    }

    #[test]
    fn a_digit_of_the_target_never_counts_as_one_of_the_timestamp() {
        assert_eq!(read("host/user0", "1", "1790000000"), Ok(()));
        let moved = read("host/user", "1", "01790000000").unwrap_err();
        assert!(
            moved.to_string().contains("without a leading zero"),
            "{moved}"
        );
        assert_eq!(read("host/user", "1", "0"), Ok(()));
    }

    #[test]
    fn a_nonce_has_a_bound() {
        assert_eq!(read("host/user", &"n".repeat(NONCE), "1"), Ok(()));
        let long = read("host/user", &"n".repeat(NONCE + 1), "1").unwrap_err();
        assert!(
            long.to_string()
                .contains("257 bytes; it must have at most 256"),
            "{long}"
        );
    }

    #[test]
    fn only_the_rest_of_a_query_that_is_no_request_is_a_shortened_form() {
        let is_request = |target: &str| target.starts_with("/status/");
        let of = |target| shortened(target, "name", is_request);
        assert_eq!(of("/link?name=http://x.example/y"), Some("x.example/y"));
        assert_eq!(of("/link?a=b&name=http://x"), Some("x"));
        assert_eq!(of("/link?name=a://b://c"), Some("c"));
        for target in [
            "/link",
            "/link?name=x",
            "/a://b",
            "/link?other=http://x.example/y",
            "/link?name=x&other=http://x.example/y",
            "/link?name=http://x&other=://y",
            "/link?http://x",
            "/link?name=://h:1/status/ada",
            "/link?name=a://b://h:1/status/ada",
        ] {
            assert_eq!(of(target), None, "{target}");
        }
    }

    #[test]
    fn a_tag_of_another_length_is_no_signature() {
        use base64::Engine as _;
        for length in [0, 1, 15, 17, 32] {
            let tag = base64::engine::general_purpose::STANDARD.encode(vec![0; length]);
            let header = format!("hmac a:1:{tag}");
            let read = Presented::read(|name| match name {
                "authentication" => Some(header.as_str()),
                _ => Some("1"),
            });
            assert!(matches!(read, Err(Fault::Malformed { .. })), "{length}");
        }
    }

    #[test]
    fn every_fault_of_form_names_its_header() {
        let tag = "AAAAAAAAAAAAAAAAAAAAAA==";
        let good = format!("hmac a:b:1:{tag}");
        let read =
            |authentication: Option<&'static str>, timestamp: Option<&'static str>, version| {
                Presented::read(move |name| match name {
                    "authentication" => authentication,
                    "x-sonikpass-authentication-timestamp" => timestamp,
                    "x-sonikpass-authentication-version" => version,
                    _ => None,
                })
                .map(|presented| presented.client_id.to_owned())
            };
        let good: &'static str = Box::leak(good.into_boxed_str());
        assert_eq!(read(Some(good), Some("5"), Some("1")), Ok("a:b".to_owned()));
        let bad = [
            None,
            Some(""),
            Some("hmac"),
            Some("hmac a"),
            Some("hmac a:1"),
            Some("HMAC a:1:AAAA"),
            Some("hmac ::"),
        ];
        for authentication in bad {
            let fault = read(authentication, Some("5"), Some("1"))
                .unwrap_err()
                .to_string();
            assert!(fault.contains("header Authentication"), "{fault}");
        }
        for timestamp in [
            None,
            Some(""),
            Some("-5"),
            Some("+5"),
            Some("5.0"),
            Some("99999999999999999999"),
        ] {
            let fault = read(Some(good), timestamp, Some("1"))
                .unwrap_err()
                .to_string();
            assert!(fault.contains("Timestamp"), "{fault}");
        }
        // The version is only noted.
        for version in [None, Some("2")] {
            assert_eq!(read(Some(good), Some("5"), version), Ok("a:b".to_owned()));
        }
    }

    #[test]
    fn each_name_of_the_headers_will_do_and_two_timestamps_must_agree() {
        let good = format!("hmac a:1:{}", "AAAAAAAAAAAAAAAAAAAAAA==");
        let of = |timestamps: &[(&str, &'static str)], version: Option<(&str, &'static str)>| {
            Presented::read(|name| {
                let mut given = timestamps.iter().chain(&version);
                match name {
                    AUTHENTICATION => Some(good.as_str()),
                    _ => given
                        .find(|(given, _)| *given == name)
                        .map(|(_, text)| *text),
                }
            })
            .map(|presented| (presented.timestamp, presented.other_version))
        };
        for timestamp in TIMESTAMP {
            assert_eq!(of(&[(timestamp, "5")], None), Ok((5, false)), "{timestamp}");
            for version in VERSION {
                let with = |value| of(&[(timestamp, "5")], Some((version, value)));
                assert_eq!(with("1"), Ok((5, false)), "{version}");
                assert_eq!(with("2"), Ok((5, true)), "{version}");
            }
            for other in TIMESTAMP.into_iter().filter(|other| *other != timestamp) {
                assert_eq!(of(&[(timestamp, "5"), (other, "5")], None), Ok((5, false)));
                let fault = of(&[(timestamp, "5"), (other, "6")], None).unwrap_err();
                let text = fault.to_string();
                assert!(text.contains(timestamp) && text.contains(other), "{text}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
                failure_persistence: None,
                rng_seed: RngSeed::Fixed(2026),
                ..ProptestConfig::default()
            })]

        #[test]
        fn signing_and_checking_agree_with_the_reference(
            id in ".{1,24}", secret in ".{0,80}", host in "[a-z0-9.:-]{1,20}", target in "/[!-~]{0,60}",
            nonce in "[0-9A-Za-z_.-]{1,20}", timestamp in 0_i64..=i64::MAX
        ) {
            let url = format!("{host}{target}");
            let reference = signing_reference::authentication(&id, &secret, &format!("http://{url}"), &nonce, timestamp);
            let seconds = timestamp.to_string();
            let header = |name: &'static str| match name {
                AUTHENTICATION => Some(reference.as_str()),
                _ if TIMESTAMP.contains(&name) => Some(seconds.as_str()),
                _ if VERSION.contains(&name) => Some("1"),
                _ => None,
            };
            let presented = Presented::read(header).unwrap();
            prop_assert_eq!(presented.client_id, id.as_str());
            let rest = url.rsplit_once("://").map(|(_, rest)| rest);
            prop_assert!(presented.check(&secret, &url, rest).is_ok());
            let other = secret.clone() + "x";
            prop_assert!(presented.check(&other, &url, rest).is_err());
            // What the mock's phones send, with nothing left to shorten.
            if !url.contains("://") {
                prop_assert_eq!(sign(&id, &secret, &url, &nonce, &seconds), reference);
            }
        }
    }
}
