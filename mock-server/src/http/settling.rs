//! Holds answers back until what they tell is durable, and refuses changes while nothing can be written. Knows no operation.

use std::future::Future;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;

use super::unmatched::{Form, turn_away};
use crate::runtime::{App, Durable};

/// The code of the refusal, where an API has codes.
const CODE: &str = "unavailable";

/// A request whose answer waits.
pub(super) struct Settling {
    durable: Arc<Durable>,
    /// How many changes there were when it came.
    before: u64,
    form: Form,
}

impl Settling {
    /// Begins with a request, if the mock has a data directory.
    ///
    /// # Errors
    /// The request may change something, and nothing can be written: why.
    pub(super) fn begin(
        app: &App,
        request: &Request,
    ) -> impl Future<Output = Result<Option<Self>, Arc<str>>> + Send + use<> {
        let settling = app.durable.as_ref().map(|durable| Self {
            durable: Arc::clone(durable),
            before: 0,
            form: Form::of(request.uri().path()),
        });
        let may_change = !request.method().is_safe();
        async move {
            let Some(mut settling) = settling else {
                return Ok(None);
            };
            if may_change {
                settling.durable.writable().await?;
            }
            settling.before = settling.durable.changed();
            Ok(Some(settling))
        }
    }

    /// Waits until everything that the answer can tell is durable. An answer that would tell of what cannot be written
    /// gives way to a refusal.
    pub(super) async fn end(self, response: Response) -> Response {
        match self.durable.settled(self.before).await {
            Ok(()) => response,
            Err(why) => {
                let reason = format!(
                    "the mock cannot write what this request has changed, so it may be lost: {why}"
                );
                self.form
                    .answer(StatusCode::SERVICE_UNAVAILABLE, CODE, &reason)
            }
        }
    }
}

/// The answer to a request that may change something while nothing can be written.
pub(super) fn refusal(app: &App, request: &Request, why: &str) -> Response {
    let reason = format!(
        "the mock changes nothing, because it cannot write it: {why}; requests that only read go on"
    );
    turn_away(app, request, StatusCode::SERVICE_UNAVAILABLE, CODE, reason)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use axum::body::Body;
    use axum::extract::Request;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    use crate::http::{front, phones, router};
    use crate::runtime::seed::{DEFAULT_API_SECRET, Seed};
    use crate::runtime::{
        Access, App, Behaviour, DataDirectory, Durability, Missing, Store, Trouble,
    };

    /// Which accesses to the file go wrong now, and how many have.
    #[derive(Default)]
    struct Wrong {
        what: Mutex<Option<&'static str>>,
        count: AtomicUsize,
    }

    impl Wrong {
        fn set(&self, what: Option<&'static str>) {
            *self.what.lock().unwrap() = what;
        }

        fn trouble(&self, access: Access) -> Option<Trouble> {
            let full = || io::Error::from(io::ErrorKind::StorageFull);
            let (error, after) = match (*self.what.lock().unwrap(), access) {
                (Some("full"), Access::Write(_) | Access::Grow) => (full(), 0),
                (Some("short write"), Access::Write(length)) => (full(), length / 2),
                (Some("late write"), Access::Write(_))
                    if self.count.fetch_add(1, Ordering::Relaxed) < 3 =>
                {
                    return None;
                }
                (Some("late write"), Access::Write(_)) => (full(), 0),
                (Some("fsync"), Access::Sync) => (io::Error::other("fsync failed"), 0),
                _ => return None,
            };
            self.count.fetch_add(1, Ordering::Relaxed);
            Some(Trouble { error, after })
        }
    }

    fn open(directory: &Path, wrong: &Arc<Wrong>) -> Arc<App> {
        let wrong = Arc::clone(wrong);
        let meddler = Arc::new(move |access| wrong.trouble(access));
        let store = Store::meddled(directory, Missing::Make, true, Some(meddler)).unwrap();
        let data = DataDirectory {
            path: directory.to_owned(),
            durability: Durability::Fsync,
        };
        App::kept_in(store, Behaviour::default(), Seed::default(), &data).unwrap()
    }

    async fn ask(app: &Arc<App>, method: &str, path: &str, body: Value) -> (u16, Value) {
        let router = router(app, &phones(app));
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header("host", "localhost")
            .header("content-type", "application/json");
        let request = match path.starts_with("/_mock") {
            true => request,
            false => request.header(
                "authorization",
                conformance::wire::basic(DEFAULT_API_SECRET),
            ),
        };
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = front(router, app).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn create(app: &Arc<App>, user_id: &str) -> (u16, Value) {
        let body = json!({"displayName": user_id});
        ask(app, "PATCH", &format!("/v1/users/{user_id}"), body).await
    }

    fn users(app: &App) -> BTreeSet<String> {
        let part = app.authsignals().remove(0);
        let (seen, _) = part.look(|authsignal, _| {
            let (seen, more) = authsignal.seen_users(None, 1_000);
            let ids: BTreeSet<String> = seen.into_iter().map(|one| one.id.to_owned()).collect();
            (ids, more)
        });
        seen
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_refused_in_the_vendors_shape_loses_nothing_and_recovers() {
        let troubles = ["full", "short write", "fsync", "late write"];
        for (number, trouble) in troubles.into_iter().cycle().take(20).enumerate() {
            let directory = tempfile::tempdir().unwrap();
            let wrong = Arc::default();
            let app = open(directory.path(), &wrong);
            let mut acknowledged = BTreeSet::new();
            for user in 0..=number {
                let id = format!("before-{user}");
                assert_eq!(create(&app, &id).await.0, 200, "{trouble}");
                acknowledged.insert(id);
            }
            wrong.count.store(0, Ordering::Relaxed);
            wrong.set(Some(trouble));
            // The first one changes the mock before anybody knows.
            let (status, refusal) = create(&app, "unanswered").await;
            assert_eq!(status, 503, "{trouble}: {refusal}");
            assert_eq!(refusal["error"], "unavailable", "{refusal}");
            let (status, refusal) = create(&app, "refused").await;
            assert_eq!(status, 503, "{trouble}: {refusal}");
            assert!(refusal.to_string().contains("changes nothing"), "{refusal}");
            let (status, refusal) = ask(&app, "POST", "/_mock/reset", Value::Null).await;
            assert_eq!(
                (status, refusal["error"].as_str()),
                (503, Some("unavailable"))
            );
            let (status, user) = ask(&app, "GET", "/v1/users/before-0", Value::Null).await;
            assert_eq!(
                (status, user["displayName"].as_str()),
                (200, Some("before-0"))
            );
            assert!(wrong.count.load(Ordering::Relaxed) > 0);
            wrong.set(None);
            assert_eq!(create(&app, "after").await.0, 200, "{trouble}: it recovers");
            acknowledged.insert("after".to_owned());
            let now = users(&app);
            assert!(now.is_superset(&acknowledged) && !now.contains("refused"));
            // Killed: what waits is not written any more.
            wrong.set(Some("full"));
            drop(app);
            let file = directory.path().join("mock.redb");
            let killed = tempfile::tempdir().unwrap();
            std::fs::copy(file, killed.path().join("mock.redb")).unwrap();
            let again = open(killed.path(), &Arc::default());
            assert_eq!(users(&again), now, "{trouble}: memory and disk agree");
        }
    }
}
