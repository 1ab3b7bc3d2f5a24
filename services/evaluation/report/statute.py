"""The statute clause by clause (Miss. Code 37-3-61 to 75), and the evidence that this report has for each."""

from __future__ import annotations

from .folder import Table, Value

_NOT_YET = "not yet measured"

#: (clause, what it asks for, the evidence here, the section that has it). Section "" where there is none yet.
CLAUSES: tuple[tuple[str, str, str, str], ...] = (
    ("37-3-63(a)", "An assessment of each district, with contacts and meetings", _NOT_YET, ""),
    ("37-3-63(b)", "A recommended programme with goals and objectives for each district", _NOT_YET, ""),
    (
        "37-3-63(c)",
        "A coordinator for each district, by student population and need",
        "How many each district would have; who they are and whom they visited is not yet measured",
        "funding",
    ),
    ("37-3-67(a)", "A signed parent pledge", "Pledges that stand, of the students enrolled", "components"),
    (
        "37-3-67(b)",
        "A folder sent home at least once a month for a parent's signature",
        "Classes that sent it, those on time, and folders that came back signed",
        "components",
    ),
    ("37-3-67(c)", "Back-to-school night and other family events", _NOT_YET, ""),
    ("37-3-67(d)", "Home reading programmes", _NOT_YET, ""),
    ("37-3-67(e)", "Training of teachers, principals and parents", _NOT_YET, ""),
    ("37-3-67(f)", "Newsletters to parents", _NOT_YET, ""),
    (
        "37-3-67(g)",
        "A home survey on communication, school programmes and learning at home",
        "Response rates, weighted results and reliability of the three scales",
        "survey",
    ),
    ("37-3-67(h)", "Parent/teacher conferences", _NOT_YET, ""),
    (
        "37-3-69",
        "Success: progress on test scores, more participation in school events, more persons and districts taking part",
        "Test results where they were imported, persons and districts taking part with their growth; school events are "
        "not yet measured",
        "measures",
    ),
    (
        "37-3-71",
        "All students eligible; districts as far as funding allows",
        "Districts, schools and persons taking part",
        "participation",
    ),
    (
        "37-3-71",
        "An evaluation, and the programmes that are exemplary",
        "Every district compared with the state; a written rule with reasons, sensitivity and decisions",
        "exemplary",
    ),
    (
        "37-3-71",
        "Methods and criteria for funding",
        "Three scenarios for a stated budget, each computed from the figures of this report",
        "funding",
    ),
)


def statute() -> Table:
    rows: list[list[Value]] = [list(row[:3]) for row in CLAUSES]
    columns = {"clause": "Clause", "asks": "What it asks for", "evidence": "Evidence in this report"}
    return Table("statute", "The statute and the evidence for each clause", columns, rows, {}, "statute")
