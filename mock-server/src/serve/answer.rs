//! What the pace of a connection learns while an answer is sent. Knows no request.

use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;

use super::pace::{Fate, Pace};
use crate::outgoing::{Cut, InPieces};

/// The most bytes of a piece of an answer by HTTP/2. A client that reads a large answer slowly still reads whole pieces in
/// time.
const PIECE: usize = 16 * 1024;

/// An answer that is due. When this is dropped, the answer is sent, or nobody waits for it any more.
pub(super) struct Due(pub(super) Pace);

impl Drop for Due {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// An answer after which the connection is reset. Each of its pieces holds the end back: a client of HTTP/2 may take them
/// long after the answer has given them to the connection.
pub(super) struct Parting(Arc<Last>);

/// Bytes of the longest answer that a client's machine takes at once, also if the client does not read it yet. After a longer one,
/// a reset must wait, or it would drop what the machine has not taken.
const TAKEN_AT_ONCE: u64 = 16 * 1024;

impl Parting {
    /// The end after an answer of so many bytes.
    pub(super) fn new(pace: Pace, length: u64) -> Self {
        let fate = match length > TAKEN_AT_ONCE {
            true => Fate::ResetOnceTaken,
            false => Fate::Reset,
        };
        Self(Arc::new(Last(pace, fate)))
    }
}

impl Cut for Parting {
    fn next(&mut self, rest: &mut Bytes, _context: &mut Context<'_>) -> Poll<Bytes> {
        Poll::Ready(Bytes::from_owner(BeforeLast {
            bytes: std::mem::take(rest),
            _last: Arc::clone(&self.0),
        }))
    }
}

/// When this is dropped, the connection has all of an answer, or nobody waits for it any more.
struct Last(Pace, Fate);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.end_when_written(self.1);
    }
}

/// Bytes that come before the end.
struct BeforeLast {
    bytes: Bytes,
    _last: Arc<Last>,
}

impl AsRef<[u8]> for BeforeLast {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Cuts an answer that shares its connection with others into pieces, so that the pace knows which of them its client
/// leaves. A client that reads slowly still takes a piece from time to time.
pub(super) fn in_pieces(body: Body, pace: &Pace) -> Body {
    if !pace.is_shared() {
        return body;
    }
    Body::new(InPieces::new(body, Watched(pace.clone())))
}

/// Cuts pieces whose way out the pace watches.
struct Watched(Pace);

impl Cut for Watched {
    fn next(&mut self, rest: &mut Bytes, _context: &mut Context<'_>) -> Poll<Bytes> {
        let piece = Piece {
            bytes: rest.split_to(PIECE.min(rest.len())),
            number: self.0.gives(),
            pace: self.0.clone(),
        };
        Poll::Ready(Bytes::from_owner(piece))
    }
}

/// Bytes that the connection drops once it has written them.
struct Piece {
    bytes: Bytes,
    number: u64,
    pace: Pace,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.pace.sent(self.number);
    }
}
