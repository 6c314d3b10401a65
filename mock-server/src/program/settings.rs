//! Settings of the server. A flag wins over the environment, which wins over the file, which wins over the default.
//! Does not start the server.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args as _;
use clap::builder::BoolishValueParser;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::authsignal::vocabulary::ChallengeMode;
use crate::runtime::seed::{DEFAULT_API_SECRET, DEFAULT_TENANT_ID, NAMES, Secret, Seed};
use crate::runtime::word::Word;
use crate::runtime::{
    Behaviour, DataDirectory, Durability, Proxy, PublicUrl, SignatureWindow, host_name,
    host_or_address, in_words, read_text, span,
};

/// Where the mock listens by default.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4750);

/// Every setting. Each field is a flag, an environment variable, and a key of the file.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Address to listen on; port 0 picks a free one. 127.0.0.1 brings the same port of `[::1]` with it, and the other way
    /// round, because `localhost` can stand for either [default: 127.0.0.1:4750]
    #[arg(long, env = "STEPUP_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Host name to accept in addition to localhost, IP addresses and names without dots, for example
    /// `host.docker.internal`; repeat the flag, or separate several with commas
    #[arg(long, env = "STEPUP_ALLOW_HOST", value_name = "NAME", value_parser = several(host_name))]
    #[serde(default, deserialize_with = "host_names")]
    pub allow_host: Option<Vec<Several<String>>>,
    /// URL by which callers reach the mock, for example behind a reverse proxy; it may have a path before the mock's own
    /// paths. Every URL that the mock gives out begins with it [default: http and the host that the request names]
    #[arg(long, env = "STEPUP_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// Reverse proxy whose `Forwarded` and `X-Forwarded-*` headers name the URL that callers use: an address, a network
    /// such as 10.0.0.0/8, or a host name; repeat the flag, or separate several with commas. --public-url overrides it
    #[arg(
        long,
        env = "STEPUP_TRUST_FORWARDED_FROM",
        value_name = "HOST|CIDR",
        value_parser = several(Proxy::from_str)
    )]
    #[serde(default, deserialize_with = "proxies")]
    pub trust_forwarded_from: Option<Vec<Several<Proxy>>>,
    /// Speak TLS as well as plain HTTP, at the same port, with a certificate from the mock's own authority. Clients must trust
    /// that authority, which `stepup-mock ca` prints
    #[arg(long, env = "STEPUP_TLS", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub tls: Option<bool>,
    /// Address for TLS only; --listen then speaks plain HTTP only. Implies --tls
    #[arg(long, env = "STEPUP_TLS_LISTEN", value_name = "ADDR")]
    pub tls_listen: Option<SocketAddr>,
    /// PEM file with your own certificate, followed by its intermediate certificates. Implies --tls
    #[arg(long, env = "STEPUP_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the private key of that certificate
    #[arg(long, env = "STEPUP_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Folder in which the mock keeps its authority, `ca.pem` and `ca-key.pem` [default: stepup-mock in the folder for your
    /// programs' data]
    #[arg(long, env = "STEPUP_TLS_CA_DIR", value_name = "FOLDER")]
    pub tls_ca_dir: Option<PathBuf>,
    /// State at startup: `empty`, `demo`, `sdk-suites`, or the path of a JSON file [default: empty]
    #[arg(long, env = "STEPUP_SEED", value_name = "NAME|FILE")]
    pub seed: Option<String>,
    /// Folder in which the mock keeps its state, so that it goes on with it after a restart, a crash or a loss of power. An
    /// empty one, or one that does not exist yet, begins with the seed. In one with a state, the mock adds the tenants of the
    /// seed that were never there; a reset goes back to the seed [default: none; nothing is written anywhere]
    #[arg(long, env = "STEPUP_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// When the mock answers a request that has changed something, with --data-dir: `fsync`, once it is on the disk; `os`, once
    /// the operating system has it, so that a loss of power can damage the folder; `none`, at once, so that the changes of the
    /// last moments can be lost [default: fsync]
    #[arg(
        long,
        env = "STEPUP_DURABILITY",
        value_name = "WHEN",
        value_enum,
        hide_possible_values = true
    )]
    pub durability: Option<Durability>,
    /// Use a fixed clock (2026-01-01T00:00:00Z) and seeded ids, so that the same requests get the same bytes. The mock then
    /// checks the age of signatures only with --signature-window, because callers sign with the machine's clock
    #[arg(long, env = "STEPUP_DETERMINISTIC", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub deterministic: Option<bool>,
    /// Print one line of JSON with addresses and credentials, instead of `listening on URL`
    #[arg(long, env = "STEPUP_READY_JSON", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub ready_json: Option<bool>,
    /// Stop when stdin ends, too: a test runner that holds the other end of the pipe leaves no mock behind, however it ends
    #[arg(long, env = "STEPUP_STOP_WITH_STDIN", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub stop_with_stdin: Option<bool>,
    /// Load the seed again when its file or the configuration file changes. Each tenant of the seed then begins anew. An
    /// invalid file changes nothing
    #[arg(long, env = "STEPUP_WATCH", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub watch: Option<bool>,
    /// Id of the Activeconnect application [default: mock-app]
    #[arg(long, env = "STEPUP_APPLICATION_ID", value_name = "ID")]
    pub application_id: Option<String>,
    /// Secret of the Activeconnect application [default: mock-app-secret-24-bytes]
    #[arg(long, env = "STEPUP_APPLICATION_SECRET", value_name = "SECRET", hide_env_values = true, value_parser = secret)]
    pub application_secret: Option<Secret>,
    /// Id of the Authsignal tenant [default: 00000000-0000-4000-8000-000000000001]
    #[arg(long, env = "STEPUP_AUTHSIGNAL_TENANT_ID", value_name = "ID")]
    pub authsignal_tenant_id: Option<String>,
    /// Server API secret of the Authsignal tenant [default: mock-authsignal-secret-0123456789abcdef]
    #[arg(long, env = "STEPUP_AUTHSIGNAL_SECRET", value_name = "SECRET", hide_env_values = true, value_parser = secret)]
    pub authsignal_secret: Option<Secret>,
    /// Management secret of the Authsignal tenant [default: mock-management-secret-0123456789abcdef, or one that follows
    /// from a server API secret of your own; --ready-json prints it]
    #[arg(long, env = "STEPUP_AUTHSIGNAL_MANAGEMENT_SECRET", value_name = "SECRET", hide_env_values = true, value_parser = secret)]
    pub authsignal_management_secret: Option<Secret>,
    /// Secret of the Authsignal tenant's terminals [default: mock-terminal-secret-0123456789abcdef, or one that follows from
    /// a server API secret of your own; --ready-json prints it]
    #[arg(long, env = "STEPUP_AUTHSIGNAL_TERMINAL_SECRET", value_name = "SECRET", hide_env_values = true, value_parser = secret)]
    pub authsignal_terminal_secret: Option<Secret>,
    /// Sign the tokens of track and claim with RS256 instead of HS256; the tenant's key set verifies them
    #[arg(long, env = "STEPUP_RS256_TOKENS", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub rs256_tokens: Option<bool>,
    /// How a challenge page behaves: `interactive` waits for a person; `auto-succeed`, `auto-fail` and `abandon` return
    /// to the application at once [default: interactive]
    #[arg(long, env = "STEPUP_CHALLENGE", value_name = "MODE", value_parser = challenge)]
    pub challenge: Option<Word<ChallengeMode>>,
    /// Enforce Authsignal's documented limits on sending and verifying codes
    #[arg(long, env = "STEPUP_CODE_LIMITS", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub code_limits: Option<bool>,
    /// Refuse a member or a query parameter of a request that the spec does not have, with the vendor's 400. Without it,
    /// the mock ignores it with a warning in the log, in the journal and in the header Stepup-Mock-Warning
    #[arg(long, env = "STEPUP_STRICT", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub strict: Option<bool>,
    /// Let only addresses of a tenant's `ipWhitelist` call Authsignal's Server API. Without it, the list has no effect
    #[arg(long, env = "STEPUP_IP_WHITELIST", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub ip_whitelist: Option<bool>,
    /// Send Authsignal's codes and links only to addresses that the user has enrolled, as its documentation words it,
    /// and not to addresses that the application has named
    #[arg(long, env = "STEPUP_CHALLENGE_ENROLLED_ONLY", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub challenge_enrolled_only: Option<bool>,
    /// Create a tenant of Authsignal at the first request of the Server API with an API secret that no tenant has. Its ids
    /// follow from that secret
    #[arg(long, env = "STEPUP_TENANTS_ON_DEMAND", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub tenants_on_demand: Option<bool>,
    /// Seconds without a request after which the mock deletes a tenant that was created while it runs [default: never]
    #[arg(long, env = "STEPUP_TENANT_TTL", value_name = "SECONDS")]
    pub tenant_ttl: Option<NonZeroU32>,
    /// Requests per minute for each Authsignal tenant; the mock answers 429 to the rest [default: no limit]
    #[arg(long, env = "STEPUP_RATE_LIMIT", value_name = "COUNT")]
    pub rate_limit: Option<NonZeroUsize>,
    /// URL that receives every event of the first Authsignal tenant
    #[arg(
        long,
        env = "STEPUP_WEBHOOK",
        value_name = "URL",
        hide_env_values = true
    )]
    pub webhook: Option<String>,
    /// Host outside this machine that webhooks may go to; separate several with commas
    #[arg(long, env = "STEPUP_WEBHOOK_ALLOW", value_name = "HOST", value_parser = several(host_or_address))]
    #[serde(default, deserialize_with = "hosts_or_addresses")]
    pub webhook_allow: Option<Vec<Several<String>>>,
    /// Accept any certificate of a webhook's receiver, such as a self-signed one
    #[arg(long, env = "STEPUP_WEBHOOK_INSECURE", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub webhook_insecure: Option<bool>,
    /// Seconds to wait for the receiver of a webhook [default: 10]
    #[arg(long, env = "STEPUP_WEBHOOK_SECONDS", value_name = "SECONDS")]
    pub webhook_seconds: Option<NonZeroU32>,
    /// Accept requests without checking their signature, for requests made by hand
    #[arg(long, env = "STEPUP_NO_SIGNATURES", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub no_signatures: Option<bool>,
    /// Largest difference in seconds between a signature's timestamp and the machine's clock, or `off` [default: 300]
    #[arg(long, env = "STEPUP_SIGNATURE_WINDOW", value_name = "SECONDS|off")]
    pub signature_window: Option<Window>,
    /// Accept a nonce more than once
    #[arg(long, env = "STEPUP_ALLOW_REPLAYS", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub allow_replays: Option<bool>,
    /// Seconds that a session waits for the phone [default: 60]
    #[arg(long, env = "STEPUP_PENDING_SECONDS", value_name = "SECONDS")]
    pub pending_seconds: Option<u32>,
    /// Seconds that an active session lasts [default: 3600]
    #[arg(long, env = "STEPUP_SESSION_SECONDS", value_name = "SECONDS")]
    pub session_seconds: Option<u32>,
    /// Seconds that a registration link stays valid [default: 86400]
    #[arg(long, env = "STEPUP_LINK_SECONDS", value_name = "SECONDS")]
    pub link_seconds: Option<u32>,
    /// Requests kept in the journal of each tenant [default: 10000]
    #[arg(long, env = "STEPUP_JOURNAL", value_name = "COUNT")]
    pub journal: Option<usize>,
    /// Messages kept in the outbox of each tenant [default: 1000]
    #[arg(long, env = "STEPUP_OUTBOX", value_name = "COUNT")]
    pub outbox: Option<usize>,
    /// Largest request body in bytes [default: 1048576]
    #[arg(long, env = "STEPUP_BODY_LIMIT", value_name = "BYTES")]
    pub body_limit: Option<usize>,
    /// Seconds that a client has to send the headers of a request; after that, the mock answers 408 [default: 10]
    #[arg(long, env = "STEPUP_HEADER_SECONDS", value_name = "SECONDS")]
    pub header_seconds: Option<NonZeroU32>,
    /// Seconds that a client has to send the body of a request; after that, the mock answers 408 [default: 30]
    #[arg(long, env = "STEPUP_BODY_SECONDS", value_name = "SECONDS")]
    pub body_seconds: Option<NonZeroU32>,
    /// Seconds that a connection can have no request, or that an answer can wait for the client to read it; after that,
    /// the mock closes the connection [default: 120]
    #[arg(long, env = "STEPUP_IDLE_SECONDS", value_name = "SECONDS")]
    pub idle_seconds: Option<NonZeroU32>,
    /// URL of an OpenTelemetry collector that gets a span of each request and webhook, by OTLP over HTTP, such as
    /// http://127.0.0.1:4318. Only a build with the feature `otel` has it [default: as OTEL_EXPORTER_OTLP_ENDPOINT says]
    #[arg(
        long,
        env = "STEPUP_OTLP_ENDPOINT",
        value_name = "URL",
        hide_env_values = true
    )]
    pub otlp_endpoint: Option<String>,
    /// Tenants in the form of a seed, after those of the seed. Only the file has them.
    #[arg(skip)]
    pub tenant: Option<TenantTables>,
    /// What to log on stderr: `off`, `error`, `warn`, `info`, `debug`, `trace` [default: info]
    #[arg(long, env = "STEPUP_LOG", value_name = "LEVEL")]
    pub log: Option<Level>,
}

/// The `[[tenant]]` tables of a file, still unread. `Debug` leaves them out, because they hold secrets.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct TenantTables(Vec<Value>);

impl fmt::Debug for TenantTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TenantTables").field(&self.0.len()).finish()
    }
}

/// The place in a file: line, column, and the key if it is a known one.
fn place(text: &str, span: Option<Range<usize>>) -> String {
    let Some(before) = span.and_then(|span| text.get(..span.start)) else {
        return "the file".to_owned();
    };
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let (line, column) = (
        before.matches('\n').count() + 1,
        before[start..].chars().count() + 1,
    );
    let command = Settings::augment_args(clap::Command::new("settings"));
    let key_of = |line: &str| {
        let (key, _) = line.split_once('=')?;
        let key = key.trim();
        let known = command
            .get_arguments()
            .any(|one| one.get_long() == Some(key));
        known.then(|| format!(" (`{key}`)"))
    };
    // A value can span several lines; its key is on the first.
    let lines = text.lines().take(line).collect::<Vec<_>>();
    let key = lines.into_iter().rev().find_map(key_of).unwrap_or_default();
    format!("line {line}, column {column}{key}")
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::from(text.to_owned()))
}

/// What one text names, which may be several things with commas between them.
#[derive(Clone, Debug)]
pub struct Several<T>(Vec<T>);

/// Reads each part of a text, without the blanks around it. A comma at the end, or a second one, names nothing more.
pub(super) fn several<T>(
    read: fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<Several<T>, String> + Clone {
    move |text| {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let parts: Vec<T> = parts.map(read).collect::<Result<_, _>>()?;
        if parts.is_empty() {
            // Its reason says what the one thing is that must stand there.
            read("")?;
        }
        Ok(Several(parts))
    }
}

/// All that the texts of a setting name.
pub(super) fn all<T: Clone>(texts: Option<&[Several<T>]>) -> Vec<T> {
    let texts = texts.unwrap_or_default().iter();
    texts
        .flat_map(|Several(parts)| parts.iter().cloned())
        .collect()
}

type Listed<T> = Option<Vec<Several<T>>>;

fn host_names<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Listed<String>, D::Error> {
    listed(from, host_name)
}

fn hosts_or_addresses<'de, D>(from: D) -> Result<Listed<String>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    listed(from, host_or_address)
}

fn proxies<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Listed<Proxy>, D::Error> {
    listed(from, Proxy::from_str)
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "must be a string or a list of strings")]
enum OneOrList {
    One(String),
    List(Vec<String>),
}

fn listed<'de, D: serde::Deserializer<'de>, T>(
    from: D,
    read: fn(&str) -> Result<T, String>,
) -> Result<Listed<T>, D::Error> {
    let texts = match OneOrList::deserialize(from)? {
        OneOrList::One(text) => vec![text],
        OneOrList::List(texts) => texts,
    };
    let texts = texts.iter().map(|text| several(read)(text));
    let texts = texts.collect::<Result<_, _>>();
    texts.map(Some).map_err(serde::de::Error::custom)
}

fn challenge(word: &str) -> Result<Word<ChallengeMode>, String> {
    Word::try_from(word.to_owned())
}

/// The words for how far a signature's timestamp may differ from the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WindowText")]
pub struct Window(SignatureWindow);

#[derive(Deserialize)]
#[serde(untagged)]
enum WindowText {
    Seconds(u64),
    Text(String),
}

impl TryFrom<WindowText> for Window {
    type Error = String;

    fn try_from(text: WindowText) -> Result<Self, String> {
        match text {
            WindowText::Seconds(seconds) => Ok(Self(SignatureWindow::Seconds(seconds))),
            WindowText::Text(text) => text.parse(),
        }
    }
}

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self(SignatureWindow::Off)),
            _ => text
                .parse()
                .map(|seconds| Self(SignatureWindow::Seconds(seconds)))
                .map_err(|_| format!("`{text}` is neither a whole number of seconds nor `off`")),
        }
    }
}

/// How much to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing.
    Off,
    /// Failures.
    Error,
    /// Also what looks wrong.
    Warn,
    /// Also what the mock does.
    Info,
    /// Also each request.
    Debug,
    /// Also everything else.
    Trace,
}

impl From<Level> for tracing_subscriber::filter::LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Off => Self::OFF,
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

impl Settings {
    /// Where the mock keeps its state, if anywhere.
    ///
    /// # Errors
    /// It is set when to answer, and not where the state is kept.
    pub fn data_directory(&self) -> anyhow::Result<Option<DataDirectory>> {
        anyhow::ensure!(
            self.data_dir.is_some() || self.durability.is_none(),
            "durability says when what is written into data-dir counts; set data-dir, too, or leave durability out"
        );
        Ok(self.data_dir.clone().map(|path| DataDirectory {
            path,
            durability: self.durability.unwrap_or_default(),
        }))
    }

    /// Fills the unset settings from `file`.
    ///
    /// # Errors
    /// The file cannot be read, or it contains an unknown key or a bad value.
    pub fn or_file(self, file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else { return Ok(self) };
        let text = read_text(path)
            .with_context(|| format!("cannot read the config file {}", path.display()))?;
        let mut file = Self::of_toml(&text).map_err(|why| {
            anyhow::anyhow!(
                "the config file {} is invalid: {why}; its keys are the flags without `--`",
                path.display()
            )
        })?;
        // The author of the file knows where the file is, but not where the mock is started.
        let folder = path.parent().unwrap_or(Path::new(""));
        let of_tls = [&mut file.tls_cert, &mut file.tls_key, &mut file.tls_ca_dir];
        for named in of_tls.into_iter().flatten() {
            *named = folder.join(&*named);
        }
        if let Some(seed) = &mut file.seed
            && !NAMES.contains(&&**seed)
        {
            let joined = folder.join(&*seed).into_os_string().into_string();
            *seed = joined.map_err(|_| {
                anyhow::anyhow!(
                    "the path of the config file {} is not Unicode",
                    path.display()
                )
            })?;
        }
        Ok(self.or(file))
    }

    /// The settings of a file.
    ///
    /// # Errors
    /// The place of the fault, and what is wrong. The message quotes no line, because a line may contain a secret.
    fn of_toml(text: &str) -> Result<Self, String> {
        let document = toml::Deserializer::parse(text)
            .map_err(|error| format!("{} is not valid TOML", place(text, error.span())))?;
        serde_path_to_error::deserialize(document).map_err(|error| {
            let inner = error.inner();
            let words = in_words(&error.path().to_string(), inner.message());
            format!("{}: {words}", place(text, inner.span()))
        })
    }

    fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            allow_host: self.allow_host.or(other.allow_host),
            public_url: self.public_url.or(other.public_url),
            trust_forwarded_from: self.trust_forwarded_from.or(other.trust_forwarded_from),
            tls: self.tls.or(other.tls),
            tls_listen: self.tls_listen.or(other.tls_listen),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            tls_ca_dir: self.tls_ca_dir.or(other.tls_ca_dir),
            seed: self.seed.or(other.seed),
            data_dir: self.data_dir.or(other.data_dir),
            durability: self.durability.or(other.durability),
            deterministic: self.deterministic.or(other.deterministic),
            ready_json: self.ready_json.or(other.ready_json),
            stop_with_stdin: self.stop_with_stdin.or(other.stop_with_stdin),
            watch: self.watch.or(other.watch),
            application_id: self.application_id.or(other.application_id),
            application_secret: self.application_secret.or(other.application_secret),
            authsignal_tenant_id: self.authsignal_tenant_id.or(other.authsignal_tenant_id),
            authsignal_secret: self.authsignal_secret.or(other.authsignal_secret),
            authsignal_management_secret: self
                .authsignal_management_secret
                .or(other.authsignal_management_secret),
            authsignal_terminal_secret: self
                .authsignal_terminal_secret
                .or(other.authsignal_terminal_secret),
            rs256_tokens: self.rs256_tokens.or(other.rs256_tokens),
            challenge: self.challenge.or(other.challenge),
            code_limits: self.code_limits.or(other.code_limits),
            strict: self.strict.or(other.strict),
            ip_whitelist: self.ip_whitelist.or(other.ip_whitelist),
            challenge_enrolled_only: self
                .challenge_enrolled_only
                .or(other.challenge_enrolled_only),
            tenants_on_demand: self.tenants_on_demand.or(other.tenants_on_demand),
            tenant_ttl: self.tenant_ttl.or(other.tenant_ttl),
            rate_limit: self.rate_limit.or(other.rate_limit),
            webhook: self.webhook.or(other.webhook),
            webhook_allow: self.webhook_allow.or(other.webhook_allow),
            webhook_insecure: self.webhook_insecure.or(other.webhook_insecure),
            webhook_seconds: self.webhook_seconds.or(other.webhook_seconds),
            no_signatures: self.no_signatures.or(other.no_signatures),
            signature_window: self.signature_window.or(other.signature_window),
            allow_replays: self.allow_replays.or(other.allow_replays),
            pending_seconds: self.pending_seconds.or(other.pending_seconds),
            session_seconds: self.session_seconds.or(other.session_seconds),
            link_seconds: self.link_seconds.or(other.link_seconds),
            journal: self.journal.or(other.journal),
            outbox: self.outbox.or(other.outbox),
            body_limit: self.body_limit.or(other.body_limit),
            header_seconds: self.header_seconds.or(other.header_seconds),
            body_seconds: self.body_seconds.or(other.body_seconds),
            idle_seconds: self.idle_seconds.or(other.idle_seconds),
            otlp_endpoint: self.otlp_endpoint.or(other.otlp_endpoint),
            tenant: self.tenant.or(other.tenant),
            log: self.log.or(other.log),
        }
    }

    /// Where to listen.
    pub fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or(DEFAULT_LISTEN)
    }

    /// How the mock behaves under these settings.
    pub fn behaviour(&self) -> Behaviour {
        let mut behaviour = Behaviour {
            deterministic: self.deterministic.unwrap_or(false),
            verify_signatures: !self.no_signatures.unwrap_or(false),
            refuse_replays: !self.allow_replays.unwrap_or(false),
            ..Behaviour::default()
        };
        behaviour.signature_window = self.signature_window.map(|Window(window)| window);
        let limits = &mut behaviour.limits;
        for (limit, told) in [
            (&mut limits.pending, self.pending_seconds),
            (&mut limits.session, self.session_seconds),
            (&mut limits.link, self.link_seconds),
        ] {
            if let Some(told) = told.map(seconds) {
                *limit = span(told);
            }
        }
        behaviour.tenants_on_demand = self.tenants_on_demand.unwrap_or(false);
        behaviour.tenant_ttl = self.tenant_ttl.map(|ttl| seconds(ttl.get()));
        behaviour.rate_limit = self.rate_limit.map(NonZeroUsize::get);
        behaviour.code_limits = self.code_limits.unwrap_or(false);
        behaviour.strict = self.strict.unwrap_or(false);
        behaviour.ip_whitelist = self.ip_whitelist.unwrap_or(false);
        behaviour.challenge_enrolled_only = self.challenge_enrolled_only.unwrap_or(false);
        behaviour.rs256_tokens = self.rs256_tokens.unwrap_or(false);
        behaviour.challenge_mode = self
            .challenge
            .as_ref()
            .map_or(behaviour.challenge_mode, |Word(mode)| *mode);
        behaviour.allow_host = all(self.allow_host.as_deref());
        behaviour.public_url = self.public_url.clone().map(Arc::new);
        behaviour.trust_forwarded_from = all(self.trust_forwarded_from.as_deref());
        behaviour.webhook_allow = all(self.webhook_allow.as_deref());
        behaviour.webhook_insecure = self.webhook_insecure.unwrap_or(false);
        behaviour.webhook_timeout = self
            .webhook_seconds
            .map_or(behaviour.webhook_timeout, |told| seconds(told.get()));
        behaviour.journal = self.journal.unwrap_or(behaviour.journal);
        behaviour.outbox = self.outbox.unwrap_or(behaviour.outbox);
        behaviour.body_limit = self.body_limit.unwrap_or(behaviour.body_limit);
        let times = &mut behaviour.times;
        for (time, told) in [
            (&mut times.head, self.header_seconds),
            (&mut times.body, self.body_seconds),
            (&mut times.idle, self.idle_seconds),
        ] {
            if let Some(told) = told {
                *time = seconds(told.get());
            }
        }
        behaviour
    }

    /// The state at startup.
    ///
    /// # Errors
    /// The seed is invalid, or only one of the application's id and secret is set.
    pub fn seed(&self) -> anyhow::Result<Seed> {
        let mut seed = Seed::load(self.seed.as_deref().unwrap_or("empty"))?;
        if let Some(TenantTables(tenants)) = &self.tenant {
            seed = seed.with_tenants(tenants.clone())?;
        }
        match (&self.application_id, &self.application_secret) {
            (Some(id), Some(secret)) => seed = seed.with_application(id, secret.clone()),
            (None, None) => {}
            _ => anyhow::bail!("set both application-id and application-secret, or neither"),
        }
        if self.authsignal_tenant_id.is_some() || self.authsignal_secret.is_some() {
            let id = self
                .authsignal_tenant_id
                .as_deref()
                .unwrap_or(DEFAULT_TENANT_ID);
            let default = || Secret::from(DEFAULT_API_SECRET.to_owned());
            seed = seed.with_authsignal(id, self.authsignal_secret.clone().unwrap_or_else(default));
        }
        if let Some(secret) = &self.authsignal_management_secret {
            seed = seed.with_management_secret(secret.clone());
        }
        if let Some(secret) = &self.authsignal_terminal_secret {
            seed = seed.with_terminal_secret(secret.clone());
        }
        if let Some(url) = &self.webhook {
            seed = seed.with_webhook(url);
        }
        Ok(seed)
    }
}

/// The config file that a command line names.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigFile {
    /// TOML file with settings; the keys are the flags without `--`, and each `[[tenant]]` table is a tenant of a seed
    #[arg(long, env = "STEPUP_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::{ChallengeMode, Seed, Settings};

    fn file(text: &str) -> Result<Settings, String> {
        Settings::of_toml(text)
    }

    #[test]
    fn a_fault_in_the_file_names_its_place_and_key_and_quotes_nothing() {
        for (text, says) in [
            (
                "journal = 2\napplication-secret = \"MARKED",
                "line 2, column 29 (`application-secret`) is not valid TOML",
            ),
            (
                "authsignal-secret = MARKED",
                "line 1, column 21 (`authsignal-secret`) is not valid TOML",
            ),
            (
                "application-secret = 4711",
                "line 1, column 22 (`application-secret`): application-secret: must be a string",
            ),
            (
                "outbox = 1\njournal = \"MARKED\"",
                "line 2, column 11 (`journal`): journal: must be a whole number",
            ),
            (
                "jurnal = 2",
                "line 1, column 1: `jurnal` is unknown; did you mean `journal`?",
            ),
            (
                "application-secret = \"\"\"\nMARKED=\n",
                "(`application-secret`) is not valid TOML",
            ),
        ] {
            let fault = file(text).unwrap_err();
            assert!(fault.contains(says), "{fault}");
            assert!(
                !fault.contains("MARKED") && !fault.contains("4711"),
                "{fault}"
            );
        }
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let flags = Settings {
            journal: Some(1),
            ..Settings::default()
        };
        let both = flags.or(file("journal = 2\noutbox = 3\nsignature-window = \"off\"").unwrap());
        let behaviour = both.behaviour();
        assert_eq!((behaviour.journal, behaviour.outbox), (1, 3));
        assert_eq!(behaviour.signature_window(), None);
    }

    #[test]
    fn tenants_of_the_file_come_after_those_of_the_seed_and_show_no_secret() {
        let text = r#"
            seed = "demo"
            tenant-ttl = 60
            [[tenant]]
            activeconnect = { id = "shop", secret = "MARKED" }
            [[tenant]]
            [tenant.authsignal]
            id = "bank"
            secret = "MARKED too"
            users = [{ userId = "ada", custom = { age = 36 } }]
        "#;
        let settings = file(text).unwrap();
        assert!(!format!("{settings:?}").contains("MARKED"));
        assert_eq!(settings.behaviour().tenant_ttl.unwrap().as_secs(), 60);
        let seed = settings.seed().unwrap();
        let ids: Vec<_> = seed
            .tenants
            .iter()
            .map(|one| one.activeconnect.as_ref().map(|part| part.id.as_str()))
            .collect();
        assert_eq!(ids, [Some("mock-app"), Some("shop"), None]);
        let bank = seed.tenants[2].authsignal.as_ref().unwrap();
        assert_eq!((bank.id.as_str(), bank.users.len()), ("bank", 1));
        let alone = file("[[tenant]]\nauthsignal = { id = \"t\", secret = \"s\" }").unwrap();
        assert_eq!(alone.seed().unwrap().tenants.len(), 1, "no default tenant");

        let wrong = "[[tenant]]\nauthsignal = { id = \"t\", secert = \"MARKED\" }";
        let error = file(wrong).unwrap().seed().unwrap_err().to_string();
        assert!(
            error.contains("tenant[0].authsignal") && error.contains("secert"),
            "{error}"
        );
        assert!(!error.contains("MARKED"), "{error}");
        let error = file("tenant = \"MARKED\"").unwrap_err();
        assert!(
            error.contains("tenant") && !error.contains("MARKED"),
            "{error}"
        );
    }

    #[test]
    fn certificates_are_checked_unless_the_settings_say_otherwise() {
        let insecure = |text: &str| file(text).unwrap().behaviour().webhook_insecure;
        assert!(!insecure("") && !insecure("webhook-insecure = false"));
        assert!(insecure("webhook-insecure = true"));
    }

    #[test]
    fn an_unknown_key_is_named() {
        assert!(file("jurnal = 2").unwrap_err().contains("jurnal"));
        assert!(
            file("signature-window = \"never\"")
                .unwrap_err()
                .contains("never")
        );
    }

    #[test]
    fn every_default_in_the_help_is_the_default_that_holds() {
        let command = Settings::augment_args(clap::Command::new("mock"));
        let shown = |flag: &str| {
            let argument = command.get_arguments().find(|one| one.get_id() == flag);
            let help = argument.and_then(clap::Arg::get_help).unwrap().to_string();
            let (_, default) = help.split_once("[default: ").unwrap();
            default.trim_end_matches(']').to_owned()
        };
        let (settings, seed) = (Settings::default(), Seed::default().completed().unwrap());
        let (behaviour, first) = (settings.behaviour(), &seed.tenants[0]);
        let (application, tenant) = (&first.activeconnect, &first.authsignal);
        let (application, tenant) = (application.as_ref().unwrap(), tenant.as_ref().unwrap());
        for (flag, holds) in [
            ("listen", settings.listen().to_string()),
            ("application_id", application.id.clone()),
            ("application_secret", application.secret.expose().to_owned()),
            ("authsignal_tenant_id", tenant.id.clone()),
            ("authsignal_secret", tenant.secret.expose().to_owned()),
            ("challenge", behaviour.challenge_mode.word().to_owned()),
            (
                "webhook_seconds",
                behaviour.webhook_timeout.as_secs().to_string(),
            ),
            (
                "signature_window",
                behaviour.signature_window().unwrap().to_string(),
            ),
            (
                "pending_seconds",
                behaviour.limits.pending.as_secs().to_string(),
            ),
            (
                "session_seconds",
                behaviour.limits.session.as_secs().to_string(),
            ),
            ("link_seconds", behaviour.limits.link.as_secs().to_string()),
            ("journal", behaviour.journal.to_string()),
            ("outbox", behaviour.outbox.to_string()),
            ("body_limit", behaviour.body_limit.to_string()),
            ("header_seconds", behaviour.times.head.as_secs().to_string()),
            ("body_seconds", behaviour.times.body.as_secs().to_string()),
            ("idle_seconds", behaviour.times.idle.as_secs().to_string()),
        ] {
            assert_eq!(shown(flag), holds, "{flag}");
        }
        assert_eq!((behaviour.rate_limit, behaviour.tenant_ttl), (None, None));
        assert_eq!(shown("tenant_ttl"), "never");
        assert_eq!(shown("rate_limit"), "no limit");
        assert_eq!(settings.log, None);
        assert_eq!(shown("log"), "info");
    }

    #[test]
    fn a_host_is_allowed_by_its_name_alone() {
        let names = |text: &str| file(text).map(|settings| settings.behaviour().allow_host);
        assert!(names("").unwrap().is_empty());
        assert_eq!(
            names("allow-host = [\"a.test\", \"b.test.\"]").unwrap(),
            ["a.test", "b.test"]
        );
        for wrong in ["http://a.test", "a.test:4750", "*.test", "", "."] {
            let error = names(&format!("allow-host = [\"{wrong}\"]"))
                .unwrap_err()
                .to_string();
            assert!(error.contains("not a host name"), "{error}");
        }
    }

    #[test]
    fn a_list_has_blanks_and_commas_and_may_be_one_text_in_a_file() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            settings: Settings,
        }
        let line = |value: &str| {
            let line = ["mock", "--allow-host", value, "--webhook-allow", value];
            let settings = <Line as clap::Parser>::try_parse_from(line)?.settings;
            let behaviour = settings.behaviour();
            assert_eq!(behaviour.allow_host, behaviour.webhook_allow);
            Ok::<_, clap::Error>(behaviour.allow_host)
        };
        for text in ["a.test, b.test", " a.test ,b.test,", "a.test,,b.test"] {
            assert_eq!(line(text).unwrap(), ["a.test", "b.test"], "{text}");
        }
        for text in ["", " ", ",", "a.test b.test"] {
            let error = line(text).unwrap_err().to_string();
            assert!(error.contains("not a host name"), "{error}");
        }
        let trusted = |text: &str| {
            let settings = file(&format!("trust-forwarded-from = {text}"))?;
            Ok::<_, String>(settings.behaviour().trust_forwarded_from.len())
        };
        assert_eq!(trusted("\"10.0.0.0/8\""), Ok(1));
        assert_eq!(trusted("\"10.0.0.0/8, traefik\""), Ok(2));
        assert_eq!(trusted("[\"10.0.0.0/8\", \"traefik\"]"), Ok(2));
        let error = trusted("8").unwrap_err();
        assert!(error.contains("a string or a list of strings"), "{error}");
    }

    #[test]
    fn a_challenge_ends_by_the_word_that_was_given() {
        let mode = |text: &str| file(text).map(|settings| settings.behaviour().challenge_mode);
        assert_eq!(mode("").unwrap(), ChallengeMode::Interactive);
        assert_eq!(
            mode("challenge = \"auto-fail\"").unwrap(),
            ChallengeMode::AutoFail
        );
        let error = mode("challenge = \"auto\"").unwrap_err();
        assert!(error.contains("auto-succeed"), "{error}");
    }

    #[test]
    fn addresses_that_are_not_enrolled_are_challenged_unless_a_setting_says_no() {
        let only =
            |text: &str| file(text).map(|settings| settings.behaviour().challenge_enrolled_only);
        assert!(!only("").unwrap());
        assert!(only("challenge-enrolled-only = true").unwrap());
    }

    #[test]
    fn an_application_needs_id_and_secret() {
        let half = Settings {
            application_id: Some("a".into()),
            ..Settings::default()
        };
        assert!(half.seed().is_err());
        let whole = Settings {
            application_secret: Some(String::from("s").into()),
            ..half
        };
        let seed = whole.seed().unwrap();
        assert_eq!(seed.tenants.len(), 1);
        assert!(!format!("{whole:?}{seed:?}").contains("\"s\""));
    }
}
