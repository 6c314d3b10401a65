//! [`UserPages`] and [`UserStream`]: the users that a query finds, page after page and one by one. Must not know how a page
//! is got.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::client::Authsignal;
use super::raw::types::{FoundUser, UserPage};
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
    /// Whether the last question had no answer.
    failed: bool,
}

impl UserPages {
    pub(super) fn new(client: Authsignal, query: UserQuery) -> Self {
        Self {
            client,
            query,
            ends: HashSet::new(),
            over: false,
            failed: false,
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
        self.failed = true;
        let page = self.client.query_users(self.query.clone()).await?;
        self.failed = false;
        match page.last_evaluated_user_id.as_deref() {
            Some(end) if !end.is_empty() && self.ends.insert(end.to_owned()) => {
                self.query.last_evaluated_user_id = Some(end.to_owned());
            }
            _ => self.over = true,
        }
        Ok(Some(page))
    }

    /// Whether the last call of [`next_page`](Self::next_page) failed.
    #[cfg(feature = "blocking")]
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// The users one by one, from the next page on. It asks for a page when the users of the one before are used up.
    pub fn into_stream(self) -> UserStream {
        UserStream {
            page: Vec::new().into_iter(),
            next: Next::Pages(Box::new(self)),
        }
    }

    /// Where the last page ended, for going on from there another time with
    /// [`UserQuery::last_evaluated_user_id`].
    pub fn last_evaluated_user_id(&self) -> Option<&str> {
        self.query.last_evaluated_user_id.as_deref()
    }
}

/// The users that a query finds, as a stream. Made by [`UserPages::into_stream`].
///
/// An error ends the stream. It implements [`Stream`] of `futures-core`, so `StreamExt` and `TryStreamExt` of the crates
/// `futures` and `tokio-stream` work with it.
///
/// ```no_run
/// # async fn example(authsignal: stepup_client::authsignal::Authsignal) -> stepup_client::Result<()> {
/// use std::future::poll_fn;
/// use std::pin::Pin;
/// use futures_core::Stream;
/// use stepup_client::authsignal::UserQuery;
///
/// let mut users = authsignal.user_pages(UserQuery::new().email("user-1@example.com")).into_stream();
/// // With `StreamExt`: `users.next().await`.
/// while let Some(user) = poll_fn(|context| Pin::new(&mut users).poll_next(context)).await {
///     println!("{}", user?.user_id);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked for until the stream is polled"]
pub struct UserStream {
    page: std::vec::IntoIter<FoundUser>,
    next: Next,
}

type Fetched = (Box<UserPages>, Result<Option<UserPage>>);

/// Where the users after the current page come from.
enum Next {
    Pages(Box<UserPages>),
    Fetching(Pin<Box<dyn Future<Output = Fetched> + Send>>),
    Over,
}

impl fmt::Debug for UserStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserStream").finish_non_exhaustive()
    }
}

impl Stream for UserStream {
    type Item = Result<FoundUser>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(user) = self.page.next() {
                return Poll::Ready(Some(Ok(user)));
            }
            match std::mem::replace(&mut self.next, Next::Over) {
                Next::Over => return Poll::Ready(None),
                Next::Pages(mut pages) => {
                    self.next = Next::Fetching(Box::pin(async move {
                        let page = pages.next_page().await;
                        (pages, page)
                    }));
                }
                Next::Fetching(mut fetched) => match fetched.as_mut().poll(context) {
                    Poll::Pending => {
                        self.next = Next::Fetching(fetched);
                        return Poll::Pending;
                    }
                    Poll::Ready((pages, Ok(Some(page)))) => {
                        self.page = page.users.into_iter();
                        self.next = Next::Pages(pages);
                    }
                    Poll::Ready((_, Ok(None))) => return Poll::Ready(None),
                    Poll::Ready((_, Err(error))) => return Poll::Ready(Some(Err(error))),
                },
            }
        }
    }
}
