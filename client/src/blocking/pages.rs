//! The users that a query finds, as iterators. Must not know how a page is got.

use super::authsignal::UserPages;
use crate::authsignal::{FoundUser, UserPage};
use crate::error::Result;

/// Page after page. An error ends it; [`next_page`](UserPages::next_page) can ask for the same page again.
impl Iterator for UserPages {
    type Item = Result<UserPage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.inner.has_failed() {
            return None;
        }
        self.next_page().transpose()
    }
}

impl UserPages {
    /// The users one by one, from the next page on. It asks for a page when the users of the one before are used up.
    pub fn into_users(self) -> Users {
        Users {
            page: Vec::new().into_iter(),
            pages: Some(self),
        }
    }
}

/// The users that a query finds, one by one. Made by [`UserPages::into_users`]. An error ends it.
#[derive(Debug)]
#[must_use = "nothing is asked for until the iterator is used"]
pub struct Users {
    page: std::vec::IntoIter<FoundUser>,
    /// Where the users after the current page come from, until there are none.
    pages: Option<UserPages>,
}

impl Iterator for Users {
    type Item = Result<FoundUser>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(user) = self.page.next() {
                return Some(Ok(user));
            }
            match self.pages.as_mut()?.next_page() {
                Ok(Some(page)) => self.page = page.users.into_iter(),
                Ok(None) => self.pages = None,
                Err(error) => {
                    self.pages = None;
                    return Some(Err(error));
                }
            }
        }
    }
}
