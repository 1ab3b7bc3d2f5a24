"""The report's HTML as a tagged PDF (PDF/UA-1), for reading on paper and with a screen reader.

The same HTML gives the same bytes on machines with the same fonts and versions: no clock and no chance is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from alliance.errors import Unavailable

from .document import Document

#: What WeasyPrint needs from the system, by Debian's names.
PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"


def print_pdf(html: bytes, document: Document) -> bytes:
    """Nothing is loaded from anywhere: an address to load from is an error. Raises Unavailable where Pango is not
    installed, and says what to install."""
    try:
        # Loads Pango, which not every machine has that imports this module.
        import weasyprint
        from weasyprint.urls import FatalURLFetchingError
    except OSError as missing:
        raise Unavailable(
            f"A PDF needs libraries that are not installed ({missing}). On Debian or Ubuntu: apt-get install {PACKAGES}"
        ) from missing

    def refuse(url: str) -> Any:
        # Any other error WeasyPrint would log, and print the page without what was asked for.
        raise FatalURLFetchingError(f"a report loads nothing, and this one asks for {url}")

    made = weasyprint.HTML(string=html.decode(), url_fetcher=refuse).write_pdf(
        finisher=_finish,
        pdf_variant="pdf/ua-1",
        pdf_identifier=hashlib.sha256(document.report.encode()).hexdigest()[:32].encode(),
    )
    assert isinstance(made, bytes)
    return made


def _finish(printed: Any, pdf: Any) -> None:
    """What WeasyPrint 70 leaves out: page labels, the language of a part in another one, and lists within lists."""
    import pydyf

    pdf.catalog["PageLabels"] = pydyf.Dictionary(
        {"Nums": pydyf.Array([0, pydyf.Dictionary({"S": "/D", "St": 1})])}
    )
    tags: list[Any] = [each for each in pdf.objects if isinstance(each, dict) and "S" in each]
    # WeasyPrint makes the parts' tags in the order of the boxes.
    parts = [tag for tag in tags if tag["S"] == "/Sect"]
    boxes = [box for page in printed.pages for box in _boxes(page._page_box) if box.element_tag == "section"]
    for part, box in zip(parts, boxes, strict=True):
        if language := box.element.get("lang"):
            part["Lang"] = pydyf.String(language)
    lists = {tag.reference for tag in tags if tag["S"] == "/L"}
    for tag in tags:
        # A <div> in a <dl>: a list may hold items and lists, and nothing else.
        if tag["S"] == "/Div" and tag["P"] in lists:
            tag["S"] = "/L"


def _boxes(box: Any) -> Iterator[Any]:
    # An absolute box stands behind a placeholder.
    box = getattr(box, "_box", box)
    yield box
    for child in getattr(box, "children", ()):
        yield from _boxes(child)
