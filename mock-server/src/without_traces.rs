//! In the place of `traces`, in a build without the feature `otel`: there are no spans, and nothing costs anything.

use std::future::Future;

use http::header::HeaderValue;
use http::{Request, StatusCode};

/// Spans go nowhere.
#[derive(Clone, Debug, Default)]
pub struct Traces(());

impl Traces {
    pub fn request<B>(&self, _request: &Request<B>, _scheme: &'static str) -> Served {
        Served
    }

    pub fn delivery(&self, _event: &'static str, _url: &str, _cause: Option<Cause>) -> Sent {
        Sent
    }
}

/// What caused a delivery.
#[derive(Debug)]
pub enum Cause {}

/// A request has no span.
#[derive(Debug)]
pub struct Served;

impl Served {
    pub fn is_none(&self) -> bool {
        true
    }

    pub fn during<F: Future>(&self, work: F) -> F {
        work
    }

    pub fn answered(&self, _status: StatusCode) {}
}

/// A webhook has no span.
#[derive(Debug)]
pub struct Sent;

impl Sent {
    pub fn traceparent(&self) -> Option<(&'static str, HeaderValue)> {
        None
    }

    pub fn answered(&self, _status: Option<u16>) {}
}

/// Nothing is noted.
#[derive(Debug, Default)]
pub struct Causes(());

impl Causes {
    pub fn note(&self, _before: u64, _last: u64) {}

    pub fn of(&self, _number: u64) -> Option<Cause> {
        None
    }
}

pub fn carried<F: Future>(work: F) -> F {
    work
}

pub fn aside<F: Future>(work: F) -> F {
    work
}

pub fn routed(_route: &str, _operation: Option<&'static str>) {}

pub fn belongs(_api: &'static str, _tenant: Option<&str>) {}

pub fn planned(_what: &str) {}
