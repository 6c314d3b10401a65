//! The operations of the Client API.

use super::admission::{ClientApi, ClientCaller, told};
use super::steps::{challenged_user, enrolled, some};

use http::StatusCode;

use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::factor::app_credential::AppCredentialUpdate;
use crate::domain::authsignal::factor::page::{masked_email, masked_phone};
use crate::domain::authsignal::factor::passkey::Wanted;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::generated::authsignal_client::routes as api;
use crate::generated::authsignal_client::types as wire;
use crate::http::access::Writer;
use crate::http::authsignal::refusal::{failed, refuse};
use crate::http::surface::Refusable;
use crate::wire::authsignal::{configuration, iso, listed_authenticator, methods};

/// The answer of an operation: its success, or the refusal in its status.
fn respond<R: Refusable<Body = wire::ErrorResponse>>(outcome: Result<R, Refusal>) -> R {
    outcome.unwrap_or_else(|refusal| refuse(status_of(&refusal), &refusal, told))
}

/// The status of a refusal in the Client API.
fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Unauthorized(_)
        | Refusal::Expired
        | Refusal::ChallengeClaimed(_)
        | Refusal::ChallengeExpired(_) => StatusCode::UNAUTHORIZED,
        Refusal::Forbidden(_) => StatusCode::FORBIDDEN,
        Refusal::NotFound(_) | Refusal::UnknownCredential(_) => StatusCode::NOT_FOUND,
        Refusal::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Invalid(_)
        | Refusal::Conflict
        | Refusal::AuthenticatorNotFound
        | Refusal::Unconfigured(_)
        | Refusal::Credential(_)
        | Refusal::InvalidAction(_)
        | Refusal::InvalidCode(_) => StatusCode::BAD_REQUEST,
    }
}

impl api::Api for ClientApi {
    async fn enroll_email_otp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::EnrollEmailOtpRequest,
    ) -> api::EnrollEmailOtpResponse {
        let email = request.body.email.into();
        let enrolled = caller.enroll_code(Method::EmailOtp, email).await;
        respond(enrolled.map(api::EnrollEmailOtpResponse::Ok))
    }

    async fn challenge_email_otp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::ChallengeEmailOtpRequest,
    ) -> api::ChallengeEmailOtpResponse {
        let id = request.body.user_authenticator_id.as_deref();
        let sent = caller.send(Method::EmailOtp, id).await;
        respond(sent.map(api::ChallengeEmailOtpResponse::Ok))
    }

    async fn verify_email_otp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifyEmailOtpRequest,
    ) -> api::VerifyEmailOtpResponse {
        let code = &request.body.verification_code;
        respond(
            caller
                .verify_code(Method::EmailOtp, code)
                .await
                .map(api::VerifyEmailOtpResponse::Ok),
        )
    }

    async fn enroll_sms(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::EnrollSmsRequest,
    ) -> api::EnrollSmsResponse {
        let number = request.body.phone_number.into();
        let enrolled = caller.enroll_code(Method::Sms, number).await;
        respond(enrolled.map(api::EnrollSmsResponse::Ok))
    }

    async fn challenge_sms(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::ChallengeSmsRequest,
    ) -> api::ChallengeSmsResponse {
        let method = match request.body.sms_channel {
            Some(wire::SmsChannel::Whatsapp) => Method::Whatsapp,
            _ => Method::Sms,
        };
        respond(
            caller
                .send(method, None)
                .await
                .map(api::ChallengeSmsResponse::Ok),
        )
    }

    async fn verify_sms(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifySmsRequest,
    ) -> api::VerifySmsResponse {
        let code = &request.body.verification_code;
        respond(
            caller
                .verify_code(Method::Sms, code)
                .await
                .map(api::VerifySmsResponse::Ok),
        )
    }

    async fn challenge_whatsapp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        _request: api::ChallengeWhatsappRequest,
    ) -> api::ChallengeWhatsappResponse {
        respond(
            caller
                .send(Method::Whatsapp, None)
                .await
                .map(api::ChallengeWhatsappResponse::Ok),
        )
    }

    async fn verify_whatsapp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifyWhatsappRequest,
    ) -> api::VerifyWhatsappResponse {
        let code = &request.body.verification_code;
        respond(
            caller
                .verify_code(Method::Whatsapp, code)
                .await
                .map(api::VerifyWhatsappResponse::Ok),
        )
    }

    async fn enroll_totp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        _request: api::EnrollTotpRequest,
    ) -> api::EnrollTotpResponse {
        let enroll = async {
            let bearer = caller.bearer()?;
            let enrollment = caller
                .tenant
                .transact_delivered(|authsignal, turn| authsignal.enroll_totp(turn, bearer))
                .await?;
            Ok(wire::EnrolledTotp {
                user_authenticator_id: enrollment.authenticator_id,
                user_id: bearer.user_id.clone(),
                uri: enrollment.uri,
                secret: enrollment.secret,
            })
        };
        respond(enroll.await.map(api::EnrollTotpResponse::Ok))
    }

    async fn verify_totp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifyTotpRequest,
    ) -> api::VerifyTotpResponse {
        let code = &request.body.verification_code;
        let verified = caller.verify_code(Method::AuthenticatorApp, code).await;
        respond(verified.map(api::VerifyTotpResponse::Ok))
    }

    async fn enroll_email_magic_link(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::EnrollEmailMagicLinkRequest,
    ) -> api::EnrollEmailMagicLinkResponse {
        let enroll = async {
            let email = request.body.email.into();
            let (authenticator, challenge) =
                caller.enroll_message(Method::EmailMagicLink, email).await?;
            Ok(wire::EnrolledMagicLink {
                challenge_id: Some(challenge.id),
                user_authenticator_id: authenticator.id,
                user_id: caller.bearer()?.user_id.clone(),
            })
        };
        respond(enroll.await.map(api::EnrollEmailMagicLinkResponse::Ok))
    }

    async fn challenge_email_magic_link(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        _request: api::ChallengeEmailMagicLinkRequest,
    ) -> api::ChallengeEmailMagicLinkResponse {
        let sent = caller.send(Method::EmailMagicLink, None).await;
        respond(sent.map(api::ChallengeEmailMagicLinkResponse::Ok))
    }

    async fn finalize_email_magic_link(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::FinalizeEmailMagicLinkRequest,
    ) -> api::FinalizeEmailMagicLinkResponse {
        let finalize = async {
            let bearer = caller.bearer()?;
            let id = request.body.challenge_id.as_deref();
            let passed = caller
                .tenant
                .transact_delivered(|authsignal, turn| {
                    let passed = authsignal.finalize_magic_link(turn, bearer, id)?;
                    if let Some(passed) = &passed {
                        authsignal.skip_screens(turn, passed);
                    }
                    let user = authsignal.user(&bearer.user_id);
                    Ok(passed.map(|passed| {
                        let enrolled = enrolled(&passed, user);
                        (passed, enrolled)
                    }))
                })
                .await?;
            Ok(match passed {
                Some((passed, enrolled)) => caller.verified(&passed, enrolled),
                None => wire::AuthenticatorVerified {
                    is_verified: false,
                    access_token: None,
                    failure_reason: None,
                    user_authenticator: None,
                },
            })
        };
        respond(finalize.await.map(api::FinalizeEmailMagicLinkResponse::Ok))
    }

    async fn passkey_registration_options(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::PasskeyRegistrationOptionsRequest,
    ) -> api::PasskeyRegistrationOptionsResponse {
        let options = caller.passkey_registration(request.body).await;
        respond(options.map(api::PasskeyRegistrationOptionsResponse::Ok))
    }

    async fn passkey_registration_options_web(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::PasskeyRegistrationOptionsWebRequest,
    ) -> api::PasskeyRegistrationOptionsWebResponse {
        let options = caller.passkey_registration(request.body).await;
        respond(options.map(api::PasskeyRegistrationOptionsWebResponse::Ok))
    }

    async fn passkey_authentication_options(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::PasskeyAuthenticationOptionsRequest,
    ) -> api::PasskeyAuthenticationOptionsResponse {
        let options = caller.passkey_authentication(request.body).await;
        respond(options.map(api::PasskeyAuthenticationOptionsResponse::Ok))
    }

    async fn passkey_authentication_options_web(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::PasskeyAuthenticationOptionsWebRequest,
    ) -> api::PasskeyAuthenticationOptionsWebResponse {
        let options = caller.passkey_authentication(request.body).await;
        respond(options.map(api::PasskeyAuthenticationOptionsWebResponse::Ok))
    }

    async fn get_passkey_authenticator(
        &self,
        caller: ClientCaller,
        request: api::GetPasskeyAuthenticatorRequest,
    ) -> api::GetPasskeyAuthenticatorResponse {
        let mut ids = request.credential_ids.unwrap_or_default();
        ids.extend(request.credential_id);
        let found = caller.tenant.look(|authsignal, _| {
            let own = authsignal.known_passkey(&ids);
            let credential = own.and_then(|own| Some((own, own.credential.as_ref()?)));
            let (own, credential) = credential?;
            let verified = own.last_verified.or(own.verified);
            Some(wire::PasskeyAuthenticator {
                credential_id: credential.id.clone(),
                verified_at: iso(verified.unwrap_or(own.created)),
            })
        });
        match found {
            Some(found) => api::GetPasskeyAuthenticatorResponse::Ok(found),
            // Apps prompt the user to create a passkey at this code, and at no other.
            None => api::GetPasskeyAuthenticatorResponse::NotFound(failed(
                "invalid_credential",
                "no user has enrolled a passkey with any of these credential ids",
            )),
        }
    }

    async fn enroll_passkey(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::EnrollPasskeyRequest,
    ) -> api::EnrollPasskeyResponse {
        let body = request.body;
        let (id, conditional) = (body.challenge_id.as_deref(), body.conditional_create);
        let credential = &body.registration_credential;
        let registered = caller
            .register(
                Method::Passkey,
                credential,
                id,
                conditional.unwrap_or(false),
                body.device_id.as_deref(),
            )
            .await;
        respond(registered.map(api::EnrollPasskeyResponse::Ok))
    }

    async fn verify_passkey(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifyPasskeyRequest,
    ) -> api::VerifyPasskeyResponse {
        let body = request.body;
        let (id, credential) = (
            body.challenge_id.as_deref(),
            &body.authentication_credential,
        );
        let device_id = body.device_id.as_deref();
        let verified = caller
            .authenticate(Method::Passkey, credential, id, device_id)
            .await;
        respond(verified.map(api::VerifyPasskeyResponse::Ok))
    }

    async fn start_challenge(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::StartChallengeRequest,
    ) -> api::StartChallengeResponse {
        respond(
            caller
                .start(request.body)
                .await
                .map(api::StartChallengeResponse::Ok),
        )
    }

    async fn start_challenge_web(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::StartChallengeWebRequest,
    ) -> api::StartChallengeWebResponse {
        respond(
            caller
                .start(request.body)
                .await
                .map(api::StartChallengeWebResponse::Ok),
        )
    }

    async fn security_key_registration_options(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        _request: api::SecurityKeyRegistrationOptionsRequest,
    ) -> api::SecurityKeyRegistrationOptionsResponse {
        let options = caller
            .registration_options(Method::SecurityKey, Wanted::default())
            .await;
        let options = options.map(|(_, options)| options);
        respond(options.map(api::SecurityKeyRegistrationOptionsResponse::Ok))
    }

    async fn security_key_authentication_options(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        _request: api::SecurityKeyAuthenticationOptionsRequest,
    ) -> api::SecurityKeyAuthenticationOptionsResponse {
        let options = caller
            .authentication_options(Method::SecurityKey, None)
            .await;
        let options = options.map(|(_, options)| options);
        respond(options.map(api::SecurityKeyAuthenticationOptionsResponse::Ok))
    }

    async fn enroll_security_key(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::EnrollSecurityKeyRequest,
    ) -> api::EnrollSecurityKeyResponse {
        let registered = caller
            .register(Method::SecurityKey, &request.body, None, false, None)
            .await;
        respond(registered.map(api::EnrollSecurityKeyResponse::Ok))
    }

    async fn verify_security_key(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifySecurityKeyRequest,
    ) -> api::VerifySecurityKeyResponse {
        let verified = caller
            .authenticate(Method::SecurityKey, &request.body, None, None)
            .await;
        respond(verified.map(api::VerifySecurityKeyResponse::Ok))
    }

    async fn challenge_push(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::ChallengePushRequest,
    ) -> api::ChallengePushResponse {
        let challenge = async {
            let bearer = caller.bearer()?;
            let (action, id) = (
                request.body.action.as_str(),
                request.body.user_authenticator_id,
            );
            let told = caller.told(None);
            caller
                .tenant
                .transact_delivered(|authsignal, turn| {
                    let id = id.as_deref();
                    let challenge =
                        authsignal.challenge_push(turn, bearer, Some(action), id, told)?;
                    let user = authsignal.user(&bearer.user_id);
                    let devices = user.map(|user| user.authenticators.as_slice());
                    let devices = devices.unwrap_or_default().iter();
                    let rung = devices.filter(|one| {
                        one.method == Method::Push && id.is_none_or(|id| one.id == id)
                    });
                    let results = rung.map(|one| wire::PushDelivery {
                        user_authenticator_id: one.id.clone(),
                        error_code: None,
                    });
                    Ok(wire::PushChallenge {
                        challenge_id: challenge.id,
                        delivery_results: Some(results.collect()),
                    })
                })
                .await
        };
        respond(challenge.await.map(api::ChallengePushResponse::Ok))
    }

    async fn verify_push(
        &self,
        caller: ClientCaller,
        request: api::VerifyPushRequest,
    ) -> api::VerifyPushResponse {
        let verify = || {
            let bearer = caller.bearer()?;
            let id = &request.body.challenge_id;
            let answer = caller
                .tenant
                .look(|authsignal, now| authsignal.verify_push(bearer, id, now))?;
            Ok(wire::PushVerified {
                is_verified: answer.is_verified(),
                is_consumed: answer.is_consumed(),
                access_token: answer.passed.as_ref().map(|passed| caller.token(passed)),
            })
        };
        respond(verify().map(api::VerifyPushResponse::Ok))
    }

    async fn challenge_qr_code(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::ChallengeQrCodeRequest,
    ) -> api::ChallengeQrCodeResponse {
        let told = caller.told(request.body.custom);
        let challenge = caller
            .tenant
            .transact_delivered(|authsignal, turn| {
                let bearer = caller.bearer.as_ref();
                let action = &request.body.action;
                let challenge = authsignal.challenge_qr(turn, bearer, action, told)?;
                Ok(wire::QrCodeChallenge {
                    challenge_id: challenge.id,
                    expires_at: iso(challenge.expires),
                    device_code: challenge.approval.map(|approval| approval.device_code),
                })
            })
            .await;
        respond(challenge.map(api::ChallengeQrCodeResponse::Ok))
    }

    async fn verify_qr_code(
        &self,
        caller: ClientCaller,
        request: api::VerifyQrCodeRequest,
    ) -> api::VerifyQrCodeResponse {
        let (id, code) = (&request.body.challenge_id, &request.body.device_code);
        let answer = caller
            .tenant
            .look(|authsignal, now| authsignal.verify_qr(id, code, now));
        let answer = answer.map(|answer| wire::QrCodeVerified {
            is_claimed: answer.is_claimed(),
            is_verified: answer.is_verified(),
            is_consumed: answer.is_consumed(),
            access_token: answer.passed.as_ref().map(|passed| caller.token(passed)),
        });
        respond(answer.map(api::VerifyQrCodeResponse::Ok))
    }

    async fn challenge_flow_email_otp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::ChallengeFlowEmailOtpRequest,
    ) -> api::ChallengeFlowEmailOtpResponse {
        let address = request.body.email.map(String::from);
        let sent = caller.send_in_flow(Method::EmailOtp, address).await;
        respond(sent.map(api::ChallengeFlowEmailOtpResponse::Ok))
    }

    async fn verify_flow_email_otp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifyFlowEmailOtpRequest,
    ) -> api::VerifyFlowEmailOtpResponse {
        let code = &request.body.verification_code;
        let verified = caller.verify_in_flow(Method::EmailOtp, code).await;
        respond(verified.map(api::VerifyFlowEmailOtpResponse::Ok))
    }

    async fn challenge_flow_sms(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::ChallengeFlowSmsRequest,
    ) -> api::ChallengeFlowSmsResponse {
        let address = request.body.phone_number.map(String::from);
        let sent = caller.send_in_flow(Method::Sms, address).await;
        respond(sent.map(api::ChallengeFlowSmsResponse::Ok))
    }

    async fn verify_flow_sms(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifyFlowSmsRequest,
    ) -> api::VerifyFlowSmsResponse {
        let code = &request.body.verification_code;
        let verified = caller.verify_in_flow(Method::Sms, code).await;
        respond(verified.map(api::VerifyFlowSmsResponse::Ok))
    }

    async fn challenge_flow_whatsapp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::ChallengeFlowWhatsappRequest,
    ) -> api::ChallengeFlowWhatsappResponse {
        let address = request.body.phone_number.map(String::from);
        let sent = caller.send_in_flow(Method::Whatsapp, address).await;
        respond(sent.map(api::ChallengeFlowWhatsappResponse::Ok))
    }

    async fn verify_flow_whatsapp(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifyFlowWhatsappRequest,
    ) -> api::VerifyFlowWhatsappResponse {
        let code = &request.body.verification_code;
        let verified = caller.verify_in_flow(Method::Whatsapp, code).await;
        respond(verified.map(api::VerifyFlowWhatsappResponse::Ok))
    }

    async fn get_user_authenticators(
        &self,
        caller: ClientCaller,
        _request: api::GetUserAuthenticatorsRequest,
    ) -> api::GetUserAuthenticatorsResponse {
        let list = caller.bearer().map(|bearer| {
            caller.tenant.look(|authsignal, _| {
                let user = authsignal.user(&bearer.user_id);
                let own = user.map(|user| user.authenticators.as_slice());
                let own = own.unwrap_or_default().iter();
                let list = own.map(|one| listed_authenticator(&bearer.user_id, user, one));
                wire::UserAuthenticators(list.collect())
            })
        });
        respond(list.map(api::GetUserAuthenticatorsResponse::Ok))
    }

    async fn get_authenticator_configurations(
        &self,
        caller: ClientCaller,
        _request: api::GetAuthenticatorConfigurationsRequest,
    ) -> api::GetAuthenticatorConfigurationsResponse {
        let list = caller.tenant.look(|authsignal, _| {
            let configured = authsignal.allowed().iter();
            configured.map(|method| configuration(*method)).collect()
        });
        api::GetAuthenticatorConfigurationsResponse::Ok(wire::AuthenticatorConfigurations(list))
    }

    async fn init(&self, caller: ClientCaller, _request: api::InitRequest) -> api::InitResponse {
        let init = |bearer: &Bearer| {
            let (grant, options) = caller.tenant.look(|authsignal, now| {
                let user = authsignal.user(&bearer.user_id);
                let situation = authsignal.situation(bearer);
                let masked = user.map(|user| wire::MaskedUser {
                    email: user.attributes.email.as_deref().map(masked_email),
                    phone_number: user.attributes.phone_number.as_deref().map(masked_phone),
                });
                let options = wire::ChallengeOptions {
                    token: String::new(),
                    default_verification_method: situation.default.map(Into::into),
                    verification_methods: methods(&situation.enrolled),
                    user: masked,
                };
                (authsignal.regrant(bearer, now), options)
            });
            let (tenant, base) = (caller.tenant.account(), &caller.base);
            let token = tenant.token(&grant, &bearer.user_id, &bearer.action, &bearer.key, base);
            wire::Initialized {
                challenge_options: wire::ChallengeOptions { token, ..options },
            }
        };
        respond(caller.bearer().map(init).map(api::InitResponse::Ok))
    }

    async fn get_push_credential(
        &self,
        caller: ClientCaller,
        request: api::GetPushCredentialRequest,
    ) -> api::GetPushCredentialResponse {
        let found = caller.credential(Method::Push, &request.public_key);
        respond(found.map(api::GetPushCredentialResponse::Ok))
    }

    async fn add_push_credential(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::AddPushCredentialRequest,
    ) -> api::AddPushCredentialResponse {
        let added = caller.add_credential(Method::Push, request.body).await;
        respond(added.map(api::AddPushCredentialResponse::Ok))
    }

    async fn update_push_credential(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::UpdatePushCredentialRequest,
    ) -> api::UpdatePushCredentialResponse {
        let body = request.body;
        // The app reads back what it sent, not what it sent before.
        let sent_token = body.push_token.clone();
        let update = AppCredentialUpdate {
            public_key: body.public_key.into(),
            challenge_id: body.challenge_id,
            signature: body.signature,
            push_token: body.push_token,
            reset_expiry: body.reset_expiry.unwrap_or(false),
        };
        let updated = caller
            .tenant
            .transact_delivered(|authsignal, turn| {
                let (user_id, own) = authsignal.update_push_credential(turn, update)?;
                Ok(wire::AppCredentialUpdated {
                    expires_at: own.app.and_then(|app| app.expires).map(iso),
                    user_authenticator_id: own.id,
                    user_id,
                    last_verified_at: iso(turn.now),
                    push_token: sent_token,
                })
            })
            .await;
        respond(updated.map(api::UpdatePushCredentialResponse::Ok))
    }

    async fn remove_push_credential(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::RemovePushCredentialRequest,
    ) -> api::RemovePushCredentialResponse {
        let removed = caller.remove_credential(Method::Push, request.body).await;
        respond(removed.map(api::RemovePushCredentialResponse::Ok))
    }

    async fn get_qr_code_credential(
        &self,
        caller: ClientCaller,
        request: api::GetQrCodeCredentialRequest,
    ) -> api::GetQrCodeCredentialResponse {
        let found = caller.credential(Method::QrCode, &request.public_key);
        respond(found.map(api::GetQrCodeCredentialResponse::Ok))
    }

    async fn add_qr_code_credential(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::AddQrCodeCredentialRequest,
    ) -> api::AddQrCodeCredentialResponse {
        let added = caller.add_credential(Method::QrCode, request.body).await;
        respond(added.map(api::AddQrCodeCredentialResponse::Ok))
    }

    async fn remove_qr_code_credential(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::RemoveQrCodeCredentialRequest,
    ) -> api::RemoveQrCodeCredentialResponse {
        let removed = caller.remove_credential(Method::QrCode, request.body).await;
        respond(removed.map(api::RemoveQrCodeCredentialResponse::Ok))
    }

    async fn get_in_app_credential(
        &self,
        caller: ClientCaller,
        request: api::GetInAppCredentialRequest,
    ) -> api::GetInAppCredentialResponse {
        let found = caller.credential(Method::InApp, &request.public_key);
        respond(found.map(api::GetInAppCredentialResponse::Ok))
    }

    async fn add_in_app_credential(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::AddInAppCredentialRequest,
    ) -> api::AddInAppCredentialResponse {
        let added = caller.add_credential(Method::InApp, request.body).await;
        respond(added.map(api::AddInAppCredentialResponse::Ok))
    }

    async fn remove_in_app_credential(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::RemoveInAppCredentialRequest,
    ) -> api::RemoveInAppCredentialResponse {
        let removed = caller.remove_credential(Method::InApp, request.body).await;
        respond(removed.map(api::RemoveInAppCredentialResponse::Ok))
    }

    async fn sign_push_update(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::SignPushUpdateRequest,
    ) -> api::SignPushUpdateResponse {
        let started = caller
            .tenant
            .transact_delivered(|authsignal, turn| {
                let challenge = authsignal.start_push_update(turn, &request.public_key)?;
                Ok(wire::UpdateToSign {
                    message: Some(challenge.id.clone()),
                    challenge_id: Some(challenge.id),
                })
            })
            .await;
        respond(started.map(api::SignPushUpdateResponse::Ok))
    }

    async fn get_push_challenge(
        &self,
        caller: ClientCaller,
        request: api::GetPushChallengeRequest,
    ) -> api::GetPushChallengeResponse {
        let (key, signature) = (
            &request.public_key,
            request.x_authsignal_signature.as_deref(),
        );
        let waiting = caller.tenant.look(|authsignal, now| {
            let (user_id, own, waiting) = authsignal.waiting_push(key, signature, now)?;
            let told = waiting.map(|one| authsignal.shown(one)).unwrap_or_default();
            // Anybody may know a public key. What the application tells of the user and the action is for the app alone.
            let is_signed = signature.is_some();
            Ok(wire::AppChallenge {
                user_authenticator_id: own.id.clone(),
                challenge_id: waiting.map(|one| one.id.clone()),
                user_id: waiting.map(|_| user_id.to_owned()),
                action_code: waiting.and_then(|one| some(&one.action)),
                idempotency_key: waiting.and_then(|one| some(&one.idempotency_key)),
                device_id: told.device_id,
                user_agent: told.user_agent,
                ip_address: told.ip_address,
                custom: told
                    .custom
                    .filter(|_| is_signed)
                    .map(|custom| wire::Custom(custom.read())),
                user: waiting
                    .filter(|_| is_signed)
                    .and_then(|_| authsignal.shown_of_user(user_id))
                    .map(challenged_user),
                expires_at: waiting.map(|one| one.expires.as_second()),
            })
        });
        respond(waiting.map(api::GetPushChallengeResponse::Ok))
    }

    async fn answer_push_challenge(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::AnswerPushChallengeRequest,
    ) -> api::AnswerPushChallengeResponse {
        let answered = caller.answer(Method::Push, request.body).await;
        respond(answered.map(api::AnswerPushChallengeResponse::Ok))
    }

    async fn sign_push_challenge(
        &self,
        caller: ClientCaller,
        request: api::SignPushChallengeRequest,
    ) -> api::SignPushChallengeResponse {
        let waiting = caller.tenant.look(|authsignal, now| {
            let waiting = authsignal.waiting_push(&request.public_key, None, now);
            // Nothing is asked, so there is nothing to prove.
            let message = waiting?.2.map(|challenge| challenge.id.clone());
            Ok(wire::MessageToSign { message })
        });
        respond(waiting.map(api::SignPushChallengeResponse::Ok))
    }

    async fn answer_qr_code_challenge(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::AnswerQrCodeChallengeRequest,
    ) -> api::AnswerQrCodeChallengeResponse {
        let answered = caller.answer(Method::QrCode, request.body).await;
        respond(answered.map(api::AnswerQrCodeChallengeResponse::Ok))
    }

    async fn claim_qr_code_challenge(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::ClaimQrCodeChallengeRequest,
    ) -> api::ClaimQrCodeChallengeResponse {
        let body = request.body;
        let public_key = String::from(body.public_key);
        let claimed = caller
            .tenant
            .transact_delivered(|authsignal, turn| {
                let (id, signature) = (&body.challenge_id, &body.signature);
                let challenge = authsignal.claim_qr(turn, &public_key, id, signature)?;
                let told = authsignal.shown(&challenge);
                let user = challenge.user_id.as_deref();
                let user = user.and_then(|user_id| authsignal.shown_of_user(user_id));
                Ok(wire::AppChallengeClaimed {
                    success: true,
                    user_agent: told.user_agent,
                    ip_address: told.ip_address,
                    action_code: some(&challenge.action),
                    idempotency_key: some(&challenge.idempotency_key),
                    custom: told.custom.map(|custom| wire::Custom(custom.read())),
                    user: user.map(challenged_user),
                })
            })
            .await;
        respond(claimed.map(api::ClaimQrCodeChallengeResponse::Ok))
    }

    async fn verify_in_app(
        &self,
        caller: Writer<ClientCaller, Authsignal>,
        request: api::VerifyInAppRequest,
    ) -> api::VerifyInAppResponse {
        let body = request.body;
        let public_key = String::from(body.public_key);
        let verified = caller
            .tenant
            .transact_delivered(|authsignal, turn| {
                let (id, signature) = (&body.challenge_id, &body.signature);
                let passed = authsignal.verify_in_app(turn, &public_key, id, signature)?;
                let user = authsignal.user(&passed.user_id);
                let username = user.and_then(|user| user.attributes.username.clone());
                Ok((passed, username))
            })
            .await;
        let verified = verified.map(|(passed, username)| wire::InAppVerified {
            token: caller.token(&passed),
            user_id: passed.user_id,
            user_authenticator_id: passed.authenticator_id.unwrap_or_default(),
            username,
        });
        respond(verified.map(api::VerifyInAppResponse::Ok))
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
