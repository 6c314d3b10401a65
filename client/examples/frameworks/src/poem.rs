//! A webhook receiver and a step-up with poem: `cargo run -p frameworks --features poem --bin with-poem`. Must not know how the
//! vendor is called.
//!
//! It needs `AUTHSIGNAL_API_SECRET`, and for a mock `AUTHSIGNAL_API_URL`. Anybody is `ada` here: a real application takes the
//! user from its own session.

mod step_up;

use std::error::Error;

use poem::http::StatusCode;
use poem::http::header::LOCATION;
use poem::listener::TcpListener;
use poem::middleware::AddData;
use poem::web::{Data, Path, Query};
use poem::{
    Body, EndpointExt as _, IntoResponse as _, Request, Response, Route, Server, get, handler, post,
};
use stepup_client::authsignal::webhook::{SIGNATURE_HEADER, Verifier};
use stepup_client::authsignal::{Authsignal, SECRET_VARIABLE};

use step_up::{Back, Next};

/// The longest body that the receiver reads, in bytes.
const MOST: usize = 1 << 20;

/// The raw bytes, because a signature is over them.
#[handler]
async fn hook(Data(verifier): Data<&Verifier>, request: &Request, body: Body) -> StatusCode {
    let Ok(body) = body.into_bytes_limit(MOST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE;
    };
    let header = request.header(SIGNATURE_HEADER).unwrap_or_default();
    let Ok(delivery) = verifier.verify(header, &body) else {
        return StatusCode::UNAUTHORIZED;
    };
    match delivery.parse() {
        Ok(_event) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The order waits for the step-up, so each one has its own.
#[handler]
async fn pay(Data(authsignal): Data<&Authsignal>, Path(order): Path<String>) -> Response {
    match step_up::begin(authsignal, "ada", &order).await {
        Next::GoOn => "Paid.".into_response(),
        Next::Redirect(url) => StatusCode::SEE_OTHER
            .with_header(LOCATION, url)
            .into_response(),
        Next::Refuse => (StatusCode::FORBIDDEN, "Not allowed.").into_response(),
    }
}

#[handler]
async fn back(
    Data(authsignal): Data<&Authsignal>,
    Path(order): Path<String>,
    Query(Back { token }): Query<Back>,
) -> Response {
    if step_up::end(authsignal, "ada", &order, &token).await {
        "Paid.".into_response()
    } else {
        (StatusCode::FORBIDDEN, "Not confirmed.").into_response()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let verifier = Verifier::new(std::env::var(SECRET_VARIABLE)?);
    let app = Route::new()
        .at("/hook", post(hook))
        .at("/orders/:order/pay", post(pay))
        .at("/orders/:order/back", get(back))
        .with(AddData::new(verifier))
        .with(AddData::new(Authsignal::from_env()?));
    Server::new(TcpListener::bind("127.0.0.1:3000"))
        .run(app)
        .await?;
    Ok(())
}
