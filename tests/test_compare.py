"""Two versions of a layer: what each unit gained and lost, and who is judged otherwise because of it."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from bs4 import BeautifulSoup
from shapes import layer_set, metres, rule, sites, zone_layer
from small_workspace import new_redline, small_workspace

from cdgis.core.errors import UsageError
from cdgis.geometry.halving import PIECE_VERTICES
from cdgis.judging.compare_versions import compare_versions
from cdgis.judging.compare_zones import compare_verdicts, compare_zones, matched
from cdgis.judging.facts import Facts
from cdgis.judging.match_zones import crosswalk
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.subject_table import describe_subjects
from cdgis.judging.verdicts import judge
from cdgis.report.site.comparison_page import write_comparison
from cdgis.workspace.settings import open_workspace

LEFT, RIGHT = metres(0, 0, 1000, 1000), metres(1000, 0, 2000, 1000)


def changes(old, new):
    return {row["zone_id"]: row for row in compare_zones(old, new).to_dict("records")}


def test_nothing_changed_when_only_the_starting_vertex_and_direction_differ():
    turned = shapely.Polygon(list(LEFT.exterior.coords)[2:-1] + list(LEFT.exterior.coords)[:3])
    assert changes(zone_layer("z", [LEFT, RIGHT]), zone_layer("z", [turned, shapely.reverse(RIGHT)])) == {}


def test_gained_and_lost_close_when_a_unit_is_moved():
    moved = metres(100, 0, 1100, 1000)
    row = changes(zone_layer("z", [LEFT]), zone_layer("z", [moved]))["z0"]
    # a strip of 100 m x 1000 m on either side
    assert (row["change"], row["unit"]) == ("调整边界", "m2")
    assert (row["gained"], row["lost"]) == pytest.approx((100_000, 100_000), rel=1e-6)
    assert row["old_size"] + row["gained"] - row["lost"] == pytest.approx(row["new_size"])


def test_class_name_and_shape_are_told_together():
    old = zone_layer("z", [LEFT], ["一般"])
    new = zone_layer("z", [metres(0, 0, 500, 1000)], ["重点"])
    new.zones["zone_name"] = ["新名"]
    row = changes(old, new)["z0"]
    assert row["change"] == "改类;调整边界;改名" and (row["old_class"], row["new_class"]) == ("一般", "重点")


def test_added_and_removed_units_have_one_version_only():
    found = changes(zone_layer("z", [LEFT], ids=["A"]), zone_layer("z", [RIGHT], ids=["B"]))
    assert {key: (row["change"], row["old_size"] > 0, row["new_size"] > 0) for key, row in found.items()} == {
        "A": ("撤销", True, False), "B": ("新增", False, True)
    }  # fmt: skip


def test_redrawing_below_one_square_metre_is_no_change():
    hair = metres(0, 0, 1000.0005, 1000)  # 0.5 m2
    assert changes(zone_layer("z", [LEFT]), zone_layer("z", [hair])) == {}
    assert changes(zone_layer("z", [LEFT]), zone_layer("z", [metres(0, 0, 1000.0015, 1000)]))


def test_large_polygon_in_pieces_gives_the_same_areas():
    many = shapely.segmentize(LEFT, LEFT.length / (4 * PIECE_VERTICES))
    row = changes(zone_layer("z", [many]), zone_layer("z", [metres(0, 0, 1000, 900)]))["z0"]
    assert row["lost"] == pytest.approx(100_000, rel=1e-6) and row["gained"] == pytest.approx(0, abs=1e-3)


def test_parts_of_one_unit_are_compared_together():
    old = zone_layer("z", [LEFT, RIGHT], ids=["A", "A"])
    assert changes(old, zone_layer("z", [shapely.union(LEFT, RIGHT)], ids=["A"])) == {}


def test_lines_are_compared_by_length_and_points_by_count():
    line = shapely.LineString([(117.5, 41.4), (117.51, 41.4)])
    half = shapely.LineString([(117.5, 41.4), (117.505, 41.4)])
    row = changes(zone_layer("z", [line], kind="line"), zone_layer("z", [half], kind="line"))["z0"]
    assert row["unit"] == "m" and row["lost"] == pytest.approx(row["old_size"] / 2)
    here, there = shapely.Point(117.5, 41.4), shapely.Point(117.6, 41.4)
    row = changes(zone_layer("z", [here], kind="point"), zone_layer("z", [there], kind="point"))["z0"]
    assert (row["unit"], row["gained"], row["lost"]) == ("count", 1, 1)


def judged(layer, subjects):
    layers = layer_set(layer)
    rules = [rule("R-1", "z", effect="禁止", zone_classes=["禁建"]), rule("R-2", "z", effect="限制")]
    measured = measure_overlaps(subjects, layers)
    about = describe_subjects(subjects, measured)
    accuracy = about["accuracy_m"].to_numpy(dtype=float)
    result = judge(
        Facts.of(about, subjects.attributes), measured, rules, layers=layers, accuracy_m=accuracy, tolerance_m=20,
        as_of=pd.Timestamp("2026-11-01").date(),
    )  # fmt: skip
    return {"subjects": about, "verdicts": result.verdicts, "findings": result.findings}


def test_verdicts_change_with_the_zone_that_decides():
    subjects = sites([metres(100, 100, 200, 200), metres(1100, 100, 1200, 200), metres(5000, 0, 5100, 100)])
    old = zone_layer("z", [LEFT, RIGHT], ["一般", "禁建"])
    new = zone_layer("z", [LEFT, RIGHT], ["禁建", "一般"])
    zones = compare_zones(old, new)
    rows = compare_verdicts(judged(old, subjects), judged(new, subjects), zones).to_dict("records")
    assert [(r["subject_id"], r["old_verdict"], r["new_verdict"], r["direction"]) for r in rows] == [
        ("S000", "有条件符合", "不符合", "变严"),
        ("S001", "不符合", "有条件符合", "变宽"),
    ]
    assert [(r["zone_ids"], r["zone_changes"]) for r in rows] == [("z0", "z0 改类"), ("z1", "z1 改类")]
    assert all("R-1" in r["rule_ids"] and r["layers"] == "z" for r in rows)


def test_changed_verdicts_carry_what_must_stand_beside_them():
    subjects = sites([metres(100, 100, 200, 200), metres(1100, 100, 1200, 200)])
    old, new = zone_layer("z", [LEFT, RIGHT], ["一般", "禁建"]), zone_layer("z", [LEFT, RIGHT], ["禁建", "一般"])
    tables = judged(old, subjects), judged(new, subjects)
    for table, caveat in zip(tables, ("旧附注", "新附注;第二条"), strict=True):
        table["verdicts"] = table["verdicts"].assign(caveats=caveat)
    rows = compare_verdicts(*tables, compare_zones(old, new))
    assert set(rows["old_caveats"]) == {"旧附注"} and set(rows["new_caveats"]) == {"新附注;第二条"}


def test_no_verdict_changes_when_nothing_does():
    subjects = sites([metres(100, 100, 200, 200)])
    tables = judged(zone_layer("z", [LEFT], ["禁建"]), subjects)
    assert compare_verdicts(tables, tables, compare_zones(zone_layer("z", []), zone_layer("z", []))).empty


@pytest.fixture
def space(tmp_path):
    new_redline(tmp_path / "redline_2027.gpkg")
    return small_workspace(tmp_path / "区")


def test_two_files_of_a_layer_make_a_page_that_says_who_is_affected(space, tmp_path):
    old, new = space / "layers" / "redline.gpkg", tmp_path / "redline_2027.gpkg"
    found = compare_versions(old, new, workspace=open_workspace(space))
    assert found.zones["zone_id"].tolist() == ["H1"] and found.judged_count == 1
    assert found.zones["gained"].iloc[0] == pytest.approx(500 * 1000, rel=1e-6)
    written = write_comparison(found, tmp_path / "out")
    assert [p.name for p in written] == ["compare.html", "changes_zones.csv", "changes_crosswalk.csv", "changes_verdicts.csv"]
    text = written[0].read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert page.select_one("[data-field=zone_count]").text == "1"
    assert (
        page.select_one("tr[data-zone=H1]")
        and len(page.select("svg path.old")) == len(page.select("svg path.new")) == 1
    )
    assert "示范数据，不作审批依据" in text and not page.find("script") and "http:" not in text and "https:" not in text
    assert page.select_one("[data-field=verdict_count]").text == str(len(found.verdicts))
    assert "gained" in written[1].read_text(encoding="utf-8-sig")
    again = compare_versions(old, new, workspace=open_workspace(space))
    assert write_comparison(again, tmp_path / "zwei")[0].read_bytes() == written[0].read_bytes()


def test_two_workspaces_are_compared_layer_by_layer(space, tmp_path):
    import shutil

    other = tmp_path / "新区"
    shutil.copytree(space, other)
    assert compare_versions(space, other, workspace=None).zones.empty
    shutil.copy(tmp_path / "redline_2027.gpkg", other / "layers" / "redline.gpkg")
    found = compare_versions(space, other, workspace=None)
    assert found.zones["zone_id"].tolist() == ["H1"] and (found.old_label, found.new_label) == ("区", "新区")


def test_layer_is_told_by_path_by_name_or_by_option(space, tmp_path):
    opened = open_workspace(space)
    strange = tmp_path / "x.gpkg"
    strange.write_bytes((tmp_path / "redline_2027.gpkg").read_bytes())
    same = tmp_path / "y.gpkg"
    same.write_bytes(strange.read_bytes())
    with pytest.raises(UsageError, match="请用 --layer 指明：ecological_redline"):
        compare_versions(strange, same, workspace=opened)
    assert compare_versions(strange, same, workspace=opened, layer="ecological_redline").zones.empty


def test_unlike_things_are_not_compared(space, tmp_path):
    with pytest.raises(UsageError, match="应同为图层文件，或同为工作区目录"):
        compare_versions(space, tmp_path / "redline_2027.gpkg", workspace=None)
    with pytest.raises(UsageError, match="须在工作区内进行"):
        compare_versions(space / "layers" / "redline.gpkg", tmp_path / "redline_2027.gpkg", workspace=None)


def test_units_renumbered_keep_their_land_and_are_no_loss_and_gain():
    """Case 12: shape and class stay, codes change; gained and lost are nothing."""
    found = changes(zone_layer("z", [LEFT, RIGHT], ids=["A", "B"]), zone_layer("z", [LEFT, RIGHT], ids=["X1", "X2"]))
    assert {key: (row["change"], row["old_ids"], row["gained"], row["lost"]) for key, row in found.items()} == {
        "X1": ("改码", "A", 0, 0), "X2": ("改码", "B", 0, 0)
    }  # fmt: skip


def test_codes_that_changed_places_are_told_apart():
    found = changes(zone_layer("z", [LEFT, RIGHT], ids=["A", "B"]), zone_layer("z", [LEFT, RIGHT], ids=["B", "A"]))
    assert {key: (row["change"], row["old_ids"], row["gained"]) for key, row in found.items()} == {
        "A": ("改码", "B", 0), "B": ("改码", "A", 0)
    }  # fmt: skip


def test_a_unit_split_and_units_merged_name_each_other():
    parts = [metres(0, 0, 400, 1000), metres(400, 0, 1000, 1000)]
    whole = zone_layer("z", [LEFT, RIGHT], ids=["A", "B"])
    split = zone_layer("z", [*parts, RIGHT], ids=["A1", "A2", "B"])
    found = changes(whole, split)
    assert {key: (row["change"], row["old_ids"]) for key, row in found.items() if key != "A"} == {
        "A1": ("拆分", "A"), "A2": ("拆分", "A")
    }  # fmt: skip
    assert found["A"]["change"] == "拆分" and found["A"]["new_ids"] == "A1;A2" and "B" not in found
    back = changes(split, whole)
    assert back["A"]["change"] == "合并" and back["A"]["old_ids"] == "A1;A2"
    assert {back[key]["change"] for key in ("A1", "A2")} == {"合并"}


def test_crosswalk_shares_close_for_partitions():
    """Law on random partitions: shares of each old unit add up to one, and so do those of each new one."""
    rng = np.random.default_rng(4)
    for _ in range(5):
        cuts = [np.sort(rng.uniform(0, 3000, 4)) for _ in range(2)]
        layers = [
            zone_layer("z", [metres(a, 0, b, 500) for a, b in zip([0, *cut], [*cut, 3000], strict=True)], ids=[f"{v}{i}" for i in range(5)])
            for v, cut in zip("ON", cuts, strict=True)
        ]
        found = matched(*layers)
        shared = pd.DataFrame({"old": found.old, "new": found.new, "m2": found.shared_m2})
        assert shared.groupby("old")["m2"].sum().to_numpy() == pytest.approx(found.old_m2, rel=1e-9)
        assert shared.groupby("new")["m2"].sum().to_numpy() == pytest.approx(found.new_m2, rel=1e-9)
        assert (crosswalk("z", found)["relation"] != "").all()


def test_a_file_geodatabase_is_a_version_like_any_other_file(tmp_path):
    root = small_workspace(tmp_path / "w")
    path = tmp_path / "新版.gdb"
    frame = geopandas.read_file(new_redline(tmp_path / "新版.gpkg"))
    frame.to_file(path, driver="OpenFileGDB", layer="redline")
    workspace = open_workspace(root)
    told = [
        compare_versions(root / "layers" / "redline.gpkg", version, workspace=workspace, layer="ecological_redline")
        for version in (tmp_path / "新版.gpkg", path)
    ]
    pd.testing.assert_frame_equal(told[0].verdicts, told[1].verdicts)
    pd.testing.assert_frame_equal(told[0].zones, told[1].zones)
    assert told[1].zones["zone_id"].tolist() == ["H1"]
    with pytest.raises(UsageError, match="应同为图层文件"):
        compare_versions(root / "layers" / "redline.gpkg", tmp_path / "没有.gdb", workspace=workspace)
