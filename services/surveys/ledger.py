"""The ledger: who was invited, and which tokens are unspent. In an anonymous survey nothing joins the two.

Every function works within the caller's transaction and takes the survey's id. `enter` first: it lets one
transaction at a time change a survey.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from alliance.errors import Refused
from alliance.rows import insert_many

from .tables import anonymous_tokens, confidential_tokens, gates, invited_households


@dataclass(frozen=True, slots=True)
class Invitation:
    """A confidential token's household, with the schools of its children when it was invited."""

    household: str
    schools: tuple[str, ...]


def open_gate(connection: Connection, survey: str) -> None:
    connection.execute(insert(gates).values(survey=survey, accepting=True))


def enter(connection: Connection, survey: str) -> None:
    """Lock the survey until the transaction ends; Refused when it is being closed or is closed."""
    query = select(gates.c.accepting).where(gates.c.survey == survey).with_for_update()
    if not connection.scalar(query):
        raise _closed()


def shut_gate(connection: Connection, survey: str) -> None:
    """No transaction that enters from now on gets through; those that are in are waited for."""
    connection.execute(update(gates).where(gates.c.survey == survey).values(accepting=False))


def invited(connection: Connection, survey: str) -> set[str]:
    query = select(invited_households.c.household).where(invited_households.c.survey == survey)
    return set(connection.scalars(query))


def unspent(connection: Connection, survey: str) -> int:
    """Invitations that have not been answered, in both modes (a survey has tokens of one of them)."""
    anonymous = select(func.count()).where(anonymous_tokens.c.survey == survey)
    confidential = select(func.count()).where(
        confidential_tokens.c.survey == survey, confidential_tokens.c.answered.is_(False)
    )
    return (connection.scalar(anonymous) or 0) + (connection.scalar(confidential) or 0)


def invite_anonymously(
    connection: Connection, survey: str, households: Iterable[str], digests: Iterable[str], *, replace: bool
) -> None:
    """Add households and as many tokens; with `replace` the earlier tokens go: Refused if one has been spent.

    All rows of the survey are written anew, each table in the order of its key. Left in place, the rows of a
    later invitation would be known by their transaction, and a single new household's token with them.
    """
    gone = (
        delete(anonymous_tokens)
        .where(anonymous_tokens.c.survey == survey)
        .returning(anonymous_tokens.c.digest)
    )
    earlier = set(connection.scalars(gone))
    known = delete(invited_households).where(invited_households.c.survey == survey)
    before = set(connection.scalars(known.returning(invited_households.c.household)))
    if replace and len(earlier) != len(before):
        raise Refused(
            "Answers have come in, and nobody can tell whose: the tokens of an anonymous survey can be "
            "replaced only while none is spent. Invite again without `replace`, or open a new survey.",
            errors=[{"field": "replace", "message": "is too late, a token has been spent"}],
        )
    _write_households(connection, survey, before.union(households))
    new = sorted({*digests} if replace else earlier.union(digests))
    insert_many(connection, anonymous_tokens, [{"digest": digest, "survey": survey} for digest in new])


def invite_by_name(
    connection: Connection,
    survey: str,
    households: Iterable[str],
    tokens: Mapping[str, Invitation],
    *,
    replace: bool,
) -> None:
    """Add households and their tokens; with `replace` the unanswered earlier tokens go."""
    if replace:
        connection.execute(
            delete(confidential_tokens).where(
                confidential_tokens.c.survey == survey, confidential_tokens.c.answered.is_(False)
            )
        )
    _write_households(connection, survey, households)
    rows = [
        {
            "digest": digest,
            "survey": survey,
            "household": invitation.household,
            "schools": json.dumps(invitation.schools),
            "answered": False,
        }
        for digest, invitation in tokens.items()
    ]
    insert_many(connection, confidential_tokens, rows)


def unanswered(connection: Connection, survey: str) -> dict[str, tuple[str, ...]]:
    """The households of a confidential survey that have not answered, with their schools."""
    query = select(confidential_tokens).where(
        confidential_tokens.c.survey == survey, confidential_tokens.c.answered.is_(False)
    )
    return {row.household: tuple(json.loads(row.schools)) for row in connection.execute(query)}


def invitations(connection: Connection, survey: str, digests: Iterable[str]) -> dict[str, Invitation]:
    """Whose confidential tokens these are; unknown ones are absent."""
    query = select(confidential_tokens).where(
        confidential_tokens.c.survey == survey, confidential_tokens.c.digest.in_(sorted(set(digests)))
    )
    return {
        row.digest: Invitation(row.household, tuple(json.loads(row.schools)))
        for row in connection.execute(query)
    }


def answered(connection: Connection, survey: str, digest: str) -> None:
    """The household of this confidential token has answered; Refused as `enter`, without a lock of its own.

    An append holds the log's lock already: whoever shuts the gate now closes the survey after it.
    """
    accepting = select(gates.c.survey).where(gates.c.survey == survey, gates.c.accepting).exists()
    answer = update(confidential_tokens).where(confidential_tokens.c.digest == digest, accepting)
    if not connection.execute(answer.values(answered=True)).rowcount:
        raise _closed()


def spend(connection: Connection, survey: str, digests: Iterable[str]) -> set[str]:
    """Delete anonymous tokens; what is returned was unspent until now."""
    tokens = anonymous_tokens.c
    spent = delete(anonymous_tokens).where(tokens.digest.in_(sorted(set(digests))), tokens.survey == survey)
    return set(connection.scalars(spent.returning(tokens.digest)))


def _write_households(connection: Connection, survey: str, households: Iterable[str]) -> None:
    rows = [{"survey": survey, "household": household} for household in sorted(households)]
    insert_many(connection, invited_households, rows)


def _closed() -> Refused:
    return Refused(
        "The survey is closed; it takes nothing more.", errors=[{"field": "survey", "message": "is closed"}]
    )
