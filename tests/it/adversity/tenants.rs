//! Every operation with the ids of another tenant: the answer is that of an id that nobody has, shows nothing of the other
//! tenant, and leaves it as it was.
//!
//! Tenant A has one of everything. Tenant B uses the ids of A; tenant C, which is like B, uses ids that nobody has. The
//! mock checks no signatures of Activeconnect here, so that only ids keep the tenants apart.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stepup_mock::{MockServer, SoftwareAuthenticator};

use crate::receiver::{Receiver, Reply};
use crate::spec;
use crate::tenant::with_body;
use crate::wire::{self, Answer, Request};
use crate::world::{
    ORIGIN, app_public_key, app_signature, basic, device_description, mock, other_public_key,
    path_of,
};

/// What A's data holds, and no answer to others may show.
const CANARIES: [&str; 4] = [
    "victim@a.example",
    "+15550199",
    "Victoria of A",
    "phone-token-of-a",
];

/// A tenant at both vendors, and who calls it.
struct Caller {
    application: &'static str,
    tenant: &'static str,
    secret: &'static str,
    /// Token of an action of the caller's own user.
    bearer: String,
}

/// Ids by what they name.
type Ids = BTreeMap<&'static str, String>;

const A: (&str, &str, &str) = (
    "shop-a",
    "00000000-0000-4000-8000-00000000000a",
    "secret-of-a-0123456789abcdef",
);
const B: (&str, &str, &str) = (
    "shop-b",
    "00000000-0000-4000-8000-00000000000b",
    "secret-of-b-0123456789abcdef",
);
const C: (&str, &str, &str) = (
    "shop-c",
    "00000000-0000-4000-8000-00000000000c",
    "secret-of-c-0123456789abcdef",
);

async fn start() -> MockServer {
    let tenant = |(application, tenant, secret): (&str, &str, &str)| {
        json!({
            "activeconnect": {"id": application, "secret": format!("{secret} of the application")},
            "authsignal": {"id": tenant, "secret": secret, "managementSecret": managing(secret), "terminalSecret": at_terminal(secret)},
        })
    };
    let seed = json!({"tenants": [tenant(A), tenant(B), tenant(C)]});
    let builder = mock().deterministic().verify_signatures(false);
    let builder = builder.seed_value(seed).expect("a seed");
    builder.start().await.expect("the mock starts")
}

/// The management secret of the tenant of a server API secret.
fn managing(secret: &str) -> String {
    format!("{secret} of the manager")
}

/// The terminal secret of the tenant of a server API secret.
fn at_terminal(secret: &str) -> String {
    format!("{secret} of the terminal")
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// The mock, and what sends to it.
struct Place {
    server: MockServer,
}

impl Place {
    async fn send(&self, request: &Request) -> Answer {
        wire::send(self.server.address(), request).await
    }

    async fn json(&self, request: Request) -> Value {
        let answer = self.send(&request).await;
        let (method, target) = (&request.method, &request.target);
        let good = (200..300).contains(&answer.status);
        assert!(good, "{method} {target}: {}", answer.text());
        answer.json()
    }

    async fn server(&self, method: &str, target: &str, body: Value) -> Value {
        let request = Request::new(method, &format!("/v1{target}")).basic(A.2);
        self.json(with_body(request, body)).await
    }

    async fn manage(&self, target: &str, body: Value) -> Value {
        let request = Request::new("POST", &format!("/v1/management{target}"));
        let request = request.basic(&managing(A.2));
        self.json(request.json(body.to_string())).await
    }

    async fn client(&self, credentials: &str, target: &str, body: Value) -> Value {
        let request = Request::new("POST", &format!("/v1/client{target}"));
        let request = request.header("Authorization", credentials);
        self.json(request.json(body.to_string())).await
    }

    async fn state(&self, tenant: &str) -> Value {
        let target = format!("/_mock/state?tenant={tenant}");
        self.json(Request::new("GET", &target)).await
    }

    /// Gives A one of everything, and returns the ids.
    async fn victim(&self, receiver: &Receiver) -> Ids {
        let mut ids = Ids::from([
            ("user", "victim".to_owned()),
            ("email", "victim@a.example".to_owned()),
            ("phone number", "+15550199".to_owned()),
            ("action", "signIn".to_owned()),
            ("key", "key-of-a".to_owned()),
            ("device", "device-of-a".to_owned()),
            ("public key", app_public_key()),
        ]);
        let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+15550199"});
        let enrolled = self
            .server("POST", "/users/victim/authenticators", sms)
            .await;
        ids.insert(
            "authenticator",
            text(&enrolled["authenticator"]["userAuthenticatorId"]),
        );
        let about = json!({
            "email": "victim@a.example", "displayName": "Victoria of A", "username": "victoria",
            "custom": {"is": "Victoria of A"},
        });
        self.server("POST", "/users/victim", about).await;

        let track = json!({
            "idempotencyKey": "key-of-a", "deviceId": "device-of-a",
            "scope": "add:authenticators update:authenticators remove:authenticators",
        });
        let tracked = self
            .server("POST", "/users/victim/actions/signIn", track)
            .await;
        let token = text(&tracked["token"]);
        let bearer = format!("Bearer {token}");
        ids.insert("token", token);
        for kind in ["push", "qr-code", "in-app"] {
            let body = json!({
                "publicKey": app_public_key(), "deviceName": "Victoria of A", "devicePlatform": "ios",
            });
            let target = format!("/user-authenticators/{kind}");
            self.client(&bearer, &target, body).await;
        }
        let options = self
            .client(
                &bearer,
                "/user-authenticators/passkey/registration-options",
                json!({}),
            )
            .await;
        let created = SoftwareAuthenticator::new("of a")
            .create(&options["options"], ORIGIN)
            .expect("options that it can meet");
        ids.insert("credential", text(&created["id"]));
        let body =
            json!({"challengeId": options["challengeId"], "registrationCredential": created});
        let request = Request::new("POST", "/v1/client/user-authenticators/passkey");
        let request = request
            .header("Authorization", &bearer)
            .header("Origin", ORIGIN);
        self.json(request.json(body.to_string())).await;
        ids.insert("ceremony", text(&options["challengeId"]));

        // A second action, which waits for its challenges.
        let waiting = self
            .server(
                "POST",
                "/users/victim/actions/pay",
                json!({"idempotencyKey": "waiting"}),
            )
            .await;
        let waiting = format!("Bearer {}", text(&waiting["token"]));
        let action = json!({"action": "pay"});
        let push = self
            .client(&waiting, "/challenge/push", action.clone())
            .await;
        ids.insert("push", text(&push["challengeId"]));
        let code = self
            .client(&basic(A.1), "/challenge/qr-code", action.clone())
            .await;
        ids.insert("qr code", text(&code["challengeId"]));
        ids.insert("device code", text(&code["deviceCode"]));
        let at_terminal = format!("Bearer {}", at_terminal(A.2));
        let request = Request::new("POST", "/v1/terminal/challenge");
        let shown = self
            .json(request.header("Authorization", &at_terminal))
            .await;
        ids.insert("terminal", text(&shown["challengeId"]));
        ids.insert("terminal code", text(&shown["code"]));
        let link = json!({"email": "victim@a.example"});
        self.client(&bearer, "/user-authenticators/email-magic-link", link)
            .await;
        let target = "/challenges?userId=victim&verificationMethod=EMAIL_MAGIC_LINK";
        let link = self.server("GET", target, Value::Null).await;
        ids.insert("link challenge", text(&link["challengeId"]));
        let sms = json!({
            "verificationMethod": "SMS", "action": "pay", "phoneNumber": "+15550199", "userId": "victim",
        });
        let sent = self.server("POST", "/challenge", sms).await;
        ids.insert("challenge", text(&sent["challengeId"]));
        let newest = self
            .json(Request::new(
                "GET",
                &format!("/_mock/messages?tenant={}&limit=1", A.1),
            ))
            .await;
        ids.insert("code", text(&newest["messages"][0]["code"]));

        // Sessions: one that is live, one that is revoked, which stands for one that nobody has.
        let session = json!({"clientId": "web", "token": ids["token"]});
        let revoked = self.server("POST", "/sessions", session.clone()).await;
        let live = self.server("POST", "/sessions", session).await;
        let revoke = json!({"accessToken": revoked["accessToken"]}).to_string();
        let request = Request::new("POST", "/v1/sessions/revoke").basic(A.2);
        assert_eq!(self.send(&request.json(revoke)).await.status, 204);
        ids.insert("access token", text(&live["accessToken"]));
        ids.insert("revoked access token", text(&revoked["accessToken"]));
        ids.insert("refresh token", text(&live["refreshToken"]));

        let hooks = json!({"tenantId": A.1, "webhooks": [{"url": receiver.url(), "events": ["authenticator.created"]}]});
        let request = Request::new("POST", "/_mock/webhooks").json(hooks.to_string());
        self.json(request).await;
        let event = json!({"tenantId": A.1, "type": "authenticator.created"});
        let request = Request::new("POST", "/_mock/webhooks/trigger").json(event.to_string());
        self.json(request).await;
        // The first of the tenant.
        ids.insert("delivery", "1".to_owned());

        self.settings_of_victim(&mut ids).await;
        self.phone_of_victim(&mut ids).await;
        ids
    }

    /// Gives A what only the Management API has ids for.
    async fn settings_of_victim(&self, ids: &mut Ids) {
        let action = json!({"actionCode": "configured-by-a", "defaultUserActionResult": "ALLOW",
            "messagingTemplates": {"en": {"defaultTemplate": "Victoria of A"}}});
        self.manage("/action-configurations", action).await;
        ids.insert("configuration", "configured-by-a".to_owned());
        let rule =
            json!({"name": "Victoria of A", "isActive": true, "priority": 0, "type": "BLOCK"});
        let target = "/action-configurations/configured-by-a/rules";
        let rule = self.manage(target, rule).await;
        ids.insert("rule", text(&rule["ruleId"]));
        let list = json!({"name": "Victoria of A", "itemType": "string", "isActive": true});
        let list = self.manage("/value-lists", list).await;
        ids.insert("list", text(&list["alias"]));
        let point = json!({"name": "Victoria of A", "dataType": "text", "modelType": "user"});
        let point = self.manage("/custom-data-points", point).await;
        ids.insert("data point", text(&point["id"]));
    }

    /// Gives A a user of Activeconnect with a phone, an open link, a session, and a request.
    async fn phone_of_victim(&self, ids: &mut Ids) {
        let post =
            |target: String, body: Value| Request::new("POST", &target).json(body.to_string());
        let application = A.0;
        self.json(post(
            format!("/management/add_users/{application}"),
            json!({"users": ["victim"]}),
        ))
        .await;
        let target = format!("/management/device_registration_link/{application}/victim");
        for _ in 0..2 {
            let link = self.json(Request::new("GET", &target)).await;
            let link = text(&link["register_url"]);
            if let Some(first) = ids.insert("link", path_of(&link).to_owned()) {
                let open = post(
                    first,
                    device_description("Victoria of A", "phone-token-of-a"),
                );
                let device = self.json(open).await;
                ids.insert("phone", text(&device["device"]["device"]["device_id"]));
            }
        }
        let registration = ids["link"].rsplit('/').next().map(str::to_owned);
        ids.insert("registration", registration.unwrap_or_default());
        let target = format!("/authentication/authenticate_user/{application}/victim");
        let session = self.json(post(target, json!({}))).await;
        ids.insert(
            "session",
            text(&session["authentication_status"]["session_token"]),
        );
        let target = format!("/device/pending_requests/{application}/{}", ids["phone"]);
        let requests = self.json(post(target, json!({}))).await;
        ids.insert("request", text(&requests["requests"][0]["auth_request_id"]));
    }

    /// A caller of that tenant, in its state at startup but for a user of its own, with the token of an action.
    async fn caller(
        &self,
        (application, tenant, secret): (&'static str, &'static str, &'static str),
    ) -> Caller {
        let reset = format!("/_mock/reset?tenant={tenant}");
        self.json(Request::new("POST", &reset)).await;
        let track =
            json!({"scope": "add:authenticators update:authenticators remove:authenticators"});
        let request = Request::new("POST", "/v1/users/mallory/actions/signIn").basic(secret);
        let tracked = self.json(request.json(track.to_string())).await;
        Caller {
            application,
            tenant,
            secret,
            bearer: format!("Bearer {}", text(&tracked["token"])),
        }
    }

    /// What A's passkey answers to the caller's own options, in the name of the credential that `ids` name.
    async fn assertion(&self, caller: &Caller, victim: &Ids, ids: &Ids) -> (String, Value) {
        let request = Request::new(
            "POST",
            "/v1/client/user-authenticators/passkey/authentication-options",
        );
        let request = request.basic(caller.tenant).header("Origin", ORIGIN);
        let options = self.json(request.json("{}")).await;
        let mut signed = SoftwareAuthenticator::new("of a")
            .get(&options["options"], ORIGIN, &[victim["credential"].clone()])
            .expect("options that it can meet");
        signed["id"] = json!(ids["credential"]);
        signed["rawId"] = json!(ids["credential"]);
        (text(&options["challengeId"]), signed)
    }
}

/// Ids of the same forms that nobody has. `victim` gives the forms.
fn of_nobody(victim: &Ids) -> Ids {
    let other = |text: &str| -> String {
        // Other letters and digits of the same kind; a UUID keeps its version.
        let mut at = 0;
        text.chars()
            .map(|letter| {
                at += 1;
                match letter {
                    '4' if at == 15 => '4',
                    '8' | '9' | 'a' | 'b' if at == 20 => letter,
                    '0'..='8' | 'a'..='e' => char::from(letter as u8 + 1),
                    '9' => '0',
                    'f' => 'a',
                    letter => letter,
                }
            })
            .collect()
    };
    let mut ids = Ids::new();
    for (name, id) in victim {
        let id = match *name {
            "user" => "nobody".to_owned(),
            "email" => "nobody@c.example".to_owned(),
            "phone number" => "+15550188".to_owned(),
            "action" => "signIn".to_owned(),
            "key" => "key-of-nobody".to_owned(),
            "device" => "device-of-nobody".to_owned(),
            "public key" => other_public_key(),
            "delivery" => "4711".to_owned(),
            "access token" => victim["revoked access token"].clone(),
            _ => other(id),
        };
        ids.insert(name, id);
    }
    ids
}

fn escape(text: &str) -> String {
    text.replace('%', "%25")
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

/// A call of an operation with these ids. `None` where an operation names nothing that a tenant has.
fn attack(
    api: &str,
    operation: &spec::Operation<'_>,
    caller: &Caller,
    ids: &Ids,
    assertion: &(String, Value),
) -> Option<Request> {
    let id = |name: &str| ids[name].clone();
    let body = match (api, operation.id) {
        ("activeconnect", operation) => match operation {
            "add_users" | "delete_users" => json!({"users": [id("user")]}),
            "send_registration_sms" => json!({"phone_number": "+15550177"}),
            "register_device" | "update_device" => {
                device_description("Mallory's", "phone-token-of-mallory")
            }
            "send_training_data" => json!({"images": ["aGk="]}),
            "send_identification_data" => {
                json!({"identification_data": {"cancelled": false, "acceptance": {"identified": true}}})
            }
            "device_registration_link"
            | "has_registered_mobile_device"
            | "lost_user_mobile_device"
            | "session_status" => Value::Null,
            "authenticate_user"
            | "session_logout"
            | "unregister_device"
            | "active_sessions"
            | "pending_requests"
            | "start_identification" => json!({}),
            other => {
                panic!("say here how {other} of Activeconnect names what another application has")
            }
        },
        ("authsignal", operation) => match operation {
            "get_user"
            | "delete_user"
            | "query_users"
            | "get_authenticators"
            | "delete_authenticator"
            | "get_action"
            | "query_user_actions"
            | "get_challenge"
            | "get_devices"
            | "get_jwks"
            | "get_openid_configuration" => Value::Null,
            "get_tenant_authenticators" | "start_terminal_challenge" => return None,
            "update_user" | "identify" => json!({"displayName": "Mallory"}),
            "enroll_verified_authenticator" => json!({"verificationMethod": "PASSKEY",
                "credentialId": id("credential"), "credentialPublicKey": "pQECAyYgASFYIA"}),
            "batch_enroll_passkeys" => json!({"authenticators": [{"userId": id("user"),
                "credentialId": id("credential"), "credentialPublicKey": "pQECAyYgASFYIA"}]}),
            "track" => json!({"challengeId": id("challenge"), "idempotencyKey": id("key")}),
            "update_action" => json!({"state": "BLOCK"}),
            "validate_challenge" => json!({"token": id("token"), "userId": id("user")}),
            "challenge" => json!({"challengeId": id("challenge")}),
            "verify" => json!({"challengeId": id("challenge"), "verificationCode": id("code")}),
            "claim_challenge" => json!({"challengeId": id("challenge"), "userId": id("user"),
                "skipVerificationCheck": true}),
            "login_with_email" => json!({"redirectUrl": "https://mallory.example/"}),
            "start_call" => json!({"referenceId": id("key"), "userId": id("user"),
                "email": "mallory@mallory.example"}),
            "finish_call" => json!({"referenceId": id("key"), "state": "CHALLENGE_FAILED"}),
            "create_token" | "revoke_user_sessions" => json!({"userId": id("user")}),
            "create_session" => json!({"clientId": "web", "token": id("token")}),
            "validate_session" | "revoke_session" => json!({"accessToken": id("access token")}),
            "refresh_session" => json!({"refreshToken": id("refresh token")}),
            "update_device" => json!({"rememberedUntil": null}),
            "invalidate_device" => json!({}),
            "verify_terminal_challenge" => {
                json!({"challengeId": id("terminal"), "code": id("terminal code")})
            }
            "start_flow" => json!({"actionCode": "pay", "user": {"userId": id("user")}}),
            "verify_flow" => json!({"actionCode": "pay", "challengeToken": id("token")}),
            other => panic!("say here how {other} of the Server API names what another tenant has"),
        },
        ("authsignal-client", operation) => {
            let (challenge, assertion) = (json!(assertion.0), assertion.1.clone());
            let signed = |challenge: &str| {
                json!({"publicKey": id("public key"), "challengeId": id(challenge),
                    "signature": app_signature(&ids[challenge])})
            };
            let answer = |challenge: &str| {
                let mut answer = signed(challenge);
                answer["approved"] = json!(true);
                answer
            };
            let credential = || json!({"publicKey": id("public key"), "deviceName": "Mallory's", "devicePlatform": "ios"});
            match operation {
                "enroll_email_otp" | "enroll_email_magic_link" => json!({"email": id("email")}),
                "enroll_sms" => json!({"phoneNumber": id("phone number")}),
                "challenge_email_otp" => json!({"userAuthenticatorId": id("authenticator")}),
                "challenge_push" => {
                    json!({"action": "pay", "userAuthenticatorId": id("authenticator")})
                }
                "verify_email_otp" | "verify_sms" | "verify_whatsapp" | "verify_totp" => {
                    json!({"verificationCode": id("code")})
                }
                "finalize_email_magic_link" => json!({"challengeId": id("link challenge")}),
                "passkey_authentication_options" | "passkey_authentication_options_web" => {
                    json!({"challengeId": id("challenge")})
                }
                "enroll_passkey" => {
                    json!({"challengeId": id("ceremony"), "registrationCredential": {
                    "id": assertion["id"], "rawId": assertion["rawId"], "type": "public-key",
                    "response": {"clientDataJSON": assertion["response"]["clientDataJSON"],
                        "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YUA"}}})
                }
                "verify_passkey" => {
                    json!({"challengeId": challenge, "authenticationCredential": assertion})
                }
                "enroll_security_key" => json!({
                    "id": assertion["id"], "rawId": assertion["rawId"], "type": "public-key",
                    "response": {"clientDataJSON": assertion["response"]["clientDataJSON"],
                        "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YUA"}}),
                "verify_security_key" => assertion,
                "verify_push" => json!({"challengeId": id("push")}),
                "verify_qr_code" => {
                    json!({"challengeId": id("qr code"), "deviceCode": id("device code")})
                }
                "add_push_credential" | "add_qr_code_credential" | "add_in_app_credential" => {
                    credential()
                }
                "update_push_credential" => signed("push"),
                "remove_push_credential"
                | "remove_qr_code_credential"
                | "remove_in_app_credential" => {
                    // Signed for the mock's time, as an app does.
                    json!({"publicKey": id("public key"), "signature": app_signature("2945376.0")})
                }
                "answer_push_challenge" => answer("push"),
                "answer_qr_code_challenge" => answer("qr code"),
                "claim_qr_code_challenge" => signed("qr code"),
                "verify_in_app" => signed("challenge"),
                "get_passkey_authenticator"
                | "get_push_credential"
                | "get_qr_code_credential"
                | "get_in_app_credential"
                | "get_push_challenge" => Value::Null,
                "sign_push_update" | "sign_push_challenge" => json!({}),
                "start_challenge" | "start_challenge_web" => {
                    json!({"action": id("action"), "idempotencyKey": id("key")})
                }
                // The token alone says what these are about, and it is the caller's own.
                "challenge_sms"
                | "challenge_whatsapp"
                | "enroll_totp"
                | "challenge_email_magic_link"
                | "passkey_registration_options"
                | "passkey_registration_options_web"
                | "security_key_registration_options"
                | "security_key_authentication_options"
                | "challenge_qr_code"
                | "challenge_flow_email_otp"
                | "challenge_flow_sms"
                | "challenge_flow_whatsapp"
                | "verify_flow_email_otp"
                | "verify_flow_sms"
                | "verify_flow_whatsapp"
                | "get_user_authenticators"
                | "get_authenticator_configurations"
                | "init" => return None,
                other => {
                    panic!("say here how {other} of the Client API names what another tenant has")
                }
            }
        }
        ("authsignal-management", operation) => match operation {
            "get_action_configuration"
            | "delete_action_configuration"
            | "list_rules"
            | "get_rule"
            | "delete_rule"
            | "get_value_list"
            | "delete_value_list"
            | "get_custom_data_point"
            | "delete_custom_data_point" => Value::Null,
            "update_action_configuration" => json!({"defaultUserActionResult": "BLOCK"}),
            "publish_flow" => json!({"actionNodes": [{"nodeId": "n"}], "rules": []}),
            "create_rule" => {
                json!({"name": "Mallory's", "isActive": true, "priority": 1, "type": "ALLOW"})
            }
            "update_rule" => json!({"isActive": false}),
            "update_value_list" => json!({"valueListItems": ["Mallory"]}),
            "update_custom_data_point" => json!({"isPublic": true}),
            // These name nothing of a tenant, or what every tenant has.
            "list_action_configurations"
            | "create_action_configuration"
            | "list_value_lists"
            | "create_value_list"
            | "list_custom_data_points"
            | "create_custom_data_point"
            | "get_theme"
            | "update_theme"
            | "get_tenant"
            | "update_tenant"
            | "get_message_overrides"
            | "update_message_overrides"
            | "get_message_catalog"
            | "list_authenticator_configurations"
            | "create_authenticator_configuration"
            | "get_authenticator_configuration"
            | "update_authenticator_configuration"
            | "delete_authenticator_configuration" => return None,
            other => {
                panic!("say here how {other} of the Management API names what another tenant has")
            }
        },
        ("mock-control", operation) => match operation {
            "list_messages" | "delete_messages" | "show_user" | "get_totp" | "list_users" => {
                Value::Null
            }
            "phone_register" => return None,
            "phone_approve" | "phone_deny" | "phone_fail" | "phone_walk_away" | "phone_return"
            | "phone_expire" => {
                json!({"applicationId": caller.application, "userId": id("user")})
            }
            "passkey_enroll" | "passkey_approve" | "push_register" | "challenge_succeed"
            | "challenge_fail" => {
                json!({"tenantId": caller.tenant, "userId": id("user")})
            }
            "push_approve" | "push_deny" => {
                json!({"tenantId": caller.tenant, "userId": id("user"), "challengeId": id("push")})
            }
            "qr_claim" | "qr_approve" | "qr_deny" => {
                json!({"tenantId": caller.tenant, "userId": id("user"), "challengeId": id("qr code")})
            }
            "set_next_outcome" => {
                json!({"tenantId": caller.tenant, "userId": id("user"), "outcome": "BLOCK"})
            }
            "set_next_facts" => {
                json!({"tenantId": caller.tenant, "userId": id("user"), "device": {"isNew": false}})
            }
            "webhook_send" => {
                json!({"tenantId": caller.tenant, "number": id("delivery").parse::<u64>().expect("a number")})
            }
            "webhook_trigger" => {
                json!({"tenantId": caller.tenant, "type": "authenticator.created", "userId": id("user")})
            }
            // These name a tenant as a whole, or none: a caller of the control API controls every tenant.
            "get_health"
            | "reset"
            | "get_clock"
            | "change_clock"
            // The id of a message begins with its tenant.
            | "delete_message"
            | "list_journal"
            | "search_journal"
            | "export_har"
            | "verify_requests"
            | "get_journal_entry"
            | "list_tenants"
            | "create_tenant"
            | "delete_tenant"
            | "dump"
            | "load"
            | "list_snapshots"
            | "take_snapshot"
            | "restore_snapshot"
            | "delete_snapshot"
            | "list_limits"
            | "list_failures"
            | "configure_failures"
            | "list_faults"
            | "configure_faults"
            | "delete_fault"
            | "list_scenarios"
            | "configure_scenarios"
            | "delete_scenario"
            | "list_actions"
            | "list_activeconnect_users"
            | "get_state"
            | "list_phone_requests"
            | "passkey_create"
            | "passkey_get"
            | "configure_authsignal"
            | "configure_facts"
            | "export_authsignal"
            | "configure_webhooks"
            | "list_webhook_deliveries" => return None,
            other => {
                panic!("say here how {other} of the control API names what another tenant has")
            }
        },
        (other, _) => panic!("say here how the operations of {other} name what another tenant has"),
    };
    let mut path = operation.path.to_owned();
    for parameter in operation.path_parameters() {
        let value = match parameter {
            "application_id" => caller.application.to_owned(),
            "user_id" | "userId" => id("user"),
            "session_token" => id("session"),
            "registration_token" => id("registration"),
            "device_id" => id("phone"),
            "auth_request_id" => id("request"),
            "userAuthenticatorId" => id("authenticator"),
            "action" => id("action"),
            "idempotencyKey" => id("key"),
            "deviceId" => id("device"),
            "email" => id("email"),
            "tenantId" => caller.tenant.to_owned(),
            "actionCode" => id("configuration"),
            "ruleId" => id("rule"),
            "alias" => id("list"),
            "customDataPointId" => id("data point"),
            other => panic!("say here which id of another tenant {other} is"),
        };
        path = path.replace(&format!("{{{parameter}}}"), &escape(&value));
    }
    let query = match operation.id {
        "query_users" => format!("?email={}", escape(&ids["email"])),
        "get_challenge" => format!("?challengeId={}", ids["challenge"]),
        "delete_user" => "?actions=true".to_owned(),
        "get_passkey_authenticator" => format!("?credentialIds={}", ids["credential"]),
        "get_push_credential"
        | "get_qr_code_credential"
        | "get_in_app_credential"
        | "get_push_challenge"
        | "sign_push_update"
        | "sign_push_challenge" => {
            format!("?publicKey={}", escape(&ids["public key"]))
        }
        "list_messages" | "delete_messages" => {
            format!("?tenant={}&to={}", caller.tenant, escape(&ids["email"]))
        }
        "list_users" => format!("?tenant={}&search={}", caller.tenant, ids["user"]),
        "show_user" | "get_totp" => format!("?tenant={}&userId={}", caller.tenant, ids["user"]),
        _ => String::new(),
    };
    let request = Request::new(&operation.method, &format!("{path}{query}"));
    let request = match (api, operation.security()) {
        ("authsignal", security) if security.contains(&"terminalSecret") => request.header(
            "Authorization",
            &format!("Bearer {}", at_terminal(caller.secret)),
        ),
        ("authsignal", _) => request.basic(caller.secret),
        ("authsignal-management", _) => request.basic(&managing(caller.secret)),
        ("authsignal-client", security) => {
            let request = request.header("Origin", ORIGIN);
            if security.contains(&"bearer") {
                request.header("Authorization", &caller.bearer)
            } else {
                request.basic(caller.tenant)
            }
        }
        _ => request,
    };
    Some(with_body(request, body))
}

/// The answer with a name in place of each id. Of a good answer, only its form: what the mock draws differs.
fn comparable(answer: &Answer, caller: &Caller, ids: &Ids) -> (u16, Value) {
    let mut text = answer.text();
    // The longest first, because a short id may occur in a long one.
    let mut all: Vec<(&str, &str)> = ids.iter().map(|(name, id)| (*name, id.as_str())).collect();
    all.extend([
        ("tenant", caller.tenant),
        ("application", caller.application),
    ]);
    all.sort_by_key(|(_, id)| std::cmp::Reverse(id.len()));
    for (name, id) in all {
        if name != "action" && id.len() > 1 {
            text = text.replace(id, &format!("<{name}>"));
        }
    }
    // A number is too short to be replaced wherever it occurs.
    text = text.replace(
        &format!("delivery {} ", ids["delivery"]),
        "delivery <delivery> ",
    );
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    match answer.status {
        status @ 400.. => (status, value),
        status => (status, form(&value)),
    }
}

fn form(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), form(value)))
            .collect(),
        Value::Array(elements) => elements.iter().map(form).collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        other => other.clone(),
    }
}

#[tokio::test]
async fn an_id_of_another_tenant_is_an_id_that_nobody_has() {
    let receiver = Receiver::that(Reply::Status(200)).await;
    let place = Place {
        server: start().await,
    };
    let victim = place.victim(&receiver).await;
    let nobody = of_nobody(&victim);
    for (name, id) in &victim {
        assert!(*name == "action" || nobody[name] != *id, "{name}");
    }
    let before = place.state(A.1).await;
    let mut faults = Vec::new();
    let mut count = 0;
    for spec in spec::all() {
        for operation in spec.operations() {
            let mut answers = Vec::new();
            for (tenant, ids) in [(B, &victim), (C, &nobody)] {
                let caller = place.caller(tenant).await;
                let assertion = if spec.stem == "authsignal-client" {
                    place.assertion(&caller, &victim, ids).await
                } else {
                    Default::default()
                };
                let Some(request) = attack(&spec.stem, &operation, &caller, ids, &assertion) else {
                    continue;
                };
                let answer = place.send(&request).await;
                let sent = format!(
                    "{} {}",
                    request.target,
                    String::from_utf8_lossy(&request.body)
                );
                let shown = answer.text();
                for canary in CANARIES {
                    if shown.contains(canary)
                        && !sent.contains(canary)
                        && !sent.contains(&escape(canary))
                    {
                        faults.push(format!(
                            "{}: the answer shows {canary}: {shown}",
                            operation.id
                        ));
                    }
                }
                answers.push((comparable(&answer, &caller, ids), shown));
            }
            if let [(of_b, text), (of_c, other)] = &answers[..] {
                count += 1;
                if of_b != of_c {
                    faults.push(format!(
                        "{}:\n  with an id of another tenant: {} {text}\n  with one that nobody has: {} {other}",
                        operation.id, of_b.0, of_c.0
                    ));
                }
                if of_b.0 >= 500 {
                    faults.push(format!("{}: {} {text}", operation.id, of_b.0));
                }
            }
            if place.state(A.1).await != before {
                faults.push(format!("{} changed the other tenant", operation.id));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 90, "{count} operations were tried");
}
