"""Where is the workspace, and what are its settings? (cdgis.toml)"""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cdgis.catalog import Catalog, read_catalog
from cdgis.errors import WorkspaceError
from cdgis.validation import schema_problems

SETTINGS_FILE = "cdgis.toml"

AreaMethod = Literal["survey", "geodesic", "gk117"]


class RuleOff(BaseModel):
    """A rule the workspace switches off; listed on every report as 未纳入的规则."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    reason: str = Field(min_length=2)


class Sources(BaseModel):
    """Where subjects come from; globs relative to the workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    projects: tuple[str, ...] = ()
    project_attributes: str = ""
    """Sidecar table with one row per parcel, for formats that carry no attributes."""
    enterprises: tuple[str, ...] = ()


class CarbonSettings(BaseModel):
    """Carbon account choices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    land_class_layer: str = "land_classes_2025"
    zone_layers: tuple[str, ...] = ("counties", "management_units", "basins", "ecological_redline", "restoration_areas")
    pool_table: str = "chengde_100cm"


class Settings(BaseModel):
    """Everything cdgis.toml may set; the effective values are printed in every report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    city: str
    as_of: date
    catalog: str = "layers/catalog.toml"
    tolerance_m: float = Field(default=20.0, ge=0)
    area_method: AreaMethod = "survey"
    undeclared_datum_accuracy_m: float = Field(default=700.0, ge=0)
    default_accuracy_m: float = Field(default=0.0, ge=0)
    map_review_number: str = ""
    """审图号; empty prints the internal-use stamp."""
    report_valid_days: int = Field(default=180, ge=1)
    """How long a screening report may be relied on, counted from the day it judges by."""
    sources: Sources = Sources()
    rules_off: tuple[RuleOff, ...] = ()
    carbon: CarbonSettings = CarbonSettings()


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

    def relative(self, path: Path) -> str:
        """Return `path` as users and run.json see it: relative to the workspace, with forward slashes."""
        try:
            return path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return path.name


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
        f"在 {start} 及其上级目录中都没有找到 {SETTINGS_FILE}。请用 --workspace 指定工作区，或用 cdgis init 目录名 新建一个"
    )


def open_workspace(root: Path) -> Workspace:
    """Return the workspace in `root` with settings and catalogue validated.

    Raises
    ------
    WorkspaceError : cdgis.toml is absent, not TOML, or holds an unknown or ill-typed setting.
    CatalogError : the catalogue is absent or faulty.
    """
    path = root / SETTINGS_FILE
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WorkspaceError(f"{root} 不是工作区：缺少 {SETTINGS_FILE}。可用 cdgis init 新建") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise WorkspaceError(f"{SETTINGS_FILE} 不是合法的 UTF-8 TOML：{err}") from err
    try:
        settings = Settings(**raw)
    except ValidationError as err:
        raise WorkspaceError(f"{SETTINGS_FILE} 有误：{'；'.join(schema_problems(err))}") from err
    return Workspace(root=root, settings=settings, catalog=read_catalog(root / settings.catalog))
