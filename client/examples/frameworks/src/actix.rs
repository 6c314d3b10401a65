//! A webhook receiver and a step-up with actix-web: `cargo run -p frameworks --features actix --bin with-actix`. Must not know
//! how the vendor is called.
//!
//! It needs `AUTHSIGNAL_API_SECRET`, and for a mock `AUTHSIGNAL_API_URL`. Anybody is `ada` here: a real application takes the
//! user from its own session.

mod step_up;

use std::error::Error;

use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use stepup_client::authsignal::webhook::{SIGNATURE_HEADER, Verifier};
use stepup_client::authsignal::{Authsignal, SECRET_VARIABLE};

use step_up::{Back, Next};

/// The raw bytes, because a signature is over them. actix-web reads at most 256 KiB of them, unless told otherwise.
async fn hook(verifier: Data<Verifier>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let header = request.headers().get(SIGNATURE_HEADER);
    let header = header.and_then(|header| header.to_str().ok());
    let Ok(delivery) = verifier.verify(header.unwrap_or_default(), &body) else {
        return HttpResponse::Unauthorized().finish();
    };
    match delivery.parse() {
        Ok(_event) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// The order waits for the step-up, so each one has its own.
async fn pay(authsignal: Data<Authsignal>, order: web::Path<String>) -> HttpResponse {
    match step_up::begin(&authsignal, "ada", &order).await {
        Next::GoOn => HttpResponse::Ok().body("Paid."),
        Next::Redirect(url) => HttpResponse::SeeOther()
            .insert_header((LOCATION, url))
            .finish(),
        Next::Refuse => HttpResponse::Forbidden().body("Not allowed."),
    }
}

async fn back(
    authsignal: Data<Authsignal>,
    order: web::Path<String>,
    Query(Back { token }): Query<Back>,
) -> HttpResponse {
    if step_up::end(&authsignal, "ada", &order, &token).await {
        HttpResponse::Ok().body("Paid.")
    } else {
        HttpResponse::Forbidden().body("Not confirmed.")
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let verifier = Data::new(Verifier::new(std::env::var(SECRET_VARIABLE)?));
    let authsignal = Data::new(Authsignal::from_env()?);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(verifier.clone())
            .app_data(authsignal.clone())
            .route("/hook", web::post().to(hook))
            .route("/orders/{order}/pay", web::post().to(pay))
            .route("/orders/{order}/back", web::get().to(back))
    });
    server.bind(("127.0.0.1", 3000))?.run().await?;
    Ok(())
}
