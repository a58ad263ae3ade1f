"""What the account reads beside the zone layers: land classes of two dates and elevation, on one grid, voids known."""

import hashlib
from dataclasses import dataclass, replace
from functools import partial

from cdgis.carbon.account.grids import Terrain, terrain_of
from cdgis.carbon.factors import GROWTH_TABLES, PoolTable, data_folder, has_factors, read_pool_table, recoding_of
from cdgis.core.data_gaps import Gap, attempted
from cdgis.core.vocabulary import InputRecord
from cdgis.raster import Effort, Raster, aligned, read_raster, true_heights
from cdgis.readers import unread_record
from cdgis.readers.loading import Loaded
from cdgis.readers.placed_layers import place_box
from cdgis.workspace.catalog import LayerSpec

_REMEDY = "请用最近邻法重采样到土地类别栅格的格网（行列、范围、坐标系相同）"


_OWN_FACTORS = "请在本市数据包的 carbon/ 里放入（写法见 docs/packs.md）；别处的不代用"
OPTIONAL_TABLES = {
    "增汇曲线和生长因子": GROWTH_TABLES, "与公开数字对照": ("published_checks",), "规划节点": ("milestones",),
}  # fmt: skip
"""Part of the account -> the place's own tables it rests on; without them the other parts stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Rasters and factors of one account."""

    classes: Raster | None
    """None where the land classes cannot be read."""
    earlier: Raster | None
    terrain: Terrain | None
    elevation: Raster | None
    pools: PoolTable
    effort: Effort
    records: tuple[InputRecord, ...]


def read_inputs(loaded: Loaded, gaps: list[Gap]) -> Inputs:
    """Return what can be read; what cannot is added to `gaps` and left out.

    Raises
    ------
    CarbonError : the settings name a table of factors that is not there.
    """
    settings, workspace = loaded.settings.carbon, loaded.workspace
    pools = read_pool_table(settings.pool_table)
    parts = {
        settings.land_class_layer: "碳储量、年碳汇、两期变化和修复潜力", settings.earlier_layer: "两期土地类别与碳变化",
        settings.dem_layer: "修复区的坡度、海拔条件和树种规则",
    }  # fmt: skip
    read: dict[str, Raster] = {}
    records: list[InputRecord] = []
    home = place_box(workspace)
    for name, part in parts.items():
        if name not in workspace.catalog:
            continue
        spec = workspace.catalog[name]
        raster = attempted(part, partial(read_raster, spec, workspace.layers_dir, home=home), gaps)
        if raster is None:
            records += unread_record(spec, workspace.layers_dir)
        else:
            read[name] = raster
            records.append(raster.record)
    for name in (settings.land_class_layer, settings.earlier_layer):
        if name in read:
            known = attempted(parts[name], partial(_with_known_classes, read.pop(name), workspace.catalog[name], pools), gaps)
            if known is not None:
                read[name], pools = known
    gaps += [
        Gap(part=part, layer="", file="", row="", problem=f"本地没有碳因子表 {'、'.join(f'{name}.csv' for name in names)}", remedy=_OWN_FACTORS)
        for part, names in OPTIONAL_TABLES.items()
        if not has_factors(*names)
    ]
    classes, earlier = (raster and raster.kept() for raster in map(read.get, (settings.land_class_layer, settings.earlier_layer)))
    elevation = _heights(read.get(settings.dem_layer), gaps)
    dem = _on_grid_of(classes, elevation, "修复区的坡度、海拔条件未扣，树种规则未用高程", gaps)
    return Inputs(
        classes=classes, earlier=_on_grid_of(classes, earlier, "两期土地类别与碳变化", gaps),
        terrain=terrain_of(dem) if dem is not None else None, elevation=elevation,
        pools=pools, effort=Effort(memory_mb=settings.raster_memory_mb), records=(*records, _factor_record()),
    )  # fmt: skip


def _with_known_classes(raster: Raster, spec: LayerSpec, pools: PoolTable) -> tuple[Raster, PoolTable]:
    """Return land classes by the raster's legend, those without a density told apart, and the table with their rows."""
    recoding = recoding_of(spec, pools)
    return replace(raster, recoding=recoding.codes, titles=recoding.titles), recoding.pools


def _heights(dem: Raster | None, gaps: list[Gap]) -> Raster | None:
    """Return the elevation without what nobody can have measured, each such value being said."""
    if dem is None:
        return None
    found = attempted("修复区的坡度、海拔条件和树种规则", lambda: true_heights(dem), gaps)
    if found is None:
        return None
    raster, suspected = found
    gaps += [
        Gap(
            part="高程中疑似无数据的像元：坡度、海拔条件未扣，河网到此为止", layer=dem.record.layer, file=dem.record.path,
            row="", problem=f"高程 {item.words}",
            remedy=f"请在图层目录该条目写 nodata = {item.value:g}，或写 nodata = \"无\" 表示这个值是真的",
        )
        for item in suspected
    ]  # fmt: skip
    return raster


def _on_grid_of(classes: Raster | None, raster: Raster | None, part: str, gaps: list[Gap]) -> Raster | None:
    """Return `raster` on the grid of the land classes; None where its cells are others, which is a gap."""
    if classes is None or raster is None:
        return None
    moved = aligned(raster, classes)
    if moved is None:
        problem = f"与 {classes.record.path} 的像元不重合，不能逐像元比较"
        gaps.append(Gap(part=part, layer=raster.record.layer, file=raster.record.path, row="", problem=problem, remedy=_REMEDY))
    return moved


def _factor_record() -> InputRecord:
    """Return the fingerprint of all factor tables that ship inside the package."""
    digest = hashlib.sha256()
    for entry in sorted(data_folder().iterdir(), key=lambda item: item.name):
        if entry.is_file():
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return InputRecord(
        layer="carbon_factors", kind="rules", path="cdgis/data/carbon", sublayer="",
        sha256=digest.hexdigest(), version="", official=True,
    )  # fmt: skip
