//! Devices and the links that register them. Knows no session and no wire format.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::Ids;
use crate::domain::in_file::counter;

/// A registration link.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Link {
    pub(super) token: String,
    pub(super) expires: Timestamp,
    pub(super) used: bool,
}

/// Why a registration did not come about, in the vendor's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The link is unknown or was used.
    InvalidToken,
    /// The link has expired.
    Expired,
    /// This very device is registered for the user.
    DuplicateDevice,
    /// The user has another device: there is one for each user.
    ExistingMobileDevice,
}

/// How a device describes itself.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Description {
    /// Address for push notifications. It also identifies the device.
    pub notification_token: String,
    /// Its name.
    pub name: Option<String>,
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Anybody with the notification token can write to the device.
        f.debug_struct("Description")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a device signs with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Names the device.
    pub id: String,
    /// The secret half.
    pub secret: String,
    /// Id of the service. The vendor's use of it is unknown.
    pub service_id: String,
    /// Secret of the service. The vendor's use of it is unknown.
    pub service_secret: String,
}

/// A registered device.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Device {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) service_id: String,
    pub(super) service_secret: String,
    pub(super) description: Description,
    #[serde(deserialize_with = "counter")]
    pub(super) training_images: usize,
}

impl Device {
    pub(super) fn new(ids: &mut Ids, description: Description) -> Self {
        Self {
            id: ids.id("device"),
            secret: ids.secret(),
            service_id: ids.id("service"),
            service_secret: ids.secret(),
            description,
            training_images: 0,
        }
    }

    pub(super) fn credentials(&self) -> Credentials {
        Credentials {
            id: self.id.clone(),
            secret: self.secret.clone(),
            service_id: self.service_id.clone(),
            service_secret: self.service_secret.clone(),
        }
    }
}
