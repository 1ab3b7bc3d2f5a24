"""Method and criteria for funding (37-3-71): three scenarios for a stated budget, in whole cents that add up to it.

None is a recommendation: the Board chooses, and the report shows what each choice does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..methods.apportion import huntington_hill
from ..methods.inputs import BadInput


@dataclass(frozen=True, slots=True)
class District:
    """`need`: students not yet reached, such as those without a signed pledge; it need not be whole."""

    students: int
    need: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Amounts in cents. Each district gets at least `floor`; `coordinators` are `coordinator_cost` each."""

    budget: int
    floor: int
    coordinators: int
    coordinator_cost: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """`amounts` in cents by district, adding up to the budget; `coordinators` by district where it has them."""

    name: str
    rule: str
    amounts: Mapping[str, int]
    coordinators: Mapping[str, int]


def scenarios(districts: Mapping[str, District], plan: Plan) -> tuple[Scenario, ...]:
    """The three: by students, by need, coordinators first. In the order of the districts' ids.

    Raises BadInput for a budget below the floors or the coordinators, a negative number, or no district.
    """
    names = sorted(districts)
    _check(names, districts, plan)
    students = [float(districts[name].students) for name in names]
    need = [districts[name].need for name in names]
    nobody: Mapping[str, int] = {}
    by_students = _amounts(names, plan.budget, plan.floor, students)
    # Where nobody is in need, the need is the same everywhere.
    by_need = _amounts(names, plan.budget, plan.floor, need if any(need) else students)
    seats = huntington_hill(need if any(need) else students, plan.coordinators)
    held = {name: int(count) for name, count in zip(names, seats, strict=True)}
    left = _amounts(names, plan.budget - plan.coordinators * plan.coordinator_cost, 0, students)
    with_coordinators = {name: held[name] * plan.coordinator_cost + left[name] for name in names}
    return (
        Scenario("by students", "a floor for each district, the rest by students", by_students, nobody),
        Scenario(
            "by need", "a floor for each district, the rest by students not yet reached", by_need, nobody
        ),
        Scenario(
            "coordinators first",
            "a coordinator for each district and the others by students not yet reached; the rest by students",
            with_coordinators,
            held,
        ),
    )


def _check(names: list[str], districts: Mapping[str, District], plan: Plan) -> None:
    if not names:
        raise BadInput("districts: there is none to fund")
    for name in names:
        of = districts[name]
        if of.students < 0 or not 0 <= of.need <= of.students:
            raise BadInput(
                f"districts[{name!r}]: {of.need:g} of {of.students} students in need are no numbers of students"
            )
    for setting in ("budget", "floor", "coordinators", "coordinator_cost"):
        if getattr(plan, setting) < 0:
            raise BadInput(f"{setting} = {getattr(plan, setting)} is negative")
    if not any(districts[name].students for name in names):
        raise BadInput("districts: none has a student, so nothing can be shared by students")
    floors = plan.floor * len(names)
    if plan.budget < floors:
        raise BadInput(
            f"budget = {plan.budget} cents is below the floors: "
            f"{len(names)} districts x {plan.floor} cents are {floors}"
        )
    if plan.coordinators < len(names):
        raise BadInput(
            f"coordinators = {plan.coordinators}: each of {len(names)} districts has one (37-3-63(c))"
        )
    cost = plan.coordinators * plan.coordinator_cost
    if plan.budget < cost:
        raise BadInput(
            f"budget = {plan.budget} cents is below {plan.coordinators} coordinators, who cost {cost}"
        )


def _amounts(names: list[str], budget: int, floor: int, shares: list[float]) -> dict[str, int]:
    """The floor and a share of the rest, in whole cents; those that rounding leaves go to the largest remainders."""
    rest = budget - floor * len(names)
    whole = sum(shares)
    exact = [rest * share / whole for share in shares]
    amounts = [int(amount) for amount in exact]
    left = rest - sum(amounts)
    order = sorted(range(len(names)), key=lambda place: (amounts[place] - exact[place], names[place]))
    for place in order[:left]:
        amounts[place] += 1
    return {name: floor + amount for name, amount in zip(names, amounts, strict=True)}
