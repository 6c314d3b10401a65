//! [`UserPages`]: the users that a query finds, page after page. Must not know how a page is got.

use std::collections::HashSet;

use super::client::Authsignal;
use super::raw::types::UserPage;
use super::requests::UserQuery;
use crate::error::Result;

/// The users that a query finds, page after page. Made by [`Authsignal::user_pages`].
///
/// ```no_run
/// # async fn example(authsignal: stepup_client::authsignal::Authsignal) -> stepup_client::Result<()> {
/// use stepup_client::authsignal::UserQuery;
///
/// let mut pages = authsignal.user_pages(UserQuery::new().email("user-1@example.com"));
/// while let Some(page) = pages.next_page().await? {
///     for user in page.users {
///         println!("{}", user.user_id);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is asked for until `next_page` is called"]
pub struct UserPages {
    client: Authsignal,
    query: UserQuery,
    /// The ends of earlier pages. A repeated one would loop for ever.
    ends: HashSet<String>,
    over: bool,
}

impl UserPages {
    pub(super) fn new(client: Authsignal, query: UserQuery) -> Self {
        Self {
            client,
            query,
            ends: HashSet::new(),
            over: false,
        }
    }

    /// The next page; none after the last one, and none once the service names an end of a page
    /// that it named before.
    ///
    /// # Errors
    ///
    /// As [`Authsignal::query_users`]. The same page can be asked for again then.
    pub async fn next_page(&mut self) -> Result<Option<UserPage>> {
        if self.over {
            return Ok(None);
        }
        let page = self.client.query_users(self.query.clone()).await?;
        match page.last_evaluated_user_id.as_deref() {
            Some(end) if !end.is_empty() && self.ends.insert(end.to_owned()) => {
                self.query.last_evaluated_user_id = Some(end.to_owned());
            }
            _ => self.over = true,
        }
        Ok(Some(page))
    }

    /// Where the last page ended, for going on from there another time with
    /// [`UserQuery::last_evaluated_user_id`].
    pub fn last_evaluated_user_id(&self) -> Option<&str> {
        self.query.last_evaluated_user_id.as_deref()
    }
}
