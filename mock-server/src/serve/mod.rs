//! Listening, serving and stopping, for the program and for a mock inside a test. Knows neither of them.

mod answer;
mod connection;
mod damage;
mod listen;
mod pace;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use self::connection::Server;
pub use self::listen::{ListenError, Listeners, listen};
use crate::bounds;
use crate::http::front;
use crate::runtime::App;

/// Raises the process's limit on open descriptors to what the mock can use, as far as the operating system allows. Only
/// the program calls this: in a test, the limit belongs to the test.
pub fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        let wanted = (bounds::CONNECTIONS + 2 * bounds::RESERVED_DESCRIPTORS) as u64;
        if rlimit::Resource::NOFILE
            .get_soft()
            .is_ok_and(|soft| soft < wanted)
            && let Err(error) = rlimit::increase_nofile_limit(wanted)
        {
            tracing::debug!(%error, "cannot raise the limit on descriptors");
        }
    }
}

/// How many connections the process can have at one time.
fn places() -> usize {
    #[cfg(unix)]
    if let Ok(soft) = rlimit::Resource::NOFILE.get_soft() {
        let soft = usize::try_from(soft).unwrap_or(usize::MAX);
        let left = soft.saturating_sub(bounds::RESERVED_DESCRIPTORS);
        return left.max(soft / 2).clamp(1, bounds::CONNECTIONS);
    }
    bounds::CONNECTIONS
}

/// Serves the mock, delivers its webhooks and deletes tenants that expire, until `stop` ends. Open requests then have time until the future that
/// `stop` returns ends.
pub async fn serve<Patience: Future<Output = ()>>(
    app: &Arc<App>,
    router: Router,
    listeners: Listeners,
    stop: impl Future<Output = Patience>,
) {
    // Dropping the set stops these tasks.
    let mut endless = JoinSet::new();
    endless.spawn(Arc::clone(app).deliver_webhooks());
    endless.spawn(Arc::clone(app).expire_tenants());

    let (crowd, crowded) = watch::channel(false);
    let server = Server::new(&app.behaviour, front(router, app), crowded);
    // Dropping the set cuts off the connections.
    let mut connections = JoinSet::new();
    let patience = tokio::select! {
        never = accept_all(&listeners, places(), &crowd, |stream, peer, place| {
            connections.spawn(server.clone().serve(stream, peer, place, app.stopped()));
            // Removes the connections that have ended.
            while connections.try_join_next().is_some() {}
        }) => match never {},
        patience = stop => patience,
    };
    drop(listeners);
    app.stop();
    let ended = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        biased;
        () = ended => {}
        () = patience => {}
    }
}

/// Accepts connections for ever. `crowd` says whether all places are taken, so that connections that do nothing make
/// room: a client that opens many of them must not keep others out.
async fn accept_all(
    listeners: &Listeners,
    places: usize,
    crowd: &watch::Sender<bool>,
    mut serve: impl FnMut(TcpStream, IpAddr, OwnedSemaphorePermit),
) -> Infallible {
    let free = Arc::new(Semaphore::new(places));
    let (mut told_full, mut told_failed) = (false, false);
    loop {
        let full = free.available_permits() == 0;
        // One free place would be taken at once.
        if full || free.available_permits() > places / 8 {
            crowd.send_if_modified(|crowded| std::mem::replace(crowded, full) != full);
        }
        if full && !told_full {
            told_full = true;
            tracing::warn!(
                connections = places,
                "the mock has no free connection left; new connections wait until others close, and idle ones now close \
                 within a second; raise the limit on descriptors (ulimit -n), or let clients reuse connections. This \
                 warning is not repeated"
            );
        }
        let Ok(place) = Arc::clone(&free).acquire_owned().await else {
            // Nobody closes this semaphore.
            continue;
        };
        match listeners.accept().await {
            Ok((stream, peer)) => serve(stream, peer.ip(), place),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if !told_failed {
                    told_failed = true;
                    tracing::warn!(
                        %error,
                        "cannot accept a connection and will keep trying; if the process has too many open files, raise \
                         the limit (ulimit -n). This warning is not repeated"
                    );
                }
                tokio::time::sleep(bounds::ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether the error is about one connection only, which ended before the mock accepted it.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
