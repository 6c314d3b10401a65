//! A tenant with its part at each vendor, as a seed describes them. Knows no HTTP.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::behaviour::Behaviour;
use super::clock::Clock;
use super::ledger::Ledger;
use super::lock::lock;
use super::part::Part;
use super::scenario::{self, Scenario};
use super::seed::{self, PlannedClock, SeedError, State};
use super::snapshot::{Moment, Snapshots};
use super::strict::in_list;
use crate::domain::activeconnect::{Activeconnect, Application};
use crate::domain::authsignal::{self, Authsignal};
use crate::domain::outbox::Outbox;
use crate::domain::{Page, Supplies};

/// One isolated tenant, with its part at each vendor that it has.
pub struct Tenant {
    pub(super) planned: seed::PlannedTenant,
    pub(super) ledger: Arc<Ledger>,
    pub(super) activeconnect: Option<Arc<Part<Activeconnect>>>,
    pub(super) authsignal: Option<Arc<Part<Authsignal>>>,
    /// Distinguishes it from every other tenant, also from those of another mock.
    pub(super) itself: Arc<()>,
    /// What it begins with in place of users of the plan.
    pub(super) start: Option<Arc<Moment>>,
    pub(super) snapshots: Mutex<Snapshots>,
    /// What it was planned with, where that is written into a data directory and no seed of the mock has it.
    pub(super) source: Option<Source>,
}

/// The plan of a tenant that was created while the mock runs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Source {
    /// A tenant of a seed.
    pub(super) plan: Value,
    /// The name that it was given.
    pub(super) called: Option<String>,
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

    /// The ids of its parts.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let application = self.activeconnect.as_ref().map(|part| &part.account().id);
        let account = self.authsignal.as_ref().map(|part| &part.account().id);
        application.into_iter().chain(account).map(String::as_str)
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

    /// Whether it has the API secret that the documentation names.
    pub fn is_documented(&self) -> bool {
        let part = self.authsignal.as_ref();
        part.is_some_and(|part| part.account().secret == seed::DEFAULT_API_SECRET)
    }

    /// Whether one of its parts knows this user.
    pub fn has_user(&self, id: &str) -> bool {
        let of_activeconnect = self
            .activeconnect
            .as_ref()
            .is_some_and(|part| part.look(|activeconnect, _| activeconnect.has_device(id).is_ok()));
        let of_authsignal = self
            .authsignal
            .as_ref()
            .is_some_and(|part| part.look(|authsignal, _| authsignal.seen(id).is_some()));
        of_activeconnect || of_authsignal
    }

    /// Replaces all states at once with new ones from the seed. `repeats` says that these are to be the same as at the
    /// start, to the last token; otherwise no token of before is valid.
    pub(super) fn replant(&self, planted: Planted, repeats: bool) {
        let mut activeconnect = self.activeconnect.as_ref().map(|part| part.locked());
        let mut authsignal = self.authsignal.as_ref().map(|part| part.locked());
        let mut supplies = lock(&self.ledger.supplies);
        if let (Some(state), Some(new)) = (&mut activeconnect, planted.activeconnect) {
            **state = new;
        }
        if let (Some(state), Some(mut new)) = (&mut authsignal, planted.authsignal) {
            if !repeats {
                new.succeed(state);
            }
            **state = new;
        }
        *supplies = planted.supplies;
        self.ledger.stage(&mut supplies.scenarios);
        self.begin_anew(&supplies, authsignal.as_deref());
    }

    /// Who waits for what it sends, waits for what comes after this.
    fn begin_anew(&self, supplies: &Supplies, authsignal: Option<&Authsignal>) {
        let deliveries = authsignal.map_or(0, |authsignal| authsignal.events.made());
        self.ledger.begin_anew(supplies.outbox.sent(), deliveries);
    }

    /// Its states now, all at once.
    pub fn moment(&self) -> Moment {
        let activeconnect = self.activeconnect.as_ref().map(|part| part.locked());
        let authsignal = self.authsignal.as_ref().map(|part| part.locked());
        let supplies = lock(&self.ledger.supplies);
        let named = self.planned.activeconnect.as_ref();
        let account = self.planned.authsignal.as_ref();
        Moment {
            of: Arc::clone(&self.itself),
            at: self.ledger.clock.now(),
            name: named.and_then(|application| application.name.clone()),
            rs256_tokens: account.is_some_and(|account| account.rs256_tokens),
            activeconnect: activeconnect.as_deref().cloned(),
            authsignal: authsignal.as_deref().cloned(),
            share: self.ledger.share(supplies.clone()),
        }
    }

    /// Whether a moment is one of its own.
    pub fn had(&self, moment: &Moment) -> bool {
        Arc::ptr_eq(&self.itself, &moment.of)
    }

    /// Goes back to a moment of its own, all at once. Its journal stays.
    pub(super) fn resume(&self, moment: &Moment) {
        // Nobody waits for the copies to be made, nor for what they replace to go.
        let mut new = (moment.activeconnect.clone(), moment.authsignal.clone());
        let mut share = moment.share.clone();
        let mut activeconnect = self.activeconnect.as_ref().map(|part| part.locked());
        let mut authsignal = self.authsignal.as_ref().map(|part| part.locked());
        let mut supplies = lock(&self.ledger.supplies);
        self.ledger.end_moves();
        self.ledger.swap(&mut share, &mut supplies);
        if let (Some(state), Some(new)) = (&mut activeconnect, &mut new.0) {
            mem::swap(&mut **state, new);
        }
        if let (Some(state), Some(new)) = (&mut authsignal, &mut new.1) {
            new.resume(self.ledger.clock.now());
            mem::swap(&mut **state, new);
        }
        self.begin_anew(&supplies, authsignal.as_deref());
        drop((activeconnect, authsignal, supplies));
        self.ledger.stir();
    }

    /// Begins with a moment of another tenant, and with ids of its own.
    pub(super) fn begin(&self, start: &Moment) {
        let mut activeconnect = self.activeconnect.as_ref().map(|part| part.locked());
        let mut authsignal = self.authsignal.as_ref().map(|part| part.locked());
        let mut supplies = lock(&self.ledger.supplies);
        self.ledger.adopt(&start.share, &mut supplies);
        if let (Some(state), Some(new)) = (&mut activeconnect, &start.activeconnect) {
            **state = new.clone().adopted(state);
        }
        if let (Some(state), Some(new)) = (&mut authsignal, &start.authsignal) {
            **state = new.clone().adopted(state);
        }
        self.begin_anew(&supplies, authsignal.as_deref());
    }

    /// Sets its clock as it is at the start.
    pub(super) fn start_clock(&self) {
        self.ledger.end_moves();
        self.ledger.clock.reset();
        set(&self.ledger.clock, self.planned.clock.as_ref());
    }

    /// Plans scenarios in place of those that are there, or after them, all or none.
    ///
    /// # Errors
    /// One of them cannot be, or not in this tenant; the text begins with its place in the list.
    pub fn plan_scenarios(&self, list: Vec<Scenario>, add: bool) -> Result<(), String> {
        let at_activeconnect = self.activeconnect.is_some();
        match &self.authsignal {
            Some(part) => part.look(|authsignal, _| {
                scenario::check_at(&list, at_activeconnect, Some(&authsignal.configuration))
            }),
            None => scenario::check_at(&list, at_activeconnect, None),
        }?;
        self.ledger
            .change_scenarios(|all, faults| scenario::plan(all, faults, list, add))
    }

    /// Its snapshots.
    pub(super) fn snapshots(&self) -> MutexGuard<'_, Snapshots> {
        lock(&self.snapshots)
    }

    /// Its states as JSON, secrets masked: those of the first `limit` users after one, by id, and what belongs to no user.
    /// Locks a state for one user at a time, so that nobody waits until a large one is written.
    pub fn dump(&self, after: Option<&str>, limit: usize) -> Value {
        let first = |(ids, more): (Vec<String>, bool)| {
            let last = ids.last().cloned().filter(|_| more);
            (ids, last)
        };
        let (of_activeconnect, last) = first(
            self.activeconnect
                .as_ref()
                .map_or_else(Default::default, |part| {
                    part.look(|activeconnect, _| activeconnect.ids_after(after, limit))
                }),
        );
        let (of_authsignal, other) = first(self.authsignal.as_ref().map_or_else(
            Default::default,
            |part| {
                part.look(|authsignal, _| {
                    let (seen, more) = authsignal.seen_users(after, limit);
                    (
                        seen.into_iter().map(|seen| seen.id.to_owned()).collect(),
                        more,
                    )
                })
            },
        ));
        // One page for both, so it ends where the first of them does.
        let next = match (last, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let page = Page {
            after,
            upto: next.as_deref(),
        };
        let here = |ids: Vec<String>| ids.into_iter().filter(|id| page.has(Some(id)));
        let mut dump = Map::new();
        if let Some(part) = &self.activeconnect {
            let users = here(of_activeconnect).filter_map(|id| {
                let user = part.look(|activeconnect, now| activeconnect.dump_user(&id, now))?;
                Some((id, user))
            });
            let users: Map<_, _> = users.collect();
            dump.insert("activeconnect".to_owned(), json!({"users": users}));
        }
        if let Some(part) = &self.authsignal {
            let (mut users, mut actions) = (Map::new(), Map::new());
            for id in here(of_authsignal) {
                let (user, of_user) = part.look(|authsignal, _| authsignal.dump_user(&id));
                users.extend(user.map(|user| (id.clone(), user)));
                actions.extend(of_user.map(|actions| (id, actions)));
            }
            let mut state = Map::new();
            state.insert("users".to_owned(), users.into());
            state.insert("actions".to_owned(), actions.into());
            state.extend(part.look(|authsignal, _| authsignal.dump_rest(page)));
            dump.insert("authsignal".to_owned(), state.into());
        }
        let messages = self.ledger.messages(Outbox::len);
        dump.insert("messages".to_owned(), messages.into());
        if after.is_none() {
            dump.extend(self.dump_scenarios());
        }
        dump.extend(next.map(|next| ("next".to_owned(), next.into())));
        dump.into()
    }

    /// The scenarios that are to come, and what they have set going.
    fn dump_scenarios(&self) -> impl Iterator<Item = (String, Value)> {
        let mut planned = json!(self.ledger.plans(scenario::all));
        for one in planned.as_array_mut().into_iter().flatten() {
            // A chosen code passes a challenge, so it is as secret as one of a message.
            if let Some(code) = one.get_mut("code") {
                *code = "***".into();
            }
        }
        let waiting: Value = self.ledger.scenarios(|all| {
            let due = all.due();
            due.map(|due| json!({"at": due.at, "deed": format!("{:?}", due.deed)}))
                .collect()
        });
        let all = [("scenarios", planned), ("deeds", waiting)];
        let all = all.into_iter().filter(|(_, list)| *list != json!([]));
        all.map(|(name, list)| (name.to_owned(), list))
    }
}

/// Sets a clock as a seed says.
pub(super) fn set(clock: &Clock, planned: Option<&PlannedClock>) {
    if let Some(planned) = planned {
        let ahead = planned.ahead_milliseconds.unwrap_or_default();
        clock.begin(planned.time, ahead, planned.frozen.unwrap_or_default());
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
        if let Some(state) = &planned.state {
            let state = State::clone(state);
            let restored = Self::of_state(behaviour, application, account, planned, state, now);
            return restored.map_err(|why| SeedError::Impossible(format!("state: {why}")));
        }
        let (scenarios, _) = planned.plans().map_err(SeedError::Impossible)?;
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
            configuration.challenge_enrolled_only = behaviour.challenge_enrolled_only;
            configuration.challenge_mode = behaviour.challenge_mode;
            planned
                .plant(state, &mut turn)
                .map_err(SeedError::Impossible)?;
        }
        let configuration = authsignal.as_ref().map(|state| &*state.configuration);
        scenario::check_at(&planned.scenarios, application.is_some(), configuration)
            .map_err(|why| SeedError::Impossible(in_list("scenarios", &why)))?;
        supplies.scenarios = scenarios;
        Ok(Self {
            supplies,
            activeconnect,
            authsignal,
        })
    }

    /// The states of a file, as they go on at that time with what `planned` plans.
    ///
    /// # Errors
    /// They cannot be.
    pub(super) fn of_state(
        behaviour: &Behaviour,
        application: Option<&Arc<Application>>,
        account: Option<&Arc<authsignal::Tenant>>,
        planned: &seed::PlannedTenant,
        mut state: State,
        now: Timestamp,
    ) -> Result<Self, String> {
        let limits = behaviour.limits;
        let activeconnect = application.map(|own| state.activeconnect(own, limits));
        let authsignal = account.map(|own| state.authsignal(own, now));
        let (activeconnect, authsignal) = (activeconnect.transpose()?, authsignal.transpose()?);
        let (mut scenarios, _) = planned.plans()?;
        scenarios.restore(state.scenarios())?;
        Ok(Self {
            supplies: Supplies {
                scenarios,
                ..state.supplies(behaviour.outbox)?
            },
            activeconnect,
            authsignal,
        })
    }
}
