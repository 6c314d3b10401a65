//! [`SessionVerifier`] against tokens and keys that are made here.

use std::cell::Cell;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rsa::PrivateKey;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};
use sha2::Sha256;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::jwt::LONGEST;
use super::*;
use crate::authsignal::Jwks;
use crate::error::Kind;

/// When the tokens are made.
const NOW: u64 = 1_800_000_000;
const TENANT: &str = "tenant 1";
const PATH: &str = "/v1/client/public/tenant%201/.well-known/jwks";
const HOUR: Duration = Duration::from_secs(3600);

static FIRST: LazyLock<PrivateKey> = LazyLock::new(|| private_key(1, 2048));
static SECOND: LazyLock<PrivateKey> = LazyLock::new(|| private_key(2, 2048));

fn private_key(seed: u8, bits: usize) -> PrivateKey {
    PrivateKey::new(&mut ChaCha12Rng::from_seed([seed; 32]), bits).unwrap()
}

/// The entry of a key set.
fn jwk(kid: &str, key: &PrivateKey) -> Value {
    let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
        "n": encoded(&key.n_bytes()), "e": encoded(&key.e_bytes()),
    })
}

fn set(keys: &[Value]) -> Jwks {
    serde_json::from_value(json!({"keys": keys})).unwrap()
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn signed(key: &PrivateKey, message: &str) -> String {
    let signature = key.pkcs1v15_sign::<Sha256>(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A token of the first key.
fn token(claims: &Value) -> String {
    token_of("first", &FIRST, claims)
}

fn token_of(kid: &str, key: &PrivateKey, claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": kid});
    signed(key, &format!("{}.{}", part(&header), part(claims)))
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A server that has these keys, and a verifier that asks it.
async fn verifier(keys: &[Value]) -> (MockServer, SessionVerifier) {
    let server = MockServer::start().await;
    serve(&server, keys).await;
    let verifier = SessionVerifier::builder(TENANT)
        .api_url(format!("{}/v1", server.uri()))
        .client_id("web")
        .client_id("app")
        .refetch_interval(Duration::ZERO)
        .retries(0);
    (server, verifier.build().unwrap())
}

async fn serve(server: &MockServer, keys: &[Value]) {
    server.reset().await;
    let answer = ResponseTemplate::new(200).set_body_json(json!({"keys": keys}));
    let asked = Mock::given(method("GET")).and(path(PATH));
    asked.respond_with(answer).mount(server).await;
}

fn claims(verifier: &SessionVerifier) -> Value {
    json!({
        "iss": verifier.issuer(), "sub": "ada", "aud": "app", "iat": NOW, "exp": NOW + 900,
        "email": "ada@example.com", "plan": "gold", "sid": "s",
    })
}

/// The claims with one of them changed; without it, where the value is null.
fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    let members = claims.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(name),
        value => members.insert(name.to_owned(), value),
    };
    claims
}

#[tokio::test]
async fn a_good_token_gives_its_claims_and_the_keys_are_fetched_once_without_credentials() {
    let (server, verifier) = verifier(&[jwk("first", &FIRST)]).await;
    let issuer = format!("{}/v1/client/public/tenant%201", server.uri());
    assert_eq!(verifier.issuer(), issuer);
    let claims = claims(&verifier);
    for audience in [json!("app"), json!(["other", "app"])] {
        let token = token(&with(&claims, "aud", audience));
        let session = verifier.verify_at(&token, at(NOW)).await.unwrap();
        assert_eq!((&*session.user_id, &*session.client_id), ("ada", "app"));
        assert_eq!(session.email.as_deref(), Some("ada@example.com"));
        assert_eq!(session.expires_at, at(NOW + 900));
        assert_eq!(session.claim("plan"), Some(&json!("gold")));
        assert_eq!((session.claim("sub"), session.claim("none")), (None, None));

        #[derive(serde::Deserialize)]
        struct Custom {
            plan: String,
        }
        let custom: Custom = session.custom().unwrap();
        assert_eq!(custom.plan, "gold");
        let wrong = session.custom::<std::collections::BTreeMap<String, u8>>();
        assert!(matches!(wrong, Err(SessionTokenError::Malformed(_))));
    }
    // What RFC 7519 leaves open.
    let plain = json!({"iss": issuer, "sub": "u", "aud": "web", "exp": NOW as f64 + 0.5});
    let session = verifier.verify_at(&token(&plain), at(NOW)).await.unwrap();
    assert_eq!((session.email, session.issued_at), (None, None));

    let received = server.received_requests().await.unwrap();
    assert_eq!(received.len(), 1);
    assert!(!received[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn claims_that_are_not_as_they_must_be_are_refused() {
    let (_server, verifier) = verifier(&[jwk("first", &FIRST)]).await;
    let good = claims(&verifier);
    let changed = |name: &str, value: Value| token(&with(&good, name, value));
    let refusal = async |token: &str, now| {
        let refused = verifier.verify_at(token, at(now)).await;
        let error = refused.expect_err("the token was accepted");
        assert!(error.is_tokens_fault());
        error.to_string()
    };
    let malformed = "the token is malformed: its claims are not those of an access token";
    let issuer = format!("the token has another issuer than {}", verifier.issuer());
    let audience = "the token is for another app client";
    for (name, value, says) in [
        ("iss", json!("https://evil.example"), &*issuer),
        ("iss", json!(format!("{}/", verifier.issuer())), &issuer),
        ("iss", Value::Null, malformed),
        ("aud", json!("APP"), audience),
        ("aud", json!([]), audience),
        ("aud", json!(["other"]), audience),
        ("aud", json!(5), malformed),
        ("aud", Value::Null, malformed),
        ("sub", Value::Null, malformed),
        ("sub", json!(1), malformed),
        ("exp", Value::Null, malformed),
        ("exp", json!("1900000000"), malformed),
        ("exp", json!(-1), "the token is expired"),
        (
            "exp",
            json!(u64::MAX),
            "the token is malformed: one of its times is out of range",
        ),
        (
            "exp",
            json!(1e300),
            "the token is malformed: one of its times is out of range",
        ),
        ("email", json!(["a"]), malformed),
    ] {
        assert_eq!(
            refusal(&changed(name, value.clone()), NOW).await,
            says,
            "{name}: {value}"
        );
    }
    // The skew of 60 s counts to the second, in both directions.
    let token = token(&good);
    assert!(verifier.verify_at(&token, at(NOW + 959)).await.is_ok());
    assert_eq!(refusal(&token, NOW + 960).await, "the token is expired");
    let early = "the token is not valid yet; compare the clock of this machine with the server's";
    assert!(verifier.verify_at(&token, at(NOW - 60)).await.is_ok());
    assert_eq!(refusal(&token, NOW - 61).await, early);
    let soon = changed("nbf", json!(NOW + 60));
    assert!(verifier.verify_at(&soon, at(NOW)).await.is_ok());
    assert_eq!(refusal(&soon, NOW - 1).await, early);
}

#[tokio::test]
async fn what_is_no_token_of_the_tenant_is_refused_and_never_repeated() {
    let (server, verifier) = verifier(&[jwk("first", &FIRST)]).await;
    let good = token(&claims(&verifier));
    verifier.verify_at(&good, at(NOW)).await.unwrap();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("not three parts")
    };
    let headed = |header: Value| {
        let message = format!("{}.{payload}", part(&header));
        signed(&FIRST, &message)
    };
    let other = part(&with(&claims(&verifier), "sub", json!("MARKED")));
    let raw = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let forged = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "MARKED".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{good}.MARKED"),
        format!("{good}="),
        format!("{good} "),
        format!(" {good}"),
        good.replace('.', ". "),
        good.to_uppercase(),
        format!("{header}.{other}.{signature}"),
        format!("{header}.{payload}.{}", raw("MARKED")),
        format!("{header}.{payload}.{}", &signature[..signature.len() - 4]),
        format!("{header}.{payload}.{signature}AAAA"),
        signed(&SECOND, &format!("{header}.{payload}")),
        format!("{}.{payload}.{signature}", raw("{")),
        format!("{}.{payload}.{signature}", raw("[]")),
        format!("{}.{payload}.{signature}", raw("null")),
        format!(
            "{}.{payload}.{signature}",
            raw(r#"{"alg":"RS256","alg":"none","kid":"first"}"#)
        ),
        format!("{}.{payload}.{signature}", raw(&"[".repeat(3000))),
        signed(&FIRST, &format!("{header}.{}", raw("null"))),
        signed(&FIRST, &format!("{header}.{}", raw("\u{0}"))),
        signed(&FIRST, &format!("{header}.{}", raw(&"[".repeat(3000)))),
        signed(&FIRST, &format!("{header}.*MARKED*")),
        headed(json!({"kid": "first"})),
        headed(json!({"alg": "RS256"})),
        headed(json!({"alg": "RS256", "kid": 1})),
        headed(json!({"alg": "RS256", "kid": "MARKED"})),
        headed(json!({"alg": "RS256", "kid": ""})),
        headed(json!({"alg": "RS256", "kid": "first", "crit": ["b64"], "b64": true})),
        headed(json!({"alg": "none", "kid": "first"})),
        headed(json!({"alg": "rs256", "kid": "first"})),
        headed(json!({"alg": "RS384", "kid": "first"})),
        headed(json!({"alg": "HS256", "kid": "first"})),
        format!(
            "{}.{payload}.",
            part(&json!({"alg": "none", "kid": "first"}))
        ),
        "é".repeat(100),
        "a".repeat(LONGEST + 1),
        format!("{good}{}", "A".repeat(LONGEST)),
    ];
    for forged in &forged {
        let refused = verifier.verify_at(forged, at(NOW)).await;
        let error = refused.expect_err(forged);
        assert!(error.is_tokens_fault(), "{forged}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("MARKED") && !shown.contains(payload),
            "{shown}"
        );
    }
    // Each prefix, and each change of one character.
    for end in 0..good.len() {
        assert!(
            verifier.verify_at(&good[..end], at(NOW)).await.is_err(),
            "{end}"
        );
    }
    for place in (0..good.len()).step_by(7) {
        let other = if good[place..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        let changed = format!("{}{other}{}", &good[..place], &good[place + 1..]);
        assert!(
            verifier.verify_at(&changed, at(NOW)).await.is_err(),
            "{place}"
        );
    }
    // The first fetch, and one for each of the tokens with a `kid` that nobody has.
    let asked = server.received_requests().await.unwrap().len();
    assert!((3..60).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_rotation_takes_in_the_new_key_and_lets_go_of_the_old() {
    let (server, verifier) = verifier(&[jwk("first", &FIRST)]).await;
    let claims = claims(&verifier);
    let (old, new) = (token(&claims), token_of("second", &SECOND, &claims));
    let verify = async |token: &str| verifier.verify_at(token, at(NOW)).await;
    verify(&old).await.unwrap();
    let refused = verify(&new).await.unwrap_err();
    assert!(
        matches!(refused, SessionTokenError::UnknownKey),
        "{refused}"
    );
    // Both, while tokens of the old key live.
    serve(&server, &[jwk("first", &FIRST), jwk("second", &SECOND)]).await;
    verify(&new).await.unwrap();
    verify(&old).await.unwrap();
    serve(&server, &[jwk("second", &SECOND)]).await;
    let unknown = token_of("third", &SECOND, &claims);
    verify(&unknown).await.unwrap_err();
    let refused = verify(&old).await.unwrap_err();
    assert!(
        matches!(refused, SessionTokenError::UnknownKey),
        "{refused}"
    );
    verify(&new).await.unwrap();
    // Another key under a known name is not asked for, and verifies nothing.
    let swapped = token_of("second", &FIRST, &claims);
    let refused = verify(&swapped).await.unwrap_err();
    assert!(matches!(refused, SessionTokenError::Signature), "{refused}");
}

#[tokio::test]
async fn a_server_that_fails_is_not_the_tokens_fault() {
    let (server, verifier) = verifier(&[]).await;
    server.reset().await;
    let secret = "MARKED";
    let answer = ResponseTemplate::new(503).set_body_string(secret);
    let any = Mock::given(wiremock::matchers::any()).respond_with(answer);
    any.mount(&server).await;
    let good = token(&claims(&verifier));
    let error = verifier.verify_at(&good, at(NOW)).await.unwrap_err();
    assert!(!error.is_tokens_fault());
    let SessionTokenError::Keys {
        source: Some(source),
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(source.kind(), Kind::Server);
    assert!(!format!("{error} {error:?}").contains(&good));
    serve(&server, &[jwk("first", &FIRST)]).await;
    verifier.verify_at(&good, at(NOW)).await.unwrap();
}

/// The requests that [`Keys`] makes of a server with these keys; none where it does not answer.
struct Source {
    asked: Cell<u32>,
    keys: Cell<Option<&'static str>>,
}

impl Source {
    fn new(kid: &'static str) -> Self {
        Self {
            asked: Cell::new(0),
            keys: Cell::new(Some(kid)),
        }
    }

    async fn find(&self, keys: &Keys, kid: &str) -> Result<Arc<Key>, SessionTokenError> {
        let fetch = async || {
            self.asked.set(self.asked.get() + 1);
            tokio::time::sleep(Duration::from_millis(10)).await;
            let kid = self.keys.get().ok_or_else(|| Error::new(Kind::Server))?;
            Ok(set(&[jwk(kid, &FIRST)]))
        };
        keys.find(kid, fetch).await
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_make_one_request_in_each_interval() {
    let (keys, source) = (Keys::new(Duration::from_secs(10)), Source::new("first"));
    assert!(source.find(&keys, "first").await.is_ok());
    for _ in 0..1000 {
        let refused = source.find(&keys, "forged").await;
        assert!(matches!(refused, Err(SessionTokenError::UnknownKey)));
        tokio::time::advance(Duration::from_millis(99)).await;
    }
    // 99 s.
    assert!(
        (9..=11).contains(&source.asked.get()),
        "{}",
        source.asked.get()
    );
    // A caller that does not wait for the end counts, too.
    tokio::time::advance(Duration::from_secs(10)).await;
    let before = source.asked.get();
    for _ in 0..100 {
        let find = source.find(&keys, "forged");
        let _ = tokio::time::timeout(Duration::from_millis(1), find).await;
    }
    assert_eq!(source.asked.get(), before + 1);
    assert!(source.find(&keys, "first").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn tokens_that_wait_for_keys_share_a_request() {
    let (keys, source) = (Keys::new(Duration::ZERO), Source::new("first"));
    let find = || source.find(&keys, "first");
    let (one, two, three) = tokio::join!(find(), find(), find());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(source.asked.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn known_keys_outlive_a_failing_server_for_a_day_and_no_longer() {
    let (keys, source) = (Keys::new(Duration::from_secs(10)), Source::new("first"));
    assert!(source.find(&keys, "first").await.is_ok());
    source.keys.set(None);
    for _ in 0..23 {
        tokio::time::advance(HOUR).await;
        assert!(source.find(&keys, "first").await.is_ok());
    }
    assert_eq!(source.asked.get(), 24);
    tokio::time::advance(HOUR).await;
    for first in [true, false] {
        let Err(error) = source.find(&keys, "first").await else {
            panic!("a key of a day ago still works")
        };
        assert!(!error.is_tokens_fault(), "{first}");
    }
    // A key that the tenant withdraws works for an hour at most.
    source.keys.set(Some("second"));
    tokio::time::advance(HOUR).await;
    let refused = source.find(&keys, "first").await;
    assert!(matches!(refused, Err(SessionTokenError::UnknownKey)));
    assert!(source.find(&keys, "second").await.is_ok());
}

#[tokio::test]
async fn a_key_that_cannot_sign_with_rs256_is_left_out() {
    let good = jwk("good", &FIRST);
    let with = |name: &str, value: Value| with(&with(&good, "kid", json!("bad")), name, value);
    let small = private_key(3, 1024);
    let even = {
        let mut modulus = FIRST.n_bytes().to_vec();
        *modulus.last_mut().unwrap() &= 0xfe;
        URL_SAFE_NO_PAD.encode(modulus)
    };
    for bad in [
        with("kty", json!("EC")),
        with("use", json!("enc")),
        with("alg", json!("PS256")),
        with("n", json!("*")),
        with("n", json!("")),
        with("n", json!(even)),
        with("n", json!("A".repeat(100_000))),
        with("n", json!("_".repeat(2000))),
        with("e", json!("")),
        with("e", json!("AQ")),
        with("e", json!("_".repeat(1000))),
        jwk("bad", &small),
    ] {
        let keys = Keys::new(HOUR);
        let fetch = async || Ok(set(&[bad.clone(), good.clone()]));
        let found = keys.find("bad", fetch).await;
        assert!(matches!(found, Err(SessionTokenError::UnknownKey)), "{bad}");
        let found = keys.find("good", async || panic!("fetched again")).await;
        assert!(found.is_ok(), "{bad}");
    }
}

/// A set may have keys that an application cannot use, and members that it does not know.
#[tokio::test]
async fn keys_of_other_types_do_not_hide_the_rsa_key() {
    let elliptic =
        json!({"kty": "EC", "crv": "P-256", "kid": "first", "x": "AQ", "y": "Ag", "alg": "ES256"});
    let nameless = with(&jwk("x", &SECOND), "kid", Value::Null);
    let others = [
        elliptic,
        nameless,
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": "AQ"}),
        json!({"kty": "LATTICE", "kid": "pq", "seed": [1, {"a": null}]}),
        with(&jwk("half", &SECOND), "n", Value::Null),
    ];
    let keys: Vec<_> = others.into_iter().chain([jwk("first", &FIRST)]).collect();
    let (_server, verifier) = verifier(&keys).await;
    let good = token(&claims(&verifier));
    assert!(verifier.verify_at(&good, at(NOW)).await.is_ok());
    for kid in ["ed", "pq", "half", "x", ""] {
        let other = token_of(kid, &SECOND, &claims(&verifier));
        let refused = verifier.verify_at(&other, at(NOW)).await.unwrap_err();
        assert!(refused.is_tokens_fault(), "{kid}: {refused}");
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused_when_it_is_built() {
    let usable = || {
        SessionVerifier::builder("t")
            .api_url("http://127.0.0.1:4750")
            .client_id("c")
    };
    assert!(usable().build().is_ok());
    let own = usable()
        .issuer("https://mock.example/v1/client/public/t")
        .build()
        .unwrap();
    assert_eq!(own.issuer(), "https://mock.example/v1/client/public/t");
    let without = SessionVerifier::builder("t").api_url("http://127.0.0.1:4750");
    let tenant = |id: &str| {
        SessionVerifier::builder(id)
            .api_url("http://127.0.0.1:4750")
            .client_id("c")
    };
    for (builder, why) in [
        (
            without,
            "no app client is named; call client_id on the builder",
        ),
        (usable().client_id(""), "an app client id is empty"),
        (tenant(""), "the tenant id is empty"),
        (
            tenant("MARKED\n"),
            "the tenant id holds a control character, a line break perhaps",
        ),
        (tenant(".."), "the tenant id"),
        (
            usable().api_url("MARKED"),
            "the API URL given to the builder is not a URL",
        ),
        (
            usable().call_timeout(Duration::ZERO),
            "a time limit is zero",
        ),
    ] {
        let shown = format!("{builder:?}");
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        let text = error.to_string();
        assert!(text.contains(why), "{text}");
        assert!(!format!("{error:?} {shown}").contains("MARKED"));
    }
}

#[tokio::test]
async fn debug_shows_nothing_of_the_user_or_the_tenant() {
    let (_server, verifier) = verifier(&[jwk("first", &FIRST)]).await;
    let session = verifier
        .verify_at(&token(&claims(&verifier)), at(NOW))
        .await;
    let shown = format!("{:?} {verifier:?}", session.unwrap());
    for hidden in ["ada", "app", "gold", TENANT, "first"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(shown.contains("expires_at"), "{shown}");
}
