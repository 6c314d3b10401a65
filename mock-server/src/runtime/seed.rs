//! Seeds: the world a mock starts with, by name or from a JSON file. Plants through the domain's own operations, so a
//! seeded user is like any other.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::World;
use crate::domain::activeconnect::device::Description;

/// Id of the application that there is by default.
pub const DEFAULT_APPLICATION_ID: &str = "mock-app";
/// Secret of the application that there is by default.
pub const DEFAULT_APPLICATION_SECRET: &str = "mock-app-secret-24-bytes";

/// Names of the seeds that need no file.
pub const NAMES: [&str; 2] = ["empty", "demo"];

/// The world a mock starts with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Seed {
    /// Activeconnect's part.
    #[serde(default)]
    pub activeconnect: Activeconnect,
}

/// Activeconnect's part of a seed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Activeconnect {
    /// Its applications.
    #[serde(default)]
    pub applications: Vec<Application>,
}

/// An application to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Application {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// Its name, shown by phones; its id where absent.
    pub name: Option<String>,
    /// Its users.
    #[serde(default)]
    pub users: Vec<User>,
}

/// A user to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct User {
    /// The id.
    pub id: String,
    /// Whether the user has a phone.
    #[serde(default)]
    pub phone: bool,
}

/// A secret that prints as dots.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a seed cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file cannot be read.
    #[error("seed {name}: {source}; give the path of a JSON file, or one of: {}", NAMES.join(", "))]
    Unreadable {
        /// What was asked for.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a seed.
    #[error("seed {name}: {source}")]
    Malformed {
        /// What was asked for.
        name: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The world it describes cannot be.
    #[error("seed {name}: {reason}")]
    Impossible {
        /// What was asked for.
        name: String,
        /// Why.
        reason: String,
    },
}

impl Seed {
    /// The seed of that name, or of the file at that path.
    ///
    /// # Errors
    /// There is neither, or the file does not describe a world that can be.
    pub fn load(name: &str) -> Result<Self, SeedError> {
        match name {
            "empty" => return Ok(Self::default()),
            "demo" => return Ok(Self::demo()),
            _ => {}
        }
        let text = std::fs::read(Path::new(name)).map_err(|source| SeedError::Unreadable {
            name: name.to_owned(),
            source,
        })?;
        let seed: Self = serde_json::from_slice(&text).map_err(|source| SeedError::Malformed {
            name: name.to_owned(),
            source,
        })?;
        seed.check().map_err(|reason| SeedError::Impossible {
            name: name.to_owned(),
            reason,
        })?;
        Ok(seed)
    }

    /// Three people: one with a phone, one without, one with an id that needs encoding.
    pub fn demo() -> Self {
        let user = |id: &str, phone| User {
            id: id.to_owned(),
            phone,
        };
        let users = vec![
            user("ada@example.com", true),
            user("grace", false),
            user("alan turing/1+1", true),
        ];
        let mut application = Application::default_one();
        application.name = Some("Demo shop".to_owned());
        application.users = users;
        Self {
            activeconnect: Activeconnect {
                applications: vec![application],
            },
        }
    }

    /// Adds the application, or gives the one of that id the secret.
    pub fn with_application(mut self, id: &str, secret: Secret) -> Self {
        let applications = &mut self.activeconnect.applications;
        match applications
            .iter_mut()
            .find(|application| application.id == id)
        {
            Some(application) => application.secret = secret,
            None => applications.push(Application {
                id: id.to_owned(),
                secret,
                name: None,
                users: Vec::new(),
            }),
        }
        self
    }

    /// The seed, with the default application where it names none.
    pub fn or_default_application(mut self) -> Self {
        if self.activeconnect.applications.is_empty() {
            self.activeconnect
                .applications
                .push(Application::default_one());
        }
        self
    }

    fn check(&self) -> Result<(), String> {
        let applications = &self.activeconnect.applications;
        for (index, application) in applications.iter().enumerate() {
            let place = format!("activeconnect.applications[{index}]");
            if application.id.is_empty() || application.secret.expose().is_empty() {
                return Err(format!("{place}: id and secret must not be empty"));
            }
            if applications[..index]
                .iter()
                .any(|other| other.id == application.id)
            {
                return Err(format!(
                    "{place}: application {} is there twice",
                    application.id
                ));
            }
            if let Some(user) = application.users.iter().position(|user| user.id.is_empty()) {
                return Err(format!("{place}.users[{user}]: id must not be empty"));
            }
        }
        Ok(())
    }
}

impl Application {
    /// The application that there is by default.
    fn default_one() -> Self {
        Self {
            id: DEFAULT_APPLICATION_ID.to_owned(),
            secret: Secret(DEFAULT_APPLICATION_SECRET.to_owned()),
            name: None,
            users: Vec::new(),
        }
    }

    /// Makes the users and their phones in an empty world.
    pub(super) fn plant(&self, world: &mut World, now: Timestamp) {
        let World {
            ids, activeconnect, ..
        } = world;
        for user in &self.users {
            activeconnect.add_users(vec![user.id.clone()]);
            if !user.phone {
                continue;
            }
            if let Ok(link) = activeconnect.registration_link(ids, &user.id, now) {
                let notification_token = format!("*{}", ids.id("push"));
                let name = Some("Simulated phone".to_owned());
                // A fresh link registers a user's first device; a user named twice keeps the first.
                let _ = activeconnect.register(
                    ids,
                    &link,
                    Description {
                        notification_token,
                        name,
                    },
                    now,
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seed, SeedError};

    #[test]
    fn named_seeds_load_and_an_unknown_name_tells_what_there_is() {
        assert_eq!(
            Seed::load("demo").unwrap().activeconnect.applications[0]
                .users
                .len(),
            3
        );
        let default = Seed::load("empty").unwrap().or_default_application();
        assert_eq!(default.activeconnect.applications[0].id, "mock-app");
        let error = Seed::load("no-such-seed").unwrap_err();
        assert!(error.to_string().contains("empty, demo"), "{error}");
    }

    #[test]
    fn a_seed_that_cannot_be_names_the_place() {
        let twice = r#"{"activeconnect":{"applications":[{"id":"a","secret":"s"},{"id":"a","secret":"t"}]}}"#;
        let seed: Seed = serde_json::from_str(twice).unwrap();
        assert!(
            seed.check()
                .unwrap_err()
                .starts_with("activeconnect.applications[1]")
        );
        assert!(!format!("{seed:?}").contains("\"s\""));
        let unknown = serde_json::from_str::<Seed>(r#"{"activeconnect":{"aplications":[]}}"#);
        assert!(unknown.unwrap_err().to_string().contains("aplications"));
        assert!(matches!(
            Seed::load("Cargo.toml"),
            Err(SeedError::Malformed { .. })
        ));
    }
}
