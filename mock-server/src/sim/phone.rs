//! A simulated phone. Registers and answers by the same phone-side operations, with the same signatures, as a real
//! application would; walking away and running out of time have no public operation and go to the domain.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::domain::activeconnect::session::{Event, Status};
use crate::domain::activeconnect::signature;
use crate::domain::links;
use crate::generated::activeconnect::{operations, types};
use crate::runtime::App;
use crate::runtime::part::ActiveconnectPart;
use crate::runtime::seed::SIMULATED_PHONE;

/// The host that the simulated phone writes to. Every request stays inside the process.
const HOST: &str = "phone.stepup-mock.localhost";

/// What carries the phone's requests to the vendor's API.
pub trait Line: Send + Sync {
    /// Sends a request to a path of the API and gives status and body of the answer.
    fn send(
        &self,
        method: &str,
        host: &str,
        target: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> impl Future<Output = (u16, Bytes)> + Send;
}

/// Why a phone could not act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The request makes no sense.
    #[error("{0}")]
    Malformed(String),
    /// The application, the user or the link does not exist.
    #[error("{0}")]
    Unknown(String),
    /// The world does not allow it now.
    #[error("{0}")]
    Impossible(String),
}

/// An Activeconnect phone that was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegisteredPhone {
    /// Id of the application.
    pub application_id: String,
    /// Id of the user.
    pub user_id: String,
    /// Id of the device.
    pub device_id: String,
}

/// What a phone answers to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneAnswer {
    /// The person agrees, and every part that was asked for is found.
    Approve,
    /// The person refuses.
    Deny,
    /// The person agrees, and no part is found.
    Fail,
}

/// Every simulated phone of a mock.
#[derive(Debug)]
pub struct Phones<L> {
    line: L,
    nonces: AtomicU64,
}

impl<L: Line> Phones<L> {
    /// Phones that write through `line`.
    pub fn new(line: L) -> Self {
        Self {
            line,
            nonces: AtomicU64::new(1),
        }
    }

    /// What they write through.
    pub fn line(&self) -> &L {
        &self.line
    }

    /// Opens a registration link.
    ///
    /// # Errors
    /// The link is not one of this mock's, is not open, or the user has a device.
    pub async fn register(
        &self,
        app: &App,
        link: &str,
        name: Option<&str>,
    ) -> Result<RegisteredPhone, Trouble> {
        let path = path_of(link).unwrap_or_default();
        // A link through a proxy may have a path before the mock's own.
        let own = path.rmatch_indices('/').nth(2);
        let own = own.map_or("", |(at, _)| &path[at..]);
        let target = [path, own]
            .into_iter()
            .find(|path| is_registration(path))
            .ok_or_else(|| {
                Trouble::Malformed(
                    "link must be a registration link: http://HOST/register/APPLICATION/TOKEN"
                        .to_owned(),
                )
            })?;
        let name = name.unwrap_or(SIMULATED_PHONE);
        let body = json!({"device": {
            // The star marks a phone without push; the name makes one phone the same phone when it comes again.
            "notification_token": format!("*simulated:{name}"),
            "push_notification_class": "ios",
            "name": name,
            "os_version": "26.1",
            "application_version": "1.0",
            "application_identifier": "stepup.mock.phone",
            "active_connect_version": "0.2.1",
        }});
        let (status, answer) = self
            .line
            .send(
                "POST",
                HOST,
                target,
                Vec::new(),
                body.to_string().into_bytes(),
            )
            .await;
        if status == 404 {
            return Err(Trouble::Unknown(
                "the link's application does not exist in this mock".to_owned(),
            ));
        }
        let answer: types::RegistrationAnswer = read(status, &answer)?;
        registered(answer.status)?;
        let device = answer
            .device
            .and_then(|device| device.device.zip(device.user));
        let Some((credentials, user)) = device else {
            return Err(Trouble::Impossible(
                "the server registered the phone without giving it credentials".to_owned(),
            ));
        };
        let device_id = credentials.device_id;
        let application_id = user.application_id;
        let user_id = app
            .application(&application_id)
            .and_then(|tenant| {
                tenant.look(|activeconnect, _| activeconnect.user_of_device(&device_id))
            })
            .ok_or_else(|| {
                Trouble::Impossible("the user was deleted while the phone registered".to_owned())
            })?;
        Ok(RegisteredPhone {
            application_id,
            user_id,
            device_id,
        })
    }

    /// Answers the newest open request of a user; gives the session's status after it.
    ///
    /// # Errors
    /// The user is unknown, has no device, or has no open request.
    pub async fn answer(
        &self,
        app: &App,
        tenant: &ActiveconnectPart,
        user_id: &str,
        answer: PhoneAnswer,
    ) -> Result<Status, Trouble> {
        let device = tenant
            .look(|activeconnect, _| activeconnect.device_of(user_id))
            .map_err(|refusal| Trouble::Unknown(refusal.to_string()))?
            .ok_or_else(|| {
                Trouble::Impossible(format!(
                    "user {user_id} has no device; register a phone first"
                ))
            })?;
        let template = operations::PENDING_REQUESTS.path;
        let listing = links::url("", template, &[&tenant.account().id, &device.id]);
        let open: types::PendingRequests = self
            .signed(app, &device.id, &device.secret, &listing, Vec::new())
            .await?;
        let Some(request) = open.requests.into_iter().next_back() else {
            return Err(Trouble::Impossible(format!(
                "user {user_id} has no open authentication request; call authenticate_user first, and answer before the request expires"
            )));
        };
        let request_id = request.auth_request_id;
        let identify = request.identify;
        let started: types::IdentificationStarted = self
            .signed(
                app,
                &device.id,
                &device.secret,
                &identify.identification_start_url,
                Vec::new(),
            )
            .await?;
        if !started.status {
            return Err(Trouble::Impossible(format!(
                "the request of user {user_id} is no longer open"
            )));
        }
        let identified = answer == PhoneAnswer::Approve;
        let part =
            json!({"identified": identified, "status": if identified { "ok" } else { "no" }});
        let images: &[&str] = if identified { &["c2ltdWxhdGVk"] } else { &[] };
        let asked = &identify.requested_data;
        let mut data = json!({"cancelled": answer == PhoneAnswer::Deny});
        for (name, wanted, found) in [
            ("acceptance", asked.acceptance.is_some(), part.clone()),
            ("os_authentication", asked.os_authentication.is_some(), part),
            ("facial", asked.facial.is_some(), json!({"images": images})),
        ] {
            if wanted {
                data[name] = found;
            }
        }
        let body = json!({"identification_data": data})
            .to_string()
            .into_bytes();
        let _taken: types::IdentificationTaken = self
            .signed(
                app,
                &request_id,
                &identify.identification_data_secret,
                &identify.identification_url,
                body,
            )
            .await?;
        tenant
            .look(|activeconnect, now| activeconnect.request_status(&request_id, now))
            .map_err(|refusal| Trouble::Impossible(refusal.to_string()))
    }

    async fn signed<T: DeserializeOwned>(
        &self,
        app: &App,
        client_id: &str,
        secret: &str,
        url: &str,
        body: Vec<u8>,
    ) -> Result<T, Trouble> {
        let public = app.behaviour.public_url.as_ref();
        let path = match public.and_then(|public| url.strip_prefix(public.as_str())) {
            Some(path) => Some(path),
            None => path_of(url),
        };
        let target = path.ok_or_else(|| {
            Trouble::Impossible("the server gave the phone a URL without a path".to_owned())
        })?;
        // As the vendor's iOS framework writes it.
        let nonce = format!("{:016X}", self.nonces.fetch_add(1, Ordering::Relaxed));
        let timestamp = app.clock.signing_time().to_string();
        let signed = signature::sign(
            client_id,
            secret,
            &format!("{HOST}{target}"),
            &nonce,
            &timestamp,
        );
        let headers = vec![
            (signature::AUTHENTICATION, signed),
            (signature::TIMESTAMP[0], timestamp),
            (signature::VERSION[0], "1".to_owned()),
        ];
        let (status, answer) = self.line.send("POST", HOST, target, headers, body).await;
        read(status, &answer)
    }
}

/// Reads the status that a registration ended with.
fn registered(status: types::RegistrationStatus) -> Result<(), Trouble> {
    let why = match status {
        types::RegistrationStatus::Complete => return Ok(()),
        types::RegistrationStatus::InvalidToken => {
            return Err(Trouble::Unknown(
                "the link is unknown or was used: a link registers one device".to_owned(),
            ));
        }
        types::RegistrationStatus::Expired => "the link has expired; ask for a new one",
        types::RegistrationStatus::DuplicateDevice => {
            "this phone is already registered for the user"
        }
        types::RegistrationStatus::ExistingMobileDevice => {
            "the user has another device; lost_user_mobile_device disables it"
        }
        types::RegistrationStatus::Error => "the server could not register the phone",
    };
    Err(Trouble::Impossible(why.to_owned()))
}

/// Applies an event without a public operation to the user's newest matching session.
///
/// # Errors
/// The user is unknown, or has no matching session.
pub fn happen(tenant: &ActiveconnectPart, user_id: &str, event: Event) -> Result<Status, Trouble> {
    tenant
        .transact(|activeconnect, turn| activeconnect.happen(user_id, event, turn.now))
        .map_err(|refusal| Trouble::Unknown(refusal.to_string()))?
        .ok_or_else(|| {
            let needed = match event {
                Event::WalkAway => "no session is active; authenticate the user and approve first",
                Event::Return => "no session waits for the phone to return; walk away first",
                _ => "every session has ended; authenticate the user first",
            };
            Trouble::Impossible(format!("user {user_id}: {needed}"))
        })
}

/// Path and query of an absolute URL.
fn path_of(url: &str) -> Option<&str> {
    let url = url.trim();
    if url.starts_with('/') {
        return Some(url);
    }
    let (_, rest) = url.split_once("://")?;
    rest.find('/').map(|at| &rest[at..])
}

fn is_registration(path: &str) -> bool {
    let whole = |part: &str| {
        !part.is_empty()
            && !part.contains(|letter: char| letter.is_whitespace() || letter.is_control())
    };
    path.strip_prefix("/register/")
        .is_some_and(|rest| rest.split('/').count() == 2 && rest.split('/').all(whole))
}

fn read<T: DeserializeOwned>(status: u16, answer: &[u8]) -> Result<T, Trouble> {
    if (200..300).contains(&status)
        && let Ok(answer) = serde_json::from_slice(answer)
    {
        return Ok(answer);
    }
    let failure: Option<types::Failure> = serde_json::from_slice(answer).ok();
    let reason = failure.map_or_else(|| "no reason given".to_owned(), |failure| failure.reason);
    Err(Trouble::Impossible(format!(
        "the phone's request failed with status {status}: {reason}"
    )))
}

#[cfg(test)]
mod tests {
    use super::{is_registration, path_of};

    #[test]
    fn a_link_that_was_cut_off_is_none() {
        assert!(is_registration("/register/app/token"));
        for cut in [
            "/register/app",
            "/register/app/",
            "/register//token",
            "/register/a/b c",
            "/x/a/b",
        ] {
            assert!(!is_registration(cut), "{cut}");
        }
    }

    #[test]
    fn a_link_is_used_by_its_path() {
        assert_eq!(
            path_of("http://127.0.0.1:1/register/a/b?c=d"),
            Some("/register/a/b?c=d")
        );
        assert_eq!(path_of(" /register/a/b\n"), Some("/register/a/b"));
        assert_eq!(path_of("http://127.0.0.1"), None);
        assert_eq!(path_of("register"), None);
    }
}
