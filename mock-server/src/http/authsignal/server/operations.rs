//! The operations of the Server API.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use super::admission::{ServerApi, ServerCaller};
use super::convert::{
    action, attributes, call, call_started, device, ended, enrollment, found, known, listed, page,
    record, tokens, updated,
};
use super::flows::{start, verified};
use super::terminal;
use crate::domain::authsignal::action::Known;
use crate::domain::authsignal::address::Contact;
use crate::domain::authsignal::challenge::Attempt;
use crate::domain::authsignal::id_token::Identity;
use crate::domain::authsignal::user::User;
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::domain::authsignal::webhook::Surroundings;
use crate::domain::authsignal::{
    Authsignal, ChallengeRequest, Enrollment, Proof, Refusal, UserFilter,
};
use crate::domain::custom::Custom;
use crate::generated::authsignal::routes as api;
use crate::generated::authsignal::types as wire;
use crate::http::access::Writer;
use crate::http::authsignal::refusal::{refuse, told};
use crate::http::note::LACKED_AUTHENTICATOR;
use crate::http::surface::Refusable;
use crate::wire::authsignal::{authenticator, configuration, iso, legacy_authenticator, methods};
use crate::wire::method;

/// The action that login_with_email tracks.
const LOGIN: &str = "loginWithEmail";
/// Users of a page that names no limit.
const DEFAULT_LIMIT: usize = 100;

/// The answer of an operation: its success, or the refusal in its status.
fn respond<R: Refusable<Body = wire::ErrorResponse>>(outcome: Result<R, Refusal>) -> R {
    outcome.unwrap_or_else(|refusal| refuse(status_of(&refusal), &refusal, told))
}

/// The status of a refusal in the Server API.
fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        // The kiosk demo of the vendor tells a claimed challenge by this status.
        Refusal::Unauthorized(_)
        | Refusal::Expired
        | Refusal::ChallengeClaimed(_)
        | Refusal::ChallengeExpired(_) => StatusCode::UNAUTHORIZED,
        Refusal::NotFound(_) => StatusCode::NOT_FOUND,
        Refusal::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Invalid(_)
        | Refusal::Conflict
        | Refusal::AuthenticatorNotFound
        | Refusal::Forbidden(_)
        | Refusal::Unconfigured(_)
        | Refusal::Credential(_)
        | Refusal::UnknownCredential(_)
        | Refusal::InvalidAction(_)
        | Refusal::InvalidCode(_) => StatusCode::BAD_REQUEST,
    }
}

/// The claims of an ID token of Apple or Google. Its signature is not checked: the mock has no network to ask for keys.
fn id_token_claims(token: &str) -> Result<serde_json::Map<String, serde_json::Value>, Refusal> {
    let payload = token
        .split('.')
        .nth(1)
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    payload
        .and_then(|payload| serde_json::from_slice(&payload).ok())
        .ok_or_else(|| Refusal::Invalid("query parameter token is not an ID token".to_owned()))
}

/// The answer to a token that proves nothing.
fn unproven(error: &str) -> wire::Validated {
    wire::Validated {
        is_valid: false,
        state: None,
        state_updated_at: None,
        user_id: None,
        action: None,
        action_code: None,
        idempotency_key: None,
        verification_method: None,
        veriff_session_id: None,
        error: Some(error.to_owned()),
    }
}

/// The answer to an ID token. No action was tracked with it, so it has no state.
fn identified(identity: Identity, action: Option<String>) -> wire::Validated {
    wire::Validated {
        is_valid: true,
        state: None,
        state_updated_at: None,
        user_id: Some(identity.user_id),
        action_code: action.clone(),
        action,
        idempotency_key: None,
        verification_method: Some(identity.method.into()),
        veriff_session_id: None,
        error: None,
    }
}

fn success() -> wire::Success {
    wire::Success { success: true }
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

impl ServerApi {
    fn update(
        caller: &Writer<ServerCaller, Authsignal>,
        user_id: &str,
        body: wire::UserAttributes,
    ) -> Result<wire::UserRecord, Refusal> {
        let sent = body.default_verification_method;
        let attributes = attributes(body);
        caller.tenant.transact(|authsignal, turn| {
            let user = authsignal.update_user(turn, user_id, attributes)?;
            let mut answer = record(user_id, user);
            // Who sends a word can read it.
            answer.default_verification_method = sent.or(answer.default_verification_method);
            Ok(answer)
        })
    }
}

impl api::Api for ServerApi {
    async fn get_user(
        &self,
        caller: ServerCaller,
        request: api::GetUserRequest,
    ) -> api::GetUserResponse {
        let user_id = String::from(request.user_id);
        // Old SDKs name a page to come back to, and read a `url` to send the user to.
        let wants_page = request.redirect_url.is_some();
        let (mut answer, token) = caller.tenant.look(|authsignal, now| {
            let user = authsignal.user(&user_id);
            let attributes = user.map(|user| user.attributes.clone()).unwrap_or_default();
            let answer = wire::User {
                is_enrolled: user.is_some_and(User::is_enrolled),
                user_id: Some(user_id.clone()),
                email: attributes.email,
                email_verified: Some(attributes.email_verified.unwrap_or(false)),
                phone_number: attributes.phone_number,
                phone_number_verified: Some(attributes.phone_number_verified.unwrap_or(false)),
                username: attributes.username,
                display_name: attributes.display_name,
                locale: attributes.locale,
                allowed_verification_methods: methods(&authsignal.told_methods()),
                enrolled_verification_methods: methods(
                    &user.map(User::enrolled_methods).unwrap_or_default(),
                ),
                default_verification_method: user.and_then(User::default_method).map(Into::into),
                custom: attributes.custom.map(|custom| wire::Custom(custom.read())),
                url: None,
            };
            (
                answer,
                wants_page.then(|| authsignal.user_token(&user_id, None, &caller.base(), now)),
            )
        });
        answer.url = token.map(|token| caller.page(&token));
        api::GetUserResponse::Ok(answer)
    }

    async fn update_user(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::UpdateUserRequest,
    ) -> api::UpdateUserResponse {
        respond(
            Self::update(&caller, &request.user_id, request.body).map(api::UpdateUserResponse::Ok),
        )
    }

    async fn identify(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::IdentifyRequest,
    ) -> api::IdentifyResponse {
        respond(
            Self::update(&caller, &request.user_id, request.body).map(api::IdentifyResponse::Ok),
        )
    }

    async fn delete_user(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::DeleteUserRequest,
    ) -> api::DeleteUserResponse {
        let with_actions = request.actions.unwrap_or(false);
        caller.tenant.transact(|authsignal, turn| {
            authsignal.delete_user(turn, &request.user_id, with_actions);
        });
        api::DeleteUserResponse::Ok(success())
    }

    async fn query_users(
        &self,
        caller: ServerCaller,
        request: api::QueryUsersRequest,
    ) -> api::QueryUsersResponse {
        let limit = request
            .limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(DEFAULT_LIMIT);
        let query = || {
            let claims = request.token.as_deref().map(id_token_claims).transpose()?;
            let claimed = claims
                .as_ref()
                .map(|claims| claims.get("email").and_then(serde_json::Value::as_str));
            let email = match (request.email.clone(), claimed) {
                (Some(email), _) => Some(email),
                (None, Some(Some(email))) => Some(email.to_owned()),
                (None, Some(None)) => {
                    return Err(Refusal::Invalid(
                        "query parameter token has no email claim".to_owned(),
                    ));
                }
                (None, None) => None,
            };
            let filter = UserFilter {
                username: request.username.clone(),
                email,
                phone_number: request.phone_number.clone(),
            };
            let after = request.last_evaluated_user_id.as_deref();
            let (page, more) = caller
                .tenant
                .look(|authsignal, _| authsignal.query_users(&filter, after, limit))?;
            let last = page.last().map(|(id, _)| id.clone()).filter(|_| more);
            Ok(wire::UserPage {
                users: page.into_iter().map(|(id, user)| found(id, user)).collect(),
                last_evaluated_user_id: last,
                token_payload: claims.map(wire::Claims),
            })
        };
        respond(query().map(api::QueryUsersResponse::Ok))
    }

    async fn get_authenticators(
        &self,
        caller: ServerCaller,
        request: api::GetAuthenticatorsRequest,
    ) -> api::GetAuthenticatorsResponse {
        let list = caller.tenant.look(|authsignal, _| {
            let user = authsignal.user(&request.user_id);
            user.map_or_else(Vec::new, |known| {
                known
                    .authenticators
                    .iter()
                    .map(|one| authenticator(&request.user_id, user, one))
                    .collect()
            })
        });
        api::GetAuthenticatorsResponse::Ok(wire::UserAuthenticators(list))
    }

    async fn enroll_verified_authenticator(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::EnrollVerifiedAuthenticatorRequest,
    ) -> api::EnrollVerifiedAuthenticatorResponse {
        let user_id = String::from(request.user_id);
        let written = match request.body.oob_channel {
            Some(_) => legacy_authenticator,
            None => authenticator,
        };
        let enrolled = enrollment(request.body).and_then(|enrollment| {
            caller.tenant.transact(|authsignal, turn| {
                let (enrolled, recovery_codes) = authsignal.enroll(turn, &user_id, enrollment)?;
                let authenticator = written(&user_id, authsignal.user(&user_id), &enrolled);
                Ok(wire::EnrolledAuthenticator {
                    authenticator,
                    recovery_codes,
                })
            })
        });
        respond(enrolled.map(api::EnrollVerifiedAuthenticatorResponse::Ok))
    }

    async fn delete_authenticator(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::DeleteAuthenticatorRequest,
    ) -> api::DeleteAuthenticatorResponse {
        let deleted = caller.tenant.transact(|authsignal, turn| {
            let (user_id, id) = (&request.user_id, &request.user_authenticator_id);
            authsignal.delete_authenticator(turn, user_id, id)
        });
        respond(
            deleted
                .map(|()| success())
                .map(api::DeleteAuthenticatorResponse::Ok),
        )
    }

    async fn batch_enroll_passkeys(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::BatchEnrollPasskeysRequest,
    ) -> api::BatchEnrollPasskeysResponse {
        let passkeys = request.body.authenticators;
        let total = passkeys.len();
        let mut failures = Vec::new();
        caller.tenant.transact(|authsignal, turn| {
            for passkey in passkeys {
                let user_id = String::from(passkey.user_id);
                if authsignal.has_credential(&user_id, &passkey.credential_id) {
                    continue;
                }
                let enrollment = Enrollment {
                    method: Method::Passkey,
                    email: None,
                    phone_number: None,
                    otp_uri: None,
                    credential_id: Some(passkey.credential_id.clone()),
                    credential_public_key: Some(passkey.credential_public_key),
                    name: passkey.name,
                    aaguid: passkey.aaguid,
                    browser: None,
                    is_default: false,
                };
                if let Err(refusal) = authsignal.enroll(turn, &user_id, enrollment) {
                    failures.push(wire::BatchFailure {
                        user_id,
                        credential_id: passkey.credential_id,
                        error_code: told(&refusal).error_code,
                        error_description: refusal.to_string(),
                    });
                }
            }
        });
        let failed = failures.len();
        api::BatchEnrollPasskeysResponse::Ok(wire::BatchResult {
            total: count(total),
            succeeded: count(total - failed),
            failed: count(failed),
            failures,
        })
    }

    async fn track(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::TrackRequest,
    ) -> api::TrackResponse {
        let known = known(request.body);
        caller.check_redirect(known.redirect_url.as_deref());
        let (user_id, code) = (&request.user_id, &request.action);
        let tracked = caller
            .tenant
            .transact_delivered(|authsignal, turn| authsignal.track(turn, user_id, code, known));
        let tracked = tracked.await;
        let answer = tracked.map(|mut tracked| {
            caller.show(std::mem::take(&mut tracked.evaluated));
            if tracked.lacked_authenticator {
                caller.warn(LACKED_AUTHENTICATOR.to_owned());
            }
            let (token, url) = caller.token_and_page(&tracked, user_id, code);
            wire::Tracked {
                state: tracked.state.into(),
                idempotency_key: tracked.key,
                challenge_url: Some(url.clone()),
                url,
                token,
                is_enrolled: tracked.is_enrolled,
                allowed_verification_methods: methods(&tracked.allowed),
                enrolled_verification_methods: methods(&tracked.enrolled),
                default_verification_method: tracked.default.map(Into::into),
                rule_ids: Some(tracked.rule_ids),
            }
        });
        respond(answer.map(api::TrackResponse::Ok))
    }

    async fn get_action(
        &self,
        caller: ServerCaller,
        request: api::GetActionRequest,
    ) -> api::GetActionResponse {
        let user_id = String::from(request.user_id);
        let found = caller.tenant.look(|authsignal, _| {
            let found = authsignal.action(&user_id, &request.action, &request.idempotency_key)?;
            Ok(action(authsignal, &user_id, found))
        });
        respond(found.map(api::GetActionResponse::Ok))
    }

    async fn update_action(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::UpdateActionRequest,
    ) -> api::UpdateActionResponse {
        let user_id = String::from(request.user_id);
        // No answer shows `custom`, so the mock does not keep it.
        let state = request.body.state.into();
        let changed = caller.tenant.transact(|authsignal, turn| {
            let (code, key) = (&request.action, &request.idempotency_key);
            let changed = authsignal
                .update_action(&user_id, code, key, state, turn.now)?
                .clone();
            Ok(updated(action(authsignal, &user_id, &changed)))
        });
        respond(changed.map(api::UpdateActionResponse::Ok))
    }

    async fn query_user_actions(
        &self,
        caller: ServerCaller,
        request: api::QueryUserActionsRequest,
    ) -> api::QueryUserActionsResponse {
        let codes: Option<Vec<String>> = request.codes.map(|codes| {
            codes
                .split(',')
                .map(|code| code.trim().to_owned())
                .collect()
        });
        let state = request.state.map(Into::into);
        let list = caller.tenant.look(|authsignal, now| {
            let actions = authsignal.query_actions(
                &request.user_id,
                codes.as_deref(),
                state,
                request.from_date,
                now,
            );
            actions.map(|action| listed(authsignal, action)).collect()
        });
        api::QueryUserActionsResponse::Ok(wire::UserActions(list))
    }

    async fn validate_challenge(
        &self,
        caller: ServerCaller,
        request: api::ValidateChallengeRequest,
    ) -> api::ValidateChallengeResponse {
        let wire::TokenToValidate {
            token,
            user_id,
            action,
            action_code,
        } = request.body;
        let action = action.or(action_code);
        let read = caller.tenant.account().keys.read(&token);
        if read.is_err() {
            let identity = caller.tenant.look(|authsignal, now| {
                authsignal.validate_id_token(&token, user_id.as_deref(), now)
            });
            if let Some(identity) = identity {
                let told = identity.map(|identity| identified(identity, action));
                return api::ValidateChallengeResponse::Ok(told.unwrap_or_else(unproven));
            }
        }
        let proof = caller.tenant.look(|authsignal, now| {
            authsignal.validate(read, user_id.as_deref(), action.as_deref(), now)
        });
        api::ValidateChallengeResponse::Ok(match proof {
            Proof::Of {
                state,
                state_updated,
                user_id,
                action,
                key,
                method,
            } => wire::Validated {
                is_valid: state == State::ChallengeSucceeded,
                state: Some(state.into()),
                state_updated_at: Some(iso(state_updated)),
                user_id: Some(user_id),
                action_code: Some(action.clone()),
                action: Some(action),
                idempotency_key: Some(key),
                verification_method: method.map(Into::into),
                veriff_session_id: None,
                error: None,
            },
            Proof::Nothing(error) => unproven(error),
        })
    }

    async fn challenge(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::ChallengeRequest,
    ) -> api::ChallengeResponse {
        let body = request.body;
        let wanted = ChallengeRequest {
            method: body
                .verification_method
                .and_then(|method| Method::of_word(&method.to_string())),
            action: body.action.map(String::from),
            email: body.email,
            phone_number: body.phone_number,
            challenge_id: body.challenge_id,
            idempotency_key: body.idempotency_key.map(String::from),
            user_id: body.user_id,
            scope: body.scope,
            surroundings: Surroundings {
                user_agent: body.user_agent,
                timezone: None,
                ip_address: body.ip_address,
                locale: body.locale,
            },
            custom: body.custom.map(|custom| Custom::new(&custom.0)),
        };
        let started = caller
            .tenant
            .transact_delivered(|authsignal, turn| authsignal.challenge(turn, wanted));
        let started = started.await;
        let answer = started.map(|challenge| wire::ChallengeStarted {
            challenge_id: challenge.id,
            idempotency_key: Some(challenge.idempotency_key),
            expires_at: challenge.expires.as_second(),
        });
        respond(answer.map(api::ChallengeResponse::Ok))
    }

    async fn verify(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::VerifyRequest,
    ) -> api::VerifyResponse {
        let wire::CodeToVerify {
            challenge_id,
            verification_code,
        } = request.body;
        let tried = caller.tenant.transact(|authsignal, turn| {
            authsignal.verify(turn, &challenge_id, &verification_code)
        });
        let answer = tried.map(|(attempt, challenge)| {
            let right = attempt == Attempt::Right;
            let address = Some(challenge.address).filter(|_| right);
            let is_email = challenge.method.is_email();
            wire::Verified {
                is_verified: right,
                email: address.clone().filter(|_| is_email),
                phone_number: address.filter(|_| !is_email),
                verification_method: right.then(|| challenge.method.into()),
                failure_reason: match attempt {
                    Attempt::Right => None,
                    Attempt::Wrong => Some(wire::FailureReason::CodeInvalidOrExpired),
                    Attempt::TooMany => Some(wire::FailureReason::MaxAttemptsExceeded),
                },
            }
        });
        respond(answer.map(api::VerifyResponse::Ok))
    }

    async fn claim_challenge(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::ClaimChallengeRequest,
    ) -> api::ClaimChallengeResponse {
        let wire::ChallengeToClaim {
            challenge_id,
            user_id,
            skip_verification_check,
        } = request.body;
        let skip = skip_verification_check.unwrap_or(false);
        let base = caller.base();
        let claimed = caller.tenant.transact_delivered(|authsignal, turn| {
            authsignal.claim(turn, &challenge_id, &user_id, skip, &base)
        });
        let claimed = claimed.await;
        let answer = claimed.map(|(token, method)| wire::Claimed {
            token,
            verification_method: Some(method.into()),
        });
        respond(answer.map(api::ClaimChallengeResponse::Ok))
    }

    async fn get_challenge(
        &self,
        caller: ServerCaller,
        request: api::GetChallengeRequest,
    ) -> api::GetChallengeResponse {
        let method = request.verification_method.map(method);
        let answer = caller.tenant.look(|authsignal, _| {
            let api::GetChallengeRequest {
                challenge_id,
                user_id,
                action,
                ..
            } = &request;
            // A method that the mock has no challenges of matches none.
            let found = match method {
                Some(None) => None,
                other => authsignal.find_challenge(
                    challenge_id.as_deref(),
                    user_id.as_deref(),
                    action.as_deref(),
                    other.flatten(),
                ),
            };
            let address = found
                .map(|challenge| challenge.address.clone())
                .filter(|address| !address.is_empty());
            let is_email = found.is_some_and(|challenge| challenge.method.is_email());
            wire::Challenge {
                challenge_id: found.map(|challenge| challenge.id.clone()),
                expires_at: found.map(|challenge| challenge.expires.as_second()),
                // Documented: the method that completed the challenge, by which an application sees that it is.
                verification_method: found
                    .filter(|challenge| challenge.verified)
                    .map(|challenge| challenge.method.into()),
                sms_channel: None,
                phone_number: address.clone().filter(|_| !is_email),
                email: address.filter(|_| is_email),
                action: found.map(|challenge| challenge.action.clone()),
            }
        });
        api::GetChallengeResponse::Ok(answer)
    }

    async fn start_call(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::StartCallRequest,
    ) -> api::StartCallResponse {
        let pages = caller.pages();
        let call = caller.tenant.transact(|authsignal, turn| {
            authsignal.start_call(turn, call(request.body), |user_id, code, tracked| {
                page(&pages, &caller.token(tracked, user_id, code))
            })
        });
        respond(call.map(|call| api::StartCallResponse::Ok(call_started(call))))
    }

    async fn finish_call(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::FinishCallRequest,
    ) -> api::FinishCallResponse {
        // No answer shows `payload`, so the mock does not keep it.
        let body = request.body;
        let finished = caller.tenant.transact(|authsignal, turn| {
            let user_id = body.user_id.as_ref().map(|id| id.as_str());
            authsignal.finish_call(turn, &body.reference_id, user_id, ended(body.state))
        });
        let done = wire::CallFinished { success: true };
        respond(finished.map(|()| api::FinishCallResponse::Ok(done)))
    }

    async fn login_with_email(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::LoginWithEmailRequest,
    ) -> api::LoginWithEmailResponse {
        let email = String::from(request.email);
        let known = Known {
            contact: Contact {
                email: Some(email.clone()),
                ..Contact::default()
            },
            redirect_url: request.body.redirect_url,
            ..Known::default()
        };
        caller.check_redirect(known.redirect_url.as_deref());
        let tracked = caller.tenant.transact(|authsignal, turn| {
            let user_id = authsignal.user_of_email(turn, &email)?;
            let tracked = authsignal.track(turn, &user_id, LOGIN, known);
            tracked.map(|tracked| (user_id, tracked))
        });
        let answer = tracked.map(|(user_id, mut tracked)| {
            caller.show(std::mem::take(&mut tracked.evaluated));
            wire::LoginStarted {
                url: caller.token_and_page(&tracked, &user_id, LOGIN).1,
            }
        });
        respond(answer.map(api::LoginWithEmailResponse::Ok))
    }

    async fn create_token(
        &self,
        caller: ServerCaller,
        request: api::CreateTokenRequest,
    ) -> api::CreateTokenResponse {
        let wire::TokenToCreate { user_id, scope } = request.body;
        let access_token = caller.tenant.look(|authsignal, now| {
            authsignal.user_token(&user_id, scope.as_deref(), &caller.base(), now)
        });
        api::CreateTokenResponse::Ok(wire::AccessToken { access_token })
    }

    async fn create_session(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::CreateSessionRequest,
    ) -> api::CreateSessionResponse {
        let wire::SessionToCreate {
            client_id,
            token,
            action,
        } = request.body;
        let read = caller.tenant.account().keys.read(&token);
        let created = caller.tenant.transact(|authsignal, turn| {
            authsignal.create_session(turn, &client_id, read, action.as_deref(), &caller.base())
        });
        let created = created.map(|created| tokens(caller.tenant.account(), created));
        respond(created.map(api::CreateSessionResponse::Ok))
    }

    async fn validate_session(
        &self,
        caller: ServerCaller,
        request: api::ValidateSessionRequest,
    ) -> api::ValidateSessionResponse {
        let wire::SessionToValidate {
            access_token,
            client_ids,
        } = request.body;
        let read = caller.tenant.account().keys.read_session(&access_token);
        let validated = caller.tenant.look(|authsignal, now| {
            let (session, expires_at) =
                authsignal.validate_session(read, client_ids.as_deref(), now)?;
            let user = authsignal.user(&session.user_id);
            let fresh = User::new(now);
            Ok(wire::ValidatedSession {
                user: record(&session.user_id, user.unwrap_or(&fresh)),
                expires_at,
                verification_method: session.method.map(Into::into),
            })
        });
        respond(validated.map(api::ValidateSessionResponse::Ok))
    }

    async fn refresh_session(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::RefreshSessionRequest,
    ) -> api::RefreshSessionResponse {
        let refreshed = caller.tenant.transact(|authsignal, turn| {
            authsignal.refresh_session(turn, &request.body.refresh_token, &caller.base())
        });
        let refreshed = refreshed.map(|refreshed| tokens(caller.tenant.account(), refreshed));
        respond(refreshed.map(api::RefreshSessionResponse::Ok))
    }

    async fn revoke_session(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::RevokeSessionRequest,
    ) -> api::RevokeSessionResponse {
        let keys = &caller.tenant.account().keys;
        let read = keys.read_session(&request.body.access_token);
        match caller
            .tenant
            .transact(|authsignal, turn| authsignal.revoke_session(read, turn.now))
        {
            Ok(()) => api::RevokeSessionResponse::NoContent,
            Err(refusal) => api::RevokeSessionResponse::Unauthorized(told(&refusal)),
        }
    }

    async fn revoke_user_sessions(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::RevokeUserSessionsRequest,
    ) -> api::RevokeUserSessionsResponse {
        caller
            .tenant
            .transact(|authsignal, _| authsignal.revoke_user_sessions(&request.body.user_id));
        api::RevokeUserSessionsResponse::NoContent
    }

    async fn start_flow(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::StartFlowRequest,
    ) -> api::StartFlowResponse {
        respond(start(&caller, request.body).map(api::StartFlowResponse::Ok))
    }

    async fn verify_flow(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::VerifyFlowRequest,
    ) -> api::VerifyFlowResponse {
        let verified = verified(&caller, &request.body).await;
        respond(verified.map(api::VerifyFlowResponse::Ok))
    }

    async fn start_terminal_challenge(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        _request: api::StartTerminalChallengeRequest,
    ) -> api::StartTerminalChallengeResponse {
        api::StartTerminalChallengeResponse::Ok(terminal::start(&caller))
    }

    async fn verify_terminal_challenge(
        &self,
        caller: ServerCaller,
        request: api::VerifyTerminalChallengeRequest,
    ) -> api::VerifyTerminalChallengeResponse {
        let verified = terminal::verified(&caller, &request.body);
        respond(verified.map(api::VerifyTerminalChallengeResponse::Ok))
    }

    async fn get_tenant_authenticators(
        &self,
        caller: ServerCaller,
        _request: api::GetTenantAuthenticatorsRequest,
    ) -> api::GetTenantAuthenticatorsResponse {
        let list = caller.tenant.look(|authsignal, _| {
            let configured = authsignal.allowed().iter();
            configured.map(|method| configuration(*method)).collect()
        });
        api::GetTenantAuthenticatorsResponse::Ok(wire::AuthenticatorConfigurations(list))
    }

    async fn get_devices(
        &self,
        caller: ServerCaller,
        request: api::GetDevicesRequest,
    ) -> api::GetDevicesResponse {
        let list = caller.tenant.look(|authsignal, _| {
            let devices = authsignal
                .user(&request.user_id)
                .map(|user| user.devices.as_slice());
            devices
                .unwrap_or_default()
                .iter()
                .map(|one| device(&request.user_id, one))
                .collect()
        });
        api::GetDevicesResponse::Ok(wire::Devices(list))
    }

    async fn update_device(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::UpdateDeviceRequest,
    ) -> api::UpdateDeviceResponse {
        let (user_id, until) = (&request.user_id, request.body.remembered_until);
        let updated = caller.tenant.transact(|authsignal, turn| {
            authsignal
                .remember_device(user_id, &request.device_id, until, turn.now)
                .map(|one| device(user_id, one))
        });
        respond(updated.map(api::UpdateDeviceResponse::Ok))
    }

    async fn invalidate_device(
        &self,
        caller: Writer<ServerCaller, Authsignal>,
        request: api::InvalidateDeviceRequest,
    ) -> api::InvalidateDeviceResponse {
        let user_id = &request.user_id;
        let invalidated = caller.tenant.transact(|authsignal, turn| {
            authsignal
                .invalidate_device(user_id, &request.device_id, turn.now)
                .map(|one| device(user_id, one))
        });
        respond(invalidated.map(api::InvalidateDeviceResponse::Ok))
    }

    async fn get_jwks(
        &self,
        caller: ServerCaller,
        _request: api::GetJwksRequest,
    ) -> api::GetJwksResponse {
        let key = caller.tenant.account().keys.session();
        let (modulus, exponent) = key.public();
        api::GetJwksResponse::Ok(wire::Jwks {
            keys: vec![wire::Jwk {
                kty: "RSA".to_owned(),
                use_: Some("sig".to_owned()),
                alg: Some("RS256".to_owned()),
                kid: Some(key.id().to_owned()),
                n: Some(modulus.to_owned()),
                e: Some(exponent.to_owned()),
            }],
        })
    }

    async fn get_openid_configuration(
        &self,
        caller: ServerCaller,
        _request: api::GetOpenidConfigurationRequest,
    ) -> api::GetOpenidConfigurationResponse {
        let issuer = caller.tenant.account().issuer(&caller.base());
        api::GetOpenidConfigurationResponse::Ok(wire::OpenidConfiguration {
            jwks_uri: format!("{issuer}/.well-known/jwks"),
            issuer,
            response_types_supported: vec!["id_token".to_owned()],
            subject_types_supported: vec!["public".to_owned()],
            id_token_signing_alg_values_supported: vec!["RS256".to_owned()],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{api, respond, status_of, wire};
    use crate::http::authsignal::refusal::every;
    use crate::http::surface::{Operation, Refusable, Reply, VisitRefusable};

    struct Refused;

    impl VisitRefusable<wire::ErrorResponse> for Refused {
        fn visit<R>(&mut self, operation: &'static Operation)
        where
            R: Refusable<Body = wire::ErrorResponse> + Into<Reply>,
        {
            for refusal in every() {
                let wanted = status_of(&refusal).as_u16();
                let listed = operation.statuses.contains(&wanted);
                let reply: Reply = respond::<R>(Err(refusal)).into();
                let status = if listed { wanted } else { 400 };
                assert_eq!(reply.status.as_u16(), status, "{}", operation.id);
            }
        }
    }

    #[test]
    fn a_refusal_has_its_status_or_400_where_the_spec_does_not_list_it() {
        api::visit_refusable(&mut Refused);
    }
}
