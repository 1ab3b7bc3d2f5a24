"""From what vega draws to an <svg> element of the page: one image to a screen reader, the same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from ..methods.inputs import BadInput
from .document import Chart

FONT = "DejaVu Sans, Arial, sans-serif"
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+(?:e[-+]?\d+)?|e[-+]?\d+)")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_MEASURES = {"d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "viewBox"}
#: What vega writes for styles and for readers of single marks; the image is read as one.
_CLUTTER = {"class", "role", "pointer-events", "font-family", "cursor"}


def text(words: str) -> str:
    """The words without characters that XML does not have."""
    return _NOT_XML.sub("\ufffd", words)


def finished(id: str, title: str, table: str, said: str, svg: str, words: str = "") -> Chart:
    """The chart of a drawn picture; `words` stand in place of what its texts say. Raises BadInput for a bad id."""
    if not _ID.fullmatch(id):
        raise BadInput(f"id = {id!r}: a chart's id is made of letters, digits, - and _, a letter first")
    title, said = text(title), text(said)
    root = ElementTree.fromstring(svg)
    # vega counts its clip paths over the life of the process, and a page may hold several charts.
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    _clean(root, {old: f"{id}-{number}" for number, old in enumerate(ids, start=1)})
    for element in root.iter("text"):
        element.text = words or element.text
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg", "id": f"{id}-svg", **root.attrib, "font-family": FONT,
        "role": "img", "aria-labelledby": f"{id}-title {id}-desc",
    }  # fmt: skip
    for place, (tag, content) in enumerate((("title", title), ("desc", said))):
        element = ElementTree.Element(tag, {"id": f"{id}-{tag}"})
        element.text = content
        root.insert(place, element)
    return Chart(id, title, said, ElementTree.tostring(root, encoding="unicode"), table)


def _clean(element: ElementTree.Element, ids: Mapping[str, str]) -> None:
    """Leave out what draws nothing, name by `ids`, round to hundredths of a px; no prefixes of namespaces."""
    element.tag = element.tag.rpartition("}")[2]
    kept = {}
    for name, value in element.attrib.items():
        if name in _CLUTTER or name.startswith("aria-") or (name, value) == ("opacity", "1"):
            continue
        if name in _MEASURES:
            value = _NUMBER.sub(_rounded, value)
        kept[name] = ids[value] if name == "id" else _REFERENCE.sub(lambda at: f"url(#{ids[at[1]]})", value)
    element.attrib = kept
    for child in list(element):
        _clean(child, ids)
        invisible = child.tag == "path" and not {"fill", "stroke"} & set(child.attrib)
        if (child.tag in ("g", "defs") and not len(child)) or (invisible and element.tag != "clipPath"):
            element.remove(child)


def _rounded(number: re.Match[str]) -> str:
    # Adding 0 makes -0 plain.
    return f"{round(float(number[0]), 2) + 0:.10g}"
