"""What Python users get back: the tables of an answer as frames, its map, and its files."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.vocabulary import FlowDirection
from cdgis.report.notebook import result_html, table_html
from cdgis.results.assessment import Assessment, in_planes_of
from cdgis.results.tables import table_named
from cdgis.rivers.spill_trace import Trace
from cdgis.workspace.settings import Workspace

_AREA_CRS = "EPSG:4490"


class Result:
    """The answer to one question: tables with documented columns, a map, and the files its command writes.

    Tables are copies: changing one changes no report. `describe` names the unit of every column; areas are survey
    areas in square metres, distances geodesic metres, shares 0 to 1, positions degrees in EPSG:4490.

    Parameters
    ----------
    assessment : what a pipeline found.
    workspace : the workspace it was asked of; `save` writes nothing among its inputs.
    files : further inputs, likewise.
    attachments : file name -> bytes of inputs that lie in no file, saved beside the reports.

    Examples
    --------
    >>> import cdgis
    >>> ws = cdgis.open_workspace(".")
    >>> result = ws.screen("POINT(117.9 40.95)", industry="3031", project_type="新建")
    >>> type(result.verdicts).__name__, result.verdicts.crs.to_epsg(), len(result.findings) > 0
    ('GeoDataFrame', 4490, True)
    >>> print(result)  # doctest: +ELLIPSIS
    <cdgis.Result CDGIS-20261101-...，1 个对象：...>
    """

    def __init__(
        self,
        assessment: Assessment,
        workspace: Workspace,
        *,
        files: Sequence[Path] = (),
        attachments: Mapping[str, bytes] | None = None,
    ) -> None:
        self.assessment = assessment
        self._workspace = workspace
        self._files = tuple(files)
        self._attachments = dict(attachments or {})

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table of the answer by name, as in data/*.csv; tables of other analyses are empty."""
        return {name: frame.copy() for name, frame in self.assessment.tables.items()}

    @property
    def verdicts(self) -> GeoDataFrame:
        """One row a site or enterprise: verdict, decisive rules, stability (critical_distance_m), and its geometry."""
        return self._on_map("verdicts")

    @property
    def subjects(self) -> GeoDataFrame:
        """One row a site or enterprise: what it is, area_m2, length_m, county, and its geometry."""
        return self._on_map("subjects")

    @property
    def findings(self) -> pd.DataFrame:
        """One row a subject, rule and zone: what the rule came to, by which clause and basis, in force since when."""
        return self.assessment.tables["findings"].copy()

    @property
    def overlaps(self) -> pd.DataFrame:
        """One row a subject and zone: relation, area_m2, share (0 to 1), length_m, distance_m."""
        return self.assessment.tables["overlaps"].copy()

    @property
    def intake(self) -> pd.DataFrame:
        """One row an input row: whether it was read, mended or quarantined, why, and what to do."""
        return self.assessment.tables["intake"].copy()

    @property
    def locations(self) -> GeoDataFrame:
        """Places that `Session.guide` found, best first, each a square of area_m2; empty for other questions."""
        found = self.assessment.tables["locations"]
        shapes = geopandas.GeoSeries.from_wkt(found["wkt"], crs=_AREA_CRS)
        return GeoDataFrame(found.drop(columns="wkt"), geometry=shapes)

    @property
    def report_numbers(self) -> dict[str, str]:
        """Report number of each subject by id; "" is the number of the whole answer."""
        return dict(self.assessment.report_numbers)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said with the answer: demonstration data, missing layers, rules switched off."""
        return self.assessment.notes

    @property
    def as_of(self) -> date:
        """Day of judgement."""
        return self.assessment.as_of

    def describe(self, table: str = "verdicts") -> pd.DataFrame:
        """Return the columns of a table: Chinese title, unit, and the values a closed column may take.

        Examples
        --------
        >>> result.describe("overlaps").loc["area_m2"].tolist()
        ['压占面积（平方米）', '平方米', '']
        """
        return columns_of(table)

    def explore(self, *, layers: Sequence[str] | None = None) -> Any:
        """Return a `folium.Map`: the zones that concern the sites, sites by verdict, a popup with the clauses of each.

        It shows itself in a notebook, and ``.save("map.html")`` writes one page that opens without a network.

        Parameters
        ----------
        layers : ids of the layers to draw; by default those that some site lies in or near.

        Examples
        --------
        >>> type(result.explore()).__name__
        'Map'
        """
        from cdgis.report.map.explore import explore_map

        with in_planes_of(self.assessment):
            return explore_map(self.assessment, layers=layers)

    def save(
        self, out: Path | str, *, formats: Sequence[str] | None = None, reports: Sequence[str] = (), jobs: int = 2
    ) -> list[Path]:
        """Write the files that the command of the same name writes, byte for byte, and return their paths.

        Parameters
        ----------
        out : folder; files of other reports in it stay.
        formats : of a screening, any of html, docx, json, pdf, xlsx, gpkg, map (html and json without); None for a whole run.
        reports : of a whole run, any of html, docx, json, pdf: reports on flagged subjects, as ``cdgis run --reports``.

        Raises
        ------
        ReportError : the folder cannot be written; it is then as it was before.
        UsageError : an unknown format, formats for a whole run, or a folder that holds inputs.

        Examples
        --------
        >>> sorted(path.name for path in result.save("reports/", formats=["html", "docx"]) if path.suffix in (".html", ".docx"))
        ['wkt-1.docx', 'wkt-1.html']
        """
        from cdgis.pipelines.output_folder import checked_output
        from cdgis.pipelines.save_assessment import save_assessment, save_batch

        folder = checked_output(Path(out), self._workspace, files=self._files)
        written = save_assessment(self.assessment, folder, formats=formats, attachments=self._attachments, jobs=jobs)
        return written + (save_batch(self.assessment, folder, formats=reports, jobs=jobs) if reports else [])

    def _on_map(self, table: str) -> GeoDataFrame:
        shapes = self.assessment.subjects.frame[["subject_id", "geometry"]]
        merged = self.assessment.tables[table].merge(shapes, on="subject_id", how="left", validate="one_to_one")
        return GeoDataFrame(merged, geometry="geometry", crs=_AREA_CRS)

    def __repr__(self) -> str:
        counts = self.assessment.tables["verdicts"]["verdict"].value_counts()
        told = "，".join(f"{verdict} {count}" for verdict, count in counts.items()) or "没有研判对象"
        return f"<cdgis.Result {self.assessment.report_numbers['']}，{counts.sum()} 个对象：{told}>"

    def _repr_html_(self) -> str:
        return result_html(self.assessment)


class TraceResult:
    """One trace along the water: receptors in the order it reaches them, or sources upstream, with times in hours.

    Examples
    --------
    >>> import cdgis
    >>> found = cdgis.open_workspace(".").trace(117.94, 40.97)
    >>> found.direction, found.notify.columns.tolist()[:2]
    ('下游', ['order', 'jurisdiction'])
    """

    def __init__(self, trace: Trace, workspace: Workspace) -> None:
        self.trace = trace
        self._workspace = workspace

    @property
    def direction(self) -> str:
        """下游 or 上游."""
        return str(self.trace.direction)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table of the trace by name."""
        return {name: frame.copy() for name, frame in self.trace.tables.items()}

    @property
    def receptors(self) -> pd.DataFrame:
        """Receptors downstream in flow order: river_km, time_low_h, time_high_h; empty for a trace upstream."""
        return self._table("trace")

    @property
    def notify(self) -> pd.DataFrame:
        """Who must be told, in order; empty for a trace upstream."""
        return self._table("trace_notify")

    @property
    def sources(self) -> pd.DataFrame:
        """Enterprises upstream in working order; empty for a trace downstream."""
        return self._table("trace_sources")

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said with the trace: where it enters the river, how the network was made, what is missing."""
        return self.trace.notes

    def save(self, out: Path | str) -> list[Path]:
        """Write the tables that ``cdgis trace`` writes into `out`/data and return their paths.

        Examples
        --------
        >>> [path.name for path in found.save("reports/trace")]
        ['trace.csv', 'trace_notify.csv', 'trace_around.csv']
        """
        from cdgis.pipelines.output_folder import checked_output
        from cdgis.report.files.plain_tables import write_water

        return write_water(self.trace.tables, checked_output(Path(out), self._workspace), stamp=self.trace.stamp)

    def _table(self, name: str) -> pd.DataFrame:
        found = self.trace.tables.get(name)
        return found.copy() if found is not None else pd.DataFrame(columns=table_named(name).names)

    def __repr__(self) -> str:
        return f"<cdgis.TraceResult {self.trace.origin.name}，{self.trace.river}，{self.direction}>"

    def _repr_html_(self) -> str:
        rows = self.sources if self.trace.direction == FlowDirection.UP else self.receptors
        titles = {column.name: column.title for column in table_named("trace").columns}
        return table_html(repr(self), [self.trace.stamp, *self.trace.notes], rows.rename(columns=titles))


def columns_of(table: str) -> pd.DataFrame:
    """Return one row a column of a table: its Chinese title, unit, and the values it may take."""
    columns = table_named(table).columns
    rows = [(column.title, column.unit, "、".join(map(str, column.allowed))) for column in columns]
    return pd.DataFrame(rows, index=pd.Index([c.name for c in columns], name="column"), columns=["title", "unit", "values"])
