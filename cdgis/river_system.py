"""What do the rivers of this workspace look like, with all that lies along them? (read once, traced many times)"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.catalog import LayerSpec
from cdgis.errors import CatalogError
from cdgis.frames import Layer
from cdgis.geodesy import geometries_to_local, lonlat_points
from cdgis.model import DEMO_STAMP, InputRecord
from cdgis.progress import Progress, Silent
from cdgis.raster import Raster, read_raster
from cdgis.readers import read_layer
from cdgis.rivers.flow import flow_from_elevation
from cdgis.rivers.lines import Elevation, network_from_lines
from cdgis.rivers.network import Network, name_rivers, network_from_flow
from cdgis.rivers.receptors import Jurisdictions, ReceptorKind, kinds_not_loaded, receptor_events, receptor_kinds
from cdgis.rivers.snap import Snapper
from cdgis.schema import empty, validate
from cdgis.workspace import RiverSettings, Workspace

COUNTY_LAYERS = ("counties", "neighbours")
CONTEXT_LAYERS = ("control_units", "outfall_zones", "city")
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

    @property
    def stamp(self) -> str:
        """The demonstration stamp when any input is not official, else empty."""
        return "" if all(record.official for record in self.records) else DEMO_STAMP

    @property
    def method(self) -> str:
        """How the network was made, in one line."""
        network = self.network
        kind = "由高程推导，非测绘河线" if network.is_derived else "采用所载河线"
        return f"{kind}（{network.source}），位置精度约 {network.accuracy_m:.0f} 米"

    @property
    def gaps(self) -> str:
        """Which kinds of receptors the workspace has no data for, in words."""
        names = "、".join(kind.title for kind in self.not_loaded)
        return f"未载入的受体类别：{names}。没有列出不等于没有" if names else ""


def load_rivers(workspace: Workspace, *, progress: Progress | None = None) -> RiverSystem:
    """Return the river network of `workspace` with names, receptors and borders.

    Raises
    ------
    CatalogError : the entry that [rivers] network names, or the counties, are not in the catalogue.
    LayerError, CrsError, NetworkError : a file cannot be used.
    """
    progress = progress or Silent()
    settings = workspace.settings.rivers
    wanted = dict.fromkeys(
        (*COUNTY_LAYERS, *CONTEXT_LAYERS, *settings.named_lines, *(k.layer for k in receptor_kinds()))
    )
    specs = [workspace.catalog[name] for name in wanted if name in workspace.catalog]
    progress.stage("读取河流图层", len(specs) + 1)
    layers: dict[str, Layer] = {}
    for spec in specs:
        layers[spec.id] = read_layer(spec, workspace.layers_dir)
        progress.step(spec.title)
    if COUNTY_LAYERS[0] not in layers:
        raise CatalogError(f"沿河追踪需要县界图层 {COUNTY_LAYERS[0]}，目录中没有。请在 layers/catalog.toml 中登记")
    network, check, record = _network(workspace, settings)
    network, naming = _named(network, [layers[name] for name in settings.named_lines if name in layers])
    progress.step("河网")
    snapper = Snapper(network)
    counties = Jurisdictions.of(*(layers[name].zones for name in COUNTY_LAYERS if name in layers))
    return RiverSystem(
        workspace=workspace, settings=settings, network=network, snapper=snapper, counties=counties,
        events=receptor_events(snapper, layers, counties=counties, bank_m=settings.bank_m), layers=layers,
        not_loaded=kinds_not_loaded(layers), check=validate("river_check", pd.concat([check, naming])),
        records=(record, *(layer.record for layer in layers.values())),
    )  # fmt: skip


def _network(workspace: Workspace, settings: RiverSettings) -> tuple[Network, pd.DataFrame, InputRecord]:
    spec = workspace.catalog[settings.network]
    if spec.geometry == "raster":
        raster = read_raster(spec, workspace.layers_dir)
        return _derived(raster, spec, settings), empty("river_check"), raster.record
    if spec.geometry != "line":
        raise CatalogError(f"[rivers] network 指向 {spec.id}（{spec.geometry}）；应为高程栅格或河线图层")
    layer = read_layer(spec, workspace.layers_dir)
    height = None
    if settings.elevation in workspace.catalog:
        found = read_raster(workspace.catalog[settings.elevation], workspace.layers_dir)
        height = Elevation(values_m=found.values, lon_edges_deg=found.lon_edges_deg, lat_edges_deg=found.lat_edges_deg)
    network, check = network_from_lines(layer, join_m=settings.join_m, elevation=height)
    return network, check, layer.record


def _derived(raster: Raster, spec: LayerSpec, settings: RiverSettings) -> Network:
    grid = flow_from_elevation(
        raster.values, lon_edges_deg=raster.lon_edges_deg, lat_edges_deg=raster.lat_edges_deg, nodata=raster.nodata
    )
    # Half a cell's diagonal is the least a cell's centre can be off; the comparison below says what it is.
    half_m = 111_000 * float(np.hypot(raster.transform.a * 0.75, raster.transform.e)) / 2
    return network_from_flow(
        grid, stream_km2=settings.stream_km2, accuracy_m=max(half_m, spec.accuracy_m), source=spec.title
    )


def _named(network: Network, layers: list[Layer]) -> tuple[Network, pd.DataFrame]:
    """Return the network with names, its accuracy raised to the disagreement found, and the comparison."""
    if not network.is_derived:
        return network, empty("river_check")
    rows, accuracy_m = [], network.accuracy_m
    for layer in layers:
        near_m = NEAR_FACTOR * (network.accuracy_m + layer.spec.accuracy_m) / 2
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
    return replace(network, accuracy_m=accuracy_m), pd.DataFrame(rows, columns=empty("river_check").columns)


def _disagreement(network: Network, layer: Layer) -> dict[str, npt.NDArray[np.float64]]:
    """Return for each river how far points of its given line, 500 m apart, lie from the derived stem, metres."""
    local = geometries_to_local(layer.zones.geometry.to_numpy())
    names = layer.zones["zone_name"].to_numpy(dtype=object)
    xy = shapely.get_coordinates(geometries_to_local(lonlat_points(network.lon_deg, network.lat_deg)))
    out = {}
    for name in sorted({str(n) for n in network.river if n} & set(names)):
        given = shapely.get_coordinates(shapely.segmentize(shapely.union_all(local[names == name]), 500.0))
        stem = shapely.linestrings(xy[network.stem(name)])
        out[name] = np.asarray(shapely.distance(shapely.points(given), stem))
    return out
