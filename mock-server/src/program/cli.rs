//! The command line: `serve` starts the mock; `import` and `ca` read files; `verify` and `proxy` compare another server with
//! the specs; every other subcommand calls the control API of a running mock.

#[cfg(feature = "tls")]
mod ca;
mod clock;
mod configuration;
mod data;
mod device;
mod failures;
mod faults;
mod file;
mod health;
mod manual;
mod plan;
mod proxy;
mod refused;
mod scenarios;
mod snapshot;
mod verify;

use std::ffi::OsStr;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, Resettable};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use serde_json::{Value, json};

use self::clock::ClockAction;
use self::configuration::Form;
use self::device::{PasskeyAction, PushAction, QrAction, Wanted};
use self::failures::FailuresAction;
use self::faults::FaultsAction;
use self::scenarios::ScenariosAction;
use self::snapshot::SnapshotAction;
use super::body::body;
use super::log::Log;
use super::settings::{ConfigFile, DEFAULT_LISTEN, Settings};
use super::visible::{visible, visible_json};
use super::watch::Sources;
use crate::authorities;
use crate::bounds;
use crate::domain::authsignal::webhook::Kind;

/// A mock server for the step-up authentication providers Activeconnect and Authsignal.
#[derive(Debug, Parser)]
#[command(
    name = "stepup-mock",
    version,
    about,
    args_conflicts_with_subcommands = true
)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server (the default)
    Serve(Box<Serve>),
    /// Use the simulated phone of a user
    Phone {
        #[command(flatten)]
        mock: RunningMock,
        /// Application of the user; needed if the mock has several
        #[arg(long, visible_alias = "tenant", global = true, value_name = "ID")]
        application: Option<String>,
        #[command(subcommand)]
        action: PhoneAction,
    },
    /// Complete or fail the challenge of an Authsignal user
    Challenge {
        #[command(flatten)]
        mock: RunningMock,
        #[command(subcommand)]
        action: ChallengeAction,
    },
    /// Show webhook deliveries, send one again, or send a made-up event
    Webhook {
        #[command(flatten)]
        mock: RunningMock,
        #[command(subcommand)]
        action: WebhookAction,
    },
    /// Let the next requests to a vendor's API fail, to see how a client retries
    Failures {
        #[command(flatten)]
        mock: RunningMock,
        #[command(subcommand)]
        action: FailuresAction,
    },
    /// Let the next requests to a vendor's API go wrong: late, refused, cut off, malformed
    Faults {
        #[command(flatten)]
        mock: RunningMock,
        #[command(subcommand)]
        action: FaultsAction,
    },
    /// Show the time of a running mock, freeze it, or move it
    Clock {
        #[command(flatten)]
        mock: RunningMock,
        #[command(flatten)]
        of: clock::OfTenant,
        #[command(subcommand)]
        action: ClockAction,
    },
    /// Restore the state that a running mock, or one of its tenants, had at the start
    Reset {
        #[command(flatten)]
        mock: RunningMock,
        /// The tenant [default: the whole mock; tenants that were created since leave]
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
    },
    /// List the tenants of a running mock
    Tenants {
        #[command(flatten)]
        mock: RunningMock,
    },
    /// Plan what happens next: how an action is decided, a message that does not arrive, a phone that answers later
    Scenarios {
        #[command(flatten)]
        mock: RunningMock,
        #[command(subcommand)]
        action: ScenariosAction,
    },
    /// Keep the state of tenants, and go back to it
    Snapshot {
        #[command(flatten)]
        mock: RunningMock,
        #[command(subcommand)]
        action: SnapshotAction,
    },
    /// Print the exact state of tenants as a seed, for another mock to load
    Dump {
        #[command(flatten)]
        mock: RunningMock,
        /// The tenant [default: every tenant, and the mock's own clock]
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// Leave out credentials, and replace codes, links, tokens and keys
        #[arg(long)]
        no_secrets: bool,
    },
    /// Add the tenants of a seed to a running mock; each replaces the tenant with its ids
    Load {
        #[command(flatten)]
        mock: RunningMock,
        /// Path of the seed, such as a file from `dump`
        file: PathBuf,
    },
    /// Look at the data directory of a mock that is stopped, and change it
    Data {
        #[command(subcommand)]
        action: data::DataAction,
    },
    /// Print the JSON Schema of seeds, for editors
    SeedSchema,
    /// Use a software passkey or security key
    Passkey {
        #[command(flatten)]
        mock: RunningMock,
        #[command(subcommand)]
        action: PasskeyAction,
    },
    /// Use the software phone of an Authsignal user for push notifications
    Push {
        #[command(flatten)]
        mock: RunningMock,
        #[command(subcommand)]
        action: PushAction,
    },
    /// Use the software phone of an Authsignal user for QR codes
    Qr {
        #[command(flatten)]
        mock: RunningMock,
        #[command(subcommand)]
        action: QrAction,
    },
    /// Print the current code of a user's authenticator app
    Totp {
        #[command(flatten)]
        mock: RunningMock,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Print the configuration of an Authsignal tenant, without users and secrets
    Export {
        #[command(flatten)]
        mock: RunningMock,
        /// The tenant; needed if the mock has several
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// A seed for another mock, or the calls of the Management API that configure a real tenant alike: as JSON, or as a
        /// shell script
        #[arg(long, value_enum, default_value_t, value_name = "FORM")]
        form: Form,
    },
    /// Print a seed made of what a real tenant's Management API answered
    Import {
        /// JSON file: an object with each answer under its path, such as `action-configurations`
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the authority to trust for a mock with --tls, in PEM form; the first run makes it
    #[cfg(feature = "tls")]
    Ca {
        #[command(flatten)]
        wanted: ca::Wanted,
    },
    /// Tell whether a mock is up; fail if not
    Health {
        #[command(flatten)]
        mock: RunningMock,
        /// How long to wait for a mock that is still starting: seconds, or a time such as `30s`
        #[arg(long, value_name = "TIME", value_parser = clock::seconds)]
        wait: Option<u32>,
    },
    /// Print a script that completes this command line in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Write a page for each command into this folder instead
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Replay exchanges on another server, such as a test tenant of Authsignal, and show where its answers differ from the
    /// specs. Exits with 1 if one does, and with 2 if nothing could be compared
    Verify(Box<verify::Wanted>),
    /// Pass requests of an application on to another server, show each place where they or their answers differ from the
    /// specs, and record them for `verify`
    Proxy(proxy::Wanted),
    /// Show the messages that the mock would have sent, newest first
    Inbox {
        #[command(flatten)]
        mock: RunningMock,
        #[command(flatten)]
        wanted: InboxWanted,
        /// Print JSON, one message a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Default, clap::Args)]
struct Serve {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    settings: Settings,
}

/// A running mock.
#[derive(Debug, clap::Args)]
struct RunningMock {
    /// URL of the mock, with the path of a reverse proxy before it, if there is one
    #[arg(long, global = true, env = "STEPUP_MOCK_URL", hide_env_values = true, default_value_t = format!("http://{DEFAULT_LISTEN}"))]
    url: String,
    /// PEM file with the authority to trust if that URL is https [default: the mock's own, if it is where `stepup-mock ca`
    /// keeps it]
    #[cfg(feature = "tls")]
    #[arg(long, global = true, env = "STEPUP_MOCK_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum ChallengeAction {
    /// Complete the challenge of the user's newest action that waits for one
    Succeed(Challenged),
    /// Fail the challenge of the user's newest action that waits for one
    Fail(Challenged),
}

#[derive(Debug, clap::Args)]
struct Challenged {
    /// The user
    user: String,
    /// The action [default: the newest that waits]
    action: Option<String>,
    /// Authsignal tenant of the user; needed if the mock has several
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
}

#[derive(Debug, Subcommand)]
enum WebhookAction {
    /// Show deliveries, newest first
    List {
        /// Only deliveries of this tenant
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// Print JSON, one delivery a line
        #[arg(long)]
        json: bool,
    },
    /// Send a delivery again
    Send {
        /// Number of the delivery
        #[arg(value_parser = clock::whole::<u64>)]
        number: u64,
        #[command(flatten)]
        how: Sending,
    },
    /// Send a made-up event
    Trigger {
        /// Type of the event, such as `email.created`
        #[arg(value_name = "TYPE", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::word)))]
        kind: String,
        /// User that the event is about
        #[arg(long)]
        user: Option<String>,
        #[command(flatten)]
        how: Sending,
    },
}

#[derive(Debug, clap::Args)]
struct InboxWanted {
    /// Only messages to this phone number or address
    #[arg(long, value_name = "RECIPIENT")]
    to: Option<String>,
    /// Only messages of this tenant
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Only messages that were sent after the one with this id
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// If there is no message yet, wait so long for one, such as `10s` or `500ms`, at most `60s`; fail if none comes
    #[arg(long, value_name = "TIME")]
    wait: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Sending {
    /// Deliberate fault in the delivery
    #[arg(long, value_parser = ["duplicate", "late", "wrong_key", "tampered"])]
    fault: Option<String>,
    /// Authsignal tenant; needed if the mock has several
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
}

#[derive(Debug, Subcommand)]
enum PhoneAction {
    /// Open a registration link
    Register {
        /// The link
        link: String,
        /// Name of the phone
        #[arg(long)]
        name: Option<String>,
    },
    /// Approve the user's newest open request
    Approve {
        /// The user
        user: String,
    },
    /// Deny the user's newest open request
    Deny {
        /// The user
        user: String,
    },
    /// Answer the user's newest open request with data that the mock rejects
    Fail {
        /// The user
        user: String,
    },
    /// Move the phone out of range of the user's newest active session
    WalkAway {
        /// The user
        user: String,
    },
    /// Move the phone back into range of the newest session that it left
    Return {
        /// The user
        user: String,
    },
    /// Expire the user's newest session
    Expire {
        /// The user
        user: String,
    },
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let set_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    super::log::heed_unforced_colours();
    let matches = without_empty(Line::command(), &set_empty).get_matches();
    let line = match Line::from_arg_matches(&matches) {
        Ok(line) => line,
        Err(error) => error.exit(),
    };
    let outcome = match line.command {
        None => return serve(line.serve),
        Some(Command::Serve(arguments)) => return serve(*arguments),
        Some(Command::Verify(wanted)) => return verify::run(*wanted),
        Some(Command::Proxy(wanted)) => return proxy::run(wanted),
        Some(command) => call(command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if has_no_reader(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // The last resort: nothing is left to report a failure of stderr to.
            let _ = writeln!(std::io::stderr(), "{}", last_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// The exit code of a comparison: 0 without a drift, 1 with one, 2 if nothing could be compared.
fn compared(outcome: anyhow::Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Nobody reads whether there was a drift.
        Err(error) if has_no_reader(&error) => ExitCode::from(2),
        Err(error) => {
            // The last resort: nothing is left to report a failure of stderr to.
            let _ = writeln!(std::io::stderr(), "{}", last_words(&error));
            ExitCode::from(2)
        }
    }
}

/// Whether the reader of stdout, such as `head`, has closed it because it wants no more. Failures of the network are errors of
/// other types.
fn has_no_reader(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// What the program says when it fails.
fn last_words(error: &anyhow::Error) -> String {
    format!("stepup-mock: {}", visible(&format!("{error:#}")))
}

/// The same command line, but an empty environment variable counts as unset: a CI job or a compose file passes an empty
/// variable for a setting that nobody made.
fn without_empty(command: clap::Command, set_empty: &impl Fn(&OsStr) -> bool) -> clap::Command {
    command
        .mut_args(|argument| match argument.get_env() {
            Some(name) if set_empty(name) => argument.env(Resettable::Reset),
            _ => argument,
        })
        .mut_subcommands(|command| without_empty(command, set_empty))
}

fn call(command: Command) -> anyhow::Result<()> {
    match command {
        // The caller has handled these commands.
        Command::Serve(_) | Command::Verify(_) | Command::Proxy(_) => Ok(()),
        Command::Phone {
            mock,
            application,
            action,
        } => phone(&mock, application.as_deref(), action),
        Command::Challenge { mock, action } => challenge(&mock, action),
        Command::Webhook { mock, action } => webhook(&mock, action),
        Command::Failures { mock, action } => failures::run(&mock, action),
        Command::Faults { mock, action } => faults::run(&mock, action),
        Command::Clock { mock, of, action } => clock::run(&mock, of, action),
        Command::Reset { mock, tenant } => clock::reset(&mock, tenant),
        Command::Tenants { mock } => tenants(&mock),
        Command::Scenarios { mock, action } => scenarios::run(&mock, action),
        Command::Snapshot { mock, action } => snapshot::run(&mock, action),
        Command::Dump {
            mock,
            tenant,
            no_secrets,
        } => file::dump(&mock, tenant.as_deref(), !no_secrets),
        Command::Load { mock, file } => file::load(&mock, &file),
        Command::Data { action } => data::run(action),
        Command::SeedSchema => file::schema(),
        Command::Passkey { mock, action } => device::passkey(&mock, action),
        Command::Push { mock, action } => device::push(&mock, action),
        Command::Qr { mock, action } => device::qr(&mock, action),
        Command::Totp { mock, wanted } => device::totp(&mock, &wanted),
        Command::Export { mock, tenant, form } => {
            configuration::export(&mock, tenant.as_deref(), form)
        }
        Command::Import { file } => configuration::import(&file),
        #[cfg(feature = "tls")]
        Command::Ca { wanted } => ca::run(&wanted),
        Command::Health { mock, wait } => health::run(&mock, wait),
        Command::Completions { shell } => manual::completions(Line::command(), shell),
        Command::Man { folder } => manual::man(Line::command(), folder.as_deref()),
        Command::Inbox { mock, wanted, json } => inbox(&mock, wanted, json),
    }
}

fn serve(arguments: Serve) -> ExitCode {
    let log = match Log::start() {
        Ok(log) => log,
        Err(error) => {
            let error = anyhow::Error::from(error).context("cannot start a thread");
            let _ = writeln!(std::io::stderr(), "{}", last_words(&error));
            return ExitCode::FAILURE;
        }
    };
    let outcome = served(arguments, &log);
    if let Err(error) = &outcome {
        log.say(&last_words(error));
    }
    log.flush(bounds::LOG_FLUSH);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn served(arguments: Serve, log: &Log) -> anyhow::Result<()> {
    let sources = Sources {
        flags: arguments.settings,
        config: arguments.config.config,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let outcome = runtime.block_on(super::run(sources, log));
    // Everything that still runs has had its time.
    runtime.shutdown_background();
    outcome
}

fn phone(mock: &RunningMock, application: Option<&str>, action: PhoneAction) -> anyhow::Result<()> {
    let subject = |user: &str| {
        let mut subject = json!({"userId": user});
        if let Some(application) = application {
            subject["applicationId"] = application.into();
        }
        subject
    };
    let (path, body) = match action {
        PhoneAction::Register { link, name } => {
            let mut body = json!({"link": link});
            if let Some(name) = name {
                body["name"] = name.into();
            }
            ("register", body)
        }
        PhoneAction::Approve { user } => ("approve", subject(&user)),
        PhoneAction::Deny { user } => ("deny", subject(&user)),
        PhoneAction::Fail { user } => ("fail", subject(&user)),
        PhoneAction::WalkAway { user } => ("walk-away", subject(&user)),
        PhoneAction::Return { user } => ("return", subject(&user)),
        PhoneAction::Expire { user } => ("expire", subject(&user)),
    };
    let answer =
        mock.call(|http, url| http.post(format!("{url}/_mock/phone/{path}")).json(&body))?;
    let said = match (
        answer["sessionStatus"].as_str(),
        answer["deviceId"].as_str(),
    ) {
        (Some(status), _) => format!("{}: session is {status}", text(&answer["userId"])),
        (_, Some(device)) => format!("{}: phone {device} is registered", text(&answer["userId"])),
        _ => answer.to_string(),
    };
    say(&said)
}

fn challenge(mock: &RunningMock, action: ChallengeAction) -> anyhow::Result<()> {
    let (path, subject) = match action {
        ChallengeAction::Succeed(subject) => ("succeed", subject),
        ChallengeAction::Fail(subject) => ("fail", subject),
    };
    let mut body = json!({"userId": subject.user});
    if let Some(action) = subject.action {
        body["action"] = action.into();
    }
    if let Some(tenant) = subject.tenant {
        body["tenantId"] = tenant.into();
    }
    let answer = mock.call(|http, url| {
        http.post(format!("{url}/_mock/challenge/{path}"))
            .json(&body)
    })?;
    let [user, action, state] = ["userId", "action", "state"].map(|key| text(&answer[key]));
    say(&format!("{user}: {action} is {state}"))
}

fn webhook(mock: &RunningMock, action: WebhookAction) -> anyhow::Result<()> {
    let (path, mut body, how) = match action {
        WebhookAction::List { tenant, json } => {
            let answer = mock.call(|http, url| {
                http.get(format!("{url}/_mock/webhooks/deliveries"))
                    .query(&[("tenant", &tenant)])
            })?;
            return show_deliveries(&answer, json);
        }
        WebhookAction::Send { number, how } => ("send", json!({"number": number}), how),
        WebhookAction::Trigger { kind, user, how } => {
            let mut body = json!({"type": kind});
            if let Some(user) = user {
                body["userId"] = user.into();
            }
            ("trigger", body, how)
        }
    };
    if let Some(fault) = how.fault {
        body["fault"] = fault.into();
    }
    if let Some(tenant) = how.tenant {
        body["tenantId"] = tenant.into();
    }
    let answer = mock.call(|http, url| {
        http.post(format!("{url}/_mock/webhooks/{path}"))
            .json(&body)
    })?;
    match answer["deliveries"].is_array() {
        true => show_deliveries(&answer, false),
        false => show_deliveries(&json!({"deliveries": [answer]}), false),
    }
}

/// Prints each tenant by the name that `--tenant` takes, and its id at Authsignal.
fn tenants(mock: &RunningMock) -> anyhow::Result<()> {
    let answer = mock.call(|http, url| {
        http.get(format!("{url}/_mock/tenants"))
            .query(&[("brief", true)])
    })?;
    let mut out = std::io::stdout().lock();
    for tenant in answer["tenants"].as_array().into_iter().flatten() {
        let [name, id] = ["name", "tenantId"].map(|key| visible(text(&tenant[key])));
        let id = match id.is_empty() || id == name {
            true => String::new(),
            false => format!("  {id}"),
        };
        writeln!(out, "{name}{id}").context("stdout")?;
    }
    if answer["more"] == true {
        writeln!(out, "there are more; GET /_mock/tenants?after= lists them").context("stdout")?;
    }
    Ok(())
}

fn show_deliveries(answer: &Value, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let deliveries = answer["deliveries"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for delivery in deliveries {
        if json {
            writeln!(out, "{}", visible_json(delivery)).context("stdout")?;
            continue;
        }
        let [kind, target, progress, body] =
            ["type", "target", "progress", "body"].map(|key| visible(text(&delivery[key])));
        let number = visible_json(&delivery["number"]);
        let next = delivery["nextAttemptAt"].as_str();
        let next = next.map_or(String::new(), |at| format!(", again at {}", visible(at)));
        writeln!(out, "{number}  {kind}  to {target}  {progress}{next}").context("stdout")?;
        let attempts = delivery["attempts"].as_array().into_iter().flatten();
        for attempt in attempts {
            let answer = match &attempt["status"] {
                Value::Null => visible(text(&attempt["error"])).into_owned(),
                status => format!("answered {}", visible_json(status)),
            };
            let fault = attempt["fault"].as_str();
            let fault = fault.map_or(String::new(), |fault| format!(" ({})", visible(fault)));
            let at = visible(text(&attempt["at"]));
            writeln!(out, "  {at}  {answer}{fault}").context("stdout")?;
        }
        writeln!(out, "  {body}").context("stdout")?;
    }
    if deliveries.is_empty() && !json {
        writeln!(out, "no deliveries").context("stdout")?;
    }
    Ok(())
}

fn inbox(mock: &RunningMock, wanted: InboxWanted, json: bool) -> anyhow::Result<()> {
    let waited = wanted.wait.clone();
    let query = [
        ("to", wanted.to),
        ("tenant", wanted.tenant),
        ("after", wanted.after),
        ("wait", wanted.wait),
    ];
    let query: Vec<_> = query
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let answer = mock.call(|http, url| http.get(format!("{url}/_mock/messages")).query(&query))?;
    let mut out = std::io::stdout().lock();
    let messages = answer["messages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for message in messages {
        if json {
            writeln!(out, "{}", visible_json(message)).context("stdout")?;
            continue;
        }
        let [at, channel, to, body] =
            ["createdAt", "channel", "to", "text"].map(|key| visible(text(&message[key])));
        writeln!(out, "{at}  {channel}  to {to}\n  {body}").context("stdout")?;
    }
    if let Some(wait) = waited.filter(|_| messages.is_empty()) {
        anyhow::ensure!(
            answer["stopped"] != true,
            "the mock stopped while this waited for a message; none had come until then"
        );
        anyhow::bail!("no message came within {wait}");
    }
    if messages.is_empty() && !json {
        writeln!(out, "no messages").context("stdout")?;
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Prints one line.
fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{}", visible(line)).context("stdout")
}

impl RunningMock {
    /// Sends a request to the control API and returns the JSON of its answer.
    fn call(
        &self,
        request: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> anyhow::Result<Value> {
        let url = mock_url(&self.url)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the async runtime")?;
        runtime.block_on(async {
            // A proxy from the environment must not stand between this program and a mock on this machine.
            let http = reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(bounds::COMMAND_TIME);
            let http = authorities::of_machine(self.trusting(http, url)?, is_https(url));
            let http = http.build().context("cannot create the HTTP client")?;
            let sent = request(&http, url).send().await;
            let url = without_credentials(url);
            if let Err(error) = &sent
                && is_https(&url)
                && answers_plainly(error)
            {
                anyhow::bail!(
                    "{url} is https, and what answers there speaks plain http: give --url http{}, or start the mock with --tls",
                    &url[5..]
                );
            }
            let mut answer = sent.map_err(reqwest::Error::without_url).with_context(|| {
                format!("no mock answers at {url}; start one with `stepup-mock`, or give its URL with --url{}", if_https(&url))
            })?;
            let status = answer.status();
            // The program that listens there need not be a mock.
            let body = body(&mut answer, bounds::COMMAND_ANSWER).await.with_context(|| {
                format!("cannot read what {url} answered; is it a stepup-mock?")
            })?;
            anyhow::ensure!(
                !body.starts_with(TLS_ONLY.as_bytes()),
                "{url} is http, and the mock speaks TLS there: give --url https{}",
                url.get(4..).unwrap_or_default()
            );
            let body: Value = serde_json::from_slice(&body)
                .with_context(|| format!("{url} answered {status} without JSON; is it a stepup-mock?"))?;
            if status.is_success() {
                return Ok(body);
            }
            match body["message"].as_str() {
                Some(message) => anyhow::bail!("{}", refused::told(message)),
                None => anyhow::bail!("{url} answered {status}, as no control API of a mock does{}", if_below(&url)),
            }
        })
    }
}

impl RunningMock {
    /// The client with the authority of a mock that speaks TLS.
    #[cfg(feature = "tls")]
    fn trusting(
        &self,
        http: reqwest::ClientBuilder,
        url: &str,
    ) -> anyhow::Result<reqwest::ClientBuilder> {
        if !is_https(url) {
            return Ok(http);
        }
        match self.ca.clone().or_else(super::tls::own_file) {
            Some(file) => super::tls::trusting(http, &file),
            None => Ok(http),
        }
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_self, reason = "as with the feature `tls`")]
    fn trusting(
        &self,
        http: reqwest::ClientBuilder,
        url: &str,
    ) -> anyhow::Result<reqwest::ClientBuilder> {
        anyhow::ensure!(
            !is_https(url),
            "{} is https, and this build of the program speaks http only; give --url the address where the mock listens, \
             such as http://{DEFAULT_LISTEN}, which needs no proxy",
            without_credentials(url)
        );
        Ok(http)
    }
}

/// The URL of a mock, without a slash at its end. The paths of operations follow it.
fn mock_url(url: &str) -> anyhow::Result<&str> {
    let read: Option<reqwest::Url> = url.parse().ok();
    let is_one = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let read = read.filter(is_one).with_context(|| {
        format!(
            "`{}` is not the URL of a mock; --url needs one such as http://{DEFAULT_LISTEN}",
            without_credentials(url)
        )
    })?;
    for (part, sign) in [(read.query(), '?'), (read.fragment(), '#')] {
        anyhow::ensure!(
            part.is_none(),
            "the URL of a mock ends before any `{sign}`; leave that and what follows out of --url"
        );
    }
    let url = url.trim_end_matches('/');
    for (path, api) in APIS {
        if let Some(base) = url.strip_suffix(path) {
            let [url, base] = [url, base.trim_end_matches('/')].map(without_credentials);
            anyhow::bail!(
                "{url} is the base of {api}; --url needs that of the mock itself: {base}"
            );
        }
    }
    Ok(url)
}

/// What SDKs and people call the APIs of a mock by, each below the URL of the mock.
const APIS: [(&str, &str); 4] = [
    ("/v1", "Authsignal's Server API"),
    ("/v1/client", "Authsignal's Client API"),
    ("/v1/management", "Authsignal's Management API"),
    ("/_mock", "the control API"),
];

/// What can be wrong with a URL that has a path.
fn if_below(url: &str) -> String {
    let path = url
        .parse()
        .ok()
        .map(|url: reqwest::Url| url.path().to_owned());
    match path.filter(|path| path != "/") {
        Some(path) => format!(
            "; leave {path} out of --url, unless the mock is behind a reverse proxy that has it there"
        ),
        None => "; is it a stepup-mock?".to_owned(),
    }
}

/// An id or a name that goes into the path of a request. URL libraries take `.` and `..` out of a path before they send it,
/// and an empty one names nothing, so the request would address something else.
fn path_segment(text: &str) -> Result<String, String> {
    match text {
        "" => Err("it is empty".to_owned()),
        "." | ".." => Err("nothing has this name, because no URL can hold it".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

fn is_https(url: &str) -> bool {
    let scheme = url.get(..6);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
}

/// Whether a handshake of TLS failed because the server answered it in plain text.
fn answers_plainly(error: &reqwest::Error) -> bool {
    let mut next = Some(error as &dyn std::error::Error);
    while let Some(error) = next {
        // reqwest shows the errors of its TLS library as text alone.
        if error.to_string().contains("InvalidContentType") {
            return true;
        }
        next = error.source();
    }
    false
}

/// How a port for TLS begins its answer to a client that speaks plain HTTP.
const TLS_ONLY: &str = "this port speaks TLS";

/// What else can be wrong with an https URL.
fn if_https(url: &str) -> &'static str {
    match is_https(url) {
        false => "",
        true => ", and the certificate authority to trust with --ca",
    }
}

/// A URL without the user name and the password that it may hold, for errors. Cuts off too much rather than too little.
fn without_credentials(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        (None, Some((_, rest))) => rest.to_owned(),
        (_, None) => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{Command, Line, without_credentials, without_empty};

    #[test]
    fn an_error_shows_a_url_without_its_password() {
        for (url, shown) in [
            ("http://127.0.0.1:4750", "http://127.0.0.1:4750"),
            ("http://ada:SECRET@host:1/", "http://host:1/"),
            ("http://ada:SE@CRET@host", "http://host"),
            ("http://ada:SE/CRET@host", "http://host"),
            ("ada:SECRET@host", "host"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }

    /// The environment variables that a command line reads.
    fn variables(command: &clap::Command) -> Vec<String> {
        let own = command.get_arguments().filter_map(clap::Arg::get_env);
        let own = own.map(|name| name.to_string_lossy().into_owned());
        own.chain(command.get_subcommands().flat_map(variables))
            .collect()
    }

    #[test]
    fn every_variable_that_is_set_to_nothing_counts_as_not_set() {
        let all = variables(&Line::command());
        assert!(all.len() > 20, "{all:?}");
        let read = variables(&without_empty(Line::command(), &|_| true));
        assert!(read.is_empty(), "{read:?}");
        assert_eq!(variables(&without_empty(Line::command(), &|_| false)), all);
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Line::command().debug_assert();
    }

    #[test]
    fn serving_is_the_default_and_a_switch_needs_no_value() {
        let line =
            Line::try_parse_from(["stepup-mock", "--deterministic", "--listen", "127.0.0.1:0"])
                .unwrap();
        assert!(line.command.is_none());
        assert_eq!(line.serve.settings.deterministic, Some(true));
        let line = Line::try_parse_from(["stepup-mock", "serve", "--deterministic=false"]).unwrap();
        let Some(Command::Serve(serve)) = line.command else {
            panic!("serve")
        };
        assert_eq!(serve.settings.deterministic, Some(false));
        assert!(Line::try_parse_from(["stepup-mock", "--listen", "nowhere"]).is_err());
    }
}
