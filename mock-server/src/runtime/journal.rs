//! The request journal: what came and how it was answered, bounded, without bodies and credentials.

use std::borrow::Cow;
use std::collections::VecDeque;

use jiff::Timestamp;

/// A request and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Running number over all journals, from 1.
    pub number: u64,
    /// When it came.
    pub at: Timestamp,
    /// Operation of the spec, where one matched.
    pub operation: Option<&'static str>,
    /// Method.
    pub method: Cow<'static, str>,
    /// Path and query as sent, secrets masked.
    pub target: String,
    /// Status of the answer.
    pub status: u16,
    /// Why it was refused, where it was.
    pub reason: Option<String>,
}

/// The newest requests; the oldest leave first.
#[derive(Debug)]
pub struct Journal {
    entries: VecDeque<Entry>,
    capacity: usize,
}

impl Journal {
    /// An empty journal for `capacity` requests.
    pub fn new(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            capacity,
        }
    }

    /// Takes an entry; the oldest leaves when there is no room.
    pub fn record(&mut self, entry: Entry) {
        if self.capacity == 0 {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The entries, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }
}
