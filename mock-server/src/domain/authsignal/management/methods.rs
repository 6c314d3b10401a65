//! The methods that an action configuration or a rule names: which may be used, which comes first, which is offered for
//! enrolment. Knows neither.

use super::Fault;
use super::resource::Resource;
use crate::domain::authsignal::vocabulary::Method;

/// The methods that may be used.
pub const ALLOWED: &str = "verificationMethods";
/// The methods that pages ask users to enrol.
pub const PROMPTED: &str = "promptToEnrollVerificationMethods";
/// The method that comes first.
pub const FIRST: &str = "defaultVerificationMethod";
/// All three.
pub const MEMBERS: [&str; 3] = [ALLOWED, PROMPTED, FIRST];

/// Methods that no authenticator configuration turns on: the mock can do them always.
const ALWAYS: [Method; 3] = [Method::QrCode, Method::RecoveryCode, Method::InApp];

/// Whether a method needs no authenticator configuration.
pub fn is_always_there(method: Method) -> bool {
    ALWAYS.contains(&method)
}

/// The methods that may be used, if any are named. One that the mock cannot do is left out.
pub fn allowed(of: &Resource) -> Option<Vec<Method>> {
    let words = of.texts(ALLOWED)?;
    Some(words.into_iter().filter_map(Method::of_word).collect())
}

/// The method that comes first.
pub fn first(of: &Resource) -> Option<Method> {
    of.text(FIRST).and_then(Method::of_word)
}

/// The methods that pages ask users to enrol.
pub fn prompted(of: &Resource) -> Option<Vec<Method>> {
    let words = of.texts(PROMPTED)?;
    Some(words.into_iter().filter_map(Method::of_word).collect())
}

/// Checks that the tenant offers every method that is named. A method that the mock cannot do is kept and not checked.
///
/// # Errors
/// It does not, in the vendor's words.
pub fn check(named: &Resource, offered: &[Method]) -> Result<(), Fault> {
    let lists = [ALLOWED, PROMPTED].map(|name| named.texts(name).unwrap_or_default());
    let words = lists.into_iter().flatten().chain(named.text(FIRST));
    let known = words.filter_map(Method::of_word);
    let mut missing = known.filter(|method| !offered.contains(method) && !is_always_there(*method));
    missing.next().map_or(Ok(()), |method| {
        let word = method.word();
        let why = format!("{word} is not an enabled verification method");
        Err(Fault::Invalid(why))
    })
}

/// Takes the three members out of a resource.
pub fn take(of: &mut Resource) -> Resource {
    let mut taken = Resource::default();
    for name in MEMBERS {
        if let Some(value) = of.take(name) {
            taken.set(name, value);
        }
    }
    taken
}
