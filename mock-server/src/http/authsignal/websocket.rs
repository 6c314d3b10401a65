//! Authsignal's WebSocket for QR codes: a page asks for a challenge and receives its states. Waits for changes of the
//! world, and decides nothing about challenges itself.
//!
//! No source shows what the vendor does with messages that it does not know, so they are ignored: the vendor's own client
//! ignores what it is sent and does not know.

use std::sync::Arc;

use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseCode, CloseFrame, Message, WebSocket, close_code};
use axum::extract::{Request, State, WebSocketUpgrade};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use http::header::{ALLOW, HeaderValue, USER_AGENT};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::client::admission::{bearer_of, unauthorized};
use super::refusal::{failure, forced, refused, rejected};
use crate::bounds::{
    MESSAGE, STRANGERS_WEB_SOCKETS, USER_AGENT as USER_AGENT_BYTES, WEB_SOCKET_TIME, WEB_SOCKETS,
    cut,
};
use crate::domain::authsignal::challenge::{Stage, Told};
use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::factor::approval::Answer;
use crate::domain::authsignal::token::Claims;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::domain::custom::Custom;
use crate::generated::authsignal_client::types as wire;
use crate::http::note::{carried, version};
use crate::http::origin::reached;
use crate::http::surface::{self, FORCED, Reply, Wanted, preferred};
use crate::runtime::App;
use crate::runtime::journal::Note;
use crate::runtime::part::AuthsignalPart;
use crate::wire::authsignal::iso;

/// Where it is. SDKs make it of the base URL.
pub(crate) const PATH: &str = "/ws-v1-challenge";
/// The sub-protocol. The others that a client offers hold its credentials.
const PROTOCOL: &str = "authsignal-ws";
const TOKEN: &str = "x.authsignal.token.";
const TENANT: &str = "x.authsignal.tenant.";
/// Bytes that a WebSocket reads or writes at one time.
const BUFFER: usize = 4 * 1024;
/// The one kind of challenge that a page can ask for.
const KIND: Method = Method::QrCode;

/// The route of the WebSocket.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route(PATH, any(open))
        .with_state((Arc::clone(app), Places::new()))
}

/// The room for WebSockets.
#[derive(Clone)]
struct Places {
    all: Arc<Semaphore>,
    /// The part of it for clients without a token.
    strangers: Arc<Semaphore>,
}

/// A place in the room, and one in the strangers' part where it is a stranger's.
type Place = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

impl Places {
    fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(WEB_SOCKETS)),
            strangers: Arc::new(Semaphore::new(STRANGERS_WEB_SOCKETS)),
        }
    }

    /// A place for a client. Strangers leave room for clients with a token.
    ///
    /// # Errors
    /// There is none: the answer.
    fn take(&self, stranger: bool) -> Result<Place, Reply> {
        let own = stranger.then(|| Arc::clone(&self.strangers).try_acquire_owned());
        let own = own.transpose();
        let own = own.map_err(|_| {
            crowded(
                STRANGERS_WEB_SOCKETS,
                "WebSockets of clients without a token",
            )
        })?;
        let place = Arc::clone(&self.all).try_acquire_owned();
        Ok((place.map_err(|_| crowded(WEB_SOCKETS, "WebSockets"))?, own))
    }
}

async fn open(
    State((app, places)): State<(Arc<App>, Places)>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    let wanted = preferred(request.headers());
    let (tenant, mut response) = match upgrade {
        Err(rejection) => {
            let (status, text) = (rejection.status(), rejection.body_text());
            (
                None,
                failure(status, "invalid_request", &text).into_response(),
            )
        }
        Ok(mut upgrade) => match admit(&app, &mut upgrade) {
            Err(reply) => (None, reply.into_response()),
            Ok(Admitted { tenant, claims }) => match (wanted, places.take(claims.is_none())) {
                (Err(rejection), _) => (Some(tenant), rejected(&rejection).into_response()),
                (Ok(Some(wanted)), _) => (Some(tenant), asked_for(wanted).into_response()),
                (Ok(None), Err(crowded)) => (Some(tenant), crowded.into_response()),
                (Ok(None), Ok(place)) => {
                    let page = Page {
                        app: Arc::clone(&app),
                        stopped: app.stopped(),
                        tenant: Arc::clone(&tenant),
                        claims,
                        base: reached(&app, request.headers(), request.extensions())
                            .map_or_else(|_| String::new(), |base| base.url()),
                        user_agent: text(request.headers().get(USER_AGENT)),
                    };
                    let response = upgrade
                        // By default each WebSocket reads into 128 KiB of its own.
                        .read_buffer_size(BUFFER)
                        .write_buffer_size(BUFFER)
                        // By default, answers to pings wait without a bound for a client that does not read them.
                        .max_write_buffer_size(MESSAGE)
                        .max_message_size(MESSAGE)
                        .max_frame_size(MESSAGE)
                        .on_upgrade(async move |socket| {
                            page.serve(socket).await;
                            drop(place);
                        });
                    (Some(tenant), response)
                }
            },
        },
    };
    let status = response.status();
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let headers = response.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
    }
    let note = Note {
        version: version(request.version()),
        reason: status
            .is_client_error()
            .then(|| "cannot open the WebSocket".to_owned()),
        wire: carried(request.headers(), &[], &[]),
        // The target is without its query, because no client sends one.
        ..Note::new(
            "authsignal-client",
            request.method().to_string(),
            PATH,
            status.as_u16(),
        )
    };
    app.record(tenant.as_ref().map(|tenant| tenant.ledger()), note);
    response
}

fn text(value: Option<&HeaderValue>) -> Option<String> {
    let text = value?.to_str().ok()?;
    Some(cut(text, USER_AGENT_BYTES).to_owned())
}

/// The error that a client asked for by the header `Prefer`.
fn asked_for(wanted: Wanted) -> Reply {
    Reply {
        retry_after: wanted.retry_after,
        ..forced(wanted.status, FORCED, unauthorized)
    }
}

/// The answer where as many of these are open as the mock allows.
fn crowded(bound: usize, what: &str) -> Reply {
    let reason = format!(
        "{bound} {what} are open, as many as the mock allows; close those that no page needs any more"
    );
    failure(StatusCode::SERVICE_UNAVAILABLE, "crowded", &reason)
}

/// Who opens a WebSocket.
struct Admitted {
    tenant: Arc<AuthsignalPart>,
    /// The claims of the token, if there is one.
    claims: Option<Claims<'static>>,
}

/// Checks a client's credentials. Also selects one of the sub-protocols, because browsers require it.
fn admit(app: &App, upgrade: &mut WebSocketUpgrade) -> Result<Admitted, Reply> {
    let offered: Vec<String> = upgrade
        .requested_protocols()
        .filter_map(|value| value.to_str().ok().map(str::to_owned))
        .collect();
    let admitted = offered.iter().find_map(|protocol| {
        if let Some(token) = protocol.strip_prefix(TOKEN) {
            return Some(bearer_of(app, token).map(|(tenant, _)| {
                let claims = tenant.account().keys.read(token).ok();
                Admitted { tenant, claims }
            }));
        }
        let id = protocol.strip_prefix(TENANT)?;
        let tenant = app.authsignal(id);
        let unknown = || Refusal::Unauthorized(format!("tenant {id} not found"));
        let anonymous = |tenant| Admitted {
            tenant,
            claims: None,
        };
        Some(tenant.map(anonymous).ok_or_else(unknown))
    });
    let admitted = admitted
        .ok_or_else(unauthorized)?
        .map_err(|refusal| refused(&refusal))?;
    let selected = offered.iter().find(|protocol| *protocol == PROTOCOL);
    if let Some(selected) = selected.or(offered.first())
        && let Ok(selected) = HeaderValue::from_str(selected)
    {
        upgrade.set_selected_protocol(selected);
    }
    Ok(admitted)
}

/// The page at the other end.
struct Page {
    app: Arc<App>,
    stopped: watch::Receiver<bool>,
    tenant: Arc<AuthsignalPart>,
    /// The claims of the page's token.
    claims: Option<Claims<'static>>,
    base: String,
    user_agent: Option<String>,
}

/// The last challenge that the page received.
struct Watched {
    id: String,
    stage: Stage,
    changes: watch::Receiver<u64>,
}

impl Page {
    async fn serve(self, mut socket: WebSocket) {
        let mut watched: Option<Watched> = None;
        let mut stopped = self.stopped.clone();
        let stop = async {
            // What it gives back is locked for as long as it is there.
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => {}
                () = self.tenant.ledger().closed() => {}
            }
        };
        tokio::pin!(stop);
        let expired = async {
            let claims = self.claims.as_ref();
            match claims.and_then(|claims| Timestamp::from_second(claims.exp).ok()) {
                Some(expires) => self.tenant.ledger().reached(expires).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(expired);
        let silent = tokio::time::sleep(WEB_SOCKET_TIME);
        tokio::pin!(silent);
        loop {
            let change = async {
                match &mut watched {
                    Some(watched) => watched.changes.changed().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            let answer = tokio::select! {
                // In this order: nothing that a token asks for after its time is done.
                biased;
                // Without its sender, the mock has stopped too.
                () = &mut stop => return,
                () = &mut expired => Err(Refusal::Expired),
                () = &mut silent => {
                    let reason = format!("no message came for {} minutes", WEB_SOCKET_TIME.as_secs() / 60);
                    self.close(socket, close_code::AWAY, reason).await;
                    return;
                }
                message = socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => {
                        silent.as_mut().reset(Instant::now() + WEB_SOCKET_TIME);
                        self.create(&text, &mut watched)
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => Ok(None),
                },
                alive = change => {
                    if !alive {
                        return;
                    }
                    self.look(&mut watched)
                }
            };
            let answer = match answer {
                Ok(answer) => answer,
                Err(refusal) => {
                    self.close(socket, close_code::POLICY, refusal.to_string())
                        .await;
                    return;
                }
            };
            if let Some(answer) = answer
                && !self.send(&mut socket, Message::text(answer)).await
            {
                return;
            }
        }
    }

    /// Sends a message. `false` if the client is gone, or does not read it in time, or if what it tells cannot be made
    /// durable.
    async fn send(&self, socket: &mut WebSocket, message: Message) -> bool {
        if let Some(durable) = &self.app.durable
            && durable.confirmed().await.is_err()
        {
            return false;
        }
        let patience = self.app.behaviour.times.idle;
        let sent = tokio::time::timeout(patience, socket.send(message)).await;
        matches!(sent, Ok(Ok(())))
    }

    /// Tells the client why the mock closes the WebSocket. A client that is gone needs no telling.
    async fn close(&self, mut socket: WebSocket, code: CloseCode, reason: String) {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        self.send(&mut socket, Message::Close(Some(frame))).await;
    }

    /// Whom the page's token speaks for; nobody where there is none.
    ///
    /// # Errors
    /// The token has expired, or its user was deleted.
    fn bearer(&self, authsignal: &Authsignal, now: Timestamp) -> Result<Option<Bearer>, Refusal> {
        let claims = self.claims.clone();
        claims
            .map(|claims| authsignal.bearer(Ok(claims), now))
            .transpose()
    }

    /// Makes the challenge that a message asks for. It replaces an earlier one, and the page gets no more states of
    /// that.
    ///
    /// # Errors
    /// The page's token is no longer valid.
    fn create(
        &self,
        message: &str,
        watched: &mut Option<Watched>,
    ) -> Result<Option<String>, Refusal> {
        let data = match asked(message) {
            Ok(data) => data,
            Err(why) => {
                tracing::info!("a message of a WebSocket is ignored: {why}");
                return Ok(None);
            }
        };
        // Before the challenge is there, so that no change of it is missed.
        let changes = self.tenant.ledger().changed();
        let told = Told {
            custom: data.custom.map(|custom| Custom::new(&custom.0)),
            user_agent: self.user_agent.clone(),
            ..Told::default()
        };
        let challenge = self.tenant.transact(|authsignal, turn| {
            let bearer = self.bearer(authsignal, turn.now)?;
            let code = &data.action_code;
            Ok::<_, Refusal>(authsignal.challenge_qr(turn, bearer.as_ref(), code, told))
        })?;
        let challenge = match challenge {
            Ok(challenge) => challenge,
            Err(refusal) => {
                // The protocol has no message for a refusal.
                tracing::info!("a message of a WebSocket has no effect: {refusal}");
                return Ok(None);
            }
        };
        let created = wire::ChallengeCreatedMessage {
            type_: wire::ChallengeCreatedMessageType::ChallengeCreated,
            data: wire::ChallengeCreatedData {
                challenge_id: challenge.id.clone(),
                challenge_type: KIND.word().to_owned(),
                expires_at: iso(challenge.expires),
                state: state(Stage::Unclaimed),
            },
        };
        *watched = Some(Watched {
            id: challenge.id,
            stage: Stage::Unclaimed,
            changes,
        });
        Ok(json(&created))
    }

    /// The change of the challenge since the last message to the page. Stops watching a challenge that was answered or
    /// deleted.
    ///
    /// # Errors
    /// The page's token is no longer valid.
    fn look(&self, watched: &mut Option<Watched>) -> Result<Option<String>, Refusal> {
        let Some(known) = watched.as_mut() else {
            return Ok(None);
        };
        let answer = self.tenant.look(|authsignal, now| {
            self.bearer(authsignal, now)?;
            Ok::<_, Refusal>(authsignal.watch_qr(&known.id, now))
        })?;
        let Ok(Answer { stage, passed }) = answer else {
            *watched = None;
            return Ok(None);
        };
        if stage == known.stage {
            return Ok(None);
        }
        known.stage = stage;
        let token = passed.map(|passed| passed.token(self.tenant.account(), &self.base));
        let change = wire::StateChangeMessage {
            type_: wire::StateChangeMessageType::StateChange,
            data: wire::StateChangeData {
                challenge_id: known.id.clone(),
                state: state(stage),
                access_token: token,
            },
        };
        if stage.is_answered() {
            *watched = None;
        }
        Ok(json(&change))
    }
}

/// The challenge that a message asks for.
///
/// # Errors
/// It asks for none that the mock knows, and why. Quotes nothing of it.
fn asked(message: &str) -> Result<wire::CreateChallengeData, String> {
    let message = serde_json::from_str(message).map_err(|_| "it is not JSON")?;
    surface::within_bounds(&message).map_err(|rejection| rejection.to_string())?;
    // serde's message may quote a value.
    let message: wire::CreateChallengeMessage = serde_json::from_value(message)
        .map_err(|_| "it is not a CREATE_CHALLENGE with data.challengeType and data.actionCode")?;
    let data = message.data;
    if data.challenge_type != KIND.word() {
        return Err(format!("the only challengeType is {}", KIND.word()));
    }
    Ok(data)
}

/// What the WebSocket answers to a message of a page that knows the id of the mock's first tenant.
#[cfg(feature = "fuzz")]
pub fn heard(app: &Arc<App>, message: &str) -> Option<String> {
    let page = Page {
        app: Arc::clone(app),
        stopped: app.stopped(),
        tenant: app.authsignals().into_iter().next()?,
        claims: None,
        base: "http://localhost".to_owned(),
        user_agent: None,
    };
    page.create(message, &mut None).ok().flatten()
}

fn state(stage: Stage) -> wire::QrCodeState {
    match stage {
        Stage::Unclaimed => wire::QrCodeState::Unclaimed,
        Stage::Claimed => wire::QrCodeState::Claimed,
        Stage::Approved => wire::QrCodeState::Approved,
        Stage::Rejected => wire::QrCodeState::Rejected,
    }
}

fn json(message: &impl Serialize) -> Option<String> {
    serde_json::to_string(message).ok()
}
