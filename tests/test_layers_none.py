"""`none` in the catalogue: a statement with basis, author and day proves absence; a layer that is only missing proves nothing."""

import tomllib
from datetime import date

import pytest
from shapes import metres, write_layer
from small_workspace import small_workspace
from test_workspace_gaps import DECLARED
from typer.testing import CliRunner

from cdgis.cli.app import app
from cdgis.core.errors import CatalogError, UsageError
from cdgis.judging.compare_versions import compare_versions
from cdgis.pipelines.absent_layer import state_absent
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.pipelines.check_workspace import check_workspace
from cdgis.workspace.catalog import read_catalog
from cdgis.workspace.settings import open_workspace

SITE = metres(1200, 100, 1300, 200)
SAID = {"basis": "县林业局 2026 年 3 月普查", "by": "某市自然资源局", "on": date(2026, 3, 1)}
STATEMENT = "本市无此类区（依据：县林业局 2026 年 3 月普查）（某市自然资源局，2026-03-01）"


def judged(root, site=SITE):
    write_layer(root / "site.gpkg", [site], {"name": ["示例"]})
    return assess_sites(open_workspace(root), [root / "site.gpkg"], declared=DECLARED)


def states(found, layer):
    rows = found.tables["findings"][found.tables["findings"]["layer"] == layer]
    return set(rows["state"])


@pytest.fixture(scope="module")
def stated(tmp_path_factory):
    root = small_workspace(tmp_path_factory.mktemp("w"))
    state_absent(open_workspace(root), "ecological_redline", **SAID)
    state_absent(open_workspace(root), "nature_reserves", title="自然保护区", **SAID)
    return root, judged(root)


def test_statement_replaces_the_file_and_leaves_what_describes_the_layer(stated):
    entry = tomllib.loads((stated[0] / "layers" / "catalog.toml").read_text(encoding="utf-8"))["layers"]["ecological_redline"]
    assert entry == {
        "title": "生态保护红线", "coverage": "city", "theme": "三线", "geometry": "polygon", "official": False,
        "none": "本市无此类区（依据：县林业局 2026 年 3 月普查）", "none_by": "某市自然资源局", "none_on": date(2026, 3, 1),
    }  # fmt: skip


def test_stated_layers_are_proven_clear_and_missing_ones_are_not(stated):
    found = stated[1]
    clear = found.tables["clear"].set_index("layer")
    for layer in ("ecological_redline", "nature_reserves"):
        assert clear.loc[layer, "nearest_zone_id"] == "" and clear.loc[layer, "distance_m"] != clear.loc[layer, "distance_m"]
        assert "unknown" not in states(found, layer)
        ledger = found.tables["ledger"].set_index("layer").loc[layer]
        assert ledger["uncovered"] == 0 and ledger["outside"] == pytest.approx(ledger["total"])
    assert "unknown" in states(found, "permanent_farmland")
    assert any(STATEMENT in note and "自然保护区" in note for note in found.notes)


def test_outside_its_coverage_a_statement_says_nothing(stated):
    found = judged(stated[0], metres(8900, 0, 9200, 100))
    assert "ecological_redline" not in set(found.tables["clear"]["layer"])
    assert states(found, "ecological_redline") == {"unknown"}


def test_reports_name_the_statement_as_the_ground_and_can_be_verified(stated, tmp_path):
    root, _ = stated
    write_layer(root / "site.gpkg", [SITE], {"name": ["示例"]})
    result = CliRunner().invoke(app, ["screen", str(root / "site.gpkg"), "--workspace", str(root), "--out", str(tmp_path / "out"),
                                      "--format", "html,docx,json,map", "--quiet", "--industry", "1371", "--project-type", "新建"])  # fmt: skip
    assert result.exit_code in (0, 1, 2, 3), result.output
    pages = [path for path in (tmp_path / "out").glob("*.html") if not path.name.startswith(("map", "index"))]
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    assert "结论依据：" + STATEMENT in text
    checked = CliRunner().invoke(app, ["verify", str(pages[0]), "--workspace", str(root)])
    assert checked.exit_code == 0, checked.output


def test_a_statement_is_no_fault_and_the_list_shows_it(stated):
    faults = [fault for fault in check_workspace(open_workspace(stated[0])).faults if fault.layer in ("ecological_redline", "nature_reserves")]
    assert faults == []
    assert "普查" in CliRunner().invoke(app, ["layers", "list", "--workspace", str(stated[0])]).output


def test_an_empty_file_still_proves_nothing(tmp_path):
    root = small_workspace(tmp_path)
    write_layer(root / "layers" / "redline.gpkg", [], {"id": [], "name": [], "kind": []})
    assert states(judged(root), "ecological_redline") == {"unknown"}


@pytest.mark.parametrize(("change", "problem"), [
    ({"none_by": None}, "none_by"), ({"none_on": None}, "none_on"), ({"none": "无"}, "依据"), ({"path": "redline.gpkg"}, "既有文件又声明"),
    ({"zones": False, "coverage": None}, "不必声明"), ({"geometry": "raster"}, "不必声明"),
    ({"none": None, "none_by": None, "none_on": None, "version": "1", "source": "s", "licence": "l"}, "缺少 path"),
])  # fmt: skip
def test_half_a_statement_is_refused(tmp_path, change, problem):
    entry = {"title": "红线", "theme": "三线", "geometry": "polygon", "official": True, "coverage": "city",
             "none": "本市无此类区（依据：函）", "none_by": "局", "none_on": date(2026, 1, 1)} | change  # fmt: skip
    lines = [f"{k} = {v.isoformat() if isinstance(v, date) else str(v).lower() if isinstance(v, bool) else repr(v)}"
             for k, v in entry.items() if v is not None]  # fmt: skip
    city = '[layers.city]\ntitle="市"\ntheme="基础"\ngeometry="polygon"\nofficial=true\nversion="1"\nsource="s"\nlicence="l"\n' \
        'zones=false\npath="c.gpkg"\n'  # fmt: skip
    path = tmp_path / "catalog.toml"
    path.write_text(city + "[layers.red]\n" + "\n".join(lines), encoding="utf-8")
    with pytest.raises(CatalogError, match=problem):
        read_catalog(path)


def test_a_coverage_cannot_be_stated_absent(tmp_path):
    root = small_workspace(tmp_path)
    text = (root / "layers" / "catalog.toml").read_text(encoding="utf-8")
    before = text.replace('coverage = "city"', 'coverage = "land"') + '\n[layers.land]\ntitle = "地"\npath = "city.gpkg"\ncoverage = "city"\n' \
        'theme = "基础"\ngeometry = "polygon"\nofficial = true\nversion = "1"\nsource = "s"\nlicence = "l"\n'  # fmt: skip
    (root / "layers" / "catalog.toml").write_text(before, encoding="utf-8")
    with pytest.raises(CatalogError, match="不能说明范围"):
        state_absent(open_workspace(root), "land", **SAID)
    assert (root / "layers" / "catalog.toml").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(("layer", "change", "problem"), [
    ("nature_reservs", {}, "nature_reserves"), ("nature_reserves", {"by": " "}, "谁声明"),
    ("nature_reserves", {"basis": ""}, "依据"), ("nature_reserves", {"on": date(2027, 1, 1)}, "晚于判定基准日"),
])  # fmt: skip
def test_a_statement_nobody_can_use_is_not_written(tmp_path, layer, change, problem):
    root = small_workspace(tmp_path)
    before = (root / "layers" / "catalog.toml").read_bytes()
    with pytest.raises(UsageError, match=problem):
        state_absent(open_workspace(root), layer, **{**SAID, "title": "自然保护区", **change})
    assert (root / "layers" / "catalog.toml").read_bytes() == before


def test_adding_the_layer_takes_the_statement_back(tmp_path):
    root = small_workspace(tmp_path)
    red = root / "layers" / "redline.gpkg"
    state_absent(open_workspace(root), "ecological_redline", **SAID)
    assert len(compare_versions(red, red, workspace=open_workspace(root), layer="ecological_redline").zones) == 0
    result = CliRunner().invoke(app, ["layers", "add", str(red), "--as", "ecological_redline", "--field", "zone_id=id", "--field", "zone_name=name",
                                      "--field", "zone_class=kind", "--yes", "--workspace", str(root)])  # fmt: skip
    assert result.exit_code == 0, result.output
    spec = open_workspace(root).catalog["ecological_redline"]
    assert not spec.none and spec.path.endswith("redline.gpkg")


def test_the_command_writes_the_entry(tmp_path):
    root = small_workspace(tmp_path)
    args = ["layers", "none", "ecological_redline", "--basis", "函", "--by", "局", "--date", "2026-05-06", "--official", "--workspace", str(root)]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0 and "局，2026-05-06" in result.output
    spec = open_workspace(root).catalog["ecological_redline"]
    assert spec.official and spec.none_on == date(2026, 5, 6) and spec.version == "2026-05-06"
    assert CliRunner().invoke(app, [*args[:-4], "5月6日", "--workspace", str(root)]).exit_code != 0
