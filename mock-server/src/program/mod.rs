//! The program: reads the command line, serves until a signal arrives, or calls a running mock. It does not
//! know the test API.

mod announce;
mod cli;
mod settings;
mod signals;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tracing_subscriber::filter::LevelFilter;

pub use self::cli::run as run_command_line;
use self::settings::{Level, Settings};
use self::signals::Signals;
use crate::http::router;
use crate::runtime::App;
use crate::serve;

/// How long open requests may take after a signal to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until the process receives a signal to stop.
///
/// # Errors
/// A setting is invalid, or the mock cannot listen on the address.
async fn run(settings: &Settings) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(LevelFilter::from(settings.log.unwrap_or(Level::Info)))
        .with_target(false)
        .init();
    let app = Arc::new(App::new(settings.behaviour(), settings.seed()?)?);
    // Before the ready line, so that a signal right after it is caught.
    let mut signals = Signals::new()?;
    let listen = settings.listen();
    let listener = serve::listen(listen).with_context(|| {
        format!("cannot listen on {listen}; is another mock running? --listen 127.0.0.1:0 picks a free port")
    })?;
    let address = listener
        .local_addr()
        .context("cannot read the listener's address")?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "listening beyond loopback: anyone who can reach this address can control the mock");
    }
    let (router, _phones) = router(&app);
    announce::announce(&app, address, settings.ready_json.unwrap_or(false)).context("stdout")?;
    let stop = async {
        let signal = signals.next().await;
        tracing::info!(signal, "stopping");
    };
    serve::serve(&app, router, listener, stop, DRAIN)
        .await
        .context("the server stopped with an error")
}
