//! The message outbox: what the mock would have sent to people, bounded. Knows no vendor.

use std::collections::VecDeque;
use std::fmt;

use jiff::Timestamp;

/// The channel of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channel {
    /// A text message.
    Sms,
    /// An email.
    Email,
    /// A WhatsApp message.
    Whatsapp,
}

/// A message that a vendor would have sent. Its `Debug` leaves out the text, the code and the link.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
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
    /// Whether it goes to this phone number or address. As mail does, it takes no notice of case. A number that was typed
    /// into a URL as it is has a space where its plus was.
    pub fn is_to(&self, whom: &str) -> bool {
        let to = self.to.to_lowercase();
        let number = whom
            .strip_prefix(' ')
            .filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        match number {
            Some(number) => to.strip_prefix('+') == Some(number),
            None => to == whom.to_lowercase(),
        }
    }
}

/// The newest messages; the oldest leave first.
pub struct Outbox {
    messages: VecDeque<Message>,
    capacity: usize,
    /// How many there have ever been.
    sent: usize,
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
            messages: VecDeque::new(),
            capacity,
            sent: 0,
        }
    }

    /// Keeps a message. A full outbox drops its oldest one.
    pub fn send(&mut self, message: Message) {
        if self.capacity == 0 {
            return;
        }
        if self.messages.len() == self.capacity {
            self.messages.pop_front();
        }
        self.sent += 1;
        self.messages.push_back(message);
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
        self.messages.iter().rev()
    }

    /// The messages, newest first, each with its running number from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Message)> {
        (0..=self.sent).rev().zip(self.newest_first())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_is_found_as_mail_and_telephones_find_it() {
        let to = |to: &str, whom: &str| {
            let mut message = message("one");
            to.clone_into(&mut message.to);
            message.is_to(whom)
        };
        assert!(to("Ada@Example.com", "ada@example.COM"));
        assert!(to("+15550199", "+15550199") && to("+15550199", " 15550199"));
        for other in ["+15550198", "15550199", " +15550199", "", " "] {
            assert!(!to("+15550199", other), "{other:?}");
        }
        assert!(!to("15550199", " 15550199") && !to("a b", "a+b"));
    }

    use super::{Channel, Message, Outbox};

    fn message(text: &str) -> Message {
        Message {
            channel: Channel::Sms,
            to: "+1".into(),
            text: text.into(),
            code: None,
            url: None,
            created_at: jiff::Timestamp::UNIX_EPOCH,
        }
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
