//! Golden exchanges: a request, and the status that it is answered with. Must not know what any operation means, nor how
//! an exchange is sent and shown.

mod render;
mod replayed;
mod run;
mod secrets;

use serde_json::Value;

pub(crate) use self::run::Ran;
use crate::spec;
use crate::wire::Request;
use crate::world::{Signer, Stage, World};

/// Larger than the largest body that the mock takes.
const TOO_LARGE: usize = 1024 * 1024 + 1;

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
    /// Distinguishes exchanges of one operation and status; empty for the only or plain one.
    case: &'static str,
    /// What is wrong with the request, where many operations answer it alike: such an exchange is a line of its API's
    /// table of shared refusals, and not a file.
    shared: Option<&'static str>,
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
        shared: None,
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

    /// A refusal that many operations share; says what is wrong with the request.
    pub(crate) fn shared(self, fault: &'static str) -> Self {
        let shared = Some(fault);
        Self { shared, ..self }
    }

    /// What is wrong with the request, where it is a shared refusal.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        self.shared
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
        let over = self
            .answers(429)
            .shared("one more than the rate limit allows")
            .after(&one.answers(200));
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

    /// 401: the same request without credentials.
    pub(crate) fn unsigned(&self) -> Self {
        self.answers(401)
            .shared("no credentials")
            .signer(Signer::Nobody)
    }

    /// 404: the same request for an application that does not exist.
    pub(crate) fn unknown_application(&self) -> Self {
        self.answers(404)
            .case("application")
            .shared("an application that does not exist")
            .path("application_id", "no-such-app")
    }

    /// 404: the same request for something of the application that does not exist.
    pub(crate) fn unknown(&self, parameter: &'static str) -> Self {
        self.answers(404)
            .case(parameter)
            .shared("a path parameter that names nothing")
            .path(parameter, "no-such-thing")
    }

    /// 400: the same request with a path that cannot be decoded.
    pub(crate) fn bad_escape(&self, parameter: &'static str) -> Self {
        self.answers(400)
            .case("escape")
            .shared("a path parameter that cannot be decoded")
            .path(parameter, "%zz")
    }

    /// 400: the same request with a body that is cut off.
    pub(crate) fn malformed(&self) -> Self {
        self.answers(400)
            .shared("a body that is cut off")
            .body(Body::Json("{\"cut\": "))
    }

    /// 413: the same request with a body that is too large.
    pub(crate) fn too_large(&self) -> Self {
        self.answers(413)
            .shared("a body that is too large")
            .body(Body::Padding(TOO_LARGE))
    }

    /// Its name, which is that of its snapshot where it has one of its own.
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
            "actionCode" => "withdraw".to_owned(),
            "alias" => "blocked-countries".to_owned(),
            "authenticator" => "sms".to_owned(),
            "ruleId" => self.kept(parameter).unwrap_or("rule-1").to_owned(),
            "customDataPointId" => self.kept("id").unwrap_or("point-1").to_owned(),
            // An id that the mock made, where it did.
            "userAuthenticatorId" => self.kept(parameter).unwrap_or("authenticator-1").to_owned(),
            other => panic!("no world has a value for the path parameter {other}"),
        }
    }
}
