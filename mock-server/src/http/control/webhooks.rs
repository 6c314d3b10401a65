//! The control API's operations on webhooks: translates between wire types and the domain. Signs and sends nothing
//! itself.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;
use std::sync::Arc;

use super::admission::ControlApi;
use super::repeated::unique;
use super::tenants::either;
use super::words::{limit, number};
use crate::domain::authsignal::webhook::receiver;
use crate::domain::authsignal::webhook::{
    Answer, Attempt, Delivery, Endpoint, Fault, Kind, Progress, made_up,
};
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::remark;
use crate::runtime::delivery::body;
use crate::runtime::ledger::Beginning;
use crate::runtime::part::AuthsignalPart;
use crate::sim::phone::Trouble;

fn kind(word: wire::WebhookType) -> Kind {
    match word {
        wire::WebhookType::EmailCreated => Kind::EmailCreated,
        wire::WebhookType::SmsCreated => Kind::SmsCreated,
        wire::WebhookType::PushCreated => Kind::PushCreated,
        wire::WebhookType::AuthenticatorCreated => Kind::AuthenticatorCreated,
        wire::WebhookType::AuthenticatorUpdated => Kind::AuthenticatorUpdated,
        wire::WebhookType::AuthenticatorDeleted => Kind::AuthenticatorDeleted,
        wire::WebhookType::ActionVerify => Kind::ActionVerify,
        wire::WebhookType::ActionLogCreated => Kind::ActionLogCreated,
        wire::WebhookType::ChallengeLogCreated => Kind::ChallengeLogCreated,
    }
}

fn word(kind: Kind) -> wire::WebhookType {
    match kind {
        Kind::EmailCreated => wire::WebhookType::EmailCreated,
        Kind::SmsCreated => wire::WebhookType::SmsCreated,
        Kind::PushCreated => wire::WebhookType::PushCreated,
        Kind::AuthenticatorCreated => wire::WebhookType::AuthenticatorCreated,
        Kind::AuthenticatorUpdated => wire::WebhookType::AuthenticatorUpdated,
        Kind::AuthenticatorDeleted => wire::WebhookType::AuthenticatorDeleted,
        Kind::ActionVerify => wire::WebhookType::ActionVerify,
        Kind::ActionLogCreated => wire::WebhookType::ActionLogCreated,
        Kind::ChallengeLogCreated => wire::WebhookType::ChallengeLogCreated,
    }
}

fn fault(word: wire::WebhookFault) -> Fault {
    match word {
        wire::WebhookFault::Duplicate => Fault::Duplicate,
        wire::WebhookFault::Late => Fault::Late,
        wire::WebhookFault::WrongKey => Fault::WrongKey,
        wire::WebhookFault::Tampered => Fault::Tampered,
    }
}

fn fault_word(fault: Fault) -> wire::WebhookFault {
    match fault {
        Fault::Duplicate => wire::WebhookFault::Duplicate,
        Fault::Late => wire::WebhookFault::Late,
        Fault::WrongKey => wire::WebhookFault::WrongKey,
        Fault::Tampered => wire::WebhookFault::Tampered,
    }
}

fn attempt(attempt: Attempt) -> wire::WebhookAttempt {
    let (status, error) = match attempt.answer {
        Answer::Status(status) => (Some(i32::from(status)), None),
        Answer::Nothing(why) | Answer::Unsent(why) => (None, Some(why)),
    };
    wire::WebhookAttempt {
        at: attempt.at,
        status,
        error,
        fault: attempt.fault.map(fault_word),
        signature: attempt.signature,
    }
}

fn progress(progress: Progress) -> wire::WebhookProgress {
    match progress {
        Progress::Waits(_) => wire::WebhookProgress::Waiting,
        Progress::Sending => wire::WebhookProgress::Sending,
        Progress::Taken => wire::WebhookProgress::Taken,
        Progress::GivenUp => wire::WebhookProgress::GivenUp,
    }
}

fn delivery(tenant: &AuthsignalPart, delivery: Delivery) -> wire::WebhookDelivery {
    let tenant_id = tenant.account().id.clone();
    let body = body::of(&tenant_id, delivery.kind, &delivery.events);
    wire::WebhookDelivery {
        tenant_id,
        // Numbers start at 1.
        number: NonZeroU64::new(delivery.number).unwrap_or(NonZeroU64::MIN),
        type_: word(delivery.kind),
        target: receiver::shown(&delivery.url),
        progress: progress(delivery.progress),
        next_attempt_at: match delivery.progress {
            Progress::Waits(at) => Some(at),
            _ => None,
        },
        event_ids: delivery
            .events
            .iter()
            .map(|event| event.id.clone())
            .collect(),
        attempts: delivery.attempts.into_iter().map(attempt).collect(),
        // serde_json writes it, so it is text.
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

impl ControlApi {
    pub(super) fn set_webhooks(
        &self,
        wanted: wire::WebhookConfiguration,
    ) -> Result<wire::WebhooksConfigured, Trouble> {
        let tenant = self.authsignal(either(&wanted.tenant, &wanted.tenant_id, "tenantId")?)?;
        let target = |place: String, url: &str| match self.app.courier.check(url) {
            Ok(()) => {
                if let Some(doubt) = self.app.courier.doubt(url) {
                    remark::say(doubt);
                }
                Ok(Arc::from(url))
            }
            Err(why) => Err(Trouble::Malformed(format!("body /{place}/url: {why}"))),
        };
        let mut endpoints = None;
        if let Some(webhooks) = wanted.webhooks {
            let endpoint = |(at, webhook): (usize, wire::Webhook)| {
                Ok(Endpoint {
                    url: target(format!("webhooks/{at}"), &webhook.url)?,
                    kinds: webhook
                        .events
                        .unwrap_or_default()
                        .into_iter()
                        .map(kind)
                        .collect(),
                    public_key: webhook.include_credential_public_key.unwrap_or(false),
                })
            };
            let webhooks = webhooks.into_iter().enumerate().map(endpoint);
            endpoints = Some(webhooks.collect::<Result<Vec<_>, _>>()?);
        }
        let mut verification = None;
        if let Some(webhooks) = wanted.verification_webhooks {
            let actions = webhooks.iter().map(|webhook| webhook.action.as_str());
            unique("verificationWebhooks", actions)?;
            let own = |(at, webhook): (usize, wire::VerificationWebhook)| {
                let url = target(format!("verificationWebhooks/{at}"), &webhook.url)?;
                Ok((webhook.action, url))
            };
            let webhooks = webhooks.into_iter().enumerate().map(own);
            verification = Some(webhooks.collect::<Result<BTreeMap<_, _>, _>>()?);
        }
        Ok(tenant.transact(|authsignal, _| {
            let events = &mut authsignal.events;
            if let Some(endpoints) = endpoints {
                events.set_endpoints(endpoints);
            }
            if let Some(verification) = verification {
                events.set_verification(verification);
            }
            if let Some(secret) = wanted.second_secret {
                events.set_second_secret(Some(secret).filter(|secret| !secret.is_empty()));
            }
            let webhooks = events.endpoints().iter().map(|endpoint| wire::Webhook {
                url: endpoint.url.as_ref().to_owned(),
                events: Some(endpoint.kinds.iter().copied().map(word).collect()),
                include_credential_public_key: endpoint.public_key.then_some(true),
            });
            let verification =
                events
                    .verification()
                    .iter()
                    .map(|(action, url)| wire::VerificationWebhook {
                        action: action.clone(),
                        url: url.as_ref().to_owned(),
                    });
            wire::WebhooksConfigured {
                tenant_id: tenant.account().id.clone(),
                webhooks: webhooks.collect(),
                verification_webhooks: verification.collect(),
                has_second_secret: events.second_secret().is_some(),
            }
        }))
    }

    /// Deliveries, newest first.
    pub(super) async fn deliveries(
        &self,
        request: api::ListWebhookDeliveriesRequest,
    ) -> Result<wire::WebhookDeliveries, Trouble> {
        let tenant = request.tenant.as_deref();
        if request.settled.unwrap_or(false) {
            self.of_tenant(tenant)?;
            let tenants = || self.of_tenant(tenant).unwrap_or_default();
            self.app.webhooks_delivered(tenants).await;
        }
        let mut waiting = self.waiting(request.wait.as_deref(), tenant)?;
        let tenants = self.of_tenant(tenant)?.into_iter();
        let beginnings: HashMap<_, _> = tenants
            .map(|tenant| (tenant.ledger().number(), tenant.ledger().beginning()))
            .collect();
        let found = loop {
            let found = self.find_deliveries(&request, &beginnings)?;
            if !found.is_empty() || !waiting.changed().await {
                break found;
            }
        };
        // Nobody closes this semaphore.
        let _turn = self.writing.acquire().await;
        let mut deliveries = Vec::with_capacity(found.len());
        for (tenant, one) in found {
            deliveries.push(delivery(&tenant, one));
            // A body may be large, and other requests must not wait for all of them.
            tokio::task::yield_now().await;
        }
        let stopped = waiting.stopped();
        Ok(wire::WebhookDeliveries {
            deliveries,
            stopped,
        })
    }

    /// `beginnings` are those of the tenants, by their numbers, from which a number in the request counts.
    fn find_deliveries(
        &self,
        request: &api::ListWebhookDeliveriesRequest,
        beginnings: &HashMap<u64, Beginning>,
    ) -> Result<Vec<(Arc<AuthsignalPart>, Delivery)>, Trouble> {
        let (wanted, limit) = (request.type_.map(kind), limit(request.limit));
        let after = number(request.after);
        let is_wanted = |delivery: &&Delivery| {
            wanted.is_none_or(|kind| kind == delivery.kind)
                && request
                    .progress
                    .is_none_or(|wanted| wanted == progress(delivery.progress))
        };
        let mut found: Vec<(Arc<AuthsignalPart>, Delivery)> = Vec::new();
        let tenants = self.of_tenant(request.tenant.as_deref())?;
        for tenant in tenants.iter().filter_map(|tenant| tenant.authsignal()) {
            tenant.look(|authsignal, _| {
                let ledger = tenant.ledger();
                let now = ledger.beginning();
                let is_same = beginnings.get(&ledger.number()) == Some(&now);
                // All that comes after a reset or a step back is new, whatever its number.
                let after = after.map(|after| if is_same { after } else { now.deliveries });
                let newer = authsignal
                    .events
                    .newest_first()
                    .filter(|delivery| after.is_none_or(|after| delivery.number > after));
                let deliveries = newer.filter(is_wanted);
                found.extend(
                    deliveries
                        .take(limit)
                        .map(|one| (Arc::clone(tenant), one.clone())),
                );
            });
        }
        // Stable, so deliveries of one tenant and one moment keep their order.
        found.sort_by_key(|(_, delivery)| std::cmp::Reverse(delivery.made));
        found.truncate(limit);
        Ok(found)
    }

    pub(super) async fn send_webhook(
        &self,
        wanted: wire::WebhookToSend,
    ) -> Result<wire::WebhookDelivery, Trouble> {
        let tenant = self.authsignal(either(&wanted.tenant, &wanted.tenant_id, "tenantId")?)?;
        let number = wanted.number.get();
        let unknown = || {
            Trouble::Unknown(format!(
                "delivery {number} not found; the mock keeps only the newest deliveries of each tenant"
            ))
        };
        let dispatch = tenant.look(|authsignal, _| authsignal.events.again(number));
        let dispatch = dispatch.ok_or_else(unknown)?;
        tenant
            .deliver_webhook(&dispatch, wanted.fault.map(fault))
            .await;
        let sent = tenant.look(|authsignal, _| authsignal.events.get(number).cloned());
        Ok(delivery(&tenant, sent.ok_or_else(unknown)?))
    }

    pub(super) async fn trigger_webhook(
        &self,
        wanted: wire::WebhookToTrigger,
    ) -> Result<wire::WebhookDeliveries, Trouble> {
        let tenant = self.authsignal(either(&wanted.tenant, &wanted.tenant_id, "tenantId")?)?;
        let (kind, fault) = (kind(wanted.type_), wanted.fault.map(fault));
        let user_id = wanted
            .user_id
            .map_or_else(|| made_up::USER.to_owned(), String::from);
        let dispatches = tenant
            .transact(|authsignal, turn| authsignal.events.trigger(turn, kind, &user_id, fault));
        if dispatches.is_empty() {
            return Err(Trouble::Impossible(format!(
                "no webhook receives {}; configure one first",
                kind.word()
            )));
        }
        let numbers: Vec<_> = dispatches.iter().map(|dispatch| dispatch.number).collect();
        let sender = Arc::clone(&tenant);
        let sending = tokio::spawn(async move {
            for dispatch in &dispatches {
                sender.deliver_webhook(dispatch, fault).await;
            }
        });
        // The caller may disconnect in the meantime; the mock still records the result.
        let _ = sending.await;
        let deliveries = tenant.look(|authsignal, _| {
            let numbers = numbers.into_iter();
            let sent = numbers.filter_map(|number| authsignal.events.get(number));
            sent.cloned().collect::<Vec<_>>()
        });
        Ok(wire::WebhookDeliveries {
            stopped: None,
            deliveries: deliveries
                .into_iter()
                .map(|one| delivery(&tenant, one))
                .collect(),
        })
    }
}
