"""agentSourcedIds of users.csv: who is a guardian of whom."""

from __future__ import annotations

import polars as pl

from .people import People
from .rowchecks import Rows, among
from .stated import Known


def read_links(users: Rows, people: People, known: Known) -> pl.DataFrame:
    """(student, guardian, relationship), each pair once.

    A student names its guardians. A guardian who names a student instead is reported and linked all the same; any
    other reference is reported and left out.
    """
    # A row that was left out for its role has no references any more.
    agents = people.agents.join(users.frame.select("line"), on="line", how="semi", maintain_order="left")
    kept = people.kept
    students = pl.concat([people.students.rows["sourced_id"], among(known.students, kept)])
    guardians = pl.concat([
        people.guardians.rows.select("sourced_id", "relationship"),
        known.guardians.join(kept.to_frame("sourced_id"), on="sourced_id", how="semi"),
    ]).unique("sourced_id", keep="first", maintain_order=True)  # fmt: skip
    is_student = students.unique().to_frame("student")
    of_students = agents.join(
        is_student, left_on="sourcedId", right_on="student", how="semi", maintain_order="left"
    )
    forward = of_students.join(
        guardians, left_on="agent", right_on="sourced_id", how="inner", maintain_order="left"
    )
    others = of_students.join(
        guardians, left_on="agent", right_on="sourced_id", how="anti", maintain_order="left"
    )
    of_guardians = agents.join(guardians, left_on="sourcedId", right_on="sourced_id", maintain_order="left")
    reversed_ = of_guardians.join(
        is_student, left_on="agent", right_on="student", how="semi", maintain_order="left"
    )
    _report(users, agents, kept, others, reversed_)
    forward = forward.select("relationship", student="sourcedId", guardian="agent")
    backward = reversed_.select("relationship", student="agent", guardian="sourcedId")
    return (
        pl.concat([forward, backward])
        .select("student", "guardian", "relationship")
        .unique(["student", "guardian"], keep="first", maintain_order=True)
    )


def _report(
    users: Rows, agents: pl.DataFrame, kept: pl.Series, others: pl.DataFrame, reversed_: pl.DataFrame
) -> None:
    column = "agentSourcedIds"
    everybody = pl.concat([users.frame["sourcedId"], kept]).unique().to_frame("user")
    dangling = agents.join(everybody, left_on="agent", right_on="user", how="anti", maintain_order="left")
    users.error(
        dangling.rename({"agent": column}),
        column,
        "dangling",
        lambda value: (
            f"{value!r} is not in users.csv; add that user or correct it here. The link was left out."
        ),
    )
    wrong = others.join(
        dangling.select("line", "agent"), on=["line", "agent"], how="anti", maintain_order="left"
    )
    users.error(
        wrong.rename({"agent": column}),
        column,
        "agent_role",
        lambda value: (
            f"{value!r} is no parent, guardian or relative; correct the role or the link, which was left out."
        ),
    )
    users.warn(
        reversed_.rename({"agent": column}),
        column,
        "link_reversed",
        lambda value: (
            f"A guardian names the student {value!r}; the student's row should name the guardian. Linked."
        ),
    )
