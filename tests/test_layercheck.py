"""The layer checker finds nothing in good layers and every planted fault in a broken copy."""

from pathlib import Path

import pandas as pd
import pytest
import shapely
import shipped
from shapes import BOW_TIE, layer_set, metres, zone_layer

from cdgis.core.vocabulary import IntakeNote, IntakeStatus
from cdgis.workspace.layer_check import DIMENSIONS, check_layers

ROOT = Path(__file__).parent.parent
CITY = metres(0, 0, 2000, 1000)
WEST, EAST = metres(0, 0, 1000, 1000), metres(1000, 0, 2000, 1000)
ZONES = (metres(0, 0, 1000, 500), metres(0, 500, 1000, 1000), EAST)
CODES = ("ZH13080210001", "ZH13080220001", "ZH13080330001")
CLASSES = ("优先保护", "重点管控", "一般管控")


def units(geometries=ZONES, codes=CODES, classes=CLASSES):
    allowed = ("优先保护", "重点管控", "一般管控")
    return zone_layer("management_units", geometries, classes, ids=codes, partition=True, allowed_classes=allowed)


def checked(unit_layer=None, *, redline=(metres(100, 100, 200, 200),), access=None, notes=()):
    counties = zone_layer("counties", [WEST, EAST], ids=["130802", "130803"], partition=True)
    red = zone_layer("redline", list(redline))
    object.__setattr__(red, "notes", tuple(notes))
    layers = layer_set(counties, unit_layer or units(), red, city=CITY)
    return check_layers(layers, access_list=access)


def access_list(codes=CODES):
    return pd.DataFrame([(c, d) for c in codes for d in DIMENSIONS], columns=["unit_code", "dimension"])


def test_good_layers_have_no_fault():
    assert checked(access=access_list()) == ()


def moved(index, geometry):
    return tuple(geometry if i == index else g for i, g in enumerate(ZONES))


PLANTED = {
    "编码重复": units(codes=(CODES[0], CODES[0], CODES[2])),
    "没有编码": units(codes=("", *CODES[1:])),
    "编码格式不符": units(codes=("ZH1308021001", *CODES[1:])),
    "类别位 2": units(codes=("ZH13080220009", *CODES[1:])),
    "与图上所在县区 130802 不一致": units(codes=("ZH13080310001", *CODES[1:])),
    "不在允许值内": units(classes=("优先", *CLASSES[1:])),
    "有缝隙": units(moved(2, metres(1001, 0, 2000, 1000))),
    "互相重叠": units(moved(2, metres(999, 0, 2000, 1000))),
    "两区重叠": units(moved(2, metres(999, 0, 2000, 1000))),
    "超出范围": units(moved(2, metres(1000, 0, 2010, 1000))),
    "图形无效": units(moved(2, BOW_TIE)),
    "图形为空": units(moved(2, shapely.Polygon())),
    "经纬度次序有误": units(moved(2, shapely.transform(EAST, lambda c: c[:, ::-1]))),
}


@pytest.mark.parametrize("problem", PLANTED)
def test_planted_fault_is_found(problem):
    faults = checked(PLANTED[problem], access=access_list())
    assert any(problem in fault.problem for fault in faults)
    assert all(fault.remedy for fault in faults)


@pytest.mark.parametrize("width", [0.0005, 0.002])
def test_gap_is_a_fault_from_one_square_metre(width):
    faults = checked(units(moved(2, metres(1000 + width, 0, 2000, 1000))))
    assert bool(faults) == (width * 1000 > 1)


def test_zone_beyond_its_coverage_is_found():
    faults = checked(redline=(metres(1900, 0, 2100, 100), metres(0, 0, 10, 10)))
    assert [f.zone_id for f in faults] == ["redline0"] and "10,000.00 平方米超出" in faults[0].problem


def test_access_list_faults_are_found():
    short = access_list()[:-1]
    stray = pd.concat([access_list(), pd.DataFrame([("ZH13080230009", DIMENSIONS[0])], columns=short.columns)])
    assert [f.problem for f in checked(access=short)] == [f"准入清单缺少维度：{DIMENSIONS[-1]}"]
    assert [f.zone_id for f in checked(access=stray)] == ["ZH13080230009"]
    assert len(checked(access=access_list(()))) == len(CODES)


def test_what_the_reader_had_to_mend_is_a_fault_of_the_file():
    note = IntakeNote(file="r.gpkg", row="3", status=IntakeStatus.REPAIRED, reason="自相交", remedy="修复")
    faults = checked(notes=[note])
    assert [(f.layer, f.zone_id, f.problem) for f in faults] == [("redline", "3", "自相交")]


@pytest.mark.slow
def test_shipped_layers_have_no_fault():
    if not (ROOT / "layers" / "elements").is_dir():
        pytest.skip("layers/ is not complete yet")
    from cdgis.readers import read_table_layer
    from cdgis.readers.loading import ACCESS_LIST
    from cdgis.workspace.settings import open_workspace

    workspace = open_workspace(ROOT)
    loaded = shipped.loaded()
    access = read_table_layer(workspace.catalog[ACCESS_LIST], workspace.layers_dir)
    assert check_layers(loaded.layers, access_list=access) == ()
