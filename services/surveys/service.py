"""The edge of the surveys service."""

from __future__ import annotations

from typing import Any

from alliance.context import Context
from alliance.edge import App, SourceEdge, operation

from .app import build


class SurveysEdge(SourceEdge):
    name = "surveys"
    app = App(build)

    @operation
    def publish_instrument(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.publish_instrument(body, context)

    @operation
    def publish_shipped(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.publish_shipped(body, context)

    @operation
    def instruments(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.instruments(body, context)

    @operation
    def open_survey(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.open_survey(body, context)

    @operation
    def invite(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.invite(body, context)

    @operation
    def submit_response(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.submit_response(body, context)

    @operation
    def submit_responses(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.submit_responses(body, context)

    @operation
    def close_survey(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.close_survey(body, context)

    @operation
    def survey(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.survey(body, context)
