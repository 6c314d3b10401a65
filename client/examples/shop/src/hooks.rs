//! The receiver of Authsignal's webhooks. Must not know signatures: the extractor checks them.

use axum::extract::State;
use axum::http::StatusCode;
use stepup_client::authsignal::webhook::Data;
use stepup_client::axum::VerifiedWebhook;

use crate::Shop;

/// Notes what happened to an account, so that its owner sees what they did not do themselves.
pub(crate) async fn receive(State(shop): State<Shop>, webhook: VerifiedWebhook) -> StatusCode {
    for event in webhook.events() {
        // The vendor delivers at least once.
        if !shop.store.is_first(&event.id) {
            continue;
        }
        match &event.data {
            Data::AuthenticatorCreated(created) => {
                shop.store
                    .note(&created.user_id, "A way to confirm was added.".to_owned());
            }
            Data::AuthenticatorDeleted(deleted) => {
                shop.store
                    .note(&deleted.user_id, "A way to confirm was removed.".to_owned());
            }
            Data::ActionLogCreated(log) => {
                let state = log
                    .state
                    .as_ref()
                    .map_or("no state", |state| state.as_str());
                let what = format!("{}: {state}", log.action_code);
                shop.store.note(&log.user_id, what);
            }
            _ => {}
        }
    }
    StatusCode::NO_CONTENT
}
