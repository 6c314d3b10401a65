//! How requests of the control API are signed: not at all. Must not know what operations mean.

use std::convert::Infallible;

use reqwest::Request;

use crate::transport::Operation;
use crate::transport::inner::Sign;

/// The control API takes no credentials.
#[derive(Clone)]
pub struct Unsigned;

impl Sign for Unsigned {
    type Error = Infallible;

    fn sign(&self, _: &Operation, _: &mut Request) -> Result<(), Infallible> {
        Ok(())
    }
}
