"""The report in a browser: nothing to scroll sideways on any screen, and axe finds no serious fault in it."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from services.evaluation.report.html import render
from tests.builders_report import EXAMPLE
from tests.fixtures.missing import without

#: CSS pixels across: the narrowest phones in use, and a laptop.
WIDTHS = (360, 1280)
SECONDS = 120

#: Shows every page in frames of its own and writes down what was found in each: how wide it is, in a frame that may
#: run no script, or what axe says of it. A browser starts once for all of them.
FRAMES = """<!doctype html>
<body>%s<pre id="found"></pre>
<script>
const measured = (frame) => {
  const shown = frame.contentWindow, root = shown.document.documentElement;
  const regions = [...shown.document.querySelectorAll(".scroll")];
  return {
    window: shown.innerWidth,
    width: root.scrollWidth,
    scrolled: regions.filter((region) => region.scrollWidth > region.clientWidth).length,
    asked: shown.performance.getEntriesByType("resource").map((entry) => entry.name),
  };
};
onload = async () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    found[frame.title] = frame.classList.contains("axe") ? await frame.contentWindow.said : measured(frame);
  }
  document.getElementById("found").textContent = JSON.stringify(found);
};
</script>
"""
MEASURED = '<iframe sandbox="allow-same-origin" title="%s" width="%s" height="800" srcdoc="%s"></iframe>'
AXED = '<iframe class="axe" title="%s" width="1280" height="800" srcdoc="%s"></iframe>'

#: Stands at the end of a copy of the page, after axe itself.
AXE = """<script>
var said = axe.run(document, {
  resultTypes: ["violations"],
  // 7:1, which axe leaves out unless it is asked.
  rules: {"color-contrast-enhanced": {enabled: true}},
}).then(
  (said) => said.violations.map(({id, impact, nodes}) => ({id, impact, where: nodes.map((node) => node.html)})),
  (error) => [{id: String(error), impact: "critical", where: []}],
);
</script>
"""

#: What stands in the second page beside the report itself.
TOO_WIDE = '<p style="width: 700px; max-width: none">wide</p>'
BAD = (
    '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
    '<p style="color: #6b6b6b">below seven to one</p><p style="color: #aaa">pale</p>'
)


def shown(page: str, folder: Path) -> Any:
    """What the page writes into #found."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        without("Chromium is not installed; deploy/install-servers.sh has it")
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        # Whatever a page asks another host for does not leave this machine.
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}", "--window-size=1280,800",
        "--virtual-time-budget=60000", "--dump-dom",
    ]  # fmt: skip
    command = [browser, *options, file.as_uri()]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    written = re.search(r'<pre id="found"[^>]*>(.+?)</pre>', ran.stdout)
    assert written, ran.stdout[-2000:] + ran.stderr
    return json.loads(html.unescape(written[1]))


def with_axe(page: str) -> str:
    axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    return page.replace("</body>", f"<script>{axe}</script>{AXE}</body>")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of the report at each width and by axe, and of its beginning with faults put into it."""
    report = render(EXAMPLE).decode()
    beginning = render(replace(EXAMPLE, sections=EXAMPLE.sections[:1])).decode()
    wide, bad = (beginning.replace("</main>", f"{fault}</main>") for fault in (TOO_WIDE, BAD))
    frames = [
        *(MEASURED % (f"report at {width}", width, html.escape(report)) for width in WIDTHS),
        MEASURED % ("wide", 360, html.escape(wide)),
        AXED % ("axe", html.escape(with_axe(report))),
        AXED % ("axe of the bad one", html.escape(with_axe(bad))),
    ]
    found: dict[str, Any] = shown(FRAMES % "".join(frames), tmp_path_factory.mktemp("browser"))
    return found


def faults(said: list[dict[str, Any]]) -> dict[str, list[str]]:
    """{rule of axe: where it is broken}, the serious and the critical ones."""
    return {each["id"]: each["where"] for each in said if each["impact"] in ("serious", "critical")}


def test_the_report_scrolls_sideways_on_no_screen_but_its_wide_tables_do_on_a_phone(
    found: dict[str, Any],
) -> None:
    for width in WIDTHS:
        page = found[f"report at {width}"]
        assert page["window"] == width
        assert page["width"] <= width
        assert page["asked"] == []
    assert found["report at 360"]["scrolled"] > found["report at 1280"]["scrolled"]


def test_what_is_too_wide_is_noticed(found: dict[str, Any]) -> None:
    assert found["wide"]["width"] >= 700


def test_axe_finds_no_serious_fault(found: dict[str, Any]) -> None:
    assert faults(found["axe"]) == {}


def test_axe_finds_a_picture_without_words_and_pale_text(found: dict[str, Any]) -> None:
    bad = faults(found["axe of the bad one"])
    assert set(bad) == {"image-alt", "color-contrast", "color-contrast-enhanced"}
    assert [where.partition(">")[2] for where in bad["color-contrast"]] == ["pale</p>"]
    assert any("below seven to one" in where for where in bad["color-contrast-enhanced"])
