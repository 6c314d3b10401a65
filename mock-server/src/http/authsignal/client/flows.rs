//! What the steps of a flow share: each a step of the domain, and its answer on the wire.

use super::admission::ClientCaller;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::domain::whole_seconds;
use crate::generated::authsignal_client::types as wire;
use crate::http::access::Writer;
use crate::wire::authsignal::{flow_action, flow_user};

impl Writer<ClientCaller, Authsignal> {
    pub(super) async fn send_in_flow(
        &self,
        method: Method,
        address: Option<String>,
    ) -> Result<wire::FlowCodeSent, Refusal> {
        let bearer = self.bearer()?;
        let wait = self
            .tenant
            .transact_delivered(|authsignal, turn| {
                authsignal.challenge_flow(turn, bearer, method, address, &self.base)
            })
            .await?;
        Ok(wire::FlowCodeSent {
            retry_after_seconds: wait
                .map(|wait| i64::try_from(whole_seconds(wait)).unwrap_or(i64::MAX)),
        })
    }

    pub(super) async fn verify_in_flow(
        &self,
        method: Method,
        code: &str,
    ) -> Result<wire::FlowStepVerified, Refusal> {
        let bearer = self.bearer()?;
        self.tenant
            .transact_delivered(|authsignal, turn| {
                authsignal.verify_flow_code(turn, bearer, method, code)
            })
            .await?;
        // The run goes on once every receiver has agreed, which is now.
        let (action, user, grant) = self.tenant.look(|authsignal, now| {
            let (user_id, code, key) = (&bearer.user_id, &bearer.action, &bearer.key);
            (
                flow_action(&authsignal.standing(bearer)),
                flow_user(user_id, authsignal.user(user_id)),
                authsignal.grant(user_id, code, key, None, now),
            )
        });
        let tenant = self.tenant.account();
        let (user_id, code, key) = (&bearer.user_id, &bearer.action, &bearer.key);
        Ok(wire::FlowStepVerified {
            action,
            challenge_token: tenant.token(&grant, user_id, code, key, &self.base),
            user,
        })
    }
}
