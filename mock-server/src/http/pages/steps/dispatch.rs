//! Routes a request to its step, and chooses the page for the current state. Must not contain markup.

use super::visitor::{Seen, Step, Visitor};
use crate::domain::authsignal::vocabulary::{ChallengeMode, Method, State};
use crate::http::pages::answer::{PageAnswer, ending};
use crate::http::pages::view::Ending;
use crate::http::pages::visit::Fields;

impl Visitor {
    pub(crate) async fn answer(&self, step: Step, fields: &Fields) -> PageAnswer {
        let Some(seen) = self.look() else {
            // The token expired between two looks at the world.
            let exit = self.visit.exit(None);
            return ending(self.visit.clone(), exit, Ending::Expired).into();
        };
        if seen.situation.state.is_none() && !seen.bearer.action.is_empty() {
            let exit = self.visit.exit(None);
            return ending(self.visit.clone(), exit, Ending::Gone).into();
        }
        let closed = seen.situation.state.is_some_and(State::is_closed);
        if closed && matches!(step, Step::Verify | Step::Send | Step::Enroll) {
            // The page of the address says how the action ended.
            return PageAnswer::To(self.link(&[]));
        }
        match step {
            Step::Show => self.show(&seen, fields).await,
            Step::Wait => self.wait(&seen, fields).await,
            Step::Verify => self.verify(&seen, fields).await,
            Step::Send => self.send(&seen, fields).await,
            Step::Enroll => self.enroll(&seen, fields).await,
            Step::Credential => self.credential_options(&seen, fields),
            Step::Press => self.press(&seen, fields).await,
            Step::Decline => self.decline(&seen).await,
            Step::Default => self.set_default(&seen, fields),
            Step::Remove => self.remove(&seen, fields),
            Step::OpenLink => self.misdirected(&seen),
        }
    }

    async fn show(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        let Seen {
            bearer,
            situation,
            mode,
        } = seen;
        if *mode != ChallengeMode::Interactive && !bearer.action.is_empty() {
            return self.end_at_once(seen).await;
        }
        let view = fields.get("view");
        let enroll = fields.get("enroll").and_then(Method::of_word);
        match situation.state {
            Some(State::Block) => self.ending(seen, Ending::Blocked),
            Some(State::ReviewRequired) => self.ending(seen, Ending::InReview),
            Some(State::ReviewFailed) => self.ending(seen, Ending::Refused),
            Some(State::ChallengeFailed) => self.ending(seen, Ending::Failed),
            Some(State::ChallengeRequired) if situation.flow.is_some() => {
                self.in_flow(seen, fields).await
            }
            Some(State::ChallengeRequired) if !situation.authenticators.is_empty() => {
                if let Some(method) = enroll.filter(|_| situation.may_add) {
                    // The token's scope allows this before the user passes the challenge.
                    return self.enrollment(seen, method, fields, None).await;
                }
                let chosen = fields.get("method").and_then(Method::of_word);
                self.challenge(seen, chosen, fields).await
            }
            // The page was open when the challenge was passed elsewhere: it goes on as if it had been passed here.
            Some(State::ChallengeSucceeded)
                if fields.get("moved") == Some("1") && !situation.to_settings =>
            {
                self.leave(self.visit.clone(), situation, Ending::Passed)
            }
            Some(State::ChallengeSucceeded)
                if view.is_none() && enroll.is_none() && !situation.to_settings =>
            {
                let passed = Ending::AlreadyPassed.of(situation);
                let (status, mut page) = ending(self.visit.clone(), self.exit(seen), passed);
                page.back = Some((self.link(&[("view", "settings")]), "Sign-in methods"));
                (status, page).into()
            }
            _ => {
                if let Some(method) = enroll {
                    return self.enrollment(seen, method, fields, None).await;
                }
                let has_some = !situation.authenticators.is_empty();
                let enrolls = !has_some || self.visit.force_enrollment;
                match view {
                    Some("enroll") => self.enrollable(seen),
                    None if enrolls => self.enrollable(seen),
                    _ => self.settings(seen, fields, None),
                }
            }
        }
    }
}
