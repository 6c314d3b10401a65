//! Texts that replace those of the hosted pages, and the catalog of what can be replaced. They are kept and have no
//! effect. The ids, the texts and the limits are choices of this mock: the vendor's catalog is not published.

use serde_json::{Map, Value};

use super::Fault;
use super::resource::Resource;
use crate::bounds::MESSAGE_OVERRIDES;
use crate::domain::authsignal::Authsignal;

/// Version of the catalog.
pub const VERSION: i64 = 1;
/// The placeholder that stands for the tenant's name.
const TENANT_NAME: &str = "tenantName";

/// A screen of the hosted pages.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub label: &'static str,
    /// What it belongs to.
    pub family: &'static str,
}

/// The screens.
pub const SCREENS: [Screen; 3] = [
    Screen {
        id: "challenge",
        label: "Challenge",
        family: "challenge",
    },
    Screen {
        id: "enrollment",
        label: "Enrolment",
        family: "enrollment",
    },
    Screen {
        id: "settings",
        label: "Settings",
        family: "settings",
    },
];

/// A text that can be replaced.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Its id.
    pub id: &'static str,
    /// The screen that it is on.
    pub screen: &'static str,
    /// What it is there.
    pub role: &'static str,
    /// Its name.
    pub label: &'static str,
    /// Characters that it may have.
    pub most: usize,
    /// Placeholders that it may have.
    pub placeholders: &'static [&'static str],
    /// The text without an override, in English.
    pub text: &'static str,
}

/// The texts.
pub const POINTS: [Point; 6] = [
    Point {
        id: "challenge.heading",
        screen: "challenge",
        role: "heading",
        label: "Heading of a challenge",
        most: 100,
        placeholders: &[TENANT_NAME],
        text: "Confirm it's you",
    },
    Point {
        id: "challenge.description",
        screen: "challenge",
        role: "description",
        label: "Text of a challenge",
        most: 500,
        placeholders: &[TENANT_NAME],
        text: "{tenantName} wants to make sure that it's you.",
    },
    Point {
        id: "challenge.primaryCta",
        screen: "challenge",
        role: "primaryCta",
        label: "Button of a challenge",
        most: 50,
        placeholders: &[],
        text: "Continue",
    },
    Point {
        id: "enrollment.heading",
        screen: "enrollment",
        role: "heading",
        label: "Heading of an enrolment",
        most: 100,
        placeholders: &[TENANT_NAME],
        text: "Set up another way to sign in",
    },
    Point {
        id: "enrollment.description",
        screen: "enrollment",
        role: "description",
        label: "Text of an enrolment",
        most: 500,
        placeholders: &[TENANT_NAME],
        text: "It protects your account at {tenantName}.",
    },
    Point {
        id: "settings.heading",
        screen: "settings",
        role: "heading",
        label: "Heading of the settings",
        most: 100,
        placeholders: &[TENANT_NAME],
        text: "Your ways to sign in",
    },
];

impl Authsignal {
    /// The texts that replace others, by language and id.
    pub fn messages(&self) -> Map<String, Value> {
        self.configuration.messages.members().clone()
    }

    /// Replaces all texts.
    ///
    /// # Errors
    /// A text is for no known place, too long, or has a placeholder that its place has not. Nothing changes then.
    pub fn update_messages(&mut self, messages: Map<String, Value>) -> Result<(), Fault> {
        for (locale, texts) in &messages {
            for (id, text) in texts.as_object().into_iter().flatten() {
                check(id, text.as_str().unwrap_or_default()).map_err(|why| {
                    Fault::Invalid(format!("body /messageOverrides/{locale}/{id}: {why}"))
                })?;
            }
        }
        let messages = Resource::new(messages);
        if messages.bytes() > MESSAGE_OVERRIDES {
            let why = format!("all texts would take more than {MESSAGE_OVERRIDES} bytes");
            return Err(Fault::Invalid(why));
        }
        self.configuration.messages = messages;
        Ok(())
    }
}

fn check(id: &str, text: &str) -> Result<(), String> {
    let point = POINTS.iter().find(|point| point.id == id);
    let point =
        point.ok_or("is not in the catalog; GET .../message-overrides/catalog lists what is")?;
    let length = text.chars().count();
    if length > point.most {
        return Err(format!(
            "is too long; it may have {} characters",
            point.most
        ));
    }
    for (_, rest) in text.match_indices('{').map(|(at, _)| text.split_at(at + 1)) {
        let name = rest.split('}').next().unwrap_or_default();
        if !point.placeholders.contains(&name) {
            return Err(
                "has a placeholder that is not allowed here; the catalog lists those that are"
                    .to_owned(),
            );
        }
    }
    if text.contains('<') {
        return Err("has a tag, and none is allowed here".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{POINTS, SCREENS, check};

    #[test]
    fn a_text_keeps_to_the_limits_of_its_place() {
        assert_eq!(
            check("challenge.heading", "Hello from {tenantName}"),
            Ok(())
        );
        for (id, text, says) in [
            ("challenge.footer", "x", "not in the catalog"),
            ("challenge.primaryCta", &"x".repeat(51), "too long"),
            ("challenge.primaryCta", "{tenantName}", "placeholder"),
            ("challenge.heading", "{", "placeholder"),
            ("challenge.heading", "<b>", "a tag"),
        ] {
            let refused = check(id, text).unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn every_text_of_the_catalog_is_on_a_screen_and_within_its_own_limits() {
        for point in POINTS {
            assert!(SCREENS.iter().any(|screen| screen.id == point.screen));
            assert_eq!(check(point.id, point.text), Ok(()), "{}", point.id);
        }
    }
}
