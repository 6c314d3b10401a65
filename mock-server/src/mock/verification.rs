//! Which requests a test expects, and whether they came. Compares nothing itself.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{CreatedTenant, Error, MockServer, Running};
use crate::http::ControlApi;

/// A request that a test expects, at least once if nothing else sets how often. Everything that is set must fit.
///
/// ```
/// use serde_json::json;
/// use stepup_mock::ExpectedRequest;
///
/// let paid = ExpectedRequest::of("track").user("ada").body(json!({"custom": {"amount": 5000}})).times(1);
/// # let _ = paid;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a request is expected once `verify` takes it"]
pub struct ExpectedRequest {
    pattern: Map<String, Value>,
    number: Map<String, Value>,
}

impl ExpectedRequest {
    /// A request to an operation, as the journal names it, such as `track`.
    pub fn of(operation: impl Into<String>) -> Self {
        Self::any().with("operation", operation.into())
    }

    /// Any request.
    pub fn any() -> Self {
        Self {
            pattern: Map::new(),
            number: Map::new(),
        }
    }

    /// A request that fits a pattern of the control API, which also has texts to contain, regular expressions and paths.
    pub fn fitting(pattern: Map<String, Value>) -> Self {
        Self {
            pattern,
            number: Map::new(),
        }
    }

    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.pattern.insert(member.to_owned(), value.into());
        self
    }

    fn counted(mut self, member: &str, number: u32) -> Self {
        self.number.insert(member.to_owned(), number.into());
        self
    }

    /// Sets the user that its path or its token names.
    pub fn user(self, id: impl Into<String>) -> Self {
        self.with("userId", id.into())
    }

    /// Sets its method, such as `POST`.
    pub fn method(self, method: impl Into<String>) -> Self {
        self.with("method", method.into())
    }

    /// Sets its target: the path and the query.
    pub fn target(self, target: impl Into<String>) -> Self {
        self.with("target", json!({"equals": target.into()}))
    }

    /// Sets the status of its answer.
    pub fn status(self, status: u16) -> Self {
        self.with("status", status)
    }

    /// Sets members that its body has, at any depth. It may have others.
    pub fn body(self, members: Value) -> Self {
        self.with("body", members)
    }

    /// Sets how often it comes; 0 for never.
    pub fn times(self, number: u32) -> Self {
        self.counted("exactly", number)
    }

    /// Sets how often it comes at least.
    pub fn at_least(self, number: u32) -> Self {
        self.counted("atLeast", number)
    }

    /// Sets how often it comes at most.
    pub fn at_most(self, number: u32) -> Self {
        self.counted("atMost", number)
    }

    fn into_value(self) -> Value {
        let mut expected = self.number;
        expected.insert("pattern".to_owned(), self.pattern.into());
        expected.into()
    }
}

/// The requests that a test expects.
///
/// ```
/// use stepup_mock::{ExpectedRequest, Expectations};
///
/// let one_login = Expectations::from([ExpectedRequest::of("track"), ExpectedRequest::of("validate_challenge")])
///     .in_order()
///     .nothing_else();
/// # let _ = one_login;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "they are checked once `verify` takes them"]
pub struct Expectations {
    expected: Vec<ExpectedRequest>,
    in_order: bool,
    nothing_else: bool,
}

impl<const N: usize> From<[ExpectedRequest; N]> for Expectations {
    fn from(expected: [ExpectedRequest; N]) -> Self {
        Vec::from(expected).into()
    }
}

impl From<Vec<ExpectedRequest>> for Expectations {
    fn from(expected: Vec<ExpectedRequest>) -> Self {
        Self {
            expected,
            ..Self::default()
        }
    }
}

impl Expectations {
    /// They come in the order of the list.
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// No other request comes.
    pub fn nothing_else(mut self) -> Self {
        self.nothing_else = true;
        self
    }

    fn into_value(self, tenant: Option<&str>) -> Value {
        let expected = self.expected.into_iter().map(ExpectedRequest::into_value);
        let mut value = json!({
            "expected": expected.collect::<Vec<_>>(),
            "inOrder": self.in_order,
            "nothingElse": self.nothing_else,
        });
        if let Some(tenant) = tenant {
            value["tenant"] = tenant.into();
        }
        value
    }
}

/// Whether the expected requests came. Its `Display` is what did not come as expected, for people: let the test fail with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a test fails by `verified` or the text"]
#[non_exhaustive]
pub struct Verification {
    /// Whether all is as expected.
    pub verified: bool,
    /// What is not as expected, with what the nearest request has instead; empty if all is. Secrets are masked.
    pub text: String,
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

async fn verify(
    mock: &Running,
    tenant: Option<&str>,
    expectations: Expectations,
) -> Result<Verification, Error> {
    let control = ControlApi::new(Arc::clone(&mock.app), Arc::clone(&mock.phones));
    let verified = control.verify(expectations.into_value(tenant)).await;
    let (verified, text) = verified?;
    Ok(Verification { verified, text })
}

impl MockServer {
    /// Checks which requests came, to any tenant or to none.
    ///
    /// # Errors
    /// A pattern cannot be used: the text names the member.
    pub async fn verify(&self, expected: impl Into<Expectations>) -> Result<Verification, Error> {
        verify(&self.running, None, expected.into()).await
    }
}

impl CreatedTenant {
    /// Checks which requests came to the tenant.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::{ExpectedRequest, MockServer};
    ///
    /// let tenant = MockServer::shared()?.create_tenant()?;
    /// let came = tenant.verify([ExpectedRequest::of("track").user("ada")]).await?;
    /// assert!(!came.verified);
    /// assert!(came.text.starts_with("expected track of ada, at least once; it came never"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A pattern cannot be used: the text names the member.
    pub async fn verify(&self, expected: impl Into<Expectations>) -> Result<Verification, Error> {
        verify(&self.mock, Some(self.id()), expected.into()).await
    }
}
