//! The shop together with a mock of both vendors: `cargo run -p shop --example demo`. Must not know what the shop does.

#![expect(clippy::print_stdout, reason = "a program says where it is")]

use std::error::Error;

use shop::Settings;
use stepup_client::activeconnect::Activeconnect;
use stepup_client::authsignal::Authsignal;
use stepup_client::authsignal::webhook::Verifier;
use stepup_mock::{MockServer, Outcome};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // By a name, because an IP address cannot own a passkey.
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let base_url = "http://localhost:3000";
    let hook = format!("http://{}/webhooks", listener.local_addr()?);
    let mock = MockServer::builder().webhook(&hook).start().await?;
    let (authsignal, activeconnect) = (mock.authsignal(), mock.activeconnect());
    authsignal.set_action_outcome("checkout", Outcome::Challenge);
    let by_name = |url: &str| url.replace("127.0.0.1", "localhost");
    let authsignal_url = by_name(&authsignal.api_url());
    let secret = authsignal.api_secret();
    let client = Activeconnect::builder(
        activeconnect.application_id(),
        activeconnect.application_secret(),
    );
    let app = shop::app(Settings {
        base_url: base_url.to_owned(),
        authsignal: Authsignal::builder(secret)
            .api_url(&authsignal_url)
            .build()?,
        authsignal_url,
        tenant_id: authsignal.tenant_id().to_owned(),
        activeconnect: client.server(activeconnect.server_url()).build()?,
        webhooks: Verifier::new(secret),
        // A shop that anybody reaches needs a random one.
        key: [0; 32],
    })?;
    println!("The shop: {base_url}");
    println!(
        "The mock, where you play the phone and read the messages: {}",
        by_name(mock.url())
    );
    axum::serve(listener, app).await?;
    Ok(())
}
