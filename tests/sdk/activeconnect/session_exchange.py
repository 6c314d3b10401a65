"""Takes part in passing a session from language to language, by the package's own saved form.

    SERVER_VARIABLE=URL python session_exchange.py PACKAGE save APPLICATION_ID APPLICATION_SECRET USER
    SERVER_VARIABLE=URL python session_exchange.py PACKAGE load VERSION < saved.json

PACKAGE is `Activeconnect`, with the variable `ACTIVE_CONNECT_SERVER`, or `IAMPASS`, with `IAMPASS_SERVER`.

`save` starts an authentication and prints the saved session. `load` reads one, checks that it is saved unchanged, polls
it, prints it with its new status, and ends it.
"""

import importlib
import sys

PACKAGE = sys.argv[1]
AuthenticationAPI = importlib.import_module(f"{PACKAGE}.authentication_api").AuthenticationAPI
Session = importlib.import_module(f"{PACKAGE}.session").Session
Status = importlib.import_module(f"{PACKAGE}.status").Status

# get_status stores the wire's text, which the package's own schema then cannot save.
STATUS_IS_TEXT = {"0.0.7"}


def save(application_id, application_secret, user):
    session = AuthenticationAPI(application_id, application_secret).authenticate_user(user)
    print(Session.Schema().dumps(session))


def load(version):
    session = Session.Schema().loads(sys.stdin.read())
    assert Session.Schema().loads(Session.Schema().dumps(session)) == session
    session.get_status()
    if version in STATUS_IS_TEXT:
        try:
            Session.Schema().dumps(session)
        except AttributeError as error:
            assert "'str' object has no attribute 'name'" in str(error), error
        else:
            raise AssertionError("a polled session is saved")
        session.session_status = Status[session.session_status]
    print(Session.Schema().dumps(session))
    assert session.destroy() is True


if __name__ == "__main__":
    {"save": save, "load": load}[sys.argv[2]](*sys.argv[3:])
