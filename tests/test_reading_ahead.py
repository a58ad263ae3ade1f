"""Files of subjects read ahead by another process: the same rows as read in turn, and only while nothing about them has changed."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shapes import PARCEL, square, workspace, write_geojson, write_layer, zip_shapefile

from cdgis.readers import offer_reading, read_subjects, reading_ahead
from cdgis.readers.site_batch import Ahead
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Sources, Workspace

SOURCES = Sources(projects=("项目/*",), enterprises=("企业/*",), project_attributes="项目/附表.csv")
ROWS = "企业名称,经度,纬度,行业代码,坐标系\n甲厂,117.90,40.90,3011,CGCS2000\n乙厂,不是数,40.91,3011,CGCS2000\n丙厂,117.92,40.92,0311,\n"


class _AtOnce:
    """Does at once what another process would do, and remembers what it was offered."""

    def __init__(self) -> None:
        self.asked: list[Path] = []

    def offer(self, function: Callable[..., Any], about: Any, parts: Sequence[Any], *, here: object) -> list[Callable[[], Any]]:
        """Return the answers, found now."""
        return [self.begin(function, about, part) for part in parts]

    def begin(self, function: Callable[..., Any], *given: Any, **_: object) -> Callable[[], Any]:
        """Return the answer, found now."""
        self.asked.append(given[1][1])
        answer = function(*given)
        return lambda: answer


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    """Return a workspace with a file of each kind, some of them at fault."""
    write_layer(tmp_path / "项目" / "一.gpkg", [PARCEL], {"name": ["一"]})
    write_geojson(tmp_path / "项目" / "二.geojson", [(PARCEL, {"name": "二"})], crs="EPSG:4490")
    write_layer(tmp_path / "三" / "三.shp", [square(117.95, 40.95)], epsg=4527)
    zip_shapefile(tmp_path / "项目" / "三.zip", tmp_path / "三" / "三.shp")
    write_layer(tmp_path / "四" / "四.shp", [square(117.96, 40.96)], epsg=4527)
    (tmp_path / "四" / "四.prj").unlink()
    zip_shapefile(tmp_path / "项目" / "四.zip", tmp_path / "四" / "四.shp")
    (tmp_path / "项目" / "坏.zip").write_bytes(b"PK")
    (tmp_path / "项目" / "空.geojson").write_bytes(b"")
    (tmp_path / "项目" / "附表.csv").write_text("文件,坐标系,行业代码\n四.shp,EPSG:4527,3011\n一.gpkg,,3012\n没有.shp,,1\n", encoding="utf-8")
    (tmp_path / "企业").mkdir()
    (tmp_path / "企业" / "名录.csv").write_text(ROWS, encoding="utf-8")
    pd.read_csv(tmp_path / "企业" / "名录.csv", dtype="string").to_excel(tmp_path / "企业" / "名录.xlsx", index=False)
    return workspace(tmp_path, sources=SOURCES)


def _all(subjects: Subjects) -> tuple[object, ...]:
    given = {key: (one.shape.wkb, one.epsg, one.inserted, one.mended) for key, one in subjects.given.items()}
    return subjects.frame.to_wkb().to_csv(), subjects.attributes.to_csv(), subjects.intake, subjects.records, subjects.gaps, given



def test_rows_read_ahead_are_those_read_in_turn(here: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, other, read = read_subjects(here), _AtOnce(), []
    ahead = offer_reading(other, here)  # type: ignore[arg-type]
    record = reading_ahead.read_records
    monkeypatch.setattr(reading_ahead, "read_records", lambda source, places: (read.append(source.label), record(source, places))[1])
    assert _all(read_subjects(here, ahead=ahead)) == _all(plain)
    # read again: what the table beside declares a system of, and what cannot be read, whose fault is told by whoever asks
    assert sorted(read) == ["项目/四.zip!四.shp", "项目/空.geojson"]
    assert {note.status.value for note in plain.intake} == {"accepted", "quarantined"}
    assert len(other.asked) == 8


def test_a_file_that_changed_since_is_read_again(here: Workspace) -> None:
    ahead = offer_reading(_AtOnce(), here)  # type: ignore[arg-type]
    table = here.root / "企业" / "名录.csv"
    stamp = table.stat().st_mtime_ns
    table.write_text(ROWS.replace("甲厂", "丁厂"), encoding="utf-8")
    os.utime(table, ns=(stamp + 1, stamp + 1))
    names = set(read_subjects(here, ahead=ahead).frame["name"])
    assert "丁厂" in names and names == set(read_subjects(here).frame["name"])


def test_sources_that_cannot_be_looked_for_are_left_to_the_reading(tmp_path: Path) -> None:
    ahead: Ahead = offer_reading(_AtOnce(), workspace(tmp_path, sources=Sources(projects=("/*",))))  # type: ignore[arg-type]
    assert ahead == {}
