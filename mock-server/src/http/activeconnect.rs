//! Activeconnect over HTTP: who may call, and the translation between wire types and the domain. Decides nothing about
//! users, devices or sessions itself.

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use http::header::{HOST, HeaderValue};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::FORCED;
use super::surface::{Incoming, Operation, Rejection, RejectionKind, Reply, Surface};
use super::{base, carried, is_host};
use crate::domain::World;
use crate::domain::activeconnect::device::{Description, Registration};
use crate::domain::activeconnect::session::{Findings, Requested, Status};
use crate::domain::activeconnect::signature::{Fault, Presented};
use crate::domain::activeconnect::{Refusal, Registered, RegistrationSms, device, links};
use crate::generated::activeconnect::{operations, routes as api, types as wire};
use crate::runtime::journal::Note;
use crate::runtime::{App, Tenant};

/// How many pictures a phone is asked for, for training and for recognition. No source gives a figure.
const IMAGES: i32 = 3;

/// The API of every application of a mock.
#[derive(Debug)]
pub struct Activeconnect {
    app: Arc<App>,
}

/// Whoever was admitted, and where they reached the mock.
#[derive(Clone, Debug)]
pub struct Caller {
    tenant: Arc<Tenant>,
    /// The host that the caller used, for the URLs of the answer.
    host: HeaderValue,
}

/// An answer that tells why a request failed.
pub fn failure(status: StatusCode, reason: impl Into<String>) -> Reply {
    Reply::json(status, &failed(reason))
}

fn failed(reason: impl Into<String>) -> wire::Failure {
    wire::Failure {
        status: false,
        reason: reason.into(),
    }
}

fn not_found(refusal: &Refusal) -> wire::Failure {
    failed(refusal.to_string())
}

/// An id and the secret that goes with it.
type Credentials<'a> = (Cow<'a, str>, Cow<'a, str>);

impl Activeconnect {
    /// The API of the applications of `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// Whose signature an operation takes, with words for them; nobody's where the world holds no such credentials.
    fn expected<'a>(
        operation: &Operation,
        incoming: &Incoming,
        tenant: &'a Tenant,
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
            let application = tenant.application();
            credentials.push((
                Cow::Borrowed(&application.id),
                Cow::Borrowed(&application.secret),
            ));
            return Ok((credentials, "application id and application secret"));
        }
        if has("sessionSignature") {
            let token = parameter("session_token")?;
            let (secret, device) = tenant.transact(|world, _| {
                let activeconnect = &world.activeconnect;
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
            let secret =
                tenant.transact(|world, _| world.activeconnect.request_secret(&request))?;
            credentials.push(owned((request, secret)));
            return Ok((
                credentials,
                "auth_request_id and identification_data_secret",
            ));
        }
        // A device: that of the path, or that of the user whose request it is.
        if operation
            .path_parameters
            .iter()
            .any(|(name, _)| *name == "device_id")
        {
            let device = parameter("device_id")?;
            let secret = tenant.transact(|world, _| world.activeconnect.device_secret(&device))?;
            credentials.push(owned((device, secret)));
        } else {
            let request = parameter("auth_request_id")?;
            let device =
                tenant.transact(|world, _| world.activeconnect.request_device(&request))?;
            credentials.extend(device.map(of_device).map(owned));
        }
        Ok((credentials, "device_id and device_secret"))
    }

    fn check_signature(
        &self,
        operation: &Operation,
        incoming: &Incoming,
        tenant: &Tenant,
        host: &HeaderValue,
    ) -> Result<(), AdmissionError> {
        // What the path names comes first: of something unknown the secret is unknown, too.
        let (credentials, expected) = Self::expected(operation, incoming, tenant)?;
        let behaviour = &self.app.behaviour;
        if !behaviour.verify_signatures {
            return Ok(());
        }
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
        // A host was text before it was a host.
        let host = host.to_str().unwrap_or_default();
        presented.check(secret, &format!("{host}{}", incoming.target()))?;
        let now = self.app.clock.signing_time();
        if let Some(window) = behaviour.signature_window
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
                .signature_window
                .and_then(|window| i64::try_from(window).ok());
            let until = window.map_or(i64::MAX, |window| {
                presented.timestamp.saturating_add(window)
            });
            if !tenant.first_use(presented.client_id, presented.nonce, now, until) {
                let (client_id, nonce) =
                    (presented.client_id.to_owned(), presented.nonce.to_owned());
                return Err(Fault::Replayed { client_id, nonce }.into());
            }
        }
        Ok(())
    }
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

impl Surface for Activeconnect {
    type Caller = Caller;

    fn admit(&self, operation: &'static Operation, incoming: &Incoming) -> Result<Caller, Reply> {
        let reject = |rejection| self.reject(operation, rejection);
        let application_id = incoming
            .path_parameter(operation, "application_id")
            .map_err(reject)?;
        let host = incoming
            .parts
            .headers
            .get(HOST)
            .filter(|host| is_host(host))
            .ok_or_else(|| {
                reject(Rejection::malformed(
                    "header Host",
                    "is missing or is no host: the answer's URLs are made of it",
                ))
            })?;
        let Some(tenant) = self.app.application(&application_id) else {
            let reason = format!(
                "Client Application {application_id} not found; the mock's start prints those it has"
            );
            return Err(failure(StatusCode::NOT_FOUND, reason));
        };
        if !operation.security.is_empty() {
            self.check_signature(operation, incoming, tenant, host)
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
        Ok(Caller {
            tenant: Arc::clone(tenant),
            host: host.clone(),
        })
    }

    fn reject(&self, _operation: &'static Operation, rejection: Rejection) -> Reply {
        let status = match rejection.kind {
            RejectionKind::Malformed => StatusCode::BAD_REQUEST,
            RejectionKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        };
        failure(status, rejection.to_string())
    }

    fn forced(&self, _operation: &'static Operation, status: StatusCode) -> Reply {
        failure(status, FORCED)
    }

    fn answered(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: Option<&Caller>,
        reply: &Reply,
    ) {
        let tenant = match caller {
            Some(caller) => Some(&caller.tenant),
            None => {
                let application_id = incoming.path_parameter(operation, "application_id").ok();
                application_id.and_then(|id| self.app.application(&id))
            }
        };
        let note = Note {
            api: "activeconnect",
            operation: Some(operation.id),
            method: operation.method.into(),
            target: masked(operation, incoming.target()).into_owned(),
            status: reply.status.as_u16(),
            reason: (reply.status.as_u16() >= 400)
                .then(|| serde_json::from_slice::<wire::Failure>(&reply.body).ok())
                .flatten()
                .map(|failure| failure.reason),
            wire: carried(&incoming.parts.headers, &incoming.body, &reply.body),
        };
        self.app.record(tenant, note);
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

/// The template of an operation that answers link to.
fn template(operation_id: &str) -> &'static str {
    operations::ALL
        .iter()
        .find(|operation| operation.id == operation_id)
        .map_or("", |operation| operation.path)
}

impl Caller {
    fn transact<T>(&self, step: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        self.tenant.transact(step)
    }

    /// The URL of an operation on something of this application.
    fn url(&self, operation_id: &str, id: &str) -> String {
        links::url(
            &base(&self.host),
            template(operation_id),
            &[&self.tenant.application().id, id],
        )
    }

    fn registered(&self, registered: Registered) -> wire::RegisteredDevice {
        let application = self.tenant.application();
        let device = registered.device;
        wire::RegisteredDevice {
            service: Some(wire::Service {
                service_id: device.service_id,
                service_secret: device.service_secret,
                service_urls: wire::ServiceUrls {
                    active_sessions: self.url("active_sessions", &device.id),
                    device_configuration: self.url("update_device", &device.id),
                    device_unregister: self.url("unregister_device", &device.id),
                    pending_requests: self.url("pending_requests", &device.id),
                    training_data: self.url("send_training_data", &device.id),
                },
            }),
            device: Some(wire::DeviceCredentials {
                device_id: device.id,
                device_secret: device.secret,
            }),
            training: Some(wire::Training {
                facial: Some(wire::FacialTraining { num_images: IMAGES }),
            }),
            user: Some(wire::PhoneUser {
                application_id: application.id.clone(),
                application_name: application.name.clone(),
                user_id: number(registered.user_number),
            }),
        }
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn done() -> wire::Acknowledgement {
    wire::Acknowledgement {
        status: true,
        reason: None,
    }
}

fn ids(list: wire::UserList) -> Vec<String> {
    list.users.into_iter().map(String::from).collect()
}

fn description(device: wire::DeviceDescription) -> Description {
    Description {
        notification_token: device.notification_token,
        name: device.name,
    }
}

/// The wire's word for a status.
fn status_word(status: Status) -> wire::SessionStatus {
    match status {
        Status::Pending => wire::SessionStatus::Pending,
        Status::Identifying => wire::SessionStatus::Identifying,
        Status::Active => wire::SessionStatus::Active,
        Status::Walkaway => wire::SessionStatus::Walkaway,
        Status::Timeout => wire::SessionStatus::Timeout,
        Status::Cancelled => wire::SessionStatus::Cancelled,
        Status::Failed => wire::SessionStatus::Failed,
        Status::Closed => wire::SessionStatus::Closed,
    }
}

/// What the named methods ask of a phone. Without any the service picks, and this one picks a prompt.
fn requested(methods: Option<&[wire::AuthenticationMethod]>) -> Requested {
    let methods = methods
        .filter(|methods| !methods.is_empty())
        .unwrap_or(&[wire::AuthenticationMethod::Acceptance]);
    let has = |method| methods.contains(&method);
    Requested {
        acceptance: has(wire::AuthenticationMethod::Acceptance),
        os_authentication: has(wire::AuthenticationMethod::Device),
        facial: has(wire::AuthenticationMethod::Facial),
    }
}

impl api::Api for Activeconnect {
    async fn add_users(
        &self,
        caller: Caller,
        request: api::AddUsersRequest,
    ) -> api::AddUsersResponse {
        let users = ids(request.body);
        if users.is_empty() {
            // The documented refusal; its reasons are not documented.
            let reason = Some("users is empty; name at least one user".to_owned());
            return api::AddUsersResponse::Ok(wire::UsersUnchanged {
                status: false,
                users: None,
                reason,
            });
        }
        let added = caller.transact(|world, _| world.activeconnect.add_users(users));
        let nothing_new = added.created.is_empty();
        let users = Some(wire::UserOutcome {
            created: Some(added.created),
            existing: Some(added.existing),
        });
        if nothing_new {
            return api::AddUsersResponse::Ok(wire::UsersUnchanged {
                status: true,
                users,
                reason: None,
            });
        }
        api::AddUsersResponse::Created(wire::UsersCreated {
            status: true,
            users,
        })
    }

    async fn delete_users(
        &self,
        caller: Caller,
        request: api::DeleteUsersRequest,
    ) -> api::DeleteUsersResponse {
        let users = ids(request.body);
        if users.is_empty() {
            let reason = Some("users is empty; name at least one user".to_owned());
            return api::DeleteUsersResponse::Ok(wire::Acknowledgement {
                status: false,
                reason,
            });
        }
        caller.transact(|world, _| world.activeconnect.delete_users(&users));
        api::DeleteUsersResponse::Ok(done())
    }

    async fn device_registration_link(
        &self,
        caller: Caller,
        request: api::DeviceRegistrationLinkRequest,
    ) -> api::DeviceRegistrationLinkResponse {
        let made = caller.transact(|world, now| {
            world
                .activeconnect
                .registration_link(&mut world.ids, &request.user_id, now)
        });
        match made {
            Ok(token) => api::DeviceRegistrationLinkResponse::Ok(wire::RegistrationLink {
                status: true,
                register_url: Some(caller.url("register_device", &token)),
            }),
            Err(refusal) => api::DeviceRegistrationLinkResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn send_registration_sms(
        &self,
        caller: Caller,
        request: api::SendRegistrationSmsRequest,
    ) -> api::SendRegistrationSmsResponse {
        let wire::RegistrationSms {
            phone_number,
            message,
            ..
        } = request.body;
        let sms = RegistrationSms {
            phone_number,
            message,
        };
        let sent = caller.transact(|world, now| {
            let World {
                ids,
                outbox,
                activeconnect,
                ..
            } = world;
            activeconnect.send_registration_sms(ids, outbox, &request.user_id, sms, now, |token| {
                caller.url("register_device", token)
            })
        });
        match sent {
            Ok(Ok(())) => api::SendRegistrationSmsResponse::Ok(done()),
            Ok(Err(reason)) => api::SendRegistrationSmsResponse::Ok(wire::Acknowledgement {
                status: false,
                reason: Some(reason),
            }),
            Err(refusal) => api::SendRegistrationSmsResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn has_registered_mobile_device(
        &self,
        caller: Caller,
        request: api::HasRegisteredMobileDeviceRequest,
    ) -> api::HasRegisteredMobileDeviceResponse {
        match caller.transact(|world, _| world.activeconnect.has_device(&request.user_id)) {
            Ok(device_registered) => {
                api::HasRegisteredMobileDeviceResponse::Ok(wire::DeviceRegistered {
                    status: true,
                    device_registered,
                })
            }
            Err(refusal) => api::HasRegisteredMobileDeviceResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn lost_user_mobile_device(
        &self,
        caller: Caller,
        request: api::LostUserMobileDeviceRequest,
    ) -> api::LostUserMobileDeviceResponse {
        let made = caller.transact(|world, now| {
            world
                .activeconnect
                .lost_device(&mut world.ids, &request.user_id, now)
        });
        match made {
            Ok(token) => api::LostUserMobileDeviceResponse::Ok(wire::RegistrationLink {
                status: true,
                register_url: Some(caller.url("register_device", &token)),
            }),
            Err(refusal) => api::LostUserMobileDeviceResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn authenticate_user(
        &self,
        caller: Caller,
        request: api::AuthenticateUserRequest,
    ) -> api::AuthenticateUserResponse {
        let requested = requested(request.methods.as_deref());
        let started = caller.transact(|world, now| {
            world
                .activeconnect
                .authenticate(&mut world.ids, &request.user_id, requested, now)
        });
        match started {
            Ok(Some(started)) => {
                api::AuthenticateUserResponse::Accepted(wire::AuthenticationStarted {
                    authentication_status: wire::StartedAuthentication {
                        authenticated: true,
                        session_status: status_word(started.status),
                        status_url: caller.url("session_status", &started.token),
                        logout_url: caller.url("session_logout", &started.token),
                        session_token: started.token,
                        session_secret: started.secret,
                    },
                })
            }
            Ok(None) => api::AuthenticateUserResponse::Ok(wire::AuthenticationRefused {
                authentication_status: wire::RefusedAuthentication {
                    authenticated: false,
                    // Python client 0.0.4 needs a status here, too.
                    session_status: Some(wire::SessionStatus::Failed),
                    reason: "NO_MOBILE_DEVICE".to_owned(),
                },
            }),
            Err(refusal) => api::AuthenticateUserResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn session_status(
        &self,
        caller: Caller,
        request: api::SessionStatusRequest,
    ) -> api::SessionStatusResponse {
        match caller.transact(|world, now| {
            world
                .activeconnect
                .session_status(&request.session_token, now)
        }) {
            Ok(status) => {
                let (session_status, authenticated) = (status_word(status), status.authenticated());
                // Under the key for the Python client, bare for readers of the documentation.
                api::SessionStatusResponse::Ok(wire::SessionState {
                    authentication_status: wire::SessionStanding {
                        session_status,
                        authenticated,
                    },
                    session_status: Some(session_status),
                    authenticated: Some(authenticated),
                })
            }
            Err(refusal) => api::SessionStatusResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn session_logout(
        &self,
        caller: Caller,
        request: api::SessionLogoutRequest,
    ) -> api::SessionLogoutResponse {
        match caller.transact(|world, now| {
            world
                .activeconnect
                .close_session(&request.session_token, now)
        }) {
            Ok(true) => api::SessionLogoutResponse::Ok(done()),
            Ok(false) => {
                let reason = Some("the session was over already".to_owned());
                api::SessionLogoutResponse::Ok(wire::Acknowledgement {
                    status: false,
                    reason,
                })
            }
            Err(refusal) => api::SessionLogoutResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn register_device(
        &self,
        caller: Caller,
        request: api::RegisterDeviceRequest,
    ) -> api::RegisterDeviceResponse {
        let description = description(request.body.device);
        let registered = caller.transact(|world, now| {
            let World {
                ids, activeconnect, ..
            } = world;
            activeconnect.register(ids, &request.registration_token, description, now)
        });
        api::RegisterDeviceResponse::Ok(match registered {
            Ok(registered) => wire::RegistrationAnswer {
                status: wire::RegistrationStatus::Complete,
                device: Some(caller.registered(registered)),
            },
            Err(refused) => wire::RegistrationAnswer {
                status: match refused {
                    Registration::InvalidToken => wire::RegistrationStatus::InvalidToken,
                    Registration::Expired => wire::RegistrationStatus::Expired,
                    Registration::DuplicateDevice => wire::RegistrationStatus::DuplicateDevice,
                    Registration::ExistingMobileDevice => {
                        wire::RegistrationStatus::ExistingMobileDevice
                    }
                },
                device: None,
            },
        })
    }

    async fn update_device(
        &self,
        caller: Caller,
        request: api::UpdateDeviceRequest,
    ) -> api::UpdateDeviceResponse {
        let description = description(request.body.device);
        match caller.transact(|world, _| {
            world
                .activeconnect
                .update_device(&request.device_id, description)
        }) {
            Ok(registered) => api::UpdateDeviceResponse::Ok(wire::DeviceUpdated {
                status: true,
                reason: None,
                device: Some(caller.registered(registered)),
            }),
            Err(refusal) => api::UpdateDeviceResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn unregister_device(
        &self,
        caller: Caller,
        request: api::UnregisterDeviceRequest,
    ) -> api::UnregisterDeviceResponse {
        match caller.transact(|world, _| world.activeconnect.unregister_device(&request.device_id))
        {
            Ok(()) => api::UnregisterDeviceResponse::Ok(done()),
            Err(refusal) => api::UnregisterDeviceResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn send_training_data(
        &self,
        caller: Caller,
        request: api::SendTrainingDataRequest,
    ) -> api::SendTrainingDataResponse {
        let images = request.body.images.len();
        if images == 0 {
            let reason = Some("images is empty; send at least one picture".to_owned());
            return api::SendTrainingDataResponse::Ok(wire::Acknowledgement {
                status: false,
                reason,
            });
        }
        match caller.transact(|world, _| world.activeconnect.train(&request.device_id, images)) {
            Ok(()) => api::SendTrainingDataResponse::Ok(done()),
            Err(refusal) => api::SendTrainingDataResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn active_sessions(
        &self,
        caller: Caller,
        request: api::ActiveSessionsRequest,
    ) -> api::ActiveSessionsResponse {
        let running = caller
            .transact(|world, now| world.activeconnect.active_sessions(&request.device_id, now));
        match running {
            Ok(running) => {
                let sessions = running
                    .into_iter()
                    .map(|session| wire::ActiveSession {
                        created_at: http_date(session.started),
                        session_status: status_word(session.status),
                        logout_url: caller.url("session_logout", &session.token),
                        session_id: session.token,
                    })
                    .collect();
                api::ActiveSessionsResponse::Ok(wire::ActiveSessions {
                    status: true,
                    sessions,
                })
            }
            Err(refusal) => api::ActiveSessionsResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn pending_requests(
        &self,
        caller: Caller,
        request: api::PendingRequestsRequest,
    ) -> api::PendingRequestsResponse {
        let application = caller.tenant.application();
        let open = caller.transact(|world, now| {
            world
                .activeconnect
                .pending_requests(&request.device_id, now)
        });
        match open {
            Ok(open) => {
                let requests = open
                    .into_iter()
                    .map(|open| wire::AuthenticationRequest {
                        user_id: number(open.user_number),
                        application_id: application.id.clone(),
                        application_name: application.name.clone(),
                        identify: wire::Identify {
                            identification_data_secret: open.secret,
                            identification_url: caller.url("send_identification_data", &open.id),
                            identification_start_url: caller.url("start_identification", &open.id),
                            requested_data: requested_data(open.requested),
                        },
                        auth_request_id: open.id,
                    })
                    .collect();
                api::PendingRequestsResponse::Ok(wire::PendingRequests { requests })
            }
            Err(refusal) => api::PendingRequestsResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn start_identification(
        &self,
        caller: Caller,
        request: api::StartIdentificationRequest,
    ) -> api::StartIdentificationResponse {
        let started = caller.transact(|world, now| {
            world
                .activeconnect
                .start_identification(&request.auth_request_id, now)
        });
        match started {
            Ok(status) => api::StartIdentificationResponse::Ok(wire::IdentificationStarted {
                status,
                action: None,
            }),
            Err(refusal) => api::StartIdentificationResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn send_identification_data(
        &self,
        caller: Caller,
        request: api::SendIdentificationDataRequest,
    ) -> api::SendIdentificationDataResponse {
        let data = request.body.identification_data;
        let identified = |part: Option<wire::Identified>| part.is_some_and(|part| part.identified);
        let findings = Findings {
            cancelled: data.cancelled,
            acceptance: identified(data.acceptance),
            os_authentication: identified(data.os_authentication),
            images: data.facial.map_or(0, |facial| facial.images.len()),
        };
        let answered = caller.transact(|world, now| {
            world
                .activeconnect
                .answer(&request.auth_request_id, findings, now)
        });
        let (status, reason) = match answered {
            Ok(Some(Status::Failed)) => {
                (false, "a requested part is missing or was not identified")
            }
            Ok(Some(_)) => (true, ""),
            Ok(None) => (false, "the request is no longer open"),
            Err(refusal) => {
                return api::SendIdentificationDataResponse::NotFound(not_found(&refusal));
            }
        };
        let reason = reason.to_owned();
        api::SendIdentificationDataResponse::Ok(wire::IdentificationTaken {
            status,
            reason,
            error: None,
        })
    }
}

fn requested_data(requested: Requested) -> wire::RequestedData {
    wire::RequestedData {
        acceptance: requested.acceptance.then_some(wire::RequestedAcceptance {
            acceptance: wire::AcceptanceTerms { automatic: false },
        }),
        facial: requested.facial.then(|| wire::RequestedFacial {
            image: wire::ImageTerms {
                encoding: "jpeg".to_owned(),
                number: IMAGES,
            },
        }),
        os_authentication: requested
            .os_authentication
            .then_some(wire::RequestedOsAuthentication { exists: true }),
        // Callers cannot ask for it.
        proximity: None,
    }
}

/// A time like an HTTP date.
fn http_date(at: Timestamp) -> String {
    // Fails for years before our era alone.
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::{masked, operations, template};

    #[test]
    fn every_operation_that_answers_link_to_is_in_the_spec() {
        let linked = [
            "register_device",
            "session_status",
            "session_logout",
            "active_sessions",
            "update_device",
            "unregister_device",
            "pending_requests",
            "send_training_data",
            "send_identification_data",
            "start_identification",
        ];
        for id in linked {
            assert!(template(id).starts_with('/'), "{id}");
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
