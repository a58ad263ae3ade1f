"""`layers check` on broken copies of every layer kind finds each planted fault, and nothing in the whole ones."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from checked_workspace import (
    EAST,
    STANDS,
    UNITS,
    WEST,
    access_rows,
    checked_workspace,
    classes,
    entry,
    heights,
    layer_file,
    write_catalog,
    write_raster,
    write_table,
    write_zones,
)
from hypothesis import given
from hypothesis import strategies as st
from shapes import BOW_TIE, layer_set, metres, zone_layer

from cdgis.core.vocabulary import IntakeNote, IntakeStatus
from cdgis.pipelines.check_workspace import CheckedWorkspace, check_workspace
from cdgis.raster.grid import Grid
from cdgis.raster.raster_check import grid_faults
from cdgis.workspace.layer_check import check_layers
from cdgis.workspace.settings import open_workspace

RED = {"id": ["H1", "H2"], "name": ["甲", "乙"], "kind": ["红线一般区域"] * 2}
FLAT = [metres(0, 0, 500, 500), metres(900, 0, 1500, 500)]


def turned(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda c: c[:, ::-1])


def cut(array: np.ndarray, value: float, part: tuple[slice, slice] = (slice(0, 8), slice(0, 8))) -> np.ndarray:
    broken = array.copy()
    broken[part] = value
    return broken


def break_losses(root: Path) -> None:
    lines = [shapely.LineString([(117.5, 41.4), (117.51, 41.4)])] * 3
    write_zones(root, "ecological_redline", lines, {"id": ["1", "2", "3"], "name": ["甲"] * 3, "kind": ["红线一般区域"] * 3})
    write_zones(root, "restoration_areas", [metres(-900, 0, -500, 400), None, BOW_TIE, None],
                {"id": ["X1", "X2", "X3", "X4"], "kind": ["造林"] * 4})  # fmt: skip
    write_zones(root, "receptors", [metres(9000, 500, 9001, 501).centroid] * 2, {"id": ["S1", "S2"], "kind": ["学校", "医院"]})
    write_raster(root, "dem", np.full_like(heights(), -1), nodata=-1)
    layer_file(root, "land_classes_2015").write_bytes(b"II*\x00 no raster")
    write_table(root, "restoration_facts", [["编码", "开工年"]])


def break_vectors(root: Path) -> None:
    write_zones(root, "ecological_redline", FLAT, RED | {"id": ["H1", "H1"], "name": ["", ""], "kind": ["红线一般区域", ""]})
    write_zones(root, "management_units", [WEST, metres(1, -4000, 4000, 4000)], {"id": UNITS, "kind": ["重点管控", "一般管控"]})
    write_zones(root, "counties", [WEST, metres(-2, -4000, 4000, 4010)], {"id": ["130802", "130803"]})
    far = shapely.Point(117.5 + 3, 41.4)
    write_zones(root, "receptors", [metres(500, 500, 501, 501).centroid, far], {"id": ["S1", ""], "kind": ["学\ufffd", "医院"]})


def break_tables(root: Path) -> None:
    rows = [row for row in access_rows() if row[:2] != [UNITS[0], "4"]]
    rows[2][2] = "别的维度"
    write_table(root, "access_list", [*rows, [*rows[1][:-1]]])
    write_table(root, "restoration_facts", [
        ["编码", "开工年", "开工年", ""], ["X1", "", "", "x"], ["X9", "", "", "y"], ["X9", "", "", "y"], ["锟斤拷", "", "", "", "多的"],
    ])  # fmt: skip


def break_table_reading(root: Path) -> None:
    write_table(root, "restoration_facts", [["区号", "开工年"], ["X1", "2026"]])
    write_table(root, "access_list", [[n for n in access_rows()[0] if n != "effect"], ["x"]])
    write_zones(root, "ecological_redline", [turned(FLAT[0])], {k: v[:1] for k, v in RED.items()})
    layer_file(root, "railways").unlink()
    layer_file(root, "receptors").write_bytes(b"SQLite format 3\x00 broken")
    write_raster(root, "dem", cut(cut(heights(), 0), 9500, (slice(20, 21), slice(20, 21))))
    write_raster(root, "land_classes_2015", cut(classes(), 255).astype(np.int32) * 1)


def break_values(root: Path) -> None:
    write_raster(root, "dem", cut(heights(), -32768))
    write_raster(root, "land_classes_2025", cut(classes(), 99, (slice(20, 22), slice(20, 22))), shift_cells=0.01)
    write_raster(root, "land_classes_2015", cut(classes(), 0, (slice(0, 12), slice(0, 60))), nodata=0)


def break_shapes(root: Path) -> None:
    write_raster(root, "dem", np.full_like(heights(), 500))
    write_raster(root, "land_classes_2025", classes()[:-12])
    write_raster(root, "land_classes_2015", classes().astype(np.float32) + 0.5)


def break_stands(root: Path) -> None:
    shapes = [*STANDS, metres(650, 0, 750, 100), metres(800, 0, 900, 100), metres(1000, 0, 1100, 100)]
    write_zones(root, "forest_stands", shapes, {
        "XBH": list("1234567"), "SZ": ["落叶松", "没有的树", "落叶松", "", "落叶松", "落叶松", "落叶松"],
        "NL": ["20", "", "-3", "很老", "5000", "20", "20"], "XJ": ["80", "80", "", "x", "99999999", "80", "80"],
        "MJ": ["1.0", "15", "1.0", "1.0", "1.0", "1.0", "1.0"],
    })  # fmt: skip
    codes = classes()
    codes[:] = 8
    write_raster(root, "land_classes_2025", codes)


def break_stand_fields(root: Path) -> None:
    write_catalog(root, forest_stands=entry("forest_stands").replace(', volume_m3_per_ha = ["XJ"]', ""))
    write_zones(root, "counties", [WEST, EAST], {"id": ["130802", "130803"]}, epsg=None)
    write_zones(root, "ecological_redline", FLAT, RED | {"kind": ["红线一般区域", "别的区"]})


def break_words(root: Path) -> None:
    wrong = ["滦河上游生态保护红线".encode().decode("gb18030", "ignore"), "武烈河".encode().decode("cp1252", "ignore")]
    write_zones(root, "ecological_redline", FLAT, RED | {"name": wrong})
    write_zones(root, "restoration_areas", [metres(0, 0, 2, 3), metres(10, 0, 12, 3)], {"id": ["X1", "X2"], "kind": ["造林"] * 2})


PLANTED: dict[Callable[[Path], None], tuple[tuple[str, str], ...]] = {
    break_losses: (
        ("ecological_redline", "3 个要素全部未能使用"), ("restoration_areas", "4 个要素中有 2 个未能使用（50.0%）"),
        ("restoration_areas", "没有几何图形"), ("receptors", "全部 2 个要素都在本市以外"), ("dem", "全部像元都是空值"),
        ("land_classes_2015", "读不出来"), ("restoration_facts", "没有一行数据"),
    ),
    break_vectors: (
        ("ecological_redline", "编码重复"), ("ecological_redline", "zone_name 全部为空"), ("ecological_redline", "1 个区没有类别"),
        ("management_units", "有缝隙"), ("management_units", "类别位 1"), ("counties", "互相重叠"), ("counties", "超出范围"),
        ("receptors", "没有编码"), ("receptors", "乱码"), ("receptors", "坐标远在本市之外"), ("receptors", "1 个要素在声明的覆盖范围"),
    ),
    break_tables: (
        ("access_list", "单元格少于表头"), ("access_list", "dimension 应为"), ("restoration_facts", "有两列都叫“开工年”"),
        ("restoration_facts", "没有表头"), ("restoration_facts", "多于表头"), ("restoration_facts", "完全相同"),
        ("restoration_facts", "乱码"), ("restoration_facts", "列 start_year 全部为空"), ("restoration_facts", "X9 重复"),
        ("restoration_facts", "表中的修复区不在图层中"),
    ),
    break_table_reading: (
        ("restoration_facts", "缺少字段 area_id"), ("access_list", "缺少列 effect"), ("ecological_redline", "经纬度颠倒"),
        ("railways", "文件不存在"), ("receptors", "读不出来"), ("dem", "0（64 个像元）像是没有声明的无数据"),
        ("dem", "9500（1 个像元）像是没有声明的无数据"),
        ("land_classes_2015", "类别编码 255（64 个像元）不在图例里，疑为未声明的空值"),
    ),
    break_values: (
        ("dem", "-32768（64 个像元）像是没有声明的无数据"), ("land_classes_2025", "类别编码 99（4 个像元）不在图例里"),
        ("land_classes_2015", "错开 0.01 个像元"), ("land_classes_2015", "没有值（其中 0.00% 在栅格范围以外）"),
    ),
    break_shapes: (
        ("dem", "所有有值的像元都是 500"), ("land_classes_2025", "在栅格范围以外"), ("land_classes_2015", "不是类别编码"),
        ("land_classes_2015", "只比较两期都有的像元"),
    ),
    break_stands: (
        ("forest_stands", "平均年龄为空"), ("forest_stands", "平均年龄不是数字"), ("forest_stands", "平均年龄为负"),
        ("forest_stands", "平均年龄大得不可能"), ("forest_stands", "每公顷蓄积为空"), ("forest_stands", "每公顷蓄积不是数字"),
        ("forest_stands", "每公顷蓄积大得不可能"), ("forest_stands", "“没有的树”没有参数"), ("forest_stands", "优势树种为空"),
        ("forest_stands", "面积字段与图形相差超过"), ("forest_stands", "面积字段合计 21 公顷"), ("forest_stands", "1 对小班重叠"),
        ("forest_stands", "多于土地类别中的林地"),
    ),
    break_words: (("ecological_redline", "2 个区的文字是乱码"), ("restoration_areas", "疑为坐标单位或比例有误")),
    break_stand_fields: (("forest_stands", "小班没有每公顷蓄积"), ("counties", "没有坐标系"), ("ecological_redline", "类别 别的区 没有规则认得")),
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checked_workspace(tmp_path_factory.mktemp("check") / "whole")


@pytest.fixture(scope="module")
def found(whole: Path) -> dict[Callable[[Path], None], CheckedWorkspace]:
    checked = {}
    for breaks in PLANTED:
        copy = whole.parent / breaks.__name__
        shutil.copytree(whole, copy)
        breaks(copy)
        checked[breaks] = check_workspace(open_workspace(copy))
    return checked


def test_whole_workspace_has_no_fault_and_every_kind_was_looked_at(whole: Path) -> None:
    checked = check_workspace(open_workspace(whole))
    assert checked.faults == ()
    assert checked.summary == "检查了 13 个图层（矢量 8、栅格 3、表 2）"


CASES = [(breaks, layer, text) for breaks, faults in PLANTED.items() for layer, text in faults]


def test_there_are_enough_planted_faults_of_every_kind() -> None:
    assert len(CASES) >= 30
    assert {layer for _, layer, _ in CASES} >= {"ecological_redline", "railways", "receptors", "dem", "forest_stands", "access_list"}


@pytest.mark.parametrize(("breaks", "layer", "text"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_planted_fault_is_found(breaks: Callable[[Path], None], layer: str, text: str, found: dict[object, CheckedWorkspace]) -> None:
    faults = found[breaks].faults
    assert any(fault.layer == layer and text in fault.problem for fault in faults), [f for f in faults if f.layer == layer]
    assert all(fault.remedy for fault in faults)


def test_layers_that_were_not_broken_have_no_fault(found: dict[Callable[[Path], None], CheckedWorkspace]) -> None:
    untouched = {"city", "counties", "management_units", "access_list", "restoration_areas", "restoration_facts", "receptors"}
    assert {fault.layer for fault in found[break_stands].faults} & untouched == set()
    assert {fault.layer for fault in found[break_values].faults} & untouched == set()


def test_silenced_layers_come_first(found: dict[Callable[[Path], None], CheckedWorkspace]) -> None:
    grave = [fault.grave for fault in found[break_losses].faults]
    assert grave == sorted(grave, reverse=True) and sum(grave) == 5


@given(st.integers(0, 6), st.integers(0, 6))
def test_any_share_dropped_is_told_and_losing_all_is_grave(kept: int, lost: int) -> None:
    """Law: a layer is called whole only when it lost nothing and holds something."""
    layer = zone_layer("redline", [metres(10 * i, 0, 10 * i + 5, 5) for i in range(kept)])
    notes = [IntakeNote(file="f", row=str(i), status=IntakeStatus.QUARANTINED, reason="坏", remedy="修") for i in range(lost)]
    object.__setattr__(layer, "notes", tuple(notes))
    faults = check_layers(layer_set(layer, city=metres(-900, -900, 900, 900)))
    assert (faults == ()) == (kept > 0 and lost == 0)
    assert any(fault.grave for fault in faults) == (kept == 0)
    if kept and lost:
        assert f"{kept + lost} 个要素中有 {lost} 个" in faults[0].problem


@given(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
def test_grids_match_to_a_thousandth_of_a_cell(east: float, north: float) -> None:
    from shapes import layer_spec

    one = Grid(crs="EPSG:4490", west=117.0, north=42.0, cell_width=0.01, cell_height=0.01, rows=10, columns=20)
    other = Grid(crs="EPSG:4490", west=117.0 + east * 0.01, north=42.0 + north * 0.01, cell_width=0.01, cell_height=0.01, rows=10, columns=20)
    faults = grid_faults(layer_spec("a.tif"), one, layer_spec("b.tif", id="b"), other)
    assert bool(faults) == (max(abs(east), abs(north)) > 1e-3 + 1e-9) or abs(max(abs(east), abs(north)) - 1e-3) < 1e-9


def test_command_names_the_layer_that_lost_everything(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from cdgis.cli import main

    copy = whole.parent / "command"
    shutil.copytree(whole, copy)
    write_zones(copy, "ecological_redline", [shapely.Point(117.5, 41.4)], {k: v[:1] for k, v in RED.items()})
    with pytest.raises(SystemExit) as left:
        main(["layers", "check", "--workspace", str(copy)])
    out = capsys.readouterr().out.replace("\n", "").replace(" ", "")
    assert left.value.code == 2 and "发现2处问题" in out and "ecological_redline" in out
