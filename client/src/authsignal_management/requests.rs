//! What makes requests easier to write: values to begin with, and changes from values. Must not send anything.

use super::raw::types::{
    CreateActionConfiguration, GivenActionType, UpdateActionConfiguration,
    UpdateAuthenticatorConfiguration, UpdateCustomDataPoint, UpdateMessageOverrides, UpdateRule,
    UpdateTenant, UpdateTheme, UpdateValueList,
};
use super::raw::vocabulary::ActionType;
use crate::changes::Changes;

impl CreateActionConfiguration {
    /// The configuration of an action, with nothing but its code yet.
    pub fn new(action_code: impl Into<String>) -> Self {
        Self {
            action_code: action_code.into(),
            action_type: None,
            default_user_action_result: None,
            default_verification_method: None,
            messaging_templates: None,
            post_verification_webhook_url: None,
            prompt_to_enroll_verification_methods: None,
            verification_methods: None,
            verification_webhook_url: None,
        }
    }
}

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
