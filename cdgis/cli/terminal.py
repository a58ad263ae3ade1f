"""Progress bars, summary tables and error messages at the terminal (Chinese)."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from cdgis.core.progress import Silent

VERDICT_STYLES = {
    "不符合": "bold red",
    "须论证": "dark_orange",
    "有条件符合": "yellow",
    "未发现冲突": "green",
    "资料不足": "bright_black",
}


class BarProgress:
    """Progress shown as rich bars, one a stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def stage(self, title: str, total: int | None = None) -> None:
        """Finish the stage before and begin the next."""
        self.finish()
        self._task = self._bars.add_task(title, total=total, item="")

    def step(self, item: str) -> None:
        """Advance the bar by one and name what was done."""
        if self._task is not None:
            self._bars.update(self._task, advance=1, item=escape(item))

    def finish(self) -> None:
        """Fill the current bar."""
        if self._task is not None:
            task = self._bars.tasks[self._task]
            total = task.total or task.completed or 1
            self._bars.update(self._task, total=total, completed=total, item="")


@contextmanager
def progress_bars(console: Console, *, quiet: bool) -> Iterator[BarProgress | Silent]:
    """Show progress bars on `console` while the body runs, or nothing when `quiet`."""
    if quiet:
        yield Silent()
        return
    columns = (
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[bright_black]{task.fields[item]}"),
    )
    with Progress(*columns, console=console, transient=False) as bars:
        progress = BarProgress(bars)
        yield progress
        progress.finish()


def count_table(title: str, rows: list[tuple[str, ...]], heads: tuple[str, ...]) -> Table:
    """Return a table whose first column is coloured when it is a verdict."""
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column(heads[0])
    for head in heads[1:]:
        table.add_column(head, justify="right")
    for first, *rest in rows:
        table.add_row(f"[{VERDICT_STYLES.get(first, 'default')}]{first}[/]", *rest)
    return table
