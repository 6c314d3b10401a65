//! Who came, with a good token, and where things stand for them.

use std::sync::Arc;

use http::StatusCode;

use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::factor::page::Situation;
use crate::domain::authsignal::token::Claims;
use crate::domain::authsignal::vocabulary::{ChallengeMode, Method};
use crate::http::pages::answer::PageAnswer;
use crate::http::pages::exit::Exit;
use crate::http::pages::view::{Page, View};
use crate::http::pages::visit::Visit;
use crate::runtime::App;
use crate::runtime::part::AuthsignalPart;

/// Address of the page itself.
pub(super) const HERE: &str = "/challenge";

/// What a request to the pages is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// To see where things stand.
    Show,
    /// To be told when a link was opened, or a device has answered.
    Wait,
    /// To pass a challenge, or finish an enrolment.
    Verify,
    /// To have a code or a link sent again.
    Send,
    /// To enrol an address or a number.
    Enroll,
    /// To ask a browser for a passkey.
    Credential,
    /// To change the default.
    Default,
    /// To remove an authenticator.
    Remove,
    /// To open the link of an e-mail.
    OpenLink,
}

/// Whoever came with a good token.
pub(crate) struct Visitor {
    pub(crate) app: Arc<App>,
    pub(crate) tenant: Arc<AuthsignalPart>,
    pub(crate) visit: Visit,
    /// The URL of these pages for who opened them.
    pub(crate) base: String,
    /// The origin that the browser tells.
    pub(crate) origin: String,
    pub(crate) user_agent: Option<String>,
    pub(crate) claims: Claims<'static>,
}

/// Where things stand.
pub(super) struct Seen {
    pub(super) bearer: Bearer,
    pub(super) situation: Situation,
    pub(super) mode: ChallengeMode,
}

impl Visitor {
    pub(super) fn look(&self) -> Option<Seen> {
        self.tenant.look(|authsignal, now| {
            let bearer = authsignal.page_bearer(Ok(self.claims.clone()), now).ok()?;
            Some(Seen {
                situation: authsignal.situation(&bearer),
                mode: authsignal.configuration.challenge_mode(&bearer.action),
                bearer,
            })
        })
    }

    pub(super) fn page(
        &self,
        seen: &Seen,
        back: Option<(String, &'static str)>,
        view: View,
    ) -> PageAnswer {
        let page = Page {
            visit: self.visit.clone(),
            exit: self.exit(seen),
            back,
            failed: None,
            leaves: false,
            view,
        };
        (StatusCode::OK, page).into()
    }

    pub(super) fn exit(&self, seen: &Seen) -> Exit {
        self.visit.exit(seen.situation.redirect_url.as_deref())
    }

    pub(super) fn link(&self, more: &[(&str, &str)]) -> String {
        self.visit.link(HERE, more)
    }
}

/// Methods that a challenge can be passed with on a page, the default first.
pub(super) fn offered(situation: &Situation) -> Vec<Method> {
    let mut methods: Vec<Method> = situation.default.into_iter().collect();
    for method in &situation.enrolled {
        if !methods.contains(method) {
            methods.push(*method);
        }
    }
    methods.retain(|method| *method != Method::InApp);
    if situation.recovery_codes > 0 && !methods.contains(&Method::RecoveryCode) {
        methods.push(Method::RecoveryCode);
    }
    methods
}

/// Methods that a page can set up. Those of an app on a phone are set up by the app.
pub(super) fn enrollable(situation: &Situation) -> impl Iterator<Item = Method> {
    situation.allowed.iter().copied().filter(|method| {
        !matches!(
            method,
            Method::Push | Method::QrCode | Method::InApp | Method::RecoveryCode
        )
    })
}

pub(super) fn label(situation: &Situation, method: Method) -> Option<String> {
    let own = situation.authenticators.iter().rev();
    let mut own = own.filter(|one| one.method == method);
    own.find_map(|one| one.label.clone())
}
