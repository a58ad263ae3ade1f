"""The door for Python users: a workspace opened once and asked like the command line, with frames for answers."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path

from pandas import DataFrame

from cdgis.core.calendar_days import parse_date
from cdgis.core.errors import UsageError
from cdgis.core.progress import Progress
from cdgis.pipelines.given_sites import Sites, declared_texts, readable_sites
from cdgis.pipelines.layer_frames import LayerFrames
from cdgis.pipelines.session_results import Result, TraceResult
from cdgis.readers.kept_workspace import KeptWorkspace
from cdgis.report.notebook import workspace_html
from cdgis.workspace.settings import Workspace
from cdgis.workspace.settings import open_workspace as read_workspace


def open_workspace(path: Path | str = ".") -> "Session":
    """Return the workspace in a folder, ready to be asked; settings and catalogue are read, no layer is.

    Parameters
    ----------
    path : the folder that holds cdgis.toml.

    Raises
    ------
    WorkspaceError : there is no cdgis.toml, or it cannot be understood.
    CatalogError : the layer catalogue is absent or faulty.

    Examples
    --------
    >>> import cdgis
    >>> ws = cdgis.open_workspace(".")
    >>> ws  # doctest: +ELLIPSIS
    <cdgis.Session ...市，... 个图层，基准日 2026-11-01>
    """
    return Session(read_workspace(Path(path)))


class Session:
    """An open workspace. Every method asks the pipeline that the command of the same name asks, and answers alike.

    Parameters
    ----------
    workspace : settings and catalogue, as `open_workspace` reads them.

    Notes
    -----
    Dates are `datetime.date` or ``"YYYY-MM-DD"``; without one the day of the settings holds. `jobs` changes no result.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.kept = KeptWorkspace(workspace)

    @property
    def root(self) -> Path:
        """Folder of the workspace."""
        return self.workspace.root

    @cached_property
    def layers(self) -> LayerFrames:
        """Vector layers by id, each a GeoDataFrame read when first asked for."""
        return LayerFrames(self.workspace)

    def screen(
        self,
        sites: Sites,
        *,
        name: str | None = None,
        industry: str | None = None,
        project_type: str | None = None,
        activity: str | None = None,
        attributes: Mapping[str, object] | None = None,
        seen: Mapping[str, str] | None = None,
        sidecar: Path | str | None = None,
        crs: str | None = None,
        dxf_unit: str | None = None,
        geometry_kind: str | None = None,
        tolerance_m: float | None = None,
        as_of: date | str | None = None,
        jobs: int = 2,
        progress: Progress | None = None,
    ) -> Result:
        """Return what may be built on given sites, clause by clause, as ``cdgis screen`` judges them.

        Parameters
        ----------
        sites : a GeoDataFrame or GeoSeries (its CRS known, by the same rules as files), the path of a file, WKT
            or ``"经度,纬度"`` in degrees (EPSG:4490), or a list of paths and texts.
        name, industry, project_type, activity : hold for every site, over what files and columns say.
        attributes : attribute name or Chinese alias -> value, for every site.
        seen : ``opinion_document`` or ``activity`` -> the officer who has seen what is declared of it.
        sidecar : table or TOML that describes the parcels of the files.
        crs, dxf_unit, geometry_kind : declared of files or frame: EPSG:4548; mm, cm or m; polygon, points or line.
        tolerance_m : metres within which a verdict counts as critical.

        Raises
        ------
        CrsError : a frame without a CRS, or in one that cannot be overlaid.
        ReaderError : a file is missing, or not one site could be read; rows that could not are in `Result.intake`.
        UsageError : an unknown attribute.

        Examples
        --------
        >>> import cdgis
        >>> ws = cdgis.open_workspace(".")
        >>> square = "POLYGON((117.9 40.9,117.91 40.9,117.91 40.91,117.9 40.91,117.9 40.9))"
        >>> result = ws.screen(square, industry="3031", project_type="新建", activity="开发性生产性建设")
        >>> result.verdicts[["subject_id", "verdict"]].values.tolist()
        [['wkt-1', '不符合']]
        """
        from cdgis.pipelines.assess_sites import assess_sites, require_a_site

        declared = declared_texts(
            attributes, name=name, industry=industry, project_type=project_type, activity=activity, crs=crs,
            dxf_unit=dxf_unit, geometry_kind=geometry_kind,
        )  # fmt: skip
        table = Path(sidecar) if sidecar else None
        with readable_sites(sites, crs or "") as asked:
            assessment = assess_sites(
                self.workspace, asked.files, declared=declared, seen=seen, sidecar=table, wkt=asked.wkt, lonlat=asked.lonlat,
                tolerance_m=tolerance_m, as_of=parse_date(as_of), jobs=jobs, progress=progress, kept=self.kept,
            )  # fmt: skip
        require_a_site(assessment.tables)
        read = (*(() if asked.in_memory else asked.files), *((table,) if table else ()))
        return Result(assessment, self.workspace, files=read, attachments=asked.in_memory)

    def preview(
        self, sites: Sites, *, attributes: Mapping[str, object] | None = None, seen: Mapping[str, str] | None = None,
        tolerance_m: float | None = None, as_of: date | str | None = None, **facts: str | None,
    ) -> dict[str, DataFrame]:  # fmt: skip
        """Return the tables of `screen` at once, for a map that asks at every stroke: no remedies, no report.

        `facts` are name, industry, project_type, activity, crs, dxf_unit and geometry_kind, all as in `screen`. Subjects,
        attributes, overlaps, clear, ledger, findings, verdicts and questions are cell by cell those of `screen`; intake
        has the lines on these sites alone.

        Examples
        --------
        >>> import cdgis
        >>> len(cdgis.open_workspace(".").preview("117.905,40.905", industry="3031")["verdicts"])
        1
        """
        from cdgis.pipelines.preview import previewed

        return dict(previewed(self.kept, sites, attributes=attributes, seen=seen, tolerance_m=tolerance_m, as_of=as_of, **facts).tables)

    def run(self, *, as_of: date | str | None = None, jobs: int = 2, progress: Progress | None = None) -> Result:
        """Return every project and enterprise judged, the relocation list and the carbon account, as ``cdgis run``.

        Examples
        --------
        >>> import cdgis
        >>> result = cdgis.open_workspace(".").run()
        >>> sorted(set(result.subjects["kind"]))
        ['enterprise', 'project']
        """
        from cdgis.pipelines.assess_city import assess_workspace

        found = assess_workspace(self.workspace, as_of=parse_date(as_of), jobs=jobs, progress=progress)
        return Result(found, self.workspace)

    def relocate(
        self,
        *,
        close: Sequence[str] = (),
        cap: Mapping[str, float] | None = None,
        weights: Path | str | None = None,
        free: Sequence[str] = (),
        as_of: date | str | None = None,
        jobs: int = 2,
        progress: Progress | None = None,
    ) -> Result:
        """Return which enterprises should move, how urgently and where to, as ``cdgis relocate``.

        Parameters
        ----------
        close : parks (id or name) taken to be closed.
        cap : park -> hectares of land taken to be left there.
        weights : TOML file that replaces weights.
        free : enterprises for which any place in their county is searched.

        Examples
        --------
        >>> import cdgis
        >>> plan = cdgis.open_workspace(".").relocate()
        >>> bool(plan.tables["relocation"]["disposition"].str.len().gt(0).any())
        True
        """
        from cdgis.pipelines.assess_relocation import assess_relocation
        from cdgis.relocation.plan import WhatIf
        from cdgis.relocation.policy import read_weights

        wanted = WhatIf(
            closed=tuple(close), spare_ha=dict(cap or {}), weights=read_weights(Path(weights)) if weights else {},
            free=tuple(free),
        )  # fmt: skip
        day = parse_date(as_of)
        found = assess_relocation(self.workspace, what_if=wanted, as_of=day, jobs=jobs, progress=progress)
        return Result(found, self.workspace)

    def carbon(self, *, as_of: date | str | None = None, progress: Progress | None = None) -> Result:
        """Return the carbon account of the workspace, as ``cdgis carbon``: stocks (t C), sinks (t CO2e a year).

        Examples
        --------
        >>> import cdgis
        >>> account = cdgis.open_workspace(".").carbon()
        >>> bool(account.tables["carbon_zones"]["stock_tc_mid"].gt(0).any())
        True
        """
        from cdgis.pipelines.assess_carbon import assess_carbon

        return Result(assess_carbon(self.workspace, as_of=parse_date(as_of), progress=progress), self.workspace)

    def guide(
        self,
        size_ha: float,
        *,
        industry: str = "",
        project_type: str = "新建",
        activity: str = "开发性生产性建设",
        attributes: Mapping[str, object] | None = None,
        within: str = "",
        count: int = 10,
        spacing_m: float = 500.0,
        as_of: date | str | None = None,
        progress: Progress | None = None,
    ) -> Result:
        """Return places where a project of this kind and size meets no conflict, best first, as ``cdgis guide``.

        Parameters
        ----------
        size_ha : hectares, tried as a square.
        within : county to search; "" the whole city.
        spacing_m : metres between the places tried.

        Raises
        ------
        UsageError : no such county, or an attribute that means nothing.

        Examples
        --------
        >>> import cdgis
        >>> ws = cdgis.open_workspace(".")
        >>> found = ws.guide(20, industry="4416", within="丰宁满族自治县", count=3, spacing_m=5000)
        >>> found.locations.crs.to_epsg(), list(found.locations["rank"])
        (4490, [1, 2, 3])
        """
        from cdgis.pipelines.assess_siting import assess_siting, siting_request

        declared = declared_texts(attributes, industry=industry, project_type=project_type, activity=activity)
        wanted = siting_request(declared, size_ha=size_ha, count=count, spacing_m=spacing_m)
        day = parse_date(as_of)
        found = assess_siting(self.workspace, wanted, within=within, as_of=day, progress=progress)
        return Result(found, self.workspace)

    def trace(
        self,
        lon: float | None = None,
        lat: float | None = None,
        *,
        subject: str = "",
        at: tuple[float, float] | None = None,
        up: bool = False,
        velocity: str = "",
        to: str = "",
        progress: Progress | None = None,
    ) -> TraceResult:
        """Return who lies downstream of a place and when the water gets there, as ``cdgis trace``.

        Parameters
        ----------
        lon, lat : degrees, EPSG:4490; or else
        subject : id or name of an enterprise, a project or a receptor.
        at : longitude and latitude of a place on the river, to take as the entry point instead of the nearest.
        up : list the sources of risk upstream instead.
        velocity : range in m/s such as ``"0.3:1.5"``; "" takes the unmeasured one of the settings.
        to : receptor to stop at.

        Raises
        ------
        UsageError : neither a place nor a subject is given, or both are.
        NetworkError : no stream is near, or nothing goes by the name.

        Examples
        --------
        >>> import cdgis
        >>> found = cdgis.open_workspace(".").trace(117.94, 40.97)
        >>> bool(found.receptors["river_km"].is_monotonic_increasing)
        True
        """
        from cdgis.pipelines.assess_trace import assess_trace

        if bool(subject) == (lon is not None and lat is not None) or (lon is None) != (lat is None):
            raise UsageError("追踪的起点应为经度和纬度，或 subject（编号或名称），二者给其一")
        start = subject or f"{lon!r},{lat!r}"
        place = f"{at[0]!r},{at[1]!r}" if at else ""
        found = assess_trace(self.workspace, start, at=place, up=up, velocity=velocity, target=to, progress=progress)
        return TraceResult(found, self.workspace)

    def __repr__(self) -> str:
        settings = self.workspace.settings
        return f"<cdgis.Session {settings.city}，{len(self.workspace.catalog.layers)} 个图层，基准日 {settings.as_of}>"

    def _repr_html_(self) -> str:
        return workspace_html(self.workspace)
