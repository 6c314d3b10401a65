//! Listening, serving and stopping, for the program and for a mock inside a test. Knows neither.

use std::future::{Future, IntoFuture as _};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use axum::{Router, ServiceExt as _};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::http::dated;
use crate::runtime::App;

/// Connections that wait to be accepted, as many as tokio's own listeners allow.
const BACKLOG: u32 = 1024;

/// Listens on an address. Call it within a tokio runtime.
///
/// # Errors
/// The operating system does not give the address.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // On Windows, this option would let two servers share a port.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves the mock and delivers its webhooks until `stop` completes. Open requests then have the time `drain` to
/// finish.
///
/// # Errors
/// The server failed.
pub async fn serve(
    app: &Arc<App>,
    router: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    drain: Duration,
) -> io::Result<()> {
    // Dropping the set stops the delivery.
    let mut webhooks = JoinSet::new();
    webhooks.spawn(Arc::clone(app).deliver_webhooks());

    let listener = listener.tap_io(|stream| {
        // Without it, answers to keep-alive clients wait for Nagle's algorithm.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
    });
    let (drains, draining) = oneshot::channel::<()>();
    let service = dated(router, app).into_make_service();
    let server = axum::serve(listener, service).with_graceful_shutdown(async {
        // The sender is dropped only when this function ends, which means stop, too.
        let _ = draining.await;
    });
    let mut server = tokio::spawn(server.into_future());
    tokio::select! {
        outcome = &mut server => return outcome?,
        () = stop => {}
    }
    app.stop();
    // If the server has ended meanwhile, nobody receives this, and the next line sees the end.
    let _ = drains.send(());
    if let Ok(outcome) = tokio::time::timeout(drain, server).await {
        return outcome?;
    }
    if !drain.is_zero() {
        let seconds = drain.as_secs();
        tracing::warn!(
            seconds,
            "some requests did not finish in time and were stopped"
        );
    }
    Ok(())
}
