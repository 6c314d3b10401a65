//! No id, however hostile, makes the client address anything but the one resource it names: shown for every operation
//! with a path parameter, in each position, by what goes out on the wire.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use stepup_client::Kind;
use stepup_client::activeconnect::raw::{self, types};
use stepup_client::activeconnect::{Activeconnect, RegistrationSms};
use stepup_client::mock_control::MockControl;

use crate::receiver::{Received, Receiver, Reply};
use crate::spec;

/// Ids that name nothing which could be addressed: nothing may be sent.
pub(crate) const UNADDRESSABLE: [&str; 9] = [
    "",
    ".",
    "..",
    "\n",
    "a\r\nHost: evil",
    "\0",
    "\t",
    "\u{7f}",
    "a\u{85}",
];

/// Ids that look as if they meant another path, and must go out as one segment.
pub(crate) const HOSTILE: [&str; 27] = [
    "a/b",
    "../victim",
    "x/../victim",
    "x\\..\\victim",
    "..\\victim",
    "/",
    "//evil.example/x",
    "\\\\evil.example\\x",
    "http://evil.example/",
    "...",
    "%2e%2e",
    "%2E%2E%2Fvictim",
    "..%2f",
    "%2F",
    "%",
    "%00",
    "a?methods=facial",
    "a#fragment",
    "a;b",
    "a b",
    " ",
    "a+b",
    "é🙂",
    "\u{202e}txt",
    "a@evil.example",
    "a:80",
    "{user_id}",
];

/// Calls an operation of the generated client with these path parameters. The outcome does not matter: the answers are
/// all refusals, and what was sent is in the receiver.
async fn call(client: &raw::Client, operation: &str, path: &BTreeMap<&str, &str>) {
    let given = |name: &str| path[name].to_owned();
    let users = || types::UserList { users: vec![] };
    let device =
        || from_json::<types::DeviceEnvelope>(json!({"device": {"notification_token": "*"}}));
    macro_rules! send {
        ($method:ident, $first:ident, $second:ident $(, $body:expr)?) => {{
            let request = client.$method().$first(given(stringify!($first))).$second(given(stringify!($second)));
            $(let request = request.body($body);)?
            assert!(request.send().await.is_err());
        }};
        ($method:ident, $only:ident, $body:expr) => {
            assert!(client.$method().$only(given(stringify!($only))).body($body).send().await.is_err())
        };
    }
    match operation {
        "add_users" => send!(add_users, application_id, users()),
        "delete_users" => send!(delete_users, application_id, users()),
        "device_registration_link" => send!(device_registration_link, application_id, user_id),
        "send_registration_sms" => send!(
            send_registration_sms,
            application_id,
            user_id,
            from_json::<types::RegistrationSms>(json!({"phone_number": "+15550100"}))
        ),
        "has_registered_mobile_device" => {
            send!(has_registered_mobile_device, application_id, user_id)
        }
        "lost_user_mobile_device" => send!(lost_user_mobile_device, application_id, user_id),
        "authenticate_user" => send!(authenticate_user, application_id, user_id),
        "session_status" => send!(session_status, application_id, session_token),
        "session_logout" => send!(session_logout, application_id, session_token),
        "register_device" => send!(
            register_device,
            application_id,
            registration_token,
            device()
        ),
        "update_device" => send!(update_device, application_id, device_id, device()),
        "unregister_device" => send!(unregister_device, application_id, device_id),
        "send_training_data" => {
            send!(
                send_training_data,
                application_id,
                device_id,
                types::TrainingData { images: vec![] }
            )
        }
        "active_sessions" => send!(active_sessions, application_id, device_id),
        "pending_requests" => send!(pending_requests, application_id, device_id),
        "start_identification" => send!(start_identification, application_id, auth_request_id),
        "send_identification_data" => send!(
            send_identification_data,
            application_id,
            auth_request_id,
            from_json::<types::IdentificationAnswer>(
                json!({"identification_data": {"cancelled": true}})
            )
        ),
        other => panic!("call {other} here"),
    }
}

fn from_json<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn client(receiver: &Receiver) -> Activeconnect {
    Activeconnect::builder("app", "secret")
        .server(receiver.base())
        .build()
        .unwrap()
}

async fn receiver() -> Receiver {
    Receiver::that(Reply::Json(
        400,
        r#"{"status":false,"reason":"recorded"}"#.to_owned(),
    ))
    .await
}

/// What stands in a segment, decoded as RFC 3986 says.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            // A form-decoding server would read a space.
            b'+' => panic!("a bare plus in {segment}"),
            plain => plain,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn addresses_only(
    operation: &spec::Operation<'_>,
    path: &BTreeMap<&str, &str>,
    request: &Received,
) {
    assert_eq!(request.method, operation.method);
    assert!(
        !request.target.contains(['?', '#', '\\']),
        "{}",
        request.target
    );
    let wanted: Vec<&str> = operation.path.split('/').collect();
    let sent: Vec<&str> = request.target.split('/').collect();
    assert_eq!(sent.len(), wanted.len(), "{} for {path:?}", request.target);
    for (wanted, sent) in wanted.iter().zip(sent) {
        match wanted
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => assert_eq!(decoded(sent), path[name], "{}", request.target),
            None => assert_eq!(sent, *wanted, "{}", request.target),
        }
    }
}

/// Has every operation of an API sent with each hostile id in each place of its path: `send` takes the operation's id and
/// the path's parameters. The receiver must get the id as one segment, or nothing where it cannot be addressed.
pub(crate) async fn each_hostile_id(
    receiver: &Receiver,
    api: &str,
    send: impl AsyncFn(&str, &BTreeMap<&str, &str>),
) {
    for operation in spec::named(api).operations() {
        let names = operation.path_parameters();
        for hostile in &names {
            for id in HOSTILE.iter().chain(&UNADDRESSABLE) {
                let path: BTreeMap<&str, &str> = names
                    .iter()
                    .map(|name| (*name, if name == hostile { *id } else { "plain" }))
                    .collect();
                send(operation.id, &path).await;
                sent_as_one_segment(receiver, &operation, &path, id);
            }
        }
    }
}

/// That the receiver got an id as one segment, or nothing where it cannot be addressed.
fn sent_as_one_segment(
    receiver: &Receiver,
    operation: &spec::Operation<'_>,
    path: &BTreeMap<&str, &str>,
    id: &str,
) {
    match receiver.take().as_slice() {
        [] => assert!(
            UNADDRESSABLE.contains(&id),
            "{}: {id:?} was not sent",
            operation.id
        ),
        [request] if !UNADDRESSABLE.contains(&id) => addresses_only(operation, path, request),
        requests => panic!("{}: {id:?} sent {requests:?}", operation.id),
    }
}

#[tokio::test]
async fn every_operation_sends_a_hostile_id_as_one_segment_or_not_at_all() {
    let receiver = receiver().await;
    let client = client(&receiver);
    each_hostile_id(&receiver, "activeconnect", async |operation, path| {
        assert!(!path.is_empty(), "{operation}");
        call(client.raw(), operation, path).await;
    })
    .await;
}

#[tokio::test]
async fn every_method_refuses_a_user_id_that_no_path_can_hold_before_sending() {
    let receiver = receiver().await;
    let client = client(&receiver);
    for id in UNADDRESSABLE {
        let sms = RegistrationSms::to("+15550100");
        let errors = [
            client.add_user(id).await.map(drop).unwrap_err(),
            client.add_users(["fine", id]).await.map(drop).unwrap_err(),
            client.delete_user(id).await.unwrap_err(),
            client.delete_users(["fine", id]).await.unwrap_err(),
            client
                .registration_link(id, None)
                .await
                .map(drop)
                .unwrap_err(),
            client
                .lost_user_mobile_device(id)
                .await
                .map(drop)
                .unwrap_err(),
            client.send_registration_sms(id, sms).await.unwrap_err(),
            client
                .has_registered_mobile_device(id)
                .await
                .map(drop)
                .unwrap_err(),
            client
                .authenticate_user(id, &[])
                .await
                .map(drop)
                .unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), Kind::InvalidInput, "{id:?}: {error}");
            assert_eq!(error.attempts(), 0);
        }
    }
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn every_method_sends_a_hostile_user_id_as_one_segment() {
    let receiver = receiver().await;
    let client = client(&receiver);
    let spec = spec::named("activeconnect");
    for id in HOSTILE {
        let _ = client.registration_link(id, None).await.unwrap_err();
        let _ = client.lost_user_mobile_device(id).await.unwrap_err();
        client
            .send_registration_sms(id, RegistrationSms::to("+15550100"))
            .await
            .unwrap_err();
        client.has_registered_mobile_device(id).await.unwrap_err();
        let _ = client.authenticate_user(id, &[]).await.unwrap_err();
        let operations = [
            "device_registration_link",
            "lost_user_mobile_device",
            "send_registration_sms",
            "has_registered_mobile_device",
            "authenticate_user",
        ];
        let requests = receiver.take();
        assert_eq!(requests.len(), operations.len());
        for (name, request) in operations.iter().zip(&requests) {
            let path = BTreeMap::from([("application_id", "app"), ("user_id", id)]);
            addresses_only(&spec.operation(name), &path, request);
        }
    }
}

#[tokio::test]
async fn the_control_client_sends_a_hostile_id_as_one_segment_or_not_at_all() {
    let receiver = receiver().await;
    let mock = MockControl::new(receiver.base()).unwrap();
    let spec = spec::named("mock-control");
    for id in HOSTILE.iter().chain(&UNADDRESSABLE) {
        let request = mock.raw().get_journal_entry().number(id.to_string());
        assert!(request.send().await.is_err());
        let path = BTreeMap::from([("number", *id)]);
        sent_as_one_segment(&receiver, &spec.operation("get_journal_entry"), &path, id);

        assert!(mock.delete_tenant(id).await.is_err());
        let path = BTreeMap::from([("tenant", *id)]);
        sent_as_one_segment(&receiver, &spec.operation("delete_tenant"), &path, id);

        assert!(mock.delete_fault(None, id).await.is_err());
        let path = BTreeMap::from([("fault", *id)]);
        sent_as_one_segment(&receiver, &spec.operation("delete_fault"), &path, id);

        assert!(mock.delete_scenario(None, id).await.is_err());
        let path = BTreeMap::from([("scenario", *id)]);
        sent_as_one_segment(&receiver, &spec.operation("delete_scenario"), &path, id);

        assert!(mock.delete_message(id).await.is_err());
        let path = BTreeMap::from([("message", *id)]);
        sent_as_one_segment(&receiver, &spec.operation("delete_message"), &path, id);

        assert!(mock.delete_snapshot(id, None).await.is_err());
        let path = BTreeMap::from([("snapshot", *id)]);
        sent_as_one_segment(&receiver, &spec.operation("delete_snapshot"), &path, id);
    }
}

#[test]
fn the_client_has_the_operations_of_the_specs() {
    let wanted = |stem: &str| -> BTreeSet<String> {
        let operations = spec::named(stem).operations();
        operations
            .iter()
            .map(|operation| format!("{} {} {}", operation.id, operation.method, operation.path))
            .collect()
    };
    let listed = |operations: &[&stepup_client::Operation]| -> BTreeSet<String> {
        operations
            .iter()
            .map(|operation| format!("{} {} {}", operation.id, operation.method, operation.path))
            .collect()
    };
    assert_eq!(listed(raw::operations::ALL), wanted("activeconnect"));
    assert_eq!(
        listed(stepup_client::authsignal::raw::operations::ALL),
        wanted("authsignal")
    );
    assert_eq!(
        listed(stepup_client::authsignal_management::raw::operations::ALL),
        wanted("authsignal-management")
    );
    assert_eq!(
        listed(stepup_client::mock_control::raw::operations::ALL),
        wanted("mock-control")
    );
    for operation in spec::named("mock-control").operations() {
        let tried = [
            "get_journal_entry",
            "delete_tenant",
            "delete_fault",
            "delete_scenario",
            "delete_message",
            "delete_snapshot",
        ];
        assert!(
            operation.path_parameters().is_empty() || tried.contains(&operation.id),
            "send hostile ids to {} above",
            operation.id
        );
    }
}
