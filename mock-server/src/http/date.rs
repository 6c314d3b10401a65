//! A time as HTTP writes it.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// A time as HTTP writes it.
pub(crate) fn http_date(at: Timestamp) -> String {
    // Fails only for years before our era.
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_else(|_| at.to_string())
}
