//! What holds for the generated answers of every API.

use http::StatusCode;
use serde_json::{Value, json};

use super::surface::{Operation, Refusable, Reply, VisitRefusable};
use crate::generated::{activeconnect, authsignal, authsignal_client, mock_control};

/// Checks that each operation refuses with exactly the statuses that its spec lists.
struct Listed<B> {
    body: B,
    seen: usize,
}

impl<B: Clone> VisitRefusable<B> for Listed<B> {
    fn visit<R: Refusable<Body = B> + Into<Reply>>(&mut self, operation: &'static Operation) {
        for status in 400..600 {
            let code = StatusCode::from_u16(status).unwrap();
            let refused = R::refused(code, self.body.clone()).map(|answer| answer.into().status);
            let listed = operation.statuses.contains(&status).then_some(code);
            assert_eq!(refused, listed, "{}", operation.id);
        }
        let bad = R::bad_request(self.body.clone()).into();
        assert_eq!(bad.status, StatusCode::BAD_REQUEST, "{}", operation.id);
        self.seen += 1;
    }
}

#[test]
fn an_operation_refuses_with_the_statuses_of_its_spec_and_no_others() {
    fn of<B: serde::de::DeserializeOwned>(body: Value) -> Listed<B> {
        let body = serde_json::from_value(body).unwrap();
        Listed { body, seen: 0 }
    }
    fn refusing(all: &[&Operation]) -> usize {
        let refusing = all.iter().filter(|one| one.statuses.contains(&400));
        refusing.count()
    }
    let words = json!({"error": "e", "errorCode": "e", "errorDescription": "e"});
    let mut listed = of(json!({"status": false, "reason": "r"}));
    activeconnect::routes::visit_refusable(&mut listed);
    assert_eq!(listed.seen, refusing(activeconnect::operations::ALL));
    let mut listed = of(words.clone());
    authsignal::routes::visit_refusable(&mut listed);
    assert_eq!(listed.seen, refusing(authsignal::operations::ALL));
    let mut listed = of(words);
    authsignal_client::routes::visit_refusable(&mut listed);
    assert_eq!(listed.seen, refusing(authsignal_client::operations::ALL));
    let mut listed = of(json!({"error": "e", "message": "m"}));
    mock_control::routes::visit_refusable(&mut listed);
    assert_eq!(listed.seen, refusing(mock_control::operations::ALL));
}
