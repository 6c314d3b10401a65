//! Call Connect: a call centre asks a caller, by a message, to prove who they are. The proof is an action whose key is the
//! call's reference. Knows no wire format.

use super::action::Known;
use super::address::{self, Contact};
use super::tracking::Tracked;
use super::vocabulary::{Method, State};
use super::{Authsignal, Refusal};
use crate::domain::Turn;
use crate::domain::outbox::{Channel, Message};
use crate::domain::scenario::Subject;

/// What a call centre knows about a call.
#[derive(Clone, Debug)]
pub struct CallRequest {
    /// The call centre's own id of the call.
    pub reference_id: String,
    /// How the message travels; without it, by email if that is the only address, and else by WhatsApp.
    pub channel: Option<Channel>,
    /// The caller's country, where the number is not in E.164 format.
    pub country: Option<String>,
    /// Number, address and name of the caller.
    pub contact: Contact,
    /// The caller, if the call centre knows their id.
    pub user_id: Option<String>,
    /// Language tag.
    pub locale: Option<String>,
    /// Code of the action.
    pub action: String,
}

/// A call whose caller has been asked.
#[derive(Debug)]
pub struct Call {
    /// Id of the message.
    pub message_id: String,
    /// How it travels.
    pub channel: Channel,
    /// Where it goes.
    pub to: String,
}

impl CallRequest {
    /// How the message travels, and where it goes.
    fn destination(&self) -> Result<(Channel, String), Refusal> {
        let Contact {
            email,
            phone_number,
            ..
        } = &self.contact;
        let channel = self.channel.unwrap_or(match (email, phone_number) {
            (Some(_), None) => Channel::Email,
            _ => Channel::Whatsapp,
        });
        let (method, given) = match channel {
            Channel::Email => (Method::EmailOtp, email),
            Channel::Sms => (Method::Sms, phone_number),
            Channel::Whatsapp => (Method::Whatsapp, phone_number),
        };
        let to = given.clone().ok_or_else(|| {
            let member = address::member(method);
            Refusal::Invalid(format!("{member} is required for this channel"))
        })?;
        // The mock knows no country's numbers, so it takes a local one as it is.
        if method.is_email() || self.country.is_none() {
            address::check(method, &to)?;
        }
        Ok((channel, to))
    }
}

impl Authsignal {
    /// Asks a caller to prove who they are: tracks an action for the call, and sends a link to its page, which `page` makes
    /// of the user, the action and what was tracked.
    ///
    /// # Errors
    /// The channel has no address or a bad one, or the action cannot be tracked.
    pub fn start_call(
        &mut self,
        turn: &mut Turn<'_>,
        request: CallRequest,
        page: impl FnOnce(&str, &str, &Tracked) -> String,
    ) -> Result<Call, Refusal> {
        let (channel, to) = request.destination()?;
        let user_id = request.user_id.unwrap_or_else(|| to.clone());
        let known = Known {
            idempotency_key: Some(request.reference_id),
            contact: request.contact,
            locale: request.locale,
            ..Known::default()
        };
        let tracked = self.track(turn, &user_id, &request.action, known)?;
        let url = page(&user_id, &request.action, &tracked);
        let message_id = turn.ids.uuid();
        let message = Message {
            channel,
            to: to.clone(),
            text: format!("Confirm that you are calling us: {url}"),
            code: None,
            url: Some(url),
            created_at: turn.now,
            user_id: Some(user_id.clone()),
        };
        turn.send(message, Subject::action(&user_id, &request.action));
        Ok(Call {
            message_id,
            channel,
            to,
        })
    }

    /// Ends a call: its action gets this state.
    ///
    /// # Errors
    /// No call has the reference, or it is another user's.
    pub fn finish_call(
        &mut self,
        turn: &Turn<'_>,
        reference_id: &str,
        user_id: Option<&str>,
        state: State,
    ) -> Result<(), Refusal> {
        let found = self.newest_actions().find(|(owner, action)| {
            action.key == reference_id && user_id.is_none_or(|id| id == *owner)
        });
        let (owner, code) = found
            .map(|(owner, action)| (owner.to_owned(), action.code.clone()))
            .ok_or_else(|| {
                Refusal::NotFound(format!(
                    "no call has the referenceId {reference_id}; start it first"
                ))
            })?;
        self.update_action(&owner, &code, reference_id, state, turn.now)?;
        Ok(())
    }
}
