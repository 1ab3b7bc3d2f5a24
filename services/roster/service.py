"""The edge of the roster service."""

from __future__ import annotations

from typing import Any

from alliance.context import Context
from alliance.edge import App, SourceEdge, operation, upload, uploaded

from .app import build
from .import_process import import_in_child


class RosterEdge(SourceEdge):
    name = "roster"
    app = App(build)

    @upload
    def import_roster(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        # A state takes minutes of computing, in which a green thread would let nobody else have a turn.
        with uploaded(body["path"]):
            return import_in_child(body, context)

    @operation
    def districts(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.districts(body, context)

    @operation
    def district(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.district(body, context)

    @operation
    def schools(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.schools(body, context)

    @operation
    def school(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.school(body, context)

    @operation
    def classes(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.classes(body, context)

    @operation
    def class_(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.class_(body, context)

    @operation
    def students(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.students(body, context)

    @operation
    def student(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.student(body, context)

    @operation
    def enrolments(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.enrolments(body, context)
