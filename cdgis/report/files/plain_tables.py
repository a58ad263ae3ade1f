"""How are the tables and files of the water commands put on disk? (all of them, or none)"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cdgis.errors import ReportError
from cdgis.report.files.table_files import csv_text


def write_water(
    tables: Mapping[str, pd.DataFrame], out: Path, *, files: Mapping[str, bytes] | None = None
) -> list[Path]:
    """Write each table to `out`/data/<name>.csv, and `files` by name into `out`; return the paths.

    Raises
    ------
    ReportError : the folder cannot be written.
    """
    contents = dict(files or {})
    contents |= {
        f"data/{name}.csv": csv_text(name, table).encode("utf-8-sig", "replace") for name, table in tables.items()
    }
    try:
        (out / "data").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".cdgis-", dir=out) as scratch:
            fresh = {name: Path(scratch) / name.replace("/", "-") for name in contents}
            for name, path in fresh.items():
                path.write_bytes(contents[name])
            for name, path in fresh.items():
                path.replace(out / name)
    except OSError as err:
        raise ReportError(f"无法写入 {out}：{err.strerror or err}。请检查权限，并关闭正打开其中文件的程序") from err
    return [out / name for name in contents]
