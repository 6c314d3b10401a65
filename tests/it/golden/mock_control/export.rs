//! The golden exchanges of what leaves the mock: the configuration of a tenant.

use super::{Body, Exchange, control, unknown_parameter};
use crate::exchange::call;
use crate::world::{Signer, Stage};

pub(super) fn exchanges() -> Vec<Exchange> {
    let export = control("export_authsignal", Stage::Start, Body::None);
    let manage = |operation, body| {
        let api = "authsignal-management";
        call(
            api,
            operation,
            Stage::Start,
            Signer::Manager,
            Body::Json(body),
        )
        .answers(200)
    };
    let list = manage(
        "create_value_list",
        r#"{"name":"Blocked Countries","itemType":"string","isActive":true,"valueListItems":["XA"]}"#,
    );
    let sms = manage(
        "create_authenticator_configuration",
        r#"{"smsProvider":"TWILIO","twilioCredentials":{"authToken":"twilio-token","messagingServiceSid":"MG1","accountSid":"AC1"}}"#,
    );
    let action = manage(
        "create_action_configuration",
        r#"{"actionCode":"withdraw","defaultUserActionResult":"ALLOW"}"#,
    );
    let rule = manage(
        "create_rule",
        r#"{"name":"risky country","isActive":true,"priority":0,"type":"BLOCK","conditions":{"in":[{"var":"ip.countryCode"},{"var":"lists.blocked-countries"}]}}"#,
    );
    vec![
        export.answers(200).case("default"),
        export
            .answers(200)
            .after(&list)
            .after(&sms.path("authenticator", "sms"))
            .after(&action)
            .after(&rule.path("actionCode", "withdraw")),
        export
            .answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
        unknown_parameter("export_authsignal"),
    ]
}
