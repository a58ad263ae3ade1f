"""Tables written for spreadsheets, GIS and programs: CSV, XLSX, GeoPackage, run.json (DESIGN 3, 4.9).

CSV is written here, the XLSX in `cdgis.report.files.workbook`, the GeoPackage in `geopackage_file`; all hold the same values.
"""

import csv
import io
import json
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cdgis.core.canonical_json import canonical_text
from cdgis.report.files.ro_crate import CRATE, crate_text
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_of, status_text
from cdgis.results.tables.gap_table import GAP_TABLES
from cdgis.results.tables.judgement import JUDGEMENT_TABLES
from cdgis.results.tables.validation import TABLES, Column, Table, table_named

README = "README.txt"
HERE, HERE_SVG = "here.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>\n'
"""Tells a page that was asked to open another file whether it lies in its folder or was sent alone."""
SIGNIFICANT_DIGITS = 12
"""A city's area in square metres keeps its centimetres, and noise of summation order does not show."""
LONG_TABLE = 20_000
"""Rows from which a table or layer is written as (Geo)Parquet too."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
STATUS = Column(name="data_status", title="数据性质")
"""Last column of every table written: a file or a copied row says by itself whether it may serve as a basis."""


def write_tables(
    assessment: Assessment, folder: Path, *, containers: Sequence[str] = ("gpkg", "xlsx")
) -> list[Path]:
    """Write CSV, run.json and README.txt, and the same tables in the `containers` asked for, into `folder`.

    Returns sorted paths. Tables appear in the order of `cdgis.results.tables.validation.TABLES`; a screening has those
    it makes, README.txt names the others. The bytes depend on the assessment alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    status = status_text(stamp_of(assessment))
    tables = {name: _rounded(name, assessment.tables[name]) for name in tables_made(assessment)}
    digests, paths = {}, []
    for name, frame in tables.items():
        content = csv_text(name, frame, status=status).encode("utf-8", "replace")
        digests[name] = sha256(content).hexdigest()
        paths.append(folder / f"{name}.csv")
        paths[-1].write_bytes(BOM_UTF8 + content)
    tables = {name: frame.assign(**{STATUS.name: status}) for name, frame in tables.items()}
    readme = folder / README
    readme.write_bytes(_readme(assessment, tables, containers).encode("utf-8-sig", "replace"))
    paths.append(readme)
    if assessment.request.command != "screen":
        (folder / HERE).write_text(HERE_SVG, encoding="utf-8", newline="\n")
        paths.append(folder / HERE)
    run_path = folder / "run.json"
    run_path.write_bytes(run_json(assessment, digests).encode("utf-8", "replace"))
    paths.append(run_path)
    if "xlsx" in containers:
        from cdgis.report.files.workbook import write_workbook  # its library is worth loading for a workbook only

        declared = {name: with_status(TABLES[name]) for name in tables}
        workbook_path = folder / "cdgis.xlsx"
        workbook_path.write_bytes(write_workbook(assessment, tables, declared, stamp=stamp_of(assessment)))
        paths.append(workbook_path)
    if assessment.rasters:
        from cdgis.raster.value_raster import write_cog

        paths += [path for name, raster in sorted(assessment.rasters.items()) for path in write_cog(raster, folder / f"{name}.tif")]
    if "gpkg" in containers:
        paths += _write_gis_files(assessment, tables, folder)
    titles = {f"{name}.csv": TABLES[name].title for name in tables}
    titles |= {f"{name}.tif": raster.title for name, raster in assessment.rasters.items()}
    crate = folder / CRATE
    crate.write_bytes(crate_text(json.loads(run_path.read_bytes()), paths, titles).encode("utf-8", "replace"))
    return sorted([*paths, crate])


def tables_made(assessment: Assessment) -> tuple[str, ...]:
    """Return the tables that the assessment's job made: all of a run; of a screening what judging makes, and what has rows."""
    there = [name for name in TABLES if name in assessment.tables]
    if assessment.request.command != "screen":
        return tuple(there)
    judged = {table.name for table in (*JUDGEMENT_TABLES, *GAP_TABLES)}
    return tuple(name for name in there if name in judged or len(assessment.tables[name]))


def _readme(assessment: Assessment, tables: Mapping[str, pd.DataFrame], containers: Sequence[str]) -> str:
    """Return in words what each file beside it is."""
    books = {"xlsx": "cdgis.xlsx　同样的表，供 Excel：代码是文本，数字可以求和，第二页“对象一览”一行一个对象",
             "gpkg": "cdgis.gpkg　同样的表、研判对象和各图层分区的图形，中文图层名与字段名，供 QGIS、ArcGIS\r\n"
                     "cdgis.qgz　QGIS 工程（3.22 以上双击打开）：分组、配色与网页地图相同，数据取自旁边的 cdgis.gpkg"}  # fmt: skip
    lines = [
        f"{assessment.settings.name}　判定基准日 {assessment.as_of.isoformat()}　运行编号 {assessment.report_numbers.get('', '')}",
        status_text(stamp_of(assessment)), "",
        "CSV 供程序读取（UTF-8，逗号分隔）。用 Excel 直接打开 CSV 会丢掉编码前面的零（0311 变成 311），请打开 cdgis.xlsx，",
        "或用“数据 → 自文本/CSV”导入并把代码列设为文本。", "",
        *(f"{name}.csv　{TABLES[name].title}，{len(table)} 行" for name, table in tables.items()),
        *(books[name] for name in sorted(containers)),
        *(f"{name}.parquet　同 {name}.csv，供大数据工具" for name, table in tables.items() if "gpkg" in containers and len(table) >= LONG_TABLE),
        *(f"{name}.tif　{raster.title}（{raster.unit}），云优化 GeoTIFF，-9999 为无数据；同名 .qml 是 QGIS 图例"
          for name, raster in sorted(assessment.rasters.items())),
        *(["here.svg　网页用它认出自己在不在这个文件夹里"] if assessment.request.command != "screen" else []),
        "run.json　程序版本、设置、每个输入的 SHA-256、每张表的散列；cdgis verify 据以核对",
        f"{CRATE}　本文件夹的来历（RO-Crate 1.1）：由哪个程序、哪些输入得出，每个文件的散列",
    ]  # fmt: skip
    left = [TABLES[name].title for name in TABLES if name not in tables]
    lines += ["", f"没有内容或不属于这次工作、因而没有写出的表：{'、'.join(left)}"] if left else []
    return "\r\n".join(lines) + "\r\n"


def with_status(table: Table) -> Table:
    """Return a table's declaration as it is written: its columns and the status of the data behind them."""
    return replace(table, columns=(*table.columns, STATUS))


def safe_cell(value: str) -> str:
    """Return text so that no spreadsheet runs it as a formula: an apostrophe before a formula's first sign.

    Numbers have columns of their own, so a text such as ``-12.5`` or ``+1`` is no exception.
    """
    return "'" + value if value.lstrip(" \u3000").startswith(_FORMULA_STARTS) else value


def csv_text(name: str, frame: pd.DataFrame, *, status: str) -> str:
    """Return table `name` as CSV text: header of column names, ``\\n`` line ends, empty cell for a missing number.

    Parameters
    ----------
    status : what the last column, `data_status`, says in every row (DESIGN 4.8).
    """
    table = with_status(table_named(name))
    columns = [_cells(frame[column.name], column.kind) for column in table.columns[:-1]]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.names)
    writer.writerows(zip(*columns, [status] * len(frame), strict=True))
    return stream.getvalue()


def _cells(values: pd.Series, kind: str) -> list[str]:
    if kind == "number":
        return ["" if text == "nan" else text for text in _digits(values)]
    if kind == "integer":
        return list(map(str, values.tolist()))
    if kind == "flag":
        return ["true" if v else "false" for v in values.tolist()]
    places, known = pd.factorize(values, use_na_sentinel=False)
    return list(np.array([safe_cell(str(value)) for value in known], dtype=object)[places])


def _digits(values: pd.Series) -> list[str]:
    """Return numbers at the printed precision, all in one go."""
    return (f"%.{SIGNIFICANT_DIGITS}g\n" * len(values) % tuple(values.tolist())).split("\n")[:-1]


def _rounded(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with numbers at the printed precision, so that CSV, XLSX and GeoPackage agree."""
    result = frame.copy()
    for column in TABLES[name].columns:
        if column.kind == "number":
            result[column.name] = np.array(list(map(float, _digits(frame[column.name]))), dtype="float64") + 0.0
    return result


def run_json(assessment: Assessment, digests: Mapping[str, str]) -> str:
    """Return run.json: what was run on which bytes, and the hash of each table that came out.

    `digests` are SHA-256 by table, of the CSV as UTF-8 without the byte-order mark.
    """
    inputs = [
        {name: getattr(record, name) for name in ("layer", "kind", "path", "sublayer", "sha256", "content_sha256", "version", "official")}
        for record in assessment.inputs
    ]
    in_force = assessment.rulebook.in_force(assessment.as_of)
    content: dict[str, Any] = {
        "version": assessment.version,
        "as_of": assessment.as_of.isoformat(),
        "request": assessment.request.row(),
        "stamp": stamp_of(assessment),
        "settings": assessment.settings.model_dump(mode="json"),
        "inputs": sorted(inputs, key=lambda row: (row["kind"], row["layer"], row["path"], row["sublayer"])),
        "rules": {
            "in_force": [{"id": r.id, "from": r.start_text, "mark": r.mark.value} for r in in_force],
            "switched_off": [{"id": rule_id, "reason": reason} for rule_id, reason in assessment.rulebook.switched_off],
        },
        "report_numbers": dict(assessment.report_numbers),
        "tables": {
            name: {"rows": len(assessment.tables[name]), "sha256": digest} for name, digest in digests.items()
        },
        "notes": list(assessment.notes),
    }
    return canonical_text(content)


def _write_gis_files(assessment: Assessment, tables: Mapping[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write the GeoPackage, the QGIS project beside it, and Parquet of what is long; return their paths."""
    from cdgis.report.files.geopackage_file import write_geopackage
    from cdgis.report.files.gis_layers import gis_layers
    from cdgis.report.files.qgis_project import project_file

    stamp, day = stamp_of(assessment), assessment.as_of.isoformat()
    layers = gis_layers(assessment, tables, {name: with_status(TABLES[name]).columns for name in tables}, stamp=status_text(stamp))
    about = f"{assessment.settings.name}，判定基准日 {day}，运行编号 {assessment.report_numbers.get('', '')}。{status_text(stamp)}"
    paths = [write_geopackage(layers, folder / "cdgis.gpkg", day=day, about=about), folder / "cdgis.qgz"]
    paths[1].write_bytes(project_file(layers, source=paths[0].name, title=assessment.settings.name, about=about))
    for layer in layers:
        if len(layer.frame) >= LONG_TABLE:
            paths.append(folder / f"{layer.name}.parquet")
            texts = {column: "string" for column in layer.frame.columns if layer.frame[column].dtype == object}
            layer.frame.astype(texts).to_parquet(paths[-1], index=False, compression="zstd")
    return paths
