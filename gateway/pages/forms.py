"""Forms that only our own pages can send: each carries a secret that the browser also holds as a cookie.

Another site can make a visitor's browser post here, but can read neither the page nor the cookie.
"""

from __future__ import annotations

import hmac
import secrets

from flask import Flask, Response, g, request

from alliance.errors import Forbidden

COOKIE = "alliance_form"
FIELD = "form"


def register(app: Flask) -> None:
    app.add_template_global(secret, "form_secret")
    app.after_request(_remember)


def secret() -> str:
    """The secret of this visitor's forms, made at the first form shown."""
    if "form_secret" not in g:
        g.form_secret = request.cookies.get(COOKIE) or secrets.token_urlsafe(24)
    return str(g.form_secret)


def require_own() -> None:
    """Raise Forbidden unless this post comes from a form of ours."""
    held, sent = request.cookies.get(COOKIE, ""), request.form.get(FIELD, "")
    from_elsewhere = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    if from_elsewhere or not held or not hmac.compare_digest(held.encode(), sent.encode()):
        raise Forbidden(
            "This form has run out, or did not come from this site. Go back, load the page again and repeat."
        )


def is_https() -> bool:
    """Whether the visitor's connection is encrypted, here or at a proxy in front.

    Anybody can send the header, but it only makes their own cookies stricter.
    """
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def set_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, path="/", httponly=True, samesite="Lax", secure=is_https()
    )


def _remember(response: Response) -> Response:
    if "form_secret" in g and request.cookies.get(COOKIE) != g.form_secret:
        set_cookie(response, COOKIE, g.form_secret, 12 * 3600)
    return response
