"""All that the sections of a report are written from: computed once, and shown only as far as it may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..methods.disclosure import Audit
from ..methods.inputs import BadInput
from . import adjustment, graduation, score_progress, scores, standings, survey, survey_file
from .adjustment import Adjustment
from .choices import Choices, example_plan
from .covariates import Covariates, read_covariates
from .exemplary import Judgement, Standing, sensitivity
from .figures import Figures, YearFigures, completed
from .funding import District, Plan, Scenario, scenarios
from .graduation import Rate, Shift
from .score_progress import Progress
from .scores import Proficiency
from .snapshot import Snapshot
from .survey_data import Asked
from .survey_findings import SurveyFindings

#: The figures that are adjusted for the families served.
ADJUSTED = ("pledges_signed", "folders_returned", "survey_response")


@dataclass(frozen=True, slots=True)
class Material:
    """`stated` is false where the funding plan is an example, because no budget was given; `unfunded` says why there
    are no scenarios, where there are none."""

    snapshot: Snapshot
    choices: Choices
    figures: Figures
    audit: Audit
    standings: Sequence[Standing]
    judgements: Sequence[Judgement]
    sensitivity: Mapping[str, frozenset[tuple[str, str]]]
    surveys: Sequence[SurveyFindings]
    imported: SurveyFindings | None
    proficiency: Mapping[tuple[str, str], Proficiency]
    progress: Sequence[Progress]
    graduation: Sequence[Rate]
    shifts: Sequence[Shift]
    covariates: Covariates | None
    adjustments: Mapping[str, Adjustment]
    plan: Plan | None
    stated: bool
    scenarios: Sequence[Scenario]
    unfunded: str

    @property
    def names(self) -> Mapping[str, str]:
        return self.snapshot.names

    @property
    def named(self) -> tuple[Judgement, ...]:
        """The programmes that the rule names, by district and indicator."""
        return tuple(each for each in self.judgements if each.named)


def gather(snapshot: Snapshot, choices: Choices, figures: Figures, audited: Audit) -> Material:
    """Raises BadInput where a stated budget, a file of covariates or of a survey cannot be used as it is."""
    found = standings.standings(figures, choices.criteria)
    proficiency = scores.proficiency(snapshot.results, choices.rules)
    rates = graduation.rates(snapshot.results, choices.rules)
    covariates = _covariates(snapshot, choices)
    plan, planned, unfunded = _funding(figures.now, choices)
    return Material(
        snapshot=snapshot,
        choices=choices,
        figures=figures,
        audit=audited,
        standings=found,
        judgements=standings.judgements(found, choices.criteria),
        sensitivity=sensitivity(found, choices.criteria),
        surveys=[survey.analyse(data, asked, choices.rules) for data, asked in snapshot.surveys],
        imported=_imported(choices),
        proficiency=proficiency,
        progress=score_progress.progress(snapshot.results, proficiency, rules=choices.rules),
        graduation=rates,
        shifts=graduation.shifts(rates),
        covariates=covariates,
        adjustments={name: _adjusted(figures.now, name, covariates) for name in ADJUSTED},
        plan=plan,
        stated=choices.budget is not None,
        scenarios=planned,
        unfunded=unfunded,
    )


def _imported(choices: Choices) -> SurveyFindings | None:
    if (answers := choices.files.get("survey")) is None:
        return None
    if (mapping := choices.files.get("survey-mapping")) is None:
        raise BadInput(
            f"{answers.name} needs a mapping, which says what its columns are: put mapping.json beside it"
        )
    return survey.analyse(
        survey_file.read(answers.name, answers.content, mapping.content), Asked(), choices.rules
    )


def _covariates(snapshot: Snapshot, choices: Choices) -> Covariates | None:
    if (file := choices.files.get("covariates")) is None:
        return None
    identifiers = {district: found for district, found in snapshot.identifiers.items() if found}
    return read_covariates(file.name, file.content, snapshot.names, identifiers)


def _adjusted(figures: YearFigures, indicator: str, covariates: Covariates | None) -> Adjustment:
    shown = {
        district: each.to_json() for district, each in figures.comparisons[indicator].districts.items()
        if each.shown.status == "shown"
    }  # fmt: skip
    rates = {district: of["rate"] for district, of in shown.items() if of["rate"] is not None}
    enrolment = {district: round(n) for district, (_, n) in completed(figures, "pledges_signed").items()}
    return adjustment.adjusted(rates, {each: shown[each]["n"] for each in rates}, enrolment, covariates)


def _funding(figures: YearFigures, choices: Choices) -> tuple[Plan | None, Sequence[Scenario], str]:
    """(the plan, its scenarios, why there are none). Needs are students without a pledge, as far as they are shown."""
    known = {name: (k, n) for name, (k, n) in completed(figures, "pledges_signed").items() if n > 0}
    districts = {
        name: District(max(1, round(n)), min(max(1, round(n)), max(0.0, n - k)))
        for name, (k, n) in known.items()
    }
    if not districts:
        return None, (), "no district has students whose number is shown"
    students = sum(of.students for of in districts.values())
    stated = choices.budget
    plan = stated.plan(len(districts)) if stated else example_plan(len(districts), students)
    return plan, scenarios(districts, plan), ""
