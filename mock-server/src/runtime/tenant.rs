//! A tenant with its part at each vendor, as a seed describes them. Knows no HTTP.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::behaviour::Behaviour;
use super::ledger::Ledger;
use super::lock::lock;
use super::part::Part;
use super::seed::{self, SeedError};
use crate::domain::Supplies;
use crate::domain::activeconnect::{Activeconnect, Application};
use crate::domain::authsignal::token::TokenAlgorithm;
use crate::domain::authsignal::{self, Authsignal};
use crate::domain::outbox::Outbox;

/// One isolated tenant, with its part at each vendor that it has.
pub struct Tenant {
    pub(super) planned: seed::PlannedTenant,
    pub(super) ledger: Arc<Ledger>,
    pub(super) activeconnect: Option<Arc<Part<Activeconnect>>>,
    pub(super) authsignal: Option<Arc<Part<Authsignal>>>,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The plan holds secrets.
        f.debug_struct("Tenant")
            .field("activeconnect", &self.activeconnect)
            .field("authsignal", &self.authsignal)
            .finish_non_exhaustive()
    }
}

impl Tenant {
    /// Its name in listings.
    pub fn name(&self) -> &str {
        self.ledger.name()
    }

    /// The state that it shares between both vendors.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Its part at Activeconnect.
    pub fn activeconnect(&self) -> Option<&Arc<Part<Activeconnect>>> {
        self.activeconnect.as_ref()
    }

    /// Its part at Authsignal.
    pub fn authsignal(&self) -> Option<&Arc<Part<Authsignal>>> {
        self.authsignal.as_ref()
    }

    /// Replaces all states at once with new ones from the seed.
    pub(super) fn replant(&self, planted: Planted) {
        let mut activeconnect = self.activeconnect.as_ref().map(|part| part.locked());
        let mut authsignal = self.authsignal.as_ref().map(|part| part.locked());
        let mut supplies = lock(&self.ledger.supplies);
        if let (Some(state), Some(new)) = (&mut activeconnect, planted.activeconnect) {
            **state = new;
        }
        if let (Some(state), Some(new)) = (&mut authsignal, planted.authsignal) {
            **state = new;
        }
        *supplies = planted.supplies;
    }

    /// Its states as JSON, secrets masked.
    pub(super) fn dump(&self) -> serde_json::Value {
        let mut dump = serde_json::Map::new();
        if let Some(part) = &self.activeconnect {
            dump.insert(
                "activeconnect".to_owned(),
                part.look(|activeconnect, now| activeconnect.dump(now)),
            );
        }
        if let Some(part) = &self.authsignal {
            dump.insert(
                "authsignal".to_owned(),
                part.look(|authsignal, _| authsignal.dump()),
            );
        }
        let messages = self.ledger.messages(Outbox::len);
        dump.insert("messages".to_owned(), messages.into());
        dump.into()
    }
}

/// The states that a seed describes.
pub(super) struct Planted {
    pub(super) supplies: Supplies,
    pub(super) activeconnect: Option<Activeconnect>,
    pub(super) authsignal: Option<Authsignal>,
}

impl Planted {
    /// The states that `planned` describes. Each tenant's ids are independent of the other tenants.
    pub(super) fn new(
        behaviour: &Behaviour,
        origin: [u8; 32],
        application: Option<&Arc<Application>>,
        account: Option<&Arc<authsignal::Tenant>>,
        planned: &seed::PlannedTenant,
        now: Timestamp,
    ) -> Result<Self, SeedError> {
        let own = Sha256::new()
            .chain_update(origin)
            .chain_update(application.map_or("", |application| &application.id))
            .chain_update(account.map_or("", |account| &account.id))
            .finalize();
        let mut supplies = Supplies::new(own.into(), behaviour.outbox);
        let mut turn = supplies.turn(now);
        let mut activeconnect = application
            .map(|application| Activeconnect::new(Arc::clone(application), behaviour.limits));
        if let (Some(state), Some(planned)) = (&mut activeconnect, &planned.activeconnect) {
            planned.plant(state, &mut turn);
        }
        let mut authsignal = account.map(|account| Authsignal::new(Arc::clone(account)));
        if let (Some(state), Some(planned)) = (&mut authsignal, &planned.authsignal) {
            let configuration = &mut state.configuration;
            configuration.rate_limits = behaviour.code_limits;
            configuration.challenge_mode = behaviour.challenge_mode;
            if behaviour.rs256_tokens {
                configuration.token_algorithm = TokenAlgorithm::Rs256;
            }
            planned
                .plant(state, &mut turn)
                .map_err(SeedError::Impossible)?;
        }
        Ok(Self {
            supplies,
            activeconnect,
            authsignal,
        })
    }
}
