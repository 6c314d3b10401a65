//! Which country a phone number is of, by the list of calling codes of ITU-T E.164 and, for +1, by the area codes of the
//! North American Numbering Plan. Knows no tenant.

/// Calling codes, the beginnings of numbers without a plus sign, with the countries that share each. A number is of the
/// longest that it begins with.
const CODES: &[(&str, &[&str])] = &[
    ("1", &["US"]),
    ("7", &["RU"]),
    ("76", &["KZ"]),
    ("77", &["KZ"]),
    ("20", &["EG"]),
    ("27", &["ZA"]),
    ("30", &["GR"]),
    ("31", &["NL"]),
    ("32", &["BE"]),
    ("33", &["FR"]),
    ("34", &["ES"]),
    ("36", &["HU"]),
    ("39", &["IT", "VA"]),
    ("40", &["RO"]),
    ("41", &["CH"]),
    ("43", &["AT"]),
    ("44", &["GB", "GG", "IM", "JE"]),
    ("45", &["DK"]),
    ("46", &["SE"]),
    ("47", &["NO", "SJ"]),
    ("48", &["PL"]),
    ("49", &["DE"]),
    ("51", &["PE"]),
    ("52", &["MX"]),
    ("53", &["CU"]),
    ("54", &["AR"]),
    ("55", &["BR"]),
    ("56", &["CL"]),
    ("57", &["CO"]),
    ("58", &["VE"]),
    ("60", &["MY"]),
    ("61", &["AU", "CC", "CX"]),
    ("62", &["ID"]),
    ("63", &["PH"]),
    ("64", &["NZ", "PN"]),
    ("65", &["SG"]),
    ("66", &["TH"]),
    ("81", &["JP"]),
    ("82", &["KR"]),
    ("84", &["VN"]),
    ("86", &["CN"]),
    ("90", &["TR"]),
    ("91", &["IN"]),
    ("92", &["PK"]),
    ("93", &["AF"]),
    ("94", &["LK"]),
    ("95", &["MM"]),
    ("98", &["IR"]),
    ("211", &["SS"]),
    ("212", &["MA", "EH"]),
    ("213", &["DZ"]),
    ("216", &["TN"]),
    ("218", &["LY"]),
    ("220", &["GM"]),
    ("221", &["SN"]),
    ("222", &["MR"]),
    ("223", &["ML"]),
    ("224", &["GN"]),
    ("225", &["CI"]),
    ("226", &["BF"]),
    ("227", &["NE"]),
    ("228", &["TG"]),
    ("229", &["BJ"]),
    ("230", &["MU"]),
    ("231", &["LR"]),
    ("232", &["SL"]),
    ("233", &["GH"]),
    ("234", &["NG"]),
    ("235", &["TD"]),
    ("236", &["CF"]),
    ("237", &["CM"]),
    ("238", &["CV"]),
    ("239", &["ST"]),
    ("240", &["GQ"]),
    ("241", &["GA"]),
    ("242", &["CG"]),
    ("243", &["CD"]),
    ("244", &["AO"]),
    ("245", &["GW"]),
    ("246", &["IO"]),
    ("247", &["AC"]),
    ("248", &["SC"]),
    ("249", &["SD"]),
    ("250", &["RW"]),
    ("251", &["ET"]),
    ("252", &["SO"]),
    ("253", &["DJ"]),
    ("254", &["KE"]),
    ("255", &["TZ"]),
    ("256", &["UG"]),
    ("257", &["BI"]),
    ("258", &["MZ"]),
    ("260", &["ZM"]),
    ("261", &["MG"]),
    ("262", &["RE", "YT", "TF"]),
    ("263", &["ZW"]),
    ("264", &["NA"]),
    ("265", &["MW"]),
    ("266", &["LS"]),
    ("267", &["BW"]),
    ("268", &["SZ"]),
    ("269", &["KM"]),
    ("290", &["SH"]),
    ("291", &["ER"]),
    ("297", &["AW"]),
    ("298", &["FO"]),
    ("299", &["GL"]),
    ("350", &["GI"]),
    ("351", &["PT"]),
    ("352", &["LU"]),
    ("353", &["IE"]),
    ("354", &["IS"]),
    ("355", &["AL"]),
    ("356", &["MT"]),
    ("357", &["CY"]),
    ("358", &["FI", "AX"]),
    ("359", &["BG"]),
    ("370", &["LT"]),
    ("371", &["LV"]),
    ("372", &["EE"]),
    ("373", &["MD"]),
    ("374", &["AM"]),
    ("375", &["BY"]),
    ("376", &["AD"]),
    ("377", &["MC"]),
    ("378", &["SM"]),
    ("379", &["VA"]),
    ("380", &["UA"]),
    ("381", &["RS"]),
    ("382", &["ME"]),
    ("383", &["XK"]),
    ("385", &["HR"]),
    ("386", &["SI"]),
    ("387", &["BA"]),
    ("389", &["MK"]),
    ("420", &["CZ"]),
    ("421", &["SK"]),
    ("423", &["LI"]),
    ("500", &["FK", "GS"]),
    ("501", &["BZ"]),
    ("502", &["GT"]),
    ("503", &["SV"]),
    ("504", &["HN"]),
    ("505", &["NI"]),
    ("506", &["CR"]),
    ("507", &["PA"]),
    ("508", &["PM"]),
    ("509", &["HT"]),
    ("590", &["GP", "BL", "MF"]),
    ("591", &["BO"]),
    ("592", &["GY"]),
    ("593", &["EC"]),
    ("594", &["GF"]),
    ("595", &["PY"]),
    ("596", &["MQ"]),
    ("597", &["SR"]),
    ("598", &["UY"]),
    ("599", &["CW", "BQ"]),
    ("670", &["TL"]),
    ("672", &["NF", "AQ"]),
    ("673", &["BN"]),
    ("674", &["NR"]),
    ("675", &["PG"]),
    ("676", &["TO"]),
    ("677", &["SB"]),
    ("678", &["VU"]),
    ("679", &["FJ"]),
    ("680", &["PW"]),
    ("681", &["WF"]),
    ("682", &["CK"]),
    ("683", &["NU"]),
    ("685", &["WS"]),
    ("686", &["KI"]),
    ("687", &["NC"]),
    ("688", &["TV"]),
    ("689", &["PF"]),
    ("690", &["TK"]),
    ("691", &["FM"]),
    ("692", &["MH"]),
    ("850", &["KP"]),
    ("852", &["HK"]),
    ("853", &["MO"]),
    ("855", &["KH"]),
    ("856", &["LA"]),
    ("880", &["BD"]),
    ("886", &["TW"]),
    ("960", &["MV"]),
    ("961", &["LB"]),
    ("962", &["JO"]),
    ("963", &["SY"]),
    ("964", &["IQ"]),
    ("965", &["KW"]),
    ("966", &["SA"]),
    ("967", &["YE"]),
    ("968", &["OM"]),
    ("970", &["PS"]),
    ("971", &["AE"]),
    ("972", &["IL", "PS"]),
    ("973", &["BH"]),
    ("974", &["QA"]),
    ("975", &["BT"]),
    ("976", &["MN"]),
    ("977", &["NP"]),
    ("992", &["TJ"]),
    ("993", &["TM"]),
    ("994", &["AZ"]),
    ("995", &["GE"]),
    ("996", &["KG"]),
    ("998", &["UZ"]),
];

/// The countries and territories that share +1 with the United States, with their area codes.
const AREAS: &[(&str, &str)] = &[
    ("AG", "268"),
    ("AI", "264"),
    ("AS", "684"),
    ("BB", "246"),
    ("BM", "441"),
    ("BS", "242"),
    (
        "CA",
        "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 450 468 474 506 514 \
         519 548 579 581 584 587 604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 873 879 902 905",
    ),
    ("DM", "767"),
    ("DO", "809 829 849"),
    ("GD", "473"),
    ("GU", "671"),
    ("JM", "658 876"),
    ("KN", "869"),
    ("KY", "345"),
    ("LC", "758"),
    ("MP", "670"),
    ("MS", "664"),
    ("PR", "787 939"),
    ("SX", "721"),
    ("TC", "649"),
    ("TT", "868"),
    ("VC", "784"),
    ("VG", "284"),
    ("VI", "340"),
];

/// Where a phone number is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The digits that say so, from the calling code on.
    pub prefix_digits: usize,
    /// The countries that share these digits, the largest first: two letters each.
    countries: &'static [&'static str],
    /// The one that shares +1, if it is none of these.
    area: Option<&'static str>,
}

impl Origin {
    /// Whether the number may be of that country.
    pub fn may_be(&self, country: &str) -> bool {
        let is = |own: &str| own.eq_ignore_ascii_case(country);
        match self.area {
            Some(area) => is(area),
            None => self.countries.iter().any(|own| is(own)),
        }
    }

    /// The country, or the largest of those that it may be.
    pub fn country(&self) -> &'static str {
        let largest = self.countries.first().copied();
        self.area.or(largest).unwrap_or_default()
    }
}

/// Where a number in E.164 format is from; `None` if its calling code belongs to no country.
pub fn of(number: &str) -> Option<Origin> {
    let digits = number.strip_prefix('+')?;
    let own = CODES.iter().filter(|(code, _)| digits.starts_with(code));
    let (code, countries) = own.max_by_key(|(code, _)| code.len())?;
    let area = digits.strip_prefix('1').and_then(|rest| rest.get(..3));
    let area = area.and_then(|area| {
        let mut shared = AREAS.iter();
        let (country, _) = shared.find(|(_, codes)| codes.split(' ').any(|own| own == area))?;
        Some(*country)
    });
    Some(Origin {
        prefix_digits: area.map_or(code.len(), |_| 4),
        countries,
        area,
    })
}

/// The calling code of a country.
pub fn code(country: &str) -> Option<&'static str> {
    let is = |own: &str| own.eq_ignore_ascii_case(country);
    if AREAS.iter().any(|(own, _)| is(own)) {
        return Some("1");
    }
    let mut codes = CODES.iter();
    let (code, _) = codes.find(|(_, countries)| countries.iter().any(|own| is(own)))?;
    // What follows the 7 is an area code.
    Some(if code.starts_with('7') { "7" } else { code })
}

#[cfg(test)]
mod tests {
    use super::{AREAS, CODES, code, of};

    #[test]
    fn a_number_is_of_the_country_of_the_longest_code_that_it_begins_with() {
        for (number, country) in [
            ("+64270000000", "NZ"),
            ("+61400000000", "AU"),
            ("+15550100", "US"),
            ("+14165550100", "CA"),
            ("+18765550100", "JM"),
            ("+79000000000", "RU"),
            ("+77000000000", "KZ"),
            ("+35840000000", "FI"),
            ("+447700900000", "GB"),
        ] {
            assert_eq!(of(number).unwrap().country(), country, "{number}");
        }
        assert!(of("+447700900000").unwrap().may_be("im"));
        assert!(!of("+14165550100").unwrap().may_be("US"));
        // No country has these.
        assert_eq!((of("+21000000"), of("64270000000")), (None, None));
    }

    #[test]
    fn codes_are_two_letters_and_no_code_is_there_twice() {
        let mut codes: Vec<_> = CODES.iter().map(|(code, _)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CODES.len());
        let shared = AREAS.iter().map(|(country, _)| country);
        let all = CODES.iter().flat_map(|(_, countries)| *countries);
        for country in all.chain(shared) {
            assert_eq!(country.len(), 2);
            let code = code(country).unwrap();
            assert!(code.bytes().all(|byte| byte.is_ascii_digit()));
        }
        assert_eq!(
            (code("nz"), code("CA"), code("KZ")),
            (Some("64"), Some("1"), Some("7"))
        );
        assert_eq!(code("XX"), None);
    }
}
