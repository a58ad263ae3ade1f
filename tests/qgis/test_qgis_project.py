"""Does QGIS open the project and the GeoPackage as they are meant: valid, placed right, styled, in legible Chinese?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report_fixtures import make_assessment

from cdgis.report.drawing.palette import read_palette
from cdgis.report.files.table_files import write_tables
from cdgis.results.tables.validation import TABLES

PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("open_project.py")


def has_qgis() -> bool:
    """Return whether the system's Python can load PyQGIS."""
    if not Path(PYTHON).exists():
        return False
    return subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    if not os.environ.get("CDGIS_REQUIRE_QGIS") and not has_qgis():
        pytest.skip("no PyQGIS: install the Debian package python3-qgis")
    folder = tmp_path_factory.mktemp("图")
    write_tables(make_assessment(), folder, containers=("gpkg",))
    # the libraries of this process point at their own PROJ data, which is of another version than QGIS's
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PROJ", "GDAL", "PYTHON"))}
    command = [PYTHON, str(SCRIPT), str(folder), str(folder / "map.png")]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120, env=clean)
    return {**json.loads(done.stdout), "picture": (folder / "map.png").stat().st_size}


def test_all_layers_are_valid_and_whole(found: dict) -> None:
    assert found["opened"] and found["invalid"] == [] and found["crs"] == "EPSG:4548" and found["title"]
    assessment = make_assessment()
    expected = {layer.spec.title: len(layer.zones) for layer in assessment.layers.values()}
    expected |= {TABLES[name].title: len(table) for name, table in assessment.tables.items()}
    assert expected.items() <= found["rows"].items()
    assert found["rows"]["研判对象（面）"] + found["rows"]["研判对象（点）"] == len(assessment.subjects.frame)


def test_extents_are_the_layers_own(found: dict) -> None:
    for layer in make_assessment().layers.values():
        assert found["extents"][layer.spec.title] == pytest.approx(list(layer.zones.total_bounds), abs=1e-6)


def test_fields_and_groups_are_named_in_chinese(found: dict) -> None:
    assert [name for names in (*found["aliases"].values(), found["alone_aliases"]) for name in names if name.isascii()] == []
    assert found["groups"] == ["研判对象", "基础", "要素", "三线", "一单", "数据表"]


def test_colours_are_the_page_s_in_the_project_and_in_the_geopackage_alone(found: dict) -> None:
    palette = read_palette()
    assert found["verdicts"] == [[word, style.fill] for word, style in palette.verdicts.items()]
    assert dict(found["alone"]) == {word: palette.zone_colour("management_units", word) for word, _ in found["alone"]}
    assert len(found["alone"]) == 3


def test_labels_are_legible_chinese(found: dict) -> None:
    changed, drawn = found["labels"]
    assert drawn > 500 and changed > 0.3 * drawn, "每个字画成同样的方框：缺中文字体"
    assert found["picture"] > 20_000
