//! The calls that rows name, by each client that has them. Must not know what a row expects.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use stepup_client::Error;
use stepup_client::activeconnect::{Activeconnect, Session, WaitOptions};
use stepup_client::authsignal::session_token::SessionVerifier;
use stepup_client::authsignal::{
    ActionAttributes, Authsignal, ChallengeToStart, SessionTokens, TrackAttributes, TrackOutcome,
    Tracked, UserActionState, UserAttributes, UserQuery, VerifiedAuthenticator,
};
use stepup_client::authsignal_client::AuthsignalClient;
use stepup_client::authsignal_management::{AuthsignalManagement, Changes};
use stepup_client::mock_control::MockControl;

use super::table::{Arguments, Call};

/// A client that is ready to be called.
pub(super) enum Ready {
    Authsignal(Authsignal),
    AuthsignalClient(AuthsignalClient),
    AuthsignalManagement(AuthsignalManagement),
    Activeconnect(Activeconnect),
    MockControl(MockControl),
}

impl Ready {
    /// What its `Debug` shows.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Authsignal(client) => format!("{client:?}"),
            Self::AuthsignalClient(client) => format!("{client:?}"),
            Self::AuthsignalManagement(client) => format!("{client:?}"),
            Self::Activeconnect(client) => format!("{client:?}"),
            Self::MockControl(client) => format!("{client:?}"),
        }
    }
}

/// What calls are about that needs calls of its own.
#[derive(Default)]
pub(super) struct Belongings {
    pub(super) session: Option<Session>,
    pub(super) tokens: Option<SessionTokens>,
    pub(super) verifier: Option<SessionVerifier>,
}

/// What a call came to.
#[derive(Default)]
pub(super) struct Made {
    pub(super) error: Option<Error>,
    pub(super) value: Value,
    /// What `Debug` of the answer shows.
    pub(super) shown: String,
}

impl Made {
    fn of<T: Serialize + Debug>(answer: Result<T, Error>) -> Self {
        match answer {
            Ok(answer) => Self {
                error: None,
                value: serde_json::to_value(&answer).unwrap(),
                shown: format!("{answer:?}"),
            },
            Err(error) => Self {
                error: Some(error),
                ..Self::default()
            },
        }
    }

    /// As `of`, with a value beside an answer that is none itself.
    fn with<T: Debug>(answer: Result<T, Error>, value: impl FnOnce(&T) -> Value) -> Self {
        match answer {
            Ok(answer) => Self {
                error: None,
                value: value(&answer),
                shown: format!("{answer:?}"),
            },
            Err(error) => Self {
                error: Some(error),
                ..Self::default()
            },
        }
    }

    fn done(answer: Result<(), Error>) -> Self {
        Self::with(answer, |()| Value::Null)
    }

    /// Of a call of a session, which keeps its state if the call fails.
    fn of_session<T: Debug>(answer: Result<T, Error>, session: &Session) -> Self {
        let shown = format!("{answer:?} {session:?}");
        Self {
            error: answer.err(),
            value: state(session),
            shown,
        }
    }
}

fn state(session: &Session) -> Value {
    json!({
        "status": session.session_status().as_str(),
        "inProgress": session.in_progress(),
        "active": session.active(),
        "failed": session.failed(),
        "reason": session.failure_reason(),
    })
}

fn tracked(tracked: &Tracked) -> Value {
    let outcome = match tracked.outcome() {
        TrackOutcome::Allowed { .. } => "Allowed",
        TrackOutcome::Blocked => "Blocked",
        TrackOutcome::ChallengeRequired { .. } => "ChallengeRequired",
        TrackOutcome::ReviewRequired => "ReviewRequired",
        TrackOutcome::Other(_) => "Other",
    };
    let mut value = serde_json::to_value(tracked).unwrap();
    value["outcome"] = outcome.into();
    value["isAllowed"] = tracked.is_allowed().into();
    value
}

fn query(with: &Arguments) -> UserQuery {
    let mut query = UserQuery::new();
    if let Some(email) = &with.email {
        query = query.email(email);
    }
    if let Some(limit) = with.limit {
        query = query.limit(limit);
    }
    if let Some(after) = &with.after {
        query = query.last_evaluated_user_id(after.as_str());
    }
    query
}

/// Most pages and users that a row is about: a client that never ends shows here.
const MOST: usize = 9;

/// The ids of each page, or the kind of the error in its place.
async fn page_by_page(client: &Authsignal, with: &Arguments) -> Value {
    let mut pages = client.user_pages(query(with));
    let mut seen = Vec::new();
    while seen.len() < MOST {
        seen.push(match pages.next_page().await {
            Ok(None) => break,
            Ok(Some(page)) => page.users.into_iter().map(|user| user.user_id).collect(),
            Err(error) => json!(format!("{:?}", error.kind())),
        });
    }
    seen.into()
}

/// The id of each user, or the kind of the error.
async fn stream_users(client: &Authsignal, with: &Arguments) -> Value {
    let users = client.user_pages(query(with)).into_stream().take(MOST);
    let seen = users.map(|user| match user {
        Ok(user) => user.user_id,
        Err(error) => format!("{:?}", error.kind()),
    });
    seen.collect::<Vec<_>>().await.into()
}

async fn verify_session_token(belongings: &Belongings) -> Option<Made> {
    let (verifier, tokens) = (belongings.verifier.as_ref()?, belongings.tokens.as_ref()?);
    let verified = verifier.verify(tokens.access_token.expose()).await;
    let shown = format!("{verified:?} {verifier:?}");
    let value = match verified {
        Ok(claims) => json!({"userId": claims.user_id}),
        Err(error) => json!({"isTokensFault": error.is_tokens_fault(), "says": error.to_string()}),
    };
    Some(Made {
        error: None,
        value,
        shown,
    })
}

/// Makes a call. There is none that the client does not have, or for which nothing is arranged.
pub(super) async fn make(
    call: Call,
    client: &Ready,
    belongings: &mut Belongings,
    with: &Arguments,
) -> Option<Made> {
    match client {
        Ready::Authsignal(client) => of_authsignal(call, client, belongings, with).await,
        Ready::AuthsignalClient(client) => Some(match call {
            Call::Read => Made::of(client.get_user_authenticators().await),
            Call::Write => Made::of(client.challenge_sms().await),
            Call::Verify => Made::of(client.verify_sms("000000").await),
            Call::SendRaw => {
                let method = with.method.parse().ok()?;
                Made::of(client.send_raw(method, &with.path, None).await)
            }
            _ => return None,
        }),
        Ready::AuthsignalManagement(client) => Some(match call {
            Call::Read => Made::of(client.get_tenant().await),
            Call::ReadById => Made::of(client.get_value_list(&with.id).await),
            Call::Write => {
                let list = json!({"name": "blocked", "itemType": "string", "isActive": true});
                let list = serde_json::from_value(list).unwrap();
                Made::of(client.create_value_list(list).await)
            }
            Call::Delete => Made::done(client.delete_value_list(&with.id).await),
            Call::Set => {
                let name = Changes::new().set("name", "Shop");
                Made::of(client.update_tenant(name).await)
            }
            Call::SendRaw => {
                let method = with.method.parse().ok()?;
                Made::of(client.send_raw(method, &with.path, None).await)
            }
            _ => return None,
        }),
        Ready::Activeconnect(client) => of_activeconnect(call, client, belongings, with).await,
        Ready::MockControl(client) => Some(match call {
            Call::Read => Made::of(client.health().await),
            Call::ReadById => Made::done(client.delete_tenant(&with.id).await),
            Call::Write => Made::with(client.create_tenant(None).await, |_| Value::Null),
            _ => return None,
        }),
    }
}

async fn of_authsignal(
    call: Call,
    client: &Authsignal,
    belongings: &Belongings,
    with: &Arguments,
) -> Option<Made> {
    let id = with.id.as_str();
    Some(match call {
        Call::Read => Made::of(client.get_user("ada").await),
        Call::ReadById => Made::of(client.get_user(id).await),
        Call::Write => {
            let phone = VerifiedAuthenticator::sms("+15550199");
            let enrolled = client.enroll_verified_authenticator(id, phone).await;
            Made::with(enrolled, |_| Value::Null)
        }
        Call::Set => {
            let mut attributes = UserAttributes::new().display_name("Ada");
            for (name, value) in &with.custom {
                attributes = attributes.custom(name, value.clone());
            }
            Made::of(client.update_user(id, attributes).await)
        }
        Call::SendRaw => {
            let method = with.method.parse().ok()?;
            Made::of(client.send_raw(method, &with.path, None).await)
        }
        Call::Track => {
            let mut attributes = TrackAttributes::new();
            if let Some(key) = &with.key {
                attributes = attributes.idempotency_key(key.as_str());
            }
            for (name, value) in &with.custom {
                attributes = attributes.custom(name, value.clone());
            }
            Made::with(client.track(id, "pay", attributes).await, tracked)
        }
        Call::UpdateAction => {
            let key = with.key.as_deref().unwrap_or("key");
            let allowed = ActionAttributes::new(UserActionState::Allow);
            Made::of(client.update_action(id, "pay", key, allowed).await)
        }
        Call::Challenge => {
            let mut challenge = ChallengeToStart::sms("pay", "+15550100");
            if let Some(key) = &with.key {
                challenge = challenge.idempotency_key(key.as_str());
            }
            Made::of(client.challenge(challenge).await)
        }
        Call::Verify => Made::of(client.verify("challenge", "000000").await),
        Call::FindUsers => Made::of(client.query_users(query(with)).await),
        Call::PageByPage => Made {
            value: page_by_page(client, with).await,
            ..Made::default()
        },
        Call::StreamUsers => Made {
            value: stream_users(client, with).await,
            ..Made::default()
        },
        Call::ValidateSession => {
            let tokens = belongings.tokens.as_ref()?;
            Made::of(client.validate_session(tokens.access_token.expose()).await)
        }
        Call::RefreshSession => {
            let tokens = belongings.tokens.as_ref()?;
            Made::of(client.refresh_session(tokens.refresh_token.expose()).await)
        }
        Call::RevokeSession => {
            let tokens = belongings.tokens.as_ref()?;
            Made::done(client.revoke_session(tokens.access_token.expose()).await)
        }
        Call::VerifySessionToken => verify_session_token(belongings).await?,
        _ => return None,
    })
}

async fn of_activeconnect(
    call: Call,
    client: &Activeconnect,
    belongings: &mut Belongings,
    with: &Arguments,
) -> Option<Made> {
    Some(match call {
        Call::Read => Made::of(client.has_registered_mobile_device("ada").await),
        Call::ReadById => Made::of(client.has_registered_mobile_device(&with.id).await),
        Call::Write => Made::with(client.add_user("bob").await, |_| Value::Null),
        Call::Set => Made::done(client.delete_user("ada").await),
        Call::SendRaw => {
            let method = with.method.parse().ok()?;
            Made::of(client.send_raw(method, &with.path, None).await)
        }
        Call::Authenticate => Made::with(client.authenticate_user(&with.id, &[]).await, state),
        Call::SessionStatus => {
            let session = belongings.session.as_mut()?;
            let status = session.status().await.cloned();
            Made::of_session(status, session)
        }
        Call::SessionWait => {
            let session = belongings.session.as_mut()?;
            let wait = WaitOptions::default()
                .interval(WaitOptions::MIN_INTERVAL)
                .deadline(Duration::from_millis(with.deadline_ms));
            let status = session.wait(wait).await.cloned();
            Made::of_session(status, session)
        }
        Call::SessionDestroy => {
            let session = belongings.session.as_mut()?;
            let ended = session.destroy().await;
            Made::of_session(ended, session)
        }
        Call::SavedSession => {
            let json = belongings.session.take()?.to_json();
            let mut session = client.session_from_json(&json).unwrap();
            let status = session.status().await.cloned();
            Made::of_session(status, &session)
        }
        _ => return None,
    })
}
