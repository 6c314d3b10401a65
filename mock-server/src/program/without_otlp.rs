//! In the place of `otlp`, in a build without the feature `otel`. What the environment says of OpenTelemetry is for every
//! program, so it is no mistake here.

use crate::traces::Traces;

/// Nothing is exported.
pub(super) struct Export;

pub(super) fn export(endpoint: Option<&str>, _traces: &Traces) -> anyhow::Result<Export> {
    anyhow::ensure!(
        endpoint.is_none(),
        "this build of the mock exports no traces, so --otlp-endpoint has no effect; build it with `cargo build --release \
         --features otel`"
    );
    Ok(Export)
}

impl Export {
    pub(super) async fn finish(self) {}
}
