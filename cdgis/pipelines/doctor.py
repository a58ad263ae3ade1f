"""`cdgis doctor`: what a workspace lacks, what that would decide, and the one command to run next."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cdgis.carbon.account.account_inputs import OPTIONAL_TABLES
from cdgis.carbon.factors import has_factors, read_pool_table, with_own_factors
from cdgis.core import layer_ids
from cdgis.core.errors import CarbonError
from cdgis.pipelines.check_workspace import check_workspace
from cdgis.readers.inputs import expand_globs
from cdgis.readers.loading import load_rules
from cdgis.readers.place_extent import in_its_place, place_extent
from cdgis.rules import Rule
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.create import known_layers
from cdgis.workspace.settings import Workspace

_OWN_POOLS = "在 factors/ 或本市数据包的 carbon/ 放入 pools_<名称>.csv（docs/usage_factors.md）"


class Readiness(StrEnum):
    """How one part of a workspace stands."""

    MISSING = "缺"
    FAULTY = "有错"
    OPEN = "待定"
    READY = "好"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to see to."""

    part: str
    state: Readiness
    words: str
    command: str = ""
    """What settles it; "" when nothing is to be done."""


@in_its_place
def diagnose(workspace: Workspace) -> tuple[Finding, ...]:
    """Return what is there and what is missing, the first thing to do first."""
    return (
        _place(workspace), _faults(workspace), *_missing_layers(workspace), _access_list(workspace), *_subjects(workspace),
        _stamp(workspace), _carbon(workspace),
    )  # fmt: skip


def next_command(findings: Sequence[Finding]) -> str:
    """Return the command that settles the first finding that has one; "" when all is well."""
    return next((finding.command for finding in findings if finding.command), "")


def _place(workspace: Workspace) -> Finding:
    place, extent = workspace.settings.place, place_extent(workspace)
    name = place.name if place is not None else workspace.settings.city
    if extent is None:
        return Finding(
            part="所在地", state=Readiness.MISSING, words=f"{name} 没有边界，图层和坐标是否在本市无从核对",
            command="cdgis layers add 市界.shp --as city",
        )  # fmt: skip
    west, south, east, north = extent
    code = f"（{place.code}）" if place is not None and place.code else "，没有写代码"
    return Finding(part="所在地", state=Readiness.READY, words=f"{name}{code}，{west:.2f}–{east:.2f}°E，{south:.2f}–{north:.2f}°N")


def _faults(workspace: Workspace) -> Finding:
    checked = check_workspace(workspace)
    if not checked.faults:
        return Finding(part="图层内容", state=Readiness.READY, words=f"{checked.summary}，没有问题")
    first = checked.faults[0]
    words = f"{checked.summary}，{len(checked.faults)} 处问题，如 {first.layer}：{first.problem}"
    return Finding(part="图层内容", state=Readiness.FAULTY, words=words, command="cdgis layers check")


def _missing_layers(workspace: Workspace) -> list[Finding]:
    """Return the layers that rules in force ask for and the catalogue lacks, those that decide most first."""
    asked: dict[str, list[Rule]] = {}
    for rule in load_rules(workspace).rulebook.in_force(workspace.settings.as_of):
        if rule.layer and rule.layer not in workspace.catalog:
            asked.setdefault(rule.layer, []).append(rule)
    ranked = sorted(asked.items(), key=lambda item: (-max(rule.effect.rank for rule in item[1]), -len(item[1]), item[0]))
    return [_missing(layer, rules) for layer, rules in ranked]


def _missing(layer: str, rules: Sequence[Rule]) -> Finding:
    spec = known_layers().get(layer)
    title = spec.title if spec is not None else layer
    effects = "、".join(dict.fromkeys(str(rule.effect) for rule in sorted(rules, key=lambda rule: -rule.effect.rank)))
    shown = "；".join(dict.fromkeys(rule.title for rule in rules[:2])) + (" 等" if len(rules) > 2 else "")
    words = f"{len(rules)} 条规则要用它，可判到{effects}：{shown}；缺它时相关对象只能是资料不足"
    todo = f"cdgis layers add 文件 --as {layer}　或本市确无时 cdgis layers none {layer} --basis 依据 --by 单位 --date 日期"
    return Finding(part=f"图层 {layer}（{title}）", state=Readiness.MISSING, words=words, command=todo)


def _access_list(workspace: Workspace) -> Finding:
    if layer_ids.ACCESS_LIST in workspace.catalog or layer_ids.MANAGEMENT_UNITS not in workspace.catalog:
        known = layer_ids.ACCESS_LIST in workspace.catalog
        return Finding(part="准入清单", state=Readiness.READY, words="已登记" if known else "没有管控单元，暂不需要")
    words = "没有清单表：各单元的要求只能取管控单元图层自带的文字，都没有的按资料不足"
    todo = "在 layers/catalog.toml 登记 [layers.access_list]（usage.md“准入清单”）"
    return Finding(part="准入清单", state=Readiness.MISSING, words=words, command=todo)


def _subjects(workspace: Workspace) -> list[Finding]:
    sources = workspace.settings.sources
    found = []
    sidecar = workspace.root / sources.project_attributes
    for title, patterns in (("项目", sources.projects), ("企业", sources.enterprises)):
        count = len([path for path in expand_globs(workspace.root, patterns) if path != sidecar])
        place = patterns[0].rpartition("/")[0] if patterns else "layers"
        words, todo = (f"{count} 个文件", "") if count else (f"没有文件匹配 {'、'.join(patterns)}", f"把{title}文件放进 {place}/")
        found.append(Finding(part=title, state=Readiness.READY if count else Readiness.OPEN, words=words, command=todo))
    return found


def _stamp(workspace: Workspace) -> Finding:
    other = [spec.title for spec in workspace.catalog.layers.values() if not spec.official]
    if not other:
        return Finding(part="数据性质", state=Readiness.READY, words="全部图层都登记为官方成果，结果盖“正式数据”")
    shown = "、".join(other[:5]) + (f" 等 {len(other)} 个" if len(other) > 5 else "")
    return Finding(part="数据性质", state=Readiness.OPEN, words=f"{shown}不是官方成果，用到它们的结果盖“示范数据，不作审批依据”")


def _factors(workspace: Workspace, spec: LayerSpec) -> Finding:
    """Return whether the land classes have densities, and which further tables of factors the place lacks."""
    with with_own_factors(workspace.root):
        lacking = [table for tables in OPTIONAL_TABLES.values() for table in tables if not has_factors(table)]
        try:
            pools = read_pool_table(workspace.settings.carbon.pool_table)
        except CarbonError as err:
            words = f"{err.reason}：碳储量、年碳汇、修复潜力都未计。程序不带全国通用的碳密度，也不用别处的代替"
            return Finding(part="碳账", state=Readiness.MISSING, words=words, command=_OWN_POOLS)
    words = f"土地类别取 {spec.title}，图例 {spec.legend or '按 classes'}；碳密度表 {pools.name}"
    if not lacking:
        return Finding(part="碳账", state=Readiness.READY, words=words)
    return Finding(part="碳账", state=Readiness.OPEN, words=f"{words}；没有 {'、'.join(lacking)}，有关各项未计，列在 data/gaps.csv")


def _carbon(workspace: Workspace) -> Finding:
    name = workspace.settings.carbon.land_class_layer
    if name in workspace.catalog:
        return _factors(workspace, workspace.catalog[name])
    return Finding(part="碳账", state=Readiness.OPEN, words=f"没有土地类别栅格 {name}，不作碳核算（需要时在目录登记，写明 legend）")
