//! The request journal: requests and answers with their bodies, bounded in entries and in bytes. Keeps bodies unparsed,
//! because parsing them would slow every request. A reader must mask a body before it shows it.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lock::lock;
use super::search::holds;
use crate::bounds::{
    JOURNAL_BLOCK as BLOCK, JOURNAL_BLOCKS as BLOCKS, JOURNAL_BODY as BODY,
    JOURNAL_HEADER as HEADER, JOURNAL_HEADERS as HEADERS, JOURNAL_SAVED, JOURNAL_TEXT as TEXT,
    JOURNAL_TEXTS as TEXTS, cut, lengths,
};
use crate::domain::authsignal::evaluation::Evaluation;
use crate::domain::changes::{Changes, Marks, Table, numbered};

/// A request and its answer, as the API that answered it knows them.
#[derive(Debug)]
pub struct Note<'a> {
    /// The API that answered: the name of its spec, or another name.
    pub api: &'static str,
    /// Operation of the spec, if one matched.
    pub operation: Option<&'static str>,
    /// The user that the path or the token names, if one does.
    pub user_id: Option<String>,
    /// Version of HTTP.
    pub version: HttpVersion,
    /// Method.
    pub method: Cow<'static, str>,
    /// Path and query as sent, secrets masked.
    pub target: String,
    /// Status of the answer.
    pub status: u16,
    /// Why it was refused, if it was.
    pub reason: Option<String>,
    /// What rules have read for it, secrets masked, and which had no say.
    pub evaluation: Option<Box<Evaluation>>,
    /// What is wrong with it, although the mock did not refuse it.
    pub warning: Option<String>,
    /// What the mock has ignored of it because the spec does not have it.
    pub ignored: Option<String>,
    /// Contents of the request and the answer.
    pub wire: Wire<'a>,
}

impl Note<'_> {
    /// A note without contents, about an answer that needs no further words.
    pub fn new(
        api: &'static str,
        method: impl Into<Cow<'static, str>>,
        target: impl Into<String>,
        status: u16,
    ) -> Self {
        Self {
            api,
            operation: None,
            user_id: None,
            version: HttpVersion::default(),
            method: method.into(),
            target: target.into(),
            status,
            reason: None,
            evaluation: None,
            warning: None,
            ignored: None,
            wire: Wire::default(),
        }
    }
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpVersion {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
    /// HTTP/2.
    Http2,
}

impl HttpVersion {
    /// Its name in an HTTP Archive.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// The line that ends the headers if some are left out. No header looks like it.
pub const HEADERS_LEFT_OUT: &[u8] = "…\n".as_bytes();

/// Contents of a request and its answer. `Debug` leaves out the bodies, which contain secrets.
#[derive(Clone, Default)]
pub struct Wire<'a> {
    /// The header `User-Agent`.
    pub user_agent: &'a str,
    /// The header `Content-Type` of the request.
    pub content_type: &'a str,
    /// The scheme of the credentials, without the credentials; empty if there were none.
    pub scheme: &'a str,
    /// The other headers that are kept, each as `name: value` in a line of its own, without credentials.
    pub headers: Vec<u8>,
    /// Body of the request.
    pub request: &'a [u8],
    /// Body of the answer.
    pub answer: &'a [u8],
}

impl fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("request", &self.request.len())
            .field("answer", &self.answer.len())
            .finish_non_exhaustive()
    }
}

/// A request and how the mock answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Running number over all requests of the mock, from 1.
    pub number: u64,
    /// When the request came, on the mock's clock.
    pub at: Timestamp,
    /// The API that answered, by the name of its spec such as `authsignal-client`; `pages` for the hosted pages.
    pub api: &'static str,
    /// Operation of the spec, such as `track`, if one matched.
    pub operation: Option<&'static str>,
    /// The user that the path or the token named, if one did.
    pub user_id: Option<String>,
    /// HTTP method.
    pub method: Cow<'static, str>,
    /// The version of HTTP that the client spoke.
    pub(crate) version: HttpVersion,
    /// Path and query as sent, with secrets masked.
    pub target: String,
    /// Status of the answer.
    pub status: u16,
    /// Why the mock refused the request, if it did.
    pub reason: Option<String>,
    /// What rules have read for it, secrets masked, and which had no say; nothing if no rule was asked.
    pub(crate) evaluation: Option<Box<Evaluation>>,
    /// What is wrong with it, although the mock did not refuse it.
    pub warning: Option<String>,
    /// Where the journal keeps the contents.
    place: Place,
}

impl Entry {
    /// An entry without its contents.
    fn new(note: Note<'_>, number: u64, at: Timestamp) -> Self {
        let Note {
            api,
            operation,
            mut user_id,
            version,
            method,
            mut target,
            status,
            mut reason,
            evaluation,
            warning,
            ignored,
            ..
        } = note;
        let mut warning = match (warning, ignored) {
            (Some(warning), Some(ignored)) => Some(format!("{warning}; {ignored}")),
            (warning, ignored) => warning.or(ignored),
        };
        let texts = std::iter::once(&mut target).chain(&mut user_id);
        for text in texts.chain(&mut reason).chain(&mut warning) {
            if let Cow::Owned(hidden) = without_tokens(text) {
                *text = hidden;
            }
            shorten(text);
        }
        Self {
            number,
            at,
            api,
            operation,
            user_id,
            version,
            method,
            target,
            status,
            reason,
            evaluation,
            warning,
            place: Place::default(),
        }
    }

    /// Bytes of its target, its user, its reason, its warning and what rules have read.
    fn text(&self) -> usize {
        let evaluation = self.evaluation.as_deref();
        let evaluation = evaluation.map_or(0, Evaluation::bytes);
        self.target.len() + lengths([&self.user_id, &self.reason, &self.warning]) + evaluation
    }
}

/// The place of contents in the blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    /// Running number of the block.
    block: u64,
    start: u32,
    /// Where user agent, content type, scheme, headers, request and answer end, counted from the start.
    ends: [u16; 6],
    request_length: u32,
    answer_length: u32,
}

/// A request of the journal, as a copy has it. No `Debug`: bodies hold secrets.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Saved {
    at: Timestamp,
    api: String,
    operation: Option<String>,
    user_id: Option<String>,
    method: String,
    version: HttpVersion,
    target: String,
    status: u16,
    reason: Option<String>,
    evaluation: Option<Box<Evaluation>>,
    warning: Option<String>,
    contents: Option<Contents>,
}

/// Contents of a request and its answer, as a copy has them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Contents {
    /// In base64.
    bytes: String,
    ends: [u16; 6],
    request_length: u32,
    answer_length: u32,
}

/// The name of an API or of an operation. Those of a copy are kept for ever, as those in the code are, so there is a bound on
/// how many a damaged one can have.
fn name(text: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    const MOST: usize = 4_096;
    let mut names = lock(&NAMES);
    match names.get(text) {
        Some(known) => known,
        None if names.len() >= MOST => "unknown",
        None => {
            let new: &'static str = Box::leak(text.into());
            names.insert(new);
            new
        }
    }
}

/// Contents of a request and its answer, as the journal has kept them. `Debug` leaves them out.
#[derive(Clone, PartialEq, Eq)]
pub struct Carried {
    bytes: Vec<u8>,
    place: Place,
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried")
            .field("request", &self.place.request_length)
            .field("answer", &self.place.answer_length)
            .finish_non_exhaustive()
    }
}

/// The first bytes, no more than that many.
fn first(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(..count).unwrap_or(bytes)
}

impl Carried {
    fn part(&self, at: usize) -> &[u8] {
        let end = |at: usize| self.place.ends.get(at).copied().map(usize::from);
        let start = at.checked_sub(1).and_then(end).unwrap_or(0);
        let end = end(at).unwrap_or(0);
        self.bytes.get(start..end).unwrap_or_default()
    }

    fn text(&self, at: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.part(at))
    }

    /// The header `User-Agent` of the request; empty if there was none.
    pub fn user_agent(&self) -> Cow<'_, str> {
        self.text(0)
    }

    /// The header `Content-Type` of the request; empty if there was none.
    pub fn content_type(&self) -> Cow<'_, str> {
        self.text(1)
    }

    /// The scheme of the credentials; empty if there were none.
    pub fn scheme(&self) -> Cow<'_, str> {
        self.text(2)
    }

    /// The headers that are kept, names in lower case; without credentials.
    pub fn headers(&self) -> Vec<(String, String)> {
        let text = self.text(3);
        let lines = text.lines().filter_map(|line| line.split_once(": "));
        let own = [
            ("user-agent", self.user_agent()),
            ("content-type", self.content_type()),
        ];
        let own = own.into_iter().filter(|(_, value)| !value.is_empty());
        let own = own.map(|(name, value)| (name.to_owned(), value.into_owned()));
        own.chain(lines.map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect()
    }

    /// Whether the journal may have left out a part of that header, whose name is in lower case.
    pub fn lacks(&self, header: &str) -> bool {
        match header {
            "user-agent" => self.part(0).len() >= HEADER,
            "content-type" => self.part(1).len() >= HEADER,
            _ => self.part(3).ends_with(HEADERS_LEFT_OUT),
        }
    }

    /// Body of the request: its beginning, and the length of the whole.
    pub fn request(&self) -> (&[u8], usize) {
        let length = usize::try_from(self.place.request_length).unwrap_or(usize::MAX);
        (self.part(4), length)
    }

    /// Body of the answer: its beginning, and the length of the whole.
    pub fn answer(&self) -> (&[u8], usize) {
        let length = usize::try_from(self.place.answer_length).unwrap_or(usize::MAX);
        (self.part(5), length)
    }
}

/// The newest requests; the oldest leave first. The oldest bodies leave earlier if they take too much room.
///
/// Contents go into blocks, one after another, and overwrite the oldest once all are full. So a request allocates
/// nothing for them, and memory does not grow.
pub struct Journal {
    /// Shared, so that a search reads them without the lock of the journal.
    entries: VecDeque<Arc<Entry>>,
    capacity: usize,
    /// Bytes of the targets and reasons of all entries.
    texts: usize,
    /// Number of the newest request that it has dropped; 0 if it has dropped none.
    dropped: u64,
    /// The blocks in use, at most [`BLOCKS`].
    blocks: Vec<Vec<u8>>,
    /// Running number of the block that is written into.
    block: u64,
    /// The numbers of the requests that have changed in a copy of its newest part.
    marks: Marks<u64>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies hold secrets.
        f.debug_struct("Journal")
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// Which of the blocks has that running number.
fn slot(block: u64) -> usize {
    usize::try_from(block % BLOCKS).unwrap_or(0)
}

impl Journal {
    /// An empty journal for `capacity` requests.
    pub fn new(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            capacity,
            texts: 0,
            dropped: 0,
            blocks: Vec::new(),
            block: 0,
            marks: Marks::default(),
        }
    }

    /// Adds a request; drops the oldest if the journal is full by number or by bytes.
    pub fn record(&mut self, note: Note<'_>, number: u64, at: Timestamp) {
        if self.capacity == 0 {
            self.dropped = number;
            return;
        }
        let place = self.keep(&note.wire);
        let mut entry = Entry::new(note, number, at);
        entry.place = place;
        self.texts += entry.text();
        while (self.entries.len() >= self.capacity || self.texts > TEXTS)
            && let Some(oldest) = self.entries.pop_front()
        {
            self.texts -= oldest.text();
            self.dropped = oldest.number;
            self.marks.mark(|| oldest.number);
        }
        self.push(entry);
    }

    fn push(&mut self, entry: Entry) {
        self.marks.mark(|| entry.number);
        self.entries.push_back(Arc::new(entry));
        let oldest = self.entries.len().checked_sub(JOURNAL_SAVED + 1);
        if let Some(oldest) = oldest.and_then(|at| self.entries.get(at)) {
            self.marks.mark(|| oldest.number);
        }
    }

    /// What has changed of its newest part, for a copy.
    pub(super) fn changes(&mut self, changes: &mut Changes) {
        let mut marks = std::mem::take(&mut self.marks);
        let first = self.entries.len().saturating_sub(JOURNAL_SAVED);
        let newest = self.entries.iter().skip(first);
        let all = newest.map(|entry| (numbered(entry.number), self.saved(entry)));
        let first = self.entries.get(first).map_or(0, |entry| entry.number);
        changes.of(Table::Request, &mut marks, all, |number| {
            let entry = self.get(*number).filter(|entry| entry.number >= first);
            (numbered(*number), entry.map(|entry| self.saved(entry)))
        });
        self.marks = marks;
    }

    fn saved(&self, entry: &Entry) -> Saved {
        let contents = self.carried(entry).map(|carried| Contents {
            bytes: STANDARD_NO_PAD.encode(&carried.bytes),
            ends: carried.place.ends,
            request_length: carried.place.request_length,
            answer_length: carried.place.answer_length,
        });
        Saved {
            at: entry.at,
            api: entry.api.to_owned(),
            operation: entry.operation.map(str::to_owned),
            user_id: entry.user_id.clone(),
            method: entry.method.to_string(),
            version: entry.version,
            target: entry.target.clone(),
            status: entry.status,
            reason: entry.reason.clone(),
            evaluation: entry.evaluation.clone(),
            warning: entry.warning.clone(),
            contents,
        }
    }

    /// The journal of a copy: its newest part, in order.
    pub(super) fn restored(capacity: usize, saved: Vec<(u64, Saved)>) -> Self {
        let mut journal = Self::new(capacity);
        let beyond = saved.len().saturating_sub(capacity);
        for (number, saved) in saved.into_iter().skip(beyond) {
            if journal.entries.is_empty() {
                journal.dropped = number.saturating_sub(1);
            }
            let place = saved
                .contents
                .as_ref()
                .and_then(|own| journal.keep_again(own));
            let entry = Entry {
                number,
                at: saved.at,
                api: name(&saved.api),
                operation: saved.operation.as_deref().map(name),
                user_id: saved.user_id,
                method: saved.method.into(),
                version: saved.version,
                target: saved.target,
                status: saved.status,
                reason: saved.reason,
                evaluation: saved.evaluation,
                warning: saved.warning,
                place: place.unwrap_or_default(),
            };
            journal.texts += entry.text();
            journal.push(entry);
        }
        journal
    }

    /// Keeps contents of a copy; nothing if they cannot be.
    fn keep_again(&mut self, contents: &Contents) -> Option<Place> {
        let bytes = STANDARD_NO_PAD.decode(&contents.bytes).ok()?;
        let mut start = 0;
        let mut parts = [&[][..]; 6];
        for (part, end) in parts.iter_mut().zip(contents.ends) {
            let end = usize::from(end);
            *part = bytes.get(start..end)?;
            start = end;
        }
        let [user_agent, content_type, scheme, headers, request, answer] = parts;
        let wire = Wire {
            user_agent: str::from_utf8(user_agent).ok()?,
            content_type: str::from_utf8(content_type).ok()?,
            scheme: str::from_utf8(scheme).ok()?,
            headers: headers.to_vec(),
            request,
            answer,
        };
        Some(Place {
            request_length: contents.request_length,
            answer_length: contents.answer_length,
            ..self.keep(&wire)
        })
    }

    fn keep(&mut self, wire: &Wire<'_>) -> Place {
        let parts = [
            first(wire.user_agent.as_bytes(), HEADER),
            first(wire.content_type.as_bytes(), HEADER),
            first(wire.scheme.as_bytes(), HEADER),
            first(&wire.headers, HEADERS),
            first(wire.request, BODY),
            first(wire.answer, BODY),
        ];
        let size: usize = parts.iter().map(|part| part.len()).sum();
        let block = self.room(size);
        let length = |body: &[u8]| u32::try_from(body.len()).unwrap_or(u32::MAX);
        let start = block.len();
        let mut ends = [0; 6];
        for (part, end) in parts.iter().zip(&mut ends) {
            block.extend_from_slice(part);
            // The headers and two bodies stay far below the limit.
            *end = u16::try_from(block.len() - start).unwrap_or(u16::MAX);
        }
        Place {
            block: self.block,
            start: u32::try_from(start).unwrap_or(u32::MAX),
            ends,
            request_length: length(wire.request),
            answer_length: length(wire.answer),
        }
    }

    /// The block that has room for that many bytes more. The first one begins with what it needs and doubles, because most
    /// tenants of a mock with thousands see only a few requests.
    fn room(&mut self, size: usize) -> &mut Vec<u8> {
        let full = |block: &Vec<u8>| block.len() + size > BLOCK;
        if self.blocks.get(slot(self.block)).is_some_and(full) {
            self.block += 1;
            // What it holds is overwritten.
            if let Some(oldest) = self.blocks.get_mut(slot(self.block)) {
                oldest.clear();
            }
        }
        let (at, first) = (slot(self.block), self.blocks.is_empty());
        if at == self.blocks.len() {
            self.blocks
                .push(Vec::with_capacity(if first { 0 } else { BLOCK }));
        }
        let block = &mut self.blocks[at];
        let needed = block.len() + size;
        if needed > block.capacity() {
            let room = needed.max(2 * block.capacity()).min(BLOCK);
            block.reserve_exact(room - block.len());
        }
        block
    }

    /// How many requests it keeps.
    pub fn kept(&self) -> usize {
        self.entries.len()
    }

    /// Contents of a request and its answer; nothing after they were overwritten.
    pub fn carried(&self, entry: &Entry) -> Option<Carried> {
        let place = entry.place;
        if self.block.checked_sub(place.block)? >= BLOCKS {
            return None;
        }
        let start = usize::try_from(place.start).ok()?;
        let size = usize::from(*place.ends.last()?);
        let bytes = self
            .blocks
            .get(slot(place.block))?
            .get(start..start + size)?;
        Some(Carried {
            bytes: bytes.to_vec(),
            place,
        })
    }

    /// Number of the newest request that it has dropped; 0 if it has dropped none.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The entries, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter().rev()
    }

    /// The entry of that number.
    pub fn get(&self, number: u64) -> Option<&Entry> {
        // Numbers rise, so it is found by halving.
        let at = self
            .entries
            .binary_search_by_key(&number, |entry| entry.number);
        at.ok()
            .and_then(|at| self.entries.get(at))
            .map(AsRef::as_ref)
    }
}

/// A text with `***` in place of each token, wherever a caller has put it. Every token of the mock is a JWT: three parts in
/// base64url, of which the first begins with an object in JSON.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    const BEGINNING: &str = "eyJ";
    let part = |text: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        text.bytes().take_while(|byte| is_part(*byte)).count()
    };
    // Most texts have none.
    if !holds(text, BEGINNING) {
        return Cow::Borrowed(text);
    }
    let (mut rest, mut hidden) = (text, String::new());
    while let Some(at) = rest.find(BEGINNING) {
        let mut end = at + part(&rest[at..]);
        let mut parts = 1;
        while parts < 3 && rest[end..].starts_with('.') {
            end += 1 + part(&rest[end + 1..]);
            parts += 1;
        }
        // One part is a word as any other. Two are a token whose signature was cut off.
        hidden.push_str(&rest[..at]);
        hidden.push_str(if parts > 1 { "***" } else { &rest[at..end] });
        rest = &rest[end..];
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    hidden.push_str(rest);
    Cow::Owned(hidden)
}

fn shorten(text: &mut String) {
    if text.len() > TEXT {
        // A new text: the old one would keep its room.
        *text = [cut(text, TEXT), "…"].concat();
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{BLOCK, BLOCKS, BODY, Carried, Journal, Note, TEXT, TEXTS, Wire, without_tokens};

    #[test]
    fn a_token_is_hidden_wherever_it_stands() {
        for (sent, kept) in [
            (
                "/v1/users/ada/actions/pay/eyJh.eyJi.c-_9",
                "/v1/users/ada/actions/pay/***",
            ),
            ("/x?a=eyJh.eyJi.c&b=1", "/x?a=***&b=1"),
            ("eyJh.eyJi.c,eyJh.eyJi", "***,***"),
            ("/eyJust-a-word/é", "/eyJust-a-word/é"),
            ("/v1/users/ada", "/v1/users/ada"),
            ("eyJ.", "***"),
            ("", ""),
        ] {
            assert_eq!(without_tokens(sent), kept, "{sent}");
        }
    }

    fn note(wire: Wire<'_>) -> Note<'_> {
        Note {
            wire,
            ..Note::new("api", "POST", "/", 200)
        }
    }

    fn kept(wire: Wire<'_>) -> Carried {
        let mut journal = Journal::new(1);
        journal.record(note(wire), 1, Timestamp::UNIX_EPOCH);
        journal.carried(journal.get(1).unwrap()).unwrap()
    }

    #[test]
    fn what_was_carried_is_read_back() {
        let wire = Wire {
            user_agent: "agent/1",
            content_type: "application/json",
            scheme: "Basic",
            headers: b"x-trace: 7\nx-list: a: b\n".to_vec(),
            request: b"{}",
            answer: b"[1]",
        };
        let whole = kept(wire);
        assert_eq!(whole.user_agent(), "agent/1");
        assert_eq!(whole.content_type(), "application/json");
        assert_eq!(whole.scheme(), "Basic");
        let headers = [
            ("user-agent", "agent/1"),
            ("content-type", "application/json"),
            ("x-trace", "7"),
            ("x-list", "a: b"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(whole.headers(), headers);
        assert_eq!(whole.request(), (&b"{}"[..], 2));
        assert_eq!(whole.answer(), (&b"[1]"[..], 3));
        let nothing = kept(Wire::default());
        assert_eq!((nothing.scheme(), nothing.answer().1), ("".into(), 0));
    }

    #[test]
    fn a_long_target_keeps_no_room_for_what_was_cut() {
        let mut journal = Journal::new(1);
        let mut long = note(Wire::default());
        long.target = "\u{e4}".repeat(30_000);
        long.reason = Some("x".repeat(60_000));
        journal.record(long, 1, Timestamp::UNIX_EPOCH);
        let entry = journal.get(1).unwrap();
        let reason = entry.reason.as_ref().unwrap();
        for text in [&entry.target, reason] {
            assert!(text.ends_with('…'), "{text}");
            assert!(text.capacity() <= TEXT + '…'.len_utf8());
        }
    }

    #[test]
    fn targets_and_reasons_have_a_bound_together() {
        let mut journal = Journal::new(usize::MAX);
        let most = (TEXTS / (2 * TEXT)) as u64;
        for number in 1..=2 * most {
            let mut long = note(Wire::default());
            long.target = "t".repeat(TEXT);
            long.reason = Some("r".repeat(TEXT));
            journal.record(long, number, Timestamp::UNIX_EPOCH);
        }
        let kept: Vec<u64> = journal.newest_first().map(|entry| entry.number).collect();
        let newest: Vec<u64> = (most + 1..=2 * most).rev().collect();
        assert_eq!(kept, newest);
    }

    #[test]
    fn a_long_body_is_cut_and_its_length_is_kept() {
        let long = vec![b'x'; 10 * BODY];
        let cut = kept(Wire {
            user_agent: &"\u{e4}".repeat(1_000),
            request: &long,
            answer: &long,
            ..Wire::default()
        });
        assert_eq!((cut.request().0.len(), cut.request().1), (BODY, 10 * BODY));
        assert_eq!((cut.answer().0.len(), cut.answer().1), (BODY, 10 * BODY));
    }

    #[test]
    fn the_oldest_bodies_leave_first_and_their_entries_stay() {
        let room = BLOCKS * (BLOCK / BODY) as u64;
        let mut journal = Journal::new(2 * room as usize);
        for number in 1..=3 * room {
            let mut body = vec![b' '; BODY];
            let text = number.to_string();
            body[..text.len()].copy_from_slice(text.as_bytes());
            let wire = Wire {
                answer: &body,
                ..Wire::default()
            };
            journal.record(note(wire), number, Timestamp::UNIX_EPOCH);
            assert!(journal.blocks.len() as u64 <= BLOCKS);
        }
        let numbers: Vec<u64> = journal.newest_first().map(|entry| entry.number).collect();
        assert_eq!(numbers.len(), 2 * room as usize);
        assert_eq!(
            journal.get(room + 1).map(|entry| entry.number),
            Some(room + 1)
        );
        assert!(journal.get(room).is_none());
        let mut carrying = 0;
        for entry in journal.newest_first() {
            let Some(carried) = journal.carried(entry) else {
                break;
            };
            let text = String::from_utf8_lossy(carried.answer().0).into_owned();
            assert_eq!(text.trim_end(), entry.number.to_string());
            carrying += 1;
        }
        assert_eq!(carrying, room);
        let gone = journal.newest_first().skip(carrying as usize);
        assert!(
            gone.into_iter()
                .all(|entry| journal.carried(entry).is_none())
        );
    }

    #[test]
    fn a_journal_of_few_requests_needs_little_room() {
        let mut journal = Journal::new(usize::MAX);
        let room = |journal: &Journal| journal.blocks.iter().map(Vec::capacity).sum::<usize>();
        let body = [b'x'; 500];
        let wire = Wire {
            answer: &body,
            ..Wire::default()
        };
        let mut record = |number| {
            journal.record(note(wire.clone()), number, Timestamp::UNIX_EPOCH);
            room(&journal)
        };
        assert_eq!(record(1), body.len());
        let most = (2..=10).map(&mut record).max().unwrap();
        assert!(most < 10 * 1024, "{most}");
        let whole = (BLOCK / body.len()) as u64;
        let most = (11..=whole).map(&mut record).max().unwrap();
        assert_eq!(most, BLOCK, "one block, no larger than others");
        for entry in journal.newest_first() {
            let carried = journal.carried(entry).unwrap();
            assert_eq!(carried.answer(), (&body[..], body.len()));
        }
    }

    #[test]
    fn a_journal_of_capacity_zero_keeps_nothing() {
        let mut journal = Journal::new(0);
        journal.record(note(Wire::default()), 1, Timestamp::UNIX_EPOCH);
        assert_eq!(
            (journal.newest_first().count(), journal.blocks.len()),
            (0, 0)
        );
    }

    #[test]
    fn texts_are_bounded_and_bodies_do_not_show() {
        let wire = Wire {
            request: b"123456",
            answer: b"654321",
            ..Wire::default()
        };
        let long = Note {
            target: "/\u{e4}".repeat(TEXT),
            reason: Some("r".repeat(2 * TEXT)),
            ..note(wire.clone())
        };
        let mut shown = format!("{wire:?}");
        let mut journal = Journal::new(1);
        journal.record(long, 1, Timestamp::UNIX_EPOCH);
        let entry = journal.get(1).unwrap();
        assert!(entry.target.len() <= TEXT + "\u{2026}".len());
        assert!(
            entry
                .reason
                .as_ref()
                .is_some_and(|reason| reason.ends_with('\u{2026}'))
        );
        shown += &format!("{journal:?} {entry:?} {:?}", journal.carried(entry));
        assert!(
            !shown.contains("123456") && !shown.contains("654321"),
            "{shown}"
        );
    }
}
