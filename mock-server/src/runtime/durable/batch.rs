//! Changes of the store that become durable together. Knows no tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::domain::changes::{Change, Table};

/// Changes of the store. Later ones of a record replace earlier ones. No `Debug`: records hold secrets.
#[derive(Default)]
pub struct Batch {
    /// Beginnings of keys whose records are no more, before the records that follow are written.
    pub(super) cleared: BTreeSet<Vec<u8>>,
    /// Records by key; `None` removes one.
    pub(super) records: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// The key of what the mock itself has.
pub(super) const MOCK: &[u8] = b"";

/// How the keys of a tenant begin.
fn of_tenant(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// How the keys of a table of a tenant begin.
fn of_table(number: u64, table: Table) -> Vec<u8> {
    let mut key = of_tenant(number);
    key.push(table.number());
    key
}

/// The tenant, the table and the rest of a key.
pub(super) fn parts(key: &[u8]) -> Option<(u64, Table, &[u8])> {
    let (number, rest) = key.split_first_chunk::<8>()?;
    let (table, rest) = rest.split_first()?;
    Some((u64::from_be_bytes(*number), Table::numbered(*table)?, rest))
}

/// The first key after those that begin so.
pub(super) fn end_of(beginning: &[u8]) -> Option<Vec<u8>> {
    let mut end = beginning.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

impl Batch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.cleared.is_empty() && self.records.is_empty()
    }

    /// Writes what the mock itself has.
    pub fn put_mock(&mut self, record: Vec<u8>) {
        self.records.insert(MOCK.to_vec(), Some(record));
    }

    /// A tenant has nothing.
    pub fn clear(&mut self, number: u64) {
        self.clear_all(of_tenant(number));
    }

    fn clear_all(&mut self, beginning: Vec<u8>) {
        // Not through all keys: at the first start, each of many tenants clears each of its tables.
        let end = end_of(&beginning).map_or(Bound::Unbounded, Bound::Excluded);
        let range = (Bound::Included(beginning.clone()), end);
        let records = self.records.range(range.clone());
        let records: Vec<_> = records.map(|(key, _)| key.clone()).collect();
        for key in records {
            self.records.remove(&key);
        }
        let cleared: Vec<_> = self.cleared.range(range).cloned().collect();
        for other in cleared {
            self.cleared.remove(&other);
        }
        self.cleared.insert(beginning);
    }

    /// Changes something of a tenant.
    pub fn change(&mut self, number: u64, change: Change) {
        let key = |table, key: Vec<u8>| [of_table(number, table), key].concat();
        match change {
            Change::All(table) => self.clear_all(of_table(number, table)),
            Change::Put(table, id, thing) => {
                self.records.insert(key(table, id), Some(thing));
            }
            Change::Gone(table, id) => {
                self.records.insert(key(table, id), None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, end_of, parts};
    use crate::domain::changes::{Change, Table};

    #[test]
    fn what_is_cleared_takes_what_was_written_before_and_nothing_after() {
        let mut batch = Batch::default();
        let put = |batch: &mut Batch, number, table, id: &str| {
            batch.change(number, Change::Put(table, id.into(), b"1".to_vec()));
        };
        put(&mut batch, 1, Table::User, "ada");
        put(&mut batch, 1, Table::Action, "ada");
        put(&mut batch, 2, Table::User, "ada");
        batch.change(1, Change::All(Table::User));
        put(&mut batch, 1, Table::User, "bob");
        batch.change(1, Change::Gone(Table::User, b"eve".to_vec()));
        let told = |batch: &Batch| {
            let told = batch.records.iter().map(|(key, thing)| {
                let (number, table, id) = parts(key).unwrap();
                let id = str::from_utf8(id).unwrap().to_owned();
                (number, table, id, thing.is_some())
            });
            told.collect::<Vec<_>>()
        };
        let (user, action) = (Table::User, Table::Action);
        let expected = [
            (1, user, "bob".to_owned(), true),
            (1, user, "eve".to_owned(), false),
            (1, action, "ada".to_owned(), true),
            (2, user, "ada".to_owned(), true),
        ];
        assert_eq!(told(&batch), expected);
        batch.clear(1);
        assert_eq!(told(&batch), expected[3..]);
        assert_eq!(batch.cleared.len(), 1, "the table is a part of the tenant");
    }

    #[test]
    fn the_keys_of_a_beginning_have_an_end() {
        assert_eq!(end_of(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(end_of(&[1, 255]), Some(vec![2]));
        assert_eq!(end_of(&[255, 255]), None);
        assert_eq!(parts(&[0; 8]), None);
        assert_eq!(parts(&[0, 0, 0, 0, 0, 0, 0, 1, 99]), None);
    }
}
