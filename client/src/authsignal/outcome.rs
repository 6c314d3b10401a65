//! [`TrackOutcome`]: what an application does with a tracked action. Must not know how answers come.

use super::raw::types::Tracked;
use super::raw::vocabulary::UserActionState;
use crate::secret::Secret;

/// What an application does with a tracked action. [`Tracked::outcome`] returns it.
///
/// It has all its variants for good, so a `match` that forgets the challenge does not compile:
///
/// ```compile_fail,E0004
/// # async fn example(tracked: stepup_client::authsignal::Tracked) {
/// use stepup_client::authsignal::TrackOutcome;
///
/// match tracked.outcome() {
///     TrackOutcome::Allowed { .. } => println!("go on"),
///     TrackOutcome::Blocked | TrackOutcome::ReviewRequired | TrackOutcome::Other(_) => println!("refuse"),
/// }
/// # }
/// ```
///
/// ```
/// # fn redirect_to(_: &str) {}
/// # async fn example(tracked: stepup_client::authsignal::Tracked) {
/// use stepup_client::authsignal::TrackOutcome;
///
/// match tracked.outcome() {
///     TrackOutcome::Allowed { is_enrolled: true } => println!("go on"),
///     // Nobody asked this user for anything. Is that enough here?
///     TrackOutcome::Allowed { is_enrolled: false } => println!("enrol first"),
///     TrackOutcome::ChallengeRequired { url, .. } => redirect_to(url.expose()),
///     TrackOutcome::Blocked | TrackOutcome::ReviewRequired | TrackOutcome::Other(_) => println!("refuse"),
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "the user may have to take a challenge before the application may go on"]
pub enum TrackOutcome<'a> {
    /// The vendor's rules allow the action without a challenge: `ALLOW`.
    Allowed {
        /// Whether the user has an authenticator. **A user without one is allowed whatever the rules would challenge**, and so
        /// is a user id that the vendor has never seen. Decide yourself whether such a user may go on.
        is_enrolled: bool,
    },
    /// The user must take a challenge first: `CHALLENGE_REQUIRED`.
    ChallengeRequired {
        /// Where the user takes it. It holds the token.
        url: &'a Secret,
        /// For the vendor's client SDKs, in your own page or app.
        token: &'a Secret,
    },
    /// The application must refuse: `BLOCK`.
    Blocked,
    /// A person must decide first: `REVIEW_REQUIRED`.
    ReviewRequired,
    /// Another state, such as that of an action that was tracked before with the same idempotency key, or one that this
    /// version does not know.
    Other(&'a UserActionState),
}

impl Tracked {
    /// What to do now, with all that it takes.
    pub fn outcome(&self) -> TrackOutcome<'_> {
        match &self.state {
            UserActionState::Allow => TrackOutcome::Allowed {
                is_enrolled: self.is_enrolled,
            },
            UserActionState::Block => TrackOutcome::Blocked,
            UserActionState::ChallengeRequired => TrackOutcome::ChallengeRequired {
                url: self.url(),
                token: self.token(),
            },
            UserActionState::ReviewRequired => TrackOutcome::ReviewRequired,
            state => TrackOutcome::Other(state),
        }
    }
}
