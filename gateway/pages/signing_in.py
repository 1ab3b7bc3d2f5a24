"""Sign-in with a token or a one-time link, and sign-out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from alliance.context import Caller
from alliance.errors import Forbidden

from .. import permissions, sessions
from ..parts import parts
from ..tokens import Token
from . import forms

COOKIE = "alliance_session"

#: The operation that the first page needs; a role without it has nothing to see here.
ENTRANCE = "evaluation.districts"

routes = Blueprint("signing_in", __name__)


def visitor() -> Caller | None:
    """Who is signed in; None as well when the token behind the session was revoked or has expired."""
    session = request.cookies.get(COOKIE)
    if not session:
        return None
    here = parts()
    token_id = sessions.token_of(here.database, session, here.clock())
    token = here.tokens.get(token_id) if token_id is not None else None
    return token.caller if token is not None else None


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Show the page to visitors who are signed in, and the sign-in to all others; no cache may keep it."""

    @wraps(view)
    def guarded(**path: Any) -> Any:
        caller = visitor()
        if caller is None:
            return _unstored(redirect("/sign-in", 303))
        g.caller = caller
        return _unstored(make_response(view(caller, **path)))

    return guarded


@routes.get("/sign-in")
def sign_in() -> Any:
    if visitor() is not None:
        return redirect("/", 303)
    return _form("")


@routes.post("/sign-in")
def sign_in_with_token() -> Any:
    forms.require_own()
    here = parts()
    token = here.tokens.find(request.form.get("token", "").strip())
    if token is None:
        return _form(
            "This token is not known, has expired or was revoked. Check that you copied all of it."
        ), 401
    if refusal := _refusal(token):
        return _form(refusal), 403
    return _enter(sessions.start(here.database, token.id, here.clock()))


@routes.get("/sign-in/<nonce>")
def sign_in_with_link(nonce: str) -> Any:
    if request.method == "HEAD":
        # Mail programs look at links before their reader does; that must not spend it.
        return _form("")
    here = parts()
    session = sessions.open_link(here.database, nonce, here.clock())
    if session is None:
        return _form(
            "This link has been used or is too old. Ask for a new one, or sign in with a token."
        ), 401
    return _enter(session)


@routes.post("/sign-out")
def sign_out() -> Any:
    forms.require_own()
    if session := request.cookies.get(COOKIE):
        sessions.end(parts().database, session)
    response = redirect("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=forms.is_https())
    return _unstored(response)


def _refusal(token: Token) -> str:
    try:
        permissions.require(token.role, ENTRANCE)
    except Forbidden as error:
        return error.detail
    return ""


def _enter(session: str) -> Response:
    response = make_response(redirect("/", 303))
    forms.set_cookie(response, COOKIE, session, int(sessions.SESSION_LIFE.total_seconds()))
    return _unstored(response)


def _form(error: str) -> Response:
    return _unstored(make_response(render_template("sign_in.html", error=error)))


def _unstored(response: Any) -> Response:
    response.headers["Cache-Control"] = "no-store"
    made: Response = response
    return made
