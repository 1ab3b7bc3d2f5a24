"""The pages in a browser as narrow as a phone: nothing to scroll sideways, no script, nothing from elsewhere."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from gateway import sessions
from tests.e2e.state import State
from tests.fixtures.missing import without

#: CSS pixels across: the narrowest phones in use.
WIDTH, HEIGHT = 360, 800
SECONDS = 120

#: Shows each page in a frame of that width, which may run no script, and writes down what became of it.
MEASURE = """<!doctype html>
<body>%s<pre id="measured"></pre>
<script>
onload = () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const shown = frame.contentWindow, root = shown.document.documentElement;
    found[frame.getAttribute("src")] = {
      heading: shown.document.querySelector("h1")?.innerText,
      styled: [...shown.document.styleSheets].some((sheet) => sheet.cssRules.length > 0),
      window: shown.innerWidth,
      width: root.scrollWidth,
      asked: shown.performance.getEntriesByType("resource").map((entry) => entry.name),
    };
  }
  document.getElementById("measured").textContent = JSON.stringify(found);
};
</script>
"""
FRAME = f'<iframe sandbox="allow-same-origin" width="{WIDTH}" height="{HEIGHT}" src="%s"></iframe>'


@dataclass
class Phone:
    """A browser that is signed in. `added` goes into each page before it is shown."""

    visitor: httpx.Client
    folder: Path
    added: str = ""
    address: str = ""
    #: The page that holds the pages to be measured.
    frames: str = ""

    def measure(self, *paths: str) -> dict[str, Any]:
        """For each page its heading, whether it is styled, the window's and its own width, and what it asked for."""
        browser = next(
            filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
        )
        if browser is None:
            without("Chromium is not installed; deploy/install-servers.sh has it")
        self.frames = "".join(FRAME % html.escape(path) for path in paths)
        options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            # Whatever a page asks another host for is told, and does not leave this machine.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={self.folder / 'profile'}", f"--window-size={WIDTH},{HEIGHT}",
            "--virtual-time-budget=10000", "--dump-dom",
        ]  # fmt: skip
        command = [browser, *options, f"{self.address}/measure"]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
        written = re.search(r'<pre id="measured">(.+)</pre>', ran.stdout)
        assert written, ran.stdout + ran.stderr
        found: dict[str, Any] = json.loads(html.unescape(written[1]))
        return found

    def answer(self, path: str) -> tuple[int, str, bytes]:
        if path == "/measure":
            return 200, "text/html", (MEASURE % self.frames).encode()
        answer = self.visitor.get(path)
        kind, content = answer.headers.get("Content-Type", ""), answer.content
        if kind.startswith("text/html"):
            content = content.replace(b"</main>", f"{self.added}</main>".encode())
        return answer.status_code, kind, content


@pytest.fixture
def phone(embedded_state: State, tmp_path: Path) -> Iterator[Phone]:
    """The platform's own pages under another address: without the headers that let no page be shown in a frame."""
    token = embedded_state.tokens.find(embedded_state.platform.token)
    assert token is not None
    with embedded_state.client() as visitor:
        link = sessions.create_link(embedded_state.tokens.database, token.id)
        assert visitor.get(link).status_code == 303
        phone = Phone(visitor, tmp_path)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, content = phone.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            serving = Thread(target=server.serve_forever, daemon=True)
            serving.start()
            phone.address = f"http://127.0.0.1:{server.server_port}"
            yield phone
            server.shutdown()
            serving.join()


def test_the_pages_fit_a_phone_need_no_script_and_ask_no_other_host(
    phone: Phone, embedded_state: State
) -> None:
    district = f"/districts/{embedded_state.districts['Alder County']}"
    found = phone.measure("/", district)

    assert found["/"]["heading"].startswith("Districts")
    assert "Alder County" in found[district]["heading"]
    for page in found.values():
        assert page["window"] == WIDTH
        assert page["width"] <= WIDTH
        assert page["styled"]
        assert page["asked"]
        assert [address for address in page["asked"] if not address.startswith(f"{phone.address}/")] == []


def test_what_is_too_wide_or_comes_from_elsewhere_is_noticed(phone: Phone) -> None:
    phone.added = '<img src="http://elsewhere.example/pixel.png" width="600" height="1" alt="">'
    page = phone.measure("/")["/"]

    assert page["width"] >= 600
    assert "http://elsewhere.example/pixel.png" in page["asked"]
