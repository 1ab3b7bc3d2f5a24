"""A survey's findings in plain English: what was asked of whom, what the weights did, and what the scales are worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .survey_findings import Rates, ScaleFinding, SurveyFindings, Weighting

#: Alpha from which a scale is fit to compare groups by, and from which it is called reliable.
#: Source: Nunnally and Bernstein (1994), Psychometric Theory, 3rd edition, pp. 264-265.
MODEST, GOOD = 0.7, 0.8


def paragraphs(findings: SurveyFindings, names: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """One on the survey and who answered, one on the weights, one on each scale, one on what is left out or hidden."""
    named = names or {}
    first = [_instrument(findings, named), *_answered(findings.rates), findings.why]
    found = [" ".join(filter(None, first))]
    if findings.n is not None:
        found.append(_weighted(findings.weighting))
        found += [_scale(scale, named) for scale in findings.scales]
        if findings.activities:
            found.append(
                f"Families said of {len(findings.activities)} activities whether they did them. Each is counted by "
                "itself: they are different things, and are not added up."
            )
        found += _hidden(findings)
    if findings.left_out:
        rows = "; ".join(f"{n:,} ({reason})" for reason, n in findings.left_out.items())
        found.append(f"Rows of {findings.source} that are no response were left out: {rows}.")
    return tuple(found)


def _instrument(findings: SurveyFindings, names: Mapping[str, str]) -> str:
    scales = [f"{names.get(each.name, each.name)} ({len(each.items)})" for each in findings.scales]
    asks = f" Its scales, with the number of their items, are {', '.join(scales)}." if scales else ""
    return f"The survey is {findings.title}, from {findings.source}.{asks}"


def _answered(of: Rates) -> Iterator[str]:
    if of.asked is None or of.rr1 is None or of.rr3 is None or of.rr5 is None or of.share is None:
        if of.answered is not None:
            yield f"{_households(of.answered)} answered, {of.complete:,} of them every item."
        if of.share_low is not None:
            yield f"At least {of.share_low:.0%} of those asked answered."
        if of.share_high is not None:
            yield f"At most {of.share_high:.0%} of those asked answered."
        if of.why and of.share_low is None and of.share_high is None:
            yield of.why
        return
    yield (
        f"{_households(of.asked)} were asked and {of.answered:,} answered ({of.share:.1%}), {of.complete:,} of them "
        f"every item. By the standard definitions the response rate is {of.rr1:.1%} (RR1) if all who sent nothing back "
        f"could have answered, {of.rr3:.1%} (RR3) if {of.e:.0%} of them could, {of.rr5:.1%} (RR5) if none could."
    )
    if of.multistage is not None:
        yield (
            f"{of.took_part} of {of.districts} districts invited households; over both stages the rate is "
            f"{of.multistage:.1%}."
        )
    if of.bias is not None and of.bias.needed:
        yield "Fewer than 85 % answered, so that it matters whether those who did are like the others."
        if of.bias.w is None or of.bias.p is None:
            yield of.bias.why
        elif of.bias.p >= 0.05:
            yield (
                f"They do not differ from those asked, by {of.bias.by}, more than by chance "
                f"(Cohen's w = {of.bias.w:.2f}, p = {of.bias.p:.2f})."
            )
        else:
            size = "little" if of.bias.w < 0.1 else "somewhat" if of.bias.w < 0.3 else "much"
            p = "< 0.001" if of.bias.p < 0.001 else f"= {of.bias.p:.3f}"
            yield f"They differ {size} from those asked, by {of.bias.by} (Cohen's w = {of.bias.w:.2f}, p {p})."


def _weighted(of: Weighting) -> str:
    joined = " ".join(
        f"Of {each.categories} categories of {each.variable}, {each.joined} had too few answers to be weighted alone "
        f"({each.empty} had none) and were taken together."
        for each in of.margins
        if each.joined
    )
    if of.kind == "none" or of.design_effect is None:
        return f"The answers are not weighted. {of.why} {joined}".strip()
    if of.kind == "file":
        how = "The answers are weighted as they came."
    else:
        variables = " and ".join(each.variable for each in of.margins)
        met = (
            "the margins are met"
            if of.converged
            else f"a weighted share is at most {100 * (of.difference or 0):.2g} points from its margin"
        )
        how = f"The answers were weighted (raking) so that they agree with those asked by {variables}; {met}."
        if of.limits:
            how += f" No family counts for less than {of.limits[0]:g} or more than {of.limits[1]:g}."
    cost = (
        f"Weights go from {of.least:.2f} to {of.greatest:.2f}; the design effect is {of.design_effect:.2f}, so that "
        f"the answers are worth {of.effective_n:,.0f} of a simple sample."
    )
    return " ".join(filter(None, (how, joined, cost)))


def _scale(of: ScaleFinding, names: Mapping[str, str]) -> str:
    name = names.get(of.name, of.name)
    if of.plain.mean is None:
        return f"{name}: {of.plain.why}"
    low, high = of.points
    mean = of.weighted if of.weighted is not None else of.plain
    kind = "weighted mean" if of.weighted is not None else "mean"
    said = (
        f"{name}: the {kind} of {of.plain.n:,} families is {mean.mean:.2f} on a scale of {low:g} to {high:g} "
        f"(95 % interval {mean.low:.2f} to {mean.high:.2f})."
    )
    reliable = of.reliability
    if reliable.alpha is None:
        return f"{said} Reliability: {reliable.why}"
    if reliable.alpha >= GOOD:
        worth = "the items measure one thing well"
    elif reliable.alpha >= MODEST:
        worth = "the items go together well enough to compare groups of families"
    else:
        worth = "the items do not go together well enough to compare by their mean; read them one by one"
    said += f" Cronbach's alpha is {reliable.alpha:.2f} ({reliable.low:.2f} to {reliable.high:.2f}): {worth}."
    if reliable.omega is not None:
        said += f" McDonald's omega is {reliable.omega:.2f}."
    return " ".join([said, *reliable.warnings])


def _hidden(findings: SurveyFindings) -> Iterator[str]:
    hidden = [each for each in findings.groups if each.n is None]
    if hidden:
        yield (
            f"Of groups by mode or language with fewer than {findings.least} families nothing is shown, nor of those "
            "by which they could be told by subtraction."
        )


def _households(count: int) -> str:
    return f"{count:,} household{'' if count == 1 else 's'}"
