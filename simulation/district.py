"""One district's year sent to the platform: its pledges, its folders month by month, its survey.

Every function may be called again after an interruption: commands carry their own Idempotency-Keys, and what
cannot be asked for twice, the survey's tokens, is kept in a file until the survey is closed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation.calendar import BEGINS_ON, ENDS_ON, PERIODS, SCHOOL_YEAR, SURVEY_CLOSES_ON, SURVEY_OPENS_ON
from simulation.client import Api, Refusal, at_least
from simulation.counts import Counts
from simulation.plan import DistrictPlan, FolderMonth, Item, Pupil

INSTRUMENT, VERSION = "home-survey", 1
_PAGE = 1000


def read_pupils(api: Api, district: str) -> list[Pupil]:
    """The district's pupils; a Refusal for a roster that is none of the simulation's own.

    The counts that must come back are those of a year in which everybody is in one class from its first to
    its last day.
    """
    pupils: dict[str, Pupil] = {}
    for row in api.pages(f"/v1/districts/{district}/enrolments", limit=_PAGE):
        whole_year = (
            row["begins_on"] <= BEGINS_ON.isoformat() and (row["ends_on"] or "9") >= ENDS_ON.isoformat()
        )
        if row["student"] in pupils or not whole_year:
            raise Refusal(
                f"student {row['student']} is in two classes or not there for all of {SCHOOL_YEAR}; "
                "a year can only be played on a bundle of simulation.sample or simulation.mississippi"
            )
        pupils[row["student"]] = Pupil(
            student=row["student"],
            household=row["household"],
            guardians=tuple(row["guardians"]),
            class_=row["class"],
            school=row["school"],
            sourced_id=row["sourced_id"] or row["student"],
        )
    return list(pupils.values())


def play_pledges(api: Api, plan: DistrictPlan, counts: Counts) -> None:
    counts.of_roster(plan.pupils)
    counts.pledges_signed += api.post_lines("/v1/pledges", plan.pledges())


def play_folders(
    api: Api, plan: DistrictPlan, counts: Counts, bulk: bool, after_month: Callable[[], None]
) -> None:
    """Ten months: each class sends, then its returns come, then the wrong ones are voided.

    With `bulk`, a month's returns go in as lines; otherwise each class enters its own list.
    """
    classes = plan.classes()
    of_school = Counter(school for school, _ in classes)
    for period in PERIODS:
        sent: list[FolderMonth] = []
        for (school, class_), members in classes.items():
            folder = plan.folder(school, class_, members, period)
            if folder is not None:
                api.post(_address(folder, "sent"), {"sent_on": folder.sent_on, "students": folder.students})
                sent.append(folder)
        if bulk:
            api.post_lines("/v1/folders/returns", _return_lines(sent))
        else:
            for folder in filter(lambda each: each.returns, sent):
                _return_as_list(api, folder)
        for folder in sent:
            for student in folder.voided:
                api.post(
                    _address(folder, "voids"), {"student": student, "reason": "Ticked for the wrong child."}
                )
        counts.of_month(sent, of_school)
        after_month()


def play_certification(api: Api, plan: DistrictPlan, district: str) -> None:
    """The coordinator certifies the months, with the classes that are missing in them."""
    # Certifications themselves change no figure of a month: one need not wait for the others.
    fresh = at_least({source: at for source, at in api.positions.items() if source != "evaluation"})
    for period in plan.certified():
        address = f"/v1/districts/{district}/months/{period}/certification?at_least={fresh}"
        api.post(address, {"incomplete": True})


def play_survey(
    api: Api, plan: DistrictPlan, counts: Counts, district: str, items: Sequence[Item], folder: Path
) -> None:
    """Opens the survey, invites every household, sends the responses of those who answer, closes it."""
    keys = plan.households()
    survey, tokens = _invited(api, plan, district, keys, folder / f"tokens-{district}.json")
    counts.invited += len(keys)

    def responses() -> Iterator[dict[str, Any]]:
        for household, key in sorted(keys.items(), key=lambda each: each[1]):
            response = plan.response(key, items)
            if response is not None:
                counts.of_response(response["answers"], items)
                yield {"token": tokens.get(household, ""), **response}

    if api.get(f"/v1/surveys/{survey}")["status"] == "closed":
        # Played to the end before: only the counting is left to do.
        for _ in responses():
            pass
    else:
        # After an interruption: an anonymous response that came in before it finds its token spent, and a
        # closing that was broken off half-way has shut the survey with all responses in it.
        known = ("has already been used", "The survey is closed")
        api.post_lines(f"/v1/surveys/{survey}/responses", responses(), known)
    # A repeat answers with the first closing's position.
    api.post(f"/v1/surveys/{survey}/close", {})


def survey_items(api: Api) -> list[Item]:
    """The items of the shipped home survey."""
    for document in api.pages("/v1/instruments"):
        if (document["instrument"], document["version"]) == (INSTRUMENT, VERSION):
            return [
                Item(item["item"], scale["scale"], item["reversed"])
                for scale in document["scales"]
                for item in scale["items"]
            ]
    raise Refusal(f"the platform has no instrument {INSTRUMENT} version {VERSION}; publish it and play again")


def _invited(
    api: Api, plan: DistrictPlan, district: str, households: Mapping[str, str], kept: Path
) -> tuple[str, dict[str, str]]:
    """The survey and each household's token; the platform shows tokens once, so they are kept in a file."""
    if kept.exists():
        saved = json.loads(kept.read_text(encoding="utf-8"))
        return saved["survey"], saved["tokens"]
    survey = api.post(
        "/v1/surveys",
        {
            "instrument": INSTRUMENT,
            "version": VERSION,
            "mode": plan.truth.survey_mode,
            "school_year": SCHOOL_YEAR,
            "district": district,
            "opens_on": SURVEY_OPENS_ON.isoformat(),
            "closes_on": SURVEY_CLOSES_ON.isoformat(),
        },
    )["survey"]
    address = f"/v1/surveys/{survey}/invitations"
    issued = api.post(address, {})["invitations"]
    if not issued:
        # Invited before, but interrupted before the tokens were kept: nobody can have answered yet.
        issued = api.post(address, {"replace": True})["invitations"]
    tokens = {each["household"]: each["token"] for each in issued}
    if tokens.keys() != households.keys():
        raise Refusal(f"survey {survey} invited {len(tokens)} households; the roster has {len(households)}")
    unfinished = kept.with_suffix(".unfinished")
    unfinished.write_text(json.dumps({"survey": survey, "tokens": tokens}), encoding="utf-8")
    unfinished.replace(kept)
    return survey, tokens


def _return_lines(sent: Sequence[FolderMonth]) -> Iterator[dict[str, Any]]:
    for folder in sent:
        for returned in folder.returns:
            yield {"class": folder.class_, "period": folder.period, **returned}


def _return_as_list(api: Api, folder: FolderMonth) -> None:
    answer = api.post(_address(folder, "returns"), {"returns": folder.returns}, events=len(folder.returns))
    refused = [each for each in answer["returns"] if each["status"] == "refused"]
    if refused:
        raise Refusal(f"{len(refused)} of {len(folder.returns)} returns refused; the first: {refused[0]}")


def _address(folder: FolderMonth, what: str) -> str:
    return f"/v1/classes/{folder.class_}/folders/{folder.period}/{what}"
