"""What every refusal has to be: an RFC 9457 problem document that names what is at fault and how to mend it."""

from __future__ import annotations

import httpx


def refused(answer: httpx.Response, status: int, *fields: str) -> str:
    """Asserts a problem document of this status that names these fields; returns its words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    named = [error["field"] for error in problem.get("errors", ())]
    assert named == list(fields), problem
    return str(problem["detail"]) + "".join(
        f"\n{each['field']} {each['message']}" for each in problem.get("errors", ())
    )
