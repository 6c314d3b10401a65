//! The hosted pages as a browser without scripts sees them: addresses, links and forms. Must not know how a page is made,
//! nor what decides.

mod challenges;
mod endings;
mod enrollment;
mod flows;
mod managed;
mod settings;
mod step_up;
mod views;

use serde_json::{Value, json};

use crate::tenant::Tenant;
use crate::wire::{HOST, Request};

/// Where the application is, with a query and a fragment of its own.
const APP: &str = "https://app.test/callback?order=7#done";
const PHONE: &str = "+64270000000";
const EMAIL: &str = "ada@example.com";

/// A mock, the application's back end, and a browser that shows a page.
struct Visit {
    /// The application's back end.
    tenant: Tenant,
    status: u16,
    html: String,
    /// Where the last redirect led that left the mock.
    left_to: Option<String>,
    /// The address of the page.
    address: String,
}

impl Visit {
    async fn new() -> Self {
        Self::at(Tenant::new().await)
    }

    fn at(tenant: Tenant) -> Self {
        Self {
            tenant,
            status: 0,
            html: String::new(),
            left_to: None,
            address: String::new(),
        }
    }

    // The back end.

    async fn enroll(&self, method: &str) -> Value {
        let mut body = json!({"verificationMethod": method});
        match method {
            "SMS" | "WHATSAPP" => body["phoneNumber"] = PHONE.into(),
            _ => body["email"] = EMAIL.into(),
        }
        self.tenant
            .call("POST", "/v1/users/ada/authenticators", body)
            .await
    }

    async fn track(&self, more: Value) -> Value {
        let mut body = json!({"redirectUrl": APP});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.tenant.track("ada", "signIn", body).await
    }

    /// A user with these methods tracks an action, and the page is opened.
    async fn challenged(methods: &[&str]) -> Self {
        let mut visit = Self::new().await;
        for method in methods {
            visit.enroll(method).await;
        }
        let tracked = visit.track(json!({})).await;
        assert_eq!(tracked["state"], "CHALLENGE_REQUIRED");
        visit.open(text(&tracked["url"])).await;
        visit
    }

    fn messages(&self) -> usize {
        self.tenant.server.messages().len()
    }

    // The browser.

    /// Opens an address, and follows redirects within the mock.
    async fn open(&mut self, url: &str) {
        self.go(Request::new("GET", local(url))).await;
    }

    async fn go(&mut self, request: Request) {
        let mut request = request;
        self.left_to = None;
        for _ in 0..5 {
            let answer = self.tenant.send(&request).await;
            self.status = answer.status;
            request.target.clone_into(&mut self.address);
            self.html = answer.text();
            let Some(location) = answer.header("location") else {
                return;
            };
            assert_eq!(answer.status, 303);
            if !location.starts_with('/') {
                self.left_to = Some(location.to_owned());
                return;
            }
            request = Request::new("GET", location);
        }
        panic!("too many redirects, the last to {}", self.address);
    }

    async fn reload(&mut self) {
        let address = self.address.clone();
        self.open(&address).await;
    }

    /// The form that goes to this address, and its members.
    fn form(&self, action: &str) -> Vec<(String, String)> {
        let start = format!("action=\"{action}\"");
        let form = self.html.split("<form").find(|form| form.contains(&start));
        let form = form.unwrap_or_else(|| panic!("no form for {action} in\n{}", self.html));
        let form = form.split("</form>").next().unwrap();
        form.split("<input ")
            .skip(1)
            .filter(|input| input.starts_with("type=\"hidden\""))
            .map(|input| (attribute(input, "name"), attribute(input, "value")))
            .collect()
    }

    /// Fills in the first form that goes to this address, and sends it.
    async fn submit(&mut self, action: &str, filled: &[(&str, &str)]) {
        let request = self.filled(action, filled);
        self.go(request).await;
    }

    fn filled(&self, action: &str, filled: &[(&str, &str)]) -> Request {
        let mut members = self.form(action);
        members.retain(|(name, _)| filled.iter().all(|(other, _)| name != other));
        let filled = filled
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        members.extend(filled);
        let pairs = members
            .iter()
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
        let mut request = Request::new("POST", action)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Origin", &format!("http://{HOST}"));
        request.body = pairs.collect::<Vec<_>>().join("&").into_bytes();
        request
    }

    /// The address of the link that says this.
    fn link(&self, says: &str) -> Option<String> {
        let mut links = self.html.split("<a ").skip(1);
        let link = links.find(|link| link.split("</a>").next().unwrap().contains(says))?;
        Some(attribute(link, "href"))
    }

    async fn follow(&mut self, says: &str) {
        let link = self.link(says);
        let link = link.unwrap_or_else(|| panic!("no link {says} in\n{}", self.html));
        self.open(&link).await;
    }

    fn heading(&self) -> String {
        let heading = self.html.split("<h1>").nth(1);
        let heading = heading.unwrap_or_else(|| panic!("no heading in\n{}", self.html));
        heading.split("</h1>").next().unwrap().to_owned()
    }

    /// What a page says as an alert.
    fn alert(&self) -> Option<String> {
        let alert = self.html.split("role=\"alert\">").nth(1)?;
        alert.split('<').next().map(str::to_owned)
    }

    /// The token that the page carries.
    fn token(&self) -> String {
        let input = self.html.split("name=\"token\" ").nth(1);
        let input = input.unwrap_or_else(|| panic!("no token in\n{}", self.html));
        attribute(input, "value")
    }

    /// The token that the application got back.
    fn returned(&self) -> String {
        let url = self.left_to.as_deref();
        let url = url.unwrap_or_else(|| panic!("still at {}:\n{}", self.address, self.html));
        let rest = url.strip_prefix("https://app.test/callback?order=7&token=");
        let rest = rest.unwrap_or_else(|| panic!("{url} is not the application's"));
        rest.strip_suffix("#done").unwrap().to_owned()
    }

    /// That the application got a token back, and what it proves.
    async fn proof(&self) -> Value {
        self.tenant.validate(&self.returned().into()).await
    }
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

/// The target of a URL on the mock.
fn local(url: &str) -> &str {
    let own = format!("http://{HOST}");
    url.strip_prefix(own.as_str()).unwrap_or(url)
}

/// The value of an attribute, its references resolved.
fn attribute(tag: &str, name: &str) -> String {
    let start = format!("{name}=\"");
    let value = tag.split(&start).nth(1);
    let value = value.unwrap_or_else(|| panic!("no {name} in {tag}"));
    plain(value.split('"').next().unwrap())
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// Percent-encodes whatever a form could mistake.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
