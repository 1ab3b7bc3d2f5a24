"""The pages for people: districts, a district's scorecard, signing in. Plain HTML, readable without scripts."""

from __future__ import annotations

from flask import Blueprint, Flask

from . import figures, forms, scorecards, signing_in


def register(app: Flask) -> None:
    assets = Blueprint("assets", __name__, static_folder="static", static_url_path="/static")
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    figures.register(app)
    forms.register(app)
    for part in (assets, scorecards.routes, signing_in.routes):
        app.register_blueprint(part)
