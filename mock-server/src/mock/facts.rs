//! What the rules of an Authsignal tenant read about an action, as values. Knows no tenant.

use serde_json::Value;

use super::Error;
use crate::domain::authsignal::configuration::Configuration;
use crate::domain::authsignal::data_point::{ValueList, ValueLists};
use crate::domain::authsignal::fact::{self, Fact, range};
use crate::runtime::scenario::{ActionFacts, AddressFacts, DeviceFacts, UserFacts};

/// What rules read of the address, the device and the user of an action, and the application's own data.
///
/// ```
/// use stepup_mock::Facts;
///
/// let abroad = Facts::new().country_code("FR").is_new_device(true).custom("amount", 5000);
/// # let _ = abroad;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "facts do nothing until something takes them"]
pub struct Facts(pub(super) ActionFacts);

impl Facts {
    /// No facts: rules read what the mock derives.
    pub fn new() -> Self {
        Self::default()
    }

    fn of_address(mut self, change: impl FnOnce(&mut AddressFacts)) -> Self {
        change(self.0.ip.get_or_insert_default());
        self
    }

    fn of_device(mut self, change: impl FnOnce(&mut DeviceFacts)) -> Self {
        change(self.0.device.get_or_insert_default());
        self
    }

    /// Sets the country of the address, `ip.countryCode`: two letters, such as `NZ`.
    pub fn country_code(self, code: impl Into<String>) -> Self {
        self.of_address(|ip| ip.country_code = Some(code.into()))
    }

    /// Sets whether the address is that of an anonymous proxy, `ip.isAnonymous`.
    pub fn is_anonymous(self, is: bool) -> Self {
        self.of_address(|ip| ip.is_anonymous = Some(is))
    }

    /// Sets whether the country of the address is on the OFAC list, `ip.countryCodeInOfacList`.
    pub fn in_ofac_list(self, is: bool) -> Self {
        self.of_address(|ip| ip.country_code_in_ofac_list = Some(is))
    }

    /// Sets whether the user seems to have come from elsewhere than usual, `ip.atypicalTravel`.
    pub fn atypical_travel(self, is: bool) -> Self {
        self.of_address(|ip| ip.atypical_travel = Some(is))
    }

    /// Sets whether the user seems to have come faster than anybody can, `ip.impossibleTravel`.
    pub fn impossible_travel(self, is: bool) -> Self {
        self.of_address(|ip| ip.impossible_travel = Some(is))
    }

    /// Sets whether the user has a device that is new, `device.isNew`.
    pub fn is_new_device(self, is: bool) -> Self {
        self.of_device(|device| device.is_new = Some(is))
    }

    /// Sets whether the device is a bot, `device.isBot`.
    pub fn is_bot(self, is: bool) -> Self {
        self.of_device(|device| device.is_bot = Some(is))
    }

    /// Sets whether the user has passed a challenge before, `user.hasPreviouslyVerified`.
    pub fn has_previously_verified(mut self, has: bool) -> Self {
        let user: &mut UserFacts = self.0.user.get_or_insert_default();
        user.has_previously_verified = Some(has);
        self
    }

    /// Sets a custom data point, `custom.NAME`.
    pub fn custom(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.custom.insert(name.into(), value.into());
        self
    }

    fn read(&self) -> Result<fact::Facts, Error> {
        let read = self.0.read();
        read.map_err(|why| Error::Malformed(format!("facts{why}")))
    }

    /// The facts of one thing, which has no others: `object` is `ip`, `device` or `user`.
    fn only(&self, object: &str) -> Result<fact::Facts, Error> {
        let facts = self.read()?;
        let mut set = Fact::ALL
            .into_iter()
            .filter(|fact| facts.get(*fact).is_some());
        let foreign = set.find(|fact| fact.place().0 != object).map(Fact::place);
        let custom = self.0.custom.keys().next().map(|name| ("custom", &**name));
        match foreign.or(custom) {
            Some((other, member)) => Err(Error::Malformed(format!(
                "facts: {other}.{member} is no fact of `{object}`; set it elsewhere"
            ))),
            None => Ok(facts),
        }
    }
}

/// The facts of the next action, for [`AuthsignalTenant::set_next_facts`](crate::AuthsignalTenant::set_next_facts).
///
/// ```
/// use stepup_mock::{Facts, NextFacts};
///
/// let abroad = NextFacts::new(Facts::new().country_code("FR")).user("ada").action("pay");
/// # let _ = abroad;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "facts do nothing until `set_next_facts` takes them"]
pub struct NextFacts {
    facts: Facts,
    user_id: Option<String>,
    action: Option<String>,
}

impl NextFacts {
    /// The facts of the next action of any user. Without a fact, those that were set for the same user and action are
    /// taken back.
    pub fn new(facts: Facts) -> Self {
        Self {
            facts,
            user_id: None,
            action: None,
        }
    }

    /// Applies only to actions of this user.
    pub fn user(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Applies only to actions with this code.
    pub fn action(mut self, code: impl Into<String>) -> Self {
        self.action = Some(code.into());
        self
    }

    pub(super) fn into_domain(self) -> Result<fact::NextFacts, Error> {
        Ok(fact::NextFacts {
            facts: self.facts.read()?,
            custom: self.facts.0.custom,
            user_id: self.user_id,
            action: self.action,
        })
    }
}

/// Tables of facts by address, device and user, and value lists, for
/// [`AuthsignalTenant::set_facts`](crate::AuthsignalTenant::set_facts). A table or the lists that nothing is added to stay as
/// they are in the tenant.
///
/// ```
/// use stepup_mock::{FactTables, Facts};
///
/// let tables = FactTables::new()
///     .addresses("203.0.113.0/24", Facts::new().country_code("FR"))
///     .device("device-1", Facts::new().is_bot(true))
///     .list("blocked", ["FR", "DE"]);
/// # let _ = tables;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "facts do nothing until `set_facts` takes them"]
pub struct FactTables {
    addresses: Vec<(String, Facts)>,
    devices: Vec<(String, Facts)>,
    users: Vec<(String, Facts)>,
    lists: Vec<(String, Vec<String>)>,
}

impl FactTables {
    /// No table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the facts of the addresses of a range, such as `203.0.113.0/24`, or of one address.
    pub fn addresses(mut self, range: impl Into<String>, facts: Facts) -> Self {
        self.addresses.push((range.into(), facts));
        self
    }

    /// Adds the facts of the device with an id.
    pub fn device(mut self, id: impl Into<String>, facts: Facts) -> Self {
        self.devices.push((id.into(), facts));
        self
    }

    /// Adds the facts of a user.
    pub fn user(mut self, id: impl Into<String>, facts: Facts) -> Self {
        self.users.push((id.into(), facts));
        self
    }

    /// Adds a list of texts, which rules name as `lists.ALIAS`.
    pub fn list<T: Into<String>>(
        mut self,
        alias: impl Into<String>,
        items: impl IntoIterator<Item = T>,
    ) -> Self {
        let items = items.into_iter().map(Into::into).collect();
        self.lists.push((alias.into(), items));
        self
    }

    /// Puts them in the place of those of a configuration, all or none.
    pub(super) fn put(self, configuration: &mut Configuration) -> Result<(), Error> {
        let mut tables = configuration.facts.clone();
        if !self.addresses.is_empty() {
            tables.ips.clear();
        }
        for (text, facts) in self.addresses {
            let net = range(&text).map_err(|why| Error::Malformed(format!("{text}: {why}")))?;
            if tables.ips.insert(net, facts.only("ip")?).is_some() {
                return Err(twice("the range", &net.to_string()));
            }
        }
        for (table, entries, object) in [
            (&mut tables.devices, self.devices, "device"),
            (&mut tables.users, self.users, "user"),
        ] {
            if !entries.is_empty() {
                table.clear();
            }
            for (id, facts) in entries {
                let facts = facts.only(object)?;
                if table.insert(id.clone(), facts).is_some() {
                    return Err(twice(&format!("the {object}"), &id));
                }
            }
        }
        tables
            .check()
            .map_err(|why| Error::Malformed(format!("facts: {why}")))?;
        if !self.lists.is_empty() {
            let mut lists = ValueLists::default();
            for (alias, items) in self.lists {
                let malformed = |why: String| Error::Malformed(format!("the list {alias}: {why}"));
                let list = ValueList::of(&alias, None, Some(items), None);
                let list = list.map_err(|why| malformed(why.to_owned()))?;
                if lists.get(&alias).is_some() {
                    return Err(twice("the list", &alias));
                }
                lists.put(alias.clone(), list).map_err(malformed)?;
            }
            configuration.lists = lists;
        }
        configuration.facts = tables;
        Ok(())
    }
}

fn twice(what: &str, name: &str) -> Error {
    Error::Malformed(format!("{what} {name} is there twice; name it once"))
}
