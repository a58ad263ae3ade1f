"""Tables and files of the water commands put on disk, all of them or none."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cdgis.report.files.atomic_output import staged
from cdgis.report.files.table_files import csv_text
from cdgis.results.data_status import status_text


def write_water(
    tables: Mapping[str, pd.DataFrame], out: Path, *, stamp: str, files: Mapping[str, bytes] | None = None
) -> list[Path]:
    """Write each table to `out`/data/<name>.csv, and `files` by name into `out`; return the paths.

    Parameters
    ----------
    stamp : the stamp due on the tables, the empty text when none is.

    Raises
    ------
    ReportError : the folder cannot be written.
    """
    contents = dict(files or {})
    contents |= {
        f"data/{name}.csv": csv_text(name, table, status=status_text(stamp)).encode("utf-8-sig", "replace")
        for name, table in tables.items()
    }
    with staged(out, own=()) as stage:
        for name, content in contents.items():
            (stage.folder / name).parent.mkdir(exist_ok=True)
            (stage.folder / name).write_bytes(content)
    return [out / name for name in contents]
