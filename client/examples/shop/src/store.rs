//! Who is signed in, what they want to buy, and what happened to their account: in memory, each with a bound. Must not know HTTP
//! or the vendors. A real shop has a database instead.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many sessions, accounts, ids of events and used keys the shop keeps. The oldest sessions, ids and keys go first.
const MOST: usize = 10_000;

/// How many things fit into a cart.
const LARGEST_CART: usize = 100;

/// How many events of an account the shop shows.
const MOST_EVENTS: usize = 10;

/// A thing on the shelf.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// In whole dollars.
    pub(crate) price: u32,
}

pub(crate) const SHELF: [Product; 3] = [
    Product {
        id: "pen",
        name: "Pen",
        price: 4,
    },
    Product {
        id: "lamp",
        name: "Lamp",
        price: 60,
    },
    Product {
        id: "chair",
        name: "Chair",
        price: 180,
    },
];

/// Who sends a request, as the middleware found them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visitor {
    pub(crate) session: String,
    /// The id of the account that is signed in.
    pub(crate) user: Option<String>,
    pub(crate) cart: Vec<&'static Product>,
    /// A sign-in by phone that has begun: the sealed session at Activeconnect, which knows the account.
    pub(crate) phone: Option<String>,
}

impl Visitor {
    /// What the cart costs, in whole dollars.
    pub(crate) fn total(&self) -> u32 {
        self.cart.iter().map(|product| product.price).sum()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The id at both vendors. Not the address, which can change.
    pub(crate) id: String,
    pub(crate) email: String,
    /// What the vendor told about it, newest first.
    pub(crate) events: VecDeque<String>,
}

#[derive(Default)]
pub(crate) struct Store {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    visitors: HashMap<String, Visitor>,
    /// Sessions, oldest first. Some have ended.
    sessions: VecDeque<String>,
    accounts: Vec<Account>,
    /// Ids of webhooks, and keys of sign-ins: each counts once.
    seen: VecDeque<String>,
}

/// A random id of 122 bits.
fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string())
}

impl Store {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn visitor(&self, session: &str) -> Option<Visitor> {
        self.kept().visitors.get(session).cloned()
    }

    /// A session of somebody who is not known yet.
    pub(crate) fn begin(&self) -> Result<Visitor, getrandom::Error> {
        let visitor = Visitor {
            session: random()?,
            ..Visitor::default()
        };
        self.kept().keep(visitor.clone());
        Ok(visitor)
    }

    /// Signs a visitor in. The session is a new one, so that nobody knows it who knew the old one.
    pub(crate) fn sign_in(
        &self,
        visitor: &Visitor,
        user: &str,
    ) -> Result<String, getrandom::Error> {
        let session = random()?;
        let mut kept = self.kept();
        let old = kept.visitors.remove(&visitor.session).unwrap_or_default();
        kept.keep(Visitor {
            session: session.clone(),
            user: Some(user.to_owned()),
            phone: None,
            ..old
        });
        Ok(session)
    }

    pub(crate) fn end(&self, session: &str) {
        self.kept().visitors.remove(session);
    }

    /// Changes a visitor, unless the session has ended.
    pub(crate) fn change(&self, session: &str, change: impl FnOnce(&mut Visitor)) {
        if let Some(visitor) = self.kept().visitors.get_mut(session) {
            change(visitor);
            visitor.cart.truncate(LARGEST_CART);
        }
    }

    /// Opens an account; none if the address has one already, or the shop is full.
    pub(crate) fn open(&self, email: &str) -> Result<Option<Account>, getrandom::Error> {
        let account = Account {
            id: random()?,
            email: email.to_owned(),
            events: VecDeque::new(),
        };
        let mut kept = self.kept();
        let taken = kept.accounts.iter().any(|one| one.email == email);
        if taken || kept.accounts.len() == MOST {
            return Ok(None);
        }
        kept.accounts.push(account.clone());
        Ok(Some(account))
    }

    pub(crate) fn close(&self, user: &str) {
        self.kept().accounts.retain(|account| account.id != user);
    }

    pub(crate) fn account(&self, is_it: impl Fn(&Account) -> bool) -> Option<Account> {
        self.kept()
            .accounts
            .iter()
            .find(|account| is_it(account))
            .cloned()
    }

    /// Whether this id comes for the first time.
    pub(crate) fn is_first(&self, id: &str) -> bool {
        let mut kept = self.kept();
        if kept.seen.iter().any(|seen| seen == id) {
            return false;
        }
        if kept.seen.len() == MOST {
            kept.seen.pop_front();
        }
        kept.seen.push_back(id.to_owned());
        true
    }

    pub(crate) fn note(&self, user: &str, event: String) {
        let mut kept = self.kept();
        if let Some(account) = kept.accounts.iter_mut().find(|account| account.id == user) {
            account.events.push_front(event);
            account.events.truncate(MOST_EVENTS);
        }
    }
}

impl Kept {
    fn keep(&mut self, visitor: Visitor) {
        if self.sessions.len() == MOST
            && let Some(oldest) = self.sessions.pop_front()
        {
            self.visitors.remove(&oldest);
        }
        self.sessions.push_back(visitor.session.clone());
        self.visitors.insert(visitor.session.clone(), visitor);
    }
}
