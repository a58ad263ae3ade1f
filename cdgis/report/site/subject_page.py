"""The page of one subject on the published site: its screening report between the site's links."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdgis.report.files.inline_assets import template_text
from cdgis.report.screening import Case, Composer, ScreeningReport
from cdgis.report.screening.blocks import Block, Cell, Grid, Heading, Pairs
from cdgis.report.screening.cells import columns, distance_cell
from cdgis.report.screening.grounds_wording import parts_of
from cdgis.report.screening.html import page_values
from cdgis.report.site.subject_list import UNIT_LAYER
from cdgis.report.table_rows import Row, records, table
from cdgis.report.templating import filled
from cdgis.report.wording import attribute, read_wording
from cdgis.results.assessment import Assessment, in_planes_of

_ZOOMS = (1, 2, 4, 8)
_PAIRS = (
    ("处置状态", "status"), ("处置方向", "disposition"), ("原因（规则）", "reasons"), ("涉及区", "zones"),
    ("排除或暂缓", "exclusions"), ("缺失信息", "missing"), ("依据", "basis"),
)  # fmt: skip


class SubjectPages:
    """Renders the pages of one assessment's subjects, whose tables it looks up once."""

    def __init__(self, composer: Composer, pages: Mapping[str, Mapping[str, str]], cases: Mapping[str, Case] | None = None) -> None:
        """Take what composes the reports, and layer id -> zone id -> page relative to the site's folder; cases known already."""
        self._composer = composer
        self._pages = pages
        self._cases = cases or {}
        assessment = composer.book.assessment
        self._moves = _by_enterprise(assessment, "relocation")
        self._parks = _by_enterprise(assessment, "destinations")

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as what it is made of: another process looks up tables and cases itself."""
        return _pages_of, (self._composer.assessment, self._pages)

    def render_some(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Return (id, page) of some subjects; may be done in a process that has entered no planes."""
        composer = self._composer
        with in_planes_of(composer.assessment):
            return [(key, self.render(self._cases.get(key) or composer.book.case(key))) for key in ids]

    def render(self, case: Case) -> str:
        """Return the page of one subject; no script at all."""
        key = case.subject_id
        report = self._composer.report_on(case)
        parts = parts_of(report, more=_relocation(self._moves.get(key, ()), self._parks.get(key, ())))
        return filled(
            "site.html",
            **page_values(report, parts, style=template_text("subject.css"), zooms=_ZOOMS),
            links=tuple(self._links(report)),
            how_to_verify=read_wording()["verify"]["text"],
        )

    def _links(self, report: ScreeningReport) -> Iterator[tuple[str, str]]:
        """Yield (address, text) of the pages about the units the subject lies in."""
        for unit in report.basics.units:
            if page := self._pages.get(UNIT_LAYER, {}).get(unit):
                yield f"../{page}", f"单元 {unit}"


def _pages_of(assessment: Assessment, pages: Mapping[str, Mapping[str, str]]) -> SubjectPages:
    return SubjectPages(Composer(assessment), pages)


def _by_enterprise(assessment: Assessment, name: str) -> Mapping[str, Sequence[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in records(table(assessment, name)):
        grouped.setdefault(str(row["enterprise_id"]), []).append(row)
    return grouped


def _relocation(moves: Sequence[Row], parks: Sequence[Row]) -> Sequence[Block]:
    """Return what becomes of an enterprise, and the parks looked at first; nothing for others."""
    if not moves:
        return ()
    texts = {name: str(moves[0][name]).replace(";", "；" if name == "exclusions" else "、") for _, name in _PAIRS}
    texts["missing"] = "、".join(attribute(name) for name in str(moves[0]["missing"]).split(";") if name)
    rows = tuple((label, Cell(text=texts[name])) for label, name in _PAIRS if texts[name])
    heads = columns(("园区", 30), ("初筛未见禁止", 14), ("迁入判定", 18), ("否决规则", 22), ("距离", 16))
    grid = Grid(
        id="destinations", columns=heads, dense=True,
        rows=tuple(
            (
                Cell(text=str(park["park_name"] or park["park_id"])),
                Cell(text="是" if park["feasible"] else "否"),
                Cell(text=str(park["verdict"]), kind="strong"),
                Cell(text=str(park["failing_rule"]) or "—", kind="code"),
                distance_cell(float(park["distance_m"])),
            )
            for park in parks
        ),
    )  # fmt: skip
    return (Heading(text="搬迁与整治"), Pairs(rows=rows), *((Heading(text="承接园区初筛"), grid) if parks else ()))
