//! Sends an exchange's request to a new mock, and checks request and answer against the spec. Must not know what any
//! operation means.

use std::time::Duration;

use super::Exchange;
use super::render;
use super::secrets::secrets_in;
use crate::spec;
use crate::wire::{Answer, Request};
use crate::world::{Signer, World, mock};

/// An exchange as it was on the wire, checked against the spec.
pub(crate) struct Ran {
    request: Request,
    answer: Answer,
    /// Secrets of both messages, with the names that stand for them in snapshots.
    secrets: Vec<(String, &'static str)>,
}

impl Ran {
    /// Both messages.
    pub(crate) fn whole(&self) -> String {
        let request = render::request(&self.request);
        self.masked(format!("{request}{}", render::answer(&self.answer)))
    }

    /// The request line.
    pub(crate) fn request_line(&self) -> String {
        let Request { method, target, .. } = &self.request;
        self.masked(format!("{method} {target}"))
    }

    /// The answer.
    pub(crate) fn answer(&self) -> String {
        self.masked(render::answer(&self.answer))
    }

    fn masked(&self, mut text: String) -> String {
        for (secret, name) in &self.secrets {
            text = text.replace(secret.as_str(), &format!("[{name}]"));
        }
        text
    }
}

/// What every answer has: a date by the mock's clock, the length of its body, and a type where it has a body.
fn check_headers(name: &str, answer: &Answer, world: &World, has_body: bool) {
    let now = world.server.clock().now();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let length = answer.body.len().to_string();
    let wanted = [
        ("date", Some(date.as_str())),
        (
            "content-length",
            (answer.status != 204).then_some(length.as_str()),
        ),
        ("content-type", has_body.then_some("application/json")),
        ("cache-control", Some("no-store")),
        ("x-content-type-options", Some("nosniff")),
        ("cross-origin-resource-policy", Some("same-origin")),
    ];
    for (header, value) in wanted {
        assert_eq!(answer.header(header), value, "{name}: {header}");
    }
}

impl Exchange {
    /// The mock in which the request is sent, brought to where the request is possible.
    pub(super) async fn world(&self) -> World {
        let mut server = mock().deterministic().code_limits(self.code_limits);
        if let Some(limit) = self.rate_limit {
            server = server.rate_limit(limit);
        }
        let mut world = World::on(server.start().await.expect("the mock starts"));
        world.advance_to(self.stage).await;
        for other in &self.before {
            let answer = world.send(&other.request(&world)).await;
            assert_eq!(
                answer.status,
                other.status,
                "before {}: {}",
                self.name(),
                answer.text()
            );
            if !answer.body.is_empty() {
                world.take(&answer.json());
            }
        }
        if self.opens_link {
            let open = world.request(Signer::Nobody, "GET", &world.link_in_message());
            assert_eq!(world.send(&open).await.status, 200, "the link");
        }
        world
            .server
            .clock()
            .advance(Duration::from_secs(self.later));
        world
    }

    /// Sends the request to a new mock, and checks request and answer against the spec.
    pub(crate) async fn run(&self) -> Ran {
        let world = self.world().await;
        let request = self.request(&world);
        let answer = world.send(&request).await;
        let operation = spec::named(self.api).operation(self.operation);
        let name = self.name();

        assert!(
            operation.matches(&request.method, &request.target),
            "{name} is not a request of its operation"
        );
        assert_eq!(answer.status, self.status, "{name}: {}", answer.text());
        assert!(
            operation.statuses().contains(&answer.status),
            "{name}: the spec does not have this status"
        );
        let has_body = operation.answers_with_body(answer.status);
        check_headers(&name, &answer, &world, has_body);
        if has_body {
            let faults = operation.faults_of_answer(answer.status, &answer.json());
            let text = answer.text();
            assert!(
                faults.is_empty(),
                "{name}: the answer is not what the spec says: {faults:?}\n{text}"
            );
        } else {
            assert_eq!(answer.text(), "", "{name}: the spec has no body here");
        }
        let left_out = request.body.is_empty() || request.body == b"null";
        if answer.status < 300
            && operation.takes_body()
            && !(left_out && operation.body_is_optional())
        {
            let body =
                serde_json::from_slice(&request.body).expect("a good request has a JSON body");
            let faults = operation.faults_of_request(&body);
            assert!(
                faults.is_empty(),
                "{name}: the request is not what the spec says: {faults:?}"
            );
        }

        let mut secrets = Vec::new();
        world.secrets(&mut secrets);
        if !answer.body.is_empty() {
            secrets_in(&answer.json(), &mut secrets);
        }
        Ran {
            request,
            answer,
            secrets,
        }
    }
}
