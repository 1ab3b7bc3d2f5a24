"""Tables on standard output that lose nothing: a narrow terminal folds long cells, a file or a pipe gets them whole."""

from __future__ import annotations

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

#: Wide enough for any row, where no terminal sets the width.
_WIDE = 10_000


def table(*headings: str, whole: str = "") -> Table:
    """An empty table; the column headed `whole` is never folded, so that its cells can be copied."""
    made = Table(box=SIMPLE)
    for heading in headings:
        made.add_column(heading, overflow="fold", no_wrap=heading == whole)
    return made


def show(made: Table) -> None:
    console = Console()
    if not console.is_terminal:
        needed = console.measure(made, options=console.options.update(max_width=_WIDE)).maximum
        console = Console(width=max(console.width, needed))
    console.print(made)
