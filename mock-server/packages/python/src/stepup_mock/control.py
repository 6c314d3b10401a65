"""Calls of the mock's control API, by the standard library alone."""

from __future__ import annotations

import http.client
import json
import re
from typing import Any, Callable, Dict, Mapping, Optional
from urllib.parse import parse_qsl, urlencode, urlsplit

from .errors import MockUnreachable, Refused

#: Seconds that one call may take. Moving a clock waits for receivers of webhooks for up to a minute.
PATIENCE = 90.0
#: Operations that are about the whole mock, or about what their path names. All others take a tenant.
TENANTLESS = re.compile(
    r"GET /_mock/(health|limits|metrics|events|specs(/.*)?|journal/\d+)"
    r"|POST /_mock/(tenants|load|phone/register|passkey/(create|get))"
    r"|DELETE /_mock/(tenants|messages)/.+"
)
#: What SDKs and people call the APIs of a mock by, each below the URL of the mock.
API = re.compile(r"/(v1(/client|/management)?|_mock)$")


def takes_tenant(method: str, path: str) -> bool:
    """Whether an operation of the control API takes a tenant."""
    return not TENANTLESS.fullmatch(f"{method} {path}")


class Control:
    """The control API of the mock at a URL. Threads can share it."""

    def __init__(self, url: str, why_unreachable: Callable[[], str]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise MockUnreachable(f"{url!r} is no URL of a mock; it looks like http://127.0.0.1:4750")
        self.url = url.rstrip("/")
        api = API.search(self.url)
        if api:
            own = self.url[: api.start()].rstrip("/")
            raise MockUnreachable(f"{url!r} is the URL of an API of a mock; that of the mock itself is {own}")
        self._host = parts.hostname
        self._port = parts.port
        self._base = parts.path.rstrip("/")
        # Not urllib.request: that would send the call to the proxy that HTTP_PROXY names.
        secure = parts.scheme == "https"
        self._connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._why_unreachable = why_unreachable

    def call(
        self,
        method: str,
        path: str,
        body: Optional[Mapping[str, Any]] = None,
        *,
        query: Optional[Mapping[str, Any]] = None,
    ) -> Any:
        """Calls an operation, such as ``call("POST", "/_mock/clock", {"freeze": True})``, and returns its answer."""
        __tracebackhide__ = True
        path, _, written = path.partition("?")
        given: Dict[str, Any] = {**(query or {}), **dict(parse_qsl(written, keep_blank_values=True))}
        given = {name: value for name, value in given.items() if value is not None}
        target = self._base + path + (f"?{urlencode(given)}" if given else "")
        status, kind, text = self._exchange(method, target, None if body is None else json.dumps(body))
        if status == 200 and kind.startswith("application/openmetrics-text"):
            return text
        try:
            answer = json.loads(text)
        except ValueError:
            raise MockUnreachable(f"{self.url} is no stepup-mock: {method} {path} answered {status}") from None
        if 200 <= status < 300:
            return answer
        message = answer.get("message", text) if isinstance(answer, dict) else text
        raise Refused(status, f"{method} {path} answered {status}: {message}")

    def _exchange(self, method: str, target: str, body: Optional[str]) -> "tuple[int, str, str]":
        __tracebackhide__ = True
        connection = self._connect(self._host, self._port, timeout=PATIENCE)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, target, body and body.encode(), headers)
            response = connection.getresponse()
            kind = response.headers.get("Content-Type", "")
            return response.status, kind, response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            reason = f"{type(error).__name__}: {error}"
            raise MockUnreachable(f"the mock at {self.url} does not answer ({reason})\n{self._why_unreachable()}") from error
        finally:
            connection.close()
