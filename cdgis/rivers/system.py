"""Rivers of a workspace with all that lies along them; read once, traced many times."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.core import layer_ids
from cdgis.core.data_gaps import Gap
from cdgis.core.errors import CatalogError, CrsError, os_reason
from cdgis.core.progress import Progress, Silent
from cdgis.core.vocabulary import InputRecord
from cdgis.geometry.geodesy import geodesic_distance_m, geometries_to_local
from cdgis.geometry.kernels import pair_distance_m
from cdgis.raster import read_raster, true_heights
from cdgis.readers import read_layer
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.placed_layers import misplaced_layers, place_box
from cdgis.results.data_status import stamp_for
from cdgis.results.tables.validation import empty, validate
from cdgis.rivers.drawn_waters import river_gap, rivers_astray, waters_astray
from cdgis.rivers.flow_cache import derived_flow, flow_file, flow_of, keep_flow, kept_flow, same_flow
from cdgis.rivers.lines import Elevation, network_from_lines
from cdgis.rivers.network import Network, name_rivers, network_from_flow
from cdgis.rivers.receptors import Jurisdictions, ReceptorKind, kinds_not_loaded, receptor_events, receptor_kinds
from cdgis.rivers.snap import Snapper
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.fault import Fault
from cdgis.workspace.layers import Layer
from cdgis.workspace.settings import RiverSettings, Workspace

COUNTY_LAYERS = (layer_ids.COUNTIES, layer_ids.NEIGHBOURS)
CONTEXT_LAYERS = (layer_ids.CONTROL_UNITS, layer_ids.OUTFALL_ZONES, layer_ids.CITY)
NEAR_FACTOR = 2.0
"""A derived stream may lie this many times the sum of both accuracies from the line that names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiverSystem:
    """A workspace's network, ready for traces."""

    workspace: Workspace
    settings: RiverSettings
    network: Network
    snapper: Snapper
    counties: Jurisdictions
    events: pd.DataFrame
    """Receptors on the network (rivers.receptors.EVENT_COLUMNS)."""
    layers: Mapping[str, Layer]
    not_loaded: tuple[ReceptorKind, ...]
    check: pd.DataFrame
    """Table `river_check`."""
    records: tuple[InputRecord, ...]
    astray: tuple[Gap, ...] = ()
    """Drawn rivers and waters that do not lie where the heights make water run."""

    @property
    def stamp(self) -> str:
        """The demonstration stamp when it is due on the network or what lies along it, else empty."""
        return stamp_for(self.records)

    @property
    def method(self) -> str:
        """How the network was made, in one line."""
        network = self.network
        kind = "由高程推导，非测绘河线" if network.is_derived else "采用所载河线，未与其他来源核对"
        return f"{kind}（{network.source}），位置精度约 {network.accuracy_m:.0f} 米"

    @property
    def gaps(self) -> str:
        """Which kinds of receptors the workspace has no data for, in words."""
        names = "、".join(kind.title for kind in self.not_loaded)
        unseen = f"未载入的受体类别：{names}。没有列出不等于没有" if names else ""
        return "。".join(filter(None, (unseen, *(gap.sentence.rstrip("。") for gap in self.astray))))


@in_its_place
def load_rivers(
    workspace: Workspace, *, known: Mapping[str, Layer] | None = None, progress: Progress | None = None
) -> RiverSystem:
    """Return the river network of `workspace` with names, receptors and borders.

    Parameters
    ----------
    known : layers already read, which are not read again.

    Raises
    ------
    CatalogError : the entry that [rivers] network names, or the counties, are not in the catalogue.
    LayerError, CrsError, NetworkError : a file cannot be used.
    """
    progress = progress or Silent()
    settings = workspace.settings.rivers
    wanted = dict.fromkeys((*COUNTY_LAYERS, *CONTEXT_LAYERS, *settings.named_lines, *(k.layer for k in receptor_kinds())))
    specs = [workspace.catalog[name] for name in wanted if name in workspace.catalog]
    progress.stage("读取河流图层", len(specs) + 1)
    layers: dict[str, Layer] = {}
    for spec in specs:
        layers[spec.id] = (known or {}).get(spec.id) or read_layer(spec, workspace.layers_dir)
        progress.step(spec.title)
    for name in misplaced_layers(workspace, layers):
        del layers[name]
    if COUNTY_LAYERS[0] not in layers:
        raise CatalogError(
            f"沿河追踪需要县界图层 {COUNTY_LAYERS[0]}，目录中没有本地的", remedy="请在 layers/catalog.toml 中登记"
        )
    network, check, record = _network(workspace, settings)
    network, naming, astray = _named(network, [layers[name] for name in settings.named_lines if name in layers], workspace)
    progress.step("河网")
    snapper = Snapper(network)
    counties = Jurisdictions.of(*(layers[name].zones for name in COUNTY_LAYERS if name in layers))
    events = receptor_events(snapper, layers, counties=counties, bank_m=settings.bank_m)
    return RiverSystem(
        workspace=workspace, settings=settings, network=network, snapper=snapper, counties=counties, events=events,
        layers=layers, astray=(*astray, *waters_astray(layers, events, workspace)),
        not_loaded=kinds_not_loaded(layers), check=validate("river_check", pd.concat([check, naming])),
        records=(record, *(layer.record for layer in layers.values())),
    )  # fmt: skip


def _network(workspace: Workspace, settings: RiverSettings) -> tuple[Network, pd.DataFrame, InputRecord]:
    spec = workspace.catalog[settings.network]
    if spec.geometry == "raster":
        height, record = read_elevation(workspace, spec)
        return _derived(height, spec, workspace), empty("river_check"), record
    if spec.geometry != "line":
        raise CatalogError(f"[rivers] network 指向 {spec.id}（{spec.geometry}）；应为高程栅格或河线图层")
    layer = read_layer(spec, workspace.layers_dir)
    known = settings.elevation in workspace.catalog
    heights = read_elevation(workspace, workspace.catalog[settings.elevation])[0] if known else None
    network, check = network_from_lines(layer, join_m=settings.join_m, elevation=heights)
    return network, check, layer.record


def read_elevation(workspace: Workspace, spec: LayerSpec) -> tuple[Elevation, InputRecord]:
    """Return the heights of an elevation raster in longitude and latitude.

    Raises
    ------
    LayerError, CrsError : it cannot be read, or is not in longitude and latitude.
    """
    raster, _ = true_heights(read_raster(spec, workspace.layers_dir, home=place_box(workspace)))
    if not raster.grid.is_geographic:
        raise CrsError(
            spec.path, found=raster.grid.crs, expected="EPSG:4490 或 EPSG:4326（经纬度栅格）",
            remedy="高程请先重投影到 EPSG:4490（双线性）",
        )  # fmt: skip
    values = np.array(raster.values, dtype=np.float32)
    if raster.nodata is not None:
        values[values == np.float32(raster.nodata)] = np.nan
    grid = raster.grid
    return Elevation(values_m=values, lon_edges_deg=grid.x_edges, lat_edges_deg=grid.y_edges), raster.record


def keep_flow_of(workspace: Workspace) -> Path:
    """Derive the flow of the elevation that the rivers of `workspace` rest on, keep it, and return where.

    Raises
    ------
    CatalogError : the rivers do not come from an elevation grid, or the folder of the grid cannot be written to.
    LayerError, CrsError, NetworkError : the grid cannot be used.
    """
    spec = _elevation_spec(workspace)
    if spec is None:
        raise CatalogError("[rivers] network 没有指向高程栅格：没有可以预先推导的水流")
    path = workspace.layers_dir / spec.path
    try:
        return keep_flow(read_elevation(workspace, spec)[0], path)
    except OSError as err:
        raise CatalogError(
            f"{workspace.relative(flow_file(path))} 写不进去（{os_reason(err)}）", remedy="请检查目录权限"
        ) from err


def kept_flow_faults(workspace: Workspace) -> tuple[Fault, ...]:
    """Return what is wrong with the flow kept beside the elevation: of other heights, or not what these give."""
    spec = _elevation_spec(workspace)
    path = workspace.layers_dir / spec.path if spec else Path()
    if spec is None or not flow_file(path).is_file():
        return ()
    height, _ = read_elevation(workspace, spec)
    kept = kept_flow(height, path)
    if kept is not None and same_flow(kept, derived_flow(height)):
        return ()
    shown = workspace.relative(flow_file(path))
    problem = "不是由现在的高程推导的，没有采用" if kept is None else "与由高程重新推导的水流不同"
    return (Fault(layer=spec.id, zone_id=shown, problem=problem, remedy="运行 cdgis layers prepare，或删去该文件"),)


def _elevation_spec(workspace: Workspace) -> LayerSpec | None:
    catalog, name = workspace.catalog, workspace.settings.rivers.network
    return catalog[name] if name in catalog and catalog[name].geometry == "raster" else None


def _derived(height: Elevation, spec: LayerSpec, workspace: Workspace) -> Network:
    lon, lat = height.lon_edges_deg, height.lat_edges_deg
    flow = flow_of(height, workspace.layers_dir / spec.path)
    # Half a cell's diagonal is the least a cell's centre can be off; the comparison below says what it is.
    middle = np.full(1, float(lat.mean()))
    diagonal_m = float(geodesic_distance_m(lon[:1], middle, lon[1:2], middle + lat[0] - lat[1])[0])
    accuracy_m = max(diagonal_m / 2, spec.accuracy_m)
    stream_km2 = workspace.settings.rivers.stream_km2
    return network_from_flow(flow, stream_km2=stream_km2, accuracy_m=accuracy_m, source=spec.title)


def _named(network: Network, layers: list[Layer], workspace: Workspace) -> tuple[Network, pd.DataFrame, list[Gap]]:
    """Return the network with names, its accuracy raised to the disagreement found, the comparison, and rivers drawn elsewhere."""
    if not network.is_derived:
        return network, empty("river_check"), []
    rows, accuracy_m, gaps = [], network.accuracy_m, []
    for layer in layers:
        near_m = NEAR_FACTOR * (network.accuracy_m + layer.spec.accuracy_m) / 2
        off = rivers_astray(network, layer, within_m=near_m)
        if off:
            layer = replace(layer, zones=layer.zones[~layer.zones["zone_name"].isin(off)])
            gaps.append(river_gap(layer, off, near_m, workspace))
        rows += [
            {
                "item": "河线不在推导的河道上", "river": name, "place": layer.spec.title, "action": "仅报告",
                "found": f"点在推导河道 {near_m:.0f} 米以内的占比，没有用来命名", "value": share, "unit": "",
            }
            for name, (share, _) in off.items()
        ]  # fmt: skip
        network = name_rivers(network, layer.zones, within_m=near_m)
        apart = _disagreement(network, layer)
        if apart:
            accuracy_m = max(accuracy_m, float(np.median(np.concatenate(list(apart.values())))))
        rows += [
            {
                "item": "推导河道与所载河线之差", "river": name, "place": layer.spec.title, "action": "说明",
                "found": "河线各点到推导河道的距离，中位数", "value": float(np.median(metres)), "unit": "米",
            }
            for name, metres in apart.items()
        ]  # fmt: skip
    return replace(network, accuracy_m=accuracy_m), pd.DataFrame(rows, columns=empty("river_check").columns), gaps


def _disagreement(network: Network, layer: Layer) -> dict[str, npt.NDArray[np.float64]]:
    """Return for each river how far points of its given line, 500 m apart, lie from the derived stem, metres."""
    local = geometries_to_local(layer.zones.geometry.to_numpy())
    names = layer.zones["zone_name"].to_numpy(dtype=object)
    xy = network.vertices_local()
    out = {}
    for name in sorted({str(n) for n in network.river if n} & set(names)):
        given = shapely.get_coordinates(shapely.segmentize(shapely.union_all(local[names == name]), 500.0))
        way = xy[network.stem(name)]
        # a river shorter than a pixel is one vertex: a line that stays where it is
        stem = shapely.linestrings(way if len(way) > 1 else np.repeat(way, 2, axis=0))
        out[name] = pair_distance_m(np.asarray(shapely.points(given), dtype=object), np.full(len(given), stem, dtype=object))
    return out
