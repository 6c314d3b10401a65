//! Plays a row: a tenant of its own, a client with the row's options, the faults, the call. Must not judge what it sees.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stepup_client::activeconnect::Activeconnect;
use stepup_client::authsignal::session_token::SessionVerifier;
use stepup_client::authsignal::{Authsignal, SessionToCreate, TrackAttributes};
use stepup_client::authsignal_client::AuthsignalClient;
use stepup_client::authsignal_management::AuthsignalManagement;
use stepup_client::mock_control::MockControl;
use stepup_client::reqwest::{self, redirect};
use stepup_client::{CallOptions, Error, FinishedCall, Secret};
use stepup_mock::{CreatedTenant, MockServer, NewAuthenticator, NewUser};
use tokio::net::TcpSocket;

use super::calls::{self, Belongings, Made, Ready};
use super::table::{self, Call, ClientType, OptionsOfCall, Row};
use crate::wire::{self, Request};

/// The app client of sessions.
const APP: &str = "app";
/// A host that is not on this machine, as far as the client can know. The mock answers to it behind a proxy.
const REMOTE: &str = "vendor.example";

/// A mock, and an address where nobody listens.
pub(super) struct Stage {
    mock: MockServer,
    nobody: SocketAddr,
    _reserved: TcpSocket,
}

/// A request, as the mock's journal has it.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
}

/// What a row left behind.
pub(super) struct Seen {
    pub(super) error: Option<Error>,
    pub(super) value: Value,
    /// All that an application can print: the error and its sources, the answer, the client, and what `on_call` is told.
    pub(super) shown: String,
    pub(super) finished: Vec<FinishedCall>,
    pub(super) requests: Vec<Came>,
    pub(super) new_users: i64,
    pub(super) new_actions: i64,
    /// Faults that met no request, although they were for some.
    pub(super) unused_faults: Vec<Value>,
    /// The credentials of the tenant.
    pub(super) credentials: Vec<String>,
}

/// A row with all that is there before its call.
pub(super) struct Play<'a> {
    stage: &'a Stage,
    row: Row,
    tenant: CreatedTenant,
    client: Option<Ready>,
    belongings: Belongings,
    finished: Finished,
    credentials: Vec<String>,
}

type Finished = Arc<Mutex<Vec<FinishedCall>>>;

/// The settings that every builder has.
macro_rules! configured {
    ($builder:expr, $row:expr, $finished:expr) => {{
        let (row, mut builder) = (&$row, $builder);
        let options = &row.options;
        if let Some(retries) = options.retries {
            builder = builder.retries(retries);
        }
        if let Some(retries) = options.retry_budget {
            builder = builder.retry_budget(retries);
        }
        if let Some(limit) = options.attempt_timeout_ms {
            builder = builder.attempt_timeout(Duration::from_millis(limit));
        }
        if let Some(limit) = options.call_timeout_ms {
            builder = builder.call_timeout(Duration::from_millis(limit));
        }
        if let Some(name) = &options.app_name {
            builder = builder.app_name(name);
        }
        if options.own_http_client {
            let own = reqwest::Client::builder().redirect(redirect::Policy::none());
            let own = without_authorities(own.no_proxy().user_agent("own/1"));
            builder = builder.http_client(own.build().map_err(|error| error.to_string())?);
        }
        if !options.own_http_client {
            let proxy = row.arranged.proxy.as_deref().map(reqwest::Proxy::all);
            let proxy = proxy.transpose().map_err(|error| error.to_string())?;
            let wants_redirects = options.wants_redirects;
            builder = builder.http_builder(move |mut http| {
                http = without_authorities(http);
                if let Some(proxy) = proxy {
                    http = http.proxy(proxy);
                }
                if wants_redirects {
                    http = http.redirect(redirect::Policy::limited(9));
                }
                http
            });
        }
        if row.arranged.server.is_some() {
            builder = builder.allow_plain_http();
        }
        let finished: Finished = Arc::clone($finished);
        builder.on_call(move |call| finished.lock().unwrap().push(call.clone()))
    }};
}

/// Trusts no authority. To read those of the machine takes longer than a row, and no row gets as far as a certificate.
fn without_authorities(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    http.tls_certs_only([])
}

fn call_options(given: &OptionsOfCall) -> CallOptions {
    let mut options = CallOptions::new();
    if let Some(retries) = given.retries {
        options = options.retries(retries);
    }
    if let Some(limit) = given.timeout_ms {
        options = options.timeout(Duration::from_millis(limit));
    }
    if let Some(limit) = given.attempt_timeout_ms {
        options = options.attempt_timeout(Duration::from_millis(limit));
    }
    if let Some(key) = &given.idempotency_key {
        options = options.idempotency_key(key);
    }
    for (name, value) in &given.headers {
        options = options.header(name.as_str(), value.as_str());
    }
    options
}

/// A text of a row with the names of this play in place of those in braces.
fn filled(text: &str, names: &[(&str, String)]) -> String {
    let mut text = text.to_owned();
    for (name, value) in names {
        text = text.replace(name, value);
    }
    text
}

fn fill(value: &mut Value, names: &[(&str, String)]) {
    match value {
        Value::String(text) => *text = filled(text, names),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, names)),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Stage {
    pub(super) async fn new() -> Self {
        let (reserved, nobody) = wire::silent();
        let mock = MockServer::builder().allow_host(REMOTE).unwrap();
        Self {
            mock: mock.start().await.unwrap(),
            nobody,
            _reserved: reserved,
        }
    }

    /// What a row may name in braces.
    fn names(&self) -> [(&'static str, String); 4] {
        [
            ("{mock}", self.mock.url().to_owned()),
            ("{mock_host}", self.mock.address().to_string()),
            ("{nobody}", format!("http://{}", self.nobody)),
            ("{remote}", format!("http://{REMOTE}")),
        ]
    }

    /// A text of a row with this stage's names in it.
    pub(super) fn filled(&self, text: &str) -> String {
        filled(text, &self.names())
    }

    /// The answer of the control API, which must be good.
    async fn control(&self, method: &str, target: &str, body: Value) -> Result<Value, String> {
        let address = self.mock.address();
        let request = Request::new(method, target)
            .without("Host")
            .header("Host", &address.to_string());
        let request = match body {
            Value::Null => request,
            body => request.json(body.to_string()),
        };
        let answer = wire::send(address, &request).await;
        match answer.status {
            200 => Ok(answer.json()),
            _ => Err(format!("{method} {target}: {}", answer.text())),
        }
    }

    /// Arranges a row for a client, with its faults or without.
    pub(super) async fn arrange(
        &self,
        raw: &Value,
        client: ClientType,
        with_faults: bool,
    ) -> Result<Play<'_>, String> {
        let mut raw = raw.clone();
        fill(&mut raw, &self.names());
        let row = table::row(&raw)?;
        let tenant = self.tenant(&row).await?;
        let credentials = vec![
            tenant.authsignal().api_secret().to_owned(),
            tenant.authsignal().management_secret().to_owned(),
            tenant.activeconnect().application_secret().to_owned(),
        ];
        let mut play = Play {
            stage: self,
            client: None,
            row,
            tenant,
            belongings: Belongings::default(),
            finished: Finished::default(),
            credentials,
        };
        play.prepare(client).await?;
        let tenant = play.tenant.id();
        for (target, member, planned) in [
            ("/_mock/faults", "faults", &play.row.arranged.faults),
            (
                "/_mock/scenarios",
                "scenarios",
                &play.row.arranged.scenarios,
            ),
        ] {
            if !planned.is_empty() && (with_faults || member == "scenarios") {
                let body = json!({"tenant": tenant, member: planned});
                self.control("POST", target, body).await?;
            }
        }
        play.finished.lock().unwrap().clear();
        Ok(play)
    }

    async fn tenant(&self, row: &Row) -> Result<CreatedTenant, String> {
        let created = match &row.arranged.seed {
            Some(seed) => self.mock.create_tenant_from(seed.clone()),
            None => self.mock.create_tenant(),
        };
        let tenant = created.map_err(|error| error.to_string())?;
        if row.arranged.seed.is_none() {
            let phone = NewAuthenticator::sms("+15550100");
            let ada = NewUser::new("ada").authenticator(phone);
            tenant.authsignal().create_user(ada).unwrap();
            let activeconnect = tenant.activeconnect();
            activeconnect.create_user("ada").unwrap();
            let phone = activeconnect.phone("ada");
            phone.register_with_new_link().await.unwrap();
        }
        Ok(tenant)
    }
}

impl Play<'_> {
    /// Builds the client, and makes what its call is about.
    async fn prepare(&mut self, client: ClientType) -> Result<(), String> {
        let config = |error: Error| error.to_string();
        let server = self.row.arranged.server.clone();
        let server = server.unwrap_or_else(|| self.stage.mock.url().to_owned());
        let authsignal = self.tenant.authsignal();
        let (row, finished) = (&self.row, &self.finished);
        let options = row.options.call.as_ref().map(call_options);
        let options = options.unwrap_or_default();
        self.client = Some(match client {
            ClientType::Authsignal => {
                let mut builder = Authsignal::builder(authsignal.api_secret()).api_url(&server);
                if let Some(keyed_retries) = row.options.keyed_retries {
                    builder = builder.keyed_retries(keyed_retries);
                }
                let builder = configured!(builder, *row, finished);
                Ready::Authsignal(builder.build().map_err(config)?.with(options))
            }
            ClientType::AuthsignalClient => {
                let token = self.token().await;
                let builder = AuthsignalClient::builder().api_url(&server);
                let builder = configured!(builder.token(token.clone()), *row, finished);
                let built = builder.build().map_err(config)?.with(options);
                self.credentials.push(token.expose().to_owned());
                Ready::AuthsignalClient(built)
            }
            ClientType::AuthsignalManagement => {
                let builder = AuthsignalManagement::builder(authsignal.management_secret());
                let builder = configured!(builder.api_url(&server), *row, finished);
                Ready::AuthsignalManagement(builder.build().map_err(config)?.with(options))
            }
            ClientType::Activeconnect => {
                let application = self.tenant.activeconnect();
                let id = application.application_id();
                let builder = Activeconnect::builder(id, application.application_secret());
                let builder = configured!(builder.server(&server), *row, finished);
                Ready::Activeconnect(builder.build().map_err(config)?.with(options))
            }
            ClientType::MockControl => {
                Ready::MockControl(MockControl::new(&server).map_err(config)?)
            }
        });
        match self.row.call {
            Call::SessionStatus | Call::SessionWait | Call::SessionDestroy | Call::SavedSession => {
                self.start_session().await
            }
            Call::ValidateSession | Call::RefreshSession | Call::RevokeSession => {
                self.create_session().await;
                Ok(())
            }
            Call::VerifySessionToken => {
                self.create_session().await;
                let builder = SessionVerifier::builder(authsignal.tenant_id()).client_id(APP);
                let builder = builder.api_url(self.stage.mock.url());
                let builder = configured!(builder, self.row, &self.finished);
                self.belongings.verifier = Some(builder.build().map_err(config)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The server of the application, which has nothing to do with the row.
    fn bystander(&self) -> Authsignal {
        let builder = Authsignal::builder(self.tenant.authsignal().api_secret());
        let builder = builder.http_builder(without_authorities);
        builder.api_url(self.stage.mock.url()).build().unwrap()
    }

    /// The token of an action of ada's.
    async fn token(&self) -> Secret {
        let bystander = self.bystander();
        let tracked = bystander.track("ada", "pay", TrackAttributes::new());
        tracked.await.unwrap().token().clone()
    }

    /// A session of ada's at Authsignal.
    async fn create_session(&mut self) {
        let token = self.token().await;
        let challenge = self.tenant.authsignal().challenge("ada");
        challenge.succeed().await.unwrap();
        let session = SessionToCreate::new(APP, token);
        let tokens = self.bystander().create_session(session).await.unwrap();
        for token in [&tokens.access_token, &tokens.refresh_token] {
            self.credentials.push(token.expose().to_owned());
        }
        self.belongings.tokens = Some(tokens);
    }

    /// A session of ada's at Activeconnect.
    async fn start_session(&mut self) -> Result<(), String> {
        let Some(Ready::Activeconnect(client)) = &self.client else {
            return Err("only Activeconnect has such sessions".to_owned());
        };
        let session = client.authenticate_user("ada", &[]).await.unwrap();
        let saved: Value = serde_json::from_str(&session.to_json()).unwrap();
        for member in ["session_token", "session_secret"] {
            let credential = saved[member].as_str().unwrap();
            self.credentials.push(credential.to_owned());
        }
        self.belongings.session = Some(session);
        if self.row.arranged.phone_approves {
            let phone = self.tenant.activeconnect().phone("ada");
            phone.approve().await.unwrap();
        }
        Ok(())
    }

    fn counts(&self) -> (i64, i64) {
        let authsignal = self.tenant.authsignal();
        let number = |length: usize| i64::try_from(length).unwrap();
        (
            number(authsignal.users().len()),
            number(authsignal.actions("ada").len()),
        )
    }

    /// Makes the row's call, and looks at what it left behind.
    pub(super) async fn play(mut self) -> Result<Seen, String> {
        let since = self
            .tenant
            .journal()
            .first()
            .map_or(0, |entry| entry.number);
        let before = self.counts();
        let client = self.client.as_ref().ok_or("there is no client")?;
        let mut made = Made::default();
        for _ in 0..self.row.with.times {
            let with = &self.row.with;
            let call = calls::make(self.row.call, client, &mut self.belongings, with);
            made = call
                .await
                .ok_or_else(|| format!("this client has no call {:?}", self.row.call))?;
        }
        let after = self.counts();
        let tenant = self.tenant.id();
        let search = json!({"tenant": tenant, "after": since, "pattern": {}});
        let target = "/_mock/journal/search";
        let found = self.stage.control("POST", target, search).await?;
        let target = format!("/_mock/faults?tenant={tenant}");
        let planned = self.stage.control("GET", &target, Value::Null).await?;
        let finished = std::mem::take(&mut *self.finished.lock().unwrap());
        let mut shown = format!("{} {} {finished:?}", made.shown, client.shown());
        if let Some(error) = &made.error {
            shown += &format!(" {error} {error:?}");
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                shown += &format!(" {cause} {cause:?}");
                source = cause.source();
            }
        }
        Ok(Seen {
            error: made.error,
            value: made.value,
            shown,
            finished,
            requests: came(&found),
            new_users: after.0 - before.0,
            new_actions: after.1 - before.1,
            unused_faults: unused(&planned),
            credentials: self.credentials,
        })
    }
}

/// The requests that a search found, the oldest first.
fn came(found: &Value) -> Vec<Came> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let requests = found["requests"].as_array().unwrap().iter().rev();
    let requests = requests.map(|detail| {
        let carried = detail["headers"].as_array().into_iter().flatten();
        let mut headers: BTreeMap<_, _> = carried
            .filter_map(|header| Some((text(&header["name"])?, text(&header["value"])?)))
            .collect();
        for (name, member) in [
            ("user-agent", "userAgent"),
            ("content-type", "contentType"),
            ("authorization", "credentials"),
        ] {
            headers.extend(text(&detail[member]).map(|value| (name.to_owned(), value)));
        }
        let body = detail["request"]["text"].as_str().unwrap_or_default();
        Came {
            method: text(&detail["entry"]["method"]).unwrap(),
            target: text(&detail["entry"]["target"]).unwrap(),
            headers,
            body: serde_json::from_str(body).unwrap_or_default(),
        }
    });
    requests.collect()
}

/// Faults that still wait for a request, but for those that apply until somebody takes them back.
fn unused(planned: &Value) -> Vec<Value> {
    let faults = planned["tenants"][0]["faults"].as_array();
    let stays = |fault: &&Value| fault["always"] == true || fault.get("rateLimit").is_some();
    let waiting = faults.into_iter().flatten().filter(|fault| !stays(fault));
    waiting.cloned().collect()
}
