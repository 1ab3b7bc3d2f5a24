"""The sample state: eight districts, forty schools, six thousand pupils, none of them real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulation.families import School, spans
from simulation.state import Bundle, District, write_state

#: Name, schools, pupils. Districts of very different size: a fair comparison must cope with that.
_DISTRICTS: tuple[tuple[str, int, int], ...] = (
    ("Bayou Clair County", 9, 1480),
    ("Cypress Bend", 7, 1130),
    ("Dogwood County", 6, 960),
    ("Egret Landing", 5, 760),
    ("Magnolia Springs", 5, 640),
    ("Possum Ridge County", 4, 520),
    ("Red Clay Hills", 3, 360),
    ("Tupelo Hollow", 1, 150),
)

_PLACES: tuple[str, ...] = (
    "Oak Grove", "Willow Creek", "Pine Level", "Sand Hill", "Cedar Lake", "Mill Pond", "Chestnut Street",
    "Long Branch", "Sweetgum", "Bluff Road", "Heron Point", "Pecan Valley", "Old River", "Sycamore",
    "Turkey Creek", "Mockingbird", "Cotton Row", "Fern Hollow", "Walnut Hill", "Clear Spring",
)  # fmt: skip

_KINDS: dict[tuple[int, int], str] = {
    (0, 12): "School", (0, 6): "Lower School", (7, 12): "Upper School",
    (0, 5): "Elementary School", (6, 8): "Middle School", (9, 12): "High School",
}  # fmt: skip


def write_sample(path: Path, seed: int = 1) -> Bundle:
    """Writes the sample state's OneRoster bundle; the same seed gives the same bytes."""
    return write_state(path, "Sample State", sample_districts(), seed)


def sample_districts() -> Iterator[District]:
    place = 0
    for number, (name, schools, pupils) in enumerate(_DISTRICTS, start=1):
        code = f"s{number}"
        built = []
        for at, (first, last) in enumerate(spans(schools), start=1):
            # Twenty places serve forty schools: the kind or the district tells them apart.
            title = f"{_PLACES[place % len(_PLACES)]} {_KINDS[first, last]}"
            built.append(School(f"s-{code}-{at:02d}", title, f"99000{number}{at:02d}", first, last))
            place += 1
        yield District(code, f"{name} School District", f"99000{number}", pupils, tuple(built))
