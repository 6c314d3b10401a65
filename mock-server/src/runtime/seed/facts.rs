//! What rules read, as a seed describes it: facts, value lists, custom data points. Knows no user and no rule.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::domain::Turn;
use crate::domain::authsignal::Configuration;
use crate::domain::authsignal::data_point::{
    DataPoint, DataPoints, DataType, ModelType, ValueList, ValueLists,
};
use crate::domain::authsignal::fact::{Fact, FactTables, Facts, country, range};
use crate::runtime::word::{Vocabulary, Word};

/// Facts that no request carries.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlantedFacts {
    /// Facts of addresses.
    pub ip: Vec<IpEntry>,
    /// Facts of devices.
    pub device: Vec<DeviceEntry>,
    /// Facts of users.
    pub user: Vec<UserEntry>,
}

/// Facts of the addresses in a range.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IpEntry {
    /// The range.
    pub cidr: String,
    /// Country, two letters.
    pub country_code: Option<String>,
    /// Whether the address hides who uses it.
    pub is_anonymous: Option<bool>,
    /// Whether the country is under sanctions.
    pub country_code_in_ofac_list: Option<bool>,
    /// Whether it is far from earlier places.
    pub atypical_travel: Option<bool>,
    /// Whether it is too far from them.
    pub impossible_travel: Option<bool>,
}

/// Facts of a device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeviceEntry {
    /// Its id.
    pub device_id: String,
    /// Whether no challenge was passed on it yet.
    pub is_new: Option<bool>,
    /// Whether its browser is a bot.
    pub is_bot: Option<bool>,
}

/// Facts of a user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserEntry {
    /// The id.
    pub user_id: String,
    /// Whether the user has passed a challenge before.
    pub has_previously_verified: Option<bool>,
}

/// A value list. Its values are texts or numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlantedList {
    /// Its alias.
    pub alias: String,
    /// Its name; `None` means the alias.
    pub name: Option<String>,
    /// Values that are texts.
    pub items: Option<Vec<String>>,
    /// Values that are numbers.
    pub numbers: Option<Vec<f64>>,
}

/// A custom data point.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlantedDataPoint {
    /// Its name.
    pub name: String,
    /// Its purpose.
    pub description: Option<String>,
    /// What its values are; `None` means texts.
    pub data_type: Option<Word<DataType>>,
    /// What it describes; `None` means an action.
    pub model_type: Option<Word<ModelType>>,
    /// Whether apps of the user may see its value; `None` means no.
    pub is_public: Option<bool>,
}

impl Vocabulary for DataType {
    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

impl Vocabulary for ModelType {
    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

impl PlantedFacts {
    /// The tables.
    ///
    /// # Errors
    /// A table is too long, or an entry of it is wrong or there twice.
    pub(super) fn tables(&self) -> Result<FactTables, String> {
        let mut tables = FactTables::default();
        for (index, entry) in self.ip.iter().enumerate() {
            let place = format!("facts.ip[{index}]");
            let net = range(&entry.cidr).map_err(|why| format!("{place}.cidr: {why}"))?;
            let code = entry.country_code.as_deref().map(country).transpose();
            let facts = Facts::default()
                .with(
                    Fact::CountryCode,
                    code.map_err(|why| format!("{place}: {why}"))?,
                )
                .with(Fact::IsAnonymous, entry.is_anonymous)
                .with(Fact::InOfacList, entry.country_code_in_ofac_list)
                .with(Fact::AtypicalTravel, entry.atypical_travel)
                .with(Fact::ImpossibleTravel, entry.impossible_travel);
            if tables.ips.insert(net, facts).is_some() {
                return Err(format!(
                    "{place}.cidr: the range {net} is in the list twice; name it once"
                ));
            }
        }
        for (index, entry) in self.device.iter().enumerate() {
            let facts = Facts::default()
                .with(Fact::IsNew, entry.is_new)
                .with(Fact::IsBot, entry.is_bot);
            if tables
                .devices
                .insert(entry.device_id.clone(), facts)
                .is_some()
            {
                return Err(format!(
                    "facts.device[{index}]: has the same deviceId as another; each needs its own"
                ));
            }
        }
        for (index, entry) in self.user.iter().enumerate() {
            let facts =
                Facts::default().with(Fact::HasPreviouslyVerified, entry.has_previously_verified);
            if tables.users.insert(entry.user_id.clone(), facts).is_some() {
                return Err(format!(
                    "facts.user[{index}]: has the same userId as another; each needs its own"
                ));
            }
        }
        tables.check().map_err(|why| format!("facts.{why}"))?;
        Ok(tables)
    }
}

/// Plants what rules read.
///
/// # Errors
/// Something is wrong, there twice, or too long.
pub(super) fn plant(
    configuration: &mut Configuration,
    turn: &mut Turn<'_>,
    facts: &PlantedFacts,
    lists: &[PlantedList],
    points: &[PlantedDataPoint],
) -> Result<(), String> {
    configuration.facts = facts.tables()?;
    let (mut all, mut seen) = (ValueLists::default(), BTreeSet::new());
    for (
        index,
        PlantedList {
            alias,
            name,
            items,
            numbers,
        },
    ) in lists.iter().enumerate()
    {
        let place = format!("lists[{index}]");
        if !seen.insert(alias) {
            return Err(format!(
                "{place}: has the same alias as another; each needs its own"
            ));
        }
        let list = ValueList::of(alias, name.clone(), items.clone(), numbers.clone());
        let list = list.map_err(|why| format!("{place}: {why}"))?;
        all.put(alias.clone(), list)
            .map_err(|why| format!("{place}: {why}"))?;
    }
    configuration.lists = all;
    let (mut all, mut seen) = (DataPoints::default(), BTreeSet::new());
    for (index, planted) in points.iter().enumerate() {
        let place = format!("dataPoints[{index}]");
        if !seen.insert(&planted.name) {
            return Err(format!(
                "{place}: has the same name as another; each needs its own"
            ));
        }
        let point = DataPoint {
            id: turn.ids.uuid(),
            description: planted.description.clone(),
            data_type: planted
                .data_type
                .map_or(DataType::default(), |Word(word)| word),
            model_type: planted
                .model_type
                .map_or(ModelType::default(), |Word(word)| word),
            is_public: planted.is_public,
        };
        all.put(planted.name.clone(), point)
            .map_err(|why| format!("{place}: {why}"))?;
    }
    configuration.data_points = all;
    Ok(())
}
