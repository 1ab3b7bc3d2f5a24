"""The report in a browser: nothing to scroll sideways on any screen, and axe finds no serious fault in it."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
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

#: Shows the page in a frame of each width, which may run no script, and writes down how wide it is itself.
MEASURE = """<!doctype html>
<body>%s<pre id="found"></pre>
<script>
onload = () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const shown = frame.contentWindow, root = shown.document.documentElement;
    const regions = [...shown.document.querySelectorAll(".scroll")];
    found[frame.width] = {
      window: shown.innerWidth,
      width: root.scrollWidth,
      scrolled: regions.filter((region) => region.scrollWidth > region.clientWidth).length,
      asked: shown.performance.getEntriesByType("resource").map((entry) => entry.name),
    };
  }
  document.getElementById("found").textContent = JSON.stringify(found);
};
</script>
"""
FRAME = '<iframe sandbox="allow-same-origin" width="%s" height="800" srcdoc="%s"></iframe>'

#: Stands at the end of a copy of the page, after axe itself.
AXE = """<pre id="found" hidden></pre>
<script>
axe.run(document, {
  resultTypes: ["violations"],
  // 7:1, which axe leaves out unless it is asked.
  rules: {"color-contrast-enhanced": {enabled: true}},
}).then(
  (said) => said.violations.map(({id, impact, nodes}) => ({id, impact, where: nodes.map((node) => node.html)})),
  (error) => [{id: String(error), impact: "critical", where: []}],
).then((found) => { document.getElementById("found").textContent = JSON.stringify(found); });
</script>
"""


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


def measure(page: str, folder: Path) -> dict[str, Any]:
    frames = "".join(FRAME % (width, html.escape(page)) for width in WIDTHS)
    found: dict[str, Any] = shown(MEASURE % frames, folder)
    return found


def faults(page: str, folder: Path) -> dict[str, list[str]]:
    """{rule of axe: where it is broken}, the serious and the critical ones."""
    axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    injected = f"<script>{axe}</script>{AXE}"
    found = shown(page.replace("</body>", f"{injected}</body>"), folder)
    return {each["id"]: each["where"] for each in found if each["impact"] in ("serious", "critical")}


@pytest.fixture(scope="module")
def report() -> str:
    return render(EXAMPLE).decode()


def test_the_report_scrolls_sideways_on_no_screen_but_its_wide_tables_do_on_a_phone(
    report: str, tmp_path: Path
) -> None:
    found = measure(report, tmp_path)
    for width in WIDTHS:
        page = found[str(width)]
        assert page["window"] == width
        assert page["width"] <= width
        assert page["asked"] == []
    assert found["360"]["scrolled"] > found["1280"]["scrolled"]


def test_what_is_too_wide_is_noticed(report: str, tmp_path: Path) -> None:
    wide = report.replace("</main>", '<p style="width: 700px; max-width: none">wide</p></main>')
    assert measure(wide, tmp_path)["360"]["width"] >= 700


def test_axe_finds_no_serious_fault(report: str, tmp_path: Path) -> None:
    assert faults(report, tmp_path) == {}


def test_axe_finds_a_picture_without_words_and_pale_text(report: str, tmp_path: Path) -> None:
    bad = (
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
        '<p style="color: #6b6b6b">below seven to one</p><p style="color: #aaa">pale</p>'
    )
    found = faults(report.replace("</main>", f"{bad}</main>"), tmp_path)
    assert set(found) == {"image-alt", "color-contrast", "color-contrast-enhanced"}
    assert [where.partition(">")[2] for where in found["color-contrast"]] == ["pale</p>"]
    assert any("below seven to one" in where for where in found["color-contrast-enhanced"])
