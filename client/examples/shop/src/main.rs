//! The program `shop`: reads the settings from the environment, and serves. Must not know what is served.
//!
//! | variable | |
//! | --- | --- |
//! | `AUTHSIGNAL_API_SECRET`, `AUTHSIGNAL_TENANT_ID` | the tenant at Authsignal |
//! | `AUTHSIGNAL_API_URL` | the base URL of Authsignal's API; the default is that of the United States |
//! | `ACTIVECONNECT_APPLICATION_ID`, `ACTIVECONNECT_APPLICATION_SECRET` | the application at Activeconnect |
//! | `ACTIVE_CONNECT_SERVER` | the base URL of Activeconnect's API; the default is the vendor's |
//! | `SHOP_LISTEN` | where to listen; the default is `127.0.0.1:3000` |
//! | `SHOP_URL` | where browsers reach the shop; the default is `http://localhost` with the port |
//! | `SHOP_KEY` | 64 hexadecimal digits of the key for cookies; without it, a random one for this run |

use std::env;
use std::error::Error;

use shop::Settings;
use stepup_client::activeconnect::Activeconnect;
use stepup_client::authsignal::webhook::Verifier;
use stepup_client::authsignal::{Authsignal, Region, SECRET_VARIABLE, URL_VARIABLE};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = optional("SHOP_LISTEN").unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&listen).await?;
    let port = listener.local_addr()?.port();
    let base_url = optional("SHOP_URL").unwrap_or_else(|| format!("http://localhost:{port}"));
    let secret = needed(SECRET_VARIABLE)?;
    let id = needed("ACTIVECONNECT_APPLICATION_ID")?;
    let settings = Settings {
        base_url: base_url.clone(),
        authsignal: Authsignal::builder(&secret).build()?,
        authsignal_url: optional(URL_VARIABLE).unwrap_or_else(|| Region::Us.api_url().to_owned()),
        tenant_id: needed("AUTHSIGNAL_TENANT_ID")?,
        activeconnect: Activeconnect::new(id, needed("ACTIVECONNECT_APPLICATION_SECRET")?)?,
        webhooks: Verifier::new(secret),
        key: key(optional("SHOP_KEY").as_deref())?,
    };
    let app = shop::app(settings)?;
    #[expect(clippy::print_stdout, reason = "a program says where it is")]
    {
        println!("{base_url}");
    }
    axum::serve(listener, app).await?;
    Ok(())
}

fn optional(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

fn needed(variable: &str) -> Result<String, String> {
    optional(variable).ok_or_else(|| format!("set the environment variable {variable}"))
}

fn key(text: Option<&str>) -> Result<[u8; 32], String> {
    let mut key = [0; 32];
    let Some(text) = text else {
        let filled = getrandom::fill(&mut key);
        filled.map_err(|error| format!("no random key for cookies: {error}"))?;
        return Ok(key);
    };
    let wrong = || "SHOP_KEY needs 64 hexadecimal digits".to_owned();
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        let digits = text.get(at..at + 2).ok_or_else(wrong)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    Ok(key)
}
