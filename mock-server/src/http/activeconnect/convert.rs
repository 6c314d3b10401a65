//! Between Activeconnect's types and the domain's. Decides nothing.

use jiff::SignedDuration;

use super::admission::ActiveconnectCaller;
use crate::domain::activeconnect::Registered;
use crate::domain::activeconnect::device::Description;
use crate::domain::activeconnect::session::Requested;
use crate::domain::links;
use crate::generated::activeconnect::operations;
use crate::generated::activeconnect::types as wire;

/// How many pictures a phone is asked for, for training and for recognition. No source gives a figure.
const IMAGES: i32 = 3;

/// The template of an operation that answers link to.
fn template(operation_id: &str) -> &'static str {
    operations::ALL
        .iter()
        .find(|operation| operation.id == operation_id)
        .map_or("", |operation| operation.path)
}

impl ActiveconnectCaller {
    /// The URL of an operation on something of this application.
    pub(super) fn url(&self, operation_id: &str, id: &str) -> String {
        links::url(
            &self.base.url(),
            template(operation_id),
            &[&self.tenant.account().id, id],
        )
    }

    pub(super) fn registered(&self, registered: Registered) -> wire::RegisteredDevice {
        let application = self.tenant.account();
        let device = registered.device;
        wire::RegisteredDevice {
            service: Some(wire::Service {
                service_id: device.service_id,
                service_secret: device.service_secret,
                service_urls: wire::ServiceUrls {
                    active_sessions: self.url("active_sessions", &device.id),
                    device_configuration: self.url("update_device", &device.id),
                    device_unregister: self.url("unregister_device", &device.id),
                    pending_requests: self.url("pending_requests", &device.id),
                    training_data: self.url("send_training_data", &device.id),
                },
            }),
            device: Some(wire::DeviceCredentials {
                device_id: device.id,
                device_secret: device.secret,
            }),
            training: Some(wire::Training {
                facial: Some(wire::FacialTraining { num_images: IMAGES }),
            }),
            user: Some(wire::PhoneUser {
                application_id: application.id.clone(),
                application_name: application.name.clone(),
                user_id: number(registered.user_number),
            }),
        }
    }
}

pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn done() -> wire::Acknowledgement {
    wire::Acknowledgement {
        status: true,
        reason: None,
    }
}

pub(super) fn ids(list: wire::UserList) -> Vec<String> {
    list.users.into_iter().map(String::from).collect()
}

pub(super) fn description(device: wire::DeviceDescription) -> Description {
    Description {
        notification_token: device.notification_token,
        name: device.name,
    }
}

/// What the named methods ask of a phone, and how long the session lives. Without any method the service picks, and this
/// one picks a prompt.
pub(super) fn requested(
    methods: Option<&[wire::AuthenticationMethod]>,
    duration_seconds: Option<i64>,
) -> Requested {
    let methods = methods
        .filter(|methods| !methods.is_empty())
        .unwrap_or(&[wire::AuthenticationMethod::Acceptance]);
    let has = |method| methods.contains(&method);
    Requested {
        acceptance: has(wire::AuthenticationMethod::Acceptance),
        os_authentication: has(wire::AuthenticationMethod::Device),
        facial: has(wire::AuthenticationMethod::Facial),
        life: duration_seconds.map(SignedDuration::from_secs),
    }
}

pub(super) fn requested_data(requested: Requested) -> wire::RequestedData {
    wire::RequestedData {
        acceptance: requested.acceptance.then_some(wire::RequestedAcceptance {
            acceptance: wire::AcceptanceTerms { automatic: false },
        }),
        facial: requested.facial.then(|| wire::RequestedFacial {
            image: wire::ImageTerms {
                encoding: "jpeg".to_owned(),
                number: IMAGES,
            },
        }),
        os_authentication: requested
            .os_authentication
            .then_some(wire::RequestedOsAuthentication { exists: true }),
        // Callers cannot ask for it.
        proximity: None,
    }
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn every_operation_that_answers_link_to_is_in_the_spec() {
        let linked = [
            "register_device",
            "session_status",
            "session_logout",
            "active_sessions",
            "update_device",
            "unregister_device",
            "pending_requests",
            "send_training_data",
            "send_identification_data",
            "start_identification",
        ];
        for id in linked {
            assert!(template(id).starts_with('/'), "{id}");
        }
    }
}
