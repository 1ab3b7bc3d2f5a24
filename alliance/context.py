"""Who asks, as which command, and when: all that a use case needs from outside, handed in with the command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from .errors import Forbidden

#: Roles whose tokens reach the whole state when they name no org unit.
STATEWIDE = frozenset({"state", "integrator", "system"})

#: W3C Trace Context, version 00; the first group is the trace-id.
TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Caller:
    """A token's bearer: its role and the ids of the districts, schools or classes that it stands for."""

    role: str
    units: tuple[str, ...] = ()
    token: str = ""

    def covers(self, *, district: str, school: str | None = None, class_: str | None = None) -> bool:
        """Whether a thing of this district (of this school, of this class) lies inside the caller's org unit."""
        if not self.units:
            return self.role in STATEWIDE
        return any(unit in self.units for unit in (district, school, class_) if unit)

    def require(self, *, district: str, school: str | None = None, class_: str | None = None) -> None:
        """Raise Forbidden unless the caller's org unit covers this thing."""
        if not self.covers(district=district, school=school, class_=class_):
            raise Forbidden(
                "This belongs to an org unit that your token does not cover; "
                "use a token of that district, school or class."
            )


@dataclass(frozen=True, slots=True)
class Context:
    """One command's surroundings. `keyed` says that the caller gave an Idempotency-Key, so a repeat can come."""

    caller: Caller
    command_id: UUID
    keyed: bool
    now: datetime
    correlation_id: str
    traceparent: str | None = None

    @classmethod
    def of_system(cls) -> Context:
        """For what a deployment does by itself, e.g. when it is installed: a new command, now."""
        command_id = uuid4()
        return cls(Caller("system"), command_id, False, datetime.now(UTC), str(command_id))

    def item(self, index: int) -> Context:
        """The context of item `index` of a bulk body; the same index of a repeat gives the same command id."""
        command_id = uuid5(self.command_id, str(index))
        return Context(self.caller, command_id, self.keyed, self.now, self.correlation_id, self.traceparent)

    def to_dict(self) -> dict[str, Any]:
        return {
            "role": self.caller.role,
            "units": list(self.caller.units),
            "token": self.caller.token,
            "command_id": str(self.command_id),
            "keyed": self.keyed,
            "now": self.now.isoformat(),
            "correlation_id": self.correlation_id,
            "traceparent": self.traceparent,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Context:
        return cls(
            caller=Caller(data["role"], tuple(data["units"]), data["token"]),
            command_id=UUID(data["command_id"]),
            keyed=data["keyed"],
            now=datetime.fromisoformat(data["now"]),
            correlation_id=data["correlation_id"],
            traceparent=data["traceparent"],
        )
