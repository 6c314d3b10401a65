//! Faults that a test plans, as clients meet them: each has its effect and no other. The request is carried out once or not
//! at all, the next one is well, and another tenant notices nothing. Must not know how the mock breaks anything.

mod effects;
mod list;
mod release;

use std::time::Duration;

use serde_json::{Value, json};
use stepup_client::authsignal::{Authsignal, TrackAttributes, Tracked};
use stepup_client::{Error, Kind};
use stepup_mock::CreatedTenant;

use crate::tenant::Tenant;
use crate::wire::Request;

/// A client that sends each request once.
fn client(mock: &Tenant, secret: &str) -> Authsignal {
    Authsignal::builder(secret)
        .api_url(format!("{}/v1", mock.server.url()))
        .retries(0)
        .attempt_timeout(Duration::from_secs(2))
        .build()
        .unwrap()
}

/// A tenant with faults, and one without.
struct Pair<'a> {
    mock: &'a Tenant,
    faulty: CreatedTenant,
    other: CreatedTenant,
    client: Authsignal,
}

impl<'a> Pair<'a> {
    fn of(mock: &'a Tenant) -> Self {
        let seed = json!({"authsignal": {"defaultOutcome": "REVIEW"}});
        let faulty = mock.server.create_tenant_from(seed).unwrap();
        let client = client(mock, faulty.authsignal().api_secret());
        Self {
            mock,
            other: mock.server.create_tenant().unwrap(),
            faulty,
            client,
        }
    }

    async fn plan(&self, faults: Value) -> Value {
        let body = json!({"tenant": self.faulty.id(), "faults": faults});
        self.mock.control("/_mock/faults", body).await["faults"].clone()
    }

    /// The faults that are still to come.
    async fn waiting(&self) -> Value {
        let target = format!("/_mock/faults?tenant={}", self.faulty.id());
        let answer = self.mock.answer(200, &Request::new("GET", &target)).await;
        answer.json()["tenants"][0]["faults"].clone()
    }

    async fn track(&self, key: &str) -> Result<Tracked, Error> {
        let attributes = TrackAttributes::new().idempotency_key(key);
        self.client.track("ada", "pay", attributes).await
    }

    /// How often the faulty tenant has carried a `track` out.
    async fn tracked(&self) -> usize {
        let target = format!("/_mock/actions?tenant={}", self.faulty.id());
        let answer = self.mock.answer(200, &Request::new("GET", &target)).await;
        answer.json()["actions"].as_array().unwrap().len()
    }

    /// Plans a fault for one `track`, which the client then takes for an error of this kind, after so many have been
    /// carried out. Everything else is as if there was no fault.
    async fn fails(&self, fault: Value, kind: Kind, carried_out: usize) -> Error {
        let before = self.tracked().await;
        self.plan(json!([fault])).await;
        self.others_are_well().await;
        let error = self.track("faulty").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault}: {error}");
        assert_eq!(self.tracked().await - before, carried_out, "{fault}");
        self.is_over(&fault).await;
        error
    }

    /// Another operation, and another tenant.
    async fn others_are_well(&self) {
        let other = client(self.mock, self.other.authsignal().api_secret());
        let attributes = TrackAttributes::new();
        assert!(
            other
                .track("ada", "pay", attributes)
                .await
                .unwrap()
                .is_allowed()
        );
    }

    /// Nothing is left of a fault, and the next requests are well.
    async fn is_over(&self, fault: &Value) {
        assert_eq!(self.waiting().await, json!([]), "{fault}");
        self.others_are_well().await;
        for key in ["next", "after"] {
            let tracked = self.track(key).await.unwrap();
            assert!(tracked.is_review_required(), "{fault}");
        }
        self.faulty.reset();
    }
}
