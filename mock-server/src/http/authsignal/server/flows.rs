//! The operations on flows: starting a run, and verifying it.

use super::admission::ServerCaller;
use super::convert::tokens;
use crate::domain::authsignal::action::Known;
use crate::domain::authsignal::address::Contact;
use crate::domain::authsignal::flow::{FlowState, FlowToStart, UserOfFlow};
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::domain::custom::Custom;
use crate::generated::authsignal::types as wire;
use crate::http::access::Writer;
use crate::wire::authsignal::{flow_action, flow_user};

pub(super) fn start(
    caller: &Writer<ServerCaller, Authsignal>,
    body: wire::FlowToStart,
) -> Result<wire::StartedFlow, Refusal> {
    caller.check_redirect(body.redirect_url.as_deref());
    let wanted = FlowToStart {
        code: String::from(body.action_code),
        user: body.user.map(user).transpose()?,
        known: known(body.attributes.unwrap_or_default(), body.redirect_url),
        client_id: body.client_id.map(String::from),
    };
    let (bearer, grant, evaluated, fault, mut started) =
        caller.tenant.transact(|authsignal, turn| {
            let started = authsignal.start_flow(turn, wanted)?;
            let (bearer, fault) = (started.bearer, fault_of(started.fault, started.is_known));
            let (user_id, code, key) = (&bearer.user_id, &bearer.action, &bearer.key);
            let answer = wire::StartedFlow {
                action: flow_action(&authsignal.standing(&bearer)),
                challenge_token: String::new(),
                challenge_url: String::new(),
                user: started
                    .is_known
                    .then(|| flow_user(user_id, authsignal.user(user_id))),
            };
            let grant = authsignal.grant(user_id, code, key, None, turn.now);
            Ok((bearer, grant, started.evaluated, fault, answer))
        })?;
    caller.show(evaluated);
    if let Some(fault) = fault {
        caller.warn(fault);
    }
    // Signing takes longer than all else, so nobody waits for it.
    let (tenant, base) = (caller.tenant.account(), caller.base());
    started.challenge_token =
        tenant.token(&grant, &bearer.user_id, &bearer.action, &bearer.key, &base);
    started.challenge_url = caller.page(&started.challenge_token);
    Ok(started)
}

/// Why a run failed before it asked for anything, which its answer has no member for.
fn fault_of(fault: Option<String>, is_known: bool) -> Option<String> {
    let whose = if is_known {
        ""
    } else {
        "; the request has no `user`, so the run is for a new one, whom the mock knows no address of"
    };
    Some(format!("the run of the flow has failed: {}{whose}", fault?))
}

pub(super) async fn verified(
    caller: &Writer<ServerCaller, Authsignal>,
    body: &wire::FlowToVerify,
) -> Result<wire::VerifiedFlow, Refusal> {
    let tenant = caller.tenant.account();
    let read = tenant.keys.read(&body.challenge_token);
    let bearer = caller.tenant.look(|authsignal, now| {
        let bearer = authsignal.flow_bearer(read, now)?;
        authsignal.is_of_flow(&bearer, &body.action_code)?;
        Ok(bearer)
    })?;
    caller
        .tenant
        .transact_delivered(|authsignal, turn| {
            authsignal.close_run(turn, &bearer);
            Ok(())
        })
        .await?;
    let base = caller.base();
    Ok(caller.tenant.transact(|authsignal, turn| {
        let verified = authsignal.verified_flow(turn, &bearer, &base);
        let (user_id, failed) = (&bearer.user_id, FlowState::ChallengeFailed);
        let user = authsignal.user(user_id);
        wire::VerifiedFlow {
            action: flow_action(&verified.standing),
            session: verified.session.map(|session| tokens(tenant, session)),
            user: (verified.standing.state != failed).then(|| flow_user(user_id, user)),
        }
    }))
}

/// Whom a request names, by exactly one member.
fn user(wire: wire::UserOfFlow) -> Result<UserOfFlow, Refusal> {
    let contact = Contact {
        email: wire.email.map(String::from),
        phone_number: wire.phone_number.map(String::from),
        username: wire.username.map(String::from),
    };
    let attributes = [&contact.email, &contact.phone_number, &contact.username];
    let given = attributes.into_iter().flatten().count();
    match (wire.user_id, given) {
        (Some(id), 0) => Ok(UserOfFlow::Id(String::from(id))),
        (None, 1) => Ok(UserOfFlow::By(contact)),
        (id, given) => Err(Refusal::Invalid(format!(
            "body /user: {} members name the user; give exactly one of userId, email, phoneNumber and username",
            given + usize::from(id.is_some())
        ))),
    }
}

fn known(wire: wire::FlowAttributes, redirect_url: Option<String>) -> Known {
    Known {
        redirect_url,
        ip_address: wire.ip_address,
        user_agent: wire.user_agent,
        device_id: wire.device_id,
        custom: wire.custom.map(|custom| Custom::new(&custom.0)),
        locale: wire.locale,
        ..Known::default()
    }
}
