//! The user behind a valid token, and the current state of their action. Must not contain markup.

use std::sync::Arc;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::factor::page::Situation;
use crate::domain::authsignal::passkey_settings::AskingPage;
use crate::domain::authsignal::token::Claims;
use crate::domain::authsignal::vocabulary::{ChallengeMode, Method, State};
use crate::http::pages::answer::PageAnswer;
use crate::http::pages::exit::Exit;
use crate::http::pages::view::{MagicLink, Page, View};
use crate::http::pages::visit::Visit;
use crate::runtime::App;
use crate::runtime::part::AuthsignalPart;
use crate::wire::authsignal::iso;

/// The path of the page.
pub(super) const HERE: &str = "/challenge";

/// How long apps usually show a code. The one before it and the one after it are right, too.
const CODE_LIFE: SignedDuration = SignedDuration::from_secs(30);

/// The purpose of a request to the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Shows the current state.
    Show,
    /// Waits until the user opens a link or a phone answers.
    Wait,
    /// Passes a challenge, or finishes an enrolment.
    Verify,
    /// Sends a code or a link again.
    Send,
    /// Enrols an address or a number.
    Enroll,
    /// Asks a browser for a passkey.
    Credential,
    /// Presses a button of a flow's screen.
    Press,
    /// Declines an optional enrolment of a flow.
    Decline,
    /// Changes the default method.
    Default,
    /// Removes an authenticator.
    Remove,
    /// Opens a magic link.
    OpenLink,
}

/// The user behind a valid token.
pub(crate) struct Visitor {
    pub(crate) app: Arc<App>,
    pub(crate) tenant: Arc<AuthsignalPart>,
    pub(crate) visit: Visit,
    /// The base URL of these pages, as the browser sees it.
    pub(crate) base: String,
    /// The origin that the browser reports.
    pub(crate) origin: String,
    pub(crate) user_agent: Option<String>,
    pub(crate) claims: Claims<'static>,
}

/// The current state of the token's action and its user.
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

    /// The mock's time, if it is so far from the machine's that a code of an app on the machine is wrong at it.
    pub(super) fn other_time(&self) -> Option<String> {
        let now = self.tenant.look(|_, now| now);
        let apart = now.duration_since(Timestamp::now()).abs();
        (apart > CODE_LIFE).then(|| iso(now))
    }

    /// This page, as it asks for a passkey.
    pub(super) fn asking(&self) -> AskingPage<'_> {
        AskingPage {
            origin: &self.origin,
            is_hosted: true,
        }
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
            watch: self.watch(seen, &view),
            because: String::new(),
            message: seen.situation.message.clone().filter(|_| asks(&view)),
            view,
        };
        (StatusCode::OK, page).into()
    }

    /// The address that reports when the challenge of a page ends elsewhere. A page with a form that waits for an answer
    /// asks for more, and needs no other.
    fn watch(&self, seen: &Seen, view: &View) -> Option<String> {
        let waits_itself = matches!(
            view,
            View::Approval(_) | View::MagicLink(MagicLink { wait: Some(_), .. })
        );
        let open = seen.situation.state == Some(State::ChallengeRequired);
        (open && !waits_itself).then(|| self.visit.link("/challenge/wait", &[]))
    }

    pub(super) fn exit(&self, seen: &Seen) -> Exit {
        self.visit.exit(seen.situation.redirect_url.as_deref())
    }

    pub(super) fn link(&self, more: &[(&str, &str)]) -> String {
        self.visit.link(HERE, more)
    }
}

/// Whether a view asks the user to confirm the action.
fn asks(view: &View) -> bool {
    match view {
        View::Methods(_) | View::Code(_) | View::MagicLink(_) | View::Approval(_) => true,
        View::Credential(asked) => !asked.enrolls,
        _ => false,
    }
}

/// The methods that can pass a challenge on a page, the default first.
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

/// The methods that a page can set up. A phone app sets up its own methods.
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
