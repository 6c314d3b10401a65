//! The state that a tenant shares between both vendors: ids and messages, the journal, used nonces, counted requests,
//! and listeners for changes. Knows no vendor and no HTTP.

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::clock::{Clock, Setting};
use super::delivery::Courier;
use super::durable::Durable;
use super::faults::{Asked, Faults, Taken};
use super::idle::{self, Idle};
use super::journal::Journal;
use super::lock::lock;
use super::replay::Replays;
use super::secrets::Secrets;
use crate::bounds::AGREEMENTS_AT_ONCE;
use crate::domain::authsignal::challenge::{Limit, Windows};
use crate::domain::ids::Ids;
use crate::domain::outbox::Outbox;
use crate::domain::scenario::{Doer, Scenarios};
use crate::domain::{Supplies, whole_seconds};
use crate::remark;
use crate::traces::Causes;

/// The state that a tenant shares between both vendors. Each part has its own lock.
pub struct Ledger {
    /// Its place among the tenants of the mock, which no other has had before.
    number: u64,
    name: String,
    /// How long its tenant stays unused; `None` means for ever.
    idle: Option<Arc<Idle>>,
    pub(super) clock: Arc<Clock>,
    pub(super) supplies: Mutex<Supplies>,
    pub(super) journal: Mutex<Journal>,
    secrets: Secrets,
    /// It changes only while the supplies and all states of the tenant are locked.
    beginning: Mutex<Beginning>,
    /// How often something has set the clock that ends a move of it: a reset, or the restore of a snapshot.
    moves: Mutex<u64>,
    pub(super) courier: Arc<Courier>,
    /// Which requests have caused its deliveries.
    pub(super) causes: Causes,
    /// Places for deliveries that a receiver must take before the mock answers.
    pub(super) agreements: Semaphore,
    replays: Mutex<Replays>,
    requests: Mutex<Windows>,
    /// What is to go wrong at the start.
    planned: Plan,
    /// What is to go wrong now.
    faults: Mutex<Plan>,
    /// Whether anything is, so that no other request pays for it.
    faulty: AtomicBool,
    /// Whether a scenario is to come, so that no other request pays for it.
    staged: AtomicBool,
    /// One holder at a time moves the clock through what falls due. Nobody else delivers meanwhile.
    pub(super) pace: tokio::sync::Mutex<()>,
    /// Whether the tenant is deleted.
    closed: watch::Sender<bool>,
    /// Moves when the state of a part or the clock may have changed.
    changes: watch::Sender<u64>,
    /// Moves when the journal has a new request.
    records: watch::Sender<u64>,
    /// Moves when anything of the mock may have changed.
    pulse: Arc<watch::Sender<u64>>,
    /// Who writes what changes, if anybody does.
    durable: Option<Arc<Durable>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// When the numbers of what a tenant sends last began anew, by a reset or the restore of a snapshot, and what was sent before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beginning {
    /// How often that has happened.
    count: u64,
    /// The number of the message that was the last one then.
    pub messages: usize,
    /// The number of the delivery of a webhook that was the last one then.
    pub deliveries: u64,
}

impl Share {
    /// What a copy of a ledger held.
    pub(super) fn new(clock: Setting, supplies: Supplies, faults: Faults, dice: Ids) -> Self {
        let seed = dice.seed();
        Self {
            clock,
            supplies,
            plan: Plan { faults, seed, dice },
            replays: Replays::default(),
            requests: Windows::default(),
        }
    }

    /// How its clock is set.
    pub(super) fn clock(&self) -> Setting {
        self.clock
    }

    /// What is to go wrong, and what is drawn from for it.
    pub(super) fn plan(&self) -> (&Faults, &Ids) {
        (&self.plan.faults, &self.plan.dice)
    }
}

/// What a ledger holds at one moment, without its journal.
#[derive(Clone)]
pub(super) struct Share {
    clock: Setting,
    supplies: Supplies,
    plan: Plan,
    replays: Replays,
    requests: Windows,
}

impl Share {
    /// Its supplies.
    pub(super) fn supplies(&self) -> &Supplies {
        &self.supplies
    }

    /// Roughly the bytes that it takes.
    pub(super) fn size(&self) -> usize {
        let Supplies {
            outbox, scenarios, ..
        } = &self.supplies;
        outbox.size() + scenarios.size() + self.replays.size()
    }
}

/// What a ledger begins with.
pub(super) struct Founding {
    pub(super) number: u64,
    pub(super) name: String,
    /// How long the tenant stays unused; `None` means for ever.
    pub(super) life: Option<Duration>,
    pub(super) clock: Arc<Clock>,
    pub(super) supplies: Supplies,
    pub(super) journal: Journal,
    pub(super) secrets: Secrets,
    /// What is to go wrong with the first requests.
    pub(super) faults: Faults,
    /// What is drawn from for faults.
    pub(super) dice: Ids,
    pub(super) courier: Arc<Courier>,
    pub(super) pulse: Arc<watch::Sender<u64>>,
    pub(super) durable: Option<Arc<Durable>>,
}

/// What is to go wrong with the next requests. What is drawn for it leaves the ids of the tenant as they are.
struct Plan {
    faults: Faults,
    seed: [u8; 32],
    dice: Ids,
}

impl Clone for Plan {
    /// The same list, at the same place of what is drawn.
    fn clone(&self) -> Self {
        Self {
            faults: self.faults.as_they_are(),
            seed: self.seed,
            dice: self.dice.clone(),
        }
    }
}

impl Plan {
    /// A list that is new draws from the beginning.
    fn new(faults: Faults, seed: [u8; 32]) -> Self {
        Self {
            faults,
            seed,
            dice: Ids::new(seed),
        }
    }
}

/// Notifies listeners. It costs one load if nobody listens, because every request does this.
pub(super) fn beat(pulse: &watch::Sender<u64>) {
    if pulse.receiver_count() > 0 {
        pulse.send_modify(|beats| *beats = beats.wrapping_add(1));
    }
}

impl Ledger {
    /// An empty ledger.
    pub(super) fn new(founding: Founding) -> Self {
        let planned = Plan {
            seed: founding.dice.seed(),
            faults: founding.faults,
            dice: founding.dice,
        };
        Self {
            number: founding.number,
            name: founding.name,
            idle: founding.life.map(|life| Arc::new(Idle::new(life))),
            clock: founding.clock,
            staged: AtomicBool::new(!founding.supplies.scenarios.is_empty()),
            supplies: Mutex::new(founding.supplies),
            journal: Mutex::new(founding.journal),
            secrets: founding.secrets,
            beginning: Mutex::default(),
            moves: Mutex::new(0),
            courier: founding.courier,
            causes: Causes::default(),
            agreements: Semaphore::new(AGREEMENTS_AT_ONCE),
            replays: Mutex::new(Replays::default()),
            requests: Mutex::new(Windows::default()),
            faulty: AtomicBool::new(!planned.faults.is_empty()),
            faults: Mutex::new(planned.clone()),
            planned,
            pace: tokio::sync::Mutex::new(()),
            closed: watch::Sender::new(false),
            changes: watch::Sender::new(0),
            records: watch::Sender::new(0),
            pulse: founding.pulse,
            durable: founding.durable,
        }
    }

    /// Its tenant is deleted: who waits for a change waits in vain.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
        lock(&self.faults).faults.release();
        self.announce();
        beat(&self.records);
    }

    /// Its tenant is there, also if it was deleted before.
    pub(super) fn open(&self) {
        self.closed.send_replace(false);
    }

    /// Whether its tenant is deleted.
    #[cfg(test)]
    pub fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Waits until its tenant is deleted.
    pub async fn closed(&self) {
        let mut closed = self.closed.subscribe();
        // The sender lives as long as this.
        let _ = closed.wait_for(|closed| *closed).await.map(drop);
    }

    /// Its place among the tenants that the mock has had.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Somebody uses its tenant. It costs nothing where the tenant stays anyway, because every request does this.
    pub(super) fn touch(&self) {
        if let Some(idle) = &self.idle {
            idle::used(idle);
        }
    }

    /// How long its tenant stays after its last use, if not for ever.
    pub fn life(&self) -> Option<Duration> {
        self.idle.as_ref().map(|idle| idle.life())
    }

    /// When its tenant leaves, unless somebody uses it before.
    pub(super) fn end(&self) -> Option<Instant> {
        self.idle.as_ref().and_then(|idle| idle.end())
    }

    /// Asks for a look at what has fallen due.
    pub(super) fn ring(&self) {
        self.courier.ring(self.number);
    }

    /// Its clock or all of its state is another: wakes who waits for a change, and asks for a look at what has fallen due.
    pub(super) fn stir(&self) {
        self.announce();
        self.ring();
    }

    /// The tenant's name in listings: the id of its application, or the id of its Authsignal tenant if it has no
    /// application.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The secrets of the tenant, which nobody may see where its requests are shown.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// When what the tenant sends began anew. Who asks while looking at messages or deliveries learns about these.
    pub fn beginning(&self) -> Beginning {
        *lock(&self.beginning)
    }

    /// What the tenant sends begins anew, after the message and the delivery of these numbers.
    pub(super) fn begin_anew(&self, messages: usize, deliveries: u64) {
        let mut beginning = lock(&self.beginning);
        *beginning = Beginning {
            count: beginning.count + 1,
            messages,
            deliveries,
        };
    }

    /// Ends moves of the clock that are under way, because it is set now.
    pub(super) fn end_moves(&self) {
        *lock(&self.moves) += 1;
    }

    /// Tells a move of the clock that begins now from those before.
    pub(super) fn moves(&self) -> u64 {
        *lock(&self.moves)
    }

    /// Goes on with a move of the clock, unless it has ended meanwhile.
    pub(super) fn moving<T>(&self, since: u64, step: impl FnOnce() -> T) -> Option<T> {
        let moves = lock(&self.moves);
        (*moves == since).then(step)
    }

    /// Looks at the messages of the tenant.
    pub fn messages<T>(&self, look: impl FnOnce(&Outbox) -> T) -> T {
        look(&lock(&self.supplies).outbox)
    }

    /// Changes the messages of the tenant.
    pub fn change_messages<T>(&self, change: impl FnOnce(&mut Outbox) -> T) -> T {
        let mut supplies = lock(&self.supplies);
        let changed = change(&mut supplies.outbox);
        self.note();
        drop(supplies);
        self.tell();
        changed
    }

    /// Looks at the scenarios of the tenant, without those that are faults.
    pub fn scenarios<T>(&self, look: impl FnOnce(&Scenarios) -> T) -> T {
        look(&lock(&self.supplies).scenarios)
    }

    /// Looks at what is planned of the tenant: its scenarios, and its faults, among which those of scenarios are.
    pub fn plans<T>(&self, look: impl FnOnce(&Scenarios, &Faults) -> T) -> T {
        let supplies = lock(&self.supplies);
        let faults = self.faults();
        look(&supplies.scenarios, &faults)
    }

    /// Changes what is planned of the tenant.
    pub fn change_scenarios<T>(&self, change: impl FnOnce(&mut Scenarios, &mut Faults) -> T) -> T {
        let mut supplies = lock(&self.supplies);
        let changed = self.change_faults(|faults| change(&mut supplies.scenarios, faults));
        self.stage(&mut supplies.scenarios);
        changed
    }

    /// Takes note of what is planned now, and tells who carries out a request what it has used up.
    pub(super) fn stage(&self, scenarios: &mut Scenarios) {
        let staged = !scenarios.is_empty();
        // Most tenants have none, and a look costs less than a change.
        if self.staged.load(Ordering::Acquire) != staged {
            self.staged.store(staged, Ordering::Release);
        }
        if let Some(told) = scenarios.take_told() {
            tracing::debug!(tenant = self.name, "{told}");
            remark::say(told);
        }
    }

    /// Whether a scenario is to come.
    pub fn is_staged(&self) -> bool {
        self.staged.load(Ordering::Acquire)
    }

    /// When somebody does next what a scenario says.
    pub(super) fn next_deed(&self) -> Option<Timestamp> {
        lock(&self.supplies).scenarios.next()
    }

    /// Who has to do now what a scenario says.
    pub(super) fn doer(&self) -> Option<Doer> {
        let now = self.clock.now();
        lock(&self.supplies).scenarios.doer(now)
    }

    /// Nobody does what that one has to do now.
    pub(super) fn drop_deed(&self, doer: Doer) {
        let now = self.clock.now();
        lock(&self.supplies).scenarios.take_due(doer, now);
        self.note();
    }

    /// A number that changes after each transaction while somebody listens. Its value means nothing.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// As [`changed`](Self::changed), after each request that the journal of the tenant has.
    pub fn recorded(&self) -> watch::Receiver<u64> {
        self.records.subscribe()
    }

    /// The journal has a new request.
    pub(super) fn announce_record(&self) {
        self.note_later();
        beat(&self.records);
    }

    /// Its time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Waits until its clock reads `at`, however it gets there.
    pub async fn reached(&self, at: Timestamp) {
        let mut changed = self.changed();
        loop {
            // Seen before the clock is read, so that no change of it is missed.
            changed.mark_unchanged();
            let left = Duration::try_from(at.duration_since(self.clock.now()));
            let Some(left) = left.ok().filter(|left| !left.is_zero()) else {
                return;
            };
            let running = !self.clock.is_frozen();
            tokio::select! {
                _ = changed.changed() => {}
                () = tokio::time::sleep(left), if running => {}
            }
        }
    }

    /// Something of its tenant has changed: who writes it is told, and who waits for a change.
    pub(super) fn announce(&self) {
        self.note();
        self.tell();
    }

    /// Tells who waits for a change.
    pub(super) fn tell(&self) {
        beat(&self.changes);
        beat(&self.pulse);
    }

    /// Something of its tenant has changed, which nobody can see yet. It costs a branch where nobody writes it.
    pub(super) fn note(&self) {
        if let Some(durable) = &self.durable {
            durable.note(self.number);
        }
    }

    /// As [`note`](Self::note), where no answer says so.
    fn note_later(&self) {
        if let Some(durable) = &self.durable {
            durable.note_later(self.number);
        }
    }

    /// Waits until everything that has changed is durable, before a receiver of webhooks learns of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) async fn confirmed(&self) -> Result<(), Arc<str>> {
        match &self.durable {
            Some(durable) => durable.confirmed().await,
            None => Ok(()),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// `limit` requests came within the last minute: the seconds until one more may come.
    pub fn within_rate(&self, limit: usize) -> Result<(), u64> {
        let limit = Limit {
            count: limit,
            window: SignedDuration::from_mins(1),
        };
        let now = self.clock.now();
        let mut requests = lock(&self.requests);
        if requests.allow("", limit, now) {
            self.note_later();
            return Ok(());
        }
        let wait = requests.wait("", limit, now);
        Err(whole_seconds(wait).max(1))
    }

    /// Records a nonce until `until` (Unix seconds); `false` if it was recorded before.
    pub fn first_use(&self, client_id: &str, nonce: &str, now: i64, until: i64) -> bool {
        let is_first = lock(&self.replays).first_use(client_id, nonce, now, until);
        self.note_later();
        is_first
    }

    /// Replaces the faults that are to come.
    pub fn plan_faults(&self, faults: Faults) {
        let mut plan = lock(&self.faults);
        // Those that are taken back hold no request any more.
        plan.faults.release();
        *plan = Plan::new(faults, plan.seed);
        self.planned_anew(plan);
    }

    /// Changes the faults that are to come.
    pub fn change_faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        let mut plan = lock(&self.faults);
        let result = change(&mut plan.faults);
        self.planned_anew(plan);
        result
    }

    fn planned_anew(&self, plan: MutexGuard<'_, Plan>) {
        // Under the lock, so that the last change has the last word.
        self.faulty.store(!plan.faults.is_over(), Ordering::Release);
        self.note();
        drop(plan);
        self.tell();
    }

    /// The faults that are to come.
    pub fn faults(&self) -> Faults {
        lock(&self.faults).faults.settled()
    }

    /// What goes wrong with a request, if anything does. It costs one load if nothing is planned, because every request
    /// asks.
    pub fn fault<U: FnOnce() -> Option<String>>(
        &self,
        asked: impl FnOnce() -> Option<Asked<U>>,
    ) -> Option<Taken> {
        if !self.faulty.load(Ordering::Acquire) {
            return None;
        }
        let asked = asked().filter(|_| !*self.closed.borrow())?;
        let now = self.clock.now();
        let mut plan = lock(&self.faults);
        let Plan { faults, dice, .. } = &mut *plan;
        let taken = faults.take(asked, now, dice);
        self.faulty.store(!faults.is_over(), Ordering::Release);
        if taken.is_some() {
            self.note();
        }
        taken
    }

    /// The faults that are to come, and what is drawn from for them.
    pub(super) fn plan(&self) -> (Faults, Ids) {
        let plan = lock(&self.faults);
        (plan.faults.clone(), plan.dice.clone())
    }

    /// The nonces that were used, and the requests that were counted.
    pub(super) fn counted<T>(&self, look: impl FnOnce(&mut Replays, &Windows) -> T) -> T {
        let mut replays = lock(&self.replays);
        look(&mut replays, &lock(&self.requests))
    }

    /// Goes on with what a copy of it had.
    pub(super) fn restore(
        &self,
        clock: Setting,
        faults: Faults,
        dice: Ids,
        replays: Replays,
        requests: Windows,
    ) {
        self.clock.put_back(clock);
        let mut plan = lock(&self.faults);
        let seed = dice.seed();
        *plan = Plan { faults, seed, dice };
        self.planned_anew(plan);
        *lock(&self.replays) = replays;
        *lock(&self.requests) = requests;
    }

    /// What it holds now, with its supplies.
    pub(super) fn share(&self, supplies: Supplies) -> Share {
        Share {
            clock: self.clock.setting(),
            supplies,
            plan: lock(&self.faults).clone(),
            replays: lock(&self.replays).clone(),
            requests: lock(&self.requests).clone(),
        }
    }

    /// Holds again what it held then, and hands over what it holds now. `supplies` are its own, locked.
    pub(super) fn swap(&self, share: &mut Share, supplies: &mut Supplies) {
        self.clock.put_back(share.clock);
        let mut plan = lock(&self.faults);
        mem::swap(&mut *plan, &mut share.plan);
        share.plan.faults.release();
        self.planned_anew(plan);
        mem::swap(supplies, &mut share.supplies);
        self.stage(&mut supplies.scenarios);
        mem::swap(&mut *lock(&self.replays), &mut share.replays);
        mem::swap(&mut *lock(&self.requests), &mut share.requests);
    }

    /// Takes the clock's setting, the scenarios and the faults of another ledger. `supplies` are its own, locked.
    pub(super) fn adopt(&self, share: &Share, supplies: &mut Supplies) {
        supplies.scenarios = share.supplies.scenarios.adopted();
        self.stage(&mut supplies.scenarios);
        self.plan_faults(share.plan.faults.clone());
        self.clock.put_back(share.clock);
    }

    /// Forgets nonces and counted requests, and restores the faults of the start.
    pub(super) fn forget(&self) {
        let mut plan = lock(&self.faults);
        // Those that are taken back hold no request any more.
        plan.faults.release();
        *plan = self.planned.clone();
        self.planned_anew(plan);
        *lock(&self.replays) = Replays::default();
        *lock(&self.requests) = Windows::default();
    }
}
