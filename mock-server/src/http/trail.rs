//! How far a path goes along the paths of operations, and what may follow there. Knows no operation.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::likeness::nearest;

/// How many words an explanation lists at most.
const LISTED: usize = 16;

/// Where a path leaves those of all templates, such as `/v1/users/{userId}`. The explanation shows templates, and no part of the
/// path: that may be a secret. `None` if it has nothing in common with them.
pub(super) fn departure<'a>(
    path: &str,
    templates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let mut ahead: Vec<Vec<&str>> = templates
        .into_iter()
        .map(|template| parts(template).collect())
        .collect();
    let mut passed = String::new();
    for (at, part) in parts(path).enumerate() {
        let on: Vec<_> = ahead
            .iter()
            .filter(|template| leads(template, at, part))
            .cloned()
            .collect();
        // A word says more than a parameter that stands for all words.
        let words: Vec<_> = on
            .iter()
            .filter(|template| template.get(at) == Some(&part))
            .cloned()
            .collect();
        let on = if words.is_empty() { on } else { words };
        let Some(step) = on.first().and_then(|template| template.get(at)) else {
            return explained(&passed, at, Some(part), &ahead);
        };
        let _ = write!(passed, "/{step}");
        ahead = on;
    }
    let end = parts(path).count();
    explained(&passed, end, None, &ahead)
}

/// The template of a path; of several, the one with the most words.
pub(super) fn template<'a>(
    path: &str,
    templates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let fits = |template: &&str| {
        let template: Vec<_> = parts(template).collect();
        let mut each = parts(path).enumerate();
        parts(path).count() == template.len() && each.all(|(at, part)| leads(&template, at, part))
    };
    let fitting = templates.into_iter().filter(fits);
    fitting.min_by_key(|template| template.matches('{').count())
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').skip(1)
}

fn leads(template: &[&str], at: usize, part: &str) -> bool {
    let own = template.get(at).copied();
    own.is_some_and(|own| own == part || own.starts_with('{') && !part.is_empty())
}

/// What may follow after `passed`, in place of `part`, which the templates do not have there.
fn explained(passed: &str, at: usize, part: Option<&str>, ahead: &[Vec<&str>]) -> Option<String> {
    if passed.is_empty() {
        return None;
    }
    let next: BTreeSet<&str> = ahead
        .iter()
        .filter_map(|template| template.get(at).copied())
        .collect();
    if next.is_empty() {
        return Some(format!("no path goes on after {passed}"));
    }
    let meant = part.and_then(|part| {
        nearest(
            part,
            next.iter().copied().filter(|word| !word.starts_with('{')),
        )
    });
    let meant = meant.map_or_else(String::new, |word| {
        format!("; did you mean {passed}/{word}?")
    });
    let more = if next.len() > LISTED { ", …" } else { "" };
    let listed: Vec<_> = next.into_iter().take(LISTED).collect();
    Some(format!(
        "after {passed} may come {}{more}{meant}",
        listed.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::{departure, template};

    const TEMPLATES: [&str; 7] = [
        "/v1/users",
        "/v1/users/{userId}",
        "/v1/users/{userId}/actions/{action}",
        "/v1/client/challenge/sms",
        "/v1/client/challenge/email-otp",
        "/v1/client/verify/sms",
        "/v1/validate",
    ];

    #[test]
    fn it_says_where_a_path_leaves_all_others_and_what_may_follow() {
        let told = |path| departure(path, TEMPLATES).unwrap();
        assert_eq!(
            told("/v1/client/challenge/sms-opt"),
            "after /v1/client/challenge may come email-otp, sms"
        );
        assert_eq!(
            told("/v1/client/challenge/email_otp"),
            "after /v1/client/challenge may come email-otp, sms; did you mean /v1/client/challenge/email-otp?"
        );
        assert_eq!(
            told("/v1/client/challenge"),
            "after /v1/client/challenge may come email-otp, sms"
        );
        assert_eq!(
            told("/v1/users/SECRET/action/pay"),
            "after /v1/users/{userId} may come actions; did you mean /v1/users/{userId}/actions?"
        );
        assert_eq!(
            told("/v1/users/ada/actions"),
            "after /v1/users/{userId}/actions may come {action}"
        );
        assert_eq!(
            told("/v1/validate/token"),
            "no path goes on after /v1/validate"
        );
        assert_eq!(
            told("/v1/valdiate"),
            "after /v1 may come client, users, validate; did you mean /v1/validate?"
        );
    }

    #[test]
    fn a_path_has_the_template_with_the_most_words() {
        for (path, found) in [
            ("/v1/users/ada", Some("/v1/users/{userId}")),
            ("/v1/validate", Some("/v1/validate")),
            ("/v1/users/", None),
            ("/v1/users/ada/actions", None),
        ] {
            assert_eq!(template(path, TEMPLATES), found, "{path}");
        }
        let both = ["/v1/{word}", "/v1/users"];
        assert_eq!(template("/v1/users", both), Some("/v1/users"));
    }

    #[test]
    fn it_says_nothing_of_a_path_that_has_nothing_in_common_with_them() {
        for path in ["/", "/v2/users", "/index.html", "", "*"] {
            assert_eq!(departure(path, TEMPLATES), None, "{path}");
        }
    }
}
