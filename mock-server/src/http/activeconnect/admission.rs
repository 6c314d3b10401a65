//! Who may call: an application, a device or a session, by its signature. Knows no operation.

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use http::header::{HOST, HeaderMap, HeaderValue};

use super::refusal::{failure, why};
use crate::domain::activeconnect::signature::{Fault, HEADERS, Presented, shortened};
use crate::domain::activeconnect::{Activeconnect, Refusal, device};
use crate::generated::activeconnect::operations;
use crate::http::access::Writer;
use crate::http::date::date_of;
use crate::http::origin::{Base, FOREIGN, is_from_page, reached};
use crate::http::surface::{Incoming, Operation, Planned, Rejection, Reply, Surface, repeats};
use crate::http::{faults, note};
use crate::runtime::App;
use crate::runtime::faults::Api;
use crate::runtime::part::{ActiveconnectPart, PartReader};

/// The API of every application of a mock.
#[derive(Debug)]
pub(crate) struct ActiveconnectApi {
    app: Arc<App>,
}

/// The admitted application, device or session, and how it reached this server.
#[derive(Clone, Debug)]
pub(crate) struct ActiveconnectCaller {
    pub(super) tenant: PartReader<Activeconnect>,
    /// How the caller reached this server, for the URLs of the answer.
    pub(super) base: Base,
}

/// The one query parameter in which `://` can stand.
const FREE_TEXT: &str = "display_name";

/// The place of a rejected duration, which IAMPASS's clients send without a check.
const DURATION: &str = "query parameter duration_seconds";

/// An id and the secret that goes with it.
type Credentials<'a> = (Cow<'a, str>, Cow<'a, str>);

impl ActiveconnectApi {
    /// The API of the applications of `app`.
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// The signer that an operation requires, with a name for messages; none if the tenant has no such credentials.
    fn expected<'a>(
        operation: &Operation,
        incoming: &Incoming,
        tenant: &'a ActiveconnectPart,
    ) -> Result<(Vec<Credentials<'a>>, &'static str), AdmissionError> {
        let parameter = |name| {
            incoming
                .path_parameter(operation, name)
                .map_err(AdmissionError::Rejected)
        };
        let schemes: Vec<&str> = operation
            .security
            .iter()
            .flat_map(|set| set.iter().copied())
            .collect();
        let mut credentials: Vec<Credentials<'a>> = Vec::new();
        let owned = |(id, secret): (String, String)| (Cow::Owned(id), Cow::Owned(secret));
        let of_device = |device: device::Credentials| (device.id, device.secret);
        let has = |scheme: &str| schemes.contains(&scheme);
        if has("applicationSignature") {
            let application = tenant.account();
            credentials.push((
                Cow::Borrowed(&application.id),
                Cow::Borrowed(&application.secret),
            ));
            return Ok((credentials, "application id and application secret"));
        }
        if has("sessionSignature") {
            let token = parameter("session_token")?;
            let (secret, device) = tenant.look(|activeconnect, _| {
                Ok::<_, Refusal>((
                    activeconnect.session_secret(&token)?,
                    activeconnect.session_device(&token)?,
                ))
            })?;
            credentials.push(owned((token, secret)));
            if has("deviceSignature") {
                credentials.extend(device.map(of_device).map(owned));
                return Ok((
                    credentials,
                    "session_token and session_secret, or by the user's device with its own",
                ));
            }
            return Ok((credentials, "session_token and session_secret"));
        }
        if has("requestSignature") {
            let request = parameter("auth_request_id")?;
            let secret = tenant.look(|activeconnect, _| activeconnect.request_secret(&request))?;
            credentials.push(owned((request, secret)));
            return Ok((
                credentials,
                "auth_request_id and identification_data_secret",
            ));
        }
        // A device: the one in the path, or the one of the request's user.
        if operation
            .path_parameters
            .iter()
            .any(|(name, _)| *name == "device_id")
        {
            let device = parameter("device_id")?;
            let secret = tenant.look(|activeconnect, _| activeconnect.device_secret(&device))?;
            credentials.push(owned((device, secret)));
        } else {
            let request = parameter("auth_request_id")?;
            let device = tenant.look(|activeconnect, _| activeconnect.request_device(&request))?;
            credentials.extend(device.map(of_device).map(owned));
        }
        Ok((credentials, "device_id and device_secret"))
    }

    fn check_signature(
        &self,
        operation: &Operation,
        incoming: &Incoming,
        tenant: &ActiveconnectPart,
        base: &Base,
    ) -> Result<(), AdmissionError> {
        // What the path names comes first: of something unknown the secret is unknown, too.
        let (credentials, expected) = Self::expected(operation, incoming, tenant)?;
        let behaviour = &self.app.behaviour;
        if !behaviour.verify_signatures {
            return Ok(());
        }
        each_once(&incoming.parts.headers)?;
        let presented = Presented::read(|name| {
            // As bytes: an id need not be ASCII.
            let value = incoming.parts.headers.get(name)?;
            std::str::from_utf8(value.as_bytes()).ok()
        })?;
        let Some((_, secret)) = credentials.iter().find(|(id, _)| id == presented.client_id) else {
            return Err(Fault::WrongClient {
                presented: presented.client_id.to_owned(),
                expected,
            }
            .into());
        };
        let target = incoming.target();
        let takes_text = operation.query_parameters.contains(&FREE_TEXT);
        let shortened = takes_text
            .then(|| shortened(target, FREE_TEXT, is_request))
            .flatten();
        let named = incoming
            .header(HOST)
            .filter(|_| matches!(base, Base::Public(_)));
        // A caller beside the mock signs the host that it names, also where others use the public URL.
        let beside = named.is_some_and(|host| {
            let url = format!("{host}{target}");
            presented.check(secret, &url, shortened).is_ok()
        });
        if !beside {
            // A proxy may have changed the host and the path. The caller has signed what it sent to the proxy.
            let url = [base.authority(), base.prefix(), target].concat();
            presented.check(secret, &url, shortened)?;
        }
        if presented.other_version {
            tracing::warn!(
                operation = operation.id,
                "a signature says that it is of another version than 1; the mock checked it as version 1"
            );
        }
        let now = self.app.clock.signing_time();
        if let Some(window) = behaviour.signature_window()
            && presented.timestamp.abs_diff(now) > window
        {
            return Err(Fault::Stale {
                timestamp: presented.timestamp,
                now,
                window,
            }
            .into());
        }
        if behaviour.refuse_replays {
            // Where the window is open, a signature never goes stale, and its nonce is kept as long as there is room.
            let window = behaviour
                .signature_window()
                .and_then(|window| i64::try_from(window).ok());
            let until = window.map_or(i64::MAX, |window| {
                presented.timestamp.saturating_add(window)
            });
            if !tenant
                .ledger()
                .first_use(presented.client_id, presented.nonce, now, until)
            {
                let (client_id, nonce) =
                    (presented.client_id.to_owned(), presented.nonce.to_owned());
                return Err(Fault::Replayed { client_id, nonce }.into());
            }
        }
        Ok(())
    }
}

/// Refuses a header of the signature that is there twice: a proxy may check one of them, and the mock the other.
fn each_once(headers: &HeaderMap) -> Result<(), Fault> {
    let mut names = HEADERS.into_iter().flatten();
    match names.find(|name| repeats(headers, **name)) {
        Some(name) => Err(Fault::Repeated(name)),
        None => Ok(()),
    }
}

/// Whether a target is that of an operation, so that its signature covers all that it asks for. Extra slashes count for
/// nothing, as some clients write them.
fn is_request(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or(target);
    let segments = |path: &'static str| path.split('/').filter(|part| !part.is_empty());
    let given: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    operations::ALL.iter().any(|operation| {
        let mut parts = segments(operation.path);
        let mut rest = given.iter();
        parts.all(|part| {
            rest.next()
                .is_some_and(|given| part.starts_with('{') || part == *given)
        })
    })
}

/// Why a caller is not admitted.
enum AdmissionError {
    Rejected(Rejection),
    Unknown(Refusal),
    Fault(Fault),
}

impl From<Refusal> for AdmissionError {
    fn from(refusal: Refusal) -> Self {
        Self::Unknown(refusal)
    }
}

impl From<Fault> for AdmissionError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Surface for ActiveconnectApi {
    type Caller = Writer<ActiveconnectCaller, Activeconnect>;
    type Reader = ActiveconnectCaller;

    fn strict(&self) -> bool {
        self.app.behaviour.strict
    }

    fn admit(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
    ) -> Result<Self::Caller, Reply> {
        let reject = |rejection| self.reject(operation, rejection);
        let (headers, extensions) = (&incoming.parts.headers, &incoming.parts.extensions);
        if !self.app.behaviour.verify_signatures && is_from_page(&self.app, headers, extensions) {
            return Err(failure(StatusCode::FORBIDDEN, FOREIGN));
        }
        let application_id = incoming
            .path_parameter(operation, "application_id")
            .map_err(reject)?;
        let base = reached(&self.app, headers, extensions).map_err(reject)?;
        let Some(tenant) = self.app.application(&application_id) else {
            let reason = format!(
                "Client Application {application_id} not found; GET /_mock/tenants lists the ids of the mock"
            );
            return Err(failure(StatusCode::NOT_FOUND, reason));
        };
        if !operation.security.is_empty() {
            self.check_signature(operation, incoming, &tenant, &base)
                .map_err(|error| match error {
                    AdmissionError::Rejected(rejection) => self.reject(operation, rejection),
                    AdmissionError::Unknown(refusal) => {
                        failure(StatusCode::NOT_FOUND, refusal.to_string())
                    }
                    AdmissionError::Fault(fault) => {
                        failure(StatusCode::UNAUTHORIZED, fault.to_string())
                    }
                })?;
        }
        let caller = ActiveconnectCaller {
            tenant: PartReader::new(Arc::clone(&tenant)),
            base,
        };
        Ok(Writer::new(caller, tenant))
    }

    fn reject(&self, operation: &'static Operation, rejection: Rejection) -> Reply {
        if rejection.place == DURATION {
            // IAMPASS's clients return None for a 400, so nobody else says why.
            tracing::warn!(operation = operation.id, "refused: {rejection}");
        }
        failure(rejection.kind.status(), rejection.to_string())
    }

    fn forced(&self, _operation: &'static Operation, status: StatusCode, why: &str) -> Reply {
        failure(status, why)
    }

    fn planned(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: &Self::Caller,
    ) -> Option<Arc<Planned>> {
        let ledger = caller.tenant.ledger();
        faults::planned(ledger, Api::Activeconnect, operation, incoming, None)
    }

    fn has_remarks(&self, caller: &Self::Caller) -> bool {
        caller.tenant.ledger().is_staged()
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
        let tenant = admitted.or_else(|| {
            let application_id = incoming.path_parameter(operation, "application_id").ok()?;
            self.app.application(&application_id)
        });
        let target = masked(operation, incoming.target()).into_owned();
        let note = note::answered(
            "activeconnect",
            operation,
            incoming,
            target,
            reply,
            why(reply),
        );
        let ledger = tenant.as_deref().map(ActiveconnectPart::ledger);
        self.app.record(ledger, note);
    }

    fn body_limit(&self) -> usize {
        self.app.behaviour.body_limit
    }
}

/// A target without the secret that a registration link carries.
fn masked<'a>(operation: &Operation, target: &'a str) -> Cow<'a, str> {
    let secret = operation
        .path_parameters
        .iter()
        .find(|(name, _)| *name == "registration_token");
    let Some((_, index)) = secret else {
        return Cow::Borrowed(target);
    };
    let path = target.split('?').next().unwrap_or(target);
    // The first part of the split is the nothing before the first slash.
    let parts: Vec<_> = path
        .split('/')
        .enumerate()
        .map(|(at, part)| if at == index + 1 { "***" } else { part })
        .collect();
    Cow::Owned(parts.join("/"))
}

impl From<Writer<Self, Activeconnect>> for ActiveconnectCaller {
    fn from(writer: Writer<Self, Activeconnect>) -> Self {
        writer.into_reader()
    }
}

#[cfg(test)]
mod tests {
    use super::{is_request, masked};
    use crate::generated::activeconnect::operations;

    #[test]
    fn a_target_of_an_operation_is_a_request_whatever_follows() {
        for operation in operations::ALL {
            assert!(is_request(operation.path), "{}", operation.path);
            let longer = format!("/{}/more?x=y", operation.path);
            assert!(is_request(&longer), "{longer}");
        }
        for target in ["", "/", "/y", "/management", "/management/unknown/a/b"] {
            assert!(!is_request(target), "{target}");
        }
    }

    #[test]
    fn the_journal_does_not_see_a_registration_token() {
        let register = &operations::REGISTER_DEVICE;
        assert_eq!(
            masked(register, "/register/app/token?token=token"),
            "/register/app/***"
        );
        let add = &operations::ADD_USERS;
        assert_eq!(
            masked(add, "/management/add_users/app?x"),
            "/management/add_users/app?x"
        );
    }
}
