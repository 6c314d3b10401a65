//! The control API's operations on software devices: between their wire types and the simulated devices.

use super::admission::ControlApi;
use super::readings::Readings;
use super::tenants::either;
use crate::domain::authsignal::webauthn::Kind;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::part::AuthsignalPart;
use crate::sim::ceremony::{self, Wish};
use crate::sim::client::{DeviceOutcome, Holder};
use crate::sim::passkey::Authenticator;
use crate::sim::phone::Trouble;
use crate::sim::push;

impl ControlApi {
    /// Enrols a passkey.
    pub(super) async fn enroll_credential(
        &self,
        subject: &wire::PasskeySubject,
    ) -> Result<wire::DeviceOutcome, Trouble> {
        let tenant = self.authsignal(either(&subject.tenant, &subject.tenant_id, "tenantId")?)?;
        let (holder, wish) = passkey(&tenant, subject);
        let done = ceremony::enroll(self.phones.line(), holder, wish).await;
        done.map(outcome)
    }

    /// Passes a challenge with a passkey.
    pub(super) async fn approve_with_credential(
        &self,
        subject: &wire::PasskeySubject,
    ) -> Result<wire::DeviceOutcome, Trouble> {
        let tenant = self.authsignal(either(&subject.tenant, &subject.tenant_id, "tenantId")?)?;
        let (holder, wish) = passkey(&tenant, subject);
        let done = ceremony::approve(self.phones.line(), holder, wish).await;
        done.map(outcome)
    }

    /// Registers a phone for push notifications.
    pub(super) async fn register_push(
        &self,
        subject: &wire::DeviceSubject,
    ) -> Result<wire::DeviceOutcome, Trouble> {
        let tenant = self.authsignal(either(&subject.tenant, &subject.tenant_id, "tenantId")?)?;
        let holder = holder(&tenant, subject);
        let done = push::register(self.phones.line(), holder, push::Use::Push).await;
        done.map(outcome)
    }

    /// Approves or denies a push notification.
    pub(super) async fn answer_push(
        &self,
        subject: &wire::PushSubject,
        approves: bool,
    ) -> Result<wire::DeviceOutcome, Trouble> {
        let tenant = self.authsignal(either(&subject.tenant, &subject.tenant_id, "tenantId")?)?;
        let holder = Holder {
            tenant: &tenant,
            user_id: subject.user_id.as_str(),
            device: subject.device.as_ref().map(|device| device.as_str()),
        };
        let challenge_id = subject.challenge_id.as_ref().map(|id| id.as_str());
        let done = push::answer(self.phones.line(), holder, challenge_id, approves).await;
        done.map(outcome)
    }

    /// Claims a QR code, and approves or denies it if asked.
    pub(super) async fn read_code(
        &self,
        subject: &wire::QrCodeSubject,
        approves: Option<bool>,
    ) -> Result<wire::DeviceOutcome, Trouble> {
        let tenant = self.authsignal(either(&subject.tenant, &subject.tenant_id, "tenantId")?)?;
        let holder = Holder {
            tenant: &tenant,
            user_id: subject.user_id.as_str(),
            device: subject.device.as_ref().map(|device| device.as_str()),
        };
        let challenge_id = subject.challenge_id.as_str();
        let line = self.phones.line();
        let done = match approves {
            None => push::claim(line, holder, challenge_id).await,
            Some(approves) => push::answer_code(line, holder, challenge_id, approves).await,
        };
        done.map(outcome)
    }

    /// Answers creation options.
    pub(super) fn create_credential(
        wanted: &wire::PasskeyCreation,
    ) -> Result<wire::PasskeyCredential, Trouble> {
        let device = wanted.device.as_ref().map(|device| device.as_str());
        let options = wanted.options.0.clone().into();
        credential(Authenticator::of_device(device).create(&options, &wanted.origin)?)
    }

    /// Answers request options.
    pub(super) fn get_credential(
        wanted: &wire::PasskeyRequest,
    ) -> Result<wire::PasskeyCredential, Trouble> {
        let device = wanted.device.as_ref().map(|device| device.as_str());
        let options = wanted.options.0.clone().into();
        let held = wanted.credential_ids.as_deref().unwrap_or_default();
        credential(Authenticator::of_device(device).get(&options, &wanted.origin, held)?)
    }

    /// What a user's authenticator app shows.
    pub(super) fn totp(&self, request: &api::GetTotpRequest) -> Result<wire::TotpCode, Trouble> {
        let tenant = self.in_authsignal(request.tenant.as_deref())?;
        let readings = Readings::of(request.user_id.as_str());
        let (user_id, shown) = tenant.look(|authsignal, now| {
            let user_id = readings
                .known(|id| authsignal.seen(id).is_some())
                .to_owned();
            let shown = authsignal.current_totp(&user_id, now);
            (user_id, shown)
        });
        // The user has no app, or has one that cannot be read.
        let shown = shown.map_err(|refusal| Trouble::Unknown(refusal.to_string()))?;
        Ok(wire::TotpCode {
            tenant_id: tenant.account().id.clone(),
            user_id,
            code: shown.code,
            expires_at: shown.expires,
        })
    }
}

fn passkey<'a>(
    tenant: &'a AuthsignalPart,
    subject: &'a wire::PasskeySubject,
) -> (Holder<'a>, Wish<'a>) {
    let holder = Holder {
        tenant,
        user_id: subject.user_id.as_str(),
        device: subject.device.as_ref().map(|device| device.as_str()),
    };
    let wish = Wish {
        kind: subject.verification_method.map(|kind| match kind {
            wire::CredentialKind::Passkey => Kind::Passkey,
            wire::CredentialKind::SecurityKey => Kind::SecurityKey,
        }),
        action: subject.action.as_ref().map(|action| action.as_str()),
        origin: subject.origin.as_ref().map(|origin| origin.as_str()),
    };
    (holder, wish)
}

fn holder<'a>(tenant: &'a AuthsignalPart, subject: &'a wire::DeviceSubject) -> Holder<'a> {
    Holder {
        tenant,
        user_id: subject.user_id.as_str(),
        device: subject.device.as_ref().map(|device| device.as_str()),
    }
}

fn credential(credential: serde_json::Value) -> Result<wire::PasskeyCredential, Trouble> {
    match credential {
        serde_json::Value::Object(members) => Ok(wire::PasskeyCredential {
            credential: wire::WebauthnJson(members),
        }),
        _ => Err(Trouble::Impossible(
            "the authenticator returned no credential".to_owned(),
        )),
    }
}

fn outcome(done: DeviceOutcome) -> wire::DeviceOutcome {
    let state = done.action.as_ref().map(|action| action.state.word());
    let action = done
        .action
        .map(|action| (action.action, action.idempotency_key));
    let (action, idempotency_key) = action.unzip();
    wire::DeviceOutcome {
        tenant_id: done.tenant_id,
        user_id: done.user_id,
        user_authenticator_id: done.authenticator_id,
        credential_id: done.credential_id,
        challenge_id: done.challenge_id,
        action,
        idempotency_key,
        state: state.map(str::to_owned),
    }
}
