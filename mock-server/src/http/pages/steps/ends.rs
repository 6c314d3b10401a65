//! Continues or ends a visit after a step. Must not contain markup.

use http::StatusCode;

use super::visitor::{HERE, Seen, Visitor};
use super::wording::because;
use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::factor::Passed;
use crate::domain::authsignal::factor::page::Situation;
use crate::domain::authsignal::vocabulary::{ChallengeMode, State};
use crate::http::pages::answer::{PageAnswer, ending};
use crate::http::pages::exit::Exit;
use crate::http::pages::view::{Ending, Page, View};
use crate::http::pages::visit::Visit;

/// Why a run that can go no further waits.
const REFUSED: &str = "Its action waits, for example because a receiver of the webhook action.verify has refused its end: `stepup-mock webhook list` shows the deliveries.";

impl Ending {
    /// The same, of a run of a flow where the page is of one: it is not tracked, but started.
    pub(super) fn of(self, situation: &Situation) -> Self {
        match self {
            Self::AlreadyPassed if situation.flow.is_some() => Self::FlowPassed,
            Self::Failed if situation.flow.is_some() => Self::FlowFailed,
            other => other,
        }
    }
}

impl Visitor {
    /// Continues after the user passed a challenge or finished an enrolment.
    pub(super) fn passed(&self, seen: &Seen, passed: Passed) -> PageAnswer {
        // Signing is slow, so it happens outside the world's lock.
        let token = passed.token(self.tenant.account(), &self.base);
        let visit = self.visit.with_token(token);
        let situation = &seen.situation;
        let is_passed = situation.state == Some(State::ChallengeSucceeded);
        let passed_by = Some(passed.method);
        let settings = visit.link(HERE, &[("view", "settings")]);
        // The next page of a flow, unless this was its end.
        let next = self.look().filter(|now| now.situation.flow.is_some());
        let goes_on = next
            .as_ref()
            .is_some_and(|now| now.situation.state == Some(State::ChallengeRequired));
        if let Some(codes) = passed.recovery_codes {
            self.tenant
                .transact(|authsignal, _| authsignal.note_codes_seen(&seen.bearer.user_id));
            let exit = if goes_on {
                Exit::Redirect(visit.link(HERE, &[]))
            } else if situation.to_settings {
                Exit::Redirect(settings)
            } else {
                visit.exit(situation.redirect_url.as_deref())
            };
            let page = Page {
                visit,
                exit,
                back: None,
                failed: None,
                leaves: false,
                watch: None,
                because: String::new(),
                message: None,
                view: View::RecoveryCodes(codes),
            };
            return (StatusCode::OK, page).into();
        }
        let enrolled = passed.enrolled.is_some();
        if let Some(now) = next {
            let outcome = if enrolled {
                Ending::Enrolled
            } else {
                Ending::Passed
            };
            return self.onward(&now, visit, outcome);
        }
        let prompted = situation.prompts;
        if let Some(method) = prompted.filter(|_| !enrolled && !situation.to_settings) {
            return PageAnswer::To(visit.link(HERE, &[("enroll", method.word())]));
        }
        // Who was asked to enrol a method once the action had passed goes on to the application.
        let was_prompted = enrolled && prompted == passed_by && is_passed;
        let stops = !situation.hides_success && !was_prompted;
        if enrolled && stops && !self.visit.force_enrollment {
            return PageAnswer::To(visit.link(HERE, &[("view", "settings"), ("done", "added")]));
        }
        if situation.to_settings {
            return PageAnswer::To(settings);
        }
        let outcome = if enrolled {
            Ending::Enrolled
        } else {
            Ending::Passed
        };
        self.leave(visit, situation, outcome)
    }

    /// Redirects to the application at once if there is a URL, because the page has nothing to read.
    pub(super) fn leave(&self, visit: Visit, situation: &Situation, outcome: Ending) -> PageAnswer {
        match visit.exit(situation.redirect_url.as_deref()) {
            Exit::Redirect(url) => PageAnswer::To(url),
            exit => {
                let (status, mut page) = ending(visit, exit, outcome.of(situation));
                page.leaves = true;
                (status, page).into()
            }
        }
    }

    /// Ends a visit without a person, by the challenge mode of the tenant.
    pub(super) async fn end_at_once(&self, seen: &Seen) -> PageAnswer {
        let (bearer, state) = (&seen.bearer, seen.situation.state);
        let finish = async |success: bool| {
            self.tenant
                .transact_delivered(|authsignal, turn| {
                    let (user_id, code, key) = (&bearer.user_id, &bearer.action, &bearer.key);
                    authsignal
                        .finish_action(turn, user_id, code, key, success)
                        .map(|action| action.state)
                })
                .await
        };
        let outcome = match (seen.mode, state) {
            (ChallengeMode::AutoSucceed, Some(State::Allow)) => {
                let enrolled = self
                    .tenant
                    .transact_delivered(|authsignal, turn| authsignal.enroll_at_once(turn, bearer));
                match enrolled.await {
                    Ok(true) => Ending::Enrolled,
                    Err(Refusal::Invalid(_)) => Ending::Failed,
                    _ => Ending::NothingToDo,
                }
            }
            (ChallengeMode::AutoSucceed, Some(State::ChallengeRequired)) => {
                match finish(true).await {
                    // A receiver of `action.verify` keeps it from passing, or its flow blocks it.
                    Err(Refusal::Invalid(_)) | Ok(State::ChallengeFailed) => Ending::Failed,
                    // If the action is gone, the application finds out when it validates the token.
                    _ => Ending::Passed,
                }
            }
            (ChallengeMode::AutoFail, Some(State::ChallengeRequired)) => {
                // As above.
                let _ = finish(false).await;
                Ending::Failed
            }
            (ChallengeMode::Abandon, _) => Ending::Left,
            _ => Ending::NothingToDo,
        };
        self.leave(self.visit.clone(), &seen.situation, outcome)
    }

    pub(super) fn ending(&self, seen: &Seen, outcome: Ending) -> PageAnswer {
        let outcome = outcome.of(&seen.situation);
        let (status, mut page) = ending(self.visit.clone(), self.exit(seen), outcome);
        let waits = seen.situation.state == Some(State::ChallengeRequired);
        match outcome {
            Ending::Blocked | Ending::InReview => page.because = because(&seen.situation),
            Ending::FlowFailed if waits => REFUSED.clone_into(&mut page.because),
            _ => {}
        }
        (status, page).into()
    }

    pub(super) fn misdirected(&self, seen: &Seen) -> PageAnswer {
        self.ending(seen, Ending::Misdirected)
    }
}
