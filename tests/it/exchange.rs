//! Golden exchanges: a request and its answer as they were on the wire, checked against the spec and then against the
//! snapshot that a person has read. Must not know what any operation means.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use stepup_mock::MockServer;

use crate::spec;
use crate::wire::{Answer, Request};
use crate::world::{
    API_SECRET, AUTHENTICATION, Signer, Stage, TIMESTAMP, VERSION, WRONG_SECRET, World, basic,
};

/// Larger than the largest body that the mock takes.
const TOO_LARGE: usize = 1024 * 1024 + 1;
/// Bodies longer than this are padding, and shown by their length.
const SHOWN: usize = 8 * 1024;

#[derive(Clone, Copy)]
pub(crate) enum Body {
    None,
    Json(&'static str),
    /// For what only the world knows.
    Made(fn(&World) -> Value),
    /// JSON by its header, and that many spaces.
    Padding(usize),
}

/// A text of which only the world knows the values.
type Told = fn(&World) -> String;

/// One request of an operation and the status it is answered with.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) api: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) status: u16,
    /// Tells exchanges of one operation and status apart; empty for the only or plain one.
    case: &'static str,
    stage: Stage,
    /// Requests of an Authsignal tenant that the mock takes within a minute.
    rate_limit: Option<usize>,
    /// Whether the mock keeps Authsignal's limits of sending and verifying codes.
    code_limits: bool,
    /// What the request names as its host.
    host: Option<&'static str>,
    /// Seconds that the mock's clock goes forward after the stage is reached.
    later: u64,
    /// Sent first, on the way to this exchange.
    before: Vec<Exchange>,
    /// Whether the link that was sent last is opened then.
    opens_link: bool,
    signer: Signer,
    /// Path parameters that differ from the world's own, as they are written in the target.
    path: Vec<(&'static str, &'static str)>,
    query: &'static str,
    /// A query of which only the world knows the values.
    query_of: Option<Told>,
    headers: Vec<(&'static str, Told)>,
    body: Body,
}

/// A good request of an operation, from which its exchanges are made.
pub(crate) fn call(
    api: &'static str,
    operation: &'static str,
    stage: Stage,
    signer: Signer,
    body: Body,
) -> Exchange {
    let (path, before) = (Vec::new(), Vec::new());
    Exchange {
        api,
        operation,
        status: 0,
        case: "",
        stage,
        rate_limit: None,
        code_limits: false,
        host: None,
        later: 0,
        before,
        opens_link: false,
        signer,
        path,
        query: "",
        query_of: None,
        headers: Vec::new(),
        body,
    }
}

impl Exchange {
    pub(crate) fn answers(&self, status: u16) -> Self {
        Self {
            status,
            ..self.clone()
        }
    }

    pub(crate) fn case(self, case: &'static str) -> Self {
        Self { case, ..self }
    }

    pub(crate) fn stage(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    pub(crate) fn later(self, later: u64) -> Self {
        Self { later, ..self }
    }

    /// After the link that was sent last was opened in a browser.
    pub(crate) fn after_link(self) -> Self {
        Self {
            opens_link: true,
            ..self
        }
    }

    pub(crate) fn host(self, host: &'static str) -> Self {
        let host = Some(host);
        Self { host, ..self }
    }

    /// On a mock that keeps the limits of sending and verifying codes.
    pub(crate) fn code_limits(self) -> Self {
        Self {
            code_limits: true,
            ..self
        }
    }

    /// 429: the same request as one more than the mock takes within a minute.
    pub(crate) fn over_the_rate(&self) -> Self {
        let one = call(
            "authsignal",
            "get_tenant_authenticators",
            Stage::Start,
            Signer::Tenant,
            Body::None,
        );
        let over = self.answers(429).after(&one.answers(200));
        // Both APIs of the vendor count, and whatever is done in the name of the tenant.
        let counted =
            |other: &&Self| other.api.starts_with("authsignal") && other.signer != Signer::Nobody;
        let rate_limit = Some(over.before.iter().filter(counted).count());
        Self { rate_limit, ..over }
    }

    /// After another exchange, in the same world.
    pub(crate) fn after(mut self, other: &Exchange) -> Self {
        self.before.push(other.clone());
        self
    }

    pub(crate) fn signer(self, signer: Signer) -> Self {
        Self { signer, ..self }
    }

    pub(crate) fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    pub(crate) fn query(self, query: &'static str) -> Self {
        let query_of = None;
        Self {
            query,
            query_of,
            ..self
        }
    }

    /// With a query of which only the world knows the values.
    pub(crate) fn query_of(self, query: Told) -> Self {
        let query_of = Some(query);
        Self { query_of, ..self }
    }

    /// With a header that the world knows the value of.
    pub(crate) fn header(mut self, name: &'static str, value: Told) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn path(mut self, name: &'static str, raw: &'static str) -> Self {
        self.path.push((name, raw));
        self
    }

    /// 401: the same request with nobody's signature.
    pub(crate) fn unsigned(&self) -> Self {
        self.answers(401).signer(Signer::Nobody)
    }

    /// 404: the same request for an application that does not exist.
    pub(crate) fn unknown_application(&self) -> Self {
        self.answers(404)
            .case("application")
            .path("application_id", "no-such-app")
    }

    /// 404: the same request for something of the application that does not exist.
    pub(crate) fn unknown(&self, parameter: &'static str) -> Self {
        self.answers(404)
            .case(parameter)
            .path(parameter, "no-such-thing")
    }

    /// 400: the same request with a path that cannot be decoded.
    pub(crate) fn bad_escape(&self, parameter: &'static str) -> Self {
        self.answers(400).case("escape").path(parameter, "%zz")
    }

    /// 400: the same request with a body that is cut off.
    pub(crate) fn malformed(&self) -> Self {
        self.answers(400).body(Body::Json("{\"cut\": "))
    }

    /// 413: the same request with a body that is too large.
    pub(crate) fn too_large(&self) -> Self {
        self.answers(413).body(Body::Padding(TOO_LARGE))
    }

    /// Name of its snapshot.
    pub(crate) fn name(&self) -> String {
        let case = if self.case.is_empty() {
            String::new()
        } else {
            format!("_{}", self.case)
        };
        format!(
            "{}__{}__{}{case}",
            self.api.replace('-', "_"),
            self.operation,
            self.status
        )
    }

    fn target(&self, world: &World) -> String {
        let operation = spec::named(self.api).operation(self.operation);
        let segments = operation.path.split('/').map(|segment| {
            let Some(name) = segment
                .strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'))
            else {
                return segment.to_owned();
            };
            match self.path.iter().find(|(given, _)| *given == name) {
                Some((_, raw)) => (*raw).to_owned(),
                None => world.path_value(name),
            }
        });
        let path = segments.collect::<Vec<_>>().join("/");
        let query = match self.query_of {
            Some(query) => query(world),
            None => self.query.to_owned(),
        };
        if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        }
    }

    /// The request, in a world at this exchange's stage.
    pub(crate) fn request(&self, world: &World) -> Request {
        let method = spec::named(self.api).operation(self.operation).method;
        let mut request = world.request(self.signer, &method, &self.target(world));
        if let Some(host) = self.host {
            request = request.without("Host").header("Host", host);
        }
        for (name, value) in &self.headers {
            request = request.header(name, &value(world));
        }
        match self.body {
            Body::None => request,
            Body::Json(text) => request.json(text),
            Body::Made(make) => request.json(make(world).to_string()),
            Body::Padding(length) => request.json(vec![b' '; length]),
        }
    }

    /// Sends the request to a new mock, holds request and answer against the spec, and compares with the snapshot.
    pub(crate) async fn run(&self) {
        let mut server = MockServer::builder()
            .deterministic()
            .code_limits(self.code_limits);
        if let Some(limit) = self.rate_limit {
            server = server.rate_limit(limit);
        }
        let mut world = World::on(server.start().await.expect("the mock starts"));
        world.advance_to(self.stage).await;
        for other in &self.before {
            let answer = world.send(&other.request(&world)).await;
            assert_eq!(
                answer.status,
                other.status,
                "before {}: {}",
                self.name(),
                answer.text()
            );
            if !answer.body.is_empty() {
                world.take(&answer.json());
            }
        }
        if self.opens_link {
            let open = world.request(Signer::Nobody, "GET", &world.link_in_message());
            assert_eq!(world.send(&open).await.status, 200, "the link");
        }
        world
            .server
            .clock()
            .advance(Duration::from_secs(self.later));
        let request = self.request(&world);
        let answer = world.send(&request).await;
        let operation = spec::named(self.api).operation(self.operation);
        let name = self.name();

        assert!(
            operation.matches(&request.method, &request.target),
            "{name} is not a request of its operation"
        );
        assert_eq!(answer.status, self.status, "{name}: {}", answer.text());
        assert!(
            operation.statuses().contains(&answer.status),
            "{name}: the spec does not have this status"
        );
        if operation.answers_with_body(answer.status) {
            assert_eq!(
                answer.header("content-type"),
                Some("application/json"),
                "{name}"
            );
            let faults = operation.faults_of_answer(answer.status, &answer.json());
            let text = answer.text();
            assert!(
                faults.is_empty(),
                "{name}: the answer is not what the spec says: {faults:?}\n{text}"
            );
        } else {
            assert_eq!(answer.text(), "", "{name}: the spec has no body here");
        }
        let left_out = request.body.is_empty() || request.body == b"null";
        if answer.status < 300
            && operation.takes_body()
            && !(left_out && operation.body_is_optional())
        {
            let body =
                serde_json::from_slice(&request.body).expect("a good request has a JSON body");
            let faults = operation.faults_of_request(&body);
            assert!(
                faults.is_empty(),
                "{name}: the request is not what the spec says: {faults:?}"
            );
        }

        let mut secrets = Vec::new();
        world.secrets(&mut secrets);
        if !answer.body.is_empty() {
            secrets_in(&answer.json(), &mut secrets);
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, render(&request, &answer, &secrets)));
    }
}

impl World {
    /// What stands in a path for a parameter, where an exchange does not say otherwise.
    fn path_value(&self, parameter: &str) -> String {
        match parameter {
            "application_id" => self.application.id.clone(),
            "user_id" => crate::world::USER.to_owned(),
            "session_token" => self.session.id.clone(),
            "registration_token" => self.registration_token.clone(),
            "device_id" => self.device.id.clone(),
            "auth_request_id" => self.request.id.clone(),
            "userId" => crate::world::USER.to_owned(),
            "action" => "signIn".to_owned(),
            "idempotencyKey" => "key-1".to_owned(),
            "deviceId" => "device-1".to_owned(),
            "email" => "alice@example.com".to_owned(),
            "tenantId" => crate::world::TENANT.to_owned(),
            // An id that the mock made, where it did.
            "userAuthenticatorId" => self.kept(parameter).unwrap_or("authenticator-1").to_owned(),
            other => panic!("no world has a value for the path parameter {other}"),
        }
    }

    fn secrets(&self, into: &mut Vec<(String, &'static str)>) {
        into.push((self.application.secret.clone(), "application_secret"));
        into.push((self.registration_token.clone(), "registration_token"));
        into.push((self.device.secret.clone(), "device_secret"));
        into.push((self.session.secret.clone(), "session_secret"));
        into.push((self.request.secret.clone(), "identification_data_secret"));
        let credential = |secret| basic(secret).replace("Basic ", "");
        into.push((credential(API_SECRET), "api_secret"));
        into.push((credential(WRONG_SECRET), "wrong_secret"));
        let kept = |name| self.kept(name).unwrap_or_default().to_owned();
        into.push((kept("token"), "token"));
        into.push((kept("accessToken"), "access_token"));
        into.push((kept("refreshToken"), "refresh_token"));
        into.push((kept("deviceCode"), "device_code"));
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
        "refreshToken" => (text, "refresh_token", hex(text, 96)),
        "deviceCode" => (text, "device_code", long),
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
fn secrets_in(value: &Value, found: &mut Vec<(String, &'static str)>) {
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

/// Both messages as they were sent; JSON with line breaks, padding by its length, and secrets by their names.
fn render(request: &Request, answer: &Answer, secrets: &[(String, &'static str)]) -> String {
    let mut head = request.head().replace("Connection: close\r\n", "");
    if let Some((_, value)) = request
        .headers
        .iter()
        .find(|(name, _)| name == AUTHENTICATION)
    {
        let signature = value.rsplit(':').next().unwrap_or_default();
        assert!(
            signature.len() == 24 && signature.ends_with("=="),
            "{signature} is no signature"
        );
        head = head.replace(signature, "[signature]");
    }
    let body = match request.body.len() {
        0 => String::new(),
        length if length > SHOWN => format!("[{length} bytes]\n\n"),
        // As sent: a malformed body must show how it is malformed.
        _ => format!("{}\n\n", String::from_utf8_lossy(&request.body)),
    };
    let mut text = format!("{}{body}", head.replace("\r\n", "\n"));
    text.push_str(&format!("HTTP/1.1 {} {}\n", answer.status, answer.reason));
    // Their order is the HTTP library's affair.
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "connection");
    headers.sort();
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("\n{}\n", indented(&answer.text())));
    for (secret, name) in secrets {
        text = text.replace(secret.as_str(), &format!("[{name}]"));
    }
    for header in [TIMESTAMP, VERSION] {
        assert_eq!(
            head.contains(header),
            head.contains(AUTHENTICATION),
            "{header} goes with the signature"
        );
    }
    text
}

/// JSON with line breaks. Members stay in the order they were sent in, and numbers and texts as they were written.
fn indented(json: &str) -> String {
    let (mut out, mut depth, mut in_text, mut escaped) = (String::new(), 0_usize, false, false);
    let break_line =
        |out: &mut String, depth: usize| out.push_str(&format!("\n{}", "  ".repeat(depth)));
    for character in json.chars() {
        if in_text {
            out.push(character);
            (in_text, escaped) = (escaped || character != '"', !escaped && character == '\\');
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                depth += 1;
                break_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if out.trim_end().ends_with(['{', '[']) {
                    out.truncate(out.trim_end().len());
                } else {
                    break_line(&mut out, depth);
                }
                out.push(character);
            }
            ',' => {
                out.push(character);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                in_text = true;
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

mod tests {
    #[test]
    fn indenting_keeps_order_and_texts() {
        let text = super::indented(r#"{"b":[1,2.50],"a":"x,{\"y\":1}\\","e":{},"l":[]}"#);
        assert_eq!(
            text,
            "{\n  \"b\": [\n    1,\n    2.50\n  ],\n  \"a\": \"x,{\\\"y\\\":1}\\\\\",\n  \"e\": {},\n  \"l\": []\n}"
        );
    }
}
