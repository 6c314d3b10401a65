//! Failures that a test has planned: the next requests to an operation get an error in place of their answer. Knows how
//! requests are told apart, and not how they are answered.

use std::collections::BTreeMap;

use crate::bounds::{FAILURE_HEADERS, FAILURE_TIMES, FAILURES, PARAMETER};
use crate::generated::{
    activeconnect, authsignal, authsignal_client, authsignal_management, mock_control,
};
use crate::likeness::nearest;

/// Headers that say how an answer travels. Another value would break the connection and not the client's patience.
const OF_CONNECTION: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Requests that are to fail, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The operation, by its id; every one if there is none.
    pub operation: Option<String>,
    /// How many more requests fail.
    pub times: u32,
    /// The status of their answers.
    pub status: u16,
    /// Headers of their answers, by name.
    pub headers: BTreeMap<String, String>,
}

impl Failure {
    fn check(&self) -> Result<(), String> {
        if let Some(operation) = &self.operation {
            is_known(operation).map_err(|why| format!("/operation: {why}"))?;
        }
        if !(1..=FAILURE_TIMES).contains(&self.times) {
            let times = self.times;
            return Err(format!(
                "/times: {times}; it must be from 1 to {FAILURE_TIMES}"
            ));
        }
        if !(400..600).contains(&self.status) {
            let status = self.status;
            return Err(format!(
                "/status: {status}; it must be an error, from 400 to 599"
            ));
        }
        if self.headers.len() > FAILURE_HEADERS {
            let count = self.headers.len();
            return Err(format!(
                "/headers: there are {count}; at most {FAILURE_HEADERS} are kept"
            ));
        }
        self.headers
            .iter()
            .try_for_each(|(name, value)| header(name, value))
    }

    /// Whether a request to an operation is one of those.
    fn is_about(&self, operation: &str) -> bool {
        self.operation.as_deref().is_none_or(|own| own == operation)
    }
}

/// Ids of all operations of the vendors.
fn operations() -> impl Iterator<Item = &'static str> {
    let all = [
        activeconnect::operations::ALL,
        authsignal::operations::ALL,
        authsignal_client::operations::ALL,
        authsignal_management::operations::ALL,
    ];
    all.into_iter().flatten().map(|operation| operation.id)
}

fn is_known(operation: &str) -> Result<(), String> {
    if operations().any(|known| known == operation) {
        return Ok(());
    }
    if mock_control::operations::ALL
        .iter()
        .any(|own| own.id == operation)
    {
        return Err("this is an operation of the control API, which does not fail".to_owned());
    }
    let hint = nearest(operation, operations())
        .map_or(String::new(), |best| format!("; did you mean {best}?"));
    Err(format!(
        "no vendor has such an operation; the journal names the operation of each request{hint}"
    ))
}

/// Checks a header. The reason does not repeat its value.
fn header(name: &str, value: &str) -> Result<(), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > PARAMETER || !name.bytes().all(is_token) {
        return Err("/headers: a name is none of a header".to_owned());
    }
    if OF_CONNECTION.contains(&&*name.to_ascii_lowercase()) {
        return Err(format!("/headers/{name}: the mock sets this header itself"));
    }
    let is_visible = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if value.len() > PARAMETER || !value.bytes().all(is_visible) {
        return Err(format!(
            "/headers/{name}: the value must be at most {PARAMETER} visible ASCII characters"
        ));
    }
    Ok(())
}

/// The failures of a tenant that are still to come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures(Vec<Failure>);

impl Failures {
    /// Failures in the order in which they come.
    ///
    /// # Errors
    /// One of them cannot be; the text begins with its place in the list.
    pub fn new(failures: Vec<Failure>) -> Result<Self, String> {
        if failures.len() > FAILURES {
            let count = failures.len();
            return Err(format!(
                ": there are {count}; a tenant has at most {FAILURES}"
            ));
        }
        for (index, failure) in failures.iter().enumerate() {
            failure.check().map_err(|why| format!("/{index}{why}"))?;
        }
        Ok(Self(failures))
    }

    /// The failure of a request to an operation, if it is to fail: with how many more follow.
    pub fn take(&mut self, operation: &str) -> Option<Failure> {
        let at = self.0.iter().position(|one| one.is_about(operation))?;
        let own = self.0.get_mut(at)?;
        own.times = own.times.saturating_sub(1);
        let taken = own.clone();
        if taken.times == 0 {
            self.0.remove(at);
        }
        Some(taken)
    }

    /// All of them.
    pub fn all(&self) -> &[Failure] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Failures};

    fn failure(operation: Option<&str>, times: u32, status: u16) -> Failure {
        Failure {
            operation: operation.map(str::to_owned),
            times,
            status,
            headers: [].into(),
        }
    }

    #[test]
    fn failures_come_in_order_and_are_used_up() {
        let mut all = Failures::new(vec![
            failure(Some("track"), 2, 503),
            failure(None, 1, 500),
            failure(Some("track"), 1, 429),
        ])
        .unwrap();
        let mut next = |operation| all.take(operation).map(|own| (own.status, own.times));
        assert_eq!(next("track"), Some((503, 1)));
        assert_eq!(next("validate_challenge"), Some((500, 0)));
        assert_eq!(next("validate_challenge"), None);
        assert_eq!(next("track"), Some((503, 0)));
        assert_eq!(next("track"), Some((429, 0)));
        assert_eq!(next("track"), None);
        assert!(all.all().is_empty());
    }

    #[test]
    fn what_cannot_fail_so_is_refused_with_its_place() {
        let why = |failure| Failures::new(vec![failure]).unwrap_err();
        let unknown = why(failure(Some("trak"), 1, 503));
        assert!(
            unknown.starts_with("/0/operation: no vendor has"),
            "{unknown}"
        );
        assert!(unknown.ends_with("did you mean track?"), "{unknown}");
        assert!(why(failure(Some("get_health"), 1, 503)).contains("control API"));
        for (wrong, place) in [
            (failure(None, 0, 503), "/0/times"),
            (failure(None, 10_001, 503), "/0/times"),
            (failure(None, 1, 399), "/0/status"),
            (failure(None, 1, 600), "/0/status"),
        ] {
            assert!(why(wrong).starts_with(place));
        }
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("Content-Length", "5"),
            ("x", "line\nbreak"),
            ("x", &"y".repeat(1025)),
        ] {
            let headers = [(name.to_owned(), value.to_owned())].into();
            let wrong = Failure {
                headers,
                ..failure(None, 1, 503)
            };
            assert!(why(wrong).starts_with("/0/headers"), "{name}");
        }
        let many = vec![failure(None, 1, 503); 101];
        assert!(Failures::new(many).unwrap_err().contains("at most 100"));
    }
}
