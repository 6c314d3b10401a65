//! Rust names for wire names, by the same rules as progenitor and typify, so that emitted code can refer to theirs.

use heck::{ToPascalCase, ToSnakeCase};

/// `snake_case`, for functions, fields and parameters.
pub fn snake(wire: &str) -> String {
    identifier(
        &wire.replace('\'', "").replace(foreign, "-").to_snake_case(),
        "x",
    )
}

/// `PascalCase`, for types and enum variants.
pub fn pascal(wire: &str) -> String {
    identifier(
        &wire
            .replace('\'', "")
            .replace(foreign, "-")
            .to_pascal_case(),
        "X",
    )
}

/// `SCREAMING_CASE`, for constants.
pub fn screaming(wire: &str) -> String {
    snake(wire).to_uppercase()
}

fn foreign(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || c == '_')
}

fn identifier(name: &str, prefix: &str) -> String {
    let name = match name.chars().next() {
        None => prefix.to_owned(),
        Some(first) if first.is_ascii_alphabetic() => name.to_owned(),
        Some(_) => format!("{prefix}{name}"),
    };
    let reserved = syn::parse_str::<syn::Ident>(&name).is_err() || name == "gen";
    if reserved { format!("{name}_") } else { name }
}

/// Name of a status code's variant: `404` is `NotFound`. `None` for codes without a registered name.
pub fn status(code: u16) -> Option<&'static str> {
    Some(match code {
        200 => "Ok",
        201 => "Created",
        202 => "Accepted",
        203 => "NonAuthoritativeInformation",
        204 => "NoContent",
        206 => "PartialContent",
        207 => "MultiStatus",
        400 => "BadRequest",
        401 => "Unauthorized",
        402 => "PaymentRequired",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        406 => "NotAcceptable",
        408 => "RequestTimeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "LengthRequired",
        412 => "PreconditionFailed",
        413 => "ContentTooLarge",
        414 => "UriTooLong",
        415 => "UnsupportedMediaType",
        416 => "RangeNotSatisfiable",
        422 => "UnprocessableContent",
        423 => "Locked",
        424 => "FailedDependency",
        425 => "TooEarly",
        428 => "PreconditionRequired",
        429 => "TooManyRequests",
        431 => "RequestHeaderFieldsTooLarge",
        451 => "UnavailableForLegalReasons",
        500 => "InternalServerError",
        501 => "NotImplemented",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_generator() {
        assert_eq!(snake("advanceSeconds"), "advance_seconds");
        assert_eq!(snake("type"), "type_");
        assert_eq!(pascal("NO_MOBILE_DEVICE"), "NoMobileDevice");
        assert_eq!(pascal("walk-away"), "WalkAway");
        assert_eq!(pascal("1st"), "X1st");
        assert_eq!(screaming("addUsers"), "ADD_USERS");
    }
}
