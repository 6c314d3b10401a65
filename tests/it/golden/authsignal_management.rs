//! The golden exchanges of Authsignal's Management API: every operation with every documented status, and the answers that
//! differ within one status.

use crate::exchange::{Body, Exchange, call};
use crate::world::{Signer, Stage};

const API: &str = "authsignal-management";

const WITHDRAW: Body = Body::Json(
    r#"{"actionCode":"withdraw","defaultUserActionResult":"ALLOW","messagingTemplates":{"en":{"defaultTemplate":"Withdraw"}},"verificationMethods":["SMS","PASSKEY"]}"#,
);
const BLOCKED: Body = Body::Json(
    r#"{"name":"risky country","isActive":true,"priority":0,"type":"BLOCK","conditions":{"in":[{"var":"ip.location.country.countryCode"},{"var":"lists.blocked-countries"}]}}"#,
);
const COUNTRIES: Body = Body::Json(
    r#"{"name":"Blocked Countries","itemType":"string","isActive":true,"valueListItems":["XA","XB"]}"#,
);
const AMOUNT: Body =
    Body::Json(r#"{"name":"amount","dataType":"number","modelType":"action","isPublic":true}"#);
const TWILIO: Body = Body::Json(
    r#"{"smsProvider":"TWILIO","smsCountryCodes":["NZ","AU"],"defaultCountryCode":"NZ","twilioCredentials":{"authToken":"twilio-token","messagingServiceSid":"MG1","accountSid":"AC1"}}"#,
);
const NODES: Body = Body::Json(
    r#"{"actionNodes":[{"nodeId":"root","nodeType":"COMPLETE","parentNodeIds":[],"name":null}],"rules":[]}"#,
);

fn by(operation: &'static str, body: Body) -> Exchange {
    call(API, operation, Stage::Start, Signer::Manager, body)
}

/// The exchanges of an operation: the refusals that it shares with others, and its own.
fn whole(good: &Exchange, own: impl IntoIterator<Item = Exchange>) -> Vec<Exchange> {
    let forbidden = good
        .answers(403)
        .shared("the secret of the Server API")
        .signer(Signer::Tenant);
    super::whole(good, [forbidden].into_iter().chain(own))
}

/// As `whole`, with 404 for a path parameter that names nothing.
fn whole_of(
    good: &Exchange,
    parameter: &'static str,
    own: impl IntoIterator<Item = Exchange>,
) -> Vec<Exchange> {
    let unknown = good.unknown(parameter);
    whole(good, [unknown].into_iter().chain(own))
}

pub(super) fn exchanges() -> Vec<Exchange> {
    [
        actions(),
        flows(),
        rules(),
        value_lists(),
        data_points(),
        theme(),
        tenant(),
        messages(),
        authenticators(),
    ]
    .concat()
}

fn action() -> Exchange {
    by("create_action_configuration", WITHDRAW).answers(200)
}

fn actions() -> Vec<Exchange> {
    let made = action();
    let create = by("create_action_configuration", WITHDRAW);
    let list = by("list_action_configurations", Body::None).after(&made);
    let get = by("get_action_configuration", Body::None).after(&made);
    // As Terraform sends it.
    let update = by(
        "update_action_configuration",
        Body::Json(
            r#"{"defaultUserActionResult":"CHALLENGE","messagingTemplates":null,"verificationMethods":null,"promptToEnrollVerificationMethods":null,"defaultVerificationMethod":null}"#,
        ),
    )
    .after(&made);
    let delete = by("delete_action_configuration", Body::None).after(&made);
    let webhook = r#"{"actionCode":"withdraw","defaultUserActionResult":"ALLOW","verificationWebhookUrl":"http://127.0.0.1:9/verify"}"#;
    let tracked = call(
        "authsignal",
        "track",
        Stage::Start,
        Signer::Tenant,
        Body::None,
    )
    .path("action", "withdraw")
    .answers(200);
    [
        whole(
            &create,
            [
                made.clone(),
                create.answers(200).case("webhook").body(Body::Json(webhook)),
                // The members of the deleted one come back.
                create
                    .answers(200)
                    .case("revived")
                    .after(&made)
                    .after(&delete_of(&delete))
                    .body(Body::Json(
                        r#"{"actionCode":"withdraw","defaultUserActionResult":"BLOCK"}"#,
                    )),
                create
                    .answers(400)
                    .case("outcome")
                    .body(Body::Json(r#"{"actionCode":"withdraw"}"#)),
                create.answers(400).case("method").body(Body::Json(
                    r#"{"actionCode":"withdraw","defaultUserActionResult":"ALLOW","verificationMethods":["SMS","PASSKEY","EMAIL_OTP"]}"#,
                ))
                .after(&by("delete_authenticator_configuration", Body::None).path("authenticator", "email_otp").answers(200)),
                create.answers(409).after(&made),
            ],
        ),
        whole(&list, [list.answers(200)]),
        whole_of(
            &get,
            "actionCode",
            [
                get.answers(200),
                get.answers(200).case("tracked").after(&tracked),
            ],
        ),
        whole_of(&update, "actionCode", [update.answers(200)]),
        whole_of(&delete, "actionCode", [delete.answers(200)]),
    ]
    .concat()
}

/// A deletion on its way to another exchange.
fn delete_of(delete: &Exchange) -> Exchange {
    let alone = by("delete_action_configuration", Body::None).answers(200);
    assert_eq!(alone.operation, delete.operation);
    alone
}

fn flows() -> Vec<Exchange> {
    let made = by(
        "create_action_configuration",
        Body::Json(r#"{"actionCode":"withdraw","actionType":"FLOW"}"#),
    )
    .answers(200);
    let publish = by("publish_flow", NODES).after(&made);
    let stale = r#"{"actionNodes":[{"nodeId":"root","nodeType":"COMPLETE","parentNodeIds":[]}],"rules":[],"expectedFlowVersion":7}"#;
    whole_of(
        &publish,
        "actionCode",
        [
            publish.answers(200),
            publish.answers(409).body(Body::Json(stale)),
        ],
    )
}

fn rules() -> Vec<Exchange> {
    let action = action();
    let create = by("create_rule", BLOCKED).after(&action);
    let made = by("create_rule", BLOCKED).answers(200);
    let of_rule = |operation, body| by(operation, body).after(&action).after(&made);
    let list = of_rule("list_rules", Body::None);
    let get = of_rule("get_rule", Body::None);
    let update = of_rule(
        "update_rule",
        Body::Json(
            r#"{"description":"for ada","isActive":false,"conditions":null,"defaultVerificationMethod":"SMS"}"#,
        ),
    );
    let delete = of_rule("delete_rule", Body::None);
    [
        whole_of(
            &create,
            "actionCode",
            [
                create.answers(200),
                create.answers(400).case("priority").after(&made),
                create.answers(400).case("conditions").body(Body::Json(
                    r#"{"name":"n","isActive":true,"priority":1,"type":"ALLOW","conditions":{"frobnicate":[1]}}"#,
                )),
            ],
        ),
        whole_of(&list, "actionCode", [list.answers(200)]),
        whole_of(&get, "ruleId", [get.answers(200)]),
        whole_of(
            &update,
            "ruleId",
            [
                update.answers(200),
                update
                    .answers(400)
                    .case("name")
                    .body(Body::Json(r#"{"name":null}"#)),
            ],
        ),
        whole_of(&delete, "ruleId", [delete.answers(200)]),
    ]
    .concat()
}

fn value_lists() -> Vec<Exchange> {
    let create = by("create_value_list", COUNTRIES);
    let made = create.answers(200);
    let list = by("list_value_lists", Body::None).after(&made);
    let get = by("get_value_list", Body::None).after(&made);
    // As Terraform sends it.
    let update = by(
        "update_value_list",
        Body::Json(r#"{"valueListItems":null,"isActive":false}"#),
    )
    .after(&made);
    let delete = by("delete_value_list", Body::None).after(&made);
    [
        whole(
            &create,
            [
                made.clone(),
                create.answers(200).case("numbers").body(Body::Json(
                    r#"{"name":"Hello World Numbers","itemType":"number","isActive":true,"valueListItems":[1,2.5]}"#,
                )),
                create.answers(400).case("item").body(Body::Json(
                    r#"{"name":"Mixed","itemType":"number","isActive":true,"valueListItems":[1,"2"]}"#,
                )),
                create.answers(400).case("alias").body(Body::Json(
                    r#"{"name":"???","itemType":"number","isActive":true}"#,
                )),
                create.answers(409).after(&made),
            ],
        ),
        whole(&list, [list.answers(200)]),
        whole_of(&get, "alias", [get.answers(200)]),
        whole_of(&update, "alias", [update.answers(200)]),
        whole_of(&delete, "alias", [delete.answers(200)]),
    ]
    .concat()
}

fn data_points() -> Vec<Exchange> {
    let create = by("create_custom_data_point", AMOUNT);
    let made = create.answers(200);
    let list = by("list_custom_data_points", Body::None).after(&made);
    let get = by("get_custom_data_point", Body::None).after(&made);
    let update = by(
        "update_custom_data_point",
        Body::Json(r#"{"isPublic":false}"#),
    )
    .after(&made);
    let delete = by("delete_custom_data_point", Body::None).after(&made);
    [
        whole(&create, [made.clone(), create.answers(409).after(&made)]),
        whole(&list, [list.answers(200)]),
        whole_of(&get, "customDataPointId", [get.answers(200)]),
        whole_of(&update, "customDataPointId", [update.answers(200)]),
        whole_of(&delete, "customDataPointId", [delete.answers(200)]),
    ]
    .concat()
}

fn theme() -> Vec<Exchange> {
    let get = by("get_theme", Body::None);
    let update = by(
        "update_theme",
        Body::Json(
            r##"{"name":"Demo","primaryColor":"#123456","colors":{"link":"#00f"},"typography":{"text":{"faces":[{"url":"https://fonts.example/a","weight":"400"},{"url":"https://fonts.example/b","weight":"100 900"}]}},"darkMode":{}}"##,
        ),
    );
    let made = update.answers(200);
    [
        whole(
            &get,
            [
                get.answers(200),
                get.answers(200).case("set").after(&made),
            ],
        ),
        whole(
            &update,
            [
                made.clone(),
                update
                    .answers(200)
                    .case("null")
                    .after(&made)
                    .body(Body::Json(
                        r#"{"colors":{"link":null,"focus":"red"},"typography":null}"#,
                    )),
                update.answers(400).case("weight").body(Body::Json(
                    r#"{"typography":{"text":{"faces":[{"url":"https://fonts.example/a","weight":"900 100"}]}}}"#,
                )),
                update
                    .answers(400)
                    .case("dark_typography")
                    .body(Body::Json(r#"{"darkMode":{"typography":{}}}"#)),
            ],
        ),
    ]
    .concat()
}

fn tenant() -> Vec<Exchange> {
    let get = by("get_tenant", Body::None);
    let update = by(
        "update_tenant",
        Body::Json(
            r#"{"name":"Demo","tokenDurationInMinutes":15,"authenticatorEventsWebhookConfig":{"url":"http://127.0.0.1:9/hooks","includeCredentialPublicKey":true},"logEventsWebhookConfig":{"endpointUrl":"http://127.0.0.1:9/logs"},"ipWhitelist":[]}"#,
        ),
    );
    let made = update.answers(200);
    [
        whole(&get, [get.answers(200), get.answers(200).case("set").after(&made)]),
        whole(
            &update,
            [
                made.clone(),
                update.answers(200).case("null").after(&made).body(Body::Json(
                    r#"{"authenticatorEventsWebhookConfig":null,"logEventsWebhookConfig":null,"disableRecoveryCodes":false}"#,
                )),
                update.answers(400).case("minutes").body(Body::Json(r#"{"tokenDurationInMinutes":0}"#)),
                update.answers(400).case("ranges").body(Body::Json(r#"{"ipWhitelist":["203.0.113.0/24","::1/128"]}"#)),
                update.answers(400).case("webhook").body(Body::Json(
                    r#"{"logEventsWebhookConfig":{"endpointUrl":"ftp://app.example/logs"}}"#,
                )),
            ],
        ),
    ]
    .concat()
}

fn messages() -> Vec<Exchange> {
    let get = by("get_message_overrides", Body::None);
    let update = by(
        "update_message_overrides",
        Body::Json(
            r#"{"messageOverrides":{"en":{"challenge.heading":"Hello from {tenantName}"}}}"#,
        ),
    );
    let catalog = by("get_message_catalog", Body::None);
    let made = update.answers(200);
    [
        whole(
            &get,
            [get.answers(200), get.answers(200).case("set").after(&made)],
        ),
        whole(
            &update,
            [
                made.clone(),
                update
                    .answers(200)
                    .case("none")
                    .after(&made)
                    .body(Body::Json(r#"{"messageOverrides":{}}"#)),
                update.answers(400).case("unknown").body(Body::Json(
                    r#"{"messageOverrides":{"en":{"challenge.footer":"Hello"}}}"#,
                )),
            ],
        ),
        whole(&catalog, [catalog.answers(200)]),
    ]
    .concat()
}

fn authenticators() -> Vec<Exchange> {
    let create = by("create_authenticator_configuration", TWILIO);
    let made = create.answers(200);
    let list = by("list_authenticator_configurations", Body::None).after(&made);
    let get = by("get_authenticator_configuration", Body::None).after(&made);
    let update = by(
        "update_authenticator_configuration",
        Body::Json(
            r#"{"isActive":false,"smsCountryCodes":[],"twilioCredentials":{"accountSid":"AC2"}}"#,
        ),
    )
    .after(&made);
    let delete = by("delete_authenticator_configuration", Body::None).after(&made);
    [
        whole_of(
            &create,
            "authenticator",
            [
                made.clone(),
                create.answers(400).case("field").body(Body::Json(
                    r#"{"smsProvider":"TWILIO","unknownField":1}"#,
                )),
                create.answers(400).case("provider").body(Body::Json(
                    r#"{"smsProvider":"TNZ","twilioCredentials":{"authToken":"twilio-token","messagingServiceSid":"MG1","accountSid":"AC1"}}"#,
                )),
                create.answers(400).case("slug").path("authenticator", "authenticator-app"),
                create.answers(409).after(&made),
            ],
        ),
        whole(&list, [list.answers(200)]),
        whole_of(
            &get,
            "authenticator",
            [
                get.answers(200),
                get.answers(200).case("from_the_start").path("authenticator", "email-otp"),
            ],
        ),
        whole_of(&update, "authenticator", [update.answers(200)]),
        whole_of(
            &delete,
            "authenticator",
            [
                delete.answers(200),
                delete.answers(400).case("slug").path("authenticator", "authenticator-app"),
            ],
        ),
    ]
    .concat()
}

#[tokio::test]
async fn every_exchange_is_as_recorded() {
    super::all_match(API, exchanges()).await;
}
