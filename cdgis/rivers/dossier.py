"""Content of the emergency dossier of one river (一河一策一图).

river_register ∥ trace_up from the mouth → one object that the HTML, DOCX and XLSX renderings share
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cdgis.geometry.geodesy import lonlat_points
from cdgis.results.tables.validation import validate
from cdgis.rivers.entry_points import METHOD
from cdgis.rivers.profile import river_register
from cdgis.rivers.spill_trace import Origin, trace_up
from cdgis.rivers.system import RiverSystem
from cdgis.rivers.trace import Velocity
from cdgis.workspace.layers import Subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class RiverDossier:
    """One river with all its dossier shows."""

    name: str
    system: RiverSystem
    velocity: Velocity
    length_km: float
    upstream_km2: float
    """Area drained at the mouth; at least this much when `is_cut`."""
    is_cut: bool
    """Whether land beyond the edge of the elevation drains to it too."""
    counties: tuple[tuple[str, float, float], ...]
    """County, chainage where the river enters and leaves it (km), in flow order."""
    register: pd.DataFrame
    """Table `river_register`."""
    sources: pd.DataFrame
    """Table `trace_sources`: every enterprise above the mouth."""
    notes: tuple[str, ...]

    @property
    def structures(self) -> pd.DataFrame:
        """The register without the places on the banks, which are too many to read."""
        return self.register[~self.register["kind"].isin(("环境敏感点", "城镇"))]

    @property
    def bank_count(self) -> int:
        """How many places on the banks the register holds."""
        return len(self.register) - len(self.structures)

    @property
    def interceptions(self) -> pd.DataFrame:
        """Places where interception or diversion may be possible."""
        return self.register[self.register["can_intercept"]]


def make_dossier(system: RiverSystem, subjects: Subjects, name: str, *, velocity: Velocity) -> RiverDossier:
    """Return the dossier of a named river.

    Raises
    ------
    NetworkError : no river of that name.
    """
    network = system.network
    stem = network.stem(name)
    mouth = int(stem[-1])
    rows = river_register(network, system.events, name)
    titles = {key: layer.spec.title for key, layer in system.layers.items()}
    accuracy = {key: layer.spec.accuracy_m for key, layer in system.layers.items()}
    register = rows.assign(
        river=name, order=np.arange(1, len(rows) + 1), method=METHOD,
        source=network.source + rows["layer"].map(titles).map(lambda title: f"；{title}", na_action="ignore").fillna(""),
        accuracy_m=np.fmax(rows["layer"].map(accuracy).to_numpy(dtype=float), network.accuracy_m),
    )  # fmt: skip
    above = trace_up(system, _at(system, mouth, name), subjects, velocity=velocity)
    is_cut = network.grid is not None and bool(network.grid.reaches_edge().ravel()[_cell(system, mouth)])
    return RiverDossier(
        name=name, system=system, velocity=velocity, upstream_km2=float(network.upstream_km2[mouth]), is_cut=is_cut,
        length_km=float(network.forest.to_outlet_m[stem[0]] - network.forest.to_outlet_m[mouth]) / 1000,
        counties=_counties(system, stem), register=validate("river_register", register),
        sources=above.tables["trace_sources"], notes=_notes(system, is_cut),
    )  # fmt: skip


def _at(system: RiverSystem, vertex: int, name: str) -> Origin:
    lon, lat = float(system.network.lon_deg[vertex]), float(system.network.lat_deg[vertex])
    return Origin(
        id=name, name=f"{name}末端", lon_deg=lon, lat_deg=lat, vertex=vertex, river_lon_deg=lon, river_lat_deg=lat,
        to_outlet_m=float(system.network.forest.to_outlet_m[vertex]), offset_m=0.0,
    )  # fmt: skip


def _cell(system: RiverSystem, vertex: int) -> int:
    network = system.network
    if network.grid is None:
        return 0
    return int(network.grid.cells_at(network.lon_deg[[vertex]], network.lat_deg[[vertex]])[0])


def _counties(system: RiverSystem, stem: np.ndarray) -> tuple[tuple[str, float, float], ...]:
    """Return the counties along the stem in flow order, each once, with its first and last chainage."""
    network = system.network
    names = system.counties.name(system.counties.at(lonlat_points(network.lon_deg[stem], network.lat_deg[stem])))
    km = (network.forest.to_outlet_m[stem] - network.forest.to_outlet_m[stem[-1]]) / 1000
    return tuple(
        (str(name), float(km[names == name].max()), float(km[names == name].min())) for name in dict.fromkeys(names)
    )


def _notes(system: RiverSystem, is_cut: bool) -> tuple[str, ...]:
    cut = "集水区达到高程数据边缘：面积只计数据范围内，是下限" if is_cut else ""
    fixed = (
        "河程自本数据内的最下游点起算，不是水利部门的河道桩号",
        "水库坝址为库区最下游点，系推导，须以实测为准",
        "拦截、导流位置只表示河上有可利用的构筑物，能否实施须现场核实",
        "联系人、电话、物资须由各单位填写；仅供内部使用，不得公开",
        "档次是工作次序，不是环境风险评估分级（口径未核实）",
    )
    return tuple(note for note in (system.method, cut, system.gaps, *fixed) if note)
