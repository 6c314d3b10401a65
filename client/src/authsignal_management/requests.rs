//! What makes requests easier to write: changes from values. Must not send anything.

use super::raw::types::{
    GivenActionType, UpdateActionConfiguration, UpdateAuthenticatorConfiguration,
    UpdateCustomDataPoint, UpdateMessageOverrides, UpdateRule, UpdateTenant, UpdateTheme,
    UpdateValueList,
};
use super::raw::vocabulary::ActionType;
use crate::changes::Changes;

impl From<ActionType> for GivenActionType {
    fn from(given: ActionType) -> Self {
        Self(given.as_str().to_owned())
    }
}

macro_rules! changes {
    ($($update:ty),+) => {
        $(impl From<$update> for Changes {
            /// Sets the members that are there.
            fn from(update: $update) -> Self {
                Self::of(&update)
            }
        })+
    };
}

changes!(
    UpdateActionConfiguration,
    UpdateAuthenticatorConfiguration,
    UpdateCustomDataPoint,
    UpdateMessageOverrides,
    UpdateRule,
    UpdateTenant,
    UpdateTheme,
    UpdateValueList
);
