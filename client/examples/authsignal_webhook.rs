//! What an application does with a webhook of Authsignal: check the signature over the bytes as
//! they came, read them, and act by type. Any web framework will do; this one is a function.
//!
//! ```sh
//! cargo run -p stepup-client --example authsignal_webhook
//! ```

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::error::Error;
use std::time::{Duration, SystemTime};

use stepup_client::authsignal::webhook::{self, Content, Data, Verifier};

const SECRET: &str = "MY SERVER API SECRET";

const TEXT_MESSAGE: &str = r#"{
    "version": 1, "id": "1", "source": "https://authsignal.com", "time": "2025-01-01T00:00:00.000Z",
    "tenantId": "t", "type": "sms.created",
    "data": {"to": "+15550100", "code": "123456", "userId": "user-1", "actionCode": "signIn"}
}"#;
const LOG_BATCH: &str = r#"{"records": [{
    "version": 1, "id": "2", "source": "https://authsignal.com", "time": "2025-01-01T00:00:00.000Z",
    "tenantId": "t", "type": "action.log_created",
    "record": {"tenantId": "t", "userId": "user-1", "actionCode": "signIn", "idempotencyKey": "k", "state": "ALLOW"}
}]}"#;

fn main() -> Result<(), Box<dyn Error>> {
    // While a secret is being replaced, the vendor signs with both.
    let verifier = Verifier::new(SECRET).or_secret("THE ONE BEFORE");
    let now = SystemTime::now();
    for (header, body, expected) in [
        (signed(TEXT_MESSAGE, now), TEXT_MESSAGE, 204),
        (signed(LOG_BATCH, now), LOG_BATCH, 204),
        // Someone listened, and sends the same an hour later.
        (
            signed(TEXT_MESSAGE, now - Duration::from_secs(3600)),
            TEXT_MESSAGE,
            401,
        ),
        (signed(TEXT_MESSAGE, now), LOG_BATCH, 401),
        (String::new(), TEXT_MESSAGE, 401),
        // Genuine, and in a form to come.
        (signed("[]", now), "[]", 500),
    ] {
        let status = receive(&verifier, &header, body.as_bytes());
        println!("answered {status}");
        if status != expected {
            return Err(format!("expected {expected}").into());
        }
    }
    Ok(())
}

/// Takes the text of the header `X-Signature-V2` and the bytes of the body, and gives the status to
/// answer with.
fn receive(verifier: &Verifier, header: &str, body: &[u8]) -> u16 {
    let delivery = match verifier.verify(header, body) {
        Ok(delivery) => delivery,
        Err(error) => {
            println!("not genuine: {error}");
            return 401;
        }
    };
    match delivery.parse() {
        Ok(Content::Event(event)) => dispatch(&event.id, &event.data),
        Ok(Content::LogBatch(events)) => {
            for event in &events {
                dispatch(&event.id, &event.data);
            }
        }
        Ok(_) => println!("passed over"),
        Err(error) => {
            println!("genuine, but not understood: {error}");
            return 500;
        }
    }
    204
}

fn dispatch(id: &str, data: &Data) {
    match data {
        // Codes and addresses show by name only, never in the `Debug` of an event.
        Data::SmsCreated(sms) => println!("{id}: a text message to {}", sms.to),
        Data::EmailCreated(email) => println!("{id}: an email to {}", email.to),
        Data::ActionVerify(action) => println!("{id}: {} may go on", action.user_id),
        Data::ActionLogCreated(log) => println!("{id}: {} did {}", log.user_id, log.action_code),
        other => println!("{id}: nothing to do about {}", other.kind()),
    }
}

/// What the vendor's service does.
fn signed(body: &str, at: SystemTime) -> String {
    webhook::sign(SECRET, body.as_bytes(), at)
}
