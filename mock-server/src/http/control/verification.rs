//! The control API's operations that search the journal and check what is in it. They only read.

use std::sync::Arc;
use std::vec;

use serde_json::Value;

use super::admission::ControlApi;
use super::expectation::{Check, Expected, Manner};
use super::listing::journal_detail;
use super::matching::{Compared, Halt, Work};
use super::pattern::{Fit, Pattern};
use super::seen::Seen;
use super::words::{limit, number};
use crate::generated::mock_control::types as wire;
use crate::runtime::journal::Carried;
use crate::runtime::{App, Reading, Recorded, Since, in_words};
use crate::sim::phone::Trouble;

/// A search of requests, newest first.
struct Search {
    app: Arc<App>,
    pattern: Pattern,
    limit: usize,
    /// Those that are still to be compared.
    left: vec::IntoIter<Recorded>,
    found: Vec<(Recorded, Option<Carried>)>,
}

impl Compared for Search {
    fn go_on(&mut self, work: &Work) -> Result<bool, Halt> {
        if let Some((ledger, entry)) = self.left.next() {
            let carried = self.app.contents(ledger.as_deref(), &entry);
            let (fit, _) = self
                .pattern
                .fit(&Seen::new(&entry, carried.as_ref()), work)?;
            if fit == Fit::Fits {
                self.found.push(((ledger, entry), carried));
            }
        }
        Ok(self.left.len() > 0 && self.found.len() < self.limit)
    }

    fn slowest(&self) -> String {
        let slowest = self.pattern.slowest();
        slowest.map_or_else(|| "/pattern".to_owned(), |(at, _)| at.to_owned())
    }
}

impl ControlApi {
    pub(super) async fn search_journal(
        &self,
        search: wire::JournalSearch,
    ) -> Result<wire::FoundRequests, Trouble> {
        let tenant = search.tenant.map(String::from);
        let tenant = tenant.as_deref();
        let pattern = search
            .pattern
            .map(|pattern| Pattern::of(pattern, "/pattern"));
        let wanted = search
            .limit
            .and_then(|limit| i32::try_from(limit.get()).ok());
        let mut comparison = Search {
            app: Arc::clone(&self.app),
            pattern: pattern.transpose()?.unwrap_or_default(),
            limit: limit(wanted),
            left: Vec::new().into_iter(),
            found: Vec::new(),
        };
        let mut since = self.app.since(number(search.after));
        let wait = search.wait.map(String::from);
        let mut waiting = self.waiting_for_requests("body /wait", wait.as_deref(), tenant)?;
        let mut work = Work::new();
        loop {
            let read = self.read(tenant, since, usize::MAX)?;
            // A wait looks only at what is new.
            since = read.since;
            comparison.left = read.entries.into_iter();
            (comparison, work) = self.compared(comparison, work).await?;
            if !comparison.found.is_empty() || !waiting.changed().await {
                break;
            }
        }
        let mut requests = Vec::new();
        for ((ledger, entry), carried) in comparison.found {
            requests.push(journal_detail(ledger.as_deref(), &entry, carried.as_ref()));
            tokio::task::yield_now().await;
        }
        let stopped = waiting.stopped();
        Ok(wire::FoundRequests { requests, stopped })
    }

    /// The newest requests to a tenant or to all, newest first.
    pub(super) fn read(
        &self,
        tenant: Option<&str>,
        since: Since,
        limit: usize,
    ) -> Result<Reading, Trouble> {
        let tenant = tenant.map(|name| self.named(name)).transpose()?;
        Ok(self.app.read(tenant.as_ref(), since, limit, |_| true))
    }

    /// As [`verify_requests`](Self::verify_requests), for a test in Rust: whether all is as expected, and what is not, in
    /// words.
    pub(crate) async fn verify(&self, expectations: Value) -> Result<(bool, String), Trouble> {
        let read: Result<wire::Expectations, _> = serde_path_to_error::deserialize(expectations);
        let wanted = read.map_err(|error| {
            Trouble::Malformed(in_words(
                &error.path().to_string(),
                &error.inner().to_string(),
            ))
        })?;
        let found = self.verify_requests(wanted).await?;
        Ok((found.verified, found.text))
    }

    pub(super) async fn verify_requests(
        &self,
        wanted: wire::Expectations,
    ) -> Result<wire::Verification, Trouble> {
        let expected = wanted.expected.into_iter().enumerate();
        let expected: Vec<_> = expected
            .map(|(index, one)| Expected::of(one, index))
            .collect::<Result<_, _>>()?;
        let tenant = wanted.tenant.map(String::from);
        let since = self.app.since(number(wanted.after));
        let mut read = self.read(tenant.as_deref(), since, usize::MAX)?;
        read.entries.reverse();
        let manner = Manner {
            in_order: wanted.in_order.unwrap_or(false),
            nothing_else: wanted.nothing_else.unwrap_or(false),
        };
        let check = Check::new(&self.app, expected, manner, read.entries, read.dropped);
        let (check, _) = self.compared(check, Work::new()).await?;
        Ok(check.verdict())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use serde_json::{Value, json};

    use super::super::tests::Mock;
    use crate::runtime::journal::{Note, Wire};

    fn seed() -> Value {
        json!({"tenants": [
            {"authsignal": {"id": "one", "secret": "s"}},
            {"authsignal": {"id": "two", "secret": "u"}},
        ]})
    }

    fn mock() -> Mock {
        Mock::of(seed())
    }

    fn track(mock: &Mock, tenant: &str, user: &str, amount: u32) {
        let body = json!({"custom": {"amount": amount}, "password": "hidden"}).to_string();
        track_with(mock, tenant, user, &body);
    }

    fn track_with(mock: &Mock, tenant: &str, user: &str, body: &str) {
        let tenant = mock.app.tenant(tenant).unwrap();
        let note = Note {
            operation: Some("track"),
            user_id: Some(user.to_owned()),
            wire: Wire {
                content_type: "application/json",
                headers: b"x-trace: 7\nx-api-key: hidden\n".to_vec(),
                request: body.as_bytes(),
                answer: br#"{"state":"ALLOW","token":"hidden"}"#,
                ..Wire::default()
            },
            ..Note::new(
                "authsignal",
                "POST",
                format!("/v1/users/{user}/actions/pay"),
                200,
            )
        };
        mock.app.record(Some(tenant.ledger()), note);
    }

    async fn verify(mock: &Mock, body: Value) -> Value {
        let (status, answer) = mock.send("POST", "/_mock/verify", &body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    #[tokio::test]
    async fn what_came_as_expected_is_verified() {
        let mock = mock();
        for amount in [1, 2, 2] {
            track(&mock, "one", "ada", amount);
        }
        track(&mock, "two", "bob", 9);
        let of = |amount: u32| json!({"operation": "track", "userId": "ada", "body": {"custom": {"amount": amount}}});
        for expectations in [
            json!({"tenant": "one", "expected": []}),
            json!({"tenant": "one", "expected": [{"pattern": of(1)}, {"pattern": of(2), "exactly": 2}], "nothingElse": true, "inOrder": true}),
            json!({"tenant": "one", "expected": [{"pattern": {}, "atLeast": 1, "atMost": 3}], "nothingElse": true}),
            json!({"tenant": "one", "expected": [{"pattern": of(3), "exactly": 0}, {"pattern": {"userId": "bob"}, "exactly": 0}]}),
            json!({"tenant": "one", "after": 3, "expected": [], "nothingElse": true}),
            json!({"expected": [{"pattern": {"headers": {"X-Trace": {"equals": "7"}}}, "exactly": 4}]}),
        ] {
            let found = verify(&mock, expectations.clone()).await;
            let verified = json!({"verified": true, "text": "", "unmet": [], "unexpected": []});
            assert_eq!(found, verified, "{expectations}");
        }
    }

    #[tokio::test]
    async fn the_nearest_request_is_shown_with_what_differs() {
        let mock = mock();
        track(&mock, "one", "bob", 5000);
        track(&mock, "one", "ada", 4999);
        track(&mock, "two", "ada", 5000);
        let pattern = json!({"operation": "track", "userId": "ada", "body": {"custom": {"amount": 5000}, "password": "x"},
            "headers": {"x-api-key": {"equals": "k"}}});
        let found = verify(
            &mock,
            json!({"tenant": "one", "expected": [{"pattern": pattern}]}),
        )
        .await;
        assert_eq!(found["verified"], false);
        let text = "\
expected track of ada with these headers or bodies, at least once; it came never
  nearest: request 2, POST /v1/users/ada/actions/pay (track), answered 200
    header x-api-key
      - wanted  k
      + found   ***
    body $.custom.amount
      - wanted  5000
      + found   4999
    body $.password
      - wanted  \"x\"
      + found   \"***\"";
        assert_eq!(found["text"], text, "{}", found["text"].as_str().unwrap());
        assert_eq!(found["unmet"][0]["nearest"]["number"], 2);
        assert_eq!(
            found["unmet"][0]["differences"][1],
            json!({"place": "body $.custom.amount", "wanted": "5000", "found": "4999"})
        );
        assert!(!found.to_string().contains("hidden"), "{found}");
    }

    #[tokio::test]
    async fn a_pattern_of_contents_alone_has_a_nearest_request() {
        let mock = mock();
        for body in [
            json!({"custom": {"amount": 4999, "currency": "USD"}}),
            json!({"custom": {"amount": 5000, "currency": "USD"}}),
            json!({"custom": {"amount": 1}}),
            json!({"other": true}),
        ] {
            track_with(&mock, "one", "ada", &body.to_string());
        }
        for (pattern, nearest, differences) in [
            (
                json!({"body": {"custom": {"amount": 5000, "currency": "EUR"}}}),
                2,
                json!([{"place": "body $.custom.currency", "wanted": "\"EUR\"", "found": "\"USD\""}]),
            ),
            (
                json!({"bodyPaths": [{"path": "$.custom.amount", "equals": 2}]}),
                3,
                json!([{"place": "body $.custom.amount", "wanted": "2", "found": "1"}]),
            ),
            (
                json!({"headers": {"x-trace": {"equals": "8"}}}),
                4,
                json!([{"place": "header x-trace", "wanted": "8", "found": "7"}]),
            ),
            (
                json!({"answerPaths": [{"path": "$.state", "equals": "BLOCK"}], "body": {"other": true}}),
                4,
                json!([{"place": "answer $.state", "wanted": "\"BLOCK\"", "found": "\"ALLOW\""}]),
            ),
        ] {
            let found = verify(&mock, json!({"expected": [{"pattern": pattern}]})).await;
            let unmet = &found["unmet"][0];
            assert_eq!(unmet["nearest"]["number"], nearest, "{found}");
            assert_eq!(unmet["differences"], differences, "{found}");
        }
        let pattern = json!({"body": {"nothing": {"like": 1}}});
        let found = verify(&mock, json!({"expected": [{"pattern": pattern}]})).await;
        assert!(
            found["text"]
                .as_str()
                .unwrap()
                .contains("nothing like it came"),
            "{found}"
        );
    }

    #[tokio::test]
    async fn a_difference_that_does_not_show_is_escaped() {
        let mock = mock();
        let long = "x".repeat(600);
        let sent = json!({"name": "cafe\u{301}", "note": format!("{long}a"), "to": "a\u{200b}b"});
        track_with(&mock, "one", "ada\u{200b}", &sent.to_string());
        let pattern = json!({"userId": "ada", "operation": "track"});
        let found = verify(&mock, json!({"expected": [{"pattern": pattern}]})).await;
        assert_eq!(
            found["unmet"][0]["differences"],
            json!([{"place": "userId", "wanted": "ada", "found": "ada\\u{200b}"}])
        );
        let pattern =
            json!({"body": {"name": "caf\u{e9}", "note": format!("{long}b"), "to": "ab"}});
        let found = verify(&mock, json!({"expected": [{"pattern": pattern}]})).await;
        let differences = &found["unmet"][0]["differences"];
        assert_eq!(
            [&differences[0], &differences[2]],
            [
                &json!({"place": "body $.name", "wanted": r#""caf\u{e9}""#, "found": r#""cafe\u{301}""#}),
                &json!({"place": "body $.to", "wanted": "\"ab\"", "found": r#""a\u{200b}b""#}),
            ]
        );
        let found = differences[1]["found"].as_str().unwrap();
        assert!(found.ends_with("… (they differ further on)"), "{found}");
    }

    #[tokio::test]
    async fn a_request_that_looks_like_the_one_expected_is_the_nearest_and_says_how_it_differs() {
        let mock = mock();
        let tenant = mock.app.tenant("one").unwrap();
        for user in ["bob", "ada", "eve"] {
            let note = Note {
                user_id: Some(user.to_owned()),
                wire: Wire {
                    headers: b"x-trace: 7\nx-trace: 8\n".to_vec(),
                    ..Wire::default()
                },
                ..Note::new("authsignal", "POST", format!("/v1/users/{user}"), 200)
            };
            mock.app.record(Some(tenant.ledger()), note);
        }
        for (pattern, nearest, difference) in [
            (
                json!({"userId": "Ada"}),
                2,
                ["userId", "Ada", "ada (only upper and lower case differ)"],
            ),
            (
                json!({"userId": "ada "}),
                2,
                ["userId", "ada\\u{20}", "ada"],
            ),
            (
                json!({"target": {"equals": "/v1/users/a%64a"}}),
                2,
                [
                    "target",
                    "/v1/users/a%64a",
                    "/v1/users/ada (only the percent-encoding differs)",
                ],
            ),
            (
                json!({"headers": {"x-trace": {"equals": "7, 8"}}}),
                3,
                [
                    "header x-trace",
                    "7, 8",
                    "2 headers of this name: \"7\", \"8\"",
                ],
            ),
            (
                json!({"operation": "track", "userId": "ada"}),
                2,
                ["operation", "track", "no operation"],
            ),
        ] {
            let found = verify(&mock, json!({"expected": [{"pattern": pattern}]})).await;
            let unmet = &found["unmet"][0];
            assert_eq!(unmet["nearest"]["number"], nearest, "{found}");
            let [place, wanted, told] = difference;
            let difference = json!([{"place": place, "wanted": wanted, "found": told}]);
            assert_eq!(unmet["differences"], difference, "{found}");
        }
        let spaced = json!({"expected": [{"pattern": {"userId": "ada "}}]});
        let found = verify(&mock, spaced).await;
        assert_eq!(
            found["unmet"][0]["wanted"],
            "a request of ada\\u{20}, at least once"
        );
    }

    #[tokio::test]
    async fn how_often_a_request_may_come_is_said_in_words() {
        let mock = mock();
        for number in 0..4 {
            track(&mock, "one", "ada", number);
        }
        for (times, said) in [
            (json!({"atLeast": 0, "atMost": 0}), "never"),
            (json!({"atMost": 0}), "never"),
            (json!({"atLeast": 2, "atMost": 2}), "2 times"),
            (json!({"atLeast": 0, "atMost": 1}), "at most once"),
            (json!({"atLeast": 1, "atMost": 3}), "from 1 to 3 times"),
        ] {
            let mut expected = times;
            expected["pattern"] = json!({"userId": "ada"});
            let found = verify(&mock, json!({"expected": [expected]})).await;
            let wanted = &found["unmet"][0]["wanted"];
            assert_eq!(*wanted, format!("a request of ada, {said}"), "{found}");
        }
        let any = json!({"expected": [{"pattern": {"userId": "eve"}, "atLeast": 0}]});
        assert_eq!(verify(&mock, any).await["verified"], true);
    }

    #[tokio::test]
    async fn numbers_order_and_other_requests_are_checked() {
        let mock = mock();
        track(&mock, "one", "ada", 1);
        track(&mock, "one", "bob", 2);
        let of = |user: &str| json!({"userId": user});
        let text = async |expectations: Value| {
            let found = verify(&mock, expectations).await;
            assert_eq!(found["verified"], false);
            found["text"].as_str().unwrap().to_owned()
        };
        let twice = json!({"tenant": "one", "expected": [{"pattern": {"operation": "track"}, "exactly": 1}]});
        assert_eq!(text(twice).await, "expected track, once; it came 2 times");
        let order = json!({"tenant": "one", "expected": [{"pattern": of("bob")}, {"pattern": of("ada")}], "inOrder": true});
        assert_eq!(
            text(order).await,
            "expected a request of ada, at least once, after the one before it in the list; it came once\n  \
             nearest: request 1, POST /v1/users/ada/actions/pay (track), answered 200\n    \
             order\n      \
             - wanted  after request 2, which met expected 0 (a request of bob, at least once)\n      \
             + found   request 1, which came before request 2"
        );
        let twice = json!({"tenant": "one", "expected": [{"pattern": of("bob")}, {"pattern": of("bob")}], "inOrder": true});
        let twice = text(twice).await;
        assert!(
            twice.contains("after request 2, which met expected 0")
                && twice.ends_with("request 2 itself, which meets only one of them"),
            "{twice}"
        );
        let closed =
            json!({"tenant": "one", "expected": [{"pattern": of("ada")}], "nothingElse": true});
        assert_eq!(
            text(closed).await,
            "not expected: request 2, POST /v1/users/bob/actions/pay (track), answered 200"
        );
        let none = json!({"tenant": "one", "after": 1, "expected": [{"pattern": of("eve"), "atLeast": 2}]});
        assert_eq!(
            text(none).await,
            "expected a request of eve, at least 2 times; it came never\n  nothing like it came; the newest requests are:\n    \
             request 2, POST /v1/users/bob/actions/pay (track), answered 200"
        );
        let empty = json!({"tenant": "two", "expected": [{"pattern": {}}]});
        assert!(text(empty).await.ends_with("requests are:\n    none"));
        for (wrong, why) in [
            (
                json!({"expected": [{"pattern": {}, "exactly": 1, "atMost": 2}]}),
                "/expected/0/exactly stands alone",
            ),
            (
                json!({"expected": [{"pattern": {}, "atLeast": 3, "atMost": 2}]}),
                "/expected/0/atMost is less",
            ),
            (
                json!({"expected": [{"pattern": {"target": {"matches": "("}}}]}),
                "/expected/0/pattern/target is not",
            ),
            (
                json!({"expected": [{"pattern": {"opration": "track"}}]}),
                "did you mean",
            ),
        ] {
            let refusal = mock
                .refusal("POST", "/_mock/verify", &wrong.to_string())
                .await;
            assert!(refusal.contains(why), "{refusal}");
        }
    }

    #[tokio::test]
    async fn what_the_journal_has_dropped_is_not_verified() {
        let mock = Mock::with(seed(), |behaviour| behaviour.journal = 5);
        for number in 0..12 {
            track(&mock, "one", &format!("u{number}"), number);
        }
        let of = |user: &str, number: &str, count: u32| json!({"pattern": {"operation": "track", "userId": user}, number: count});
        let newest = json!({"tenant": "one", "expected": [of("u11", "atLeast", 1)]});
        assert_eq!(verify(&mock, newest).await["verified"], true);
        let late = json!({"tenant": "one", "after": 7, "expected": [of("u1", "exactly", 0)], "nothingElse": false});
        assert_eq!(verify(&mock, late).await["verified"], true);
        for number in ["exactly", "atMost"] {
            let gone = json!({"tenant": "one", "expected": [of("u1", number, 0)]});
            let found = verify(&mock, gone).await;
            assert_eq!(found["verified"], false, "{found}");
            let text = found["text"].as_str().unwrap();
            assert!(
                text.contains("the mock cannot tell: the journal is full, and has dropped requests up to number 7. Verify sooner"),
                "{text}"
            );
            assert!(found["unmet"][0]["lost"].is_string(), "{found}");
        }
        let all = json!({"tenant": "one", "expected": [{"pattern": {"operation": "track"}}], "nothingElse": true});
        let found = verify(&mock, all).await;
        assert_eq!(
            (&found["verified"], &found["unmet"]),
            (&json!(false), &json!([]))
        );
        assert!(
            found["lost"].as_str().unwrap().contains("up to number 7"),
            "{found}"
        );
        assert!(
            found["text"]
                .as_str()
                .unwrap()
                .starts_with("expected nothing else; the mock cannot tell"),
            "{found}"
        );
        let nothing = Mock::with(seed(), |behaviour| behaviour.journal = 0);
        track(&nothing, "one", "ada", 1);
        let gone = json!({"expected": [of("ada", "exactly", 0)]});
        assert_eq!(verify(&nothing, gone).await["verified"], false);
    }

    #[tokio::test]
    async fn a_body_that_was_cut_is_not_verified() {
        let mock = mock();
        let long = json!({"custom": {"amount": 1, "note": "x".repeat(9000)}}).to_string();
        track_with(&mock, "one", "ada", &long);
        let with = |number: &str| {
            json!({"tenant": "one", "expected": [
            {"pattern": {"operation": "track", "body": {"custom": {"amount": 1}}}, number: 0}]})
        };
        for number in ["exactly", "atMost"] {
            let found = verify(&mock, with(number)).await;
            assert_eq!(found["verified"], false, "{found}");
            let text = found["text"].as_str().unwrap();
            assert!(text.contains("1 more request may fit"), "{text}");
            assert!(text.contains("of which the journal keeps 8192"), "{text}");
            assert_eq!(found["unmet"][0]["nearest"]["number"], 1);
        }
        // The parts that the journal has whole show that this is another request.
        let other = json!({"tenant": "one", "expected": [
            {"pattern": {"operation": "track", "userId": "bob", "body": {"custom": {"amount": 1}}}, "exactly": 0}]});
        assert_eq!(verify(&mock, other).await["verified"], true);
    }

    #[tokio::test]
    async fn a_pattern_that_no_request_can_fit_is_refused() {
        let mock = mock();
        for (pattern, why) in [
            (
                json!({"operation": "delet_user"}),
                "operation is unknown: no vendor has such an operation; the journal names the operation of each request; did you mean delete_user?",
            ),
            (
                json!({"operation": "nothing-like-it-at-all"}),
                "docs/coverage.md lists all",
            ),
            (
                json!({"operation": "authenticate_user", "api": "authsignal"}),
                "the API in `api` has no such operation",
            ),
            (
                json!({"operation": "track", "api": "pages"}),
                "requests to the hosted pages have no operation",
            ),
            (
                json!({"operation": "verify_requests"}),
                "an operation of the control API, whose requests are not in the journal",
            ),
            (
                json!({"method": "PSOT"}),
                "method is no method; use one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, TRACE, CONNECT; did you mean POST?",
            ),
            (
                json!({"headers": {"Authorization": {}}}),
                "headers/Authorization is a header that the journal never keeps",
            ),
            (
                json!({"headers": {"cookie": {}}}),
                "headers/cookie is a header that the journal never keeps",
            ),
            (
                json!({"headers": {"x y": {}}}),
                "headers/x y is no name of a header",
            ),
        ] {
            let check = json!({"expected": [{"pattern": pattern.clone(), "exactly": 0}]});
            let refusal = mock
                .refusal("POST", "/_mock/verify", &check.to_string())
                .await;
            assert!(
                refusal.starts_with("body /expected/0/pattern/") && refusal.contains(why),
                "{refusal}"
            );
            let search = json!({"pattern": pattern});
            let refusal = mock
                .refusal("POST", "/_mock/journal/search", &search.to_string())
                .await;
            assert!(
                refusal.starts_with("body /pattern/") && refusal.contains(why),
                "{refusal}"
            );
        }
        let wait = mock
            .refusal("POST", "/_mock/journal/search", r#"{"wait": "61s"}"#)
            .await;
        assert!(wait.starts_with("body /wait must be"), "{wait}");
    }

    #[tokio::test]
    async fn a_comparison_that_takes_too_many_steps_is_refused() {
        let mock = mock();
        let many = json!({"custom": vec![1; 3000]}).to_string();
        for _ in 0..9 {
            track_with(&mock, "one", "ada", &many);
        }
        let wide = json!({"path": format!("$..*{}", "[*]".repeat(80)), "equals": "x"});
        let search = json!({"pattern": {"bodyPaths": vec![wide; 20]}});
        let refusal = mock
            .refusal("POST", "/_mock/journal/search", &search.to_string())
            .await;
        assert!(
            refusal.starts_with("body /pattern/bodyPaths/")
                && refusal.contains("takes too long to compare"),
            "{refusal}"
        );
        // If the operation differs, no body is compared.
        let narrow = json!({"pattern": {"operation": "get_user", "bodyPaths": search["pattern"]["bodyPaths"]}});
        let (status, found) = mock
            .send("POST", "/_mock/journal/search", &narrow.to_string())
            .await;
        assert_eq!((status.as_u16(), found), (200, json!({"requests": []})));
    }

    #[tokio::test]
    async fn a_wait_looks_only_at_what_is_new() {
        let mock = mock();
        let many = json!({"custom": vec![1; 3000]}).to_string();
        for _ in 0..8 {
            track_with(&mock, "one", "ada", &many);
        }
        // Together, they take most of the steps, so a second look at them would take too many.
        let wide = json!({"path": format!("$..*{}", "[*]".repeat(40)), "equals": 2});
        let deep = format!("{{\"a\":{}2{}}}", "[".repeat(45), "]".repeat(45));
        let search = json!({"tenant": "one", "wait": "60s", "limit": 2, "pattern": {"bodyPaths": vec![wide; 20]}});
        let search = search.to_string();
        let mut waiting = pin!(mock.send("POST", "/_mock/journal/search", &search));
        let context = &mut Context::from_waker(Waker::noop());
        let before = mock.app.newest();
        let found = loop {
            if let Poll::Ready((status, found)) = waiting.as_mut().poll(context) {
                assert_eq!(status, 200, "{found}");
                break found;
            }
            // The search has read what it looks through first, so these make it look a second time.
            if mock.app.newest() == before {
                track_with(&mock, "one", "ada", "{}");
                track_with(&mock, "one", "ada", &deep);
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(found["requests"].as_array().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_search_finds_requests_by_body_and_waits_for_one() {
        let mock = mock();
        track(&mock, "one", "ada", 1);
        let search = json!({"tenant": "one", "wait": "60s", "pattern": {
            "bodyPaths": [{"path": "$.custom[?@ == 2]"}], "answerPaths": [{"path": "$.state", "equals": "ALLOW"}]}});
        let search = search.to_string();
        let mut waiting = pin!(mock.send("POST", "/_mock/journal/search", &search));
        let context = &mut Context::from_waker(Waker::noop());
        while waiting.as_mut().poll(context).is_pending() {
            // It looks through what is there first, and lets others run meanwhile.
            tokio::task::yield_now().await;
            if mock.app.newest() == 1 {
                track(&mock, "two", "ada", 2);
                track(&mock, "one", "ada", 2);
            }
        }
        let (status, found) = mock.send("POST", "/_mock/journal/search", &search).await;
        assert_eq!(status, 200, "{found}");
        let [only] = found["requests"].as_array().unwrap().as_slice() else {
            panic!("{found}");
        };
        assert_eq!(
            (&only["entry"]["number"], &only["entry"]["userId"]),
            (&json!(3), &json!("ada"))
        );
        assert_eq!(
            only["headers"],
            json!([{"name": "x-trace", "value": "7"}, {"name": "x-api-key", "value": "***"}])
        );
        assert!(!found.to_string().contains("hidden"), "{found}");
        let (_, all) = mock
            .send("POST", "/_mock/journal/search", r#"{"limit": 2}"#)
            .await;
        let numbers: Vec<_> = all["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["entry"]["number"].as_i64())
            .collect();
        assert_eq!(numbers, [Some(3), Some(2)]);
    }

    #[tokio::test]
    async fn no_secret_of_the_tenant_shows_wherever_a_request_carries_it() {
        let [api, app, managing] = [
            "api/secret+of the test",
            "secret-of-the-app",
            "secret-of-the-manager",
        ];
        let mock = Mock::of(json!({"tenants": [{
            "activeconnect": {"id": "one", "secret": app},
            "authsignal": {"id": "t", "secret": api, "managementSecret": managing},
        }]}));
        let tenant = mock.app.tenant("one").unwrap();
        let token = format!("eyJhbGciOiJIUzI1NiJ9.{}.sig", "eyJzdWIi".repeat(60));
        let body = |padding: usize| {
            let body = json!({
                "custom": {"note": format!("a {api} b"), "more": app, "basic": "YXBpL3NlY3JldCtvZiB0aGUgdGVzdDo="},
                "redirectUrl": "https://u:PASSWORD@shop.test/?token=OPAQUE&x=1#/done",
                "z": format!("{}{managing}", "x".repeat(padding)),
            });
            body.to_string()
        };
        // The journal cuts it off within the last secret.
        let body = body(8192 - 12 - body(0).find(managing).unwrap());
        let headers =
            format!("x-sess: {api}\nreferer: http://u:PASSWORD@h.test/?code=OPAQUE&page=2\n");
        let note = Note {
            operation: Some("track"),
            user_id: Some(api.to_owned()),
            reason: Some(format!("nobody is called {api}")),
            wire: Wire {
                user_agent: &format!("a {app} {token}"),
                headers: headers.into_bytes(),
                request: body.as_bytes(),
                answer: body.as_bytes(),
                ..Wire::default()
            },
            ..Note::new(
                "authsignal",
                "POST",
                "/v1/users/api%2Fsecret%2Bof%20the%20test/actions/pay",
                400,
            )
        };
        mock.app.record(Some(tenant.ledger()), note);
        let unmet = json!({"expected": [{"pattern": {"operation": "track", "headers": {"x-sess": {"equals": "1"}, "user-agent": {"equals": "1"}},
            "answerPaths": [{"path": "$.custom.note", "equals": 1}], "target": {"equals": "/"}}}]});
        let (_, found) = mock.send("POST", "/_mock/journal/search", "{}").await;
        assert_eq!(found["requests"][0]["userAgent"], "a *** ***", "{found}");
        for shown in [
            mock.get("/_mock/journal").await.1,
            mock.get("/_mock/journal/1").await.1,
            mock.get("/_mock/journal/har").await.1,
            found,
            verify(&mock, unmet).await,
        ] {
            let text = shown.to_string();
            for secret in [
                api,
                app,
                "secret-of",
                "api%2Fsecret",
                "YXBpL3NlY3",
                "PASSWORD",
                "OPAQUE",
                "eyJzdWIi",
            ] {
                assert!(!text.contains(secret), "{secret}: {text}");
            }
        }
        let text = mock.get("/_mock/journal/1").await.1.to_string();
        for kept in [
            "shop.test/?token=***&x=1#/done",
            "h.test/?code=***&page=2",
            "u:***@",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }

    #[tokio::test]
    async fn an_archive_has_every_member_that_the_format_requires() {
        let mock = mock();
        track(&mock, "one", "ada", 1);
        track(&mock, "one", "bob", 2);
        let (_, archive) = mock.get("/_mock/journal/har?tenant=one&limit=1").await;
        let log = &archive["log"];
        assert_eq!(
            (&log["version"], &log["creator"]["name"]),
            (&json!("1.2"), &json!("stepup-mock"))
        );
        let [entry] = log["entries"].as_array().unwrap().as_slice() else {
            panic!("{archive}");
        };
        for (part, members) in [
            (
                "",
                &[
                    "startedDateTime",
                    "time",
                    "request",
                    "response",
                    "cache",
                    "timings",
                ][..],
            ),
            (
                "/request",
                &[
                    "method",
                    "url",
                    "httpVersion",
                    "cookies",
                    "headers",
                    "queryString",
                    "headersSize",
                    "bodySize",
                ],
            ),
            ("/request/postData", &["mimeType", "params", "text"]),
            (
                "/response",
                &[
                    "status",
                    "statusText",
                    "httpVersion",
                    "cookies",
                    "headers",
                    "content",
                    "redirectURL",
                    "headersSize",
                    "bodySize",
                ],
            ),
            ("/response/content", &["size", "mimeType", "text"]),
            ("/timings", &["send", "wait", "receive"]),
        ] {
            let part = entry.pointer(part).unwrap();
            for member in members {
                assert!(part.get(member).is_some(), "{member}: {part}");
            }
        }
        assert_eq!(
            entry["request"]["url"],
            "http://localhost/v1/users/bob/actions/pay"
        );
        assert!(!archive.to_string().contains("hidden"), "{archive}");
    }

    #[tokio::test]
    async fn an_archive_says_why_a_body_is_not_all_there() {
        let mock = mock();
        let tenant = mock.app.tenant("one").unwrap();
        let long = json!({"note": "x".repeat(9000)}).to_string();
        for (request, answer) in [
            (&b"\x89PNG\xff hidden"[..], &b"{}"[..]),
            (long.as_bytes(), b"<html>hidden</html>"),
        ] {
            let note = Note {
                wire: Wire {
                    content_type: "image/png",
                    request,
                    answer,
                    ..Wire::default()
                },
                ..Note::new("authsignal", "POST", "/v1/users/ada/actions/pay", 400)
            };
            mock.app.record(Some(tenant.ledger()), note);
        }
        let (_, archive) = mock.get("/_mock/journal/har?tenant=one").await;
        let entries = &archive["log"]["entries"];
        assert_eq!(
            entries[0]["request"]["postData"],
            json!({"mimeType": "image/png", "params": [], "text": "",
                "comment": "a body of 12 bytes: it is not text in UTF-8, so it is not shown"})
        );
        assert!(entries[0]["response"]["content"].get("comment").is_none());
        let cut = &entries[1]["request"]["postData"]["comment"];
        assert_eq!(cut, "a body of 9011 bytes: the rest is not kept");
        assert_eq!(
            entries[1]["response"]["content"]["comment"],
            "a body of 19 bytes: it is neither a JSON object nor a list, so it is not shown"
        );
        assert!(!archive.to_string().contains("hidden"), "{archive}");
    }
}
