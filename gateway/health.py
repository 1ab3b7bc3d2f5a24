"""Whether this process lives, and whether it has all that it needs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from flask import Blueprint, Flask, Response, jsonify

from alliance.client import ServiceClient

from .parts import Parts, parts

#: Seconds that a service has for saying that it is ready.
SECONDS = 1.0

routes = Blueprint("health", __name__)


def register(app: Flask) -> None:
    app.register_blueprint(routes)


@routes.get("/livez")
def livez() -> Response:
    """200 while the process serves, whatever else is down."""
    return _unstored(jsonify(status="alive"))


@routes.get("/readyz")
def readyz() -> Response:
    """200 when the gateway's database and every service answer, else 503; says which does not."""
    found = check(parts())
    ready = all(found.values())
    response = jsonify(
        status="ready" if ready else "not ready",
        parts={name: "ready" if well else "not ready" for name, well in found.items()},
    )
    if not ready:
        response.status_code = 503
        response.headers["Retry-After"] = "1"
    return _unstored(response)


def check(parts: Parts) -> dict[str, bool]:
    """Each needed part and whether it is ready, asked all at once: the slowest decides how long it takes."""

    def service(client: ServiceClient) -> bool:
        return client.ready(seconds=SECONDS)

    with ThreadPoolExecutor(len(parts.services) + 1) as pool:
        asked = {name: pool.submit(service, client) for name, client in parts.services.items()}
        return {
            "database": parts.database.answers(),
            **{name: answer.result() for name, answer in asked.items()},
        }


def _unstored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
