"""The pages: signing in and out, what each visitor sees, and that they can be read by everybody."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

import gateway as gateway_package
from alliance.errors import Unavailable
from gateway import sessions
from gateway.pages.figures import percent
from gateway.tables import links
from gateway.tables import sessions as session_rows
from tests.builders_gateway import Gateway, evaluation, gateway, ratio

GATEWAY = Path(gateway_package.__file__).parent


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    here = gateway(tmp_path, monkeypatch)
    here.services["evaluation"].answers = evaluation()
    return here


def secret_of(page: TestResponse) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page.get_data(as_text=True))
    assert found is not None
    return found[1]


def sign_in(client: FlaskClient, secret: str, **options: Any) -> TestResponse:
    form = {"form": secret_of(client.get("/sign-in")), "token": secret}
    return client.post("/sign-in", data=form, **options)


def visitor(here: Gateway, role: str = "state", *units: str) -> FlaskClient:
    _, secret = here.tokens.create(role=role, units=units)
    client = here.client()
    assert sign_in(client, secret).status_code == 303
    return client


# --- signing in


@pytest.mark.parametrize("path", ["/", "/districts/d1"])
def test_who_is_not_signed_in_is_sent_to_the_sign_in(here: Gateway, path: str) -> None:
    response = here.client().get(path)

    assert (response.status_code, response.headers["Location"]) == (303, "/sign-in")


def test_a_token_signs_in_once_and_the_cookie_is_out_of_reach_of_scripts(here: Gateway) -> None:
    _, secret = here.tokens.create(role="state")
    client = here.client()

    response = sign_in(client, secret)

    [cookie] = [
        each for each in response.headers.getlist("Set-Cookie") if each.startswith("alliance_session=")
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert secret not in cookie
    assert client.get("/").status_code == 200


def test_behind_https_the_cookie_is_secure(here: Gateway) -> None:
    _, secret = here.tokens.create(role="state")

    response = sign_in(here.client(), secret, headers={"X-Forwarded-Proto": "https"})

    [cookie] = [
        each for each in response.headers.getlist("Set-Cookie") if each.startswith("alliance_session=")
    ]
    assert "Secure" in cookie


def test_the_database_keeps_no_session_and_no_link_that_could_be_used(here: Gateway) -> None:
    token, _ = here.tokens.create(role="state")
    session = sessions.start(here.database, token.id, here.clock())
    link = sessions.create_link(here.database, token.id, here.clock())

    with here.database.reading() as connection:
        kept = [*connection.execute(select(session_rows)).all(), *connection.execute(select(links)).all()]
    assert session not in str(kept)
    assert link.rpartition("/")[2] not in str(kept)


def test_a_wrong_token_is_told_beside_the_field(here: Gateway) -> None:
    response = sign_in(here.client(), "alliance_wrong")

    assert response.status_code == 401
    assert 'role="alert"' in response.text
    assert 'aria-invalid="true"' in response.text


def test_a_role_that_has_nothing_to_see_here_is_told_so(here: Gateway) -> None:
    _, secret = here.tokens.create(role="teacher", units=("c1",))

    response = sign_in(here.client(), secret)

    assert response.status_code == 403
    assert "state, district, integrator" in response.text


@pytest.mark.parametrize("form", [{}, {"form": ""}, {"form": "guessed"}])
def test_a_form_that_is_not_ours_is_refused(here: Gateway, form: dict[str, str]) -> None:
    _, secret = here.tokens.create(role="state")
    client = here.client()
    client.get("/sign-in")

    assert client.post("/sign-in", data={**form, "token": secret}).status_code == 403


def test_a_form_sent_from_another_site_is_refused_even_with_its_secret(here: Gateway) -> None:
    _, secret = here.tokens.create(role="state")

    response = sign_in(here.client(), secret, headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403


def test_a_session_ends_after_twelve_hours(here: Gateway) -> None:
    client = visitor(here)

    here.clock.advance(timedelta(hours=11, minutes=59))
    assert client.get("/").status_code == 200
    here.clock.advance(timedelta(minutes=1))
    assert client.get("/").status_code == 303


def test_a_session_ends_with_its_token(here: Gateway) -> None:
    client = visitor(here)

    here.tokens.revoke(here.tokens.all()[0].id)

    assert client.get("/").status_code == 303


def test_signing_out_ends_the_session_for_whoever_copied_the_cookie(here: Gateway) -> None:
    client = visitor(here)
    cookie = client.get_cookie("alliance_session")
    assert cookie is not None

    response = client.post("/sign-out", data={"form": secret_of(client.get("/"))})

    thief = here.client()
    thief.set_cookie("alliance_session", cookie.value)
    assert response.status_code == 303
    assert client.get("/").status_code == 303
    assert thief.get("/").status_code == 303


def test_signing_out_takes_a_form_of_ours(here: Gateway) -> None:
    client = visitor(here)

    assert client.post("/sign-out").status_code == 403
    assert client.get("/").status_code == 200


def test_a_session_opens_nothing_of_the_api(here: Gateway) -> None:
    client = visitor(here)

    assert client.get("/v1/districts").status_code == 401


# --- one-time links


def test_a_link_signs_its_first_visitor_in_and_nobody_after(here: Gateway) -> None:
    token, _ = here.tokens.create(role="state")
    link = sessions.create_link(here.database, token.id, here.clock())
    first, second = here.client(), here.client()

    assert first.get(link).status_code == 303
    assert first.get("/").status_code == 200
    assert second.get(link).status_code == 401
    assert second.get("/").status_code == 303


def test_a_link_is_good_for_fifteen_minutes(here: Gateway) -> None:
    token, _ = here.tokens.create(role="state")
    link = sessions.create_link(here.database, token.id, here.clock())

    here.clock.advance(timedelta(minutes=15))

    assert here.client().get(link).status_code == 401


def test_looking_at_a_link_without_following_it_does_not_spend_it(here: Gateway) -> None:
    token, _ = here.tokens.create(role="state")
    link = sessions.create_link(here.database, token.id, here.clock())

    here.client().head(link)

    assert here.client().get(link).status_code == 303


def test_a_link_of_a_revoked_token_opens_nothing(here: Gateway) -> None:
    token, _ = here.tokens.create(role="state")
    link = sessions.create_link(here.database, token.id, here.clock())
    here.tokens.revoke(token.id)
    client = here.client()

    client.get(link)

    assert client.get("/").status_code == 303


# --- what is shown


def test_the_state_sees_every_district_and_its_totals(here: Gateway) -> None:
    page = visitor(here).get("/").text

    assert page.count('<a href="/districts/') == 8
    assert "Mississippi" in page
    assert "686 of 700" in page


def test_a_district_sees_itself_only(here: Gateway) -> None:
    client = visitor(here, "district", "d3")

    page = client.get("/").text

    assert page.count('<a href="/districts/') == 1
    assert "Hancock School District" in page
    assert "Mississippi</th>" not in page
    assert client.get("/districts/d3").status_code == 200
    assert client.get("/districts/d4").status_code == 403


def test_a_scorecard_shows_every_figure_with_what_it_is_made_of(here: Gateway) -> None:
    page = visitor(here).get("/districts/d5").text

    for words in ("684 of 912", "75.0 %", "3.82", "0.71", "September 2026", "not due yet", "pledges 5,120"):
        assert words in page


def test_the_school_year_asked_for_is_the_one_shown(here: Gateway) -> None:
    visitor(here).get("/?school_year=2025-26")

    assert {body.get("school_year") for _, body, _ in here.services["evaluation"].calls} == {"2025-26"}


def test_a_state_without_districts_says_what_comes_next(here: Gateway) -> None:
    empty = evaluation()["districts"]
    here.services["evaluation"].answers["districts"] = lambda body, context: {
        **empty(body, context),
        "districts": [],
    }

    assert "Import a roster" in visitor(here).get("/").text


def test_a_page_that_cannot_be_shown_says_so_as_a_page(here: Gateway) -> None:
    def away(*_: Any) -> dict[str, Any]:
        raise Unavailable("The evaluation service does not answer; try again.")

    client = visitor(here)
    here.services["evaluation"].answers["districts"] = away

    response = client.get("/", headers={"Accept": "text/html,*/*;q=0.8"})

    assert (response.status_code, response.mimetype) == (503, "text/html")
    assert response.headers["Retry-After"] == "1"
    assert "does not answer" in response.text


def test_names_from_a_roster_cannot_become_markup(here: Gateway) -> None:
    answers = here.services["evaluation"].answers
    table = answers["districts"]

    def hostile(body: Any, context: Any) -> dict[str, Any]:
        found = table(body, context)
        return {**found, "districts": [{**found["districts"][0], "name": "<script>alert(1)</script>"}]}

    answers["districts"] = hostile

    assert "<script>" not in visitor(here).get("/").text


@pytest.mark.parametrize(
    ("numerator", "denominator", "written"),
    [
        (0, 0, "–"),
        (0, 9, "0.0 %"),
        (9, 9, "100.0 %"),
        (9999, 10000, "99.9 %"),
        (1, 10000, "0.1 %"),
        (2, 3, "66.7 %"),
    ],
)
def test_a_rate_is_whole_only_when_nothing_is_missing(numerator: int, denominator: int, written: str) -> None:
    assert percent(ratio(numerator, denominator)) == written


# --- readable by everybody


class Outline(HTMLParser):
    """The elements of a page, with their attributes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.mark.parametrize("path", ["/", "/districts/d5", "/docs", "/sign-in"])
def test_a_page_can_be_read_without_scripts_styles_in_place_or_other_hosts(here: Gateway, path: str) -> None:
    client = here.client() if path == "/sign-in" else visitor(here)
    response = client.get(path)
    page = Outline(response.text)

    assert response.status_code == 200
    assert page.all("script", "style", "iframe", "img") == []
    assert not any("style" in attributes for _, attributes in page.elements)
    links_ = [
        attributes.get("href") or attributes.get("src") or "/" for attributes in page.all("a", "link", "form")
    ]
    assert all(link.startswith(("/", "#", "?")) for link in links_)
    for link in page.all("link"):
        assert client.get(str(link["href"])).status_code == 200


@pytest.mark.parametrize("path", ["/", "/districts/d5", "/docs", "/sign-in"])
def test_a_page_says_its_structure_to_a_screen_reader(here: Gateway, path: str) -> None:
    client = here.client() if path == "/sign-in" else visitor(here)
    page = Outline(client.get(path).text)

    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("main")) == len(page.all("h1")) == len(page.all("title")) == 1
    assert page.all("header")
    assert all(attributes.get("aria-label") for attributes in page.all("nav"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.all("th"))
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    named = {attributes.get("aria-labelledby") for attributes in page.all("section", "article")} - {None}
    assert named <= set(ids)
    inputs = [each for each in page.all("input") if each.get("type") != "hidden"]
    assert {each["id"] for each in inputs} <= {each.get("for") for each in page.all("label")}


def test_headings_never_skip_a_level(here: Gateway) -> None:
    for path in ("/", "/districts/d5", "/docs"):
        page = Outline(visitor(here).get(path).text)
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


def test_no_cache_keeps_a_page_of_somebody_signed_in(here: Gateway) -> None:
    client = visitor(here)

    assert {client.get(path).headers["Cache-Control"] for path in ("/", "/districts/d5")} == {"no-store"}


def test_words_stand_out_from_their_ground() -> None:
    """WCAG 2.2 asks for a contrast of 4.5 : 1 (1.4.3), and 3 : 1 for what frames the focus (1.4.11)."""
    style = (GATEWAY / "pages" / "static" / "alliance.css").read_text()
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", style))
    for ground in (colours["paper"], colours["card"], "#eef4f0"):
        for word in ("ink", "quiet", "link"):
            assert _contrast(colours[word], ground) >= 4.5, (word, ground)
        assert _contrast(colours["gold"], ground) >= 3
    assert _contrast("#ffffff", colours["green"]) >= 4.5
    assert _contrast(colours["red"], "#fdf3f2") >= 4.5


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
