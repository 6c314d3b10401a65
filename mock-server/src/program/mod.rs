//! The program: it reads the command line, then serves until a signal arrives, or calls a running mock. Does not know
//! the test API.

mod announce;
mod cli;
mod log;
mod settings;
mod signals;
mod visible;

use std::sync::Arc;

use anyhow::Context as _;
use tracing_subscriber::filter::LevelFilter;

pub use self::cli::run as run_command_line;
use self::log::Log;
use self::settings::{Level, Settings};
use self::signals::Signals;
use crate::bounds;
use crate::http::{phones, router};
use crate::runtime::{App, PublicUrl};
use crate::serve::{self, ListenError};

/// Serves until the process receives a signal to stop.
///
/// # Errors
/// A setting is invalid, or the mock cannot listen on the address.
async fn run(settings: &Settings, log: &Log) -> anyhow::Result<()> {
    log.take_traces(LevelFilter::from(settings.log.unwrap_or(Level::Info)));
    serve::raise_descriptor_limit();
    let app = Arc::new(App::new(settings.behaviour(), settings.seed()?)?);
    // This comes before the ready line, so that the mock also catches a signal right after that line.
    let mut signals = Signals::new(settings.stop_with_stdin.unwrap_or(false))?;
    let listeners = serve::listen(settings.listen()).map_err(|ListenError { address, source }| {
        anyhow::Error::from(source).context(format!(
            "cannot listen on {address}; is another mock running? --listen 127.0.0.1:0 picks a free port"
        ))
    })?;
    let address = listeners.address();
    app.listens_at(address)?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "listening beyond loopback: anyone who can reach this address can control the mock");
    }
    let public = app.behaviour.public_url.as_deref();
    if let Some(part) = public.and_then(PublicUrl::misleading_part) {
        tracing::warn!(
            "--public-url contains `{part}`, and the vendor's browser SDK changes the first `{part}` of its base URL to find \
             the WebSocket of the QR code: QR codes will not work there; choose another host or path"
        );
    }
    announce::announce(&app, &listeners, settings.ready_json.unwrap_or(false), log)
        .context("stdout")?;
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
    serve::serve(&app, router, listeners, stop).await;
    Ok(())
}
