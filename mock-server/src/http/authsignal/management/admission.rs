//! Who may call the Management API: a tenant, by its management secret. Knows no operation.

use std::sync::Arc;

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::domain::authsignal::Authsignal;
use crate::http::access::Writer;
use crate::http::authsignal::admission::{by_secret, from_a_server, within_rate};
use crate::http::authsignal::refusal::{failure, forced, named, rejected, why};
use crate::http::authsignal::server::admission::{tenant_of as tenant_of_server, unauthorized};
use crate::http::date::date_of;
use crate::http::surface::{Incoming, Operation, Planned, Rejection, Reply, Surface};
use crate::http::{faults, note};
use crate::runtime::faults::Api;
use crate::runtime::part::{AuthsignalPart, PartReader};
use crate::runtime::{App, SecretOf};

/// What a web page of another origin is told.
const FOREIGN: &str = "the header Origin or Sec-Fetch-Site shows that a web page of another origin sent this \
     request; the management secret does not belong in a browser";

/// What a caller with a server API secret is told.
const SERVES: &str = "this is the secret of the Server API; the Management API takes the management secret, which the mock \
     prints when it starts";

/// The Management API of every tenant of a mock.
#[derive(Debug)]
pub(crate) struct ManagementApi {
    pub(super) app: Arc<App>,
}

/// The admitted tenant.
#[derive(Clone, Debug)]
pub(crate) struct ManagementCaller {
    pub(super) tenant: PartReader<Authsignal>,
}

/// The tenant of the management secret in a request.
pub(crate) fn tenant_of(app: &App, authorization: Option<&str>) -> Option<Arc<AuthsignalPart>> {
    by_secret(authorization, |secret| {
        app.authsignal_by(SecretOf::Management, secret)
    })
}

impl ManagementApi {
    /// The Management API of the tenants of `app`.
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// The answer to a request without a good management secret.
    fn refused(&self, authorization: Option<&str>) -> Reply {
        match tenant_of_server(&self.app, authorization) {
            Some(_) => failure(StatusCode::FORBIDDEN, "forbidden", SERVES),
            None => unauthorized(),
        }
    }
}

impl Surface for ManagementApi {
    type Caller = Writer<ManagementCaller, Authsignal>;
    type Reader = ManagementCaller;

    fn strict(&self) -> bool {
        self.app.behaviour.strict
    }

    fn admit(
        &self,
        _operation: &'static Operation,
        incoming: &Incoming,
    ) -> Result<Self::Caller, Reply> {
        let authorization = from_a_server(&self.app, incoming, FOREIGN)?;
        let tenant = tenant_of(&self.app, authorization);
        let tenant = tenant.ok_or_else(|| self.refused(authorization))?;
        within_rate(&self.app, &tenant)?;
        let caller = ManagementCaller {
            tenant: PartReader::new(Arc::clone(&tenant)),
        };
        Ok(Writer::new(caller, tenant))
    }

    fn reject(&self, _operation: &'static Operation, rejection: Rejection) -> Reply {
        rejected(&rejection)
    }

    fn forced(&self, _operation: &'static Operation, status: StatusCode, why: &str) -> Reply {
        forced(status, why, unauthorized)
    }

    fn named(
        &self,
        _operation: &'static Operation,
        status: StatusCode,
        error: &'static str,
        why: &str,
    ) -> Reply {
        named(status, error, why, unauthorized)
    }

    fn planned(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: &Self::Caller,
    ) -> Option<Arc<Planned>> {
        let ledger = caller.tenant.ledger();
        faults::planned(ledger, Api::AuthsignalManagement, operation, incoming, None)
    }

    fn date(&self, caller: &Self::Caller) -> Option<HeaderValue> {
        date_of(&self.app, caller.tenant.ledger())
    }

    fn answered(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: Option<&Self::Caller>,
        reply: &Reply,
    ) {
        let admitted = caller.map(|caller| Arc::clone(&caller.tenant));
        let tenant = admitted.or_else(|| tenant_of(&self.app, incoming.header(AUTHORIZATION)));
        let target = incoming.target().to_owned();
        let api = "authsignal-management";
        let note = note::answered(api, operation, incoming, target, reply, why(reply));
        let ledger = tenant.as_deref().map(AuthsignalPart::ledger);
        self.app.record(ledger, note);
    }

    fn body_limit(&self) -> usize {
        self.app.behaviour.body_limit
    }
}

impl From<Writer<Self, Authsignal>> for ManagementCaller {
    fn from(writer: Writer<Self, Authsignal>) -> Self {
        writer.into_reader()
    }
}
