"""The edge of the pledges service."""

from __future__ import annotations

from typing import Any

from alliance.context import Context
from alliance.edge import App, SourceEdge, operation

from .app import build


class PledgesEdge(SourceEdge):
    name = "pledges"
    app = App(build)

    @operation
    def offer_pledge(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.offer_pledge(body, context)

    @operation
    def sign_pledge(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.sign_pledge(body, context)

    @operation
    def sign_pledges(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.sign_pledges(body, context)

    @operation
    def withdraw_pledge(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.withdraw_pledge(body, context)

    @operation
    def pledge(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.pledge(body, context)

    @operation
    def statements(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.statements(body, context)
