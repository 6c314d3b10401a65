//! What the vendor reads in a `User-Agent`, in the shape of the library that it uses, ua-parser-js. Knows no user.

use crate::generated::authsignal_shared::types::{
    NameAndVersion, ParsedBrowser, ParsedCpu, ParsedDevice, ParsedUserAgent,
};

/// Browsers: the mark in the text, the name, and what a typical one sends. Several marks can stand in one text; the first
/// of this list is the browser that the user runs.
const BROWSERS: [(&str, &str, &str); 8] = [
    ("Edg/", "Edge", EDGE),
    ("OPR/", "Opera", OPERA),
    ("FxiOS/", "Firefox", ""),
    ("CriOS/", "Chrome", ""),
    ("Firefox/", "Firefox", FIREFOX),
    ("Chrome/", "Chrome", CHROME),
    // Before its number, Safari writes the build of its engine.
    ("Version/", "Safari", SAFARI),
    ("Safari/", "Safari", ""),
];
const CHROME: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0";
const OPERA: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 OPR/126.0.0.0";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";

/// The parts of a user agent. The name of a browser alone, as a seed has it, stands for a typical one of that browser.
pub(super) fn parsed(text: &str) -> ParsedUserAgent {
    let typical = |(_, name, typical): &(_, &str, &'static str)| {
        (*name == text && !typical.is_empty()).then_some(*typical)
    };
    let is_name = !text.contains('/');
    let text = BROWSERS.iter().find_map(typical).unwrap_or(text);
    let named = || ParsedBrowser {
        name: Some(text.to_owned()),
        version: None,
        major: None,
    };
    ParsedUserAgent {
        browser: browser(text).or_else(|| is_name.then(named)),
        device: device(text),
        engine: engine(text),
        os: os(text),
        cpu: cpu(text),
        ua: Some(text.to_owned()).filter(|text| text.contains('/')),
    }
}

fn browser(text: &str) -> Option<ParsedBrowser> {
    let (mark, name, _) = BROWSERS.iter().find(|(mark, _, _)| text.contains(mark))?;
    let version = after(text, mark);
    let major = version.and_then(|version| version.split('.').next());
    Some(ParsedBrowser {
        name: Some((*name).to_owned()),
        version: version.map(str::to_owned),
        major: major.map(str::to_owned),
    })
}

fn engine(text: &str) -> Option<NameAndVersion> {
    if text.contains("Gecko/") {
        return Some(named("Gecko", after(text, "rv:")));
    }
    if text.contains("Chrome/") {
        return Some(named("Blink", after(text, "Chrome/")));
    }
    let webkit = after(text, "AppleWebKit/")?;
    Some(named("WebKit", Some(webkit)))
}

fn os(text: &str) -> Option<NameAndVersion> {
    [
        ("Windows NT ", "Windows"),
        ("iPhone OS ", "iOS"),
        ("CPU OS ", "iOS"),
        ("Android ", "Android"),
        ("Mac OS X ", "Mac OS"),
        ("Linux ", "Linux"),
    ]
    .into_iter()
    .find(|(mark, _)| text.contains(mark))
    .map(|(mark, name)| {
        let version = after(text, mark).filter(|version| version.starts_with(is_digit));
        let mut os = named(name, version);
        // Apple writes 10_15_7.
        os.version = os.version.map(|version| version.replace('_', "."));
        os
    })
}

fn device(text: &str) -> Option<ParsedDevice> {
    let device = |model: Option<&str>, kind: Option<&str>, vendor: Option<&str>| {
        Some(ParsedDevice {
            model: model.map(str::to_owned),
            type_: kind.map(str::to_owned),
            vendor: vendor.map(str::to_owned),
        })
    };
    match text {
        _ if text.contains("iPhone") => device(Some("iPhone"), Some("mobile"), Some("Apple")),
        _ if text.contains("iPad") => device(Some("iPad"), Some("tablet"), Some("Apple")),
        _ if text.contains("Macintosh") => device(Some("Macintosh"), None, Some("Apple")),
        _ if text.contains("Android") && text.contains("Mobile") => {
            device(None, Some("mobile"), None)
        }
        _ => None,
    }
}

fn cpu(text: &str) -> Option<ParsedCpu> {
    let architecture = [
        ("x86_64", "amd64"),
        ("Win64", "amd64"),
        ("WOW64", "amd64"),
        ("aarch64", "arm64"),
        ("arm64", "arm64"),
    ]
    .into_iter()
    .find(|(mark, _)| text.contains(mark))?;
    Some(ParsedCpu {
        architecture: Some(architecture.1.to_owned()),
    })
}

fn named(name: &str, version: Option<&str>) -> NameAndVersion {
    NameAndVersion {
        name: Some(name.to_owned()),
        version: version.map(str::to_owned),
    }
}

/// The word that follows a mark.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    let word = rest.split([' ', ';', ')']).next();
    word.filter(|word| !word.is_empty())
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{CHROME, parsed};

    fn read(text: &str) -> Value {
        serde_json::to_value(parsed(text)).unwrap()
    }

    #[test]
    fn the_parts_of_a_user_agent_are_read() {
        assert_eq!(
            read(CHROME),
            json!({
                "ua": CHROME,
                "browser": {"name": "Chrome", "version": "142.0.0.0", "major": "142"},
                "device": {"model": "Macintosh", "vendor": "Apple"},
                "engine": {"name": "Blink", "version": "142.0.0.0"},
                "os": {"name": "Mac OS", "version": "10.15.7"},
            })
        );
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";
        assert_eq!(
            read(phone),
            json!({
                "ua": phone,
                "browser": {"name": "Safari", "version": "18.1", "major": "18"},
                "device": {"model": "iPhone", "type": "mobile", "vendor": "Apple"},
                "engine": {"name": "WebKit", "version": "605.1.15"},
                "os": {"name": "iOS", "version": "18.1"},
            })
        );
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.1.0";
        let edge = read(edge);
        assert_eq!(
            (&edge["browser"]["name"], &edge["browser"]["version"]),
            (&json!("Edge"), &json!("142.0.1.0"))
        );
        assert_eq!(edge["cpu"], json!({"architecture": "amd64"}));
        assert_eq!(edge["os"], json!({"name": "Windows", "version": "10.0"}));
    }

    #[test]
    fn a_name_stands_for_a_typical_browser_and_what_is_unknown_stays() {
        assert_eq!(read("Chrome"), read(CHROME));
        assert_eq!(read("Lynx"), json!({"browser": {"name": "Lynx"}}));
        let app = "okhttp/4.12.0";
        assert_eq!(read(app), json!({"ua": app}));
        for odd in ["", "/", "Chrome/", "Mac OS X ", "Version/ Safari/"] {
            read(odd);
        }
    }
}
