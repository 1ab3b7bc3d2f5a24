"""The fault matrix: the distributed form as real processes on servers of its own, load running, one fault a row.

    python -m tests.faults.matrix [--only ROW ...] [--commands 2000] [--write docs/reliability.md] [--soak SECONDS]

`history.py` says what became of every command that was attempted, `comparison.py` whether journal and read model are
the logs' copy and fold; `rows/` holds one function a row. docs/reliability.md keeps the verdicts.
"""
