//! The golden exchanges of messages that a request waits for or deletes.

use super::{Body, Exchange, Signer, Stage, call, control};

fn sms(number: &'static str) -> Exchange {
    let body = Body::Json(number);
    let send = call(
        "activeconnect",
        "send_registration_sms",
        Stage::User,
        Signer::Application,
        body,
    );
    send.answers(200)
}

pub(super) fn exchanges() -> Vec<Exchange> {
    let two = |exchange: Exchange| {
        exchange
            .after(&sms(r#"{"phone_number":"+15550100"}"#))
            .after(&sms(r#"{"phone_number":"+15550101","message":"Hello"}"#))
    };
    let list = control("list_messages", Stage::User, Body::None);
    let delete = control("delete_message", Stage::User, Body::None);
    let delete_all = control("delete_messages", Stage::User, Body::None);
    let first = delete.clone().path("message", "mock-app:1").answers(200);
    vec![
        two(list.clone())
            .answers(200)
            .case("after")
            .query("after=mock-app:1&to=%2B15550101&userId=alice&wait=10s"),
        list.clone().answers(200).case("waited").query("wait=0ms"),
        two(list.clone()).after(&first).answers(200).case("deleted"),
        list.clone().answers(400).case("wait").query("wait=soon"),
        list.answers(404).case("after").query("after=mock-app:1"),
        two(first.clone()),
        two(delete.clone())
            .after(&first)
            .path("message", "mock-app:1")
            .answers(404),
        delete
            .clone()
            .path("message", "hello")
            .answers(404)
            .case("id"),
        delete
            .path("message", "mock-app:1")
            .answers(400)
            .case("parameter")
            .query("tenannt=mock-app")
            .shared("a query parameter that the operation does not have"),
        two(delete_all.clone()).answers(200),
        two(delete_all.clone())
            .answers(200)
            .case("to_one")
            .query("to=%2B15550101&tenant=mock-app"),
        delete_all
            .clone()
            .answers(400)
            .case("parameter")
            .query("tenannt=mock-app")
            .shared("a query parameter that the operation does not have"),
        delete_all
            .answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
    ]
}
