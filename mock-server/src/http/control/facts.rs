//! The control API's operations on what the rules of an Authsignal tenant read.

use serde_json::{Map, Value};

use super::admission::ControlApi;
use super::repeated::unique;
use super::tenants::{either, possible};
use crate::bounds::DATA_POINTS;
use crate::domain::authsignal::Configuration;
use crate::domain::authsignal::data_point::{
    DataPoint, DataPoints, DataType, ItemType, ModelType, ValueList, ValueLists, check_name,
};
use crate::domain::authsignal::fact::{Fact, FactTables, Facts, NextFacts, country, range};
use crate::domain::scenario::{Scenario, Scenarios};
use crate::generated::mock_control::types as wire;
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) fn set_facts(
        &self,
        wanted: wire::FactConfiguration,
    ) -> Result<wire::FactsConfigured, Trouble> {
        let tenant = self.authsignal(either(&wanted.tenant, &wanted.tenant_id, "tenantId")?)?;
        tenant.transact(|authsignal, turn| {
            let configuration = &mut authsignal.configuration;
            // Everything is read before anything changes.
            let mut tables = configuration.facts.clone();
            read_tables(&mut tables, &wanted)?;
            let lists = wanted.lists.map(value_lists).transpose()?;
            // A point that stays keeps its id, which paths of the Management API name.
            let mut id_of = |name: &str| {
                let known = configuration.data_points.get(name);
                known.map_or_else(|| turn.ids.uuid(), |point| point.id.clone())
            };
            let points = wanted.data_points;
            let points = points
                .map(|points| data_points(points, &mut id_of))
                .transpose()?;
            configuration.facts = tables;
            if let Some(lists) = lists {
                configuration.lists = lists;
            }
            if let Some(points) = points {
                configuration.data_points = points;
            }
            Ok(configured(
                &tenant.account().id,
                configuration,
                turn.scenarios,
            ))
        })
    }

    pub(super) fn plan_facts(
        &self,
        wanted: wire::NextFactsChange,
    ) -> Result<wire::AllNextFacts, Trouble> {
        let tenant = self.authsignal(either(&wanted.tenant, &wanted.tenant_id, "tenantId")?)?;
        let wire::NextFactsChange {
            user_id,
            action,
            ip,
            device,
            user,
            custom,
            ..
        } = wanted;
        let facts = Facts::default()
            .and(
                ip.map(of_ip)
                    .transpose()
                    .map_err(|why| at("ip", &why))?
                    .unwrap_or_default(),
            )
            .and(device.map(of_device).unwrap_or_default())
            .and(user.map(of_user).unwrap_or_default());
        let next = NextFacts {
            user_id: user_id.map(String::from),
            action: action.map(String::from),
            facts,
            custom: custom.map(|custom| custom.0).unwrap_or_default(),
        };
        next.check().map_err(|why| at("custom", &why))?;
        tenant.transact(|authsignal, turn| {
            let scenarios = &mut *turn.scenarios;
            possible(&next.about(), &authsignal.configuration)?;
            let replaced = scenarios.plan_facts(next).map_err(Trouble::Malformed)?;
            let replaced = replaced.and_then(|one| one.next_facts());
            Ok(wire::AllNextFacts {
                replaced: replaced.as_ref().map(next_facts),
                next_facts: all_next_facts(scenarios),
            })
        })
    }
}

/// A refusal of what stands at a place of the body.
fn at(place: &str, why: &str) -> Trouble {
    Trouble::Malformed(format!("body /{place}: {why}"))
}

fn read_tables(tables: &mut FactTables, wanted: &wire::FactConfiguration) -> Result<(), Trouble> {
    if let Some(entries) = &wanted.ip {
        tables.ips.clear();
        for (index, entry) in entries.iter().enumerate() {
            let place = |member: &str| format!("ip/{index}/{member}");
            let net = range(&entry.cidr).map_err(|why| at(&place("cidr"), &why))?;
            let facts = of_ip(wire::IpFacts {
                country_code: entry.country_code.clone(),
                is_anonymous: entry.is_anonymous,
                country_code_in_ofac_list: entry.country_code_in_ofac_list,
                atypical_travel: entry.atypical_travel,
                impossible_travel: entry.impossible_travel,
            });
            let facts = facts.map_err(|why| at(&format!("ip/{index}"), &why))?;
            if tables.ips.insert(net, facts).is_some() {
                let why = format!("the range {net} is in the list twice; name it once");
                return Err(at(&place("cidr"), &why));
            }
        }
    }
    if let Some(entries) = &wanted.device {
        unique(
            "device",
            entries.iter().map(|entry| entry.device_id.as_str()),
        )?;
        let entry = |entry: &wire::DeviceEntry| {
            let facts = of_device(wire::DeviceFacts {
                is_new: entry.is_new,
                is_bot: entry.is_bot,
            });
            (entry.device_id.to_string(), facts)
        };
        tables.devices = entries.iter().map(entry).collect();
    }
    if let Some(entries) = &wanted.user {
        unique("user", entries.iter().map(|entry| entry.user_id.as_str()))?;
        let entry = |entry: &wire::UserEntry| {
            let facts = of_user(wire::UserFacts {
                has_previously_verified: entry.has_previously_verified,
            });
            (entry.user_id.to_string(), facts)
        };
        tables.users = entries.iter().map(entry).collect();
    }
    tables
        .check()
        .map_err(|why| Trouble::Malformed(format!("body /{why}")))
}

fn value_lists(entries: Vec<wire::ValueListEntry>) -> Result<ValueLists, Trouble> {
    unique("lists", entries.iter().map(|entry| entry.alias.as_str()))?;
    let mut lists = ValueLists::default();
    for (index, entry) in entries.into_iter().enumerate() {
        let place = format!("lists/{index}");
        let alias = String::from(entry.alias);
        let list = ValueList::of(&alias, entry.name, entry.items, entry.numbers)
            .map_err(|why| at(&place, why))?;
        lists.put(alias, list).map_err(|why| at(&place, &why))?;
    }
    Ok(lists)
}

fn data_points(
    entries: Vec<wire::DataPointEntry>,
    id_of: &mut impl FnMut(&str) -> String,
) -> Result<DataPoints, Trouble> {
    unique(
        "dataPoints",
        entries.iter().map(|entry| entry.name.as_str()),
    )?;
    if entries.len() > DATA_POINTS {
        // Before an id is drawn: what is refused must not change the ids that follow.
        let why = format!(
            "there are {}; a tenant has at most {DATA_POINTS}",
            entries.len()
        );
        return Err(at("dataPoints", &why));
    }
    for (index, entry) in entries.iter().enumerate() {
        let checked = check_name(entry.name.as_str());
        checked.map_err(|why| at(&format!("dataPoints/{index}/name"), &why))?;
    }
    let mut points = DataPoints::default();
    for (index, entry) in entries.into_iter().enumerate() {
        let point = DataPoint {
            id: id_of(entry.name.as_str()),
            description: entry.description,
            data_type: match entry.data_type {
                None | Some(wire::DataType::Text) => DataType::Text,
                Some(wire::DataType::Number) => DataType::Number,
                Some(wire::DataType::Boolean) => DataType::Boolean,
                Some(wire::DataType::Multiselect) => DataType::Multiselect,
            },
            model_type: match entry.model_type {
                None | Some(wire::ModelType::Action) => ModelType::Action,
                Some(wire::ModelType::User) => ModelType::User,
            },
            is_public: entry.is_public,
        };
        let put = points.put(String::from(entry.name), point);
        put.map_err(|why| at(&format!("dataPoints/{index}"), &why))?;
    }
    Ok(points)
}

fn of_ip(ip: wire::IpFacts) -> Result<Facts, String> {
    let code = ip.country_code.map(|code| country(&code)).transpose()?;
    Ok(Facts::default()
        .with(Fact::CountryCode, code)
        .with(Fact::IsAnonymous, ip.is_anonymous)
        .with(Fact::InOfacList, ip.country_code_in_ofac_list)
        .with(Fact::AtypicalTravel, ip.atypical_travel)
        .with(Fact::ImpossibleTravel, ip.impossible_travel))
}

fn of_device(device: wire::DeviceFacts) -> Facts {
    Facts::default()
        .with(Fact::IsNew, device.is_new)
        .with(Fact::IsBot, device.is_bot)
}

fn of_user(user: wire::UserFacts) -> Facts {
    Facts::default().with(Fact::HasPreviouslyVerified, user.has_previously_verified)
}

fn ip_facts(facts: &Facts) -> wire::IpFacts {
    wire::IpFacts {
        country_code: facts.text(Fact::CountryCode).map(str::to_owned),
        is_anonymous: facts.flag(Fact::IsAnonymous),
        country_code_in_ofac_list: facts.flag(Fact::InOfacList),
        atypical_travel: facts.flag(Fact::AtypicalTravel),
        impossible_travel: facts.flag(Fact::ImpossibleTravel),
    }
}

/// Facts of next actions, on the wire.
fn all_next_facts(scenarios: &Scenarios) -> Vec<wire::NextFacts> {
    let facts = scenarios.all().iter().filter_map(Scenario::next_facts);
    facts.map(|facts| next_facts(&facts)).collect()
}

/// Facts of a future action, on the wire.
pub(super) fn next_facts(next: &NextFacts) -> wire::NextFacts {
    let facts = &next.facts;
    let has = |object: &str| {
        Fact::ALL
            .into_iter()
            .any(|fact| fact.place().0 == object && facts.get(fact).is_some())
    };
    let custom = |custom: &Map<String, Value>| wire::CustomFacts(custom.clone());
    wire::NextFacts {
        user_id: next.user_id.clone(),
        action: next.action.clone(),
        ip: has("ip").then(|| ip_facts(facts)),
        device: has("device").then(|| wire::DeviceFacts {
            is_new: facts.flag(Fact::IsNew),
            is_bot: facts.flag(Fact::IsBot),
        }),
        user: has("user").then(|| wire::UserFacts {
            has_previously_verified: facts.flag(Fact::HasPreviouslyVerified),
        }),
        custom: Some(&next.custom).filter(|all| !all.is_empty()).map(custom),
    }
}

fn configured(
    tenant_id: &str,
    configuration: &Configuration,
    scenarios: &Scenarios,
) -> wire::FactsConfigured {
    let FactTables {
        ips,
        devices,
        users,
    } = &configuration.facts;
    // An id is never empty: the schema of the request refuses an empty one.
    let ip = ips.iter().filter_map(|(net, facts)| {
        let ip = ip_facts(facts);
        Some(wire::IpEntry {
            cidr: net.to_string().parse().ok()?,
            country_code: ip.country_code,
            is_anonymous: ip.is_anonymous,
            country_code_in_ofac_list: ip.country_code_in_ofac_list,
            atypical_travel: ip.atypical_travel,
            impossible_travel: ip.impossible_travel,
        })
    });
    let device = devices.iter().filter_map(|(id, facts)| {
        Some(wire::DeviceEntry {
            device_id: id.parse().ok()?,
            is_new: facts.flag(Fact::IsNew),
            is_bot: facts.flag(Fact::IsBot),
        })
    });
    let user = users.iter().filter_map(|(id, facts)| {
        Some(wire::UserEntry {
            user_id: id.parse().ok()?,
            has_previously_verified: facts.flag(Fact::HasPreviouslyVerified),
        })
    });
    wire::FactsConfigured {
        tenant_id: tenant_id.to_owned(),
        ip: ip.collect(),
        device: device.collect(),
        user: user.collect(),
        lists: configuration.lists.iter().filter_map(list_entry).collect(),
        data_points: configuration
            .data_points
            .iter()
            .filter_map(point_entry)
            .collect(),
        next_facts: all_next_facts(scenarios),
        warnings: configuration.warnings(),
    }
}

fn list_entry((alias, list): (&str, &ValueList)) -> Option<wire::ValueListEntry> {
    let is_text = list.item_type == ItemType::String;
    let texts = list
        .items()
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned);
    let numbers = list.items().iter().filter_map(Value::as_f64);
    Some(wire::ValueListEntry {
        alias: alias.parse().ok()?,
        name: Some(list.name.clone()),
        items: is_text.then(|| texts.collect()),
        numbers: (!is_text).then(|| numbers.collect()),
    })
}

fn point_entry((name, point): (&str, &DataPoint)) -> Option<wire::DataPointEntry> {
    Some(wire::DataPointEntry {
        name: name.parse().ok()?,
        description: point.description.clone(),
        data_type: Some(match point.data_type {
            DataType::Text => wire::DataType::Text,
            DataType::Number => wire::DataType::Number,
            DataType::Boolean => wire::DataType::Boolean,
            DataType::Multiselect => wire::DataType::Multiselect,
        }),
        model_type: Some(match point.model_type {
            ModelType::Action => wire::ModelType::Action,
            ModelType::User => wire::ModelType::User,
        }),
        is_public: point.is_public,
    })
}
