"""Headers that every answer carries: nothing from elsewhere is run or shown, and nobody frames the pages."""

from __future__ import annotations

from flask import Flask, Response

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def register(app: Flask) -> None:
    app.after_request(_add)


def _add(response: Response) -> Response:
    # Looked up all at once: werkzeug raises and catches an error for each that is not there.
    given = {name.lower() for name, _ in response.headers}
    response.headers.extend([each for name, each in _BY_NAME.items() if name not in given])
    return response


_BY_NAME = {name.lower(): (name, value) for name, value in HEADERS.items()}
