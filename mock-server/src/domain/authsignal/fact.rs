//! Facts that rules read and no request carries: what is known of an address, a device or a user. The vendor finds them
//! out; here a test sets them, for every action or for the next one. Knows no action and no wire format.

// Addresses alone, which are values: `core` opens no socket.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bounds::{CUSTOM, FACTS, json_length, lengths};
use crate::domain::in_file::by_text;

/// One fact, which is a variable of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact {
    /// The country of the address, two letters.
    CountryCode,
    /// Whether the address is one of a VPN, of Tor or of a proxy.
    IsAnonymous,
    /// Whether the country is under sanctions.
    InOfacList,
    /// Whether the address is far from where the user was verified before.
    AtypicalTravel,
    /// Whether nobody could have come so far since then.
    ImpossibleTravel,
    /// Whether the user has not passed a challenge on the device yet.
    IsNew,
    /// Whether the application has the device remembered. Only its update of the device says so.
    IsRemembered,
    /// Whether the browser is a known bot.
    IsBot,
    /// Whether the user has passed a challenge before.
    HasPreviouslyVerified,
}

impl Fact {
    /// Every fact.
    pub const ALL: [Self; 9] = [
        Self::CountryCode,
        Self::IsAnonymous,
        Self::InOfacList,
        Self::AtypicalTravel,
        Self::ImpossibleTravel,
        Self::IsNew,
        Self::IsRemembered,
        Self::IsBot,
        Self::HasPreviouslyVerified,
    ];

    /// The object among the variables, and the member in it.
    pub fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::CountryCode => ("ip", "countryCode"),
            Self::IsAnonymous => ("ip", "isAnonymous"),
            Self::InOfacList => ("ip", "countryCodeInOfacList"),
            Self::AtypicalTravel => ("ip", "atypicalTravel"),
            Self::ImpossibleTravel => ("ip", "impossibleTravel"),
            Self::IsNew => ("device", "isNew"),
            Self::IsRemembered => ("device", "isRemembered"),
            Self::IsBot => ("device", "isBot"),
            Self::HasPreviouslyVerified => ("user", "hasPreviouslyVerified"),
        }
    }
}

/// Some facts with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts(BTreeMap<Fact, Value>);

impl Facts {
    /// The same with one more, if it has a value.
    pub fn with(mut self, fact: Fact, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(fact, value.into());
        }
        self
    }

    /// The same with those of another, too.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The value of one.
    pub fn get(&self, fact: Fact) -> Option<&Value> {
        self.0.get(&fact)
    }

    /// The value of one that is true or false.
    pub fn flag(&self, fact: Fact) -> Option<bool> {
        self.get(fact)?.as_bool()
    }

    /// The value of one that is a text.
    pub fn text(&self, fact: Fact) -> Option<&str> {
        self.get(fact)?.as_str()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of them as JSON.
    pub fn bytes(&self) -> usize {
        self.0.values().map(json_length).sum()
    }
}

/// Facts that hold for every action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FactTables {
    /// Of addresses, by range.
    #[serde(with = "by_text")]
    pub ips: BTreeMap<IpNet, Facts>,
    /// Of devices, by id.
    pub devices: BTreeMap<String, Facts>,
    /// Of users, by id.
    pub users: BTreeMap<String, Facts>,
}

impl FactTables {
    /// Checks that no table is longer than it may be.
    ///
    /// # Errors
    /// One is.
    pub fn check(&self) -> Result<(), String> {
        for (table, length) in [
            ("ip", self.ips.len()),
            ("device", self.devices.len()),
            ("user", self.users.len()),
        ] {
            if length > FACTS {
                return Err(format!(
                    "{table} has {length} entries; a table has at most {FACTS}"
                ));
            }
        }
        Ok(())
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.ips.is_empty() && self.devices.is_empty() && self.users.is_empty()
    }

    /// A fact of an address: of several ranges that have it, the smallest counts.
    pub fn of_ip(&self, address: IpAddr, fact: Fact) -> Option<&Value> {
        let around = self.ips.iter().filter(|(net, _)| net.contains(&address));
        let having = around.filter_map(|(net, facts)| Some((net.prefix_len(), facts.get(fact)?)));
        having
            .max_by_key(|(length, _)| *length)
            .map(|(_, value)| value)
    }
}

/// Facts of the next action. They override everything else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NextFacts {
    /// The user; `None` matches any.
    pub user_id: Option<String>,
    /// The action; `None` matches any.
    pub action: Option<String>,
    /// The facts.
    pub facts: Facts,
    /// Custom data points.
    pub custom: Map<String, Value>,
}

impl NextFacts {
    /// About how many bytes the custom data points take as JSON.
    fn custom_bytes(&self) -> usize {
        self.custom.iter().fold(2, |all, (name, value)| {
            all + name.len() + 4 + json_length(value)
        })
    }

    /// Checks that they are not too long.
    ///
    /// # Errors
    /// The custom data points are.
    pub fn check(&self) -> Result<(), String> {
        let length = self.custom_bytes();
        if length > CUSTOM {
            return Err(format!(
                "custom is about {length} bytes of JSON; it must be at most {CUSTOM}"
            ));
        }
        Ok(())
    }

    /// About how many bytes they take.
    pub fn bytes(&self) -> usize {
        lengths([&self.user_id, &self.action]) + self.facts.bytes() + self.custom_bytes()
    }
}

/// Reads a range of addresses; a single address is a range of one. One of IPv4 within IPv6 counts as one of IPv4, as
/// [`address`] has it.
///
/// # Errors
/// It is neither.
pub fn range(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let net = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    net.map(|net| canonical(net).trunc()).map_err(|_| {
        "this is no range of addresses; write one as 203.0.113.0/24 or 2001:db8::/32, or a single address".to_owned()
    })
}

fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    // The first 96 bits say that it is one of IPv4.
    let mapped = v6
        .addr()
        .to_ipv4_mapped()
        .zip(v6.prefix_len().checked_sub(96));
    let v4 = mapped.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    v4.map_or(net, IpNet::V4)
}

/// Reads the code of a country.
///
/// # Errors
/// It is none.
pub fn country(text: &str) -> Result<String, String> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err("countryCode must be two letters, such as NZ".to_owned())
}

/// Reads an address. One of IPv4 within IPv6 counts as one of IPv4.
pub fn address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.trim().parse().ok()?;
    Some(address.to_canonical())
}

/// What this mock takes the addresses for that RFC 5737 and RFC 3849 reserve for examples: country, and whether they are
/// anonymous. Any other address has no country.
pub fn of_example(address: IpAddr) -> Option<(&'static str, bool)> {
    let v4 = |a, b, c| IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), 24));
    let v6 = IpNet::V6(Ipv6Net::new_assert(
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
    ));
    let blocks = [
        (v4(192, 0, 2), ("US", false)),
        (v4(198, 51, 100), ("GB", false)),
        (v4(203, 0, 113), ("NL", true)),
        (v6, ("US", false)),
    ];
    let mut blocks = blocks.into_iter();
    let found = blocks.find(|(block, _)| block.contains(&address));
    found.map(|(_, facts)| facts)
}

/// The time zones of capitals, of the countries that stand for an example address or are common in tests. No source says
/// which zone the vendor takes for a country that has several.
const TIME_ZONES: [(&str, &str); 20] = [
    ("AU", "Australia/Sydney"),
    ("BR", "America/Sao_Paulo"),
    ("CA", "America/Toronto"),
    ("CH", "Europe/Zurich"),
    ("CN", "Asia/Shanghai"),
    ("DE", "Europe/Berlin"),
    ("ES", "Europe/Madrid"),
    ("FR", "Europe/Paris"),
    ("GB", "Europe/London"),
    ("IE", "Europe/Dublin"),
    ("IN", "Asia/Kolkata"),
    ("IT", "Europe/Rome"),
    ("JP", "Asia/Tokyo"),
    ("NL", "Europe/Amsterdam"),
    ("NZ", "Pacific/Auckland"),
    ("PL", "Europe/Warsaw"),
    ("SE", "Europe/Stockholm"),
    ("SG", "Asia/Singapore"),
    ("US", "America/New_York"),
    ("ZA", "Africa/Johannesburg"),
];

/// The time zone of a country, if the mock knows it.
pub fn time_zone(country: &str) -> Option<&'static str> {
    let mut all = TIME_ZONES.into_iter();
    let found = all.find(|(own, _)| own.eq_ignore_ascii_case(country));
    found.map(|(_, zone)| zone)
}

/// Countries under comprehensive sanctions of the United States. Which ones the vendor counts is unknown.
const SANCTIONED: [&str; 4] = ["CU", "IR", "KP", "SY"];

/// Whether a country is under sanctions.
pub fn is_sanctioned(country: &str) -> bool {
    SANCTIONED
        .iter()
        .any(|other| other.eq_ignore_ascii_case(country))
}

/// Parts of user agents that only bots have. Which ones the vendor knows is unknown.
const BOTS: [&str; 8] = [
    "bot",
    "crawler",
    "curl/",
    "headlesschrome",
    "python-requests",
    "scrapy",
    "spider",
    "wget/",
];

/// Whether a user agent is one of a bot.
pub fn is_bot(user_agent: &str) -> bool {
    let user_agent = user_agent.to_ascii_lowercase();
    BOTS.iter().any(|part| user_agent.contains(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fact, FactTables, Facts, address, range};
    use super::{is_bot, is_sanctioned, of_example, time_zone};

    fn flag(fact: Fact, value: bool) -> Facts {
        Facts::default().with(fact, Some(value))
    }

    #[test]
    fn the_smallest_range_that_has_a_fact_counts() {
        let mut tables = FactTables::default();
        for (cidr, facts) in [
            (
                "10.0.0.0/8",
                flag(Fact::IsAnonymous, false).with(Fact::CountryCode, Some("FR")),
            ),
            ("10.1.0.0/16", flag(Fact::IsAnonymous, true)),
            ("2001:db8::1", flag(Fact::AtypicalTravel, true)),
            ("::ffff:10.9.0.1", flag(Fact::AtypicalTravel, true)),
        ] {
            tables.ips.insert(range(cidr).unwrap(), facts);
        }
        let of = |text: &str, fact| tables.of_ip(address(text).unwrap(), fact).cloned();
        assert_eq!(of("10.1.2.3", Fact::IsAnonymous), Some(json!(true)));
        assert_eq!(of("10.1.2.3", Fact::CountryCode), Some(json!("FR")));
        assert_eq!(of("::ffff:10.2.2.3", Fact::IsAnonymous), Some(json!(false)));
        assert_eq!(of("2001:db8::1", Fact::AtypicalTravel), Some(json!(true)));
        assert_eq!(of("2001:db8::2", Fact::AtypicalTravel), None);
        for written in ["10.9.0.1", "::ffff:10.9.0.1"] {
            assert_eq!(of(written, Fact::AtypicalTravel), Some(json!(true)));
        }
        assert_eq!(of("11.0.0.1", Fact::IsAnonymous), None);
    }

    #[test]
    fn a_range_is_written_in_one_way() {
        let written = |text: &str| range(text).map(|net| net.to_string());
        assert_eq!(written("203.0.113.7/24"), Ok("203.0.113.0/24".to_owned()));
        assert_eq!(written("203.0.113.7"), Ok("203.0.113.7/32".to_owned()));
        assert_eq!(written(" ::ffff:10.0.0.1 "), Ok("10.0.0.1/32".to_owned()));
        assert_eq!(written("::ffff:10.1.2.3/104"), Ok("10.0.0.0/8".to_owned()));
        assert_eq!(written("::ffff:10.1.2.3/80"), Ok("::/80".to_owned()));
        for wrong in ["", "203.0.113.0/33", "203.0.113", "example.com"] {
            assert!(written(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_for_examples_have_facts_and_others_have_none() {
        let of = |text: &str| of_example(address(text).unwrap());
        assert_eq!(of("203.0.113.9"), Some(("NL", true)));
        assert_eq!(of("192.0.2.1"), Some(("US", false)));
        assert_eq!(of("2001:db8::7"), Some(("US", false)));
        assert_eq!(of("8.8.8.8"), None);
        assert!(is_sanctioned("kp") && !is_sanctioned("NZ"));
        assert_eq!(time_zone("nl"), Some("Europe/Amsterdam"));
        assert_eq!(time_zone("KP"), None);
        assert!(
            is_bot("Mozilla/5.0 (compatible; Googlebot/2.1)") && !is_bot("Mozilla/5.0 Firefox")
        );
    }
}
