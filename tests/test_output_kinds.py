"""Every kind of file that a run and a screening write is in the list of docs/usage.md, and two runs write the same bytes."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from carbon_workspace import carbon_workspace
from shapes import metres, write_layer

from cdgis.core.progress import Silent
from cdgis.pipelines.assess_city import assess_workspace
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.pipelines.save_assessment import save_assessment
from cdgis.pipelines.verify_folder import PAGES, TABLES
from cdgis.report.screening.publish import FORMATS
from cdgis.workspace.settings import open_workspace

LIST = (Path(__file__).parents[1] / "docs" / "usage.md").read_text(encoding="utf-8").split("### 哪些文件逐字节相同")[1].split("\n## ")[0]
ROWS = {kind: row.split("|")[3].strip() for row in LIST.splitlines() for kind in re.findall(r"`(\.\w+)`", row.split("|")[1] if "|" in row else "")}
"""Kind of file -> what the list says of two runs."""
WITHOUT_BROWSER = tuple(name for name in FORMATS if name != "pdf")


def written(root: Path, out: Path, jobs: int) -> dict[str, bytes]:
    """Return name -> bytes of all files of a run and of a screening in every format that needs no browser."""
    workspace = open_workspace(root)
    save_assessment(assess_workspace(workspace, jobs=jobs, progress=Silent()), out / "run", jobs=jobs)
    screened = assess_sites(workspace, [root / "layers" / "projects" / "site.gpkg"], jobs=jobs)
    save_assessment(screened, out / "screen", formats=WITHOUT_BROWSER, jobs=jobs)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, bytes]]:
    root = carbon_workspace(tmp_path_factory.mktemp("kinds") / "区", extra='[carbon]\npool_table = "chengde_100cm"\nsamples = 1000\n')
    (root / "layers" / "projects").mkdir(exist_ok=True)
    write_layer(root / "layers" / "projects" / "site.gpkg", [metres(1200, 100, 1300, 200)], {"name": ["示例项目"]})
    first, second = (tmp_path_factory.mktemp(name) for name in ("一", "two"))
    return written(root, first, 1), written(root, second, 2)


def test_every_kind_that_is_written_is_in_the_list(twice: tuple[dict[str, bytes], dict[str, bytes]]) -> None:
    kinds = {Path(name).suffix or Path(name).name for name in twice[0]}
    assert kinds - ROWS.keys() == set()
    assert {".html", ".docx", ".json", ".csv", ".xlsx", ".gpkg", ".qgz", ".tif", ".qml", ".txt"} <= kinds
    assert {*PAGES, *TABLES, *(f".{name}" for name in FORMATS if name != "official")} - {".htm"} <= ROWS.keys()


def test_two_runs_write_the_same_bytes_kind_by_kind(twice: tuple[dict[str, bytes], dict[str, bytes]]) -> None:
    one, other = twice
    assert one.keys() == other.keys()
    different: dict[str, list[str]] = defaultdict(list)
    for name, data in one.items():
        if data != other[name]:
            different[Path(name).suffix].append(name)
    assert different == {}
    assert all(ROWS[kind].startswith("逐字节相同") for kind in {Path(name).suffix for name in one} - {""})


def test_exceptions_are_stated_as_such() -> None:
    assert {kind for kind, told in ROWS.items() if not told.startswith("逐字节相同")} == {".jsonl", ".png", ".geojson", ".kml", ".pdf"}
