//! Failures that are planned for a tenant, as answers. Knows no API.

use std::sync::Arc;

use http::StatusCode;

use super::surface::{Operation, Planned};
use crate::runtime::ledger::Ledger;

/// The failure that is planned for a request to an operation, if one is.
pub(super) fn planned(ledger: &Ledger, operation: &Operation) -> Option<Arc<Planned>> {
    let failure = ledger.failure(operation.id)?;
    let headers = failure.headers.iter();
    // What is no status or no header was refused when it was planned.
    let headers =
        headers.filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)));
    Some(Arc::new(Planned {
        status: StatusCode::from_u16(failure.status).ok()?,
        headers: headers.collect(),
        left: failure.times,
    }))
}

/// What the journal says of an answer that was planned.
pub(super) fn told(planned: &Planned) -> String {
    match planned.left {
        0 => "a planned failure, the last of its entry in /_mock/failures".to_owned(),
        left => format!("a planned failure; {left} more of its entry in /_mock/failures"),
    }
}
