"""Enterprise tables as offices really send them."""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapes import layer_spec, workspace, write_layer, write_xlsx

from cdgis.geometry.geodesy import cgcs2000_to_gcj02, gcj02_to_bd09
from cdgis.readers import read_subjects
from cdgis.readers.datum import LEAST_ROWS, evident_datum
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Sources, Workspace

HEAD = ["企业编号", "企业名称", "行业代码", "经度", "纬度", "坐标系"]


def read_enterprises(folder: Path, **kwargs: object) -> Subjects:
    sources = Sources(enterprises=("企业/*",))
    return read_subjects(workspace(folder, sources=sources, **kwargs))  # type: ignore[arg-type]


def from_rows(tmp_path: Path, rows: Sequence[Sequence[object]], merges: Sequence[str] = ()) -> Subjects:
    (tmp_path / "企业").mkdir(exist_ok=True)
    write_xlsx(tmp_path / "企业" / "名录.xlsx", {"名录": rows}, merges)
    return read_enterprises(tmp_path)


def from_csv(tmp_path: Path, text: str, encoding: str = "utf-8-sig") -> Subjects:
    (tmp_path / "企业").mkdir(exist_ok=True)
    (tmp_path / "企业" / "名录.csv").write_bytes(text.encode(encoding))
    return read_enterprises(tmp_path)


def outcome(subjects: Subjects) -> list[tuple[str, str]]:
    return [(note.row, note.status.value) for note in subjects.intake]


def test_plain_table_is_accepted_row_by_row(tmp_path: Path) -> None:
    subjects = from_rows(tmp_path, [HEAD, ["E0007", "示例企业", 3110, 117.91234, 40.91234, "CGCS2000"]])
    assert outcome(subjects) == [("2", "accepted")]
    row = subjects.frame.iloc[0]
    assert (row["subject_id"], row["industry"], row["kind"], row["project_type"]) == (
        "E0007",
        "3110",
        "enterprise",
        "既有",
    )
    assert (row.geometry.x, row.geometry.y, row["accuracy_m"]) == (117.91234, 40.91234, 0.0)


def test_ids_are_numbered_by_order_when_the_table_has_none(tmp_path: Path) -> None:
    rows = [["企业名称", "经度", "纬度"], ["甲", 117.9, 40.9], ["乙", 117.8, 40.8]]
    assert from_rows(tmp_path, rows).frame["subject_id"].tolist() == ["E0001", "E0002"]


def test_ids_are_made_safe_and_unique_and_reported(tmp_path: Path) -> None:
    rows = [HEAD, ["../../x", "甲", 3110, 117.9, 40.9, "CGCS2000"], ["A1", "乙", 3110, 117.8, 40.8, "CGCS2000"],
            ["a1", "丙", 3110, 117.7, 40.7, "CGCS2000"]]  # fmt: skip
    subjects = from_rows(tmp_path, rows)
    ids = subjects.frame["subject_id"].tolist()
    assert ids[1:] == ["A1", "a1-2"]
    assert ids[0].startswith("x-") and "/" not in ids[0]
    assert [status for _, status in outcome(subjects)] == ["repaired", "accepted", "repaired"]


def test_title_blank_total_note_and_repeated_header_rows_are_told_apart(tmp_path: Path) -> None:
    rows = [
        ["承德市企业名录（2026年）", *[None] * 5],
        HEAD,
        ["E1", "甲", 3110, 117.9, 40.9, "CGCS2000"],
        [None] * 6,
        HEAD,
        ["E2", "乙", 3110, 117.8, 40.8, "CGCS2000"],
        ["合计", "2家", None, None, None, None],
        ["注：数据截至2026年10月", None, None, None, None, None],
    ]
    subjects = from_rows(tmp_path, rows, merges=("A1:F1",))
    assert outcome(subjects) == [
        ("3", "accepted"), ("4", "quarantined"), ("5", "quarantined"), ("6", "accepted"), ("7", "quarantined"),
        ("8", "quarantined"),
    ]  # fmt: skip
    reasons = [note.reason for note in subjects.intake if note.status == "quarantined"]
    assert reasons == ["空行", "重复的表头", "合计行，不是对象", "说明行，不是对象"]


def test_two_row_merged_header_with_split_degrees_is_read(tmp_path: Path) -> None:
    rows = [
        ["单位名称", "行业代码", "经度", None, None, "纬度", None, None, "坐标系"],
        [None, None, "度", "分", "秒", "度", "分", "秒", None],
        ["甲", 3110, 117, 56, 34.8, 40, 58, 30, "WGS84"],
    ]
    merges = ("A1:A2", "B1:B2", "C1:E1", "F1:H1", "I1:I2")
    subjects = from_rows(tmp_path, rows, merges)
    point = subjects.frame.geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((117 + 56 / 60 + 34.8 / 3600, 40 + 58 / 60 + 30 / 3600))


def test_split_columns_under_an_unmerged_csv_header_are_read(tmp_path: Path) -> None:
    text = "企业名称,经度,,,纬度,,\n,度,分,秒,度,分,秒\n甲,117,56,34.8,40,58,30\n"
    point = from_csv(tmp_path, text).frame.geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((117 + 56 / 60 + 34.8 / 3600, 40.975))


def test_single_row_split_headers_are_read_in_gbk(tmp_path: Path) -> None:
    text = "单位名称,经度（度）,经度（分）,经度（秒）,纬度（度）,纬度（分）,纬度（秒）\r\n甲,117,56,34.8,40,58,30\r\n乙,117,75,0,40,58,30\r\n"
    subjects = from_csv(tmp_path, text, "gbk")
    assert [status for _, status in outcome(subjects)] == ["accepted", "quarantined"]
    assert "越界" in subjects.intake[1].reason
    assert subjects.intake[1].value == "117 75 0 40 58 30"


def test_a_lone_degree_column_is_the_whole_angle(tmp_path: Path) -> None:
    point = from_csv(tmp_path, "企业名称,经度（度）,纬度（°）\n甲,117.9,40.9\n").frame.geometry.iloc[0]
    assert (point.x, point.y) == (117.9, 40.9)


@pytest.mark.parametrize("cells", [("40.9", "117.9"), ("N40.9", "E117.9"), ("北纬40°54′", "东经117°54′")])
def test_swapped_axes_are_repaired_and_reported(tmp_path: Path, cells: tuple[str, str]) -> None:
    subjects = from_csv(tmp_path, f"企业名称,经度,纬度,坐标系\n甲,{cells[0]},{cells[1]},CGCS2000\n")
    assert outcome(subjects) == [("2", "repaired")]
    point = subjects.frame.geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((117.9, 40.9))


def test_hemisphere_letters_tell_the_axes_outside_chengde_too(tmp_path: Path) -> None:
    subjects = from_csv(tmp_path, '企业名称,坐标,坐标系\n甲,"N30.5,E110.2",CGCS2000\n')
    point = subjects.frame.geometry.iloc[0]
    assert (point.x, point.y) == (110.2, 30.5)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [("待核实,待核实", "无法识别坐标"), (",", "缺少坐标"), ("0,0", "不在中国"), ("117.9,/", "缺少坐标")],
)
def test_unplaceable_rows_are_quarantined_with_value_and_remedy(tmp_path: Path, cells: str, reason: str) -> None:
    subjects = from_csv(tmp_path, f"企业名称,经度,纬度\n甲,{cells}\n乙,117.9,40.9\n")
    note = subjects.intake[0]
    assert note.status == "quarantined"
    assert reason in note.reason and note.remedy
    assert subjects.frame["name"].tolist() == ["乙"]


def test_undeclared_datum_costs_accuracy_and_is_noted(tmp_path: Path) -> None:
    subjects = from_csv(tmp_path, "企业名称,经度,纬度\n甲,117.91234,40.91234\n")
    assert subjects.frame["accuracy_m"].tolist() == [700.0]
    assert "未声明" in subjects.intake[0].reason
    assert (subjects.frame.geometry.x.iloc[0], subjects.frame.geometry.y.iloc[0]) == (117.91234, 40.91234)


def gcj(lon: float, lat: float) -> tuple[float, float]:
    x, y = cgcs2000_to_gcj02(np.array(lon), np.array(lat))
    return float(x), float(y)


@pytest.mark.parametrize("where", ["column", "header", "title"])
def test_declared_gcj02_is_converted(tmp_path: Path, where: str) -> None:
    lon, lat = gcj(117.9, 40.9)
    rows: list[list[object]] = {
        "column": [["企业名称", "经度", "纬度", "坐标系"], ["甲", lon, lat, "GCJ-02"]],
        "header": [["企业名称", "高德经度", "高德纬度"], ["甲", lon, lat]],
        "title": [["名录（坐标系：火星坐标）", None, None], ["企业名称", "经度", "纬度"], ["甲", lon, lat]],
    }[where]
    subjects = from_rows(tmp_path, rows)
    point = subjects.frame.geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((117.9, 40.9), abs=1e-8)
    assert subjects.intake[0].status == "accepted" and "GCJ-02" in subjects.intake[0].reason


def test_declared_bd09_is_converted(tmp_path: Path) -> None:
    x, y = (float(v) for v in gcj02_to_bd09(*(np.array(v) for v in gcj(117.9, 40.9))))
    point = from_csv(tmp_path, f"企业名称,经度（BD09）,纬度（BD09）\n甲,{x!r},{y!r}\n").frame.geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((117.9, 40.9), abs=1e-8)


@pytest.mark.parametrize("datum", ["西安80", "北京54"])
def test_old_datums_are_refused(tmp_path: Path, datum: str) -> None:
    subjects = from_csv(tmp_path, f"企业名称,经度,纬度,坐标系\n甲,117.9,40.9,{datum}\n")
    assert outcome(subjects) == [("2", "quarantined")]
    assert "转换参数" in subjects.intake[0].remedy


def strip_rows(count: int) -> list[list[object]]:
    """GCJ-02 rows of a county ending at 117.9 E: `count` that stand outside it until converted, five well inside.

    The five lie so far west that reading them as BD-09, a shift twice as long, would push them out.
    """
    places = [(117.8980, 40.90 + number * 1e-3) for number in range(count)]
    places += [(117.8030, 40.90 + number * 1e-3) for number in range(5)]
    return [[f"企业{number}", "示例县", *gcj(lon, lat)] for number, (lon, lat) in enumerate(places)]


def county_workspace(tmp_path: Path) -> Workspace:
    counties = [shapely.box(117.8, 40.8, 117.9, 41.0), shapely.box(117.9, 40.8, 118.1, 41.0)]
    write_layer(tmp_path / "layers" / "county.gpkg", counties, {"zone_id": ["1", "2"], "zone_name": ["示例县", "邻县"]})
    spec = layer_spec("county.gpkg", id="counties")
    return workspace(tmp_path, specs=[spec], sources=Sources(enterprises=("企业/*",)))


@pytest.mark.parametrize(("count", "evident"), [(LEAST_ROWS, True), (LEAST_ROWS - 1, False)])
def test_gcj02_is_evident_from_twenty_rows_in_their_county(tmp_path: Path, count: int, evident: bool) -> None:
    (tmp_path / "企业").mkdir()
    rows = [["企业名称", "县区", "经度", "纬度"], *strip_rows(count)]
    write_xlsx(tmp_path / "企业" / "a.xlsx", {"a": rows})
    subjects = read_subjects(county_workspace(tmp_path))
    assert set(subjects.frame["accuracy_m"]) == ({0.0} if evident else {700.0})
    assert {note.status.value for note in subjects.intake} == ({"repaired"} if evident else {"accepted"})
    if evident:
        assert np.allclose(subjects.frame.geometry.x[:count], 117.8980, atol=1e-8)


def evidence_for(lon: float, lats: np.ndarray) -> object:
    places = gpd.GeoDataFrame({"zone_name": ["示例县"]}, geometry=[shapely.box(117.8, 40.8, 117.9, 41.0)], crs=4490)
    return evident_datum(np.full(len(lats), lon), lats, [("示例县",)] * len(lats), places)


def test_no_shift_is_evident_when_the_rows_already_lie_in_their_county() -> None:
    assert evidence_for(117.85, np.linspace(40.85, 40.95, 40)) is None


def test_no_shift_is_evident_when_both_explain_the_rows() -> None:
    # 117.905 falls inside under either shift (0.006 and 0.012 degrees)
    assert evidence_for(117.903, np.linspace(40.85, 40.95, 40)) is None


def test_bd09_is_evident_when_only_the_longer_shift_brings_the_rows_home() -> None:
    evidence = evidence_for(117.910, np.linspace(40.85, 40.95, 40))
    assert evidence is not None and evidence.datum == "bd09"


def test_duplicate_rows_are_quarantined_and_point_to_the_first(tmp_path: Path) -> None:
    row = ["E1", "甲", 3110, 117.9, 40.9, "CGCS2000"]
    subjects = from_rows(tmp_path, [HEAD, row, row])
    assert outcome(subjects) == [("2", "accepted"), ("3", "quarantined")]
    assert "第 2 行 重复" in subjects.intake[1].reason


def test_same_name_elsewhere_is_not_a_duplicate(tmp_path: Path) -> None:
    rows = [HEAD, ["E1", "甲", 3110, 117.9, 40.9, "CGCS2000"], ["E2", "甲", 3110, 117.8, 40.9, "CGCS2000"]]
    assert len(from_rows(tmp_path, rows).frame) == 2


def test_plane_coordinates_with_zone_prefix_are_placed(tmp_path: Path) -> None:
    text = "企业名称,X坐标,Y坐标,坐标系\n甲,4541000,39501000,CGCS2000\n乙,4541000,501000,EPSG:4548\n丙,4541000,501000,CGCS2000\n"
    subjects = from_csv(tmp_path, text)
    assert [status for _, status in outcome(subjects)] == ["accepted", "accepted", "quarantined"]
    first, second = subjects.frame.geometry
    assert first.distance(second) < 1e-9


def test_attribute_values_become_canonical_text_with_units(tmp_path: Path) -> None:
    head = [
        "企业名称",
        "经度",
        "纬度",
        "坐标系",
        "是否排污",
        "年耗煤量（万吨/年）",
        "高炉容积",
        "主要装备",
        "防护距离（米）",
        "VOCs",
    ]
    rows = [head, ["甲", 117.9, 40.9, "WGS84", "√", 1.5, "1,080立方米", "高炉、转炉", "/", "不清楚"]]
    subjects = from_rows(tmp_path, rows)
    assert next(iter(subjects.attribute_map().values())) == {
        "discharges_pollutants": "true",
        "coal_t_per_yr": "15000",
        "blast_furnace_volume_m3": "1080",
        "equipment": "高炉;转炉",
    }
    assert subjects.intake[0].status == "repaired" and "无法识别为是或否" in subjects.intake[0].reason


def test_tables_with_several_sheets_name_the_sheet_in_the_row(tmp_path: Path) -> None:
    (tmp_path / "企业").mkdir()
    good = [HEAD, ["E1", "甲", 3110, 117.9, 40.9, "CGCS2000"]]
    write_xlsx(tmp_path / "企业" / "a.xlsx", {"数据": good, "填表须知": [["请如实填写"]]})
    assert outcome(read_enterprises(tmp_path)) == [("数据!2", "accepted"), ("填表须知!表头", "quarantined")]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [("a.xlsx", b"PK\x03\x04broken", "损坏"), ("a.xlsx", b"not a zip", "损坏"), ("a.csv", b"\x00\x01\x02", "不是文本"),
     ("a.csv", "甲,乙\n1,2\n".encode(), "表头"), ("a.csv", b"", "空的"), ("a.xls", b"\xd0\xcf\x11\xe0", "不是可读的 .xls")],
)  # fmt: skip
def test_unreadable_tables_are_quarantined_whole(tmp_path: Path, name: str, content: bytes, match: str) -> None:
    (tmp_path / "企业").mkdir()
    (tmp_path / "企业" / name).write_bytes(content)
    subjects = read_enterprises(tmp_path)
    assert [(note.row, note.status.value) for note in subjects.intake] == [("整个文件", "quarantined")]
    assert match in subjects.intake[0].reason


def test_every_row_has_exactly_one_status_when_faults_abound(tmp_path: Path) -> None:
    cells = ["117.9,40.9", "40.9,117.9", ",", "x,y", "0,0", "117°75′,40.9", "117.8,40.8"]
    text = "企业名称,经度,纬度\n" + "".join(f"企业{i},{pair}\n" for i, pair in enumerate(cells))
    subjects = from_csv(tmp_path, text)
    rows = [note.row for note in subjects.intake]
    assert rows == [str(number) for number in range(2, 2 + len(cells))]
    counts = {
        status: sum(note.status == status for note in subjects.intake)
        for status in ("accepted", "repaired", "quarantined")
    }
    assert counts == {"accepted": 2, "repaired": 1, "quarantined": 4}
    assert counts["accepted"] + counts["repaired"] == len(subjects.frame)
