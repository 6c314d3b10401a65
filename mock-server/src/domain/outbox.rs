//! The message outbox: what the mock would have sent to people, bounded. Knows no vendor.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use ahash::HashMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::changes::{Changes, Marks, Table, numbered};
use super::in_file::{LARGEST, counter};
use crate::bounds::OUTBOX_PER_USER;

/// The channel of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub enum Channel {
    /// A text message.
    Sms,
    /// An email.
    Email,
    /// A WhatsApp message.
    Whatsapp,
}

/// A message that a vendor would have sent. Its `Debug` leaves out the text, the code and the link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// Its channel.
    pub channel: Channel,
    /// The phone number or email address that it goes to.
    pub to: String,
    /// The whole text.
    pub text: String,
    /// The code in it, if there is one.
    pub code: Option<String>,
    /// The link in it, if there is one.
    pub url: Option<String>,
    /// When it was sent, on the mock's clock.
    pub created_at: Timestamp,
    /// The user that it was sent for, if the request named one.
    pub(crate) user_id: Option<String>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Text, code and link sign their reader in.
        f.debug_struct("Message")
            .field("channel", &self.channel)
            .field("to", &self.to)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// Whether it goes to one of these phone numbers or addresses, which are in lower case. As mail does, it takes no
    /// notice of case.
    pub fn is_to(&self, any: &[String]) -> bool {
        any.contains(&self.to.to_lowercase())
    }
}

/// The newest messages; the oldest leave first. A user who has as many as a user may have loses their own oldest one.
#[derive(Clone)]
pub struct Outbox {
    /// By running number, from 1.
    messages: BTreeMap<usize, Message>,
    /// The numbers of those of each user, oldest first.
    of_user: HashMap<String, VecDeque<usize>>,
    capacity: usize,
    /// How many there have ever been.
    sent: usize,
    /// The numbers of those that have changed.
    marks: Marks<usize>,
}

/// What an outbox holds.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// By running number.
    pub messages: BTreeMap<usize, Message>,
    /// How many there have ever been.
    #[serde(deserialize_with = "counter")]
    pub sent: usize,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("messages", &self.messages.len())
            .finish_non_exhaustive()
    }
}

impl Outbox {
    /// An empty outbox for `capacity` messages.
    pub fn new(capacity: usize) -> Self {
        Self {
            messages: BTreeMap::new(),
            of_user: HashMap::default(),
            capacity,
            sent: 0,
            marks: Marks::default(),
        }
    }

    /// What it holds, for a file.
    pub fn record(&self) -> Record {
        Record {
            messages: self.messages.clone(),
            sent: self.sent,
        }
    }

    /// An outbox for `capacity` messages that holds what a file says, as far as there is room.
    pub fn restored(capacity: usize, record: Record) -> Self {
        let mut outbox = Self::new(capacity);
        let largest = usize::try_from(LARGEST).unwrap_or(usize::MAX);
        let numbered = record.messages.into_iter();
        for (number, message) in numbered.filter(|(number, _)| (1..=largest).contains(number)) {
            outbox.sent = number - 1;
            outbox.send(message);
        }
        outbox.sent = outbox.sent.max(record.sent);
        outbox
    }

    /// What has changed of the messages.
    pub fn changes(&mut self, changes: &mut Changes) {
        let (messages, marks) = (&self.messages, &mut self.marks);
        let key = |number: &usize| numbered(u64::try_from(*number).unwrap_or(u64::MAX));
        let all = messages.iter().map(|(number, one)| (key(number), one));
        let of_number = |number: &usize| (key(number), messages.get(number));
        changes.of(Table::Message, marks, all, of_number);
    }

    /// Keeps a message. A full outbox drops its oldest one.
    pub fn send(&mut self, message: Message) {
        if self.capacity == 0 {
            return;
        }
        let own = message.user_id.as_ref().and_then(|id| self.of_user.get(id));
        let own_oldest = own.filter(|own| own.len() >= OUTBOX_PER_USER);
        if let Some(number) = own_oldest.and_then(VecDeque::front).copied() {
            self.delete(number);
        }
        if self.messages.len() == self.capacity
            && let Some(number) = self.messages.keys().next().copied()
        {
            self.delete(number);
        }
        self.sent += 1;
        if let Some(user_id) = &message.user_id {
            let own = self.of_user.entry(user_id.clone()).or_default();
            own.push_back(self.sent);
        }
        self.marks.mark(|| self.sent);
        self.messages.insert(self.sent, message);
    }

    /// Drops a message; `false` if there is none of that number.
    pub fn delete(&mut self, number: usize) -> bool {
        let Some(gone) = self.messages.remove(&number) else {
            return false;
        };
        self.marks.mark(|| number);
        if let Some(user_id) = gone.user_id
            && let Some(own) = self.of_user.get_mut(&user_id)
        {
            // The oldest leaves most often, and is found at once.
            if let Some(at) = own.iter().position(|of_own| *of_own == number) {
                own.remove(at);
            }
            if own.is_empty() {
                self.of_user.remove(&user_id);
            }
        }
        true
    }

    /// Roughly the bytes that a copy takes.
    pub fn size(&self) -> usize {
        // A link is a part of the text; names, numbers and what surrounds them are short.
        let messages = self.messages.values();
        messages.map(|message| 512 + 2 * message.text.len()).sum()
    }

    /// How many there have ever been: the number of the newest.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are none.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The messages, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Message> {
        self.messages.values().rev()
    }

    /// The messages, newest first, each with its running number from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Message)> {
        let messages = self.messages.iter().rev();
        messages.map(|(number, message)| (*number, message))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_is_found_whatever_its_case() {
        let to = |to: &str, any: &[&str]| {
            let mut message = message("one");
            to.clone_into(&mut message.to);
            message.is_to(&any.iter().map(|&one| one.to_owned()).collect::<Vec<_>>())
        };
        assert!(to("Ada@Example.com", &["ada@example.com"]));
        assert!(to("+15550199", &[" 15550199", "+15550199"]));
        for other in ["+15550198", "15550199", " +15550199", "", " "] {
            assert!(!to("+15550199", &[other]), "{other:?}");
        }
        assert!(!to("a b", &["a+b"]) && !to("", &[]));
    }

    use super::{Channel, Message, OUTBOX_PER_USER, Outbox};

    fn message(text: &str) -> Message {
        Message {
            channel: Channel::Sms,
            to: "+1".into(),
            text: text.into(),
            code: None,
            url: None,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            user_id: None,
        }
    }

    #[test]
    fn one_users_messages_push_out_their_own() {
        let mut outbox = Outbox::new(3 * OUTBOX_PER_USER);
        let mut send = |text: &str, user_id: &str| {
            outbox.send(Message {
                user_id: Some(user_id.to_owned()),
                ..message(text)
            });
        };
        send("bob's", "bob");
        for number in 0..10 * OUTBOX_PER_USER {
            send(&number.to_string(), "ada");
        }
        assert_eq!(outbox.len(), OUTBOX_PER_USER + 1);
        let mut numbered: Vec<_> = outbox.numbered().collect();
        let last = numbered
            .pop()
            .map(|(number, message)| (number, message.text.as_str()));
        assert_eq!(last, Some((1, "bob's")));
        let newest = (10 * OUTBOX_PER_USER + 1, "999");
        assert_eq!((numbered[0].0, numbered[0].1.text.as_str()), newest);
        for _ in 0..3 * OUTBOX_PER_USER {
            outbox.send(message("for nobody"));
        }
        assert_eq!(
            (outbox.len(), outbox.of_user.len()),
            (3 * OUTBOX_PER_USER, 0)
        );
    }

    #[test]
    fn a_message_is_deleted_and_its_user_may_have_another() {
        let mut outbox = Outbox::new(2 * OUTBOX_PER_USER);
        for number in 0..OUTBOX_PER_USER {
            outbox.send(Message {
                user_id: Some("ada".to_owned()),
                ..message(&number.to_string())
            });
        }
        assert!(outbox.delete(7) && !outbox.delete(7));
        assert!(!outbox.delete(OUTBOX_PER_USER + 1));
        assert_eq!(outbox.of_user["ada"].len(), OUTBOX_PER_USER - 1);
        let others = Message {
            user_id: Some("ada".to_owned()),
            ..message("another")
        };
        outbox.send(others);
        // There was room for it, so none was dropped for it.
        assert_eq!(
            (outbox.len(), outbox.sent()),
            (OUTBOX_PER_USER, OUTBOX_PER_USER + 1)
        );
        for number in 0..=outbox.sent() {
            outbox.delete(number);
        }
        assert_eq!((outbox.len(), outbox.of_user.len()), (0, 0));
    }

    #[test]
    fn the_oldest_message_leaves_first() {
        let mut outbox = Outbox::new(2);
        for text in ["one", "two", "three"] {
            outbox.send(message(text));
        }
        let texts: Vec<_> = outbox
            .newest_first()
            .map(|message| message.text.as_str())
            .collect();
        assert_eq!(texts, ["three", "two"]);
        let numbers: Vec<_> = outbox.numbered().map(|(number, _)| number).collect();
        assert_eq!(numbers, [3, 2]);
        assert_eq!(outbox.len(), 2);
    }

    #[test]
    fn what_was_sent_does_not_show() {
        let mut outbox = Outbox::new(1);
        outbox.send(message("code 123456"));
        let shown = format!("{outbox:?} {:?}", outbox.newest_first().next());
        assert!(shown.contains("+1") && !shown.contains("123456"), "{shown}");
    }

    #[test]
    fn an_outbox_of_capacity_zero_keeps_nothing() {
        let mut outbox = Outbox::new(0);
        outbox.send(message("one"));
        assert_eq!(outbox.len(), 0);
    }
}
