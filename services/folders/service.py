"""The edge of the folders service."""

from __future__ import annotations

from typing import Any

from alliance.context import Context
from alliance.edge import App, SourceEdge, operation

from .app import build


class FoldersEdge(SourceEdge):
    name = "folders"
    app = App(build)

    @operation
    def send_folder(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.send_folder(body, context)

    @operation
    def return_folders(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.return_folders(body, context)

    @operation
    def return_folders_in_bulk(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.return_folders_in_bulk(body, context)

    @operation
    def void_return(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.void_return(body, context)

    @operation
    def folder(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        return self.app.folder(body, context)
