//! The program: it reads the command line, then serves until a signal arrives, calls a running mock, or compares another
//! server with the specs. Does not know the test API.

mod announce;
mod body;
mod cli;
pub(crate) mod drift;
mod log;
#[cfg(feature = "otel")]
mod otlp;
#[cfg(not(feature = "otel"))]
#[path = "without_otlp.rs"]
mod otlp;
mod settings;
mod signals;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "without_tls.rs"]
mod tls;
mod visible;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::task::JoinSet;
use tracing_subscriber::filter::LevelFilter;

pub use self::cli::run as run_command_line;
use self::log::Log;
use self::settings::Level;
use self::signals::Signals;
use self::watch::Sources;
use crate::bounds;
use crate::http::{phones, router};
use crate::runtime::{App, PublicUrl};
use crate::serve::{self, ListenError, Listeners, Ports};

/// Serves until the process receives a signal to stop.
///
/// # Errors
/// A setting is invalid, or the mock cannot listen on the address.
async fn run(sources: Sources, log: &Log) -> anyhow::Result<()> {
    let settings = &sources.settings()?;
    log.take_traces(LevelFilter::from(settings.log.unwrap_or(Level::Info)));
    serve::raise_descriptor_limit();
    let app = match settings.data_directory()? {
        None => Arc::new(App::new(settings.behaviour(), settings.seed()?)?),
        Some(data) => App::kept(settings.behaviour(), settings.seed()?, &data)?,
    };
    if let Some(durable) = &app.durable {
        let written = durable.confirmed().await;
        written.map_err(|why| anyhow::anyhow!("{why}"))?;
    }
    let export = otlp::export(settings.otlp_endpoint.as_deref(), &app.traces)?;
    // This comes before the ready line, so that the mock also catches a signal right after that line.
    let mut signals = Signals::new(settings.stop_with_stdin.unwrap_or(false))?;
    let listeners = listen(settings.listen(), "--listen")?;
    let wanted = tls::wanted(settings)?;
    let apart = wanted.and(settings.tls_listen);
    let apart = apart
        .map(|address| listen(address, "--tls-listen"))
        .transpose()?;
    let ports = [Some(&listeners), apart.as_ref()].into_iter().flatten();
    let addresses: Vec<_> = ports.map(Listeners::address).collect();
    app.listens_at(&addresses)?;
    for address in addresses
        .iter()
        .filter(|address| !address.ip().is_loopback())
    {
        tracing::warn!(%address, "listening beyond loopback: anyone who can reach this address can control the mock");
    }
    let public = app.behaviour.public_url.as_deref();
    if let Some(part) = public.and_then(PublicUrl::misleading_part) {
        tracing::warn!(
            "--public-url contains `{part}`, and the vendor's browser SDK changes the first `{part}` of its base URL to find \
             the WebSocket of the QR code: QR codes will not work there; choose another host or path"
        );
    }
    let secured = wanted.map(|wanted| tls::secured(wanted, &app.behaviour, &addresses));
    let secured = secured.transpose()?;
    let secure = secured.as_ref().map(|secured| announce::Secure {
        address: apart
            .as_ref()
            .map_or(listeners.address(), Listeners::address),
        ca_file: secured.ca_file.as_deref(),
    });
    let as_json = settings.ready_json.unwrap_or(false);
    announce::announce(&app, &listeners, secure, as_json, log).context("stdout")?;
    #[expect(
        clippy::async_yields_async,
        reason = "the time to drain begins with the signal to stop"
    )]
    let stop = async move {
        let signal = signals.next().await;
        tracing::info!(signal, "stopping");
        async move {
            tokio::select! {
                signal = signals.next() => {
                    tracing::warn!(signal, "a second signal stops all open requests");
                }
                () = tokio::time::sleep(bounds::DRAIN_TIME) => {
                    let seconds = bounds::DRAIN_TIME.as_secs();
                    tracing::warn!(seconds, "some requests did not finish in time; the mock stops them");
                }
            }
        }
    };
    // After the ready line: connections wait meanwhile, and the line comes a third sooner.
    let router = router(&app, &phones(&app));
    let ports = match secured {
        None => Ports::plain(listeners),
        Some(secured) => secured.ports(listeners, apart),
    };
    // Dropping the set stops the task.
    let mut watching = JoinSet::new();
    if settings.watch.unwrap_or(false) {
        watching.spawn(watch::watch(Arc::clone(&app), sources));
    }
    serve::serve(&app, router, ports, stop).await;
    if let Some(durable) = &app.durable {
        durable.finish();
    }
    export.finish().await;
    Ok(())
}

/// Listens on the address that a flag sets.
fn listen(address: SocketAddr, flag: &str) -> anyhow::Result<Listeners> {
    serve::listen(address).map_err(|ListenError { address, source }| {
        anyhow::Error::from(source).context(format!(
            "cannot listen on {address}; is another mock running? {flag} 127.0.0.1:0 picks a free port"
        ))
    })
}
