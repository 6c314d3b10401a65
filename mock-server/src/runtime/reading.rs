//! Reads all journals of a mock at once, so that no reader misses a request. Knows no HTTP.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::app::App;
use super::journal::{Carried, Entry, Journal};
use super::ledger::Ledger;
use super::lock::lock;
use super::tenant::Tenant;

/// Where a reader goes on: at requests with a greater number. After a reset of the whole mock, numbers begin anew, and every
/// request is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    after: u64,
    /// How often the numbers had begun anew.
    beginnings: u64,
}

/// A request and the tenant that it belongs to.
pub type Recorded = (Option<Arc<Ledger>>, Arc<Entry>);

/// What somebody has read.
#[derive(Debug)]
pub struct Reading {
    /// The newest requests, newest first.
    pub entries: Vec<Recorded>,
    /// From where on to read next.
    pub since: Since,
    /// The number of the newest request that should be among them and that a full journal has dropped.
    pub dropped: Option<u64>,
}

impl App {
    /// From the request of that number on, of those since the last reset of the whole mock.
    pub fn since(&self, after: Option<u64>) -> Since {
        Since {
            after: after.unwrap_or(0),
            beginnings: self.beginnings.load(Ordering::Acquire),
        }
    }

    /// The newest requests that are `wanted`, at most `limit`: those of a tenant, or of all journals. `wanted` must be quick,
    /// because the requests of these tenants wait for it.
    pub fn read(
        &self,
        of: Option<&Arc<Tenant>>,
        since: Since,
        limit: usize,
        mut wanted: impl FnMut(&Entry) -> bool,
    ) -> Reading {
        let tenants = of.map_or_else(|| self.tenants(), |tenant| vec![Arc::clone(tenant)]);
        let journals = tenants
            .iter()
            .map(|tenant| (Some(&tenant.ledger), &tenant.ledger.journal))
            .chain(of.is_none().then_some((None, &self.strays)));
        // All at once: a caller that asks for newer requests must not miss one for ever. The strays come last, as in a reset,
        // or the two could wait for each other.
        let journals: Vec<_> = journals
            .map(|(ledger, journal)| (ledger, lock(journal)))
            .collect();
        let beginnings = self.beginnings.load(Ordering::Acquire);
        let after = match since.beginnings == beginnings {
            true => since.after,
            false => 0,
        };
        let mut entries: Vec<Recorded> = Vec::new();
        let mut dropped = 0;
        for (ledger, journal) in &journals {
            dropped = dropped.max(journal.dropped());
            let newer = journal
                .newest_first()
                .take_while(|entry| entry.number > after);
            let found = newer.filter(|entry| wanted(entry)).take(limit);
            entries.extend(found.map(|entry| (ledger.map(Arc::clone), Arc::clone(entry))));
        }
        // Numbers are given under these locks, so every later request of these journals has a greater one.
        let next = self.newest();
        drop(journals);
        entries.sort_unstable_by_key(|(_, entry)| Reverse(entry.number));
        entries.truncate(limit);
        Reading {
            entries,
            since: Since {
                after: next.max(after),
                beginnings,
            },
            dropped: Some(dropped).filter(|dropped| *dropped > after),
        }
    }

    /// The newest requests of all journals, newest first.
    pub fn journal(&self, limit: usize) -> Vec<Entry> {
        let read = self.read(None, self.since(None), limit, |_| true);
        let entries = read.entries.into_iter();
        entries
            .map(|(_, entry)| Arc::unwrap_or_clone(entry))
            .collect()
    }

    /// The newest requests of a tenant, newest first, with what the journal keeps of their contents.
    pub fn journal_of(&self, tenant: &Tenant, limit: usize) -> Vec<(Entry, Option<Carried>)> {
        let journal = lock(&tenant.ledger.journal);
        let newest = journal.newest_first().take(limit);
        newest.map(|entry| with_contents(&journal, entry)).collect()
    }

    /// As [`journal_of`](Self::journal_of), of the requests of no tenant that came after the request of that number.
    pub fn strays_after(&self, number: u64, limit: usize) -> Vec<(Entry, Option<Carried>)> {
        let journal = lock(&self.strays);
        let newest = journal.newest_first().take(limit);
        let newest = newest.take_while(|entry| entry.number > number);
        newest.map(|entry| with_contents(&journal, entry)).collect()
    }

    /// What the journal keeps of the contents of a request, if it still has the request.
    pub fn contents(&self, of: Option<&Ledger>, entry: &Entry) -> Option<Carried> {
        let journal = lock(of.map_or(&self.strays, |ledger| &ledger.journal));
        let kept = journal.get(entry.number)?;
        // After a reset, another one has the number.
        std::ptr::eq(kept, entry).then(|| journal.carried(kept))?
    }

    /// The request with that number, with its tenant and the parts of its content that the journal keeps.
    pub fn entry(&self, number: u64) -> Option<(Option<Arc<Ledger>>, Entry, Option<Carried>)> {
        let find = |journal: &Mutex<Journal>| {
            let journal = lock(journal);
            journal
                .get(number)
                .map(|entry| with_contents(&journal, entry))
        };
        let of_tenant = self.tenants().into_iter().find_map(|tenant| {
            let (entry, carried) = find(&tenant.ledger.journal)?;
            Some((Some(Arc::clone(&tenant.ledger)), entry, carried))
        });
        of_tenant.or_else(|| {
            let (entry, carried) = find(&self.strays)?;
            Some((None, entry, carried))
        })
    }
}

fn with_contents(journal: &Journal, entry: &Entry) -> (Entry, Option<Carried>) {
    (entry.clone(), journal.carried(entry))
}

#[cfg(test)]
mod tests {
    use super::super::journal::Note;
    use super::super::seed::Seed;
    use super::super::{App, Behaviour};

    fn record(app: &App, target: &str) {
        let note = Note::new("authsignal", "GET", target, 200);
        let tenant = app.tenants().remove(0);
        app.record(Some(tenant.ledger()), note);
    }

    fn app(journal: usize) -> App {
        let behaviour = Behaviour {
            journal,
            ..Behaviour::default()
        };
        App::new(behaviour, Seed::default()).unwrap()
    }

    #[test]
    fn a_reader_reads_on_and_after_a_reset_reads_what_is_new() {
        let app = app(9);
        record(&app, "/1");
        record(&app, "/2");
        let read = |since| app.read(None, since, 9, |_| true);
        let first = read(app.since(Some(1)));
        assert_eq!(first.entries.len(), 1);
        assert!(read(first.since).entries.is_empty());
        app.reset();
        record(&app, "/anew");
        let next = read(first.since);
        let targets: Vec<_> = next.entries.iter().map(|(_, one)| &*one.target).collect();
        assert_eq!(targets, ["/anew"]);
        assert!(read(next.since).entries.is_empty());
    }

    #[test]
    fn a_reader_learns_of_requests_that_were_dropped() {
        let app = app(2);
        let dropped = |after| app.read(None, app.since(after), 9, |_| true).dropped;
        record(&app, "/1");
        record(&app, "/2");
        assert_eq!(dropped(None), None);
        record(&app, "/3");
        assert_eq!((dropped(None), dropped(Some(1))), (Some(1), None));
        app.reset();
        assert_eq!(dropped(None), None);
    }
}
