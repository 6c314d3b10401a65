//! The control API's operations on simulated phones: between their wire types and the phones.

use super::admission::ControlApi;
use super::tenants::either;
use crate::domain::activeconnect::session::{Event, Status};
use crate::generated::mock_control::types as wire;
use crate::runtime::part::ActiveconnectPart;
use crate::sim::phone::{self, PhoneAnswer, Trouble};

impl ControlApi {
    pub(super) async fn answer(
        &self,
        subject: wire::PhoneSubject,
        answer: PhoneAnswer,
    ) -> Result<wire::PhoneOutcome, Trouble> {
        let tenant = self.application(either(
            &subject.tenant,
            &subject.application_id,
            "applicationId",
        )?)?;
        let user_id = String::from(subject.user_id);
        let status = self
            .phones
            .answer(&self.app, &tenant, &user_id, answer)
            .await?;
        Ok(outcome(&tenant, user_id, status))
    }

    pub(super) fn happen(
        &self,
        subject: wire::PhoneSubject,
        event: Event,
    ) -> Result<wire::PhoneOutcome, Trouble> {
        let tenant = self.application(either(
            &subject.tenant,
            &subject.application_id,
            "applicationId",
        )?)?;
        let user_id = String::from(subject.user_id);
        let status = phone::happen(&tenant, &user_id, event)?;
        Ok(outcome(&tenant, user_id, status))
    }
}

fn outcome(tenant: &ActiveconnectPart, user_id: String, status: Status) -> wire::PhoneOutcome {
    wire::PhoneOutcome {
        application_id: tenant.account().id.clone(),
        user_id,
        session_status: status.into(),
    }
}
