"""/docs: the API's description as a page for people, made from /openapi.json, with nothing to load from elsewhere."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Flask, Response, make_response, render_template
from flask_smorest import Api
from markupsafe import Markup, escape

_METHODS = ("get", "post")


def register(app: Flask, api: Api) -> None:
    @app.get("/docs")
    def docs() -> Response:
        """Every address of the API, with examples."""
        document = api.spec.to_dict()
        page = render_template(
            "docs.html",
            document=document,
            tags=_by_tag(document),
            introduction=_prose(document["info"]["description"]),
        )
        response = make_response(page)
        response.headers["Cache-Control"] = "no-cache"
        return response

    app.add_template_filter(_pretty, "pretty")
    app.add_template_filter(_kind, "kind")
    app.add_template_filter(_prose_line, "prose_line")


def _by_tag(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The tags in order, each with its operations, in the order of their declaration."""
    return [
        {
            **tag,
            "operations": [
                {
                    "path": path,
                    "method": method.upper(),
                    **item[method],
                    "parameters": _parameters(item, method),
                }
                for path, item in document["paths"].items()
                for method in _METHODS
                if method in item and tag["name"] in item[method]["tags"]
            ],
        }
        for tag in document["tags"]
    ]


def _parameters(item: dict[str, Any], method: str) -> list[dict[str, Any]]:
    return [*item.get("parameters", []), *item[method].get("parameters", [])]


def _prose(text: str) -> Markup:
    """The little Markdown of our own description as HTML: paragraphs, **strong** and `code`."""
    return Markup("").join(
        Markup("<p>{}</p>").format(_prose_line(each)) for each in text.strip().split("\n\n")
    )


def _prose_line(text: str) -> Markup:
    escaped = str(escape(text))
    for mark, tag in ((r"\*\*(.+?)\*\*", "strong"), (r"`(.+?)`", "code")):
        escaped = re.sub(mark, rf"<{tag}>\1</{tag}>", escaped, flags=re.DOTALL)
    return Markup(escaped)


def _pretty(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)


def _kind(schema: dict[str, Any]) -> str:
    """A schema's type in a few words: `string, one of web, paper`, `array of Return`."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return "one of " + ", ".join("null" if value is None else str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    kind = schema.get("type", "any")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        return f"{words} of {_kind(schema['items'])}"
    return f"{words} ({schema['format']})" if "format" in schema else words
