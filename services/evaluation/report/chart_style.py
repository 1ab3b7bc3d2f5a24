"""How every chart looks and becomes an <svg> element: one image to a screen reader, the same bytes for the same input.

Colours are Okabe and Ito's (2008), and nothing hangs on colour alone. Text is dark on white, 10 px or more at the width
of a page. Nothing is fetched: the data are in the chart. How wide a text is, is measured in the fonts of the machine.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import altair as alt
import vl_convert

from ..methods.funnel import ABOVE, BELOW, CONSISTENT, TOO_FEW
from .document import Chart
from .svg import FONT, finished, text

Rows = list[dict[str, Any]]

#: Of the whole picture, in px.
WIDTH = 640
TEXT, LINE, FAINT, GREY = "#222222", "#555555", "#dddddd", "#767676"
#: Width of a letter of the font at 11 px, on average, where places are computed.
LETTER = 6.2
#: So many names stand in a chart or its alt; more are in the table.
MOST_NAMES = 8
#: vega's expression for the labels of an axis of shares.
PERCENT = "format(100 * datum.value, '.4~g') + ' %'"
BLUE, VERMILLION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"


class Look(NamedTuple):
    shape: str
    colour: str


VERDICTS: Mapping[str, Look] = {
    ABOVE: Look("triangle-up", BLUE),
    BELOW: Look("triangle-down", VERMILLION),
    CONSISTENT: Look("circle", GREY),
    TOO_FEW: Look("cross", GREY),
}

_CONFIG: Mapping[str, Any] = {
    "background": "white",
    "font": FONT,
    "padding": 6,
    "view": {"stroke": None},
    "axis": {
        "labelColor": TEXT, "labelFontSize": 11, "titleColor": TEXT, "titleFontSize": 12,
        "titleFontWeight": "normal", "titlePadding": 8, "gridColor": FAINT, "domainColor": LINE,
        "tickColor": LINE, "labelFlush": False,
    },
    "legend": {
        "labelColor": TEXT, "labelFontSize": 11, "titleColor": TEXT, "titleFontSize": 12,
        "titleFontWeight": "normal", "orient": "top", "symbolSize": 70, "labelLimit": 300,
    },
    "text": {"color": TEXT, "fontSize": 11},
}  # fmt: skip
_LAST_WORDS = re.compile(
    r"\s+(?:(?:public |municipal |separate )?(?:schools?|sch) (?:district|dist)|sd)$", re.I
)


def chart(id: str, title: str, table: str, said: str, drawn: alt.TopLevelMixin) -> Chart:
    """The chart as it is printed; `said` becomes its alt and its description. The title is not drawn.

    Raises BadInput for an id that cannot be the beginning of others: letters, digits, - and _ are wanted.
    """
    # The theme and whatever else altair holds for the process have no say: the look is here alone.
    # What the tests have found to be valid need not be validated again: that is half of the time.
    spec = {**drawn.to_dict(validate=False), "config": dict(_CONFIG)}
    return finished(id, title, table, said, vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))


def nothing(id: str, title: str, table: str, said: str = "There is nothing to show.") -> Chart:
    """In place of a chart without data: a picture that says so."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="60" viewBox="0 0 {WIDTH} 60">'
        f'<rect width="{WIDTH}" height="60" fill="white"/>'
        f'<text x="{WIDTH // 2}" y="34" text-anchor="middle" font-size="12px" fill="{TEXT}"/></svg>'
    )
    return finished(id, title, table, said, svg, said)


def data(rows: Rows) -> alt.InlineData:
    return alt.InlineData(values=rows)


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a value is on an axis of `length` px, and back: what vega would compute, for the placing of names."""

    low: float
    high: float
    length: int
    log: bool = False

    def at(self, value: float) -> float:
        if self.log:
            return self.length * math.log(value / self.low) / math.log(self.high / self.low)
        return self.length * (value - self.low) / (self.high - self.low)

    def of(self, px: float) -> float:
        if self.log:
            return self.low * math.exp(px / self.length * math.log(self.high / self.low))
        return self.low + (self.high - self.low) * px / self.length

    @classmethod
    def around(cls, values: Sequence[float], length: int) -> Scale:
        """A logarithmic axis with room for the marks."""
        return cls(float(min(values)) / 1.25, float(max(values)) * 1.25, length, log=True)

    def axis(self, format: str, grid: bool = True) -> alt.Axis:
        """With 1, 2 and 5 times the powers of ten where it is logarithmic; the powers alone where these are many."""
        if not self.log:
            return alt.Axis(format=format, grid=grid, tickCount=6)
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        factors = (1, 2, 5) if len(powers) <= 6 else (1,)
        ticks = [by * 10.0**power for power in powers for by in factors]
        return alt.Axis(
            format=format, grid=grid, values=[tick for tick in ticks if self.low <= tick <= self.high]
        )

    def drawn(self) -> alt.Scale:
        return alt.Scale(
            type="log" if self.log else "linear", domain=[self.low, self.high], nice=False, zero=False
        )


def place(
    names: Sequence[tuple[float, float, str]], marks: Sequence[tuple[float, float]], width: int, height: int
) -> list[tuple[float, float, str]]:
    """(left, middle, name) of those names that fit beside their mark, in order, without covering another or a mark.

    In px from the upper left; what fits at no side is left out.
    """
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in marks]
    found = []
    for x, y, name in names:
        long = LETTER * len(name)
        right, before, centred = x + 8, x - 8 - long, x - long / 2
        sides = (
            (right, 0),
            (before, 0),
            (centred, -13),
            (centred, 13),
            (right, 9),
            (right, -9),
            (before, 9),
            (before, -9),
        )
        for left, middle in ((left, y + down) for left, down in sides):
            box = (left, middle - 7, left + long, middle + 7)
            inside = box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                found.append((left, middle, name))
                break
    return found


def apart(at: Sequence[float], least: float, end: float) -> list[float]:
    """The places moved as little down, then up, as keeps them `least` from one another and within 0 and `end`."""
    order = sorted(range(len(at)), key=lambda index: (at[index], index))
    moved = list(at)
    floor = -math.inf
    for index in order:
        floor = moved[index] = max(moved[index], floor + least)
    ceiling = end + least
    for index in reversed(order):
        ceiling = moved[index] = min(moved[index], ceiling - least)
    return moved


def names(of: Sequence[str], limit: int = 120, **axis: Any) -> alt.Axis:
    """An axis of names, cut at `limit` px: the field has their places, since two may be called the same."""
    said = json.dumps([text(name) for name in of])
    return alt.Axis(
        labelExpr=f"{said}[datum.value]",
        labelLimit=limit,
        ticks=False,
        labelPadding=5,
        labelOverlap=False,
        **axis,
    )


def shortened(of: Sequence[str]) -> list[str]:
    """Without the last words that say that a district is one, where it is still the only one of its name."""
    short = [_LAST_WORDS.sub("", name) or name for name in of]
    return [each if short.count(each) == 1 else name for each, name in zip(short, of, strict=True)]


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def districts(of: Sequence[Any]) -> str:
    return "1 district" if len(of) == 1 else f"{len(of)} districts"


def listed(of: Iterable[str]) -> str:
    """The names in a row; how many they are, where they are many."""
    said = sorted(text(name) for name in of)
    return ", ".join(said) if len(said) <= MOST_NAMES else f"{len(said)}, which the table names"


def called_out(of: Sequence[Any]) -> str:
    """How many have which verdict, and who is above and below."""
    said = []
    for verdict in VERDICTS:
        who = [each.name for each in of if each.verdict == verdict]
        if verdict in (ABOVE, BELOW):
            said.append(f"{len(who)} {verdict}" + (f" ({listed(who)})" if 0 < len(who) <= MOST_NAMES else ""))
        elif who:
            said.append(f"{len(who)} {verdict}")
    return ", ".join(said) + "."


def looks(said: Sequence[str], looks: Mapping[str, Look]) -> tuple[alt.Color, alt.Shape]:
    """Colour and shape of the field "said", in one legend of those that occur, in the order of `looks`."""
    there = [word for word in looks if word in said]
    legend = alt.Legend(title=None)
    return (
        alt.Color("said:N", legend=legend).scale(domain=there, range=[looks[word].colour for word in there]),
        alt.Shape("said:N", legend=legend).scale(domain=there, range=[looks[word].shape for word in there]),
    )


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
