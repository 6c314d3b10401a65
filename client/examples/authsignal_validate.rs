//! What a server does when a user comes back from a challenge: ask what the token is worth.
//!
//! ```sh
//! export AUTHSIGNAL_API_URL=http://127.0.0.1:4750/v1
//! export AUTHSIGNAL_API_SECRET=mock-authsignal-secret-0123456789abcdef
//! cargo run -p stepup-client --example authsignal_validate <<< "$TOKEN"
//! ```
//!
//! Reads tokens from standard input, one a line, and answers each with one line of JSON: what
//! `/validate` told, or `{"refused": "..."}`. Tokens come that way, and not as arguments, because
//! every user of a machine may read the arguments of its programs.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::error::Error;
use std::io::{BufRead as _, Write as _, stdin, stdout};

use serde_json::json;
use stepup_client::authsignal::{Authsignal, TokenToValidate};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let authsignal = Authsignal::from_env()?;
    for line in stdin().lock().lines() {
        let token = TokenToValidate::new(line?.trim());
        let told = match authsignal.validate_challenge(token).await {
            Ok(validated) => serde_json::to_value(&validated)?,
            Err(error) => json!({"refused": error.to_string()}),
        };
        println!("{told}");
        stdout().flush()?;
    }
    Ok(())
}
