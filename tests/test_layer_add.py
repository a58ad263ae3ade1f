"""`layers add`: the entry it proposes reads the layer rightly, says what it rests on, and leaves the rest of the catalogue alone."""

import shutil
import tomllib
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from layer_server import COUNT, address, codes, layer_server
from shapes import metres, write_gbk_shapefile, write_layer
from small_workspace import small_workspace

from cdgis.core.errors import CatalogError, CdgisError, UsageError
from cdgis.pipelines.propose_layer import Proposal, Wishes, accept, proposed_layer
from cdgis.readers import read_layer
from cdgis.readers.field_proposal import match_classes
from cdgis.readers.layer_profiles import profile_layers, read_profiles
from cdgis.workspace.catalog_edit import with_entry, write_entry
from cdgis.workspace.settings import open_workspace

RED = [metres(0, 0, 500, 500), metres(900, 0, 1500, 500), metres(-900, 0, -500, 500)]
COMMENTED = '''# 头一行注释
[layers.city] # 行尾注释
title = "市域"   # 名称
path = "city.gpkg"
zones = false
# 夹在中间的注释
fields = { zone_id = ["id"] } # 字段
theme = "三线"
geometry = "polygon"
official = false
version = "2026"
source = "测试"
licence = "CC0"

# 红线：示范数据，等官方成果
[layers.ecological_redline]
title = "生态保护红线"
path = "redline.gpkg" # 换成官方文件
coverage = "city"
fields = { zone_id = ["id"], zone_name = ["name"], zone_class = ["kind"] }
theme = "三线"
geometry = "polygon"
official = false
version = "2026"
source = "测试"
licence = "CC0"
note = "示范"
# 末尾注释
'''


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = small_workspace(tmp_path_factory.mktemp("add") / "w")
    (made / "layers" / "catalog.toml").write_text(COMMENTED, encoding="utf-8")
    return made


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "w"))


def add(root: Path, source: Path | str, layer: str = "ecological_redline", **wishes: object) -> Proposal:
    """Propose, write, and return the proposal."""
    workspace = open_workspace(root)
    with proposed_layer(workspace, str(source), Wishes(layer_id=layer, **wishes)) as proposal:  # type: ignore[arg-type]
        accept(workspace, proposal)
    return proposal


def look(root: Path, source: Path | str, layer: str = "ecological_redline", **wishes: object) -> Proposal:
    with proposed_layer(open_workspace(root), str(source), Wishes(layer_id=layer, **wishes)) as proposal:  # type: ignore[arg-type]
        return proposal


def zones(root: Path, layer: str = "ecological_redline"):
    workspace = open_workspace(root)
    return read_layer(workspace.catalog[layer], workspace.layers_dir).zones.sort_values("zone_id")


def test_truncated_gbk_shapefile_of_the_2018_specification_replaces_the_demonstration(root: Path, tmp_path: Path) -> None:
    fields = {"STHJYSGKFQBM": ["YS1", "YS2", "YS3"], "STHJZHGKFQMC": ["甲", "乙", "丙"], "YSXL": ["红线一般区域", "核心保护区", "红线一般区域"],
              "MJ": [25.0, 30.0, 20.0]}  # fmt: skip
    path = write_gbk_shapefile(tmp_path / "红线.shp", RED, fields, epsg=4527)
    proposal = add(root, path, values={"version": "2023-06-30", "official": True})
    assert list(zones(root)["zone_id"]) == ["YS1", "YS2", "YS3"]
    assert list(zones(root)["zone_class"]) == ["红线一般区域", "核心保护区", "红线一般区域"]
    said = "\n".join(proposal.evidence)
    assert "zone_id ← STHJYSGKFQ（按数据规范 sanxianyidan_2018" in said and "EPSG:4527" in said and "没有用到的字段：MJ" in said
    entry = open_workspace(root).catalog["ecological_redline"]
    assert (entry.version, entry.official, entry.note, entry.coverage) == ("2023-06-30", True, "示范", "city")
    assert any("note 原样保留" in question.replace("、", "") for question in proposal.questions)


def test_comments_and_other_entries_stay(root: Path, tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", RED, {"HXBM": list("123"), "HXFQ": ["核心保护区"] * 3})
    add(root, path)
    add(root, path, "another", values={"coverage": "city", "title": "又一个"})
    text = (root / "layers" / "catalog.toml").read_text(encoding="utf-8")
    for comment in ("# 头一行注释", "# 行尾注释", "# 名称", "# 夹在中间的注释", "# 字段", "# 红线：示范数据", "# 换成官方文件", "# 末尾注释"):
        assert comment in text, comment
    assert list(tomllib.loads(text)["layers"]) == ["city", "ecological_redline", "another"]
    assert tomllib.loads(text)["layers"]["city"] == tomllib.loads(COMMENTED)["layers"]["city"]


VALUES = st.one_of(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8), st.booleans(), st.integers(-99, 99))


@given(st.dictionaries(st.sampled_from(["title", "note", "path", "coverage", "new_key"]), st.none() | VALUES, max_size=4),
       st.sampled_from(["city", "ecological_redline", "fresh"]))  # fmt: skip
def test_editing_changes_one_entry_and_no_comment(values: dict[str, object], layer: str) -> None:
    """Law: the other entries mean the same, the entry means old plus new, and no comment is gone."""
    after = with_entry(COMMENTED, layer, values)  # type: ignore[arg-type]
    old, new = tomllib.loads(COMMENTED)["layers"], tomllib.loads(after)["layers"]
    assert {k: v for k, v in new.items() if k != layer} == {k: v for k, v in old.items() if k != layer}
    wanted = {**old.get(layer, {}), **{k: v for k, v in values.items() if v is not None}}
    assert new.get(layer, {}) == {k: v for k, v in wanted.items() if values.get(k, 0) is not None}
    kept = [line.split("#")[1] for line in COMMENTED.splitlines() if "#" in line]
    removed = {"title": "名称", "path": "换成"}
    lost = [word for word in kept if word not in after]
    assert all(any(values.get(k, 0) is None and mark in word for k, mark in removed.items()) for word in lost)


def test_catalogue_that_would_break_is_left_as_it_was(root: Path) -> None:
    path = root / "layers" / "catalog.toml"
    for values in ({"theme": "没有的主题"}, {"coverage": "nowhere"}):
        with pytest.raises(CatalogError):
            write_entry(path, "ecological_redline", values)
    assert path.read_text(encoding="utf-8") == COMMENTED
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


def test_fields_by_content_are_questions(root: Path, tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", RED, {"甲": ["x1", "x2", "x3"], "乙": ["核心保护区"] * 3, "FID_1": [1, 2, 3]})
    proposal = look(root, path)
    assert proposal.values["fields"]["zone_id"] == ["甲"] and proposal.values["fields"]["zone_class"] == ["乙"]
    assert sum("只是由内容推断" in question for question in proposal.questions) == 2


def test_unknown_class_and_missing_code_keep_it_from_being_written(root: Path, tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", RED, {"n": ["a", "a", "b"], "kind": ["一类", "二类", "一类"]})
    proposal = look(root, path)
    assert any("没有一个字段可作编码" in o for o in proposal.obstacles) and any("类别 一类、二类 没有规则认得" in o for o in proposal.obstacles)
    with pytest.raises(UsageError, match="没有写入"):
        add(root, path)
    assert (root / "layers" / "catalog.toml").read_text(encoding="utf-8") == COMMENTED
    assert not (root / "layers" / "added").exists()
    mended = write_layer(tmp_path / "b.gpkg", RED, {"n": ["a", "b", "c"], "kind": ["一类", "二类", "一类"]})
    add(root, mended, classes={"一类": "核心保护区", "二类": "红线一般区域"})
    assert list(zones(root)["zone_class"]) == ["核心保护区", "红线一般区域", "核心保护区"]


@pytest.mark.parametrize(("make", "text"), [
    (lambda p: write_layer(p / "a.gpkg", RED, {"HXBM": list("123")}, epsg=None), "没有坐标系"),
    (lambda p: write_layer(p / "a.gpkg", [shapely.transform(g, lambda c: c[:, ::-1]) for g in RED], {"HXBM": list("123")}), "经纬度颠倒"),
    (lambda p: write_layer(p / "a.gpkg", [shapely.transform(g, lambda c: c + 3) for g in RED], {"HXBM": list("123")}), "都在本市以外"),
    (lambda p: write_layer(p / "a.gpkg", [None, None], {"HXBM": list("12")}), "没有图形"),
])  # fmt: skip
def test_layer_that_cannot_be_used_is_an_obstacle(root: Path, tmp_path: Path, make, text: str) -> None:
    assert any(text in obstacle for obstacle in look(root, make(tmp_path)).obstacles)


def test_partition_is_found_and_not_claimed_where_there_is_a_gap(root: Path, tmp_path: Path) -> None:
    west, east = metres(-9000, -9000, 0, 9000), metres(0, -9000, 9000, 9000)
    whole = write_layer(tmp_path / "a.gpkg", [west, east], {"BSM": ["1", "2"]})
    gap = write_layer(tmp_path / "b.gpkg", [west, metres(1, -9000, 9000, 9000)], {"BSM": ["1", "2"]})
    assert look(root, whole, "zones_a", values={"coverage": "city"}).values.get("partition") is True
    assert "partition" not in look(root, gap, "zones_a", values={"coverage": "city"}).values


def test_existing_file_is_not_overwritten(root: Path, tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", RED, {"HXBM": list("123"), "HXFQ": ["核心保护区"] * 3})
    (root / "layers" / "added").mkdir()
    (root / "layers" / "added" / "a.gpkg").write_bytes(b"mine")
    with pytest.raises(UsageError, match="已存在"):
        add(root, path)
    assert (root / "layers" / "added" / "a.gpkg").read_bytes() == b"mine"


def test_service_is_added_with_its_snapshot_and_code_list(root: Path) -> None:
    (root / "layers" / "city.gpkg").unlink()
    write_layer(root / "layers" / "city.gpkg", [shapely.box(117, 40.5, 119, 42)], {"id": ["C"]})
    with layer_server() as server:
        url = address(server, "plain", "arcgis")
        proposal = add(root, url, fields={"zone_class": "HXFQ"})
    found = zones(root)
    assert list(found["zone_id"]) == codes() and set(found["zone_class"]) == {"核心保护区", "红线一般区域"}
    assert open_workspace(root).catalog["ecological_redline"].url == url
    assert (root / "layers/snapshots/ecological_redline.gpkg.snapshot.json").is_file() and f"取到 {COUNT} 个要素" in proposal.evidence[0]


def test_command_shows_and_writes_only_with_yes(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from cdgis.cli import main

    path = write_layer(tmp_path / "a.gpkg", RED, {"HXBM": list("123"), "HXFQ": ["核心保护区"] * 3})
    for options, written in ([], False), (["--yes"], True):
        with pytest.raises(SystemExit) as left:
            main(["layers", "add", str(path), "--as", "ecological_redline", "--workspace", str(root), *options])
        out = capsys.readouterr().out
        assert left.value.code == 0 and "[layers.ecological_redline]" in out and "zone_id ← HXBM" in out
        assert ("HXBM" in (root / "layers" / "catalog.toml").read_text(encoding="utf-8")) == written
    with pytest.raises(SystemExit) as left:
        main(["layers", "add", str(path), "--as", "x", "--profile", "没有", "--workspace", str(root)])
    assert left.value.code == 2


def test_profiles_are_marked_and_name_only_layers_they_can_stand_for() -> None:
    profiles = read_profiles()
    assert set(profiles) == {"base_1m_2021", "city_plan_2021", "land_survey", "sanxianyidan_2018"}
    for profile in profiles.values():
        for layer in profile.layer:
            assert layer.mark == "S" or "未核实" in layer.source
    assert {n for layer in profiles["base_1m_2021"].layer for n in layer.names} == {"BOUA", "HYDL", "HYDA", "LRRL", "LRDL", "AGNP", "BRGA", "RESA"}
    first = profile_layers("", "ecological_redline", ("STBHHX.shp",))[0]
    assert first[0] == "city_plan_2021"


@pytest.mark.parametrize(("layer", "name", "fields"), [
    ("counties", "BOUA", {"PAC": ["130802", "130803"], "NAME": ["双桥区", "双滦区"]}),
    ("farmland", "DLTB", {"BSM": ["1", "2"], "DLBM": ["0102", "0103"], "DLMC": ["水浇地", "旱地"], "TBMJ": [1.0, 2.0]}),
    ("permanent_farmland", "YJJBNTBHTB", {"BSM": ["1", "2"], "DLMC": ["旱地", "旱地"]}),
])  # fmt: skip
def test_profile_fields_are_found_in_files_of_that_kind(root: Path, tmp_path: Path, layer: str, name: str, fields: dict[str, list[object]]) -> None:
    path = write_layer(tmp_path / f"{name}.gpkg", RED[:2], fields)
    proposal = look(root, path, layer, values={"coverage": "city"})
    assert proposal.values["fields"]["zone_id"] == [next(iter(fields))], proposal.evidence


@given(st.lists(st.sampled_from(["优先保护", "优先", "1", "重点管控单元", "别的", ""]), min_size=1, max_size=6))
def test_no_class_is_matched_to_two_or_invented(values: list[str]) -> None:
    import pandas as pd

    known = ("优先保护", "重点管控", "一般管控")
    match = match_classes(pd.Series(values, dtype=object), known, {"1": "优先保护"})
    assert set(match.mapped.values()) | set(match.same) <= set(known)
    assert set(match.mapped) | set(match.same) | set(match.unknown) == set(values)
    assert ("别的" in match.unknown) == ("别的" in values) and ("" in match.unknown) == ("" in values)


def test_source_that_is_not_there_is_said(root: Path) -> None:
    with pytest.raises(CdgisError, match="没有这个文件"):
        look(root, "没有.shp")
