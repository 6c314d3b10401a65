//! Keeps things of several owners within bounds, so that nobody's load pushes out what others have. Knows no vendor.
//!
//! Each class of owners has a queue of its own, whose oldest thing leaves first. A user who has as many as a user may have
//! loses one of their own: one that is over, or else the oldest.

use std::collections::{BTreeMap, BTreeSet};

use ahash::HashMap;
use serde::{Deserialize, Serialize};

use super::changes::{Changes, Marks, Table, number_of, numbered, thing_of};

/// The class of owners that a thing counts against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Owner {
    /// A caller that has shown only what is public.
    Stranger,
    /// The application, for no user yet.
    Application,
    /// A user.
    User(String),
}

/// The bounds of one class of owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The most things.
    pub count: usize,
    /// The most bytes of all of them.
    pub bytes: usize,
}

impl Share {
    /// The bounds of a class that may have nothing here.
    pub const NONE: Self = Self { count: 0, bytes: 0 };
}

/// The bounds of all classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// For what strangers started.
    pub strangers: Share,
    /// For what the application started for no user yet.
    pub application: Share,
    /// For all users together.
    pub users: Share,
    /// Things of one user.
    pub per_user: usize,
}

/// A thing that is kept, for a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept<T> {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// The thing.
    pub thing: T,
    /// Its place among all, where a file has it.
    #[serde(skip)]
    pub number: Option<u64>,
}

impl<T> Kept<T> {
    /// A thing of a copy.
    ///
    /// # Errors
    /// It is none.
    pub fn of_copy(key: &[u8], thing: &[u8]) -> Result<Self, String>
    where
        T: serde::de::DeserializeOwned,
    {
        let kept: Self = thing_of(thing)?;
        Ok(Self {
            number: Some(number_of(key)?),
            ..kept
        })
    }
}

/// A thing that is kept, as a copy has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Copied<'a, T> {
    id: &'a str,
    owner: &'a Owner,
    thing: &'a T,
}

/// A thing with its place.
#[derive(Clone, Debug)]
struct Held<T> {
    thing: T,
    owner: Owner,
    number: u64,
    bytes: usize,
}

/// The things of one class of owners.
#[derive(Clone, Debug, Default)]
struct Queue {
    numbers: BTreeSet<u64>,
    bytes: usize,
}

/// Things by id, within their room.
#[derive(Clone, Debug)]
pub struct Shares<T> {
    room: Room,
    things: HashMap<String, Held<T>>,
    /// Ids by number: oldest first.
    order: BTreeMap<u64, String>,
    strangers: Queue,
    application: Queue,
    users: Queue,
    of_user: HashMap<String, BTreeSet<u64>>,
    /// The number of the next thing.
    next: u64,
    /// The numbers of those that have changed.
    marks: Marks<u64>,
}

impl<T> Shares<T> {
    /// Nothing yet, in that room.
    pub fn new(room: Room) -> Self {
        Self {
            room,
            things: HashMap::default(),
            order: BTreeMap::new(),
            strangers: Queue::default(),
            application: Queue::default(),
            users: Queue::default(),
            of_user: HashMap::default(),
            next: 0,
            marks: Marks::default(),
        }
    }

    /// A thing.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.things.get(id).map(|held| &held.thing)
    }

    /// A thing, to change.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let held = self.things.get_mut(id)?;
        self.marks.mark(|| held.number);
        Some(&mut held.thing)
    }

    /// Adds a thing of so many bytes; returns what had to leave. `over` says of which things nobody needs any more.
    pub fn insert(
        &mut self,
        id: String,
        owner: Owner,
        bytes: usize,
        thing: T,
        over: impl Fn(&T) -> bool,
    ) -> Vec<T> {
        let replaced = self.remove(&id);
        let mut gone = self.make_room(&owner, bytes, over);
        gone.extend(replaced);
        let number = self.next;
        self.next += 1;
        self.put(
            id,
            Held {
                thing,
                owner,
                number,
                bytes,
            },
        );
        gone
    }

    /// Makes a thing that of a user, and keeps its place among all; returns what had to leave.
    pub fn give(&mut self, id: &str, user_id: &str, over: impl Fn(&T) -> bool) -> Vec<T> {
        let owner = Owner::User(user_id.to_owned());
        if self.things.get(id).is_none_or(|held| held.owner == owner) {
            return Vec::new();
        }
        let Some(mut held) = self.take(id) else {
            return Vec::new();
        };
        let gone = self.make_room(&owner, held.bytes, over);
        held.owner = owner;
        self.put(id.to_owned(), held);
        gone
    }

    /// Removes a thing.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        self.take(id).map(|held| held.thing)
    }

    /// Removes the things of a user.
    pub fn forget(&mut self, user_id: &str) -> Vec<T> {
        let own = self.of_user.get(user_id).into_iter().flatten();
        let ids: Vec<String> = own
            .filter_map(|number| self.order.get(number))
            .cloned()
            .collect();
        ids.iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Those of a user, newest first.
    pub fn of_user(&self, user_id: &str) -> impl Iterator<Item = &T> {
        let own = self.of_user.get(user_id);
        own.into_iter()
            .flat_map(|own| own.iter().rev())
            .filter_map(|number| self.get(self.order.get(number)?))
    }

    /// Those of strangers, oldest first.
    pub fn of_strangers(&self) -> impl Iterator<Item = &T> {
        let numbers = self.strangers.numbers.iter();
        numbers.filter_map(|number| self.get(self.order.get(number)?))
    }

    /// All, oldest first.
    pub fn oldest_first(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.order.values().filter_map(|id| self.get(id))
    }

    /// The things, oldest first, for a file.
    pub fn kept(&self) -> Vec<Kept<T>>
    where
        T: Clone,
    {
        let held = self.order.values();
        let held = held.filter_map(|id| Some((id, self.things.get(id)?)));
        held.map(|(id, held)| Kept {
            id: id.clone(),
            owner: held.owner.clone(),
            thing: held.thing.clone(),
            number: None,
        })
        .collect()
    }

    /// What has changed of the things.
    pub fn changes(&mut self, changes: &mut Changes, table: Table)
    where
        T: Serialize,
    {
        let (order, things) = (&self.order, &self.things);
        let copied = |number: &u64| {
            let id = order.get(number)?;
            let Held { thing, owner, .. } = things.get(id)?;
            Some(Copied { id, owner, thing })
        };
        let all = order.keys();
        let all = all.filter_map(|number| Some((numbered(*number), copied(number)?)));
        changes.of(table, &mut self.marks, all, |number| {
            (numbered(*number), copied(number))
        });
    }

    /// Keeps what a file says, oldest first, as far as there is room. `bytes` says what each takes.
    pub fn restored(room: Room, kept: Vec<Kept<T>>, bytes: impl Fn(&T) -> usize) -> Self {
        let mut all = Self::new(room);
        for kept in kept {
            let Kept {
                id,
                owner,
                thing,
                number,
            } = kept;
            all.next = number.unwrap_or(all.next);
            all.insert(id, owner, bytes(&thing), thing, |_| false);
        }
        all
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether it keeps nothing.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Bytes of all.
    pub fn bytes(&self) -> usize {
        self.strangers.bytes + self.application.bytes + self.users.bytes
    }

    /// How many users have something.
    #[cfg(test)]
    pub fn owners(&self) -> usize {
        self.of_user.len()
    }

    fn queue(&mut self, owner: &Owner) -> (&mut Queue, Share) {
        match owner {
            Owner::Stranger => (&mut self.strangers, self.room.strangers),
            Owner::Application => (&mut self.application, self.room.application),
            Owner::User(_) => (&mut self.users, self.room.users),
        }
    }

    /// Removes what must leave before a thing of so many bytes is added.
    fn make_room(&mut self, owner: &Owner, bytes: usize, over: impl Fn(&T) -> bool) -> Vec<T> {
        let mut gone = Vec::new();
        if let Owner::User(user_id) = owner
            && let Some(own) = self.of_user.get(user_id)
            && own.len() >= self.room.per_user
        {
            let is_over = |number: &&u64| {
                let id = self.order.get(number);
                id.and_then(|id| self.get(id)).is_some_and(&over)
            };
            let leaves = own.iter().find(is_over).or(own.first());
            gone.extend(leaves.copied().and_then(|number| self.remove_at(number)));
        }
        loop {
            let (queue, share) = self.queue(owner);
            let full = queue.numbers.len() >= share.count || queue.bytes + bytes > share.bytes;
            let Some(oldest) = queue.numbers.first().copied().filter(|_| full) else {
                return gone;
            };
            gone.extend(self.remove_at(oldest));
        }
    }

    fn remove_at(&mut self, number: u64) -> Option<T> {
        let id = self.order.get(&number)?.clone();
        self.remove(&id)
    }

    fn put(&mut self, id: String, held: Held<T>) {
        if let Owner::User(user_id) = &held.owner {
            let own = self.of_user.entry(user_id.clone()).or_default();
            own.insert(held.number);
        }
        self.marks.mark(|| held.number);
        let (queue, _) = self.queue(&held.owner);
        queue.numbers.insert(held.number);
        queue.bytes += held.bytes;
        self.order.insert(held.number, id.clone());
        self.things.insert(id, held);
    }

    fn take(&mut self, id: &str) -> Option<Held<T>> {
        let held = self.things.remove(id)?;
        self.order.remove(&held.number);
        self.marks.mark(|| held.number);
        let (queue, _) = self.queue(&held.owner);
        queue.numbers.remove(&held.number);
        queue.bytes -= held.bytes;
        if let Owner::User(user_id) = &held.owner
            && let Some(own) = self.of_user.get_mut(user_id)
        {
            own.remove(&held.number);
            if own.is_empty() {
                self.of_user.remove(user_id);
            }
        }
        Some(held)
    }
}

#[cfg(test)]
mod tests {
    use super::{Owner, Room, Share, Shares};

    const ROOM: Room = Room {
        strangers: Share {
            count: 3,
            bytes: 30,
        },
        application: Share {
            count: 3,
            bytes: 30,
        },
        users: Share {
            count: 6,
            bytes: 60,
        },
        per_user: 2,
    };

    fn user(id: &str) -> Owner {
        Owner::User(id.to_owned())
    }

    /// Things that are their own ids, each with its owner, of one byte.
    fn shares(things: &[(&'static str, Owner)]) -> Shares<&'static str> {
        let mut shares = Shares::new(ROOM);
        for (id, owner) in things {
            shares.insert((*id).to_owned(), owner.clone(), 1, *id, |_| false);
        }
        shares
    }

    fn all(shares: &Shares<&'static str>) -> String {
        shares.oldest_first().copied().collect()
    }

    #[test]
    fn each_class_of_owners_pushes_out_its_own() {
        use Owner::{Application, Stranger};
        let mut kept = shares(&[("a", Stranger), ("b", Application), ("c", user("ada"))]);
        for id in ["1", "2", "3", "4"] {
            kept.insert(id.to_owned(), Stranger, 1, id, |_| false);
        }
        assert_eq!(all(&kept), "bc234");
        for id in ["5", "6", "7", "8"] {
            kept.insert(id.to_owned(), Application, 1, id, |_| false);
        }
        assert_eq!(all(&kept), "c234678");
        for id in ["9", "A", "B"] {
            kept.insert(id.to_owned(), user("bob"), 1, id, |_| false);
        }
        assert_eq!(all(&kept), "c234678AB", "bob has two, and ada keeps hers");
        assert_eq!(kept.of_strangers().copied().collect::<String>(), "234");
    }

    #[test]
    fn a_user_loses_what_is_over_before_what_is_old() {
        let mut kept = shares(&[("1", user("ada")), ("2", user("ada"))]);
        let gone = kept.insert("3".to_owned(), user("ada"), 1, "3", |id| *id == "2");
        assert_eq!((gone, all(&kept).as_str()), (vec!["2"], "13"));
        let gone = kept.insert("4".to_owned(), user("ada"), 1, "4", |_| false);
        assert_eq!((gone, all(&kept).as_str()), (vec!["1"], "34"));
    }

    #[test]
    fn all_users_together_have_a_bound_in_number_and_in_bytes() {
        let mut kept = Shares::new(ROOM);
        for id in ["1", "2", "3", "4", "5", "6", "7"] {
            kept.insert(id.to_owned(), user(id), 1, id, |_| false);
        }
        assert_eq!(all(&kept), "234567");
        kept.insert("8".to_owned(), user("8"), 58, "8", |_| false);
        assert_eq!((all(&kept).as_str(), kept.bytes()), ("678", 60));
        assert_eq!(kept.owners(), 3);
    }

    #[test]
    fn what_is_given_to_a_user_keeps_its_place_and_counts_there() {
        let mut kept = shares(&[
            ("1", Owner::Stranger),
            ("2", user("ada")),
            ("3", user("ada")),
            ("4", user("bob")),
        ]);
        let gone = kept.give("1", "ada", |_| false);
        assert_eq!((gone, all(&kept).as_str()), (vec!["2"], "134"));
        assert_eq!(kept.of_user("ada").copied().collect::<String>(), "31");
        assert!(
            kept.give("1", "ada", |_| false).is_empty() && kept.of_strangers().next().is_none()
        );
        kept.give("4", "ada", |_| false);
        assert_eq!(kept.of_user("ada").copied().collect::<String>(), "43");
        assert_eq!((kept.owners(), kept.of_user("bob").count()), (1, 0));
        assert!(kept.give("none", "ada", |_| false).is_empty());
    }

    #[test]
    fn who_is_forgotten_leaves_nothing() {
        let mut kept = shares(&[("1", user("ada")), ("2", user("bob")), ("3", user("ada"))]);
        assert_eq!(kept.forget("ada"), ["1", "3"]);
        assert_eq!(
            (all(&kept).as_str(), kept.bytes(), kept.owners()),
            ("2", 1, 1)
        );
        assert_eq!(kept.remove("2"), Some("2"));
        assert!(kept.is_empty() && kept.bytes() == 0 && kept.get("2").is_none());
    }

    #[test]
    fn one_that_replaces_another_is_new() {
        let mut kept = shares(&[("1", user("ada")), ("2", user("ada"))]);
        let gone = kept.insert("1".to_owned(), Owner::Stranger, 5, "one", |_| false);
        assert_eq!((gone, all(&kept).as_str()), (vec!["1"], "2one"));
        assert_eq!((kept.bytes(), kept.len()), (6, 2));
    }
}
