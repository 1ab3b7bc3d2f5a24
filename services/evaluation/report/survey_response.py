"""How many of those asked answered, who is missing, and weights that make up for it."""

from __future__ import annotations

from collections.abc import Mapping

from ..methods import response, weights
from ..methods.inputs import Array
from ..methods.release import Cell, Rules
from ..methods.suppression import primary
from .survey_data import UNKNOWN, Asked, Coded, SurveyData
from .survey_findings import Margin, NonResponse, Rates, Weighting

#: No family speaks for more than three, or for less than 0.3 of one.
LIMITS = (0.3, 3.0)

#: Shares that are this close to their margins agree with them; a tighter fit changes no printed figure.
_TOLERANCE = 1e-6
_ROUNDS = 200


def rates(data: SurveyData, asked: Asked, rules: Rules) -> Rates:
    """Response rates, with `complete` those who marked every item, and households that sent nothing back counted as of
    unknown eligibility. More responses than invitations, of a stratum, leave nobody silent there."""
    complete = int(data.complete.sum())
    partial = data.responses - complete
    if asked.invited is None:
        why = "It is not known how many were asked, so that there is no response rate."
        if data.responses < rules.least:
            return Rates("hidden", why=why)
        return Rates("shown", answered=data.responses, complete=complete, partial=partial, why=why)
    silent = _silent(data, asked.invited)
    total = data.responses + silent
    status = primary(Cell(total, data.responses), rules)
    if data.responses < rules.least:
        status = "hidden"
    if status == "bound":
        share = 100 * data.responses / total
        low, high = (rules.high / 100, None) if share >= rules.high else (None, rules.low / 100)
        return Rates(
            status, share_low=low, share_high=high, e=asked.e, why="Nearly all or nearly none answered."
        )
    if status != "shown":
        return Rates(status, e=asked.e, why=f"Fewer than {rules.least} answered, or too few were asked.")
    given = {"complete": complete, "partial": partial, "unknown_household": silent}
    rr1 = response.rr1(**given)
    stages = asked.took_part / asked.districts if asked.districts else None
    return Rates(
        status=status,
        asked=total,
        answered=data.responses,
        complete=complete,
        partial=partial,
        silent=silent,
        e=asked.e,
        rr1=rr1,
        rr3=response.rr3(**given, e=asked.e),
        rr5=response.rr5(**given),
        share=data.responses / total,
        took_part=asked.took_part if asked.districts else None,
        districts=asked.districts,
        multistage=None if stages is None else response.multistage(stages, rr1),
        bias=_bias(data, asked.invited, data.responses / total, rules),
    )


def weigh(data: SurveyData, asked: Asked, rules: Rules) -> tuple[Weighting, Array | None]:
    """Weights of mean 1: a file's own, or raked to the households invited per stratum and to the margins given.

    Categories with fewer than `rules.least` respondents are taken together, with the next smallest where they are
    still too few, so that no weight rests on a handful of answers or on none.
    """
    if data.weights is not None:
        own: Array = data.weights / data.weights.mean()
        effect = float((own**2).mean())
        return _weighting("file", own, effect), own
    wanted: dict[str, tuple[Coded, Mapping[str, float]]] = {}
    if data.strata is not None and asked.invited is not None and asked.took_part > 1:
        wanted[data.stratum] = (data.strata, asked.invited)
    wanted |= {variable: (data.variables[variable], of) for variable, of in data.margins.items()}
    sample, margins, told = {}, {}, []
    for variable, (coded, targets) in wanted.items():
        members, shares, margin = _joined(variable, coded, targets, rules.least)
        told.append(margin)
        if len(shares) > 1:
            sample[variable], margins[variable] = members, shares
    if not margins:
        why = (
            "Every category has too few respondents to weight by."
            if wanted
            else "Nothing is known of those asked by which the answers could be weighted."
        )
        return Weighting("none", tuple(told), why=why), None
    raked = weights.rake(sample, margins, LIMITS, _TOLERANCE, _ROUNDS)
    found = _weighting("raked", raked.weights, raked.design_effect, tuple(told), raked)
    return found, raked.weights


def _weighting(
    kind: str,
    given: Array,
    effect: float,
    margins: tuple[Margin, ...] = (),
    raked: weights.Raked | None = None,
) -> Weighting:
    return Weighting(
        kind="raked" if kind == "raked" else "file",
        margins=margins,
        limits=LIMITS if raked else None,
        converged=raked.converged if raked else None,
        iterations=raked.iterations if raked else None,
        difference=raked.difference if raked else None,
        least=float(given.min()),
        greatest=float(given.max()),
        design_effect=effect,
        effective_n=given.size / effect,
    )


def _silent(data: SurveyData, invited: Mapping[str, int]) -> int:
    """Households that were invited and sent nothing back, stratum by stratum where both are known by stratum."""
    if data.strata is None or not set(invited) & set(data.strata.names):
        return max(sum(invited.values()) - data.responses, 0)
    answered = data.strata.counts()
    unknown = int((data.strata.codes == UNKNOWN).sum())
    silent = sum(max(count - answered.get(stratum, 0), 0) for stratum, count in invited.items())
    return max(silent - unknown, 0)


def _bias(data: SurveyData, invited: Mapping[str, int], share: float, rules: Rules) -> NonResponse:
    needed = share < response.ANALYSIS_BELOW
    if not needed:
        return NonResponse(False)
    if data.strata is None or len(invited) < 2:
        return NonResponse(
            True, why="Nothing is known by which those asked and those who answered could be compared."
        )
    counts = _counts(data.strata)
    joined = _groups(counts, invited, rules.least)
    pairs: dict[str, tuple[int, int]] = {}
    for stratum, group in joined.items():
        asked, answered = pairs.get(group, (0, 0))
        pairs[group] = (asked + invited.get(stratum, 0), answered + counts.get(stratum, 0))
    # A household may have moved, or answered twice: as many answers as invitations are the most that can be compared.
    frame = {group: (asked, min(asked, answered)) for group, (asked, answered) in pairs.items()}
    if len(frame) < 2:
        return NonResponse(True, why=f"Too few answered to compare them by {data.stratum}.")
    found = response.bias({data.stratum: frame}).variables[data.stratum]
    return NonResponse(True, data.stratum, len(frame), found.w, found.p)


def _counts(coded: Coded) -> dict[str, int]:
    """With "" for those that do not say, where there are any."""
    unknown = int((coded.codes == UNKNOWN).sum())
    return coded.counts() | ({"": unknown} if unknown else {})


def _joined(
    variable: str, coded: Coded, targets: Mapping[str, float], least: int
) -> tuple[list[str], dict[str, float], Margin]:
    """(the group of each respondent, {group: share}, what was done). Those that do not say keep their share."""
    counts = _counts(coded)
    given = sum(counts.values())
    blank = counts.get("", 0) / given
    whole = sum(targets.values()) or 1.0
    shares = {category: target / whole * (1 - blank) for category, target in targets.items() if target > 0}
    if blank:
        shares[""] = blank
    groups = _groups(counts, shares, least)
    found: dict[str, float] = {}
    for category, group in groups.items():
        found[group] = found.get(group, 0.0) + shares.get(category, 0.0)
    # The codes are places in the names, and -1 is the last.
    of_code = [groups[name] for name in coded.names] + [groups.get("", "")]
    together = [category for category, group in groups.items() if group != category]
    empty = sum(not counts.get(category) for category in together)
    margin = Margin(variable, len(groups), len(together), empty)
    return [of_code[code] for code in coded.codes.tolist()], found, margin


def _groups(counts: Mapping[str, int], targets: Mapping[str, float], least: int) -> dict[str, str]:
    """{category: itself, or the group of those taken together}."""
    ordered = sorted(set(counts) | set(targets), key=lambda each: (counts.get(each, 0), each))
    enough = [each for each in ordered if counts.get(each, 0) >= least and targets.get(each, 0) > 0]
    small = set(ordered) - set(enough)
    while small and enough and not _stands(small, counts, targets, least):
        small.add(enough.pop(0))
    # No category has this name: a file's have no blank before them.
    return {each: " together" if each in small and len(small) > 1 else each for each in ordered}


def _stands(group: set[str], counts: Mapping[str, int], targets: Mapping[str, float], least: int) -> bool:
    """Whether the categories, taken together, have enough respondents, and anybody to stand for."""
    answered, wanted = (sum(of.get(each, 0) for each in group) for of in (counts, targets))
    return answered >= least and wanted > 0
