"""Packs: law of another place never applies, nothing in the code names a place, and a bureau writes its own pack.

The law is tested on random codes and packs; the cases are those of issue 17: a Hunan statute, a city without any pack,
three valid rules imported into a workspace whose layers are few.
"""

import importlib.util
import re
import tomllib
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes import CHENGDE, metres, write_layer
from small_workspace import small_workspace
from test_workspace_gaps import DECLARED
from typer.testing import CliRunner

import cdgis
from cdgis.carbon.account.reference_figures import published_checks, read_milestones
from cdgis.carbon.factors import read_growth, read_measures, read_planting_rules, read_pool_table, read_shipped
from cdgis.cli.app import app
from cdgis.core.errors import CarbonError, RuleError, UsageError, WorkspaceError
from cdgis.core.packs import current_packs, on_packs, pack_file, pack_toml, packs_in, read_pack, shipped_packs
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.pipelines.new_pack import add_pack, new_pack
from cdgis.readers.loading import load_rules
from cdgis.readers.place_extent import in_place
from cdgis.report.drawing.palette import read_palette
from cdgis.report.screening.phrases import wording
from cdgis.report.templating import page_template
from cdgis.rules import industry, load_rulebook
from cdgis.rules.attributes import load_attributes
from cdgis.rules.check import check_rules
from cdgis.rules.json_book import write_json_book
from cdgis.rules.local_plan import read_plan
from cdgis.rules.rule import Rule
from cdgis.siting.reuse_options import reuse_options
from cdgis.workspace.catalog import Catalog
from cdgis.workspace.pack_choice import packs_of
from cdgis.workspace.place import Place
from cdgis.workspace.settings import Settings, Workspace, open_workspace

PACKAGE = Path(cdgis.__file__).parent
WORDS = re.compile("承德|河北|滦河|潮河|坝上")
NAMES = re.compile("承德|1308|117\\.5|41\\.4|河北|滦河|潮河|坝上")
RULE = """[[rule]]
id = "{id}"
title = "示例"
level = "省"
layer = "ecological_redline"
project_types = ["新建"]
types_reason = "示例"
effect = "须论证"
dimension = "空间布局约束"
clause = "示例条款"
basis = [{{ document = "某条例", issuer = "某人大", mark = "未核实" }}]
effective_from = 2020-01-01
source = "示例"
searched = "未查"
mark = "未核实"
needs_review = true
"""


def workspace_in(root, *, code="", name="某市", packs=None):
    place = Place(name=name, code=code, extent=(111.5, 26.0, 113.2, 27.4))
    settings = Settings(name="测", city=name, place=place, as_of="2026-11-01", packs=packs)
    return Workspace(root=root, settings=settings, catalog=Catalog(layers={}))


def own_pack(root, name, places, *, level="省", depends=("national",), rules=""):
    folder = root / "packs" / name
    (folder / "rules").mkdir(parents=True)
    listed, above = (str(list(items)).replace("'", '"') for items in (places, depends))
    (folder / "pack.toml").write_text(
        f'id = "{name}"\nname = "{name}省"\nlevel = "{level}"\nissuer = "某"\nplaces = {listed}\nversion = "1"\ndepends = {above}\n',
        encoding="utf-8",
    )
    (folder / "rules" / "own.toml").write_text(rules, encoding="utf-8")
    return folder


def test_nothing_in_code_or_templates_names_a_place():
    files = [*PACKAGE.rglob("*.py"), *(PACKAGE / "report" / "templates").iterdir(), *(PACKAGE / "report" / "static").iterdir()]
    files += [path for path in (PACKAGE / "web").rglob("*") if path.suffix in (".js", ".html", ".css")]
    files += [path for path in (PACKAGE / "data").rglob("*.toml") if "packs" not in path.parts] + [*(PACKAGE / "data/packs/national").rglob("*.toml")]
    found = {path.name: NAMES.findall(path.read_text(encoding="utf-8")) for path in files if path.is_file()}
    assert len(files) > 400 and {name: words for name, words in found.items() if words} == {}
    assert NAMES.search((PACKAGE / "data/packs/chengde/pack.toml").read_text(encoding="utf-8"))  # the search can find one


codes = st.from_regex(r"[1-6][1-5](0[1-9]([0-9]{2})?)?", fullmatch=True)


@given(code=codes, places=st.lists(codes.map(lambda code: code[:4]), min_size=1, max_size=3))
def test_a_rule_applies_only_where_its_pack_does(tmp_path_factory, code, places):
    root = tmp_path_factory.mktemp("w")
    own_pack(root, "甲", places, rules=RULE.format(id="XX-01"))
    workspace = workspace_in(root, code=code)
    applies = any(code.startswith(place) for place in places)
    with in_place(workspace):
        assert ("XX-01" in {rule.id for rule in load_rulebook().rules}) is applies
        local = {pack.id for pack in current_packs()} - {"national", "甲"}
    assert local == {"hebei"} & {"hebei" if code.startswith("13") else ""} | ({"chengde"} if code.startswith("1308") else set())
    listed = workspace_in(root, code=code, packs=("甲",))
    if applies:
        assert [pack.id for pack in packs_of(listed)] == ["national", "甲"]
    else:
        with pytest.raises(WorkspaceError, match="别处的数据包"):
            packs_of(listed)


@pytest.mark.parametrize(("place", "ids"), [
    ({"code": "130800"}, ["national", "hebei", "chengde"]), ({"code": "1307"}, ["national", "hebei"]), ({"code": "13"}, ["national", "hebei"]),
    ({"code": "4304"}, ["national"]), ({"name": "承德市"}, ["national", "hebei", "chengde"]), ({"name": "承德市", "code": "4304"}, ["national"]),
    ({}, ["national"]), ({"code": "1308", "packs": ()}, ["national"]), ({"code": "130826", "packs": ("chengde",)}, ["national", "hebei", "chengde"]),
])  # fmt: skip
def test_packs_follow_from_the_place(tmp_path, place, ids):
    assert [pack.id for pack in packs_of(workspace_in(tmp_path, **place))] == ids


@pytest.mark.parametrize(("packs", "problem"), [(("hunan",), "没有这个包"), (("chengd",), "chengde"), (("chengde",), "没有写代码")])
def test_a_listed_pack_must_be_there_and_be_of_the_place(tmp_path, packs, problem):
    with pytest.raises(WorkspaceError, match=problem):
        packs_of(workspace_in(tmp_path, packs=packs))


def test_rules_of_every_choice_of_shipped_packs_are_without_fault():
    for number in range(1, len(CHENGDE) + 1):
        with on_packs(CHENGDE[:number]):
            book = load_rulebook()
            assert check_rules(book, {}, load_attributes(), industry.codes()) == []
            bound = [rule.id for rule in book.rules if number == 1 and (rule.plan_measure or NAMES.search(str(rule.model_dump())))]
            assert bound == []


def test_what_is_national_law_stands_in_the_national_pack():
    """A local pack's own rules rest on local documents, or on a national one about ground that is only here."""
    national, *local = CHENGDE
    with on_packs(CHENGDE[:1]):
        issuers = {basis.issuer for rule in load_rulebook().rules for basis in rule.basis if basis.issuer}
        soil = {rule.id: rule for rule in load_rulebook().rules if rule.id in ("SO-01-2023", "SO-01-2026", "SZ-03-2021", "TH-01", "EQ-02", "EQ-03")}
    assert len(soil) == 6 and {rule.level.value for rule in soil.values()} == {"国家"} and not NAMES.search(str([*soil.values()]))
    rows = [row for pack in local for file in pack.file("rules").glob("*.toml") for row in tomllib.loads(file.read_text("utf-8")).get("rule", ())]
    here_alone = ("resort_zones", "miyun_range")
    of_the_nation = [row["id"] for row in rows if row.get("layer") not in here_alone and any(b.get("issuer") in issuers for b in row["basis"])]
    assert of_the_nation == [] and len(rows) > 60 and "国务院" in issuers


def test_chengde_amends_what_it_tightens():
    """The twin: the same rule is the nation's elsewhere and the city's here."""
    with on_packs(CHENGDE):
        here = load_rulebook().get("SO-01-2026")
    assert here.level.value == "市" and here.zone_classes == ("重度", "中度") and not here.industry_prefixes and here.plan_measure == "14"


def test_a_narrower_pack_amends_single_fields(tmp_path):
    own_pack(tmp_path, "乙", ["43"], rules='[[amend]]\nid = "BA-01"\nclause = "本省另有说明"\n')
    with in_place(workspace_in(tmp_path, code="4304")):
        amended = load_rulebook().get("BA-01")
    with on_packs(CHENGDE[:1]):
        before = load_rulebook().get("BA-01")
    assert amended.clause == "本省另有说明" and amended.model_copy(update={"clause": before.clause}) == before


def test_a_page_made_for_one_place_leaves_no_word_in_the_next():
    with on_packs(CHENGDE):
        page = page_template("relocation.html").environment.from_string('{{ "key_basins"|word("relocation") }}')
        here = page.render()
    with on_packs(CHENGDE[:1]):
        elsewhere = page.render()
    assert WORDS.search(here) and not WORDS.search(elsewhere)


def test_a_rule_file_that_changed_is_read_again_in_the_same_process(tmp_path):
    folder = own_pack(tmp_path, "丁", ["43"], rules=RULE.format(id="DG-01"))
    seen = []
    for text in (RULE.format(id="DG-01"), RULE.format(id="DG-02"), RULE.format(id="DG-01").replace("须论证", "禁止")):
        (folder / "rules" / "own.toml").write_text(text, encoding="utf-8")
        with in_place(workspace_in(tmp_path, code="43")):
            seen += [(rule.id, rule.effect.value) for rule in load_rulebook().rules if rule.id.startswith("DG-")]
    assert seen == [("DG-01", "须论证"), ("DG-02", "须论证"), ("DG-01", "禁止")]


@pytest.mark.parametrize(("rules", "problem"), [
    ('[[amend]]\nid = "NO-01"\nclause = "x"\n', "NO-01"), ("[[rule]]\nid = 1\n", "own.toml"), (RULE.format(id="BA-01"), "BA-01 出现 2 次"),
    ("x", "无法读取"),
])  # fmt: skip
def test_faults_of_a_pack_are_told(tmp_path, rules, problem):
    own_pack(tmp_path, "丙", ["43"], rules=rules)
    with pytest.raises(RuleError, match=problem), in_place(workspace_in(tmp_path, code="43")):
        load_rulebook()


@pytest.mark.parametrize(("text", "problem"), [
    ('id = "a"\n', "缺少"), ("=", "无法读取"),
    ('id = "a"\nname = "某"\nlevel = "省"\nissuer = "某"\nversion = "1"\n', "places"),
])  # fmt: skip
def test_a_manifest_that_does_not_say_where_it_applies_is_refused(tmp_path, text, problem):
    (tmp_path / "pack.toml").write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError, match=problem):
        read_pack(tmp_path)


def test_elsewhere_nothing_local_is_left():
    with on_packs(CHENGDE[:1]):
        assert read_plan() == [] and pack_file("plan/measures.csv") is None
        assert "basins" not in read_palette().zones and not NAMES.search(str(wording()))
        assert not NAMES.search(str([option.conditions for option in reuse_options()]))
        assert not NAMES.search(str(pack_toml("relocation/dispositions.toml")) + str(pack_toml("relocation/destinations.toml")))
        for missing in (read_growth, lambda: read_pool_table(""), lambda: read_pool_table("chengde_100cm")):
            with pytest.raises(CarbonError, match="本地没有|没有名为"):
                missing()
    assert len(read_plan()) == 32 and read_palette().zones["basins"]["滦河水系"] and read_pool_table("").name == "chengde_100cm"


def test_a_pack_brings_its_own_factors(tmp_path):
    folder = own_pack(tmp_path, "丁", ["43"])
    (folder / "carbon").mkdir()
    shipped = shipped_packs()["chengde"].file("carbon/pools_chengde_30cm.csv").read_text(encoding="utf-8")
    (folder / "carbon" / "pools_own.csv").write_text(shipped, encoding="utf-8")
    with in_place(workspace_in(tmp_path, code="4304")):
        assert read_pool_table("").name == "own"


@pytest.fixture(scope="module")
def hengyang(tmp_path_factory):
    """A city without a pack, judged by national law alone, then with a statute of its province."""
    root = small_workspace(tmp_path_factory.mktemp("w"))
    text = (root / "cdgis.toml").read_text(encoding="utf-8").replace("承德市", "衡阳市")
    (root / "cdgis.toml").write_text(text + '\n[place]\nname = "衡阳市"\ncode = "4304"\nprovince = "湖南省"\n', encoding="utf-8")
    write_layer(root / "site.gpkg", [metres(100, 100, 200, 200)], {"name": ["示例"]})
    own_pack(root, "湖南", ["43"], rules=RULE.format(id="HN-01"))
    return root


def test_a_statute_of_another_province_is_its_own_and_chengde_decides_nothing(hengyang, tmp_path):
    found = assess_sites(open_workspace(hengyang), [hengyang / "site.gpkg"], declared=DECLARED)
    findings = found.tables["findings"]
    assert "HN-01" in set(findings["rule_id"]) and not NAMES.search(findings.drop(columns=["source"], errors="ignore").to_csv())
    assert [r.layer for r in found.inputs if r.layer.startswith("pack_")] == ["pack_national", "pack_湖南"]
    result = CliRunner().invoke(app, ["screen", str(hengyang / "site.gpkg"), "--workspace", str(hengyang), "--out", str(tmp_path), "--quiet",
                                      "--format", "html,json", "--industry", "1371", "--project-type", "新建"])  # fmt: skip
    assert result.exit_code == 0, result.output
    written = [path for path in tmp_path.rglob("*") if path.suffix in (".html", ".json", ".csv")]
    texts = {path.name: path.read_text(encoding="utf-8", errors="ignore") for path in written}
    assert len(texts) > 5 and {name: WORDS.findall(text)[:3] for name, text in texts.items() if WORDS.search(text)} == {}


def test_rules_check_checks_what_is_listed(hengyang):
    result = CliRunner().invoke(app, ["rules", "check", "--workspace", str(hengyang)])
    assert result.exit_code == 0, result.output
    total = len(load_rules(open_workspace(hengyang)).rulebook.rules)
    assert f"检查了 {total} 条规则" in result.output.replace("\n", "") and total < 300
    listed = CliRunner().invoke(app, ["pack", "list", "--workspace", str(hengyang)]).output
    assert "湖南" in listed and "规则 1 条" in listed and "承德" not in listed


def test_import_tells_the_problems_of_the_imported_rules_alone(hengyang):
    rows = tomllib.loads("\n".join(RULE.format(id=f"HY-0{n}") for n in (1, 2, 3)))["rule"]
    book = Path(hengyang) / "rules.json"
    book.write_bytes(write_json_book([Rule(**row) for row in rows], as_of=date(2026, 11, 1)))
    result = CliRunner().invoke(app, ["rules", "import", str(book), "--workspace", str(hengyang)])
    assert result.exit_code == 0, result.output
    wrong = [Rule(**(row | {"layer": "no_layer"})) for row in rows[:1]]
    book.write_bytes(write_json_book(wrong, as_of=date(2026, 11, 1)))
    refused = CliRunner().invoke(app, ["rules", "import", str(book), "--workspace", str(hengyang)])
    assert refused.exit_code != 0 and "有 1 处问题" in str(refused.exception) and "no_layer 不在目录中" in str(refused.exception)


def test_a_new_pack_is_a_clean_skeleton(hengyang):
    workspace = open_workspace(hengyang)
    result = CliRunner().invoke(app, ["pack", "new", "衡阳市", "--place", "4304", "--workspace", str(hengyang)])
    assert result.exit_code == 0 and "自动使用" in result.output, result.output
    made = packs_of(open_workspace(hengyang))[-1]
    assert (made.id, made.level, made.depends) == ("衡阳市", "市", ("湖南",))
    assert CliRunner().invoke(app, ["rules", "check", "--workspace", str(hengyang)]).exit_code == 0
    refused = [("衡阳市", "4304", "已有"), ("national", "43", "已有"), ("../x", "43", "名称"), ("丙", "4", "--place"), ("丙", "湖南", "--place")]
    for name, place, problem in refused:
        with pytest.raises(UsageError, match=problem):
            new_pack(workspace, name, place)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("example_pack", PACKAGE.parent / "tools" / "example_pack.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.write_pack(tmp_path_factory.mktemp("资料") / "数据包")


def test_a_pack_that_was_given_is_added_and_brings_all_factors_the_account_asks_for(example, tmp_path):
    workspace = workspace_in(tmp_path, code="990100", name="示例市")
    pack = add_pack(workspace, example)
    assert [one.id for one in packs_of(workspace)] == ["national", "示例市"]
    with in_place(workspace):
        growth = [getattr(read_growth(), name) for name in ("age_class", "richards", "increment", "stand_rates")]
        tables = [read_pool_table("").frame, *growth, read_measures().frame, read_shipped("sink_rates"), published_checks(), read_milestones()]
        assert read_planting_rules() and read_pool_table("").name == "示例"
        assert not NAMES.search("".join(table.to_csv() for table in tables if isinstance(table, pd.DataFrame)))
    with pytest.raises(UsageError, match="已有数据包"):
        add_pack(workspace, pack.folder)


def test_a_pack_of_another_place_or_with_a_wrong_rule_is_not_added(example, tmp_path):
    elsewhere = workspace_in(tmp_path / "a", code="430400")
    with pytest.raises(WorkspaceError, match="不起作用"):
        add_pack(elsewhere, example)
    wrong = own_pack(tmp_path / "b", "戊", ["43"], rules='[[amend]]\nid = "NO-01"\n')
    with pytest.raises(RuleError):
        add_pack(elsewhere, wrong)
    assert packs_in(elsewhere.root / "packs") == {}
