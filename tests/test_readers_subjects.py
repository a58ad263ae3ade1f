"""Workspaces of projects and enterprises: sidecar, ids, counts that close, and small-value readings."""

import random
from collections import Counter
from pathlib import Path

import pytest
from shapes import (
    PARCEL,
    boundary_lines,
    boundary_text,
    in_crs,
    square,
    workspace,
    write_gbk_shapefile,
    write_geojson,
    write_layer,
    zip_shapefile,
)

from cdgis.core.errors import ReaderError
from cdgis.core.safe_text import text_encoding
from cdgis.readers import read_sites, read_subjects
from cdgis.readers.attribute_columns import CanonicalValue, canonical_value, match_attribute
from cdgis.readers.ids import IdRegister, safe_id
from cdgis.readers.roster import Roster
from cdgis.readers.subjects import _industry, _industry_meant, describe_site
from cdgis.readers.text_encoding import decode_text, shapefile_encoding
from cdgis.rules import industry
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects
from cdgis.workspace.settings import Sources

SIDECAR = "file,parcel,project_id,name,industry,project_type,activity,是否排污,坐标系\n"


def project_workspace(root: Path, sidecar: str) -> Subjects:
    folder = root / "项目"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "附表.csv").write_text(SIDECAR + sidecar, encoding="utf-8-sig")
    sources = Sources(projects=("项目/*",), project_attributes="项目/附表.csv")
    return read_subjects(workspace(root, sources=sources))


def two_parcels(path: Path) -> Path:
    first = boundary_lines(in_crs(PARCEL, 4527))
    second = boundary_lines(in_crs(square(117.95, 40.95, 0.002), 4527))
    text = boundary_text(first) + "\r\n".join(["5,,DK002,第二块,面,,,,@", *second])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("gbk"))
    return path


@pytest.mark.parametrize("keys", [("1", "2"), ("DK001", "DK002"), ("示例地块", "第二块")])
def test_sidecar_rows_meet_parcels_by_ordinal_number_or_name(tmp_path: Path, keys: tuple[str, str]) -> None:
    two_parcels(tmp_path / "项目" / "甲.txt")
    rows = [f"甲.txt,{key},P{i},示例{i},3110,新建,A06;A08,是,\n" for i, key in enumerate(keys, start=1)]
    subjects = project_workspace(tmp_path, "".join(rows))
    assert subjects.frame["subject_id"].tolist() == ["P1", "P2"]
    assert subjects.frame["name"].tolist() == ["示例1", "示例2"]
    assert set(subjects.frame["activity"]) == {"A06;A08"}
    assert subjects.attribute_map() == {
        "P1": {"discharges_pollutants": "true"},
        "P2": {"discharges_pollutants": "true"},
    }
    assert Counter(note.file for note in subjects.intake) == {"项目/甲.txt": 2, "项目/附表.csv": 2}


@pytest.mark.parametrize("seed", range(12))
def test_a_lost_or_moved_parcel_never_gets_the_row_of_another(tmp_path: Path, seed: int) -> None:
    """Rows by ordinal, parcels with names of their own, some of them gone or in another order: own row, or none and said."""
    draw = random.Random(seed)
    names = [f"示例地块{n}" for n in range(1, 6)]
    left = draw.sample(names, draw.randint(2, 5))
    squares = {name: square(117.90 + 0.01 * place, 40.95, 0.002) for place, name in enumerate(names)}
    (tmp_path / "项目").mkdir()
    write_geojson(tmp_path / "项目" / "甲.geojson", [(squares[name], {"名称": name}) for name in left])
    rows = [f"甲.geojson,{n},P{n},{name},3110,新建,A06,是,\n" for n, name in enumerate(names, start=1)]
    subjects = project_workspace(tmp_path, "".join(rows))
    assert len(subjects.frame) == len(left)
    west = {name: shape.bounds[0] for name, shape in squares.items()}
    for row in subjects.frame.itertuples():
        mine = [name for name in names if abs(row.geometry.bounds[0] - west[name]) < 1e-9]
        assert row.name in mine, "a name that is another parcel's"
        number = names.index(mine[0]) + 1
        assert row.subject_id == f"P{number}" if left.index(mine[0]) + 1 == number else row.subject_id not in {f"P{n}" for n in range(1, 6)}
    moved = [name for place, name in enumerate(left) if names.index(name) != place]
    assert sum("按次序轮到它" in note.reason for note in subjects.intake) == len(moved)


def test_sidecar_row_without_parcel_speaks_for_the_whole_file(tmp_path: Path) -> None:
    two_parcels(tmp_path / "项目" / "甲.txt")
    subjects = project_workspace(tmp_path, "甲.txt,,,共同名称,3110,新建,,,\n甲.txt,2,,自己的名称,,,,,\n")
    assert subjects.frame["name"].tolist() == ["共同名称", "自己的名称"]
    assert subjects.frame["industry"].tolist() == ["3110", "3110"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_sidecar_rows_that_contradict_each_other_are_told_and_leave_the_fact_unsaid(tmp_path: Path, order) -> None:
    two_parcels(tmp_path / "项目" / "甲.txt")
    rows = ["甲.txt,DK001,P1,同名,3110,新建,A06,是,\n", "甲.txt,示例地块,P1,同名,1371,新建,A06,否,\n"]
    subjects = project_workspace(tmp_path, rows[order[0]] + rows[order[1]] + "甲.txt,2,P2,,,,,,\n")
    one = subjects.frame.set_index("subject_id").loc["P1"]
    assert (one["industry"], one["project_type"], one["activity"], one["name"]) == ("", "新建", "A06", "同名")
    assert subjects.attribute_map().get("P1", {}) == {}
    told = next(note for note in subjects.intake if "互相矛盾" in note.reason)
    assert (told.field, told.status) == ("industry；是否排污", "repaired")
    assert all(f"{text}（第" in told.value for text in ("3110", "1371", "是", "否"))
    assert "第 2、3 行对同一对象的“industry”" in told.reason and "第 2、3 行对同一对象的“是否排污”" in told.reason


def test_what_the_parcels_own_file_says_does_not_settle_what_its_sidecar_contradicts(tmp_path: Path) -> None:
    own = {"项目编号": ["P1"], "行业代码": ["3110"], "建设性质": ["新建"], "是否排污": ["是"]}
    write_layer(tmp_path / "项目" / "甲.gpkg", [square(117.95, 40.95)], own)
    subjects = project_workspace(tmp_path, "甲.gpkg,P1,,,2511,,,是,\n甲.gpkg,P1,,,1371,,,否,\n")
    (one,) = subjects.frame.itertuples()
    assert (one.industry, one.project_type) == ("", "新建") and subjects.attribute_map().get(one.subject_id, {}) == {}
    assert any("互相矛盾" in note.reason for note in subjects.intake)


def test_sidecar_rows_that_say_the_same_in_other_words_do_not_contradict(tmp_path: Path) -> None:
    two_parcels(tmp_path / "项目" / "甲.txt")
    rows = "甲.txt,1,P1,,3110,新建,,是,\n甲.txt,DK001,P1,,3110,新建,,有,\n甲.txt,2,P2,,,,,,\n甲.txt,2,P2,,1371,,,,\n"
    subjects = project_workspace(tmp_path, rows)
    assert not any("互相矛盾" in note.reason for note in subjects.intake)
    assert subjects.frame["industry"].tolist() == ["3110", "1371"]
    assert subjects.attribute_map()["P1"] == {"discharges_pollutants": "true"}


def test_file_whose_sidecar_rows_declare_two_systems_is_quarantined(tmp_path: Path) -> None:
    two_parcels(tmp_path / "项目" / "甲.txt")
    subjects = project_workspace(tmp_path, "甲.txt,1,P1,,,,,,EPSG:4527\n甲.txt,2,P2,,,,,,EPSG:4528\n")
    assert len(subjects.frame) == 0
    lost = next(note for note in subjects.intake if note.status == "quarantined")
    assert "互相矛盾" in lost.reason and "EPSG:4527（第 2 行）" in lost.reason


def test_sidecar_row_without_a_file_is_quarantined_with_remedy(tmp_path: Path) -> None:
    two_parcels(tmp_path / "项目" / "甲.txt")
    subjects = project_workspace(tmp_path, "甲.txt,1,P1,,,,,,\n乙.txt,1,P2,,,,,,\n甲.txt,9,P3,,,,,,\n")
    fates = {note.row: note.status.value for note in subjects.intake if note.file == "项目/附表.csv"}
    assert fates == {"2": "accepted", "3": "quarantined", "4": "quarantined"}


def test_sidecar_declares_the_crs_of_a_zip_without_prj(tmp_path: Path) -> None:
    shp = write_gbk_shapefile(tmp_path / "原" / "x.shp", [PARCEL], {"name": ["甲"]}, epsg=4548)
    shp.with_suffix(".prj").unlink()
    (tmp_path / "项目").mkdir()
    zip_shapefile(tmp_path / "项目" / "上报.zip", shp)
    subjects = project_workspace(tmp_path, "上报.zip,1,P1,,,,,,EPSG:4548\n")
    assert subjects.frame["subject_id"].tolist() == ["P1"]
    assert subjects.frame.geometry.iloc[0].centroid.distance(PARCEL.centroid) < 1e-9


def test_sidecar_without_a_file_column_is_an_error(tmp_path: Path) -> None:
    path = two_parcels(tmp_path / "甲.txt")
    (tmp_path / "附表.csv").write_text("名称,行业代码\n甲,3110\n", encoding="utf-8")
    with pytest.raises(ReaderError, match="没有“文件”"):
        read_sites(workspace(tmp_path), [path], sidecar=tmp_path / "附表.csv")


def test_ids_follow_stem_and_parcel_when_nothing_declares_them(tmp_path: Path) -> None:
    subjects = read_sites(
        workspace(tmp_path), [two_parcels(tmp_path / "site A.txt"), two_parcels(tmp_path / "地块.txt")]
    )
    ids = subjects.frame["subject_id"].tolist()
    assert ids[0].startswith("site-A-DK001") and ids[1].startswith("site-A-DK002")
    assert len(set(ids)) == 4 and all(id_.isascii() for id_ in ids)


def test_counts_close_and_every_file_is_accounted_for(tmp_path: Path) -> None:
    folder = tmp_path / "项目"
    two_parcels(folder / "甲.txt")
    write_geojson(folder / "乙.geojson", [(PARCEL, {}), (None, {})])
    write_gbk_shapefile(folder / "丙.shp", [PARCEL], {"name": ["丙"]})
    (folder / "孤.dbf").write_bytes(b"x")
    (folder / "图.dxf").write_bytes(b"x")
    (folder / "库.gdb").mkdir()
    (folder / "说明.md").write_text("不是数据", encoding="utf-8")
    subjects = project_workspace(tmp_path, "甲.txt,1,P1,,,,,,\n")
    counts = Counter((note.file, note.status.value) for note in subjects.intake)
    assert counts == {
        ("项目/甲.txt", "accepted"): 2, ("项目/乙.geojson", "accepted"): 1, ("项目/乙.geojson", "quarantined"): 1,
        ("项目/丙.shp", "accepted"): 1, ("项目/孤.dbf", "quarantined"): 1, ("项目/图.dxf", "quarantined"): 1,
        ("项目/库.gdb", "quarantined"): 1, ("项目/附表.csv", "accepted"): 1,
    }  # fmt: skip
    assert len({(note.file, note.row) for note in subjects.intake}) == len(subjects.intake)
    data = [note for note in subjects.intake if note.file != "项目/附表.csv"]
    assert sum(note.status != "quarantined" for note in data) == len(subjects.frame)
    assert {record.path for record in subjects.records} == {file for file, _ in counts}


def test_reading_twice_gives_the_same_and_reports_progress(tmp_path: Path) -> None:
    two_parcels(tmp_path / "项目" / "乙.txt")
    two_parcels(tmp_path / "项目" / "甲.txt")
    ws = workspace(tmp_path, sources=Sources(projects=("项目/*", "项目/*.txt")))
    seen: list[str] = []
    first, second = read_subjects(ws, progress=seen.append), read_subjects(ws)
    assert seen == ["项目/乙.txt", "项目/甲.txt"]
    assert first.frame.equals(second.frame) and first.intake == second.intake and first.records == second.records


def test_empty_workspace_gives_empty_tables_with_their_columns(tmp_path: Path) -> None:
    subjects = read_subjects(workspace(tmp_path))
    assert list(subjects.frame.columns) == [*SUBJECT_COLUMNS, "geometry"]
    assert list(subjects.attributes.columns) == ["subject_id", "attribute", "value", "unit"]
    assert subjects.frame.crs.to_epsg() == 4490 and not subjects.intake


@pytest.mark.parametrize(
    ("texts", "industry", "project_type"),
    [({"行业代码": "C3110"}, "3110", ""), ({"行业": "3110 炼铁"}, "3110", ""), ({"行业代码": "炼铁"}, "3110", ""),
     ({"建设性质": "改扩建"}, "", "扩建"), ({"建设性质": "技术改造"}, "", "改建"), ({"建设性质": "异地迁建"}, "", "迁建"),
     ({"建设性质": "已建成"}, "", "既有"), ({"建设性质": "说不清"}, "", ""), ({"行业代码": "26"}, "26", "")],
)  # fmt: skip
def test_industry_and_project_type_are_normalised(texts: dict[str, str], industry: str, project_type: str) -> None:
    columns = describe_site(texts).columns
    assert (columns["industry"], columns["project_type"]) == (industry, project_type)


@pytest.mark.parametrize(
    ("texts", "reason"),
    [({"行业代码": "9999"}, "不在 GB/T 4754-2017"), ({"行业代码": "4414", "名称": "示例风电场"}, "GB/T 4754-2011 是风力发电"),
     ({"行业代码": "C3150"}, "GB/T 4754-2017 没有这个代码"),
     ({"行业代码": "4414 风力发电"}, "按缺失处理"), ({"行业代码": "3110 水泥制造"}, "名称却是水泥制造"),
     ({"行业代码": "水泥"}, "不是小类全称"), ({"行业代码": "胡说"}, "不是 GB/T 4754-2017"), ({"建设性质": "说不清"}, "不认识")],
)  # fmt: skip
def test_doubtful_codes_are_reported(texts: dict[str, str], reason: str) -> None:
    assert any(reason in remark.reason for remark in describe_site(texts).remarks)


@pytest.mark.parametrize(
    ("header", "raw", "text"),
    [("是否排污", "是", "true"), ("是否排污", "×", "false"), ("是否排污", "无", "false"), ("是否排污", "", ""),
     ("年耗煤量", "1.50e3", "1500"), ("年耗煤量", "约5吨", "5"), ("年耗煤量", "3万吨", "30000"), ("年耗煤量", "１２", "12"),
     ("年耗煤（吨）", "1,200.50", "1200.5"), ("COD", "500kg/a", "0.5"), ("防护距离（米）", "0.8km", "800"),
     ("防护距离", "-", ""), ("建成年份", "2015年", "2015"), ("高炉有效容积（m³）", "1080m³", "1080"),
     ("主要装备", "高炉；转炉,电炉", "高炉;转炉;电炉"), ("联系人", " 张三 ", "张三"), ("年货运量（万吨）", "150", "1500000")],
)  # fmt: skip
def test_attribute_cells_become_canonical(header: str, raw: str, text: str) -> None:
    column = match_attribute(header)
    assert column is not None
    assert canonical_value(column, raw) == CanonicalValue(text=text)


@pytest.mark.parametrize(("header", "raw"), [("是否排污", "也许"), ("年耗煤量", "很多"), ("年耗煤量", "5公里")])
def test_unreadable_attribute_cells_are_missing_with_a_reason(header: str, raw: str) -> None:
    column = match_attribute(header)
    assert column is not None
    value = canonical_value(column, raw)
    assert value.text == "" and "按缺失处理" in value.problem


@pytest.mark.parametrize(
    ("text", "start"),
    [("P001", "P001"), ("CON", "CON-"), ("nul.1", "nul-1-"), ("Com1.x.y", "Com1-x-y-"), ("COM10", "COM10"),
     ("地块1", "1-"), ("地块", "S"), ("../x", "x-"), ("a/b:c", "a-b-c-"), (".", "S")],
)
def test_ids_are_safe_for_file_names(text: str, start: str) -> None:
    safe = safe_id(text)
    assert safe.startswith(start) and safe.isascii() and not set(safe) & set('/\\:*?"<>|')
    assert safe_id(text) == safe


@pytest.mark.parametrize("word", ["新建", "扩建", "技改", "搬迁", "现有"])
@pytest.mark.parametrize("denial", ["非", "不属于", "未", "取消"])
def test_a_denied_project_type_is_none(word: str, denial: str) -> None:
    assert describe_site({"建设性质": word}).columns["project_type"] != ""
    found = describe_site({"建设性质": f"{denial}{word}"})
    assert found.columns["project_type"] == "" and "建设性质不认识" in found.remarks[0].reason


def test_different_lossy_names_keep_different_ids() -> None:
    assert safe_id("甲A1") != safe_id("乙A1")


def test_ids_are_unique_whatever_the_letter_case() -> None:
    register = IdRegister()
    assert [register.claim(wanted)[0] for wanted in ("A", "a", "A", "A-2")] == ["A", "a-2", "A-3", "A-2-2"]
    assert register.next_number("E") == "E0001"
    assert register.claim("e0002")[0] == "e0002"
    assert register.next_number("E") == "E0003"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_text_is_decoded_from_what_offices_write(encoding: str) -> None:
    assert decode_text("承德市\r\n双桥区\r".encode(encoding), source="x") == "承德市\n双桥区\n"


def test_undecodable_text_is_an_error_naming_the_file() -> None:
    with pytest.raises(ReaderError, match=r"x\.txt.*UTF-8"):
        decode_text(b"\xff\xff\xff", source="x.txt")


@pytest.mark.parametrize(
    ("written", "cpg"), [("GBK", ""), ("GBK", "UTF-8"), ("UTF-8", ""), ("UTF-8", "UTF-8"), ("GBK", "936")]
)
def test_shapefile_encoding_comes_from_the_bytes_when_the_cpg_lies_or_is_absent(
    tmp_path: Path, written: str, cpg: str
) -> None:
    path = write_layer(tmp_path / "a.shp", [PARCEL], {"名称": ["生态保护红线内的有限人为活动" * 10]}, encoding=written)
    path.with_suffix(".cpg").unlink()
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    found = shapefile_encoding(path)
    assert {"GBK": ("gb18030",), "UTF-8": ("utf-8",)}[written] == (found,)


@pytest.mark.parametrize("cpg", [b"UTF\x00-8", b"hex", b"zlib", b"rot13", b"idna", b"undefined", b"punycode", b"\x00", b"\xff" * 50])
def test_a_cpg_that_names_no_encoding_of_texts_is_not_believed(tmp_path: Path, cpg: bytes) -> None:
    path = write_layer(tmp_path / "a.shp", [PARCEL], {"name": ["生态保护红线"]}, encoding="GBK")
    path.with_suffix(".cpg").write_bytes(cpg)
    assert shapefile_encoding(path) == "gb18030"
    assert text_encoding(cpg.decode("latin-1")) in ("", "idna", "punycode")


@pytest.mark.parametrize("seed", range(30))
def test_a_name_is_asked_wherever_it_tells_which_industry_is_meant(seed: int) -> None:
    """What is kept of a cell for the next row holds for its name too."""
    draw = random.Random(seed)
    every = industry.codes()
    for _ in range(40):
        code, named = draw.choice(every), draw.choice(every)
        whole = f"{code}{industry.name_of(code)}"
        code = draw.choice([code, code.lstrip("0"), f"C{code}", whole, f" {code[:2]} {code[2:]}", industry.name_of(code), "3360"])
        name = draw.choice(["", f"某{industry.name_of(named)}厂", "电镀加工"])
        assert _industry(code, name) == _industry_meant.__wrapped__(code, name)


@pytest.mark.parametrize("seed", range(40))
def test_several_industries_in_one_cell_or_in_two_columns_are_none(seed: int) -> None:
    """Whoever lists a harmless code first must not be judged by it alone."""
    draw = random.Random(seed)
    small = [code for code in industry.codes() if len(code) == 4 and industry.former(code) is None]
    one, other = draw.sample(small, 2)
    written = [draw.choice([code, f"C{code}", f"{code}{industry.name_of(code)}", f"{code}（{industry.name_of(code)}）"]) for code in (one, other)]
    mark = draw.choice(["、", ",", "，", ";", "/", "\n", "和", "+", " 及 "])
    found = describe_site({"企业名称": "甲", "行业代码": mark.join(written)})
    assert found.columns["industry"] == "" and one in found.remarks[-1].reason and other in found.remarks[-1].reason
    found = describe_site({"行业代码": written[0], "行业类别": written[1]})
    assert found.columns["industry"] == "" and "内容不同" in found.remarks[-1].reason
    for same in (one, one[:2], written[0]):
        assert describe_site({"行业代码": one, "行业类别": same}).columns["industry"] == one
        assert describe_site({"行业代码": f"{one}{mark}{same}"}).columns["industry"] == one
    assert describe_site({"行业代码": one}, {"行业代码": other}).columns["industry"] == one  # the sidecar's word before the file's


@pytest.mark.parametrize(("role", "headers", "one", "same", "other"), [
    ("project_type", ("建设性质", "项目性质"), "新建", "拟建", "技改"), ("activity", ("活动类型", "活动类别"), "A06", "A06", "开发性生产性建设"),
])  # fmt: skip
def test_type_and_activity_in_two_columns_must_agree(role: str, headers: tuple[str, str], one: str, same: str, other: str) -> None:
    first, second = headers
    assert describe_site({first: one, second: same}).columns[role] == describe_site({first: one, second: ""}).columns[role] == one
    found = describe_site({first: one, second: other})
    assert found.columns[role] == "" and "内容不同" in found.remarks[0].reason
    assert describe_site({first: one}, {second: other}).columns[role] == one


@pytest.mark.parametrize("text", ["3011 水泥制造，年产30万吨", "3011水泥制造（2710不含）", "3011 水泥制造/粉磨", "2631，化学农药制造"])
def test_numbers_beside_an_industry_are_no_second_one(text: str) -> None:
    assert describe_site({"行业代码": text}).columns["industry"] == text[:4]


@pytest.mark.parametrize(
    ("first", "second", "value"), [("15", "", "15"), ("", "0.0015", "15"), ("15", "0.0015", "15"), ("15", "15", None), ("15", "无", "15")],
)  # fmt: skip
def test_an_attribute_stated_twice_in_one_row_must_agree(first: str, second: str, value: str | None) -> None:
    found = describe_site({"年耗煤量（吨）": first, "年耗煤量（万吨）": second})
    assert found.attributes.get("coal_t_per_yr") == value
    assert (value is None) == any("内容不同" in remark.reason for remark in found.remarks)


def test_nobody_is_a_frame_of_texts_too():
    frame = Roster(default_accuracy_m=1.0).to_subjects().frame
    assert not len(frame) and frame["subject_id"].dtype == object and frame["accuracy_m"].dtype == float
