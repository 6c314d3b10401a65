//! What a running mock has planned for its tenants, as a list with ids: faults, or scenarios. Knows no member of either.

use std::io::Write as _;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::failures::OfTenant;
use super::{RunningMock, text};
use crate::domain::links;
use crate::program::visible::{visible, visible_json};

/// The list of that name, at a mock.
pub(super) struct Plan<'a> {
    mock: &'a RunningMock,
    name: &'static str,
}

impl<'a> Plan<'a> {
    pub(super) fn new(mock: &'a RunningMock, name: &'static str) -> Self {
        Self { mock, name }
    }

    /// Shows what is planned: for a tenant, or for all.
    pub(super) fn show(&self, of: &OfTenant) -> anyhow::Result<()> {
        let answer = self.mock.call(|http, url| {
            let request = http.get(format!("{url}/_mock/{}", self.name));
            request.query(&[("tenant", &of.tenant)])
        })?;
        self.tell(answer["tenants"].as_array().map_or(&[], Vec::as_slice))
    }

    /// Plans one more.
    pub(super) fn add(&self, one: Value, of: OfTenant) -> anyhow::Result<()> {
        self.post(json!({"add": true, (self.name): [one]}), of)
    }

    /// Takes all back.
    pub(super) fn clear(&self, of: OfTenant) -> anyhow::Result<()> {
        self.post(json!({(self.name): []}), of)
    }

    /// Takes one back.
    pub(super) fn remove(&self, id: &str, of: &OfTenant) -> anyhow::Result<()> {
        let answer = self.mock.call(|http, url| {
            let list = format!("{url}/_mock/{}", self.name);
            let request = http.delete(links::url(&list, "/{id}", &[id]));
            request.query(&[("tenant", &of.tenant)])
        })?;
        self.tell(&[answer])
    }

    fn post(&self, mut body: Value, of: OfTenant) -> anyhow::Result<()> {
        if let Some(tenant) = of.tenant {
            body["tenant"] = tenant.into();
        }
        let answer = self
            .mock
            .call(|http, url| http.post(format!("{url}/_mock/{}", self.name)).json(&body))?;
        self.tell(&[answer])
    }

    fn tell(&self, tenants: &[Value]) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        for tenant in tenants {
            let name = visible(text(&tenant["tenant"])).into_owned();
            let planned = tenant[self.name].as_array().map_or(&[][..], Vec::as_slice);
            if planned.is_empty() {
                writeln!(out, "{name}: no {}", self.name).context("stdout")?;
            }
            for one in planned {
                let mut said = one.clone();
                if let Some(members) = said.as_object_mut() {
                    members.remove("id");
                }
                let (id, said) = (visible(text(&one["id"])), visible_json(&said));
                writeln!(out, "{name}: {id}: {said}").context("stdout")?;
            }
        }
        Ok(())
    }
}
