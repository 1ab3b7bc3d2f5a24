"""What comes into a method: arrays of finite numbers, or an error that says which number is not one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

Array = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


class BadInput(ValueError):
    """An argument that a method cannot work on: which one, at which place, and why."""


def numbers(**arguments: Any) -> list[Array]:
    """The arguments as float64 arrays of one shape; raises BadInput where one is not a finite number."""
    arrays = [_array(name, values) for name, values in arguments.items()]
    try:
        shaped = np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(arguments, arrays, strict=True))
        raise BadInput(f"the shapes do not go together: {shapes}") from None
    for (name, _), array in zip(arguments.items(), shaped, strict=True):
        refuse(~np.isfinite(array), name, array, "is not a finite number")
    return list(shaped)


def counts(**arguments: Any) -> list[Array]:
    """The same for counts: none of them negative. They need not be whole: weighted counts are counts too."""
    arrays = numbers(**arguments)
    for (name, _), array in zip(arguments.items(), arrays, strict=True):
        refuse(array < 0, name, array, "is negative")
    return arrays


def parts(k: Any, n: Any, names: tuple[str, str] = ("k", "n")) -> tuple[Array, Array]:
    """Numerators and denominators: no numerator above its denominator."""
    numerator, denominator = names
    some, all_ = counts(**{numerator: k, denominator: n})
    over = np.argwhere(some > all_)
    if len(over):
        where = tuple(over[0])
        raise BadInput(
            f"{_place(numerator, some, where)} = {some[where]:g} is above "
            f"{_place(denominator, all_, where)} = {all_[where]:g}"
        )
    return some, all_


def vector(minimum: int = 1, **arguments: Any) -> list[Array]:
    """One-dimensional arrays of one length, at least `minimum` long."""
    arrays = [np.atleast_1d(array) for array in numbers(**arguments)]
    names = " and ".join(arguments)
    if arrays[0].ndim != 1:
        raise BadInput(f"{names}: one number per unit is wanted, not an array of shape {arrays[0].shape}")
    if arrays[0].size < minimum:
        raise BadInput(f"{names}: {arrays[0].size} units are given, at least {minimum} needed")
    return arrays


def between(name: str, value: float, low: float, high: float) -> float:
    """A setting strictly between two bounds, such as a confidence level between 0 and 1."""
    if not low < value < high:
        raise BadInput(f"{name} = {value!r} is not between {low:g} and {high:g}")
    return float(value)


def normal_quantile(level: float) -> float:
    """The z with P(|Z| <= z) = level; raises BadInput for a level that is not between 0 and 1."""
    return float(stats.norm.ppf((1 + between("level", level, 0, 1)) / 2))


def refuse(bad: Booleans, name: str, array: Array, why: str) -> None:
    """Raise BadInput for the first place that is bad."""
    places = np.argwhere(bad)
    if len(places):
        where = tuple(places[0])
        raise BadInput(f"{_place(name, array, where)} = {array[where]:g} {why}")


def plain(array: Array) -> Any:
    """A float where the arguments were scalars."""
    return float(array) if array.ndim == 0 else array


def _array(name: str, values: Any) -> Array:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput(f"{name} holds something that is no number") from None


def _place(name: str, array: Array, where: tuple[Any, ...]) -> str:
    return name if array.ndim == 0 else f"{name}[{', '.join(str(int(index)) for index in where)}]"
