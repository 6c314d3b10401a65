//! Which requests the proxy passes on at all. It puts the host of the server in place of its own, so the server cannot check
//! any more by which name a web page has reached it: the proxy does, as the mock does.

use axum::extract::Request;
use http::header::HOST;
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;

use crate::http::is_own;

/// Where the control API of a mock is, which asks for no key.
const CONTROL: &str = "_mock";

/// The names by which the proxy may be called.
#[derive(Debug)]
pub(super) struct Gate {
    allowed: Vec<String>,
}

impl Gate {
    pub(super) fn new(allowed: &[String]) -> Self {
        Self {
            allowed: allowed.to_vec(),
        }
    }

    /// Why a request is not passed on, and the status of the answer.
    pub(super) fn objection(&self, request: &Request) -> Option<(StatusCode, String)> {
        let hosts = request.headers().get_all(HOST);
        if hosts.iter().nth(1).is_some() {
            let why = "the header Host is given more than once; send it once";
            return Some((StatusCode::BAD_REQUEST, why.to_owned()));
        }
        let target = request.uri().authority();
        let target = target.map(|authority| authority.as_str().as_bytes());
        let mut named = hosts.iter().map(HeaderValue::as_bytes).chain(target);
        let allowed: Vec<&str> = self.allowed.iter().map(String::as_str).collect();
        let is_foreign = |host: &[u8]| {
            !std::str::from_utf8(host).is_ok_and(|host| host.is_empty() || is_own(&allowed, host))
        };
        if named.any(is_foreign) {
            let why = "the proxy does not accept this host name, because a web page could use it to reach this machine; use localhost \
                       or 127.0.0.1, or start the proxy with --allow-host NAME";
            return Some((StatusCode::FORBIDDEN, why.to_owned()));
        }
        if request.method() == Method::CONNECT {
            let why = "the proxy makes no tunnels; give your application the URL of the proxy as its base URL";
            return Some((StatusCode::METHOD_NOT_ALLOWED, why.to_owned()));
        }
        of_path(request.uri().path())
    }
}

fn of_path(path: &str) -> Option<(StatusCode, String)> {
    let decoded = percent_decode_str(path)
        .decode_utf8_lossy()
        .replace('\\', "/");
    let mut segments = decoded.split('/').filter(|segment| !segment.is_empty());
    // A client resolves them, and asks for another path than it was given.
    if segments
        .clone()
        .any(|segment| matches!(segment, "." | ".."))
    {
        let why = "the path has the segment . or ..; send the path that it stands for";
        return Some((StatusCode::BAD_REQUEST, why.to_owned()));
    }
    (segments.next() == Some(CONTROL)).then(|| {
        let why = "the proxy does not pass on the control API of a mock, which asks for no key; call the mock itself";
        (StatusCode::FORBIDDEN, why.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;

    use super::Gate;

    #[test]
    fn no_web_page_and_no_path_leads_past_the_gate() {
        let gate = Gate::new(&["proxy.test".to_owned()]);
        let status = |host: &str, target: &str| {
            let request = Request::get(target).header("Host", host);
            let objection = gate.objection(&request.body(Body::empty()).unwrap());
            objection.map_or(200, |(status, _)| status.as_u16())
        };
        for host in [
            "127.0.0.1:4760",
            "localhost",
            "proxy.test:1",
            "[::1]:1",
            "mock",
        ] {
            assert_eq!(status(host, "/v1/users/_mock"), 200, "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:4760",
            "127.0.0.1.evil.example",
            "0.0.0.0",
        ] {
            assert_eq!(status(host, "/v1/users/ada"), 403, "{host}");
        }
        assert_eq!(status("localhost", "http://evil.example/v1/users/ada"), 403);
        for target in ["/_mock", "/_mock/state", "/%5Fmock/state", "//_mock/state"] {
            assert_eq!(status("localhost", target), 403, "{target}");
        }
        for target in ["/v1/../_mock/state", "/v1/%2e%2E/_mock/state", "/./_mock"] {
            assert_eq!(status("localhost", target), 400, "{target}");
        }
        let tunnel = Request::connect("localhost:443").body(Body::empty());
        let objection = gate.objection(&tunnel.unwrap());
        assert_eq!(objection.unwrap().0.as_u16(), 405);
    }
}
