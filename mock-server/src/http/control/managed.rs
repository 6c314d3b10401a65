//! What the Management API sets, set by the control API: its answers, each under its path, as a seed holds them.

use super::admission::ControlApi;
use crate::domain::Turn;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::management::document::Document;
use crate::generated::mock_control::types as wire;
use crate::runtime::seed::management;
use crate::sim::phone::Trouble;

fn malformed(why: impl std::fmt::Display) -> Trouble {
    Trouble::Malformed(format!("body /management: {why}"))
}

impl ControlApi {
    /// What answers of the Management API configure.
    ///
    /// # Errors
    /// One of them is not an answer, has something that the mock does not know, or names a URL that no webhook may have.
    pub(super) fn managed(&self, answers: &wire::ManagementAnswers) -> Result<Document, Trouble> {
        let (document, unknown) = management::read(&answers.0).map_err(malformed)?;
        if let Some(unknown) = unknown.first() {
            return Err(malformed(format!("{unknown} is unknown; take it out")));
        }
        for url in document.urls() {
            let checked = self.app.courier.check(url);
            checked.map_err(|why| malformed(format!("webhook: {why}")))?;
        }
        Ok(document)
    }
}

/// Configures a tenant so. If it fails, some of it has changed.
pub(super) fn put_managed(
    authsignal: &mut Authsignal,
    turn: &mut Turn<'_>,
    document: &Document,
) -> Result<(), Trouble> {
    let put = authsignal.put_document(turn, document);
    put.map_err(malformed)
}

/// What the Management API answers now.
pub(super) fn told_managed(authsignal: &Authsignal) -> wire::ManagementAnswers {
    wire::ManagementAnswers(management::answers(&authsignal.document()))
}
