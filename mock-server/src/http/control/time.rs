//! The control API's operations on clocks.

use std::sync::Arc;
use std::time::Duration;

use super::admission::ControlApi;
use crate::generated::mock_control::types as wire;
use crate::runtime::Tenant;
use crate::runtime::clock::Shift;
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) fn time(&self, tenant: Option<&str>) -> Result<wire::Clock, Trouble> {
        let tenant = tenant.map(|name| self.named(name)).transpose()?;
        Ok(self.told(tenant.as_ref()))
    }

    pub(super) async fn change_time(
        &self,
        wanted: wire::ClockChange,
    ) -> Result<wire::Clock, Trouble> {
        let name = wanted.tenant.as_deref();
        let tenant = name.map(|name| self.named(name)).transpose()?;
        let forward = advance(wanted.advance_seconds, wanted.advance_milliseconds);
        let shift = match (wanted.time, forward) {
            (Some(_), Some(_)) => {
                let why =
                    "body /time sets the clock, so it cannot go forward, too: send one of them";
                return Err(Trouble::Malformed(why.to_owned()));
            }
            (Some(time), None) => Shift::To(time),
            (None, forward) => Shift::By(forward.unwrap_or_default()),
        };
        let place = match shift {
            Shift::To(_) => "time",
            Shift::By(_) if wanted.advance_seconds.is_some() => "advanceSeconds",
            Shift::By(_) => "advanceMilliseconds",
        };
        let passed = self.app.pass(tenant.as_ref(), wanted.freeze, shift).await;
        passed.map_err(|why| Trouble::Malformed(format!("body /{place} is too large: {why}")))?;
        // Somebody may have deleted or replaced it meanwhile.
        let tenant = name.map(|name| self.named(name)).transpose()?;
        Ok(self.told(tenant.as_ref()))
    }

    fn told(&self, tenant: Option<&Arc<Tenant>>) -> wire::Clock {
        let clock = tenant.map_or(&*self.app.clock, |tenant| tenant.ledger().clock());
        wire::Clock {
            tenant: tenant.map(|tenant| tenant.name().to_owned()),
            now: clock.now(),
            frozen: clock.is_frozen(),
        }
    }
}

/// How far a clock is to go forward, if it is.
fn advance(seconds: Option<i64>, milliseconds: Option<i64>) -> Option<Duration> {
    // The schema of the request lets no negative number through.
    let given = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
    let (seconds, milliseconds) = (given(seconds), given(milliseconds));
    seconds.or(milliseconds)?;
    let seconds = Duration::from_secs(seconds.unwrap_or_default());
    Some(seconds.saturating_add(Duration::from_millis(milliseconds.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use serde_json::json;

    use super::super::tests::Mock;
    use crate::domain::authsignal::Enrollment;
    use crate::domain::authsignal::vocabulary::Method;

    #[tokio::test]
    async fn a_move_of_a_clock_ends_when_its_tenant_is_deleted() {
        // It takes connections and answers nothing.
        let receiver = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", receiver.local_addr().unwrap());
        let mock = Mock::of(json!({"tenants": [
            {"authsignal": {"id": "one", "secret": "s", "webhooks": [{"url": url, "events": ["authenticator.created"]}]}},
        ]}));
        let part = mock.app.authsignal("one").unwrap();
        let sms = Enrollment {
            phone_number: Some("+64270000000".into()),
            ..Enrollment::new(Method::Sms)
        };
        part.transact(|authsignal, turn| authsignal.enroll(turn, "ada", sms))
            .unwrap();
        let change = r#"{"tenant": "one", "advanceSeconds": 3600}"#;
        let mut moved = pin!(mock.send("POST", "/_mock/clock", change));
        let context = &mut Context::from_waker(Waker::noop());
        assert!(moved.as_mut().poll(context).is_pending());
        let (status, answer) = mock.send("DELETE", "/_mock/tenants/one", "").await;
        assert_eq!(status, 200, "{answer}");
        let (status, answer) = moved.await;
        assert_eq!(status, 404, "{answer}");
    }
}
