"""What each figure of the report is, in a paragraph; docs/methods.md explains the same under the same anchors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..indicators import DEFINITIONS


@dataclass(frozen=True, slots=True)
class Definition:
    title: str
    text: str


_INDICATORS = "; ".join(f"{name}: {of.numerator}, of {of.denominator}" for name, of in DEFINITIONS.items())

#: {anchor: definition}
ANCHORS: Mapping[str, Definition] = {
    "statute": Definition(
        "The statute",
        "Miss. Code 37-3-61 to 37-3-75. Each clause is listed with the evidence that this report has for it, or as not "
        "yet measured.",
    ),
    "participation": Definition(
        "Taking part",
        "A district or school takes part when it has recorded a pledge, a folder or a survey answer in the school "
        "year. Persons are counted from the state's figures as they are shown: the rounded rate of the number. "
        "Growth is this year's count divided by last year's, less one, with an exact 95 % interval.",
    ),
    "components": Definition(
        "Components and indicators",
        f"What 37-3-67 lists, and what is counted for it. {_INDICATORS}. The interval of the state's rate is Wilson's.",
    ),
    "measures": Definition(
        "Measures of 37-3-69",
        "Progress on test scores, participation in school events, persons and districts taking part, and "
        "other measures. The change of a rate between two years is a difference of two samples with "
        "Newcombe's 95 % interval.",
    ),
    "intervals": Definition(
        "Intervals",
        "A 95 % interval holds the truth in 95 of 100 cases. With nobody counted it is everything from 0 to 100 %.",
    ),
    "shrunken-estimates": Definition(
        "Estimate and reliability",
        "The best guess of a district's true rate: its own rate drawn towards the mean of all districts as far as "
        "its own data are uncertain. Reliability is how much of the distance is kept: 0 nothing, 1 all. "
        "Beta-binomial model, maximum likelihood.",
    ),
    "funnels": Definition(
        "Funnel, limits and verdicts",
        "The limits hold 95 % and 99.8 % of districts of a size when they differ from the others by chance and "
        "ordinary variety alone. Above or below is said only beyond the outer limits and where the false "
        "discovery rate q over all districts and indicators is below .05. Nothing is sorted by rank; the ranks "
        "that are given are ranges.",
    ),
    "suppression": Definition(
        "What is not shown",
        "Nobody is shown as 0. Fewer than ten persons: nothing. Ten to twenty: the rate in steps of five per "
        "cent, without the number. At least 95 % or at most 5 %: a bound, without the number. And what would give "
        "these away by subtraction, among schools, districts, the state and earlier reports. An auditor computes "
        "the range of every figure that is not shown before the report is written.",
    ),
    "exemplary": Definition(
        "Exemplary programmes",
        "A written rule names programmes to be looked at: nine tenths of the class-months due certified as "
        "reported; an estimate beyond the funnel's limit, or above the state with q below .05; where there is "
        "an earlier year, an improvement whose interval lies above zero and schools no further apart; the "
        "same last year. People decide, and their reasons are recorded.",
    ),
    "support": Definition(
        "Support",
        "Districts below the state on an indicator, and those that have certified less than half of their "
        "class-months. A figure can be low because a district records with more care.",
    ),
    "funding": Definition(
        "Funding scenarios",
        "Three ways to share a stated budget among the districts that have students, in whole cents: by students; "
        "by students not yet reached (those without a pledge); a coordinator for each district first. Districts "
        "whose numbers are not shown share equally what is left of the state's.",
    ),
    "coordinators": Definition(
        "Coordinators",
        "One for each district that has students, the others by equal proportions (Huntington and Hill) over "
        "students not yet reached; beside it by population, by both methods (Huntington and Hill, Webster).",
    ),
    "certification": Definition(
        "Certified",
        "A coordinator stands for a month's figures as they were known, with the classes that were missing. A month is "
        "amended when facts that came in later change its figures. Certified as reported: class-months in certified "
        "months whose folder had been sent, of all class-months due.",
    ),
    "data-quality": Definition(
        "Data quality",
        "What was certified, amended, set aside, hidden and audited, counted from the records that this report is made "
        "of.",
    ),
    "response-rates": Definition(
        "Response rates",
        "As the American Association for Public Opinion Research defines them: RR1 counts every household that was not "
        "reached as one that could have answered, RR3 a stated share of them, RR5 none.",
    ),
    "non-response": Definition(
        "Non-response",
        "Below 85 % those asked and those who answered are compared by what is known of both; the effect size w "
        "and the p value say how much they differ.",
    ),
    "weights": Definition(
        "Weights",
        "Raking makes the answers add up to the households asked in each district (and to other known shares), within "
        "0.3 and 3. The design effect says how much precision that costs.",
    ),
    "reliability": Definition(
        "Reliability of a scale",
        "Cronbach's alpha with Feldt's interval and McDonald's omega: how much of a scale's variation its "
        "items have in common. For each item its correlation with the rest, and alpha without it.",
    ),
    "survey-groups": Definition(
        "By mode and by language",
        "Means of each scale by the way in which families answered and by language, and the difference to the largest "
        "group with its interval. Groups choose themselves; a difference is no effect of the mode.",
    ),
    "activities": Definition(
        "Activities",
        "What families did, item by item with Wilson's interval. Such lists are never summed.",
    ),
    "test-scores": Definition(
        "Test scores",
        "The share of students at levels 4 and 5 of the state's tests, summed over the tests of a subject "
        "whose figures were published; what was hidden at the source stays hidden and is named.",
    ),
    "change": Definition(
        "Change of test scores",
        "The difference of two years' proportions with Newcombe's interval; they are different children. "
        "Percentile and slope where scores are on a scale.",
    ),
    "graduation": Definition(
        "Graduation",
        "The federal four-year rate as published, often a range. A change is stated only where two years' "
        "ranges do not overlap.",
    ),
    "adjustment": Definition(
        "Adjusted for the families served",
        "The figure expected of a district from its enrolment and from what a file of covariates says of it, such "
        "as poverty, share of English learners and grade span, by weighted regression over the districts shown in "
        "full, and observed divided by expected.",
    ),
    "map": Definition(
        "Map",
        "Districts by the shapes of a public map, matched by name. Districts without a shape are listed beside it.",
    ),
    "pins": Definition(
        "Pins",
        "What the report is made of: positions in each log, the program's version and libraries, every setting "
        "and the digest of every input. With the same fonts the same pins give the same bytes.",
    ),
}
