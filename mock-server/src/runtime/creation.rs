//! Tenants that come and go while the mock runs: created, made on demand, deleted, expired. Knows no HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::app::{App, AppError, Created};
use super::lock::lock;
use super::part::AuthsignalPart;
use super::seed::{self, PlannedTenant, Seed, SeedError};
use super::snapshot::Moment;
use super::strict;
use super::tenant::{Source, Tenant};
use super::tenants::SecretOf;
use crate::bounds::TEXT;
use crate::domain::ids::Ids;

/// What a tenant is to be. No `Debug`: a seed holds secrets.
#[derive(Default)]
pub struct Wanted {
    /// Its name, as people see it.
    pub name: Option<String>,
    /// A tenant of a seed, or a seed of one tenant.
    pub seed: Option<Map<String, Value>>,
    /// A moment of another tenant that it begins with, in place of a seed.
    pub start: Option<Arc<Moment>>,
    /// How long it stays without a request; `None` means as the mock is set.
    pub ttl: Option<Duration>,
}

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

    /// A tenant without users, as a seed has it.
    fn plan(&self) -> Value {
        json!({
            "activeconnect": {"id": self.application_id, "secret": self.application_secret},
            "authsignal": {
                "id": self.tenant_id,
                "secret": self.secret,
                "managementSecret": self.management_secret,
                "terminalSecret": self.terminal_secret,
            },
        })
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
            ..PlannedTenant::default()
        }
    }

    /// The tenant of a seed, with what it does not name; also as a seed has it, if that `is_kept`.
    fn completed(
        self,
        seed: Map<String, Value>,
        is_kept: bool,
    ) -> Result<(PlannedTenant, Option<Value>), String> {
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
        let plan = is_kept.then(|| Value::Object(tenant.clone()));
        let seed = Seed::from_value(json!({"tenants": [tenant]}));
        let seed = seed.and_then(Seed::completed).map_err(why)?;
        let mut tenants = seed.tenants.into_iter();
        let planned = tenants.next();
        let planned = planned.ok_or_else(|| "there is no tenant".to_owned())?;
        Ok((planned, plan))
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

/// Gives a tenant what its account has in common with that of the tenant that it begins as.
pub(super) fn resemble(planned: &mut PlannedTenant, start: &Moment) {
    if let Some(application) = &mut planned.activeconnect {
        application.name = application.name.take().or_else(|| start.name.clone());
    }
    if let Some(account) = &mut planned.authsignal {
        account.rs256_tokens = start.rs256_tokens;
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
    /// Creates a tenant that begins with a seed.
    ///
    /// # Errors
    /// As [`create_as`](Self::create_as).
    #[cfg(test)]
    pub fn create(&self, seed: Option<Map<String, Value>>) -> Result<Arc<Tenant>, CreateError> {
        self.create_as(Wanted {
            seed,
            ..Wanted::default()
        })
    }

    /// Creates a tenant with the parts of both vendors. What its seed does not name gets a value of its own.
    ///
    /// # Errors
    /// The seed cannot be used, there is no room, or another tenant has its id or a secret.
    pub fn create_as(&self, wanted: Wanted) -> Result<Arc<Tenant>, CreateError> {
        // Two tenants of one name must not find the same ids free.
        let _one_at_a_time = wanted.name.as_ref().map(|_| lock(&self.naming));
        let minted = self.minted(wanted.name.as_deref());
        let is_kept = self.durable.is_some();
        let (mut planned, plan) = match wanted.seed {
            None => {
                let plan = is_kept.then(|| minted.plan());
                (minted.plain(), plan)
            }
            Some(seed) => {
                let completed = minted.completed(seed, is_kept);
                let (planned, plan) = completed.map_err(CreateError::Malformed)?;
                let own = [&planned];
                let checked = seed::check_webhooks(own, |url| self.courier.check(url));
                checked.map_err(|error| CreateError::Malformed(why(error)))?;
                (planned, plan)
            }
        };
        if let Some(name) = &wanted.name {
            planned.call(name);
        }
        if let Some(start) = &wanted.start {
            resemble(&mut planned, start);
        }
        let created = Created {
            number: None,
            key: Arc::clone(&self.created_key),
            life: wanted.ttl.or(self.behaviour.tenant_ttl),
            start: wanted.start,
            source: plan.map(|plan| Source {
                plan,
                called: wanted.name,
            }),
        };
        self.add(planned, Some(created))
            .map_err(|error| match error {
                AppError::Taken(why) => CreateError::Taken(why),
                AppError::Seed(error) => CreateError::Malformed(why(error)),
                error => CreateError::Malformed(error.to_string()),
            })
    }

    /// Ids and secrets that no tenant has. In deterministic mode those of a name do not depend on what came before, unless
    /// a tenant of that name is still there.
    fn minted(&self, name: Option<&str>) -> Minted {
        let own = Sha256::new()
            .chain_update("created tenant of ")
            .chain_update(self.origin());
        if let Some(name) = name.filter(|_| self.behaviour.deterministic) {
            let own = own.clone().chain_update("called ").chain_update(name);
            let minted = Minted::new(&mut Ids::new(own.finalize().into()));
            if self.tenant(&minted.application_id).is_none() {
                return minted;
            }
        }
        let number = self.minted.fetch_add(1, Ordering::Relaxed);
        let own = own.chain_update(number.to_le_bytes()).finalize();
        Minted::new(&mut Ids::new(own.into()))
    }

    /// Creates a tenant of Authsignal for an API secret that no tenant has, if the mock is to do so. Its ids and its other
    /// secrets follow from that secret, so they are the same in each run.
    pub fn adopt(&self, secret: &str) -> Option<Arc<AuthsignalPart>> {
        let others = [SecretOf::Management, SecretOf::Terminals];
        let is_other = |which| self.authsignal_by(which, secret).is_some();
        let wanted = self.behaviour.tenants_on_demand && is_secret(secret);
        if !wanted || others.into_iter().any(is_other) {
            return None;
        }
        let own = Sha256::new()
            .chain_update("tenant of the API secret ")
            .chain_update(secret)
            .finalize();
        let id = Ids::new(own.into()).uuid();
        let planned = PlannedTenant {
            authsignal: Some(seed::AuthsignalTenant {
                id: id.clone(),
                secret: secret.to_owned().into(),
                management_secret: None,
                terminal_secret: None,
                ..seed::AuthsignalTenant::default_one()
            }),
            ..PlannedTenant::default()
        };
        let created = Created {
            number: None,
            key: Arc::clone(&self.created_key),
            life: self.behaviour.tenant_ttl,
            start: None,
            source: self.durable.as_ref().map(|_| Source {
                plan: json!({"authsignal": {"id": id, "secret": secret}}),
                called: None,
            }),
        };
        match self.add(planned, Some(created)) {
            Ok(tenant) => {
                tracing::info!(
                    tenant = tenant.name(),
                    "created a tenant for an unknown API secret"
                );
                tenant.authsignal().map(Arc::clone)
            }
            // Another request with it may have come first.
            Err(error) => self.authsignal_by(SecretOf::Server, secret).or_else(|| {
                tracing::warn!("cannot create a tenant for an unknown API secret: {error}");
                None
            }),
        }
    }

    /// Deletes a tenant. Requests that it has already admitted are still answered.
    pub fn delete(&self, tenant: &Tenant) {
        if let Some(tenant) = self.remove(tenant.name()) {
            tenant.ledger().close();
        }
        self.announce();
    }

    /// Deletes tenants that nobody has used for as long as they stay, for as long as it is polled. It sleeps while there is
    /// none.
    pub async fn expire_tenants(self: Arc<Self>) {
        loop {
            for number in self.departures.over().await {
                let Some(tenant) = self.numbered(number) else {
                    self.departures.set(number, None);
                    continue;
                };
                let end = tenant.ledger().end();
                if end.is_some_and(|end| end <= Instant::now()) {
                    tracing::info!(
                        tenant = tenant.name(),
                        seconds = tenant.ledger().life().map(|life| life.as_secs()),
                        "deleted a tenant that nobody has used for that long"
                    );
                    self.delete(&tenant);
                } else {
                    self.departures.set(number, end);
                }
            }
        }
    }
}

/// Whether a text that a caller sends can be the API secret of a tenant.
fn is_secret(text: &str) -> bool {
    text.len() <= TEXT && strict::text_fault(text).is_none()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::{Map, Value, json};

    use super::{CreateError, Wanted};
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

    fn named(name: &str) -> Wanted {
        Wanted {
            name: Some(name.to_owned()),
            ..Wanted::default()
        }
    }

    #[test]
    fn ids_follow_from_a_name_whatever_came_before() {
        let (one, other) = (app(), app());
        other.create(None).unwrap();
        let pay = |app: &App| app.create_as(named("pay")).unwrap();
        let (first, second) = (pay(&one), pay(&other));
        assert_eq!(first.name(), second.name());
        let account = |tenant: &crate::runtime::Tenant| {
            let account = tenant.authsignal().unwrap().account();
            (account.id.clone(), account.secret.clone())
        };
        assert_eq!(account(&first), account(&second));
        assert_ne!(one.create_as(named("enrol")).unwrap().name(), first.name());
        assert_ne!(pay(&one).name(), first.name(), "the first is still there");
        one.delete(&first);
        assert_eq!(pay(&one).name(), second.name());
    }

    #[test]
    fn people_see_the_name_unless_the_seed_has_another() {
        let app = app();
        let seen = |wanted: Wanted| {
            let tenant = app.create_as(wanted).unwrap();
            let application = tenant.activeconnect().unwrap().account().name.clone();
            let authsignal = tenant.authsignal().unwrap();
            let page =
                authsignal.look(|authsignal, _| authsignal.configuration.tenant.name().to_owned());
            (application, page)
        };
        assert_eq!(seen(named("Pay")), ("Pay".to_owned(), "Pay".to_owned()));
        let seed = object(json!({"activeconnect": {"name": "Shop"}}));
        let wanted = Wanted {
            seed,
            ..named("Pay")
        };
        assert_eq!(seen(wanted), ("Shop".to_owned(), "Pay".to_owned()));
        let management = json!({"tenant": {"name": "Bank"}});
        let seed = object(json!({"authsignal": {"management": management}}));
        let wanted = Wanted {
            seed,
            ..named("Pay")
        };
        assert_eq!(seen(wanted), ("Pay".to_owned(), "Bank".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_leaves_when_nobody_has_used_it_for_as_long_as_it_stays() {
        let behaviour = Behaviour {
            tenant_ttl: Some(Duration::from_secs(60)),
            ..Behaviour::default()
        };
        let app = Arc::new(App::new(behaviour, Seed::default()).unwrap());
        let _expiring = tokio::spawn(Arc::clone(&app).expire_tenants());
        let long = Wanted {
            ttl: Some(Duration::from_secs(3600)),
            ..Wanted::default()
        };
        let (unused, used) = (app.create(None).unwrap(), app.create(None).unwrap());
        let long = app.create_as(long).unwrap();
        let secret = used.authsignal().unwrap().account().secret.clone();
        let pass = async |seconds| tokio::time::sleep(Duration::from_secs(seconds)).await;
        let left = || {
            app.tenants()
                .iter()
                .map(|one| one.ledger().number())
                .collect::<Vec<_>>()
        };
        let numbers = |tenants: &[&Arc<crate::runtime::Tenant>]| {
            let numbers = tenants.iter().map(|one| one.ledger().number());
            [0].into_iter().chain(numbers).collect::<Vec<_>>()
        };
        pass(40).await;
        assert!(app.authsignal_by(SecretOf::Server, &secret).is_some());
        pass(40).await;
        assert_eq!(left(), numbers(&[&used, &long]), "and the seeded one");
        assert!(unused.ledger().is_closed());
        pass(40).await;
        assert_eq!(left(), numbers(&[&long]));
        assert!(app.authsignal_by(SecretOf::Server, &secret).is_none());
        pass(3600).await;
        assert_eq!(left(), numbers(&[]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_stays_while_a_request_uses_it_and_its_time_begins_at_the_end() {
        let behaviour = Behaviour {
            tenant_ttl: Some(Duration::from_secs(1)),
            ..Behaviour::default()
        };
        let app = Arc::new(App::new(behaviour, Seed::default()).unwrap());
        let _expiring = tokio::spawn(Arc::clone(&app).expire_tenants());
        let tenant = app.create(None).unwrap();
        let pass = async |millis| tokio::time::sleep(Duration::from_millis(millis)).await;
        let ((), uses) = super::super::idle::during(async {
            app.tenant(tenant.name()).unwrap();
            app.tenant(tenant.name()).unwrap();
            pass(2500).await;
            assert_eq!(app.tenants().len(), 2);
        })
        .await;
        assert_eq!(uses.len(), 1);
        // The answer is still on its way.
        pass(2500).await;
        assert_eq!(app.tenants().len(), 2);
        drop(uses);
        pass(900).await;
        assert_eq!(app.tenants().len(), 2);
        pass(1200).await;
        assert_eq!(app.tenants().len(), 1);
        assert!(tenant.ledger().is_closed());
    }

    #[test]
    fn a_secret_opens_no_other_tenant_whatever_it_is_for() {
        let app = app();
        let first = Arc::clone(app.create(None).unwrap().authsignal().unwrap().account());
        for secret in [
            &first.secret,
            &first.management_secret,
            &first.terminal_secret,
        ] {
            for member in ["secret", "managementSecret", "terminalSecret"] {
                let seed = object(json!({"authsignal": {member: secret}}));
                let refused = app.create(seed).err().unwrap();
                assert!(
                    matches!(refused, CreateError::Taken(_)),
                    "{member}: {refused}"
                );
                assert!(!refused.to_string().contains(secret.as_str()), "{refused}");
            }
        }
        let same =
            json!({"authsignal": {"secret": "one for all", "managementSecret": "one for all"}});
        let refused = app.create(object(same)).err().unwrap().to_string();
        assert!(
            refused.contains("secret") && !refused.contains("one for all"),
            "{refused}"
        );
        assert_eq!(app.tenants().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_that_was_deleted_or_reset_away_leaves_nothing_behind() {
        let behaviour = Behaviour {
            tenant_ttl: Some(Duration::from_secs(60)),
            ..Behaviour::default()
        };
        let app = Arc::new(App::new(behaviour, Seed::default()).unwrap());
        for _ in 0..3 {
            let tenant = app.create(None).unwrap();
            app.delete(&tenant);
        }
        app.create(None).unwrap();
        app.reset();
        let over = tokio::time::timeout(Duration::from_secs(600), app.departures.over());
        assert!(over.await.is_err(), "nobody departs");
    }

    #[test]
    fn an_unknown_api_secret_makes_a_tenant_where_the_mock_is_told_to() {
        let on_demand = || {
            let behaviour = Behaviour {
                tenants_on_demand: true,
                ..Behaviour::default()
            };
            App::new(behaviour, Seed::default()).unwrap()
        };
        let (one, other) = (on_demand(), on_demand());
        let adopted = one.adopt("secret of a test").unwrap();
        let (account, again) = (adopted.account(), other.adopt("secret of a test").unwrap());
        assert_eq!(account.id, again.account().id, "the same in each run");
        assert_ne!(account.id, other.adopt("another").unwrap().account().id);
        let found = one.authsignal_by(SecretOf::Server, "secret of a test");
        assert!(Arc::ptr_eq(&adopted, &found.unwrap()));
        let again = one.adopt("secret of a test").unwrap();
        assert!(Arc::ptr_eq(&adopted, &again));
        assert_eq!(one.tenants().len(), 2);

        let first = Arc::clone(one.authsignals()[0].account());
        let long = "x".repeat(5000);
        for secret in [
            &account.management_secret,
            &account.terminal_secret,
            &first.management_secret,
            "",
            "with\nline break",
            &long,
        ] {
            assert!(one.adopt(secret).is_none(), "{secret}");
        }
        assert!(app().adopt("secret of a test").is_none());
    }
}
