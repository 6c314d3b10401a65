//! What a person does without a device: finishes a challenge. Knows no page.

use std::sync::Arc;

use super::client::{ActionStatus, refused};
use super::phone::Trouble;
use crate::runtime::part::AuthsignalPart;

/// Passes or fails the challenge of a user's newest action that waits for one, or of the newest of that code.
///
/// # Errors
/// No such action waits, or a receiver of `action.verify` refused it.
pub async fn finish(
    tenant: &Arc<AuthsignalPart>,
    user_id: &str,
    action: Option<&str>,
    passes: bool,
) -> Result<ActionStatus, Trouble> {
    let finished = tenant
        .transact_delivered(|authsignal, turn| authsignal.finish(turn, user_id, action, passes));
    match finished.await {
        Ok((action, idempotency_key, state)) => Ok(ActionStatus {
            action,
            idempotency_key,
            state,
        }),
        Err(refusal) => Err(refused(refusal)),
    }
}
