//! Authenticators of an address that a challenge of the Server API has proved, where its scope allows that. Knows no wire
//! format.

use super::challenge::Challenge;
use super::enrollment::Enroller;
use super::factor::{ADD, UPDATE};
use super::user::Authenticator;
use super::{Authsignal, Refusal};
use crate::domain::Turn;

/// What a proved address does to the authenticators of its user.
enum Change {
    /// It becomes that of this authenticator.
    Moves(Box<Authenticator>),
    /// It becomes an authenticator.
    Enrolls,
}

impl Authsignal {
    /// Whether there is room for the authenticator that a challenge may enrol.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn room_for_proof(&self, challenge: &Challenge) -> Result<(), Refusal> {
        match (&challenge.user_id, self.change_by(challenge)) {
            (Some(user_id), Some(Change::Enrolls)) => self.room_for_authenticator(user_id),
            _ => Ok(()),
        }
    }

    /// What a challenge does to the authenticators of its user once its code has come. Documented: its scope authorizes to
    /// enrol or update one of an existing user.
    fn change_by(&self, challenge: &Challenge) -> Option<Change> {
        let (user_id, scope) = (challenge.user_id.as_deref()?, challenge.scope.as_deref()?);
        let (method, address) = (challenge.method, challenge.address.as_str());
        let allows = |wanted: &str| scope.split(' ').any(|one| one == wanted);
        let (adds, updates) = (allows(ADD), allows(UPDATE));
        let own = self.users.get(user_id).map(|user| &user.authenticators);
        let mut own = own.into_iter().flatten();
        if own.any(|own| own.method == method && own.address() == Some(address)) {
            return None;
        }
        let newest = self.enrolled(user_id, method, None);
        let several = self.configuration.authenticators.allows_several(method);
        match newest {
            Some(newest) if updates && !(adds && several) => {
                Some(Change::Moves(Box::new(newest.clone())))
            }
            _ => adds.then_some(Change::Enrolls),
        }
    }

    /// Enrols the address of a challenge whose code has come, or gives it to the authenticator that the user has, as far as
    /// its scope allows that.
    pub(super) fn adopt_proof(&mut self, turn: &mut Turn<'_>, challenge: &Challenge) {
        let (Some(user_id), Some(change)) =
            (challenge.user_id.as_deref(), self.change_by(challenge))
        else {
            return;
        };
        let (address, now) = (challenge.address.clone(), turn.now);
        let proved = |authenticator: Authenticator| Authenticator {
            verified: Some(now),
            last_verified: Some(now),
            ..authenticator
        };
        let authenticator = match change {
            Change::Moves(own) => {
                let moved = proved(own.at(&address, now));
                self.put_changed(turn, user_id, vec![moved.clone()]);
                moved
            }
            Change::Enrolls => {
                let id = turn.ids.uuid();
                let method = challenge.method;
                let new = Authenticator::with_address(id, method, address, now);
                let new = proved(new);
                self.settle(turn, user_id, new.clone(), Enroller::User);
                new
            }
        };
        self.note_proof(user_id, &authenticator);
        if let Some(kept) = self.challenges.get_mut(&challenge.id) {
            kept.authenticator_id = Some(authenticator.id);
        }
    }
}
