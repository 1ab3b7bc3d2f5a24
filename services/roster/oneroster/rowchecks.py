"""The checks that every file shares: sourcedId, status, dates, references."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl

from .csvtable import Table
from .manifest import Mode
from .problems import Problems

_DATE = r"^\d{4}-\d{2}-\d{2}$"
_DATE_TIME = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$"


class Rows:
    """The sound rows of one file on their way through the checks.

    `frame` holds the rows that stand, `removed` the sourcedIds that the source declares gone, `held` those whose rows
    are unsound: what is known of them already stays as it is. `complete` says that whatever is in none of the three
    is gone from the source: only then is absence a fact.
    """

    def __init__(self, table: Table, mode: Mode, problems: Problems) -> None:
        self.file, self.problems, self.mode = table.file, problems, mode
        self.frame = table.frame
        self.held: set[str] = set(table.held)
        self.removed: pl.Series = pl.Series([], dtype=pl.String)
        self.present = table.present
        unread = table.unread + self._check_ids()
        if mode == "bulk" and unread and self.frame.height:
            message = (
                f"{unread} rows could not be told apart, so nothing that is missing here was taken as gone."
            )
            problems.warning(self.file, 0, "", "absence_ignored", message)
        self.complete = mode == "bulk" and not unread
        self._check_status()
        self._check_last_modified()

    def error(self, bad: pl.DataFrame, column: str, code: str, message: Callable[[str], str]) -> None:
        """Report an error on rows that stay all the same: only this part of them is left out."""
        if bad.height:
            self.problems.rows(self.file, _valued(bad, column), column, code, "error", message)

    def warn(self, bad: pl.DataFrame, column: str, code: str, message: Callable[[str], str]) -> None:
        if bad.height:
            self.problems.rows(self.file, _valued(bad, column), column, code, "warning", message)

    def reject(self, bad: pl.DataFrame, column: str, code: str, message: Callable[[str], str]) -> None:
        """Report an error on rows and leave them out; `message` gets the value of the column."""
        if bad.height:
            self.error(bad, column, code, message)
            self.held.update(bad["sourcedId"])
            self.frame = self.frame.join(bad.select("line"), on="line", how="anti", maintain_order="left")

    def require(self, column: str, mend: str) -> None:
        """Leave out rows in which a column is empty."""
        self.reject(
            self.frame.filter(pl.col(column) == ""), column, "empty", lambda _: f"{column} is empty; {mend}"
        )

    def refer(self, column: str, targets: pl.Series, to: str, *, reject: bool = True) -> None:
        """Leave out rows (or, without `reject`, report those) that name something which is not there."""
        named = self.frame.filter(pl.col(column) != "")
        bad = absent(named, column, targets)
        report = self.reject if reject else self.error
        report(
            bad,
            column,
            "dangling",
            lambda value: f"{value!r} is not in {to}; add it there or correct it here.",
        )

    def dates(self, *columns: str) -> None:
        """Turn columns into dates (null where empty); rows with something else in them are left out."""
        for column in columns:
            written = self.frame.filter(pl.col(column) != "")
            bad = written.filter(~is_date(column))
            self.reject(bad, column, "date", lambda value: f"{value!r} is no date; write it like 2026-08-06.")
            self.frame = self.frame.with_columns(pl.col(column).str.to_date("%Y-%m-%d", strict=False))

    def ordered(self, begin: str, end: str) -> None:
        """Leave out rows that end before they begin."""
        bad = self.frame.filter(pl.col(end) < pl.col(begin)).with_columns(pl.col(end).cast(pl.String))
        self.reject(
            bad, end, "date_order", lambda value: f"{value} lies before {begin}; correct one of the two."
        )

    def _check_ids(self) -> int:
        """Report rows without a sourcedId and repeated ones; returns how many rows nobody can be told from."""
        empty = self.frame.filter(pl.col("sourcedId") == "")
        self.error(
            empty, "sourcedId", "empty", lambda _: "sourcedId is empty; every row needs its own. Left out."
        )
        self.frame = self.frame.filter(pl.col("sourcedId") != "")
        repeated = self.frame.filter(~pl.col("sourcedId").is_first_distinct())
        if repeated.height:
            content = [name for name in self.frame.columns if name != "line"]
            again = ~pl.struct(content).is_first_distinct()
            same = self.frame.filter(again)
            self.warn(
                same,
                "sourcedId",
                "row_twice",
                lambda value: f"The row {value!r} is there twice; one was read.",
            )
            other = repeated.join(same.select("line"), on="line", how="anti", maintain_order="left")
            self.error(
                other,
                "sourcedId",
                "duplicate",
                lambda value: (
                    f"{value!r} is the sourcedId of an earlier, different row, which was read; this one was not."
                ),
            )
            self.frame = self.frame.join(
                repeated.select("line"), on="line", how="anti", maintain_order="left"
            )
        return int(empty.height)

    def _check_status(self) -> None:
        status = pl.col("status").str.to_lowercase()
        strange = self.frame.filter(~status.is_in(["", "active", "tobedeleted", "inactive"]))
        self.reject(
            strange,
            "status",
            "status",
            lambda value: f"{value!r} is none of active, tobedeleted; the row was left out.",
        )
        gone = self.frame.filter(status.is_in(["tobedeleted", "inactive"]))
        inactive = gone.filter(status == "inactive")
        self.warn(
            inactive, "status", "inactive", lambda _: "inactive is not in the standard; taken as tobedeleted."
        )
        if self.mode == "bulk":
            marked = gone.filter(status == "tobedeleted")
            self.warn(
                marked,
                "status",
                "tobedeleted",
                lambda _: "A bulk file should leave the row out; taken as removed.",
            )
        self.removed = gone["sourcedId"]
        self.frame = self.frame.filter(status.is_in(["", "active"]))

    def _check_last_modified(self) -> None:
        column = "dateLastModified"
        bad = self.frame.filter((pl.col(column) != "") & ~pl.col(column).str.contains(_DATE_TIME))
        self.warn(
            bad,
            column,
            "date",
            lambda value: f"{value!r} is no time like 2026-08-06T12:00:00.000Z; not used.",
        )
        self.frame = self.frame.drop(column, "status")


def is_date(column: str) -> pl.Expr:
    """Whether a text is a day that exists, written YYYY-MM-DD."""
    written = pl.col(column)
    return written.str.contains(_DATE) & written.str.to_date("%Y-%m-%d", strict=False).is_not_null()


def absent(rows: pl.DataFrame, column: str, targets: pl.Series) -> pl.DataFrame:
    """The rows whose value in `column` is none of the targets."""
    return rows.join(
        targets.to_frame("target"), left_on=column, right_on="target", how="anti", maintain_order="left"
    )


def among(values: pl.Series, wanted: pl.Series) -> pl.Series:
    """The values that are wanted; a join, because a test against a million texts is slow."""
    return values.to_frame("value").join(wanted.to_frame("value"), on="value", how="semi")["value"]


def minus(values: pl.Series, unwanted: pl.Series) -> pl.Series:
    return values.to_frame("value").join(unwanted.to_frame("value"), on="value", how="anti")["value"]


def names(values: Iterable[str]) -> pl.Series:
    return pl.Series(list(values), dtype=pl.String)


def _valued(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    return rows.select("line", pl.col(column).alias("value"))
