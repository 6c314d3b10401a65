//! Which exchanges `stepup-mock verify` can replay on another server, and what is sent for one. Must not know how they are
//! written down.

use super::{Body, Exchange};
use crate::spec;
use crate::wire::{Answer, Request};
use crate::world::{Signer, Stage};

/// Operations that send a message to somebody, those that the vendor has not released, and those that need what a tenant need
/// not have, or its id.
const NOT_REPLAYED: [&str; 10] = [
    "challenge",
    "finish_call",
    "get_jwks",
    "get_openid_configuration",
    "get_passkey_authenticator",
    "login_with_email",
    "start_call",
    "start_flow",
    "start_terminal_challenge",
    "verify_flow",
];

impl Exchange {
    /// Whether it needs nothing but the API keys of a tenant, and changes nothing but users of its own.
    pub(crate) fn can_be_replayed(&self) -> bool {
        let alike = ["no credentials", "a path parameter that names nothing"];
        let own = self.shared.is_none_or(|fault| alike.contains(&fault));
        self.is_plain() && own && self.before.iter().all(Self::can_be_replayed)
    }

    fn is_plain(&self) -> bool {
        let only_reads = || spec::named(self.api).operation(self.operation).method == "GET";
        let is_sent = match self.api {
            "authsignal" => true,
            "authsignal-management" | "authsignal-client" => only_reads(),
            _ => false,
        };
        is_sent
            && !NOT_REPLAYED.contains(&self.operation)
            && self.stage == Stage::Start
            && self.rate_limit.is_none()
            && !self.code_limits
            && self.host.is_none()
            && self.later == 0
            && !self.opens_link
            && self.headers.is_empty()
            && !matches!(self.body, Body::Padding(_))
            && matches!(
                self.signer,
                Signer::Nobody
                    | Signer::Tenant
                    | Signer::Stranger
                    | Signer::Manager
                    | Signer::Bearer
            )
    }

    /// Its requests and their answers, those on the way first.
    pub(crate) async fn replayed(&self) -> Vec<(Request, Answer)> {
        let alone = Self {
            before: Vec::new(),
            ..self.clone()
        };
        let mut world = alone.world().await;
        let mut sent = Vec::new();
        for exchange in self.before.iter().chain([self]) {
            let request = exchange.request(&world);
            let answer = world.send(&request).await;
            assert_eq!(answer.status, exchange.status, "{}", self.name());
            if !answer.body.is_empty() {
                world.take(&answer.json());
            }
            sent.push((request, answer));
        }
        sent
    }

    /// Its name for readers of a report.
    pub(crate) fn title(&self) -> String {
        let case = if self.case.is_empty() {
            String::new()
        } else {
            format!(" {}", self.case.replace('_', " "))
        };
        format!("{} {}{case}", self.operation, self.status)
    }
}
