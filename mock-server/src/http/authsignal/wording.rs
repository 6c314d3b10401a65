//! What both of Authsignal's APIs write in the same words. Knows no operation.

use jiff::Timestamp;

/// A time as the vendor writes it: UTC, with milliseconds.
pub(crate) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Models whose names are known. Ids are those that the makers publish.
pub(crate) fn model_name(aaguid: &str) -> Option<&'static str> {
    match aaguid {
        "fbfc3007-154e-4ecc-8c0b-6e020557d7bd" => Some("iCloud Keychain"),
        "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4" => Some("Google Password Manager"),
        _ => None,
    }
}
