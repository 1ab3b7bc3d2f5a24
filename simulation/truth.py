"""How each district behaves, drawn once from stated distributions and written down: the truth to recover.

Every figure that a scorecard shows has an expected value that follows from these propensities alone, so that
a recovered figure can be held against what was put in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from simulation.calendar import PERIODS, SCHOOL_YEAR

SCALES: tuple[str, ...] = ("communication", "school_programmes", "home_learning")

#: Beta distributions of the districts' probabilities, as mean and weight (alpha + beta).
BETAS: dict[str, tuple[float, float]] = {
    "pledge": (0.72, 12.0),
    "sending": (0.95, 25.0),
    "lateness": (0.06, 20.0),
    "returning": (0.68, 12.0),
    "responding": (0.32, 14.0),
}

#: Normal distributions of the districts' scale means, as mean and standard deviation, kept within 1.5 to 4.7.
NORMALS: dict[str, tuple[float, float]] = {
    "communication": (3.7, 0.30),
    "school_programmes": (3.3, 0.35),
    "home_learning": (3.9, 0.25),
}
_LOWEST_MEAN, _HIGHEST_MEAN = 1.5, 4.7

#: The share of districts that certify every month.
CERTIFYING = 0.85

#: The same in every district: a return entered in error, an answer "not sure", an item left out, Spanish at
#: home.
VOIDED = 0.005
NOT_SURE = 0.04
LEFT_OUT = 0.02
SPANISH = 0.08

MODES: tuple[tuple[str, float], ...] = (("web", 0.5), ("paper", 0.35), ("sms", 0.1), ("scan", 0.05))
FOLDER_MODES: tuple[tuple[str, float], ...] = (("paper", 0.7), ("web", 0.15), ("scan", 0.1), ("sms", 0.05))


@dataclass(frozen=True, slots=True)
class Propensities:
    """Of one district: probabilities, and a mean in points (1 to 5) for each scale."""

    pledge: float
    """That a student's pledge is signed."""
    sending: float
    """That a class sends its folder for a month at all."""
    lateness: float
    """That a folder sent goes home only in the following month; never in the year's last month."""
    returning: float
    """That a folder sent with a student comes back signed."""
    responding: float
    """That an invited household answers the survey."""
    survey_mode: str
    """confidential or anonymous"""
    scale_means: Mapping[str, float]

    def expected(self) -> dict[str, float]:
        """The expected rate of each indicator, apart from months_met, which hangs on the sizes of the
        schools.
        """
        late_months = (len(PERIODS) - 1) / len(PERIODS)
        return {
            "pledges_signed": self.pledge,
            "classes_reported": self.sending,
            "classes_on_time": self.sending * (1 - self.lateness * late_months),
            "folders_returned": self.returning * (1 - VOIDED),
            "survey_response": self.responding,
        }


@dataclass(frozen=True, slots=True)
class Truth:
    seed: int
    districts: Mapping[str, Propensities]
    """By the identifier that the roster's bundle gave the district, or its name where the platform tells
    none.
    """


def draw_propensities(seed: int, identifier: str) -> Propensities:
    """A district's truth hangs on the seed and its identifier alone, whatever other districts there are."""
    draw = Random(f"{seed}/truth/{identifier}")
    rates = {
        name: round(draw.betavariate(mean * weight, (1 - mean) * weight), 4)
        for name, (mean, weight) in BETAS.items()
    }
    survey_mode = draw.choice(("confidential", "anonymous"))
    means = {
        scale: round(min(max(draw.gauss(mean, sd), _LOWEST_MEAN), _HIGHEST_MEAN), 3)
        for scale, (mean, sd) in NORMALS.items()
    }
    return Propensities(**rates, survey_mode=survey_mode, scale_means=means)


def draw_truth(seed: int, identifiers: Iterable[str]) -> Truth:
    return Truth(seed, {identifier: draw_propensities(seed, identifier) for identifier in identifiers})


def write_truth(truth: Truth, path: Path) -> None:
    """As JSON, with the distributions it was drawn from, so that the file explains itself."""
    document = {
        "seed": truth.seed,
        "school_year": SCHOOL_YEAR,
        "drawn_from": {
            **{
                name: {"law": "beta", "mean": mean, "weight": weight}
                for name, (mean, weight) in BETAS.items()
            },
            **{
                name: {"law": "normal", "mean": mean, "sd": sd, "from": _LOWEST_MEAN, "to": _HIGHEST_MEAN}
                for name, (mean, sd) in NORMALS.items()
            },
            "survey_mode": {"law": "even", "of": ["confidential", "anonymous"]},
        },
        "everywhere": {"voided": VOIDED, "not_sure": NOT_SURE, "left_out": LEFT_OUT, "spanish": SPANISH},
        "districts": {identifier: asdict(of) for identifier, of in truth.districts.items()},
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def read_truth(path: Path) -> Truth:
    document = json.loads(path.read_text(encoding="utf-8"))
    return Truth(document["seed"], {key: Propensities(**of) for key, of in document["districts"].items()})
