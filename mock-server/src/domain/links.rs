//! The URLs in the mock's answers: a path template below the address that the caller used. Knows no vendor.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value as one path segment.
fn segment(value: &str) -> String {
    utf8_percent_encode(value, ESCAPED).to_string()
}

/// The URL of a path template such as `/register/{application_id}/{registration_token}`, its parameters filled in
/// order.
pub fn url(base: &str, template: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut url = base.to_owned();
    for part in template.split('/').skip(1) {
        url.push('/');
        if part.starts_with('{') {
            url.push_str(
                &values
                    .next()
                    .map_or_else(String::new, |value| segment(value)),
            );
        } else {
            url.push_str(part);
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn parameters_are_filled_in_as_one_segment_each() {
        let made = url(
            "http://h:1",
            "/register/{application_id}/{registration_token}",
            &["a/b c", "t"],
        );
        assert_eq!(made, "http://h:1/register/a%2Fb%20c/t");
    }
}
