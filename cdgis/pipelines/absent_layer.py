"""`cdgis layers none`: somebody's statement that the place has no zone of a kind, put into the catalogue in place of a file."""

from collections import Counter
from datetime import date

from cdgis.core.errors import UsageError
from cdgis.core.toml_files import closest
from cdgis.readers.layer_profiles import read_profiles
from cdgis.readers.loading import read_rules
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.catalog_edit import Value, write_entry
from cdgis.workspace.create import known_layers
from cdgis.workspace.settings import Workspace

STATEMENT = "本市无此类区（依据：{basis}）"
_OF_A_FILE = ("path", "sublayer", "url", "crs", "encoding", "fields", "classes", "partition", "plan", "version", "source", "licence")


def state_absent(
    workspace: Workspace, layer_id: str, *, basis: str, by: str, on: date, official: bool = False, title: str = ""
) -> LayerSpec:
    """Write the statement that there is no zone of `layer_id` into the catalogue and return the entry as it now is.

    Parameters
    ----------
    basis : the document or inquiry it rests on.
    by : who states it; printed with the day in every report that counts on it.
    official : whether the statement is the authority's; otherwise what rests on it is demonstration.

    Raises
    ------
    UsageError : no basis or author, a day after the day of judgement, or a layer no rule asks for.
    CatalogError : the catalogue cannot be changed, or other layers name this one as their coverage.
    """
    if not basis.strip() or not by.strip():
        raise UsageError("声明须写明依据（--basis）和谁声明的（--by）", remedy="例如 --basis “市林业局 2026 年 3 月函” --by 市自然资源局")
    if on > workspace.settings.as_of:
        raise UsageError(f"声明日期 {on} 晚于判定基准日 {workspace.settings.as_of}", remedy="请核对 --date 或 cdgis.toml 的 as_of")
    old = workspace.catalog.layers.get(layer_id)
    values: dict[str, Value | None] = dict.fromkeys(_OF_A_FILE) if old is not None else _new_entry(workspace, layer_id, title)
    values |= {"title": title} if title else {}
    values |= {"official": official, "none": STATEMENT.format(basis=basis.strip()), "none_by": by.strip(), "none_on": on}
    path = workspace.root / workspace.settings.catalog
    write_entry(path, layer_id, values)
    entry = {key: value for key, value in (old.model_dump(exclude_defaults=True) if old else {}).items() if key not in _OF_A_FILE}
    return LayerSpec.model_validate({**entry, **{k: v for k, v in values.items() if v is not None}, "id": layer_id})


def _new_entry(workspace: Workspace, layer_id: str, title: str) -> dict[str, Value | None]:
    rulebook, _ = read_rules(workspace, workspace.settings, [])
    asked = sorted({rule.layer for rule in rulebook.rules if rule.layer})
    if layer_id not in asked:
        raise UsageError(f"没有规则用到图层 {layer_id}{closest(layer_id, asked)}", remedy="目录里没有、规则也不问的图层不必声明")
    kind = known_layers().get(layer_id)
    profiled = [layer.title for profile in read_profiles().values() for layer in profile.layer if layer_id in layer.of]
    known = [kind.title] if kind is not None else profiled
    covers = Counter(spec.coverage for spec in workspace.catalog.layers.values() if spec.coverage)
    coverage = covers.most_common(1)[0][0] if covers else workspace.boundary
    if not (title or known):
        raise UsageError(f"目录里还没有图层 {layer_id}，请用 --title 写明它的名称", remedy="例如 --title 种质资源保护区")
    theme, geometry = (kind.theme, kind.geometry) if kind is not None else ("要素", "polygon")
    return {"title": title or known[0], "theme": str(theme), "geometry": geometry, "coverage": coverage}
