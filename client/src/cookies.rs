//! The cookies that a request carries. Must not know what they are for.

use http::HeaderMap;
use http::header::COOKIE;

/// The values of all cookies of a name, in the order of the request. Browsers send two of a name if another path or host of
/// the site has set one as well.
pub(crate) fn of_name<'a>(
    headers: &'a HeaderMap,
    name: &'a str,
) -> impl Iterator<Item = String> + 'a {
    let texts = headers.get_all(COOKIE).iter();
    // Scripts set cookies that are not ASCII, and the browser sends them beside ours.
    texts
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .flat_map(cookie::Cookie::split_parse)
        .filter_map(Result::ok)
        .filter(move |cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_beside_ones_that_are_not_ascii() {
        for others in ["theme=gr\u{fc}n; ", "a=1; ", ""] {
            let value = HeaderValue::from_bytes(format!("{others}ours=x").as_bytes());
            let headers = HeaderMap::from_iter([(COOKIE, value.unwrap())]);
            assert_eq!(of_name(&headers, "ours").collect::<Vec<_>>(), ["x"]);
        }
        let broken = HeaderValue::from_bytes(b"theme=\xff; ours=x").unwrap();
        let headers = HeaderMap::from_iter([(COOKIE, broken)]);
        assert_eq!(of_name(&headers, "ours").collect::<Vec<_>>(), ["x"]);
    }
}
