"""Law on random forgeries: after law or layers have changed, or a report has expired, nothing written into it passes as outdated."""

import json
import random
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from example_rules import example_rule
from shapes import metres, write_layer
from small_workspace import new_redline, small_workspace

from cdgis.cli import main
from cdgis.core.vocabulary import Grade, InputRecord
from cdgis.pipelines.repeat_request import Repeater
from cdgis.pipelines.save_assessment import save_assessment
from cdgis.pipelines.verify_folder import report_writers, verify_table
from cdgis.pipelines.verify_report import verify_report
from cdgis.pipelines.verify_run import verify_run
from cdgis.results.report_file import _table, canonical, read_report
from cdgis.results.report_numbers import input_digest, report_numbers
from cdgis.results.tables.validation import TABLES
from cdgis.workspace.settings import Settings, open_workspace

TODAY = date(2026, 11, 29)
LATER = date(2028, 1, 1)


def call(*args):
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    assert not ended.value.code


def rule(root: Path, name: str, effect: str, buffer: int) -> None:
    (root / "rules").mkdir(exist_ok=True)
    key = "DF-01" if name == "地方.toml" else "DF-02"
    more = {"zone_classes": '["红线一般区域"]', "distance_m": str(buffer), "clause": f'"示例条款：红线{buffer}米内新建的，须先论证。"'}
    (root / "rules" / name).write_text(example_rule(key, "ecological_redline", effect, "红线旁新建须论证", more=more), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A workspace with a rule of its own, one report, and the folder that holds what both rested on."""
    root = small_workspace(tmp_path_factory.mktemp("since") / "区")
    write_layer(root / "layers" / "projects" / "site.gpkg", [metres(900, 100, 1100, 200)], {"name": ["示例项目"]})
    rule(root, "地方.toml", "须论证", 500)
    call("screen", root / "layers/projects/site.gpkg", "--industry", "3011", "--project-type", "新建", "--workspace", root,
         "--out", root / "reports", "--format", "json", "--quiet")  # fmt: skip
    shutil.copytree(root, root.parent / "旧")
    return root


def law_added(root: Path) -> None:
    rule(root, "新.toml", "禁止", 800)


def law_replaced(root: Path) -> None:
    rule(root, "地方.toml", "禁止", 700)


def layer_replaced(root: Path) -> None:
    new_redline(root / "layers" / "redline.gpkg")
    catalog = root / "layers" / "catalog.toml"
    head, last = catalog.read_text(encoding="utf-8").rsplit('version = "2026"', 1)
    catalog.write_text(f'{head}version = "2027"{last}', encoding="utf-8")


@dataclass
class World:
    root: Path
    again: Repeater
    today: date = TODAY
    honest: Grade = Grade.OUTDATED
    forged: tuple[Grade, ...] = (Grade.CONTENT,)
    layer: bool = False


WORLDS = {
    "law added": (law_added, False),
    "law replaced, old text gone": (law_replaced, False),
    "law replaced, old text given": (law_replaced, True),
    "layer replaced, old file gone": (layer_replaced, False),
    "layer replaced, old file given": (layer_replaced, True),
    "expired": (None, False),
}


@pytest.fixture(scope="module", params=WORLDS)
def world(request, made, tmp_path_factory) -> World:
    change, given = WORLDS[request.param]
    root = shutil.copytree(made, tmp_path_factory.mktemp("world") / "区")
    if change is None:
        return World(root, Repeater(open_workspace(root)), today=LATER)
    change(root)
    again = Repeater(open_workspace(root), files=[made.parent / "旧"] if given else [])
    if given or change is law_added:
        return World(root, again)
    return World(root, again, honest=Grade.UNCHECKED, forged=(Grade.CONTENT, Grade.UNCHECKED), layer=change is layer_replaced)


def refitted(content: dict) -> bytes:
    """Return the record with the report number that its own rows give, as anybody can compute it."""
    tables = {name: _table(name, rows) for name, rows in content["record"].items() if name in TABLES and rows}
    tables = {name: table for name, table in tables.items() if "subject_id" in table}
    inputs = [InputRecord(**row) for row in content["inputs"]]
    digest = input_digest(inputs, Settings(**content["settings"]), date.fromisoformat(content["as_of"]), content["version"])
    content["report_number"] = report_numbers(tables, digest, date.fromisoformat(content["as_of"]))[content["subject_id"]]
    return canonical(content)


def _verdict(content, draw):
    for place in (content["conclusion"], *content["record"]["verdicts"]):
        place["verdict"] = "未发现冲突"


def _finding(content, draw):
    row = draw.choice([row for row in content["record"]["findings"] if row["state"] != "not_applicable"])
    row["state"] = "not_applicable"


def _finding_gone(content, draw):
    content["record"]["findings"].remove(draw.choice(content["record"]["findings"]))


def _overlap(content, draw):
    row = draw.choice(content["record"]["overlaps"])
    row["area_m2"] = row["area_m2"] / 2 + draw.random()


def _ledger(content, draw):
    row = draw.choice(content["record"]["ledger"])
    row["inside"], row["outside"] = row["outside"], row["inside"] + draw.random()


def _text(content, draw):
    """Any text printed anywhere, but for what names inputs and settings."""
    texts = []

    def walk(value):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(item, str) and len(item) > 3 and key not in ("schema", "subject_id", "report_number"):
                texts.append((value, key))
            elif isinstance(item, dict | list):
                walk(item)

    walk({name: part for name, part in content.items() if name in ("conclusion", "occupation", "hard_lines", "unit_part", "bases", "basics")})
    value, key = draw.choice(texts)
    value[key] += "（经核实可以建设）"


def _clause(content, draw):
    draw.choice(content["record"]["findings"])["clause"] = "本条不适用于本项目。"


FORGERIES = (_verdict, _finding, _finding_gone, _overlap, _ledger, _text, _clause)


def grade(world: World, data: bytes) -> Grade:
    path = world.root / "reports" / "site-1.json"
    path.write_bytes(data)
    return verify_report(path, again=world.again, render=report_writers()[".json"], today=world.today).grade


def test_an_honest_report_is_outdated_and_no_more_where_that_can_be_told(made, world):
    data = next((made / "reports").glob("*.json")).read_bytes()
    assert grade(world, data) is world.honest


@pytest.mark.parametrize("seed", range(2))
def test_no_forgery_with_a_number_that_fits_is_graded_as_outdated(made, world, seed):
    whole = next((made / "reports").glob("*.json")).read_bytes()
    draw, grades = random.Random(seed), {}
    for forge in (_verdict, *draw.sample(FORGERIES[1:], 3)):
        content = json.loads(whole)
        forge(content, draw)
        grades[forge.__name__] = grade(world, refitted(content))
    assert {name: found for name, found in grades.items() if found not in world.forged} == {}
    for measured in grades.keys() & {"_overlap", "_ledger"}:
        assert grades[measured] is Grade.CONTENT or world.layer, "what no law reaches is known to be forged"
    assert read_report(world.root / "reports" / "site-1.json").content["schema"], "the forger's file is a report like any other"


@pytest.mark.parametrize("world", ["law added", "expired"], indirect=True)
def test_inputs_renamed_to_look_changed_excuse_nothing(made, world):
    """A forger who writes another hash, version or program into the record has no old law to show."""
    whole = next((made / "reports").glob("*.json")).read_bytes()
    for name in ("law", "rules/地方.toml", "ecological_redline", "program"):
        content = json.loads(whole)
        _verdict(content, None)
        for row in content["inputs"]:
            if row["layer"] == name:
                row["sha256"], row["version"] = "0" * 64, "2025"
        content["version"] = "0.1.0" if name == "program" else content["version"]
        assert grade(world, refitted(content)) in (Grade.CONTENT, Grade.UNCHECKED), name


def test_tables_forged_after_the_law_changed_are_forged(made, tmp_path):
    root = shutil.copytree(made, tmp_path / "区")
    law_added(root)
    path = root / "reports" / "data" / "verdicts.csv"
    assert verify_table(path, again=Repeater(open_workspace(root))).grade is Grade.OUTDATED
    path.write_bytes(path.read_bytes().replace("不符合".encode(), "须论证".encode()))
    assert verify_table(path, again=Repeater(open_workspace(root))).grade is Grade.CONTENT
    law_replaced(root)
    assert verify_table(path, again=Repeater(open_workspace(root))).grade is Grade.UNCHECKED


def test_a_page_of_a_run_forged_after_the_law_changed_is_forged(made, tmp_path):
    root = shutil.copytree(made, tmp_path / "区")
    call("run", "--workspace", root, "--out", root / "maps", "--quiet")
    page = root / "maps" / "sites" / "site-1.html"
    page.write_bytes(page.read_bytes().replace("不符合".encode(), "未发现冲突".encode()))
    law_added(root)
    found = verify_run(root / "maps", workspace=open_workspace(root), publish=save_assessment)
    grades = {check.title.split(" ")[0]: check.grade for check in found.checks if check.faults}
    assert grades.pop("页面") is Grade.CONTENT
    assert set(grades.values()) == {Grade.OUTDATED}, "tables that nobody touched are outdated alone"
