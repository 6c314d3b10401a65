//! Texts that replace those of the hosted pages, and the catalog of what can be replaced. Knows no markup. The ids, the
//! texts and the limits are choices of this mock, but for one id: the vendor's catalog is not published.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Fault;
use super::resource::Resource;
use crate::bounds::MESSAGE_OVERRIDES;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::configuration::Configuration;

/// Version of the catalog.
pub const VERSION: i64 = 1;
/// The placeholder that stands for the tenant's name.
const TENANT_NAME: &str = "tenantName";

/// The language of the mock's own texts.
const ENGLISH: &str = "en";

/// What is there for a language such as `en-NZ`: first for it, then for its general language, then for English.
pub(super) fn in_order<'a>(
    by_language: &'a Map<String, Value>,
    locale: Option<&str>,
) -> Vec<&'a Value> {
    let general = locale.and_then(|locale| locale.split(['-', '_']).next());
    let wanted = [locale, general, Some(ENGLISH)].into_iter().flatten();
    let there = wanted.filter_map(|wanted| {
        let mut named = by_language
            .iter()
            .filter(|(language, _)| language.eq_ignore_ascii_case(wanted));
        named.next().map(|(_, there)| there)
    });
    there.collect()
}

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

/// Heading of the page that lists the methods of a challenge.
pub const CHALLENGE_HEADING: Point = Point {
    id: "challenge.heading",
    screen: "challenge",
    role: "heading",
    label: "Heading of a challenge",
    most: 100,
    placeholders: &[TENANT_NAME],
    text: "Confirm it’s you",
};
/// Text of that page.
pub const CHALLENGE_DESCRIPTION: Point = Point {
    id: "challenge.description",
    screen: "challenge",
    role: "description",
    label: "Text of a challenge",
    most: 500,
    placeholders: &[TENANT_NAME],
    text: "Choose a method.",
};
/// Button below a code.
pub const CHALLENGE_BUTTON: Point = Point {
    id: "challenge.primaryCta",
    screen: "challenge",
    role: "primaryCta",
    label: "Button below a code",
    most: 50,
    placeholders: &[],
    text: "Confirm",
};
/// Heading of the page for a code by text message. The one id of the vendor's that is known, from the documentation of its
/// Terraform provider.
pub const SMS_HEADING: Point = Point {
    id: "sms-code-entry.heading",
    screen: "challenge",
    role: "heading",
    label: "Heading of a code by text message",
    most: 100,
    placeholders: &[TENANT_NAME],
    text: "Check your text messages",
};
/// Heading of the page on which a user without a method chooses one.
pub const FIRST_HEADING: Point = Point {
    id: "enrollment.first.heading",
    screen: "enrollment",
    role: "heading",
    label: "Heading of the first enrolment",
    most: 100,
    placeholders: &[TENANT_NAME],
    text: "Protect your account",
};
/// Text of that page.
pub const FIRST_DESCRIPTION: Point = Point {
    id: "enrollment.first.description",
    screen: "enrollment",
    role: "description",
    label: "Text of the first enrolment",
    most: 500,
    placeholders: &[TENANT_NAME],
    text: "Set up a method to confirm it’s you.",
};
/// Heading of the page on which a user chooses another method.
pub const ENROLLMENT_HEADING: Point = Point {
    id: "enrollment.heading",
    screen: "enrollment",
    role: "heading",
    label: "Heading of another enrolment",
    most: 100,
    placeholders: &[TENANT_NAME],
    text: "Add a sign-in method",
};
/// Text of that page.
pub const ENROLLMENT_DESCRIPTION: Point = Point {
    id: "enrollment.description",
    screen: "enrollment",
    role: "description",
    label: "Text of another enrolment",
    most: 500,
    placeholders: &[TENANT_NAME],
    text: "Choose a method to add.",
};
/// Heading of the page with a user's methods.
pub const SETTINGS_HEADING: Point = Point {
    id: "settings.heading",
    screen: "settings",
    role: "heading",
    label: "Heading of the settings",
    most: 100,
    placeholders: &[TENANT_NAME],
    text: "Sign-in methods",
};

/// The texts that can be replaced.
pub const POINTS: [Point; 9] = [
    CHALLENGE_HEADING,
    CHALLENGE_DESCRIPTION,
    CHALLENGE_BUTTON,
    SMS_HEADING,
    FIRST_HEADING,
    FIRST_DESCRIPTION,
    ENROLLMENT_HEADING,
    ENROLLMENT_DESCRIPTION,
    SETTINGS_HEADING,
];

/// The texts of the hosted pages in one language.
#[derive(Clone, Debug, Default)]
pub struct Wording(BTreeMap<&'static str, String>);

impl Wording {
    /// The text at a place: the tenant's, or the mock's own.
    pub fn at(&self, point: &Point) -> &str {
        self.0.get(point.id).map_or(point.text, String::as_str)
    }
}

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

    /// The texts of the hosted pages in a language such as `en-NZ`. What it lacks is taken from its general language, then
    /// from English, then from the mock.
    pub fn wording(&self, locale: Option<&str>) -> Wording {
        let all = self.configuration.messages.members();
        let languages = in_order(all, locale);
        let name = self.name();
        let text = |point: &Point| {
            let mut texts = languages.iter().filter_map(|texts| texts.get(point.id));
            let text = texts.next()?.as_str()?;
            let filled = text.replace(&format!("{{{TENANT_NAME}}}"), name);
            Some((point.id, filled))
        };
        Wording(POINTS.iter().filter_map(text).collect())
    }

    /// The tenant's name as users see it.
    fn name(&self) -> &str {
        let Configuration { theme, tenant, .. } = &*self.configuration;
        theme.text("name").unwrap_or_else(|| tenant.name())
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
