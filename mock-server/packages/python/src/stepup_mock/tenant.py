"""A tenant of the mock, with its clock, inbox and journal. Knows nothing of pytest."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from .control import Control, takes_tenant
from .errors import MockUnreachable, NoMessage, Refused

#: How many messages and requests one call lists at most.
LISTED = 1000
#: How many requests of the journal a failing test shows.
SHOWN = 20
#: How much of a body it shows.
SHOWN_OF_BODY = 1000
#: Why there may be no message.
EMPTY = (
    "The inbox of this test is empty. track sends no code: the hosted page does, or the application by"
    " /v1/client/challenge/... or /v1/challenge. See the journal."
)
#: Why there may be no request.
LIVE = (
    "If the application has called a vendor's SDK, that went to the vendor's live service: Authsignal's SDK calls it without"
    " an api_url, those of Activeconnect and IAMPASS without their environment variable at import."
)
#: Seconds that one call waits at most; then it is sent again.
WAIT_AT_ONCE = 30.0


class Tenant:
    """A tenant: what an application is pointed at, and what a test sees and moves."""

    def __init__(self, control: Control, created: Mapping[str, Any], *, ours: bool = True) -> None:
        self._control = control
        # One that was there before stays at the end of a `with`.
        self._ours = ours
        #: Its name in the control API.
        self.id: str = created["id"]
        authsignal, activeconnect = created["authsignal"], created["activeconnect"]
        #: The mock's URL. Activeconnect's and IAMPASS's clients take it as their server.
        self.url = control.url
        #: Base URL of Authsignal's APIs: ``api_url`` of the Python SDK.
        self.api_url = f"{control.url}/v1"
        #: Secret of Authsignal's Server API: ``api_secret_key`` of the Python SDK.
        self.api_secret_key: str = authsignal["secretKey"]
        #: Id of the Authsignal tenant, for browsers and apps.
        self.tenant_id: str = authsignal["tenantId"]
        #: Secret of Authsignal's Management API.
        self.management_secret_key: str = authsignal["managementSecretKey"]
        #: Secret of the tenant's terminals.
        self.terminal_secret_key: str = authsignal["terminalSecretKey"]
        #: Activeconnect's or IAMPASS's application.
        self.application_id: str = activeconnect["applicationId"]
        self.application_secret: str = activeconnect["applicationSecret"]
        self.clock = Clock(control, self.id)
        self.inbox = Inbox(control, self.id)
        self.journal = Journal(control, self.id)

    @property
    def env(self) -> Dict[str, str]:
        """Environment variables for an application that reads its settings there, as the vendors' examples do.

        Activeconnect's and IAMPASS's packages read theirs themselves. Authsignal's SDK reads none: pass it ``api_url``.
        """
        return {
            "AUTHSIGNAL_API_URL": self.api_url,
            "AUTHSIGNAL_URL": self.api_url,
            "AUTHSIGNAL_API_SECRET": self.api_secret_key,
            "AUTHSIGNAL_API_SECRET_KEY": self.api_secret_key,
            "AUTHSIGNAL_SECRET": self.api_secret_key,
            "AUTHSIGNAL_SECRET_KEY": self.api_secret_key,
            "AUTHSIGNAL_TENANT_ID": self.tenant_id,
            "ACTIVE_CONNECT_SERVER": self.url,
            "IAMPASS_SERVER": self.url,
        }

    def succeed_challenge(self, user_id: str, action: Optional[str] = None) -> None:
        """Passes the challenge of the user's newest action that waits for one, or of this action."""
        self._challenge("succeed", user_id, action)

    def fail_challenge(self, user_id: str, action: Optional[str] = None) -> None:
        """Fails the challenge of the user's newest action that waits for one, or of this action."""
        self._challenge("fail", user_id, action)

    def _challenge(self, end: str, user_id: str, action: Optional[str]) -> None:
        __tracebackhide__ = True
        subject = {"userId": user_id, **({} if action is None else {"action": action})}
        self.control("POST", f"/_mock/challenge/{end}", subject)

    def register_phone(self, link: str) -> None:
        """Opens a registration link of Activeconnect or IAMPASS on the simulated phone of its user."""
        __tracebackhide__ = True
        self.control("POST", "/_mock/phone/register", {"link": link})

    def approve_on_phone(self, user_id: str) -> None:
        """Approves the user's newest request of Activeconnect or IAMPASS, on the simulated phone."""
        __tracebackhide__ = True
        self.control("POST", "/_mock/phone/approve", {"userId": user_id})

    def deny_on_phone(self, user_id: str) -> None:
        """Denies the user's newest request of Activeconnect or IAMPASS, on the simulated phone."""
        __tracebackhide__ = True
        self.control("POST", "/_mock/phone/deny", {"userId": user_id})

    def faults(self, *faults: Union[Mapping[str, Any], Sequence[Mapping[str, Any]]]) -> None:
        """Plans what goes wrong with the tenant's next requests, such as ``faults({"operation": "track", "status": 503})``.

        The faults replace those that are planned; none at all takes them back. The control API lists what a fault can be.
        """
        __tracebackhide__ = True
        self.control("POST", "/_mock/faults", {"faults": _listed(faults)})

    def scenarios(self, *scenarios: Union[Mapping[str, Any], Sequence[Mapping[str, Any]]]) -> None:
        """Plans what happens next in the tenant, such as ``scenarios({"userId": "ada", "outcome": "BLOCK"})``.

        The scenarios replace those that are planned; none at all takes them back. The control API lists what a scenario
        can be.
        """
        __tracebackhide__ = True
        self.control("POST", "/_mock/scenarios", {"scenarios": _listed(scenarios)})

    def verify(
        self,
        *expected: Union[Mapping[str, Any], Sequence[Mapping[str, Any]]],
        in_order: bool = False,
        nothing_else: bool = False,
    ) -> None:
        """Checks which requests the tenant got, such as ``verify({"pattern": {"operation": "track"}, "exactly": 1})``.

        With ``in_order``, each comes after the one before it; with ``nothing_else``, no other one came. Other tenants'
        requests do not count. If it is not so, this fails the test with the nearest request and how it differs.
        """
        __tracebackhide__ = True
        wanted = {"expected": _listed(expected), "inOrder": in_order, "nothingElse": nothing_else}
        checked = self.control("POST", "/_mock/verify", wanted)
        if not checked["verified"]:
            raise AssertionError(checked["text"])

    def webhooks(self, *webhooks: Union[Mapping[str, Any], Sequence[Mapping[str, Any]]]) -> None:
        """Sets where the tenant's events go, such as ``webhooks({"url": url, "events": ["email.created"]})``.

        Without ``events``, all go there. The webhooks replace those of before; none at all ends them.
        """
        __tracebackhide__ = True
        self.control("POST", "/_mock/webhooks", {"webhooks": _listed(webhooks)})

    def deliveries(self, *, settled: bool = False) -> List[Mapping[str, Any]]:
        """The events that the mock has sent or will send, newest first, with ``type``, ``progress`` and ``attempts``.

        Many events are sent after the answer to the application. With ``settled``, this waits until every one that is due has
        been sent.
        """
        __tracebackhide__ = True
        path = f"/_mock/webhooks/deliveries{'?settled=true' if settled else ''}"
        listed: List[Mapping[str, Any]] = self.control("GET", path)["deliveries"]
        return listed

    def control(self, method: str, path: str, body: Optional[Mapping[str, Any]] = None, **query: Any) -> Any:
        """Calls any operation of the control API about this tenant, such as ``control("GET", "/_mock/actions", limit=5)``.

        The call names the tenant where the operation takes one and you name none. ``stepup_mock.control.call`` is about the
        whole mock, with the tenants of other tests.
        """
        __tracebackhide__ = True
        if not path.startswith("/_mock/"):
            raise ValueError(f"{path!r} is no path of the control API; it begins with /_mock/, as /_mock/verify does")
        if method == "GET" and body is not None:
            raise ValueError(f"a GET takes no body; pass what it asks for by name: control('GET', {path!r}, limit=5)")
        plain = path.partition("?")[0]
        if takes_tenant(method, plain):
            if body is None:
                query = {"tenant": self.id, **query}
            elif plain == "/_mock/authsignal":
                # Its `tenant` has the settings of the tenant.
                body = {"tenantId": self.tenant_id, **body}
            elif not {"tenant", "tenantId", "applicationId"} & body.keys():
                body = {"tenant": self.id, **body}
        return self._control.call(method, path, body, query=query)

    def delete(self) -> None:
        """Removes the tenant from the mock. It is no error if somebody has done so before."""
        try:
            self._control.call("DELETE", f"/_mock/tenants/{self.id}")
        except Refused as refused:
            if refused.status != 404:
                raise

    def __enter__(self) -> "Tenant":
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            self.delete()

    def __repr__(self) -> str:
        return f"<tenant {self.id} of {self.url}>"


class Clock:
    """The clock of a tenant. It runs with the machine's until a test moves it."""

    def __init__(self, control: Control, tenant: str) -> None:
        self._control = control
        self._tenant = tenant

    def now(self) -> datetime:
        """The tenant's time."""
        return _time(self._control.call("GET", "/_mock/clock", query={"tenant": self._tenant})["now"])

    def freeze(self, at: Union[datetime, str, None] = None) -> datetime:
        """Stops the clock, now or at a time."""
        return self._change(freeze=True, **({} if at is None else {"time": _text(at)}))

    def release(self) -> datetime:
        """Lets a frozen clock run on."""
        return self._change(freeze=False)

    def set(self, to: Union[datetime, str]) -> datetime:
        """Sets the clock to a time, also an earlier one."""
        return self._change(time=_text(to))

    def advance(self, by: Union[timedelta, float, None] = None, **units: float) -> datetime:
        """Moves the clock forward: ``advance(minutes=10)``, ``advance(90)`` for seconds, or by a ``timedelta``.

        Webhooks that fall due on the way are sent, in their order, before this returns.
        """
        delta = by if isinstance(by, timedelta) else timedelta(seconds=by or 0)
        delta += timedelta(**units)
        if delta < timedelta(0):
            raise ValueError("a clock advances forward only; use set() for an earlier time")
        return self._change(advanceMilliseconds=delta // timedelta(milliseconds=1))

    def _change(self, **change: Any) -> datetime:
        return _time(self._control.call("POST", "/_mock/clock", {"tenant": self._tenant, **change})["now"])


@dataclass(frozen=True)
class Message:
    """A message that the mock would have sent to a person."""

    id: str
    #: ``sms``, ``email`` or ``whatsapp``.
    channel: str
    to: str
    #: The whole text.
    text: str
    #: The code in it, or ``None``.
    code: Optional[str]
    #: The link in it, or ``None``.
    url: Optional[str]
    created_at: datetime

    @property
    def _number(self) -> int:
        return int(self.id.rsplit(":", 1)[1])


class Inbox:
    """The messages of a tenant."""

    def __init__(self, control: Control, tenant: str) -> None:
        self._control = control
        self._tenant = tenant
        # The newest message to each address that wait_for has returned.
        self._read: Dict[str, int] = {}

    def messages(self, to: Optional[str] = None) -> List[Message]:
        """The messages, newest first: all, or those to an address or phone number."""
        return self._list({"to": to})

    def wait_for(self, to: Optional[str] = None, *, timeout: float = 10.0) -> Message:
        """The newest message to an address or phone number, or to anybody. If there is none yet, waits for it.

        Each message is returned once: after a second challenge, this waits for the second code.
        """
        __tracebackhide__ = True
        deadline = time.monotonic() + timeout
        listed = self.messages(to)
        while True:
            unread = [one for one in listed if one._number > self._read.get(one.to.lower(), 0)]
            if unread:
                newest = unread[0]
                self._read[newest.to.lower()] = newest._number
                return newest
            left = deadline - time.monotonic()
            if left <= 0:
                raise NoMessage(self._nothing_came(to, timeout))
            # The mock answers as soon as there is one.
            wait = f"{math.ceil(min(left, WAIT_AT_ONCE) * 1000)}ms"
            listed = self._list({"to": to, "after": listed[0].id if listed else None, "wait": wait}) or listed

    def _list(self, query: Mapping[str, Any]) -> List[Message]:
        given = {"tenant": self._tenant, "limit": LISTED, **query}
        answer = self._control.call("GET", "/_mock/messages", query=given)
        if answer.get("stopped") and not answer["messages"]:
            raise MockUnreachable("the mock stopped while the test waited for a message")
        return [_message(one) for one in answer["messages"]]

    def _nothing_came(self, to: Optional[str], timeout: float) -> str:
        said = f"no {'message' if to is None else f'message to {to}'} came within {timeout:g} s."
        there = self.messages()
        if not there:
            return f"{said} {EMPTY}"
        lines = [f"  {one.channel} to {one.to}: {one.text}{self._mark(one)}" for one in there[:20]]
        return "\n".join([said, "The inbox of this test has, newest first:", *lines])

    def _mark(self, message: Message) -> str:
        read = message._number <= self._read.get(message.to.lower(), 0)
        return "  (read before; messages() shows it again)" if read else ""


@dataclass(frozen=True)
class Request:
    """A request that the mock has answered."""

    number: int
    method: str
    #: Path and query, without secrets.
    target: str
    status: int
    #: The operation in the specs, such as ``track``, or ``None`` if none has this path.
    operation: Optional[str]
    #: Why the mock refused the request, or ``None``.
    reason: Optional[str]
    #: What is wrong with the request, although the mock did not refuse it, or ``None``.
    warning: Optional[str]
    at: datetime

    def __str__(self) -> str:
        said = f"{self.status} {self.method} {self.target} ({self.operation or 'no operation'})"
        if self.reason:
            said += f"\n      refused: {self.reason}"
        if self.warning:
            said += f"\n      warning: {self.warning}"
        return said


class Journal:
    """The requests of a tenant."""

    def __init__(self, control: Control, tenant: str) -> None:
        self._control = control
        self._tenant = tenant
        self._created = time.monotonic()

    def requests(self, search: Optional[str] = None) -> List[Request]:
        """The requests, oldest first: all, or those with all words of ``search`` in method, target, operation or status."""
        query = {"tenant": self._tenant, "search": search, "limit": LISTED}
        listed = self._control.call("GET", "/_mock/journal", query=query)["requests"]
        return [_request(one) for one in reversed(listed)]

    def bodies(self, number: int) -> Mapping[str, Any]:
        """A request with its bodies, as ``GET /_mock/journal/{number}`` shows it."""
        detail: Mapping[str, Any] = self._control.call("GET", f"/_mock/journal/{number}")
        return detail

    def text(self) -> str:
        """The journal as a failing test shows it: the newest requests with their bodies, oldest first."""
        requests = self.requests()
        lines = [f"  ({len(requests) - SHOWN} earlier requests)"] if len(requests) > SHOWN else []
        lines += [line for one in requests[-SHOWN:] for line in self._lines(one)]
        if not requests:
            lines.append("  The mock got no request with the credentials of this test's tenant.")
            lines += _proxied(self._control.url)
        lines += [f"  This fault is still planned: {json.dumps(one)}" for one in self._unmet()]
        lines += [f"  {line}" for line in self._undelivered()]
        strays = self._of_nobody()
        if not requests and not strays:
            lines.append(f"  {LIVE}")
        if strays:
            lines.append("  Requests that belong to no tenant, from this test or from one beside it:")
            lines += [line for one in strays for line in self._lines(one)]
        return "\n".join(lines)

    def _unmet(self) -> List[Mapping[str, Any]]:
        """The faults that have not applied as often as they were planned."""
        tenants = self._control.call("GET", "/_mock/faults", query={"tenant": self._tenant})["tenants"]
        return [one for tenant in tenants for one in tenant["faults"] if not one.get("always")]

    def _undelivered(self) -> List[str]:
        """The newest webhooks that their receivers did not take."""
        query = {"tenant": self._tenant}
        listed = self._control.call("GET", "/_mock/webhooks/deliveries", query=query)["deliveries"]
        tried = [one for one in listed if one["progress"] != "taken" and one["attempts"]]
        return [_refused(one) for one in reversed(tried[:SHOWN])]

    def _lines(self, request: Request) -> List[str]:
        detail = self.bodies(request.number)
        bodies = [(name, detail.get(name, {}).get("text")) for name in ("request", "answer")]
        return [f"  {request}", *(f"      {name}: {_shortened(text)}" for name, text in bodies if text)]

    def _of_nobody(self) -> List[Request]:
        """The newest requests that belong to no tenant: those of an application with a wrong secret, for example."""
        listed = self._control.call("GET", "/_mock/journal", query={"limit": LISTED})["requests"]
        # On the mock's clock, which may not be the machine's.
        now = _time(self._control.call("GET", "/_mock/clock")["now"])
        since = now - timedelta(seconds=time.monotonic() - self._created, milliseconds=1)
        strays = [_request(one) for one in listed if "tenant" not in one]
        return [one for one in reversed(strays[:SHOWN]) if one.at >= since]


def _listed(given: Sequence[Any]) -> List[Any]:
    """What was given one by one, or as one list."""
    return list(given[0]) if len(given) == 1 and isinstance(given[0], (list, tuple)) else list(given)


def _message(one: Mapping[str, Any]) -> Message:
    created_at = _time(one["createdAt"])
    return Message(one["id"], one["channel"], one["to"], one["text"], one.get("code"), one.get("url"), created_at)


def _refused(delivery: Mapping[str, Any]) -> str:
    last = delivery["attempts"][-1]
    why = f"answered {last['status']}" if "status" in last else last.get("error", "gave no answer")
    return f"webhook {delivery['type']} to {delivery['target']} ({delivery['progress']}): {why}"


def _request(one: Mapping[str, Any]) -> Request:
    optional = {name: one.get(name) for name in ("operation", "reason", "warning")}
    return Request(one["number"], one["method"], one["target"], one["status"], at=_time(one["at"]), **optional)


def _proxied(url: str) -> List[str]:
    """What to do if the environment sends requests to the mock through a proxy."""
    parts = urlsplit(url)
    if parts.scheme not in getproxies_environment() or proxy_bypass(parts.hostname or ""):
        return []
    name = f"{parts.scheme.upper()}_PROXY"
    return [f"  {name} sends requests to {parts.hostname} through a proxy: set NO_PROXY={parts.hostname}"]


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_OF_BODY else f"{text[:SHOWN_OF_BODY]}…"


def _time(text: str) -> datetime:
    # datetime.fromisoformat reads neither Z nor a fraction of any length before Python 3.11.
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole).replace(microsecond=int(fraction[:6].ljust(6, "0")), tzinfo=timezone.utc)


def _text(moment: Union[datetime, str]) -> str:
    if isinstance(moment, str):
        return moment
    if moment.tzinfo is None:
        raise ValueError("the time needs a time zone: datetime(2026, 1, 1, tzinfo=timezone.utc)")
    return moment.isoformat()
