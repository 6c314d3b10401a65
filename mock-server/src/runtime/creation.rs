//! Tenants that are created and deleted while the mock runs. Knows no HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::app::{App, AppError};
use super::seed::{self, PlannedTenant, Seed, SeedError};
use super::tenant::Tenant;
use crate::domain::ids::Ids;

/// Why a tenant cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Its seed cannot be used. The text names the place in the seed.
    #[error("{0}")]
    Malformed(String),
    /// There is no room for it, or another tenant has its id or a secret.
    #[error("{0}")]
    Taken(String),
}

/// Ids and secrets for a tenant.
struct Minted {
    application_id: String,
    application_secret: String,
    tenant_id: String,
    secret: String,
    management_secret: String,
    terminal_secret: String,
}

impl Minted {
    fn new(ids: &mut Ids) -> Self {
        Self {
            application_id: ids.id("app"),
            application_secret: ids.secret(),
            tenant_id: ids.uuid(),
            secret: ids.secret(),
            management_secret: ids.secret(),
            terminal_secret: ids.secret(),
        }
    }

    /// A tenant without users.
    fn plain(self) -> PlannedTenant {
        PlannedTenant {
            activeconnect: Some(seed::Application {
                id: self.application_id,
                secret: self.application_secret.into(),
                ..seed::Application::default_one()
            }),
            authsignal: Some(seed::AuthsignalTenant {
                id: self.tenant_id,
                secret: self.secret.into(),
                management_secret: Some(self.management_secret.into()),
                terminal_secret: Some(self.terminal_secret.into()),
                ..seed::AuthsignalTenant::default_one()
            }),
            failures: Vec::new(),
        }
    }

    /// The tenant of a seed, with what it does not name.
    fn completed(self, seed: Map<String, Value>) -> Result<PlannedTenant, String> {
        let mut tenant = only(seed)?;
        let parts = [
            (
                "activeconnect",
                vec![
                    ("id", self.application_id),
                    ("secret", self.application_secret),
                ],
            ),
            (
                "authsignal",
                vec![
                    ("id", self.tenant_id),
                    ("secret", self.secret),
                    ("managementSecret", self.management_secret),
                    ("terminalSecret", self.terminal_secret),
                ],
            ),
        ];
        for (name, members) in parts {
            let part = tenant.entry(name).or_insert_with(|| json!({}));
            // What is no object is refused with its place when the seed is read.
            if let Value::Object(part) = part {
                for (member, value) in members {
                    part.entry(member).or_insert_with(|| value.into());
                }
            }
        }
        let seed = Seed::from_value(json!({"tenants": [tenant]}));
        let seed = seed.and_then(Seed::completed).map_err(why)?;
        let mut tenants = seed.tenants.into_iter();
        tenants
            .next()
            .ok_or_else(|| "there is no tenant".to_owned())
    }
}

/// The tenant that a seed consists of, or that is the only one of a seed file.
fn only(mut seed: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let Some(tenants) = seed.remove("tenants") else {
        return Ok(seed);
    };
    match tenants {
        Value::Array(mut tenants) if tenants.len() == 1 => match tenants.pop() {
            Some(Value::Object(tenant)) => Ok(tenant),
            _ => Err("tenants[0] must be an object".to_owned()),
        },
        _ => Err("tenants must be a list of one tenant; create each tenant on its own".to_owned()),
    }
}

/// What is wrong with a seed of one tenant.
fn why(error: SeedError) -> String {
    let why = match error {
        SeedError::Malformed { why, .. } | SeedError::Impossible(why) => why,
        error @ SeedError::Unreadable { .. } => error.to_string(),
    };
    why.replace("tenants[0].", "")
}

impl App {
    /// Creates a tenant with the parts of both vendors. What its seed does not name gets a value of its own.
    ///
    /// # Errors
    /// The seed cannot be used, there is no room, or another tenant has its id or a secret.
    pub fn create(&self, seed: Option<Map<String, Value>>) -> Result<Arc<Tenant>, CreateError> {
        let number = self.minted.fetch_add(1, Ordering::Relaxed);
        let own = Sha256::new()
            .chain_update("created tenant of ")
            .chain_update(self.origin())
            .chain_update(number.to_le_bytes())
            .finalize();
        let minted = Minted::new(&mut Ids::new(own.into()));
        let planned = match seed {
            None => minted.plain(),
            Some(seed) => {
                let planned = minted.completed(seed).map_err(CreateError::Malformed)?;
                let own = [&planned];
                let checked = seed::check_webhooks(own, |url| self.courier.check(url));
                checked.map_err(|error| CreateError::Malformed(why(error)))?;
                planned
            }
        };
        let key = Arc::clone(&self.created_key);
        self.add(planned, Some(key)).map_err(|error| match error {
            AppError::Taken(why) => CreateError::Taken(why),
            AppError::Seed(error) => CreateError::Malformed(why(error)),
            error @ AppError::Randomness(_) => CreateError::Malformed(error.to_string()),
        })
    }

    /// Deletes a tenant. Requests that it has already admitted are still answered.
    pub fn delete(&self, tenant: &Tenant) {
        if let Some(tenant) = self.remove(tenant.name()) {
            tenant.ledger().close();
        }
        self.announce();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Map, Value, json};

    use super::CreateError;
    use crate::runtime::seed::Seed;
    use crate::runtime::{App, Behaviour, SecretOf};

    fn app() -> App {
        let behaviour = Behaviour {
            deterministic: true,
            ..Behaviour::default()
        };
        App::new(behaviour, Seed::default()).unwrap()
    }

    fn object(value: Value) -> Option<Map<String, Value>> {
        value.as_object().cloned()
    }

    #[test]
    fn a_tenant_is_found_by_its_credentials_until_it_is_deleted() {
        let app = app();
        let one = app.create(None).unwrap();
        let two = app.create(None).unwrap();
        let account = Arc::clone(one.authsignal().unwrap().account());
        let found = |secret: &str| app.authsignal_by(SecretOf::Server, secret);
        assert_eq!(found(&account.secret).unwrap().account().id, account.id);
        assert_ne!(account.id, two.authsignal().unwrap().account().id);
        assert!(app.tenant(one.name()).is_some() && app.tenant(&account.id).is_some());
        app.delete(&one);
        assert!(found(&account.secret).is_none() && app.authsignal(&account.id).is_none());
        assert!(app.tenant(one.name()).is_none() && app.tenant(two.name()).is_some());
        assert!(one.ledger().is_closed() && !two.ledger().is_closed());
    }

    #[test]
    fn a_seed_names_what_it_likes_and_the_rest_is_made() {
        let app = app();
        let seed = json!({"authsignal": {"secret": "mine", "users": [{"userId": "ada"}]}});
        let tenant = app.create(object(seed)).unwrap();
        assert!(tenant.has_user("ada"));
        let account = tenant.authsignal().unwrap().account();
        assert_eq!((account.secret.as_str(), account.id.len()), ("mine", 36));
        let file =
            json!({"tenants": [{"activeconnect": {"id": "shop", "users": [{"id": "bob"}]}}]});
        let tenant = app.create(object(file)).unwrap();
        assert_eq!(tenant.name(), "shop");
        assert!(tenant.has_user("bob"));
    }

    #[test]
    fn what_another_tenant_has_is_refused_and_a_bad_seed_with_its_place() {
        let app = app();
        let create = |seed: Value| app.create(object(seed)).map(drop).unwrap_err();
        let taken = [
            json!({"activeconnect": {"id": "mock-app"}}),
            json!({"authsignal": {"id": "mock-app"}}),
            json!({"authsignal": {"secret": seed_secret(&app)}}),
        ];
        for seed in taken {
            assert!(matches!(create(seed), CreateError::Taken(_)));
        }
        let wrong = create(json!({"authsignal": {"secert": "x"}})).to_string();
        assert!(
            wrong.contains("secert") && !wrong.contains("tenants[0]"),
            "{wrong}"
        );
        let two = create(json!({"tenants": [{}, {}]})).to_string();
        assert!(two.contains("one tenant"), "{two}");
        assert_eq!(app.tenants().len(), 1);
    }

    fn seed_secret(app: &App) -> String {
        app.authsignals()[0].account().secret.clone()
    }

    #[test]
    fn a_reset_removes_what_was_created_and_brings_back_what_was_deleted() {
        let app = app();
        let first = app.create(None).unwrap();
        app.delete(&app.tenants()[0]);
        assert_eq!(app.tenants().len(), 1);
        app.reset();
        assert!(app.tenant("mock-app").is_some() && app.tenant(first.name()).is_none());
        assert!(!app.tenants()[0].ledger().is_closed());
        let again = app.create(None).unwrap();
        assert_eq!(
            again.name(),
            first.name(),
            "the same ids in deterministic mode"
        );
    }

    #[test]
    fn a_created_tenant_has_its_own_clock_and_its_own_reset() {
        let app = app();
        let (one, two) = (app.create(None).unwrap(), app.create(None).unwrap());
        let start = one.ledger().clock().now();
        one.ledger()
            .clock()
            .set("2030-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(two.ledger().clock().now(), start);
        let ids = |tenant: &crate::runtime::Tenant| {
            tenant
                .authsignal()
                .unwrap()
                .transact(|_, turn| turn.ids.uuid())
        };
        let drawn = ids(&one);
        assert_ne!(drawn, ids(&two));
        app.reset_tenant(&one);
        assert_eq!((one.ledger().clock().now(), ids(&one)), (start, drawn));
    }
}
