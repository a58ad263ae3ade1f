"""Factor tables of a workspace's own: they take the place of the shipped ones, are checked, and are named wherever they count."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from carbon_workspace import carbon_workspace

from cdgis.carbon.account import account_carbon
from cdgis.carbon.factors import own_factors, read_growth, read_pool_table, read_trees, with_own_factors
from cdgis.core.errors import CarbonError
from cdgis.core.progress import Silent
from cdgis.pipelines.check_workspace import check_workspace
from cdgis.pipelines.doctor import Finding, Readiness, diagnose
from cdgis.readers.loading import load_workspace
from cdgis.results.assessment import Part
from cdgis.workspace.settings import open_workspace

DOC = Path(__file__).resolve().parents[1] / "docs" / "usage_factors.md"
DATA = Path(str(files("cdgis").joinpath("data")))


def account(root: Path) -> Part:
    with load_workspace(open_workspace(root), as_of=None, progress=Silent()) as loaded:
        return account_carbon(loaded, progress=Silent())


def put(root: Path, name: str, text: str) -> Path:
    (root / "factors").mkdir(exist_ok=True)
    (root / "factors" / name).write_text(text, encoding="utf-8")
    return root


def shipped(name: str) -> str:
    return next(path for path in sorted(DATA.rglob(name))).read_text(encoding="utf-8-sig")


@pytest.fixture(scope="module")
def as_documented(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Part]:
    root = carbon_workspace(tmp_path_factory.mktemp("own") / "区")
    blocks = re.findall(r"```csv factors/(\S+)\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert [name for name, _ in blocks] == ["planting_rules.csv", "age_class_carbon.csv"]
    for name, text in blocks:
        put(root, name, text)
    return root, account(root)


def test_example_of_the_documentation_gives_what_it_says(as_documented) -> None:
    root, part = as_documented
    growth = part.tables["carbon_growth"].set_index(["forest_type", "method", "age_yr"])
    assert growth.loc[("针叶林", "age_class", 20), "carbon_tc_per_ha_mid"] == 30
    assert growth.loc[("针叶林", "age_class", 20), "source"] == "本文示例，非真实数据"
    planted = part.tables["carbon_restoration"]
    assert set(planted.loc[planted["measure"] == "造林", "tree_group"]) == {"油松"}
    assert [record.path for record in part.records if record.layer == "own_factors"] == ["factors/age_class_carbon.csv", "factors/planting_rules.csv"]
    assert any("自己的因子表" in note for note in part.notes)
    assert not [fault for fault in check_workspace(open_workspace(root)).faults if fault.layer == "factors"]


def test_own_factors_end_with_their_workspace(as_documented) -> None:
    root, _ = as_documented
    with with_own_factors(root):
        inside = len(read_growth().age_class)
    assert (inside, len(read_growth().age_class)) == (3, 20)


def test_shipped_tables_copied_are_sound_and_change_nothing(tmp_path: Path) -> None:
    for name in own_factors._REPLACEABLE:
        put(tmp_path, f"{name}.csv", shipped(f"{name}.csv"))
    put(tmp_path, "pools_own.csv", shipped("pools_chengde_100cm.csv"))
    with with_own_factors(tmp_path) as records:
        assert len(records) == len(own_factors._REPLACEABLE) + 1
        own = read_trees().frame, read_pool_table("own").frame
    assert own[0].equals(read_trees().frame) and own[1].equals(read_pool_table("chengde_100cm").frame)


def test_table_changed_while_the_program_runs_is_read_again(tmp_path: Path) -> None:
    text = shipped("age_class_carbon.csv")
    for rows in (text, "\n".join(text.splitlines()[:6]) + "\n"):
        put(tmp_path, "age_class_carbon.csv", rows)
        with with_own_factors(tmp_path):
            assert len(read_growth().age_class) == len(rows.splitlines()) - 1


HEAD = "forest_type,age_yr,vegetation_tc_per_ha,source,mark\n"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("milestones.csv", "a\n1\n", "不是能换的表"),
        ("age_class_carbon.csv", "forest_type,age_yr,source,mark,备注\n", "缺列 vegetation_tc_per_ha，多出列 备注"),
        ("age_class_carbon.csv", HEAD, "没有一行数据"),
        ("age_class_carbon.csv", HEAD + "针叶林,10,12,,S\n", "第 2 行没有写 source"),
        ("age_class_carbon.csv", HEAD + "针叶林,10,12,甲,\n", "第 2 行没有写 mark"),
        ("age_class_carbon.csv", HEAD + "针叶林,10,12,甲,X\n", "应为 S、M 之一"),
        ("age_class_carbon.csv", HEAD + "针叶林,10,12,甲,S\n针叶林,20,十二,甲,S\n", "第 3 行的 vegetation_tc_per_ha 读到“十二”"),
        ("age_class_carbon.csv", HEAD + "针叶林,10,-1,甲,S\n", "不小于零"),
        ("age_class_carbon.csv", HEAD + "针叶林,10,nan,甲,S\n", "不小于零"),
        ("age_class_carbon.csv", HEAD + "针叶林,10,12,甲,乙,S\n", "有 6 格，应为 5 格"),
        ("trees.csv", "\x00", "缺列"),
    ],
)
def test_faulty_table_is_told_with_its_place(tmp_path: Path, name: str, text: str, words: str) -> None:
    put(tmp_path, name, text)
    with pytest.raises(CarbonError, match=re.escape(words)), with_own_factors(tmp_path):
        pass


def test_all_faults_of_all_tables_are_told_at_once(tmp_path: Path) -> None:
    put(tmp_path, "age_class_carbon.csv", HEAD + "针叶林,10,12,,S\n针叶林,20,x,甲,S\n")
    put(tmp_path, "other.csv", "a\n")
    with pytest.raises(CarbonError) as told, with_own_factors(tmp_path):
        pass
    assert str(told.value).count("factors/") >= 3


def test_rule_that_plants_what_cannot_grow_is_refused_and_checked(tmp_path: Path) -> None:
    root = carbon_workspace(tmp_path / "区")
    put(root, "planting_rules.csv", shipped("planting_rules.csv").splitlines()[0] + "\nA,,,,,竹,竹林,试,测试,S\n")
    faults = [fault for fault in check_workspace(open_workspace(root)).faults if fault.layer == "factors"]
    assert len(faults) == 1 and "竹林" in faults[0].problem and faults[0].grave


def test_faulty_factors_cost_the_account_and_nothing_else(tmp_path: Path) -> None:
    from cdgis.pipelines.assess_city import assess_workspace

    root = put(carbon_workspace(tmp_path / "区"), "sink_rates.csv", "a\n1\n")
    found = assess_workspace(open_workspace(root))
    assert found.tables["carbon_zones"].empty
    assert [row for row in found.tables["gaps"].to_dict("records") if "factors/sink_rates.csv" in row["problem"]]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same small city under a name no shipped pack is for."""
    root = carbon_workspace(tmp_path_factory.mktemp("别处") / "区")
    text = (root / "cdgis.toml").read_text(encoding="utf-8").replace("承德市", "示例市")
    (root / "cdgis.toml").write_text(text, encoding="utf-8")
    return root


def carbon_of(root: Path) -> Finding:
    return next(finding for finding in diagnose(open_workspace(root)) if finding.part == "碳账")


def test_a_place_without_densities_is_not_counted_and_the_doctor_says_what_to_bring(elsewhere) -> None:
    with pytest.raises(CarbonError, match="本地没有碳密度表"):
        account(elsewhere)
    said = carbon_of(elsewhere)
    assert said.state is Readiness.MISSING and "未计" in said.words and "pools_<名称>.csv" in said.command


def test_own_pools_and_curves_of_another_place_are_what_counts(elsewhere) -> None:
    """Point 9: tables of the workspace's own stand where no pack has any; what is still lacking is named."""
    rows = shipped("pools_chengde_100cm.csv").replace(",26.13,", ",27.5,")
    put(elsewhere, "pools_本地.csv", rows)
    for name in ("sink_rates.csv", "age_class_carbon.csv"):
        put(elsewhere, name, shipped(name))
    lacking = carbon_of(elsewhere)
    assert lacking.state is Readiness.OPEN and "碳密度表 本地" in lacking.words and "growth_richards" in lacking.words
    part = account(elsewhere)
    zones = part.tables["carbon_zones"]
    conifer = zones[(zones["zone_layer"] == "city") & (zones["land_class"] == "针叶林")].iloc[0]
    assert conifer["vegetation_tc"] == pytest.approx(27.5 * conifer["valued_m2"] / 1e4)
    assert any("增汇曲线" in gap.part for gap in part.gaps)
    for name in ("age_class_range.csv", "growth_richards.csv", "growth_increment.csv", "growth_power.csv", "stand_rates.csv"):
        put(elsewhere, name, shipped(name))
    assert "growth_richards" not in carbon_of(elsewhere).words and len(account(elsewhere).tables["carbon_growth"])


def test_a_tree_group_nobody_knows_is_said_and_no_crash(tmp_path: Path) -> None:
    root = carbon_workspace(tmp_path / "区")
    put(root, "growth_increment.csv", re.sub("油松|落叶松|针阔混", "不认识的树", shipped("growth_increment.csv")))
    with pytest.raises(CarbonError, match=r"不认识的树.*trees\.csv"):
        account(root)
