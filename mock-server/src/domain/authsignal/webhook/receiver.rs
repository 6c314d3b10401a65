//! The URL of a receiver as people may see it. Knows no event.

use url::Url;

/// Members of settings that are URLs of receivers.
pub const MEMBERS: [&str; 4] = ["endpointUrl", "url", "verificationWebhookUrl", "webhookUrl"];

/// What stands in place of a part that may be secret.
const HIDDEN: &str = "***";

/// A URL with its user, password, query and fragment hidden, because they may hold keys of the receiver.
pub fn shown(url: &str) -> String {
    let Ok(mut read) = Url::parse(url) else {
        return HIDDEN.to_owned();
    };
    let has_user = !read.username().is_empty() || read.password().is_some();
    if !has_user && read.query().is_none() && read.fragment().is_none() {
        return url.to_owned();
    }
    // Neither fails for a URL that has a user.
    if has_user {
        let _ = read.set_password(None);
        let _ = read.set_username(HIDDEN);
    }
    if read.query().is_some() {
        read.set_query(Some(HIDDEN));
    }
    read.set_fragment(None);
    read.into()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_url_shows_where_it_leads_and_no_key() {
        for (url, told) in [
            ("http://127.0.0.1:9/hook", "http://127.0.0.1:9/hook"),
            ("http://localhost", "http://localhost"),
            (
                "http://user:hunter2@localhost:9/l?token=hunter2#hunter2",
                "http://***@localhost:9/l?***",
            ),
            ("http://hunter2@localhost/", "http://***@localhost/"),
            ("http:\\\\user:hunter2@localhost", "http://***@localhost/"),
            ("http:///user:hunter2@localhost", "http://***@localhost/"),
            ("localhost/hunter2", "***"),
        ] {
            assert_eq!(shown(url), told, "{url}");
        }
    }
}
