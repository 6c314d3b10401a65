//! Listening, serving and stopping, for the program and for a mock inside a test. Knows neither of them.

mod answer;
mod connection;
mod conversation;
mod damage;
#[cfg(test)]
mod http2_tests;
mod line;
mod listen;
mod pace;
mod stream;
#[cfg(test)]
mod tests;
#[cfg(feature = "tls")]
pub mod tls;
mod unread;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use self::connection::{Server, Speech};
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

/// Where the mock accepts connections, and what clients may speak there.
pub struct Ports {
    first: (Listeners, Speech),
    second: Option<(Listeners, Speech)>,
}

impl Ports {
    /// A port for plain HTTP.
    pub fn plain(listeners: Listeners) -> Self {
        Self {
            first: (listeners, Speech::Plain),
            second: None,
        }
    }

    /// A port for plain HTTP and TLS, or one for each.
    #[cfg(feature = "tls")]
    pub fn with_tls(listeners: Listeners, secure: Option<Listeners>, tls: tls::Tls) -> Self {
        match secure {
            None => Self {
                first: (listeners, Speech::Either(tls)),
                second: None,
            },
            Some(secure) => Self {
                first: (listeners, Speech::Plain),
                second: Some((secure, Speech::Tls(tls))),
            },
        }
    }

    /// The next connection to any of the ports.
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, Speech)> {
        let (listeners, speech) = &self.first;
        let (accepted, speech) = match &self.second {
            None => (listeners.accept().await, speech),
            Some((second, other)) => tokio::select! {
                accepted = listeners.accept() => (accepted, speech),
                accepted = second.accept() => (accepted, other),
            },
        };
        accepted.map(|(stream, peer)| (stream, peer, speech.clone()))
    }
}

/// Serves the mock, delivers its webhooks and deletes tenants that expire, until `stop` ends. Open requests then have time until the future that
/// `stop` returns ends.
pub async fn serve<Patience: Future<Output = ()>>(
    app: &Arc<App>,
    router: Router,
    ports: Ports,
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
        never = accept_all(&ports, places(), &crowd, |stream, peer, speech, place| {
            connections.spawn(server.clone().serve(stream, peer, place, speech, app.stopped()));
            // Removes the connections that have ended.
            while connections.try_join_next().is_some() {}
        }) => match never {},
        patience = stop => patience,
    };
    drop(ports);
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
    ports: &Ports,
    places: usize,
    crowd: &watch::Sender<bool>,
    mut serve: impl FnMut(TcpStream, IpAddr, Speech, OwnedSemaphorePermit),
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
        match ports.accept().await {
            Ok((stream, peer, speech)) => serve(stream, peer.ip(), speech, place),
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
