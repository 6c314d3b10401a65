//! The operations of Activeconnect.

use super::admission::{ActiveconnectApi, ActiveconnectCaller};
use super::convert::{description, done, ids, number, requested, requested_data};
use super::refusal::not_found;
use crate::domain::activeconnect::device::Registration;
use crate::domain::activeconnect::session::{Findings, Status};
use crate::domain::activeconnect::{Activeconnect, RegistrationSms};
use crate::generated::activeconnect::routes as api;
use crate::generated::activeconnect::types as wire;
use crate::http::access::Writer;
use crate::http::date::http_date;

impl api::Api for ActiveconnectApi {
    async fn add_users(
        &self,
        caller: Writer<ActiveconnectCaller, Activeconnect>,
        request: api::AddUsersRequest,
    ) -> api::AddUsersResponse {
        let users = ids(request.body);
        // The documented refusal; its reasons are not documented.
        let refused = |reason: String| {
            api::AddUsersResponse::Ok(wire::UsersUnchanged {
                status: false,
                users: None,
                reason: Some(reason),
            })
        };
        if users.is_empty() {
            return refused("users is empty; name at least one user".to_owned());
        }
        let added = caller.tenant.transact(|activeconnect, _| {
            activeconnect.room_for(&users)?;
            Ok(activeconnect.add_users(users))
        });
        let added = match added {
            Ok(added) => added,
            Err(reason) => return refused(reason),
        };
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
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
        caller
            .tenant
            .transact(|activeconnect, _| activeconnect.delete_users(&users));
        api::DeleteUsersResponse::Ok(done())
    }

    async fn device_registration_link(
        &self,
        caller: Writer<ActiveconnectCaller, Activeconnect>,
        request: api::DeviceRegistrationLinkRequest,
    ) -> api::DeviceRegistrationLinkResponse {
        let made = caller.tenant.transact(|activeconnect, turn| {
            activeconnect.registration_link(turn, &request.user_id)
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
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
        let sent = caller.tenant.transact(|activeconnect, turn| {
            activeconnect.send_registration_sms(turn, &request.user_id, sms, |token| {
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
        caller: ActiveconnectCaller,
        request: api::HasRegisteredMobileDeviceRequest,
    ) -> api::HasRegisteredMobileDeviceResponse {
        match caller
            .tenant
            .look(|activeconnect, _| activeconnect.has_device(&request.user_id))
        {
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
        request: api::LostUserMobileDeviceRequest,
    ) -> api::LostUserMobileDeviceResponse {
        let made = caller
            .tenant
            .transact(|activeconnect, turn| activeconnect.lost_device(turn, &request.user_id));
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
        request: api::AuthenticateUserRequest,
    ) -> api::AuthenticateUserResponse {
        let requested = requested(request.methods.as_deref(), request.duration_seconds);
        let started = caller.tenant.transact(|activeconnect, turn| {
            activeconnect.authenticate(turn, &request.user_id, requested)
        });
        match started {
            Ok(Some(started)) => {
                api::AuthenticateUserResponse::Accepted(wire::AuthenticationStarted {
                    authentication_status: wire::StartedAuthentication {
                        authenticated: true,
                        session_status: started.status.into(),
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
        caller: ActiveconnectCaller,
        request: api::SessionStatusRequest,
    ) -> api::SessionStatusResponse {
        match caller
            .tenant
            .look(|activeconnect, now| activeconnect.session_status(&request.session_token, now))
        {
            Ok(status) => {
                let (session_status, authenticated) = (status.into(), status.authenticated());
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
        request: api::SessionLogoutRequest,
    ) -> api::SessionLogoutResponse {
        match caller.tenant.transact(|activeconnect, turn| {
            activeconnect.close_session(&request.session_token, turn.now)
        }) {
            Ok(true) => api::SessionLogoutResponse::Ok(done()),
            Ok(false) => {
                let reason = Some("the session had already ended".to_owned());
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
        request: api::RegisterDeviceRequest,
    ) -> api::RegisterDeviceResponse {
        let description = description(request.body.device);
        let registered = caller.tenant.transact(|activeconnect, turn| {
            activeconnect.register(turn, &request.registration_token, description)
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
        request: api::UpdateDeviceRequest,
    ) -> api::UpdateDeviceResponse {
        let description = description(request.body.device);
        match caller.tenant.transact(|activeconnect, _| {
            activeconnect.update_device(&request.device_id, description)
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
        request: api::UnregisterDeviceRequest,
    ) -> api::UnregisterDeviceResponse {
        match caller
            .tenant
            .transact(|activeconnect, _| activeconnect.unregister_device(&request.device_id))
        {
            Ok(()) => api::UnregisterDeviceResponse::Ok(done()),
            Err(refusal) => api::UnregisterDeviceResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn send_training_data(
        &self,
        caller: Writer<ActiveconnectCaller, Activeconnect>,
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
        match caller
            .tenant
            .transact(|activeconnect, _| activeconnect.train(&request.device_id, images))
        {
            Ok(()) => api::SendTrainingDataResponse::Ok(done()),
            Err(refusal) => api::SendTrainingDataResponse::NotFound(not_found(&refusal)),
        }
    }

    async fn active_sessions(
        &self,
        caller: ActiveconnectCaller,
        request: api::ActiveSessionsRequest,
    ) -> api::ActiveSessionsResponse {
        let running = caller
            .tenant
            .look(|activeconnect, now| activeconnect.active_sessions(&request.device_id, now));
        match running {
            Ok(running) => {
                let sessions = running
                    .into_iter()
                    .map(|session| wire::ActiveSession {
                        created_at: http_date(session.started),
                        session_status: session.status.into(),
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
        caller: ActiveconnectCaller,
        request: api::PendingRequestsRequest,
    ) -> api::PendingRequestsResponse {
        let application = caller.tenant.account();
        let open = caller
            .tenant
            .look(|activeconnect, now| activeconnect.pending_requests(&request.device_id, now));
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
        request: api::StartIdentificationRequest,
    ) -> api::StartIdentificationResponse {
        let started = caller.tenant.transact(|activeconnect, turn| {
            activeconnect.start_identification(&request.auth_request_id, turn.now)
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
        caller: Writer<ActiveconnectCaller, Activeconnect>,
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
        let answered = caller.tenant.transact(|activeconnect, turn| {
            activeconnect.answer(&request.auth_request_id, findings, turn.now)
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
