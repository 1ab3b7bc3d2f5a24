"""The registry of contracts: strict when an event is written, tolerant when it is read.

A contract never changes once it has been published; a new shape is a new version with an upcaster from the old one.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError

from ..errors import UnknownContract
from .checks import Check, surely_valid

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]


@dataclass(frozen=True, slots=True)
class Contract:
    """One (type, version): who publishes it, its schema, and an example that is valid."""

    source: str
    type: str
    version: int
    schema: builtins.type[Schema]
    example: Mapping[str, Any]
    description: str


_contracts: dict[tuple[str, int], Contract] = {}
_strict: dict[tuple[str, int], Schema] = {}
_tolerant: dict[tuple[str, int], Schema] = {}
_surely: dict[tuple[str, int], Check] = {}
_upcasters: dict[tuple[str, int], Upcaster] = {}
_current: dict[str, int] = {}


def contract(
    source: str, *, version: int = 1, example: Mapping[str, Any]
) -> Callable[[type[Schema]], type[Schema]]:
    """Register a schema class, named as its event type, as a contract of `source`."""

    def register(schema: type[Schema]) -> type[Schema]:
        key = (schema.__name__, version)
        if key in _contracts:
            raise ValueError(f"{key} is registered twice")
        _contracts[key] = Contract(source, *key, schema, example, (schema.__doc__ or "").strip())
        _strict[key] = schema(unknown=RAISE)
        _tolerant[key] = schema(unknown=EXCLUDE)
        _surely[key] = surely_valid(_strict[key])
        _current[schema.__name__] = max(version, _current.get(schema.__name__, 0))
        return schema

    return register


def upcaster(type_: str, *, version: int) -> Callable[[Upcaster], Upcaster]:
    """Register a pure function from the data of `version` to the data of `version + 1`."""

    def register(function: Upcaster) -> Upcaster:
        _upcasters[type_, version] = function
        return function

    return register


def contracts() -> Iterator[Contract]:
    return iter(_contracts.values())


def current(type_: str) -> int:
    """The newest version of an event type; UnknownContract when there is none."""
    try:
        return _current[type_]
    except KeyError:
        raise UnknownContract(f"no contract for {type_}") from None


def source_of(type_: str) -> str:
    return _contracts[type_, current(type_)].source


def write(type_: str, version: int, data: Mapping[str, Any]) -> Data:
    """Check data before it enters a log: unknown, missing and wrong fields raise ValueError. Returns JSON data."""
    schema = _known(_strict, type_, version)
    errors = {} if _surely[type_, version](data) else schema.validate(data)
    if errors:
        raise ValueError(f"{type_} v{version} breaks its contract: {errors}")
    return dict(data)


def read(type_: str, version: int, data: Mapping[str, Any]) -> Data:
    """Data from outside in the newest version's shape: unknown fields dropped, older versions upcast.

    Raises UnknownContract for a type or version that is not known, ValueError for data that breaks its contract.
    """
    schema = _known(_tolerant, type_, version)
    try:
        known = schema.dump(schema.load(data))
    except ValidationError as error:
        raise ValueError(f"{type_} v{version} breaks its contract: {error.messages}") from error
    return upcast(type_, version, known)


def upcast(type_: str, version: int, data: Data) -> Data:
    """Data of one of our own logs in the newest version's shape; it was checked when it was written."""
    newest = current(type_)
    if (type_, version) not in _contracts:
        raise UnknownContract(f"no contract for {type_} v{version}; the newest known is v{newest}")
    while version < newest:
        data = _upcasters[type_, version](data)
        version += 1
    return data


def _known(schemas: dict[tuple[str, int], Schema], type_: str, version: int) -> Schema:
    try:
        return schemas[type_, version]
    except KeyError:
        raise UnknownContract(f"no contract for {type_} v{version}") from None
