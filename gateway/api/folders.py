"""Folders."""

from __future__ import annotations

from typing import Any

from ..bulk import Bulk, run_lines
from ..calling import ask, run
from ..conditional import expected_version, versioned
from ..routes import Routes
from ..schemas.folders import (
    Folder,
    FolderAccepted,
    ReturnAccepted,
    ReturnFolders,
    ReturnLine,
    ReturnsAccepted,
    SendFolder,
    VoidAccepted,
    VoidReturn,
)

routes = Routes(
    "folders", __name__, description="Folders sent home for a parent's signature, Miss. Code 37-3-67(b)"
)

_FOLDER = "/v1/classes/<class>/folders/<period>"
_RETURNS = Bulk("folders.return_folders_in_bulk", "returns", ReturnLine, ReturnAccepted)


@routes.query(_FOLDER, "folders.folder", answers=Folder)
def folder(class_: str, period: str) -> Any:
    """A class's folder of one month: sent to whom, back from whom

    Its ETag, given as If-Match with a later command, makes sure that nobody changed the folder in between.
    """
    return versioned(ask({"class": class_, "period": period}))


@routes.command(
    f"{_FOLDER}/sent", "folders.send_folder", takes=SendFolder, answers=FolderAccepted, if_match=True
)
def send_folder(body: dict[str, Any], class_: str, period: str) -> Any:
    """Record that the folder goes home

    With everybody who is enrolled in the class that day, or with the students named.
    """
    return run(_of(class_, period, body))


@routes.command(
    f"{_FOLDER}/returns",
    "folders.return_folders",
    takes=ReturnFolders,
    answers=ReturnsAccepted,
    if_match=True,
)
def return_folders(body: dict[str, Any], class_: str, period: str) -> Any:
    """Record the folders that came back signed, for the class in one command

    Each return is answered for itself: recorded, already recorded, or refused with the reason. For many classes at
    once there is POST /v1/folders/returns, a return a line.
    """
    return run(_of(class_, period, body))


@routes.command(
    f"{_FOLDER}/voids", "folders.void_return", takes=VoidReturn, answers=VoidAccepted, if_match=True
)
def void_return(body: dict[str, Any], class_: str, period: str) -> Any:
    """Void a recorded return, with the reason"""
    return run(_of(class_, period, body))


@routes.lines("/v1/folders/returns", _RETURNS)
def return_folders_in_bulk() -> Any:
    """Record returns of any class and month in bulk, a return a line

    For imports; a class's own list goes to POST /v1/classes/{class}/folders/{period}/returns.
    """
    return run_lines(_RETURNS, {})


def _of(class_: str, period: str, body: dict[str, Any]) -> dict[str, Any]:
    version = expected_version()
    place = {"class": class_, "period": period}
    return {**place, **body} if version is None else {**place, **body, "if_match": version}
