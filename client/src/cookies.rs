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
    texts
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| cookie::Cookie::split_parse(text.to_owned()))
        .filter_map(Result::ok)
        .filter(move |cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}
