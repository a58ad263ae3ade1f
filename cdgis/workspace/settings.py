"""The workspace folder and its settings (cdgis.toml)."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from cdgis.core import layer_ids
from cdgis.core.error_words import in_words
from cdgis.core.errors import WorkspaceError, os_reason
from cdgis.core.regular_files import real_path
from cdgis.core.safe_text import visible
from cdgis.core.source_secrets import without_secret
from cdgis.core.toml_files import PlainText, Stated, read_toml, schema_problems
from cdgis.core.vocabulary import EARLIEST_DAY, LATEST_DAY
from cdgis.workspace.catalog import Catalog, read_catalog
from cdgis.workspace.place import Place

SETTINGS_FILE = "cdgis.toml"
MOST_TOLERANCE_M = 10_000.0
"""A tolerance or accuracy beyond this is a slip of the unit."""

AreaMethod = Literal["survey", "geodesic", "gk117"]


class RuleOff(Stated):
    """A rule the workspace switches off; listed on every report as 未纳入的规则."""

    id: str
    reason: str = Field(min_length=2)


class FetchedSource(Stated):
    """Subjects that `cdgis layers fetch` takes from elsewhere into a file that the globs of `Sources` match."""

    url: PlainText
    path: PlainText
    """Relative to the workspace; .gpkg, or .csv for points and plain tables."""

    @field_validator("url")
    @classmethod
    def _no_secret(cls, url: str) -> str:
        return without_secret(url)


class Sources(Stated):
    """Where subjects come from; globs relative to the workspace."""

    projects: tuple[PlainText, ...] = ()
    project_attributes: PlainText = ""
    """Sidecar table with one row per parcel, for formats that carry no attributes."""
    enterprises: tuple[PlainText, ...] = ()
    registered: PlainText = ""
    """Register of what officers have seen: subject, matter, its words, officer, day (readers.seen_register)."""
    fetch: dict[str, FetchedSource] = Field(default={}, exclude=True)
    """Name -> where those subjects are kept; no part of what a report rests on, which is the file."""


class CarbonSettings(Stated):
    """Carbon account choices."""

    land_class_layer: PlainText = "land_classes_2025"
    zone_layers: tuple[PlainText, ...] = (
        layer_ids.COUNTIES, layer_ids.MANAGEMENT_UNITS, layer_ids.BASINS,
        layer_ids.ECOLOGICAL_REDLINE, layer_ids.RESTORATION_AREAS,
    )  # fmt: skip
    pool_table: PlainText = ""
    """Table of carbon densities, pools_<name>.csv of a pack; empty: the first of the place's narrowest pack."""
    soil_climate: PlainText = ""
    soil_type: PlainText = ""
    soil_grass_state: PlainText = ""
    """IPCC climate region, soil type and state of the grassland for carbon_soil; empty = not known, nothing counted."""
    raster_memory_mb: int = Field(default=256, ge=16)
    """Memory for the pixels being counted; no number depends on it."""
    earlier_layer: PlainText = "land_classes_2015"
    """Land classes of an earlier date; empty or absent: no change account."""
    dem_layer: PlainText = "dem"
    stands_layer: PlainText = "forest_stands"
    claim_layers: tuple[PlainText, ...] = ("carbon_claims",)
    """Parcels of other carbon projects, which nobody may claim twice."""
    restoration_facts: PlainText = "restoration_facts"
    """Table of what is declared about restoration areas."""
    start_year: int | None = Field(default=None, ge=1990, le=2100)
    """Year in which the measures are carried out; absent: the year of judgement."""
    horizon_year: int = Field(default=2060, ge=2000, le=2150)
    growth_method: Literal["age_class", "richards", "increment"] = "age_class"
    price_yuan_per_tco2e: float = Field(default=55.4, ge=0)
    discount_share: float = Field(default=0.05, gt=-1, le=1)
    price_growth_share: float = Field(default=0.0, gt=-1, le=1)
    """Yearly growth of the price: a positive one raises the value."""
    area_half_range_share: float = Field(default=0.05, ge=0, lt=1)
    """Half of the 90 % range of mapped areas, as a share of them (unverified): shown apart, in carbon_uncertainty."""
    k_risk_share: float = Field(default=0.10, ge=0, lt=1)
    crediting_years: int = Field(default=40, ge=1, le=60)
    baseline_tco2e_per_ha_yr: float = Field(default=0.0, ge=0)
    """CCER settings, unverified: buffer for reversal, crediting period, baseline removals."""
    samples: int = Field(default=20_000, ge=1000, le=1_000_000)
    seed: int = Field(default=20261101, ge=0)


class PublishSettings(Stated):
    """What pages may hold and how large they may be."""

    page_budget_mb: float = Field(default=10.0, gt=0)
    """Largest size of the overview page; geometry is simplified until it fits."""
    compiler: PlainText = ""
    """编制单位, printed under maps; empty prints the workspace's name."""
    grid_deg: float = Field(default=0.001, ge=0.0007, le=0.1)
    """Public pages: coordinates are snapped to this grid; 0.0007 degree is 57 m eastwards at 43 N."""
    withheld_layers: tuple[str, ...] = (
        layer_ids.PERMANENT_FARMLAND, layer_ids.STRICT_FARMLAND, layer_ids.WATER_SOURCE_ZONES, layer_ids.ECOLOGICAL_REDLINE,
    )  # fmt: skip
    """Public pages: layers left out altogether; any other layer is shown on the grid only."""
    public_attributes: tuple[str, ...] = ()
    """Public pages: attributes of projects that may be shown."""
    public_texts: tuple[PlainText, ...] = ()
    """Public pages: texts that may go out though they look like personal data or equal a withheld text."""
    show_enterprises: bool = False
    """Public pages: show enterprises, on the grid only and without attributes."""


class RiverSettings(Stated):
    """How the river network is made and used."""

    network: str = "dem"
    """Catalogue entry the network comes from: an elevation raster, or river lines."""
    named_lines: tuple[str, ...] = (layer_ids.MAIN_RIVERS, layer_ids.RIVERS)
    """Line layers that name the rivers of a derived network, the first that knows a river wins."""
    elevation: str = "dem"
    """Elevation that decides the direction of given lines, and slopes."""
    stream_km2: float = Field(default=20.0, gt=0)
    """Area a stream of a derived network drains at least."""
    snap_limit_m: float = Field(default=2000.0, gt=0)
    """Farther than this from a river nothing is taken to enter it."""
    bank_m: float = Field(default=1000.0, ge=0)
    """Places within this distance of the river are receptors."""
    around_m: float = Field(default=3000.0, ge=0)
    """Sensitive places within this distance of a spill are listed, whatever the water does."""
    join_m: float = Field(default=50.0, ge=0)
    """Ends of given lines nearer than this are taken to meet."""
    velocity: str = "0.2:2"
    """Flow velocity when none is given, LOW:HIGH in m/s; an unmeasured assumption (mark M)."""


class Settings(Stated):
    """Everything cdgis.toml may set; the effective values are printed in every report."""

    name: PlainText
    city: PlainText
    place: Place | None = Field(default=None, exclude_if=lambda place: place is None)
    """Which place the workspace is about; without it, `city` and the layer of that id are all that is known."""
    packs: tuple[PlainText, ...] | None = Field(default=None, exclude_if=lambda packs: packs is None)
    """Packs of law and local data by id (core/packs.py); absent: all that apply to the place."""
    as_of: date = Field(ge=EARLIEST_DAY, le=LATEST_DAY)
    catalog: PlainText = "layers/catalog.toml"
    tolerance_m: float = Field(default=20.0, ge=0, le=MOST_TOLERANCE_M)
    area_method: AreaMethod = "survey"
    undeclared_datum_accuracy_m: float = Field(default=700.0, ge=0, le=MOST_TOLERANCE_M)
    default_accuracy_m: float = Field(default=0.0, ge=0, le=MOST_TOLERANCE_M)
    largest_repair_share: float = Field(default=0.01, ge=0, le=1)
    """Land that mending an invalid parcel may gain and lose, as a share of it; beyond it the parcel is quarantined."""
    map_review_number: PlainText = ""
    """审图号; empty prints the internal-use stamp."""
    report_valid_days: int = Field(default=180, ge=1, le=3650)
    """How long a screening report may be relied on, counted from the day it judges by."""
    sources: Sources = Sources()
    rules_off: tuple[RuleOff, ...] = ()
    carbon: CarbonSettings = CarbonSettings()
    publish: PublishSettings = PublishSettings()
    rivers: RiverSettings = RiverSettings()

    @model_validator(mode="after")
    def _one_city(self) -> "Settings":
        if self.place is not None and self.place.name != self.city:
            raise ValueError(f"city 写 {self.city}，[place] 的 name 写 {self.place.name}，应当一致")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """An opened workspace: its folder, settings and catalogue. Nothing has been read yet."""

    root: Path
    settings: Settings
    catalog: Catalog

    @property
    def layers_dir(self) -> Path:
        """Folder that catalogue paths are relative to."""
        return (self.root / self.settings.catalog).parent

    @property
    def boundary(self) -> str:
        """Catalogue entry of the layer that outlines the place."""
        return self.settings.place.boundary if self.settings.place is not None else layer_ids.CITY

    def relative(self, path: Path) -> str:
        """Return `path` as users and run.json see it: relative to the workspace, with forward slashes; else its name."""
        return self._inside(path) or path.name

    def labels(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Return {path: name shown to the user}, no two alike: relative to the workspace, or else the shortest tail
        (name, folder/name, …) that tells a file from the others."""
        distinct = list(dict.fromkeys(paths))
        inside = {path: self._inside(path) for path in distinct}
        outside = {path: real_path(path).parts for path in distinct if not inside[path]}
        taken = {label for label in inside.values() if label}
        for path, parts in outside.items():
            others = [other for other in outside.values() if other != parts]
            tails = ("/".join(parts[-depth:]) for depth in range(1, len(parts) + 1))
            depths = zip(range(1, len(parts) + 1), tails, strict=True)
            inside[path] = next(
                (t for d, t in depths if t not in taken and all(o[-d:] != parts[-d:] for o in others)), parts[-1]
            )
        return {path: visible(label) for path, label in inside.items()}

    def _inside(self, path: Path) -> str:
        """Return the path relative to the workspace, "" when it lies elsewhere; a link counts where it stands."""
        for place, root in ((absolute_path(path), absolute_path(self.root)), (real_path(path), real_path(self.root))):
            if place.is_relative_to(root):
                return place.relative_to(root).as_posix()
        return ""


def absolute_path(path: Path) -> Path:
    """Return the absolute path without ``..``, links not followed."""
    return Path(os.path.normpath(path.absolute()))


def find_workspace(start: Path) -> Path:
    """Return `start` or its nearest parent holding cdgis.toml.

    Raises
    ------
    WorkspaceError : no folder up to the root holds one.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    raise WorkspaceError(
        f"在 {start} 及其上级目录中都没有找到 {SETTINGS_FILE}",
        remedy="请用 --workspace 指定工作区，或用 cdgis init 目录名 新建一个",
    )


def open_workspace(root: Path) -> Workspace:
    """Return the workspace in `root` with settings and catalogue validated.

    Raises
    ------
    WorkspaceError : cdgis.toml is absent, not TOML, or holds an unknown or ill-typed setting.
    CatalogError : the catalogue is absent or faulty.
    """
    try:
        settings = Settings(**read_toml(root / SETTINGS_FILE))
    except (FileNotFoundError, NotADirectoryError):
        raise WorkspaceError(f"{root} 不是工作区：缺少 {SETTINGS_FILE}", remedy="可用 cdgis init 新建") from None
    except OSError as err:
        raise WorkspaceError(f"{root} 的 {SETTINGS_FILE} 无法读取（{os_reason(err)}）", remedy="请检查权限") from err
    except ValidationError as err:
        raise WorkspaceError(f"{SETTINGS_FILE} 有误：{'；'.join(schema_problems(err))}") from err
    except ValueError as err:
        raise WorkspaceError(f"{SETTINGS_FILE} 不是合法的 UTF-8 TOML：{in_words(err)}") from err
    return Workspace(root=root, settings=settings, catalog=read_catalog(root / settings.catalog))
