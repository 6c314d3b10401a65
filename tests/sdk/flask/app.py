"""A Flask app that signs its users in with their phones, as the vendor's example for Flask does.

It names no server: the package reads IAMPASS_SERVER. It keeps no session itself; the browser's cookie holds the saved and
signed one.
"""

import secrets

from flask import Flask, abort, g, request
from IAMPASS.authentication_api import AuthenticationAPI
from IAMPASS.management_api import ManagementAPI, ManagementAPIResult
from IAMPASS.session import Session
from itsdangerous import BadSignature, URLSafeSerializer

COOKIE = "phone_session"


def make_app(application_id, application_secret, pause):
    """The app. It calls `pause` between two questions for the status of a login, where the vendor's example sleeps."""
    app = Flask(__name__)
    management = ManagementAPI(application_id, application_secret)
    authentication = AuthenticationAPI(application_id, application_secret)
    serializer = URLSafeSerializer(secrets.token_hex())
    ids = {}

    @app.before_request
    def ask_again():
        """Every request of a user who is signed in asks whether that still holds."""
        g.session = None
        try:
            saved = serializer.loads(request.cookies.get(COOKIE, ""))
        except BadSignature:
            return
        session = Session.Schema().loads(saved)
        session.get_status()
        if session.active:
            g.session = session

    @app.post("/register")
    def register():
        name = request.form["name"]
        ids[name] = secrets.token_hex(16)
        if management.add_user(ids[name]) is not ManagementAPIResult.success:
            abort(502)
        # The vendor's example shows this link as a QR code.
        return {"link": management.get_registration_link(ids[name], name)}

    @app.post("/login")
    def login():
        session = authentication.authenticate_user(ids[request.form["name"]])
        while session.in_progress:
            pause()
            session.get_status()
        if session.failed:
            abort(401, session.failure_reason or session.session_status.name)
        answer = app.make_response({"signedIn": True})
        answer.set_cookie(COOKIE, serializer.dumps(Session.Schema().dumps(session)), httponly=True)
        return answer

    @app.get("/status")
    def status():
        return {"signedIn": g.session is not None}

    @app.post("/logout")
    def logout():
        ended = g.session is not None and g.session.destroy()
        answer = app.make_response({"ended": ended})
        answer.delete_cookie(COOKIE)
        return answer

    return app
