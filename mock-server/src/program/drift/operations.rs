//! The operations of the vendors' APIs: by their names, and by the method and the path of a request.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::generated::{activeconnect, authsignal, authsignal_client, authsignal_management};
use crate::http::surface::{Document, Operation};

/// The name of Authsignal's Server API.
pub(super) const SERVER: &str = "authsignal";
/// The name of its Client API.
pub(super) const CLIENT: &str = "authsignal-client";
/// The name of its Management API.
pub(super) const MANAGEMENT: &str = "authsignal-management";

/// A vendor's API.
#[derive(Debug)]
pub struct Api {
    /// The name of its spec.
    pub name: &'static str,
    operations: &'static [&'static Operation],
    /// Its schemas.
    pub schemas: &'static Document,
}

static APIS: [Api; 4] = [
    Api {
        name: SERVER,
        operations: authsignal::operations::ALL,
        schemas: &authsignal::routes::SCHEMAS,
    },
    Api {
        name: CLIENT,
        operations: authsignal_client::operations::ALL,
        schemas: &authsignal_client::routes::SCHEMAS,
    },
    Api {
        name: MANAGEMENT,
        operations: authsignal_management::operations::ALL,
        schemas: &authsignal_management::routes::SCHEMAS,
    },
    Api {
        name: "activeconnect",
        operations: activeconnect::operations::ALL,
        schemas: &activeconnect::routes::SCHEMAS,
    },
];

/// The operation of that name.
pub(super) fn named(api: &str, id: &str) -> Option<&'static Operation> {
    let api = APIS.iter().find(|one| one.name == api)?;
    let mut operations = api.operations.iter().copied();
    operations.find(|operation| operation.id == id)
}

/// A segment of a path that is literal in a path of the specs.
pub(super) fn literal(segment: &str) -> Option<&'static str> {
    let operations = APIS.iter().flat_map(|api| api.operations);
    let mut segments = operations.flat_map(|operation| operation.path.split('/'));
    segments.find(|literal| *literal == segment && parameter(literal).is_none())
}

/// The operation of a request, and the values of the parameters in its path.
pub(super) struct Matched {
    pub(super) api: &'static Api,
    pub(super) operation: &'static Operation,
    pub(super) path: BTreeMap<String, String>,
}

/// The operation that a request is for. As in a router, what is literal goes before a parameter.
pub(super) fn matching(method: &str, path: &str) -> Option<Matched> {
    let candidates = APIS.iter().flat_map(|api| {
        let operations = api.operations.iter().copied();
        let of_method = operations.filter(|operation| operation.method == method);
        of_method.filter_map(move |operation| {
            let values = values(operation.path, path)?;
            Some(Matched {
                api,
                operation,
                path: values,
            })
        })
    });
    candidates.min_by_key(|matched| matched.path.len())
}

fn values(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut values = BTreeMap::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(values),
            (Some(wanted), Some(given)) => match parameter(wanted) {
                Some(name) if !given.is_empty() => {
                    let value = percent_decode_str(given).decode_utf8_lossy();
                    values.insert(name.to_owned(), value.into_owned());
                }
                _ if wanted == given => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::{matching, named};

    #[test]
    fn a_request_has_the_operation_whose_path_is_most_literal() {
        let of = |method, path| {
            let matched = matching(method, path)?;
            Some((matched.api.name, matched.operation.id))
        };
        assert_eq!(of("GET", "/v1/users/ada"), Some(("authsignal", "get_user")));
        assert_eq!(
            of("POST", "/v1/users/authenticators"),
            Some(("authsignal", "batch_enroll_passkeys"))
        );
        assert_eq!(
            of("POST", "/v1/client/challenge/sms"),
            Some(("authsignal-client", "challenge_sms"))
        );
        assert_eq!(
            of("GET", "/v1/management/tenant"),
            Some(("authsignal-management", "get_tenant"))
        );
        for nothing in ["/v1/users/", "/v2/users/ada", "/v1/users/ada/", "/"] {
            assert_eq!(of("GET", nothing), None, "{nothing}");
        }
        let matched = matching("POST", "/v1/users/a%2Fb/actions/pay").unwrap();
        assert_eq!(matched.path["userId"], "a/b");
        assert!(named("authsignal", "track").is_some());
        assert!(named("authsignal", "trak").is_none());
    }
}
