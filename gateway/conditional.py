"""ETags: every read names its answer; a class's folder names its version, and a write can insist on it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from flask import Flask, Response, g, request

from alliance.errors import Invalid

_FOLDER_TAG = re.compile(r'"v([0-9]{1,9})-[0-9a-f]{16}"')


def register(app: Flask) -> None:
    app.after_request(_tag)


def _tag(response: Response) -> Response:
    """A strong ETag over the bytes of the answer, and 304 for who has them already."""
    if request.method in ("GET", "HEAD") and response.status_code == 200 and request.path.startswith("/v1/"):
        digest = hashlib.sha256(response.get_data()).hexdigest()[:16]
        response.set_etag(f"v{g.version}-{digest}" if "version" in g else digest)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.make_conditional(request)
    return response


def versioned(answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer, whose ETag will name its `version`, so that `expected_version` finds it again."""
    g.version = answer["version"]
    return answer


def expected_version() -> int | None:
    """The version that If-Match names, or None without that header. Raises Invalid for anything but a folder's ETag."""
    given = request.headers.get("If-Match")
    if given is None:
        return None
    tag = _FOLDER_TAG.fullmatch(given.strip())
    if tag is None:
        raise Invalid(
            "If-Match cannot be read; send the ETag exactly as the folder's last answer gave it.",
            errors=[
                {"field": "If-Match", "message": "must be one ETag of this folder, in its quotation marks"}
            ],
        )
    return int(tag[1])
