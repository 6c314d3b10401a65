//! A time as HTTP writes it, and the date of an answer to a tenant.

use http::HeaderValue;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::runtime::App;
use crate::runtime::ledger::Ledger;

/// The date of an answer to a tenant, if it is not the one that the server writes by the machine's clock.
pub(crate) fn date_of(app: &App, ledger: &Ledger) -> Option<HeaderValue> {
    let clock = ledger.clock();
    if clock.is_system_time() && app.clock.is_system_time() {
        return None;
    }
    HeaderValue::from_str(&http_date(clock.now())).ok()
}

/// A time as HTTP writes it.
pub(crate) fn http_date(at: Timestamp) -> String {
    // Fails only for years before our era.
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_else(|_| at.to_string())
}
