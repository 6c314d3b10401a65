//! PyPI IAMPASS against the mock.

use super::activeconnect::IAMPASS;
use super::versions;

versions! {
    "PyPI IAMPASS", super::drive:
    version_0_0_10 "0.0.10",
    version_0_0_20 "0.0.20",
    version_0_0_31 "0.0.31",
    version_0_0_32 "0.0.32",
}

fn drive(version: &str) {
    IAMPASS.drive(version);
}
