//! Chooses the page that sets up a sign-in method. Must not contain markup.

use super::attempt::Tried;
use super::flow::declines;
use super::visitor::{Seen, Visitor, enrollable};
use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::http::pages::answer::PageAnswer;
use crate::http::pages::view::{Address, App, Ending, Offer, View};
use crate::http::pages::visit::Fields;

impl Visitor {
    pub(super) fn enrollable(&self, seen: &Seen) -> PageAnswer {
        let situation = &seen.situation;
        let first = situation.authenticators.is_empty();
        let offers: Vec<_> = enrollable(situation)
            .map(|method| Offer {
                method,
                label: None,
                href: self.link(&[("enroll", method.word())]),
            })
            .collect();
        if offers.is_empty() || !situation.may_add {
            return self.ending(seen, Ending::NoMethods);
        }
        let declines = declines(seen);
        let back =
            (!first && declines.is_none()).then(|| (self.link(&[("view", "settings")]), "Back"));
        let view = View::Enrollable {
            offered: offers,
            first,
            declines,
        };
        self.page(seen, back, view)
    }

    /// The page that sets up a method.
    pub(super) async fn enrollment(
        &self,
        seen: &Seen,
        method: Method,
        fields: &Fields,
        problem: Option<String>,
    ) -> PageAnswer {
        let (bearer, situation) = (&seen.bearer, &seen.situation);
        if !situation.may_add || !enrollable(situation).any(|other| other == method) {
            return self.misdirected(seen);
        }
        let view = match method {
            Method::AuthenticatorApp => match self.app(bearer) {
                Ok((uri, secret)) => View::App(App {
                    uri,
                    secret,
                    clock: self.other_time(),
                    problem,
                }),
                Err(refusal) => return self.refused(seen, &refusal),
            },
            Method::Passkey | Method::SecurityKey => self.ceremony(method, true, problem),
            _ => {
                let open = self.tenant.look(|authsignal, now| {
                    let open = authsignal.open_challenge(bearer, method, now);
                    open.map(|open| open.address.clone())
                });
                let pending = situation.pending.iter().any(|one| one.method == method);
                if open.is_none() && pending && method == Method::EmailMagicLink {
                    // The user may have opened the link while no page was waiting.
                    if let Tried::Passed(passed) = self.try_link(bearer).await {
                        return self.passed(seen, *passed);
                    }
                }
                match open.filter(|_| fields.get("step") == Some("code")) {
                    Some(address) => {
                        let again = fields.get("sent") == Some("1");
                        self.message(method, &address, true, again, problem)
                    }
                    None => View::Address(Address {
                        method,
                        value: self.known_address(bearer, method),
                        calling_code: self.calling_code(method),
                        problem,
                    }),
                }
            }
        };
        // Who is asked to enrol this method need not look for others.
        let is_passed = situation.state == Some(State::ChallengeSucceeded);
        let prompted = is_passed && situation.prompts == Some(method) && !situation.to_settings;
        let back = (!prompted).then(|| (self.link(&[("view", "enroll")]), "Use another method"));
        self.page(seen, back, view)
    }

    /// The URI and the secret of the authenticator app in setup. Creates one if there is none.
    pub(super) fn app(&self, bearer: &Bearer) -> Result<(String, String), Refusal> {
        let method = Method::AuthenticatorApp;
        let pending = self.tenant.look(|authsignal, _| {
            let user = authsignal.user(&bearer.user_id)?;
            let mut own = user.pending.iter().filter(|pending| {
                pending.authenticator.method == method
                    && pending.action == bearer.action
                    && pending.key == bearer.key
            });
            own.find_map(|pending| pending.authenticator.otp_uri.clone())
        });
        let secret = |uri: &str| {
            let url = url::Url::parse(uri).ok()?;
            let mut pairs = url.query_pairs();
            let secret = pairs.find_map(|(name, value)| (name == "secret").then_some(value));
            secret.map(std::borrow::Cow::into_owned)
        };
        if let Some(uri) = pending
            && let Some(secret) = secret(&uri)
        {
            return Ok((uri, secret));
        }
        let made = self
            .tenant
            .transact(|authsignal, turn| authsignal.enroll_totp(turn, bearer))?;
        Ok((made.uri, made.secret))
    }

    pub(super) fn calling_code(&self, method: Method) -> Option<&'static str> {
        self.tenant
            .look(|authsignal, _| authsignal.calling_code(method))
    }

    pub(super) fn known_address(&self, bearer: &Bearer, method: Method) -> String {
        let known = self
            .tenant
            .look(|authsignal, _| authsignal.contact_of(bearer));
        known.address(method).unwrap_or_default().to_owned()
    }
}
