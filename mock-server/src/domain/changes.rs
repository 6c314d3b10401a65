//! Which things of a state have changed since somebody last asked, for who keeps a copy of it elsewhere. Steps know
//! nothing of it: the collections that hold the things take note of each access that may change one. Knows no file.
//!
//! A collection that is new counts as changed in whole, and so does a copy of one. So where nobody ever asks, taking note
//! costs a branch and no memory.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::ops::{Deref, DerefMut};

use ahash::HashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A list of things of a tenant. The numbers are those of the copy, so they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// What a tenant is made from, and does not change.
    Head = 0,
    /// What is planned, the clock, and where sources of ids stand.
    Plan = 1,
    /// Messages, by number.
    Message = 2,
    /// Users of Activeconnect, by number.
    Phone = 3,
    /// What else the part at Activeconnect has.
    OfActiveconnect = 4,
    /// Users of Authsignal, by id.
    User = 5,
    /// Actions, by number.
    Action = 6,
    /// Challenges, by number.
    Challenge = 7,
    /// Sessions of Authsignal, by number.
    Session = 8,
    /// What else the part at Authsignal has, by name.
    OfAuthsignal = 9,
    /// Ceremonies of passkeys that wait, by number.
    Ceremony = 10,
    /// Users that were deleted, by the count of deletions.
    Deletion = 11,
    /// How often something happened, by what it is.
    Window = 12,
    /// Nonces, by number.
    Nonce = 13,
    /// Requests of the journal, by number.
    Request = 14,
    /// Snapshots, by name.
    Snapshot = 15,
}

impl Table {
    const ALL: [Self; 16] = [
        Self::Head,
        Self::Plan,
        Self::Message,
        Self::Phone,
        Self::OfActiveconnect,
        Self::User,
        Self::Action,
        Self::Challenge,
        Self::Session,
        Self::OfAuthsignal,
        Self::Ceremony,
        Self::Deletion,
        Self::Window,
        Self::Nonce,
        Self::Request,
        Self::Snapshot,
    ];

    /// Its number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The table of a number.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// The keys of the things that have changed.
#[derive(Debug)]
pub struct Marks<K> {
    /// `None` means everything.
    keys: Option<BTreeSet<K>>,
}

impl<K> Default for Marks<K> {
    fn default() -> Self {
        Self { keys: None }
    }
}

impl<K> Clone for Marks<K> {
    /// Nobody knows what of a copy has changed against what it comes to replace.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<K: Ord> Marks<K> {
    /// The thing of this key has changed, or is no more.
    pub fn mark(&mut self, key: impl FnOnce() -> K) {
        if let Some(keys) = &mut self.keys {
            keys.insert(key());
        }
    }

    /// Whether somebody asks what has changed.
    pub fn are_asked_for(&self) -> bool {
        self.keys.is_some()
    }

    /// Everything has changed.
    pub fn mark_all(&mut self) {
        self.keys = None;
    }

    /// What has changed, of which nothing has from now on; `None` means everything.
    fn take(&mut self) -> Option<BTreeSet<K>> {
        self.keys.replace(BTreeSet::new())
    }
}

/// A thing that takes note of each access that may change it.
#[derive(Debug)]
pub struct Marked<T> {
    thing: T,
    is_changed: bool,
}

impl<T> From<T> for Marked<T> {
    fn from(thing: T) -> Self {
        Self {
            thing,
            is_changed: true,
        }
    }
}

impl<T: Default> Default for Marked<T> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<T: Clone> Clone for Marked<T> {
    fn clone(&self) -> Self {
        self.thing.clone().into()
    }
}

impl<T> Deref for Marked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.thing
    }
}

impl<T> DerefMut for Marked<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.is_changed = true;
        &mut self.thing
    }
}

impl<T> Marked<T> {
    /// Whether it may have changed.
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }
}

/// Things by key, which take note of each access that may change one.
#[derive(Clone, Debug)]
pub struct Things<K, T> {
    by_key: HashMap<K, T>,
    marks: Marks<K>,
}

impl<K, T> Default for Things<K, T> {
    fn default() -> Self {
        Self {
            by_key: HashMap::default(),
            marks: Marks::default(),
        }
    }
}

impl<K: Clone + Eq + Hash + Ord, T> Things<K, T> {
    /// A thing.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&T>
    where
        K: Borrow<Q>,
    {
        self.by_key.get(key)
    }

    /// A thing, to change.
    pub fn get_mut<Q: Eq + Hash + ToOwned<Owned = K> + ?Sized>(&mut self, key: &Q) -> Option<&mut T>
    where
        K: Borrow<Q>,
    {
        let thing = self.by_key.get_mut(key)?;
        self.marks.mark(|| key.to_owned());
        Some(thing)
    }

    /// The place of a thing, to change it or to put one there.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, T> {
        self.marks.mark(|| key.clone());
        self.by_key.entry(key)
    }

    /// Puts a thing, and returns the one that it replaces.
    pub fn insert(&mut self, key: K, thing: T) -> Option<T> {
        self.marks.mark(|| key.clone());
        self.by_key.insert(key, thing)
    }

    /// Takes a thing away.
    pub fn remove<Q: Eq + Hash + ToOwned<Owned = K> + ?Sized>(&mut self, key: &Q) -> Option<T>
    where
        K: Borrow<Q>,
    {
        let removed = self.by_key.remove(key)?;
        self.marks.mark(|| key.to_owned());
        Some(removed)
    }

    /// Whether there is one.
    pub fn contains_key<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.by_key.contains_key(key)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// All, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &T)> {
        self.by_key.iter()
    }

    /// All without their keys, in no order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.by_key.values()
    }

    /// All, in no order, to change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.marks.mark_all();
        self.by_key.values_mut()
    }
}

impl<K: Clone + Eq + Hash + Ord, T: Serialize> Things<K, T> {
    /// What has changed, by keys of these bytes.
    pub fn changes(&mut self, changes: &mut Changes, table: Table, bytes: impl Fn(&K) -> Vec<u8>) {
        let (by_key, marks) = (&self.by_key, &mut self.marks);
        let all = by_key.iter().map(|(key, thing)| (bytes(key), thing));
        changes.of(table, marks, all, |key| (bytes(key), by_key.get(key)));
    }
}

/// A change of a copy. No `Debug`: things hold secrets.
pub enum Change {
    /// Every thing of the table follows; others are no more.
    All(Table),
    /// A thing by its key, in JSON.
    Put(Table, Vec<u8>, Vec<u8>),
    /// There is no thing of that key.
    Gone(Table, Vec<u8>),
}

/// What has changed.
#[derive(Default)]
pub struct Changes {
    list: Vec<Change>,
    wanted: Wanted,
}

/// What somebody wants to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wanted {
    /// What has changed.
    #[default]
    Changed,
    /// Everything, because there is no copy yet.
    Everything,
    /// Nothing, because the copy is what the state was made of.
    Nothing,
}

impl Changes {
    /// Takes note that the copy has everything.
    pub fn known() -> Self {
        Self {
            list: Vec::new(),
            wanted: Wanted::Nothing,
        }
    }

    /// For a copy that has nothing yet.
    pub fn everything() -> Self {
        Self {
            list: Vec::new(),
            wanted: Wanted::Everything,
        }
    }

    /// In the order in which the copy changes.
    pub fn into_list(self) -> Vec<Change> {
        self.list
    }

    /// Adds what has changed of a table. `of_key` says what there is of a key that has changed.
    pub fn of<K: Ord, T: Serialize>(
        &mut self,
        table: Table,
        marks: &mut Marks<K>,
        all: impl Iterator<Item = (Vec<u8>, T)>,
        of_key: impl Fn(&K) -> (Vec<u8>, Option<T>),
    ) {
        let changed = marks.take();
        let changed = match self.wanted {
            Wanted::Nothing => return,
            Wanted::Everything => None,
            Wanted::Changed => changed,
        };
        let Some(changed) = changed else {
            self.list.push(Change::All(table));
            all.for_each(|(key, thing)| self.put(table, key, &thing));
            return;
        };
        for key in &changed {
            match of_key(key) {
                (key, Some(thing)) => self.put(table, key, &thing),
                (key, None) => self.list.push(Change::Gone(table, key)),
            }
        }
    }

    /// Adds a thing if it has changed, in the form that `record` gives it.
    pub fn marked<T, R: Serialize>(
        &mut self,
        table: Table,
        name: &str,
        marked: &mut Marked<T>,
        record: impl FnOnce(&T) -> R,
    ) {
        let is_changed = std::mem::take(&mut marked.is_changed);
        if is_changed || self.wanted == Wanted::Everything {
            self.put(table, name.into(), &record(&marked.thing));
        }
    }

    /// Adds a thing.
    pub fn put<T: Serialize + ?Sized>(&mut self, table: Table, key: Vec<u8>, thing: &T) {
        if self.wanted == Wanted::Nothing {
            return;
        }
        // Things are plain data whose keys are texts, so this cannot fail.
        let thing = serde_json::to_vec(thing).unwrap_or_default();
        self.list.push(Change::Put(table, key, thing));
    }

    /// Adds that there is no thing of that key.
    pub fn gone(&mut self, table: Table, key: Vec<u8>) {
        if self.wanted != Wanted::Nothing {
            self.list.push(Change::Gone(table, key));
        }
    }
}

/// A number as a key: keys of larger numbers come later.
pub fn numbered(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// The number of a key.
///
/// # Errors
/// It is none.
pub fn number_of(key: &[u8]) -> Result<u64, String> {
    let bytes = key.try_into().map_err(|_| "a key is not a number")?;
    Ok(u64::from_be_bytes(bytes))
}

/// A thing of a copy.
///
/// # Errors
/// It is none; the text says why.
pub fn thing_of<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// A copy that follows a state.
#[cfg(test)]
#[derive(Default)]
pub struct Follower {
    steps: usize,
    things: std::collections::BTreeMap<(Table, Vec<u8>), Vec<u8>>,
}

#[cfg(test)]
impl Follower {
    /// Whether it is compared with the state after this step. A change that it has missed shows later, too, and a comparison
    /// after each step takes three times as long.
    pub fn is_due(&mut self) -> bool {
        self.steps += 1;
        self.steps.is_multiple_of(8)
    }

    /// Takes what has changed.
    pub fn follow(&mut self, changes: Changes) {
        for change in changes.into_list() {
            match change {
                Change::All(table) => self.things.retain(|(own, _), _| *own != table),
                Change::Put(table, key, thing) => {
                    self.things.insert((table, key), thing);
                }
                Change::Gone(table, key) => {
                    self.things.remove(&(table, key));
                }
            }
        }
    }

    /// Gives back everything.
    pub fn each(&self, mut take: impl FnMut(Table, &[u8], &[u8]) -> Result<(), String>) {
        for ((table, key), thing) in &self.things {
            take(*table, key, thing).unwrap();
        }
    }

    /// Everything, as JSON by table and key.
    pub fn told(&self) -> Vec<(Table, Vec<u8>, serde_json::Value)> {
        let things = self.things.iter();
        things
            .map(|((table, key), thing)| (*table, key.clone(), thing_of(thing).unwrap()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Changes, Marked, Table, Things};

    fn changed(things: &mut Things<String, u32>) -> Vec<String> {
        let mut changes = Changes::default();
        things.changes(&mut changes, Table::User, |key| key.clone().into_bytes());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let told = changes.into_list().into_iter().map(|change| match change {
            Change::All(_) => "all".to_owned(),
            Change::Put(_, key, thing) => format!("{}={}", text(key), text(thing)),
            Change::Gone(_, key) => format!("{} is gone", text(key)),
        });
        told.collect()
    }

    #[test]
    fn each_access_that_may_change_a_thing_is_noted_and_no_other() {
        let mut things = Things::default();
        things.insert("a".to_owned(), 1);
        assert_eq!(changed(&mut things), ["all", "a=1"], "it is new");
        assert_eq!(changed(&mut things), [""; 0]);
        assert!(things.get("a").is_some() && things.contains_key("a"));
        assert!(things.get_mut("b").is_none() && things.remove("b").is_none());
        assert_eq!(changed(&mut things), [""; 0]);
        *things.get_mut("a").unwrap() = 2;
        things.insert("b".to_owned(), 3);
        *things.entry("c".to_owned()).or_default() += 4;
        assert_eq!(changed(&mut things), ["a=2", "b=3", "c=4"]);
        things.remove("a");
        assert_eq!(changed(&mut things), ["a is gone"]);
        things.remove("b");
        things.values_mut().for_each(|thing| *thing += 1);
        assert_eq!(changed(&mut things), ["all", "c=5"]);
        assert_eq!(
            changed(&mut things.clone()),
            ["all", "c=5"],
            "a copy is new"
        );
        assert_eq!(changed(&mut things), [""; 0]);
    }

    #[test]
    fn a_marked_thing_is_told_once_after_each_change() {
        let mut marked = Marked::from(1);
        let told = |marked: &mut Marked<u32>| {
            let mut changes = Changes::default();
            changes.marked(Table::Plan, "it", marked, |it| *it);
            changes.into_list().len()
        };
        assert_eq!((told(&mut marked), told(&mut marked)), (1, 0));
        assert_eq!((*marked, told(&mut marked)), (1, 0));
        *marked += 1;
        assert_eq!((told(&mut marked), told(&mut marked)), (1, 0));
    }

    #[test]
    fn the_numbers_of_tables_never_change() {
        let told = Table::ALL.map(|table| format!("{} {table:?}", table.number()));
        let expected = "0 Head, 1 Plan, 2 Message, 3 Phone, 4 OfActiveconnect, 5 User, 6 Action, 7 Challenge, 8 Session, \
             9 OfAuthsignal, 10 Ceremony, 11 Deletion, 12 Window, 13 Nonce, 14 Request, 15 Snapshot";
        assert_eq!(told.join(", "), expected);
        for table in Table::ALL {
            assert_eq!(Table::numbered(table.number()), Some(table));
        }
        assert_eq!(Table::numbered(16), None);
    }
}
