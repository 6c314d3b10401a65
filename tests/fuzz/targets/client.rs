//! What the client reads of strangers: webhooks, and sealed sessions that come back from browsers.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, UNIX_EPOCH};

use stepup_client::activeconnect::Activeconnect;
use stepup_client::activeconnect::sealing::SessionSealer;
use stepup_client::authsignal::webhook::{Verifier, sign};

const SECRET: &str = "a secret of the tenant";

/// The client believes a webhook only if its header holds the signature of these bytes.
#[test]
fn webhook_header() {
    bolero::check!(name = "webhook_header")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| {
            let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
            let (header, body) = match bytes.iter().position(|byte| *byte == b'\n') {
                Some(at) => (&bytes[..at], &bytes[at + 1..]),
                None => (bytes, &b""[..]),
            };
            let Ok(header) = std::str::from_utf8(header) else {
                return;
            };
            let right = sign(SECRET, body, now);
            // So that the fuzzer gets past the signature.
            let header = header.replace("$RIGHT", &right);
            let verifier = Verifier::new(SECRET);
            if let Ok(delivery) = verifier.verify_at(&header, body, now) {
                assert_eq!(delivery.body(), body);
                let (_, tag) = right.split_once("v2=").unwrap();
                assert!(header.contains(tag), "{header}");
                // Whatever it says, the answer is a value or an error.
                let _ = delivery.parse();
            }
        });
}

/// A text opens as a session only if it was sealed with the key.
#[test]
fn sealed_session() {
    let client =
        Activeconnect::builder("shop", "a secret of the shop").server("http://127.0.0.1:9");
    let client = AssertUnwindSafe(client.build().unwrap());
    let sealer = AssertUnwindSafe(SessionSealer::new([7; 32]));
    bolero::check!(name = "sealed_session")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| {
            let Ok(text) = std::str::from_utf8(bytes) else {
                return;
            };
            assert!(sealer.open_at(&client, text, UNIX_EPOCH).is_err(), "{text}");
            // Without the seal: what the session itself is read from.
            if let Ok(session) = client.session_from_json(text) {
                assert!(
                    client.session_from_json(&session.to_json()).is_ok(),
                    "{text}"
                );
            }
        });
}
