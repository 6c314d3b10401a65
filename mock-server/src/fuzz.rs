//! What `tests/fuzz` reaches of the mock: a mock without a network, and the parsers that read what strangers send. It is
//! not API.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use crate::generated::{
    activeconnect, authsignal, authsignal_client, authsignal_management, mock_control,
};
use crate::http::surface::Extent;
use crate::http::{front, heard, shown};
use crate::runtime::seed::Seed;
use crate::runtime::{App, Behaviour};

pub use crate::http::surface::Operation;

/// A deterministic mock that answers requests from inside the process.
#[derive(Debug)]
pub struct Mock {
    app: Arc<App>,
    router: Router,
    runtime: Runtime,
}

/// How many bytes of a text make a whole JSON value, as the mock sees it while a body comes in.
pub fn whole_at(bytes: &[u8]) -> Option<usize> {
    let mut extent = Extent::default();
    (1..=bytes.len()).find(|end| {
        extent.feed(bytes.get(end - 1..*end).unwrap_or_default());
        extent.is_whole()
    })
}

/// What the journal shows of a body, of which `kept` is the beginning and `length` the whole.
pub fn shown_in_journal(kept: &[u8], length: usize) -> String {
    shown(kept, length).text
}

/// Whether the journal masks the value of a member with this name.
pub fn is_secret(name: &str) -> bool {
    crate::http::is_secret(name)
}

/// Every operation of every spec.
pub fn operations() -> Vec<&'static Operation> {
    let lists = [
        activeconnect::operations::ALL,
        authsignal::operations::ALL,
        authsignal_client::operations::ALL,
        authsignal_management::operations::ALL,
        mock_control::operations::ALL,
    ];
    lists.into_iter().flatten().copied().collect()
}

impl Mock {
    /// A mock with the seed `demo`. It takes unsigned requests, because a fuzzer cannot sign.
    ///
    /// # Errors
    /// Why it cannot start.
    pub fn start() -> Result<Self, String> {
        Self::seeded(Seed::demo())
    }

    /// A mock with the seed in a text, as a seed file holds it.
    ///
    /// # Errors
    /// The text is not a seed; the reason.
    pub fn from_seed_text(text: &[u8]) -> Result<Self, String> {
        Self::seeded(Seed::from_text("fuzz", text).map_err(|error| error.to_string())?)
    }

    fn seeded(seed: Seed) -> Result<Self, String> {
        let behaviour = Behaviour {
            deterministic: true,
            verify_signatures: false,
            ..Behaviour::default()
        };
        let app = Arc::new(App::new(behaviour, seed).map_err(|error| error.to_string())?);
        let router = crate::http::router(&app, &crate::http::phones(&app));
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self {
            app,
            router,
            runtime: runtime.map_err(|error| error.to_string())?,
        })
    }

    /// Loads a tenant with the `state` of a dump, and returns the state that a dump then holds.
    ///
    /// # Errors
    /// The text is not a state; the reason.
    pub fn load_state(&self, state: &[u8]) -> Result<Vec<u8>, String> {
        let state: Value = serde_json::from_slice(state).map_err(|error| error.to_string())?;
        let tenant = json!({
            "activeconnect": {"id": "dumped"},
            "authsignal": {"id": "dumped-at-authsignal"},
            "state": state,
        });
        let seed = Map::from_iter([("tenants".to_owned(), json!([tenant]))]);
        let loaded = self.app.load(seed).map_err(|error| error.to_string())?;
        let dump = Value::Object(self.app.dump(loaded.into_iter().next(), true));
        Ok(dump["tenants"][0]["state"].to_string().into_bytes())
    }

    /// Puts the mock back to its start.
    pub fn reset(&self) {
        self.app.reset();
    }

    /// What the WebSocket for QR codes answers to a message.
    pub fn heard(&self, message: &str) -> Option<String> {
        heard(&self.app, message)
    }

    /// The answer to a request, with its whole body.
    ///
    /// # Errors
    /// The answer broke off.
    pub fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Bytes>, String> {
        self.runtime.block_on(async {
            let request = request.map(Body::from);
            // The router's error type has no value.
            let Ok(response) = front(self.router.clone(), &self.app).oneshot(request).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| error.to_string())?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        })
    }
}
