"""A mock of Authsignal and Activeconnect for tests: one mock for all of them, and a tenant for each.

With pytest, use the fixture ``stepup``. Elsewhere::

    with stepup_mock.start() as mock, mock.create_tenant() as tenant:
        ...
"""

from .errors import MockError, MockNotFound, MockUnreachable, NoMessage, Refused
from .server import Mock, start
from .tenant import Clock, Inbox, Journal, Message, Request, Tenant

__all__ = [
    "Clock",
    "Inbox",
    "Journal",
    "Message",
    "Mock",
    "MockError",
    "MockNotFound",
    "MockUnreachable",
    "NoMessage",
    "Refused",
    "Request",
    "Tenant",
    "start",
]
