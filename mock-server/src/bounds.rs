//! Every bound of the mock that keeps one caller from using up the machine: bytes, times, counts. A setting may change
//! some of them; then this is the default.

use std::time::Duration;

/// Time for the line and the headers of a request, from their first byte to their last.
pub const HEADER_TIME: Duration = Duration::from_secs(10);

/// Time for the body of a request, from the end of its headers to its last byte.
pub const BODY_TIME: Duration = Duration::from_secs(30);

/// Time that a connection may stay open without a request, and that an answer may wait for its reader. Longer than
/// most clients keep a connection for their next request (Node.js 5 s, Go and reqwest 90 s): the one that closes last
/// is the one that never sends into a closed connection.
pub const IDLE_TIME: Duration = Duration::from_secs(120);

/// Bytes of the line and the headers of a request.
pub const HEAD: usize = 128 * 1024;

/// Bytes of the body of a request.
pub const BODY: usize = 1024 * 1024;

/// Bytes of all request bodies together that the mock holds at one time, without the first [`BODY_UNCOUNTED`] of each.
pub const BODIES: usize = 64 * 1024 * 1024;

/// Bytes of each body that do not count towards [`BODIES`]: ordinary requests are smaller, so they never wait for what
/// others do.
pub const BODY_UNCOUNTED: usize = 16 * 1024;

/// Connections at one time. Fewer where the operating system allows the process fewer descriptors.
pub const CONNECTIONS: usize = 4096;

/// Descriptors that connections leave to everything else: deliveries of webhooks, files, the process itself.
pub const RESERVED_DESCRIPTORS: usize = 64;

/// How long the mock waits before it accepts again after the operating system refused a connection.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bytes that the mock reads and drops of what a client still sends after the answer that ends its connection, so that
/// the client can read this answer.
pub const LINGER: usize = 16 * 1024 * 1024;

/// Time for that.
pub const LINGER_TIME: Duration = Duration::from_secs(2);

/// How long requests may take to end after a signal to stop. A second signal ends them at once.
pub const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Lines of the log that wait for stderr. The mock drops and counts what comes while so many wait.
pub const LOG_LINES: usize = 1024;

/// Bytes of one line of the log. The mock cuts off the rest.
pub const LOG_LINE: usize = 4096;

/// How long the mock waits for stderr to take the log, before the ready line and at its end.
pub const LOG_FLUSH: Duration = Duration::from_millis(500);
