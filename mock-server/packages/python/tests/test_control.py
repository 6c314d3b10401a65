"""Calls of the control API: each is about the tenant of the test, where the operation takes one."""

import http.server
import json
import re
import threading

import pytest
import requests

from stepup_mock.control import Control, takes_tenant
from stepup_mock.errors import MockUnreachable
from stepup_mock.tenant import Inbox


def document(mock):
    return mock.control.call("GET", "/_mock/specs/mock-control.json")


def resolved(spec, value):
    while "$ref" in value:
        _, *names = value["$ref"].split("/")
        value = spec
        for name in names:
            value = value[name]
    return value


def members(spec, operation):
    """The parameters of an operation's query and the members of its body."""
    parameters = (resolved(spec, one) for one in operation.get("parameters", []))
    found = {one["name"] for one in parameters if one["in"] == "query"}
    body = resolved(spec, operation.get("requestBody", {})).get("content", {})
    for media in body.values():
        schemas = [resolved(spec, media["schema"])]
        for schema in schemas:
            found |= schema.get("properties", {}).keys()
            parts = (part for name in ("allOf", "oneOf", "anyOf") for part in schema.get(name, []))
            schemas += [resolved(spec, part) for part in parts]
    return found


def test_the_operations_that_take_no_tenant_are_those_of_the_spec(stepup_mock):
    spec = document(stepup_mock)
    seen = 0
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if method not in ("get", "post", "delete"):
                continue
            called = re.sub(r"\{\w+\}", "1", path)
            takes = bool({"tenant", "tenantId"} & members(spec, operation))
            if path == "/_mock/tenants/{tenant}":
                # Its path names the tenant already.
                takes = False
            assert takes_tenant(method.upper(), called) == takes, f"{method} {path}"
            seen += 1
    assert seen > 50


def test_a_query_may_stand_in_the_path(stepup):
    requests.post(f"{stepup.api_url}/users/ada/actions/pay", auth=(stepup.api_secret_key, ""), json={})
    assert len(stepup.control("GET", "/_mock/journal?search=track")["requests"]) == 1
    assert stepup.control("GET", "/_mock/actions?userId=ada&limit=1")["actions"][0]["action"] == "pay"
    assert stepup.control("GET", "/_mock/actions?userId=bob")["actions"] == []


def test_a_body_that_names_no_tenant_is_about_this_one(stepup, stepup_mock):
    frozen = stepup.control("POST", "/_mock/clock", {"freeze": True, "time": "2030-01-01T00:00:00Z"})
    assert frozen == {"tenant": stepup.id, "now": "2030-01-01T00:00:00Z", "frozen": True}
    with stepup_mock.create_tenant() as other:
        assert not other.control("GET", "/_mock/clock")["frozen"]
        requests.post(f"{other.api_url}/users/ada/actions/pay", auth=(other.api_secret_key, ""), json={})
    with pytest.raises(AssertionError, match="it came never"):
        stepup.verify({"pattern": {"operation": "track"}})
    stepup.control("POST", "/_mock/authsignal", {"defaultOutcome": "BLOCK"})
    assert len(stepup.control("GET", "/_mock/tenants")["tenants"]) == 1


def test_what_belongs_to_no_tenant_can_be_called(stepup):
    requests.get(f"{stepup.api_url}/users/ada", auth=(stepup.api_secret_key, ""))
    assert stepup.control("GET", "/_mock/health")["status"] == "ok"
    number = stepup.journal.requests()[0].number
    assert stepup.control("GET", f"/_mock/journal/{number}")["entry"]["operation"] == "get_user"
    assert "stepup_mock_tenants" in stepup.control("GET", "/_mock/metrics")


def test_several_can_be_given_one_by_one_or_as_a_list(stepup):
    faults = [{"operation": "track", "status": 503}, {"operation": "get_user", "status": 503}]
    for give in (lambda: stepup.faults(*faults), lambda: stepup.faults(faults)):
        give()
        assert len(stepup.control("GET", "/_mock/faults")["tenants"][0]["faults"]) == 2
    stepup.faults()
    stepup.verify([{"pattern": {"operation": "track"}, "exactly": 0}, {"pattern": {}, "exactly": 0}])
    stepup.webhooks([{"url": "http://127.0.0.1:9/hook"}])
    assert stepup.deliveries() == []


def test_a_mock_that_stops_while_a_test_waits_is_said_to_have_stopped():
    class Stopping(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            stopped = {"stopped": True} if "wait=" in self.path else {}
            answer = json.dumps({"messages": [], **stopped}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stopping) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        control = Control(f"http://127.0.0.1:{server.server_port}", lambda: "")
        with pytest.raises(MockUnreachable, match="the mock stopped while the test waited for a message"):
            Inbox(control, "t").wait_for(timeout=60)
        server.shutdown()
