"""A release is stored as JSON and comes back as it was."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from services.evaluation.methods import suppression
from services.evaluation.methods.inputs import BadInput
from services.evaluation.methods.release import Release, Rules, Sum, from_json, to_json
from services.evaluation.methods.suppression import Cell, Table


def made() -> Release:
    cells = {
        ("all", "2024"): Cell(1475, 614),
        ("a", "2024"): Cell(1000, 333),
        ("b", "2024"): Cell(15, 5),
        ("c", "2024"): Cell(300, 150),
        ("d", "2024"): Cell(100, 97),
        ("e", "2024"): Cell(4, 1),
        ("f", "2024"): Cell(22, 14),
        ("g", "2024"): Cell(0, 0),
        ("h", "2024"): Cell(16, 6),
        ("i", "2024"): Cell(18, 8),
    }
    parents = {"unit": dict.fromkeys("abcdefghi", "all")}
    return suppression.suppress(
        [Table("pledges", ("unit", "year"), cells, parents, counts=True)], name="August"
    )


def test_a_release_comes_back_from_its_document_as_it_was() -> None:
    release = made()
    assert {shown.status for shown in release.shown.values()} == {"shown", "rate only", "bound", "hidden"}
    back = from_json(json.loads(json.dumps(to_json(release))))
    assert back == release
    assert suppression.audit(back) == suppression.audit(release)
    assert suppression.audit(release, [back]) == suppression.audit(release, [release])


def test_rules_and_what_counts_twice_come_back_too() -> None:
    release = replace(
        made(),
        rules=Rules(least=6, rate_only=12, low=2.5, width=7),
        sums=(Sum(("t", ("x", "y")), (("t", ("z", "y")), ("t", ("w", "y"))), 3, 2), Sum(("t", ()), ())),
    )
    assert from_json(json.loads(json.dumps(to_json(release)))) == release


def test_equal_releases_give_the_same_document_in_whatever_order_they_were_made() -> None:
    release = made()
    turned = replace(release, shown=dict(reversed(release.shown.items())))
    assert turned == release
    assert json.dumps(to_json(turned)) == json.dumps(to_json(release))


@pytest.mark.parametrize("document", [{}, {**to_json(made()), "shown": [{"figure": ["t", "a"], "odd": 1}]}])
def test_a_document_that_is_no_release_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="is no release"):
        from_json(document)
