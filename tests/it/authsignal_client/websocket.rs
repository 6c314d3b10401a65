//! The WebSocket for QR codes, by a client that is not the mock's.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{App, SUCCEEDED};
use crate::spec;
use crate::tenant::Tenant;
use crate::world::TENANT;

struct Socket(WebSocketStream<TcpStream>);

async fn connect(tenant: &Tenant, protocols: &str) -> Result<(Socket, String), Error> {
    connect_preferring(tenant, protocols, None).await
}

async fn connect_preferring(
    tenant: &Tenant,
    protocols: &str,
    prefer: Option<&'static str>,
) -> Result<(Socket, String), Error> {
    let address = tenant.server.address();
    let mut request = format!("ws://{address}/ws-v1-challenge").into_client_request()?;
    let headers = request.headers_mut();
    if !protocols.is_empty() {
        headers.insert(
            "sec-websocket-protocol",
            HeaderValue::from_str(protocols).unwrap(),
        );
    }
    headers.insert("origin", HeaderValue::from_static("http://localhost:3000"));
    if let Some(prefer) = prefer {
        headers.insert("prefer", HeaderValue::from_static(prefer));
    }
    let stream = TcpStream::connect(address).await?;
    let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
    let selected = response.headers().get("sec-websocket-protocol");
    let selected = selected.map(|value| value.to_str().unwrap().to_owned());
    Ok((Socket(socket), selected.unwrap_or_default()))
}

/// As the vendor's client connects without a token.
async fn anonymous(tenant: &Tenant) -> Socket {
    let protocols = format!("authsignal-ws, x.authsignal.tenant.{TENANT}");
    let (socket, selected) = connect(tenant, &protocols).await.unwrap();
    assert_eq!(selected, "authsignal-ws");
    socket
}

fn as_the_spec_says(message: &Value) {
    let name = message["type"].as_str().unwrap();
    let spec = spec::named("authsignal-client");
    let faults = spec.faults_of_message("x-websocket-messages", name, message);
    assert!(faults.is_empty(), "{message}: {faults:?}");
}

impl Socket {
    async fn send(&mut self, message: Value) {
        let text = message.to_string();
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        let message = self.0.next().await.unwrap().unwrap();
        let message: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        as_the_spec_says(&message);
        message
    }

    /// Asks for a QR code; gives its id.
    async fn create(&mut self) -> String {
        let data =
            json!({"challengeType": "QR_CODE", "actionCode": "signIn", "custom": {"amount": 5}});
        let message = json!({"type": "CREATE_CHALLENGE", "data": data});
        as_the_spec_says(&message);
        self.send(message).await;
        let created = self.next().await;
        assert_eq!(created["type"], "CHALLENGE_CREATED");
        let data = &created["data"];
        assert_eq!(
            (&data["challengeType"], &data["state"], &data["expiresAt"]),
            (
                &json!("QR_CODE"),
                &json!("unclaimed"),
                &json!("2026-01-01T00:10:00.000Z")
            )
        );
        data["challengeId"].as_str().unwrap().to_owned()
    }
}

async fn reader(tenant: &Tenant, user: &str) -> App {
    let (app, page) = (App::new(1), tenant.page(user).await);
    page.post("/user-authenticators/qr-code", app.credential())
        .await;
    app
}

async fn claim(tenant: &Tenant, app: &App, id: &str) {
    let body = json!({"publicKey": app.public_key(), "challengeId": id, "signature": app.sign(id)});
    let target = "/user-authenticators/qr-code/challenge/claim";
    tenant.anonymously(200, "POST", target, body).await;
}

async fn answer(tenant: &Tenant, app: &App, id: &str, approved: bool) {
    let body = json!({
        "publicKey": app.public_key(), "challengeId": id, "signature": app.sign(id), "approved": approved,
    });
    tenant
        .anonymously(200, "POST", "/user-authenticators/qr-code/challenge", body)
        .await;
}

fn change(id: &str, state: &str) -> Value {
    json!({"type": "STATE_CHANGE", "data": {"challengeId": id, "state": state}})
}

#[tokio::test]
async fn a_page_gets_every_change_and_a_token_at_the_end() {
    let tenant = Tenant::new().await;
    let app = reader(&tenant, "ada").await;
    let mut socket = anonymous(&tenant).await;
    let id = socket.create().await;
    claim(&tenant, &app, &id).await;
    assert_eq!(socket.next().await, change(&id, "claimed"));
    answer(&tenant, &app, &id, true).await;
    let mut approved = socket.next().await;
    let token = approved["data"]
        .as_object_mut()
        .unwrap()
        .remove("accessToken")
        .unwrap();
    assert_eq!(approved, change(&id, "approved"));
    let proof = tenant.validate(&token).await;
    assert_eq!(
        (&proof["userId"], &proof["state"]),
        (&json!("ada"), &json!(SUCCEEDED))
    );
}

/// What passes over the wire, to the byte: ids and times are those of the deterministic mode, tokens are masked.
#[tokio::test]
async fn approving_a_qr_code_sends_these_messages() {
    let tenant = Tenant::new().await;
    let app = reader(&tenant, "ada").await;
    let mut socket = anonymous(&tenant).await;
    let asked = r#"{"type":"CREATE_CHALLENGE","data":{"challengeType":"QR_CODE","actionCode":"signIn","custom":{"amount":5}}}"#;
    socket.0.send(Message::text(asked)).await.unwrap();
    let mut said = vec![format!("> {asked}")];
    for step in ["created", "claimed", "approved"] {
        let message = socket.0.next().await.unwrap().unwrap();
        let text = message.to_text().unwrap();
        let parsed: Value = serde_json::from_str(text).unwrap();
        as_the_spec_says(&parsed);
        let masked = match parsed["data"]["accessToken"].as_str() {
            Some(token) => text.replace(token, "TOKEN"),
            None => text.to_owned(),
        };
        said.push(format!("< {masked}"));
        let id = parsed["data"]["challengeId"].as_str().unwrap();
        match step {
            "created" => claim(&tenant, &app, id).await,
            "claimed" => answer(&tenant, &app, id, true).await,
            _ => {}
        }
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    > {"type":"CREATE_CHALLENGE","data":{"challengeType":"QR_CODE","actionCode":"signIn","custom":{"amount":5}}}
    < {"type":"CHALLENGE_CREATED","data":{"challengeId":"68f7892b-fc45-4192-a395-5da0c145df59","challengeType":"QR_CODE","expiresAt":"2026-01-01T00:10:00.000Z","state":"unclaimed"}}
    < {"type":"STATE_CHANGE","data":{"challengeId":"68f7892b-fc45-4192-a395-5da0c145df59","state":"claimed"}}
    < {"type":"STATE_CHANGE","data":{"challengeId":"68f7892b-fc45-4192-a395-5da0c145df59","state":"approved","accessToken":"TOKEN"}}
    "#);
}

#[tokio::test]
async fn a_denial_is_sent_without_a_token() {
    let tenant = Tenant::new().await;
    let app = reader(&tenant, "ada").await;
    let mut socket = anonymous(&tenant).await;
    let id = socket.create().await;
    claim(&tenant, &app, &id).await;
    socket.next().await;
    answer(&tenant, &app, &id, false).await;
    assert_eq!(socket.next().await, change(&id, "rejected"));
}

#[tokio::test]
async fn a_token_binds_the_challenge_to_its_action() {
    let tenant = Tenant::new().await;
    let app = reader(&tenant, "ada").await;
    let page = tenant.page("ada").await;
    let protocols = format!("authsignal-ws, x.authsignal.token.{}", page.token);
    let (mut socket, selected) = connect(&tenant, &protocols).await.unwrap();
    assert_eq!(selected, "authsignal-ws");
    let id = socket.create().await;
    claim(&tenant, &app, &id).await;
    answer(&tenant, &app, &id, true).await;
    while socket.next().await["data"]["state"] != "approved" {}
    assert_eq!(page.state().await, SUCCEEDED);
}

#[tokio::test]
async fn a_new_qr_code_replaces_the_one_before() {
    let tenant = Tenant::new().await;
    let app = reader(&tenant, "ada").await;
    let mut socket = anonymous(&tenant).await;
    let old = socket.create().await;
    let new = socket.create().await;
    assert_ne!(old, new);
    claim(&tenant, &app, &old).await;
    claim(&tenant, &app, &new).await;
    assert_eq!(
        socket.next().await,
        change(&new, "claimed"),
        "the old one is not told of"
    );
}

#[tokio::test]
async fn unknown_messages_are_ignored() {
    let tenant = Tenant::new().await;
    let mut socket = anonymous(&tenant).await;
    let before = tenant.server.state();
    for message in [
        json!({"type": "HELLO"}),
        json!({"type": "CREATE_CHALLENGE"}),
        json!({"type": "CREATE_CHALLENGE", "data": {"challengeType": "PUSH", "actionCode": "a"}}),
        json!([]),
        json!("text"),
    ] {
        socket.send(message).await;
    }
    socket.0.send(Message::binary(vec![0, 1, 2])).await.unwrap();
    socket.0.send(Message::text("{")).await.unwrap();
    // Answers come in order, so there was none to the others.
    assert_eq!(tenant.server.state(), before);
    socket.create().await;
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let tenant = Tenant::new().await;
    let mut socket = anonymous(&tenant).await;
    let long = "x".repeat(65 * 1024);
    // Whether it goes out whole depends on when the other end hangs up.
    let _ = socket.0.send(Message::text(long)).await;
    let next = socket.0.next().await;
    assert!(!matches!(next, Some(Ok(Message::Text(_)))), "{next:?}");
    assert_eq!(tenant.server.state(), Tenant::new().await.server.state());
}

/// A ping with 125 bytes, as it goes over the wire. Its mask is zero.
const PING: [u8; 131] = {
    let mut frame = [b'x'; 131];
    (frame[0], frame[1]) = (0x89, 0x80 | 125);
    (frame[2], frame[3], frame[4], frame[5]) = (0, 0, 0, 0);
    frame
};

#[tokio::test]
async fn answers_to_pings_that_nobody_reads_take_no_room() {
    let tenant = Tenant::new().await;
    let mut socket = anonymous(&tenant).await;
    // More than the buffers of both ends of a connection hold.
    let count = 200_000;
    let stream = socket.0.get_mut();
    for _ in 0..count / 1000 {
        stream.write_all(&PING.repeat(1000)).await.unwrap();
    }
    let data = json!({"challengeType": "QR_CODE", "actionCode": "signIn"});
    let asked = json!({"type": "CREATE_CHALLENGE", "data": data});
    socket.send(asked).await;
    let mut pongs = 0;
    loop {
        match socket.0.next().await.unwrap().unwrap() {
            Message::Pong(_) => pongs += 1,
            Message::Text(text) => break assert!(text.contains("CHALLENGE_CREATED"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(0 < pongs && pongs < count, "{pongs}");
}

#[tokio::test]
async fn a_connection_ends_when_its_token_expires() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    let protocols = format!("authsignal-ws, x.authsignal.token.{}", page.token);
    let (mut socket, _) = connect(&tenant, &protocols).await.unwrap();
    let mut nobody = anonymous(&tenant).await;
    tenant.later(599);
    let data = json!({"challengeType": "QR_CODE", "actionCode": "signIn"});
    let asked = json!({"type": "CREATE_CHALLENGE", "data": data});
    socket.send(asked.clone()).await;
    assert_eq!(socket.next().await["type"], "CHALLENGE_CREATED");
    let before = tenant.server.state();
    tenant.later(1);
    // Whether it goes out depends on when the other end hangs up.
    let _ = socket.0.send(Message::text(asked.to_string())).await;
    let Some(Ok(Message::Close(Some(close)))) = socket.0.next().await else {
        panic!("the connection goes on");
    };
    assert_eq!(
        (u16::from(close.code), close.reason.as_str()),
        (1008, "Token is expired.")
    );
    assert_eq!(tenant.server.state(), before);
    // One without a token has none that expires.
    nobody.send(asked).await;
    assert_eq!(nobody.next().await["type"], "CHALLENGE_CREATED");
}

#[tokio::test]
async fn a_connection_ends_when_its_user_is_deleted() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    let protocols = format!("authsignal-ws, x.authsignal.token.{}", page.token);
    let (mut idle, _) = connect(&tenant, &protocols).await.unwrap();
    let (mut busy, _) = connect(&tenant, &protocols).await.unwrap();
    busy.create().await;
    tenant.delete("/v1/users/ada").await;
    let before = tenant.server.state();
    let data = json!({"challengeType": "QR_CODE", "actionCode": "signIn"});
    let asked = json!({"type": "CREATE_CHALLENGE", "data": data});
    idle.send(asked).await;
    for mut socket in [idle, busy] {
        let Some(Ok(Message::Close(Some(close)))) = socket.0.next().await else {
            panic!("the connection goes on");
        };
        assert_eq!(
            (u16::from(close.code), close.reason.as_str()),
            (1008, "Token is invalid.")
        );
    }
    assert_eq!(tenant.server.state(), before);
    assert!(connect(&tenant, &protocols).await.is_err());
}

#[tokio::test]
async fn a_connection_needs_valid_credentials() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    tenant.later(600);
    for protocols in [
        String::new(),
        "authsignal-ws".to_owned(),
        "authsignal-ws, x.authsignal.tenant.unknown".to_owned(),
        "authsignal-ws, x.authsignal.token.x.y.z".to_owned(),
        format!("authsignal-ws, x.authsignal.token.{}", page.token),
    ] {
        match connect(&tenant, &protocols).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 401, "{protocols}"),
            Err(error) => panic!("{protocols}: {error}"),
            Ok(_) => panic!("{protocols}: there is one"),
        }
    }
    let request = crate::wire::Request::new("GET", "/ws-v1-challenge");
    tenant.answer(400, &request).await;
}

#[tokio::test]
async fn a_handshake_gets_the_error_that_it_asks_for() {
    let tenant = Tenant::new().await;
    let protocols = format!("authsignal-ws, x.authsignal.tenant.{TENANT}");
    for (prefer, status, retry_after, says) in [
        ("code=503, retry-after=7", 503, Some("7"), "Prefer"),
        ("code=404", 404, None, "Prefer"),
        ("code=429", 429, Some("60"), "Prefer"),
        (
            "code=200",
            400,
            None,
            "header Prefer asks for a code that the mock cannot give",
        ),
    ] {
        let refused = connect_preferring(&tenant, &protocols, Some(prefer)).await;
        let Err(Error::Http(answer)) = refused else {
            panic!("{prefer}: the handshake succeeded");
        };
        assert_eq!(answer.status(), status, "{prefer}");
        let told = answer.headers().get("retry-after");
        assert_eq!(
            told.map(|value| value.to_str().unwrap()),
            retry_after,
            "{prefer}"
        );
        let body: Value = serde_json::from_slice(answer.body().as_ref().unwrap()).unwrap();
        let why = body["errorDescription"].as_str().unwrap();
        assert!(why.contains(says), "{prefer}: {why}");
    }
    assert!(
        connect_preferring(&tenant, &protocols, Some("wait=5"))
            .await
            .is_ok()
    );
}
