"""The edge of the evaluation service."""

from __future__ import annotations

from typing import Any

from alliance.context import Context
from alliance.edge import App, SourceEdge, operation, upload, uploaded

# Loaded with the edge and not by its first comparison: scipy takes a second, on a busy machine several.
from . import effectiveness as effectiveness
from . import recognising as recognising
from .app import build
from .report_process import report_in_child


class EvaluationEdge(SourceEdge):
    name = "evaluation"
    app = App(build)

    @operation
    def districts(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.districts(body, context)

    @operation
    def district_scorecard(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.district_scorecard(body, context)

    @operation
    def district_months(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.district_months(body, context)

    @operation
    def school_scorecard(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.school_scorecard(body, context)

    @operation
    def state_scorecard(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.state_scorecard(body, context)

    @operation
    def indicators(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.indicators(body, context)

    @operation
    def district_indicators(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.district_indicators(body, context)

    @operation
    def certify_period(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.certify_period(body, context)

    @upload
    def import_outcomes(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        with uploaded(body["path"]):
            return self.app.import_outcomes(body, context)

    @operation
    def issue_report(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return report_in_child(body, context)

    @operation
    def reports(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.reports(body, context)

    @operation
    def report(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.report(body, context)

    @operation
    def report_file(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.report_file(body, context)

    @operation
    def decide_recognition(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.decide_recognition(body, context)

    @operation
    def events(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.events(body, context)
