//! The ids that calls take, each of a type of its own, so that two of them cannot change places. Must not know which calls
//! there are.

use std::borrow::Cow;
use std::fmt;

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident)+) => {$(
        $(#[doc = $doc])+
        ///
        /// Calls take whatever becomes one: a text, or the id itself. `Debug` hides it, because ids can be email addresses;
        /// `Display` shows it. Whether an id is acceptable, the call checks.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(super) String);

        impl $name {
            /// The id of this text.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self(id.clone())
            }
        }

        impl From<Cow<'_, str>> for $name {
            fn from(id: Cow<'_, str>) -> Self {
                Self(id.into_owned())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }
    )+};
}

ids! {
    /// The application's own id of a user.
    ///
    /// Ids of different types cannot change places:
    ///
    /// ```compile_fail,E0277
    /// # async fn example(authsignal: stepup_client::authsignal::Authsignal) -> stepup_client::Result<()> {
    /// use stepup_client::authsignal::{ActionCode, TrackAttributes, UserId};
    ///
    /// let (user, action) = (UserId::new("user-1"), ActionCode::new("withdraw"));
    /// authsignal.track(action, user, TrackAttributes::new()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```no_run
    /// # async fn example(authsignal: stepup_client::authsignal::Authsignal) -> stepup_client::Result<()> {
    /// use stepup_client::authsignal::{ActionCode, TrackAttributes, UserId};
    ///
    /// let (user, action) = (UserId::new("user-1"), ActionCode::new("withdraw"));
    /// let tracked = authsignal.track(&user, &action, TrackAttributes::new()).await?;
    /// let state = authsignal.get_action(user, action, tracked.idempotency_key()).await?.state;
    /// # let _ = state;
    /// # Ok(())
    /// # }
    /// ```
    UserId
    /// The code of an action, such as `withdraw`: up to 64 letters, digits, `_` and `-`.
    ActionCode
    /// The key that names one action of a user, such as an order number.
    IdempotencyKey
}

/// For [`CallOptions::idempotency_key`](crate::CallOptions::idempotency_key).
impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_any_text_shown_by_display_and_hidden_by_debug() {
        let text = String::from("MARKED");
        let ids = [
            UserId::from("MARKED"),
            (&text).into(),
            Cow::Borrowed("MARKED").into(),
            (&UserId::new("MARKED")).into(),
            text.into(),
        ];
        for id in ids {
            assert_eq!((id.as_str(), id.to_string().as_str()), ("MARKED", "MARKED"));
            assert_eq!(format!("{id:?}"), "UserId(..)");
        }
        let key = IdempotencyKey::new("k");
        assert_eq!(format!("{key:?}"), "IdempotencyKey(..)");
        assert_eq!(String::from(key), "k");
    }
}
