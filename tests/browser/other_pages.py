"""The pages that the small run of the fixtures does not write: carbon, comparison, river, reuse, synergy, rules and changes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from carbon_workspace import carbon_workspace
from river_valley import layers, river_valley
from shapes import metres, write_layer
from small_workspace import small_workspace
from test_reuse import candidates

from cdgis.carbon.synergy_assessment import assess_synergy
from cdgis.core.progress import Silent
from cdgis.core.vocabulary import Verdict
from cdgis.judging.compare_versions import compare_versions
from cdgis.pipelines.assess_carbon import assess_carbon
from cdgis.pipelines.rule_differences import rule_differences
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.report.carbon.page import gather_carbon, render_carbon
from cdgis.report.rivers.page import render_river
from cdgis.report.rule_changes_page import render_rule_changes
from cdgis.report.rules_catalogue import render_rules_catalogue
from cdgis.report.site.comparison_page import render_comparison
from cdgis.report.site.place_content import place_pages
from cdgis.report.site.reuse_page import render_reuse
from cdgis.report.site.synergy_page import render_synergy
from cdgis.rivers.dossier import make_dossier
from cdgis.rivers.trace import Velocity
from cdgis.rules import Rulebook, load_rulebook
from cdgis.siting.reuse_options import rank_reuse
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import open_workspace

MANY = 45
"""Rows: more than one sheet of them."""


def _comparison(root: Path) -> str:
    new = {"id": [f"N{n}" for n in range(MANY)], "name": [f"新单元{n}" for n in range(MANY)], "kind": ["红线一般区域"] * MANY}
    squares = [metres(-8000 + 300 * n, 4000, -7800 + 300 * n, 4200) for n in range(MANY)]
    write_layer(root / "new.gpkg", squares, new)
    return render_comparison(compare_versions(root / "layers" / "redline.gpkg", root / "new.gpkg", workspace=open_workspace(root)))


def _river(root: Path) -> str:
    return render_river(make_dossier(river_valley(root / "谷"), Subjects.none(), "干河", velocity=Velocity.parse("0.5:2")))


def _reuse(loaded: Loaded) -> str:
    rows = [(f"地块{n}", Verdict.CLEAR, 10.0 + n, 20.0, 3.0 + n) for n in range(MANY)]
    table = rank_reuse(candidates("photovoltaic", *rows)).assign(option="光伏")
    return render_reuse(replace(loaded, layers={**loaded.layers, "counties": layers()["counties"]}), table, stamp="示范数据")


def _synergy(root: Path) -> str:
    lines = [f"E{n},第{n}家示例企业有限公司,示例园区{n % 3},{s},{100 + n},{80 + n}" for n in range(MANY) for s in ("SO2", "CO2")]
    (root / "表.csv").write_text("\n".join(["编号,名称,园区,物质,基期,末期", *lines]), encoding="utf-8")
    return render_synergy(assess_synergy(root / "表.csv", weights="equal_mass"), stamp="示范数据")


def _carbon(root: Path) -> str:
    home = carbon_workspace(root / "碳", extra='[carbon]\npool_table = "chengde_100cm"\nsamples = 1000\n')
    found = assess_carbon(open_workspace(home))
    view = gather_carbon(found, pages=place_pages(found))
    assert view is not None
    return render_carbon(found, view)


def _rules(loaded: Loaded) -> str:
    return render_rules_catalogue(replace(loaded, rulebook=Rulebook(rules=loaded.rulebook.rules[:MANY])))


def _rule_changes(loaded: Loaded) -> str:
    found = rule_differences(load_rulebook(), date(2026, 8, 14), date(2026, 11, 1))
    return render_rule_changes({"changes_rules": found.rules[:MANY]}, (found.before, found.after), stamp="示范数据", judged_count=0)


def other_pages(root: Path) -> Mapping[str, str]:
    """Return template -> page."""
    small_workspace(root)
    makers: Mapping[str, Callable[[], str]] = {
        "compare.html": lambda: _comparison(root), "river.html": lambda: _river(root), "synergy.html": lambda: _synergy(root),
        "carbon.html": lambda: _carbon(root),
    }  # fmt: skip
    with load_workspace(open_workspace(root), as_of=None, progress=Silent()) as loaded:
        asked = {"reuse.html": _reuse, "rules_catalogue.html": _rules, "rule_changes.html": _rule_changes}
        return {name: make() for name, make in makers.items()} | {name: make(loaded) for name, make in asked.items()}
