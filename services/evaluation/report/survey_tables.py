"""A survey's findings as tables and in words. A figure that is not shown is an empty cell, the reason beside it."""

from __future__ import annotations

from collections.abc import Mapping

from .folder import Kind, Table, Value
from .survey_findings import GroupMean, Rates, Split, SurveyFindings, Weighting

#: Decimals of a figure in a table's file: what lies behind them differs from one machine's arithmetic to another's.
_PLACES = 6

_WEIGHTS = {"none": "none", "file": "as they came with the answers", "raked": "raked to those asked"}
_TITLES: Mapping[Split, str] = {"mode": "by the way they answered", "language": "by language"}


def tables(findings: SurveyFindings, names: Mapping[str, str], prefix: str = "survey") -> tuple[Table, ...]:
    """Those that apply of `prefix`-response, -weights, -scales, -items, -modes, -languages and -activities.

    `names` says how scales, items, modes, languages and activities are printed; what it lacks is printed as it is.
    """
    found = [_response(findings.rates, prefix)]
    if findings.weighting.kind != "none":
        found.append(_weights(findings.weighting, names, prefix))
    if findings.scales:
        found += [_scales(findings, names, prefix), _items(findings, names, prefix)]
    splits: tuple[Split, ...] = ("mode", "language")
    for split in splits:
        if any(group.split == split for group in findings.groups):
            found.append(_groups(findings, split, names, prefix))
    if findings.activities:
        found.append(_activities(findings, names, prefix))
    return tuple(found)


def _response(of: Rates, prefix: str) -> Table:
    columns = {
        "what": "What", "counted_as": "Counted as", "households": "Households", "share": "Share",
        "at_least": "At least", "at_most": "At most", "note": "Note",
    }  # fmt: skip
    kinds: dict[str, Kind] = {
        "households": "count",
        "share": "share",
        "at_least": "share",
        "at_most": "share",
    }
    asked = of.asked
    rows: list[list[Value]] = [
        _row("Asked", "all that were invited", asked),
        _row("Answered", "complete and partial", of.answered, of.share, of.share_low, of.share_high, of.why),
        _row("Every item marked", "complete (I)", of.complete, _part(of.complete, asked)),
        _row("Some items left out", "partial (P)", of.partial, _part(of.partial, asked)),
        _row("Nothing came back", "unknown whether eligible (UH)", of.silent, _part(of.silent, asked)),
        _row("RR1", "I / (I + P + UH)", None, of.rr1),
        _row("RR3", f"I / (I + P + e UH), e = {of.e:g}", None, of.rr3),
        _row("RR5", "I / (I + P)", None, of.rr5),
    ]
    if of.districts is not None:
        share = _part(of.took_part, of.districts)
        told = f"{of.took_part} of {of.districts} districts that were to take part"
        rows.append(_row("Districts that invited households", told, None, share))
        rows.append(_row("Districts x households", "share of the districts x RR1", None, of.multistage))
    if of.bias is not None and of.bias.needed:
        note = of.bias.why
        if of.bias.w is not None and of.bias.p is not None:
            note = f"Cohen's w = {of.bias.w:.2f}, p = {of.bias.p:.3f}, over {of.bias.groups} groups"
        rows.append(
            _row(
                "Below 85 %: are those who answered like those asked?",
                f"by {of.bias.by}" if of.bias.by else "",
                None,
                note=note,
            )
        )
    return Table(f"{prefix}-response", "How many answered", columns, rows, kinds, "response-rates")


def _row(
    what: str,
    counted_as: str,
    households: int | None,
    share: float | None = None,
    low: float | None = None,
    high: float | None = None,
    note: str = "",
) -> list[Value]:
    return [what, counted_as, households, _rounded(share), low, high, note or None]


def _weights(of: Weighting, names: Mapping[str, str], prefix: str) -> Table:
    columns = {"what": "What", "note": "Note", "number": "Number", "share": "Share"}
    rows: list[list[Value]] = [["Weights", _WEIGHTS[of.kind], None, None]]
    for each in of.margins:
        together = (
            f"{each.joined} taken together, {each.empty} of them without any answer" if each.joined else None
        )
        rows.append([f"Categories of {_name(names, each.variable)}", together, each.categories, None])
    limits = (
        f"not below {of.limits[0]:g}" if of.limits else None,
        f"not above {of.limits[1]:g}" if of.limits else None,
    )
    rows.append(["Least weight", limits[0], _rounded(of.least), None])
    rows.append(["Greatest weight", limits[1], _rounded(of.greatest), None])
    if of.difference is not None:
        told = "the margins are met" if of.converged else "the limits do not let the margins be met"
        rows.append(
            ["Greatest distance of a weighted share from its margin", told, None, _rounded(of.difference)]
        )
    rows.append(["Design effect", "what weighting costs in precision", _rounded(of.design_effect), None])
    rows.append(["Answers are worth", "answers of a simple sample", _rounded(of.effective_n), None])
    kinds: dict[str, Kind] = {"number": "number", "share": "share"}
    return Table(f"{prefix}-weights", "How the answers were weighted", columns, rows, kinds, "weights")


def _scales(findings: SurveyFindings, names: Mapping[str, str], prefix: str) -> Table:
    columns = {
        "scale": "Scale", "items": "Items", "least": "Lowest", "greatest": "Highest", "n": "Families",
        "mean": "Mean", "low": "95 % from", "high": "95 % to",
        "weighted": "Weighted mean", "weighted_low": "Weighted 95 % from", "weighted_high": "Weighted 95 % to",
        "alpha": "Alpha", "alpha_low": "Alpha 95 % from", "alpha_high": "Alpha 95 % to", "omega": "Omega",
        "note": "Note",
    }  # fmt: skip
    rows: list[list[Value]] = []
    for each in findings.scales:
        reliable = each.reliability
        weighted = each.weighted
        notes = dict.fromkeys(
            [
                f"Mean: {each.plain.why}" if each.plain.why else "",
                f"Reliability: {reliable.why}" if reliable.why else "",
                f"Omega: {reliable.why_omega}" if reliable.why_omega and not reliable.why else "",
                *reliable.warnings,
            ]
        )
        rows.append(
            [
                _name(names, each.name), len(each.items), each.points[0], each.points[1], each.plain.n,
                *map(_rounded, (each.plain.mean, each.plain.low, each.plain.high)),
                *(map(_rounded, (weighted.mean, weighted.low, weighted.high)) if weighted else (None,) * 3),
                *map(_rounded, (reliable.alpha, reliable.low, reliable.high, reliable.omega)),
                " ".join(filter(None, notes)) or None,
            ]
        )  # fmt: skip
    text = ("scale", "note")
    kinds: dict[str, Kind] = {key: "number" for key in columns if key not in text}
    return Table(
        f"{prefix}-scales",
        "The scales",
        columns,
        rows,
        kinds | {"items": "count", "n": "count"},
        "reliability",
    )


def _items(findings: SurveyFindings, names: Mapping[str, str], prefix: str) -> Table:
    columns = {
        "scale": "Scale", "item": "Item", "wording": "Wording", "reversed": "Turned round", "n": "Families",
        "mean": "Mean", "item_rest": "Correlation with the rest", "alpha_if_dropped": "Alpha without it",
        "note": "Note",
    }  # fmt: skip
    rows: list[list[Value]] = [
        [
            _name(names, item.scale), _name(names, item.name), item.wording or None, item.reversed, item.n,
            *map(_rounded, (item.mean, item.item_rest, item.alpha_if_dropped)),
            " ".join(filter(None, (item.why, item.warning))) or None,
        ]
        for scale in findings.scales
        for item in scale.items
    ]  # fmt: skip
    kinds: dict[str, Kind] = {
        "n": "count",
        "mean": "number",
        "item_rest": "number",
        "alpha_if_dropped": "number",
    }
    return Table(f"{prefix}-items", "What each item adds", columns, rows, kinds, "reliability")


def _groups(findings: SurveyFindings, split: Split, names: Mapping[str, str], prefix: str) -> Table:
    columns = {
        "group": split.capitalize(), "families": "Families", "scale": "Scale", "n": "With a score", "mean": "Mean",
        "low": "95 % from", "high": "95 % to", "difference": "Difference", "difference_low": "Difference 95 % from",
        "difference_high": "Difference 95 % to", "against": "From", "note": "Note",
    }  # fmt: skip
    rows: list[list[Value]] = [
        [group, families, _name(names, scale), *_group_mean(mean, names)]
        for each in findings.groups
        if each.split == split
        for group, families in [(_name(names, each.name) if each.name else "not stated", each.n)]
        for scale, mean in each.scales.items()
    ]
    # A difference is of means in points, not of shares.
    number = ("mean", "low", "high", "difference", "difference_low", "difference_high")
    kinds: dict[str, Kind] = dict.fromkeys(number, "number")
    title = f"Families {_TITLES[split]}"
    return Table(
        f"{prefix}-{split}s",
        title,
        columns,
        rows,
        kinds | {"families": "count", "n": "count"},
        "survey-groups",
    )


def _group_mean(of: GroupMean, names: Mapping[str, str]) -> list[Value]:
    figures = (of.mean.mean, of.mean.low, of.mean.high, of.difference, of.low, of.high)
    against = None if of.difference is None else _name(names, of.against) if of.against else "not stated"
    return [of.mean.n, *map(_rounded, figures), against, of.mean.why or None]


def _activities(findings: SurveyFindings, names: Mapping[str, str], prefix: str) -> Table:
    columns = {
        "activity": "Activity", "wording": "Wording", "status": "Shown as", "n": "Families", "k": "Did it",
        "share": "Share", "low": "95 % from", "high": "95 % to", "weighted": "Weighted share",
        "at_least": "At least", "at_most": "At most",
    }  # fmt: skip
    rows: list[list[Value]] = [
        [
            _name(names, of.name), of.wording or None, of.status, of.n, of.k,
            *map(_rounded, (of.share, of.low, of.high, of.weighted, of.at_least, of.at_most)),
        ]
        for of in findings.activities
    ]  # fmt: skip
    kinds: dict[str, Kind] = dict.fromkeys(list(columns)[5:], "share")
    title = "What families did, each by itself"
    return Table(
        f"{prefix}-activities", title, columns, rows, kinds | {"n": "count", "k": "count"}, "activities"
    )


def _name(names: Mapping[str, str], key: str) -> str:
    return names.get(key, key)


def _rounded(value: float | None) -> float | None:
    # Adding 0 makes a negative zero plain.
    return None if value is None else round(value, _PLACES) + 0.0


def _part(count: int | None, of: int | None) -> float | None:
    return count / of if count is not None and of else None
