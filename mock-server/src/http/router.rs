//! One router over everything: the vendors' APIs, the control API, the pages and the desk, and the answers to requests
//! that match no operation. Knows no operation.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use http::StatusCode;
use tower::{Layer as _, ServiceExt as _};

use super::activeconnect::admission::ActiveconnectApi;
use super::astray::Vendor;
use super::authsignal::client::admission::{ClientApi, cors};
use super::authsignal::management::admission::ManagementApi;
use super::authsignal::server::admission::ServerApi;
use super::authsignal::websocket;
use super::control::admission::ControlApi;
use super::detour::{OLDER_CLIENT, once_v1, to_client, with_hyphens};
use super::door::{Door, MockPhones};
use super::unmatched::refuse;
use super::{desk, metrics, pages, specs};
use crate::generated::{
    activeconnect as activeconnect_api, authsignal as authsignal_api,
    authsignal_client::routes as client_api_routes, authsignal_management as management_api,
    mock_control as control_api,
};
use crate::runtime::App;
use crate::sim::phone::Phones;

/// The phones of a mock. They write straight into the vendors' APIs.
pub fn phones(app: &Arc<App>) -> Arc<MockPhones> {
    let app = Arc::clone(app);
    Arc::new(Phones::new(Door::new(move || vendors(&app))))
}

/// The router over everything.
pub fn router(app: &Arc<App>, phones: &Arc<MockPhones>) -> Router {
    let control = ControlApi::new(Arc::clone(app), Arc::clone(phones));
    let operations = vendors(app)
        .merge(control_api::routes::router(Arc::new(control)))
        .merge(desk::router(app))
        .merge(metrics::router(app))
        .merge(specs::router())
        .merge(pages::router(app));

    let wrong_method = {
        let app = Arc::clone(app);
        move |request: Request| {
            std::future::ready(refuse(&app, &request, StatusCode::METHOD_NOT_ALLOWED))
        }
    };
    let operations = operations.method_not_allowed_fallback(wrong_method);
    let unmatched = {
        let (app, operations) = (Arc::clone(app), operations.clone());
        move |mut request: Request| {
            let (app, operations) = (Arc::clone(&app), operations.clone());
            async move {
                if !once_v1(&mut request) && !with_hyphens(&mut request) {
                    return lost(app, request).await;
                }
                let again = operations.fallback(move |request| lost(Arc::clone(&app), request));
                // The router's error type has no value.
                let Ok(response) = again.oneshot(request).await;
                response
            }
        }
    };
    operations.fallback(unmatched)
}

/// The answer to a request that matches no operation. A page may read it if it looked for the Client API: its base URL may
/// be wrong, and the answer says so.
async fn lost(app: Arc<App>, request: Request) -> Response {
    let readable = Vendor::of_request(&request) == Vendor::AuthsignalClient;
    let refusal = tower::service_fn(move |request: Request| {
        let refusal = refuse(&app, &request, StatusCode::NOT_FOUND);
        std::future::ready(Ok::<_, Infallible>(refusal))
    });
    let answer = if readable {
        cors().layer(refusal).oneshot(request).await
    } else {
        refusal.oneshot(request).await
    };
    // The error type has no value.
    let Ok(answer) = answer;
    answer
}

/// The vendors' APIs.
fn vendors(app: &Arc<App>) -> Router {
    let activeconnect = ActiveconnectApi::new(Arc::clone(app));
    let authsignal = ServerApi::new(Arc::clone(app));
    let management = ManagementApi::new(Arc::clone(app));
    activeconnect_api::routes::router(Arc::new(activeconnect))
        .merge(authsignal_api::routes::router(Arc::new(authsignal)))
        .merge(management_api::routes::router(Arc::new(management)))
        .merge(client_api(app))
}

/// The Client API, also at its older paths, and its WebSocket. A page of any origin may read every answer below its path,
/// including refusals. No foreign page may read the rest of the mock.
fn client_api(app: &Arc<App>) -> Router {
    let refuse_with = |status| {
        let app = Arc::clone(app);
        move |request: Request| std::future::ready(refuse(&app, &request, status))
    };
    let client = ClientApi::new(Arc::clone(app));
    let mut operations = client_api_routes::router(Arc::new(client))
        .method_not_allowed_fallback(refuse_with(StatusCode::METHOD_NOT_ALLOWED));
    for unknown in ["/v1/client", "/v1/client/", "/v1/client/{*rest}"] {
        operations = operations.route(unknown, any(refuse_with(StatusCode::NOT_FOUND)));
    }
    let operations = operations.layer(cors());
    let older = {
        let operations = operations.clone();
        move |mut request: Request| {
            to_client(&mut request);
            operations.clone().oneshot(request)
        }
    };
    let both = OLDER_CLIENT.into_iter().fold(operations, |both, path| {
        both.route(path, any(older.clone()))
    });
    both.merge(websocket::router(app))
}
