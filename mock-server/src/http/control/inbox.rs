//! The control API's operations on messages.

use std::sync::Arc;

use super::admission::ControlApi;
use super::readings::Readings;
use super::words::{count, limit};
use crate::domain::outbox::{Channel, Message, Outbox};
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::Tenant;
use crate::runtime::ledger::Beginning;
use crate::sim::phone::Trouble;

/// Which messages a request is about.
struct Wanted {
    /// Readings of the recipient, in lower case.
    to: Option<Vec<String>>,
    /// Readings of the user's id.
    user_id: Option<Vec<String>>,
    /// The number of the message after which they come, and since which beginning of the tenant it counts.
    after: Option<(usize, Beginning)>,
}

impl Wanted {
    fn new(to: Option<&str>, user_id: Option<&str>) -> Self {
        let readings = |given: &str| Readings::of(given).each().map(str::to_owned).collect();
        Self {
            to: to.map(|to| readings(&to.to_lowercase())),
            user_id: user_id.map(readings),
            after: None,
        }
    }

    /// The number after which they come now.
    fn after(&self, now: Beginning) -> usize {
        match self.after {
            None => 0,
            Some((number, then)) if then == now => number,
            // All that comes after a reset or a step back is new, whatever its number.
            Some(_) => now.messages,
        }
    }

    fn has(&self, message: &Message) -> bool {
        let is_of = |ids: &Vec<String>| message.user_id.as_ref().is_some_and(|id| ids.contains(id));
        self.to.as_ref().is_none_or(|to| message.is_to(to))
            && self.user_id.as_ref().is_none_or(is_of)
    }
}

impl ControlApi {
    pub(super) async fn messages(
        &self,
        request: &api::ListMessagesRequest,
    ) -> Result<wire::Messages, Trouble> {
        let mut wanted = Wanted::new(request.to.as_deref(), request.user_id.as_deref());
        let mut tenant = request.tenant.clone();
        if let Some(after) = &request.after {
            let (of, number, beginning) = self.sent(after)?;
            wanted.after = Some((number, beginning));
            if let Some(name) = tenant
                && self.named(&name)?.name() != of.name()
            {
                return Err(Trouble::Malformed(format!(
                    "query parameter after is the id of a message of tenant {}, but tenant is {name}",
                    of.name()
                )));
            }
            tenant = Some(of.name().to_owned());
        }
        let (tenant, limit) = (tenant.as_deref(), limit(request.limit));
        let mut waiting = self.waiting(request.wait.as_deref(), tenant)?;
        loop {
            let messages = self.find_messages(tenant, &wanted, limit)?;
            if !messages.is_empty() || !waiting.changed().await {
                return Ok(wire::Messages {
                    messages,
                    stopped: waiting.stopped(),
                });
            }
        }
    }

    fn find_messages(
        &self,
        tenant: Option<&str>,
        wanted: &Wanted,
        limit: usize,
    ) -> Result<Vec<wire::Message>, Trouble> {
        let mut messages: Vec<wire::Message> = Vec::new();
        for tenant in self.of_tenant(tenant)? {
            tenant.ledger().messages(|outbox| {
                let after = wanted.after(tenant.ledger().beginning());
                let newer = outbox.numbered().take_while(|(number, _)| *number > after);
                let sent = newer.filter(|(_, sent)| wanted.has(sent)).take(limit);
                messages.extend(sent.map(|(number, sent)| message(tenant.name(), number, sent)));
            });
        }
        // Stable, so messages of one tenant and one moment keep their order.
        messages.sort_by_key(|message| std::cmp::Reverse(message.created_at));
        messages.truncate(limit);
        Ok(messages)
    }

    /// The tenant and the number of a message that was sent, and may be deleted since. The number counts from that
    /// beginning.
    fn sent(&self, id: &str) -> Result<(Arc<Tenant>, usize, Beginning), Trouble> {
        let what = match id {
            "" => "the id of the message is empty".to_owned(),
            id => format!("message {id} not found"),
        };
        let unknown = || {
            Trouble::Unknown(format!(
                "{what}: the tenant has not sent it since its last reset, or the snapshot that it went back to is older; \
                 GET /_mock/messages lists the messages"
            ))
        };
        let (name, number) = id.rsplit_once(':').ok_or_else(unknown)?;
        let number = number.parse().map_err(|_| unknown())?;
        let tenant = self.named(name).map_err(|_| unknown())?;
        let look = |outbox: &Outbox| (outbox.sent(), tenant.ledger().beginning());
        let (sent, beginning) = tenant.ledger().messages(look);
        if !(1..=sent).contains(&number) {
            return Err(unknown());
        }
        Ok((tenant, number, beginning))
    }

    pub(super) fn delete_message(&self, id: &str) -> Result<wire::MessagesDeleted, Trouble> {
        let (tenant, number, _) = self.sent(id)?;
        if !tenant
            .ledger()
            .change_messages(|outbox| outbox.delete(number))
        {
            return Err(Trouble::Unknown(format!(
                "message {id} not found: it is deleted; GET /_mock/messages lists the messages"
            )));
        }
        Ok(wire::MessagesDeleted { deleted: 1 })
    }

    pub(super) fn delete_messages(
        &self,
        request: &api::DeleteMessagesRequest,
    ) -> Result<wire::MessagesDeleted, Trouble> {
        let wanted = Wanted::new(request.to.as_deref(), None);
        let tenants = self.of_tenant(request.tenant.as_deref())?;
        let deleted = tenants.iter().map(|tenant| {
            tenant.ledger().change_messages(|outbox| {
                let sent = outbox.numbered().filter(|(_, sent)| wanted.has(sent));
                let numbers: Vec<_> = sent.map(|(number, _)| number).collect();
                numbers
                    .iter()
                    .filter(|number| outbox.delete(**number))
                    .count()
            })
        });
        Ok(wire::MessagesDeleted {
            deleted: count(deleted.sum()),
        })
    }
}

fn message(tenant: &str, number: usize, message: &Message) -> wire::Message {
    wire::Message {
        id: format!("{tenant}:{number}"),
        tenant: tenant.to_owned(),
        kind: match (&message.code, &message.url) {
            (Some(_), _) => wire::MessageKind::Code,
            (None, Some(_)) => wire::MessageKind::Link,
            (None, None) => wire::MessageKind::Text,
        },
        channel: match message.channel {
            Channel::Sms => wire::Channel::Sms,
            Channel::Email => wire::Channel::Email,
            Channel::Whatsapp => wire::Channel::Whatsapp,
        },
        to: message.to.clone(),
        user_id: message.user_id.clone(),
        text: message.text.clone(),
        code: message.code.clone(),
        url: message.url.clone(),
        created_at: message.created_at,
    }
}
