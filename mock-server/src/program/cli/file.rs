//! `dump`, `load` and `seed-schema`: the tenants of a running mock in a file. Knows no member of a seed.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::{RunningMock, text};
use crate::program::visible::{visible, visible_document};
use crate::runtime::read_text;
use crate::runtime::seed::schema::SCHEMA;

pub(super) fn dump(mock: &RunningMock, tenant: Option<&str>, secrets: bool) -> anyhow::Result<()> {
    let dump = mock.call(|http, url| {
        let tenant = tenant.map(|id| ("tenant", id));
        http.get(format!("{url}/_mock/dump"))
            .query(tenant.as_slice())
            .query(&[("secrets", secrets)])
    })?;
    writeln!(std::io::stdout(), "{}", visible_document(&dump)).context("stdout")
}

pub(super) fn load(mock: &RunningMock, file: &Path) -> anyhow::Result<()> {
    let seed = read_text(file).with_context(|| format!("cannot read {}", file.display()))?;
    let answer = mock.call(|http, url| {
        http.post(format!("{url}/_mock/load"))
            .header("Content-Type", "application/json")
            .body(seed)
    })?;
    let mut out = std::io::stdout().lock();
    let tenants = answer["tenants"].as_array();
    for tenant in tenants.into_iter().flatten() {
        writeln!(out, "loaded {}", visible(text(&tenant["name"]))).context("stdout")?;
    }
    if tenants.is_none_or(Vec::is_empty) {
        writeln!(out, "no tenants").context("stdout")?;
    }
    Ok(())
}

pub(super) fn schema() -> anyhow::Result<()> {
    write!(std::io::stdout(), "{SCHEMA}").context("stdout")
}
