"""What layers does this workspace have, and how is each file to be read? (layers/catalog.toml)

A catalogue entry maps a file with anybody's field names to the standard zone columns
``zone_id, zone_name, zone_class`` plus named extras. Official files are dropped in by
changing one entry; no code knows a file name or a field name.
"""

import tomllib
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cdgis.errors import CatalogError
from cdgis.validation import schema_problems

Theme = Literal["基础", "三线", "一单", "主体功能", "流域", "修复", "要素", "碳汇"]
GeometryKind = Literal["polygon", "line", "point", "raster", "table"]


class PlanInfo(BaseModel):
    """Which approved plan version a layer carries (生态环境法典 第66、67条 need it for a finding)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    approved_by: str = ""
    """批准机关."""
    filed_on: str = ""
    """备案日期."""
    published_on: str = ""
    """公布日期."""
    document: str = ""


class LayerSpec(BaseModel):
    """One catalogue entry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    """Chinese name shown to the user."""
    theme: Theme
    geometry: GeometryKind
    path: str
    """Relative to the catalogue's folder."""
    sublayer: str = ""
    """Layer inside a container such as a GeoPackage; empty means the only one."""
    official: bool
    version: str
    """Version date of the content, YYYY-MM-DD or YYYY."""
    source: str
    licence: str
    coverage: str = ""
    """Id of the area layer inside which this layer speaks; mandatory for zone layers."""
    accuracy_m: float = Field(default=0.0, ge=0)
    """Positional accuracy of the drawn line, metres."""
    crs: str = ""
    """Declared CRS for files that lack one, such as ``EPSG:4527``."""
    encoding: str = ""
    partition: bool = False
    """True when the zones must tile the coverage without gap or overlap."""
    fields: dict[str, tuple[str, ...]] = {}
    """Standard column -> candidate field names in the file, first match wins (10-character prefixes too)."""
    classes: dict[str, str] = {}
    """Class value in the file -> standard class."""
    allowed_classes: tuple[str, ...] = ()
    """Standard classes this layer may hold; empty means free text."""
    zones: bool = True
    """Whether subjects are overlaid with this layer."""
    plan: PlanInfo = PlanInfo()
    as_of: date | None = None
    """Date a raster or inventory stands for."""
    note: str = ""

    @model_validator(mode="after")
    def _zone_layers_declare_coverage(self) -> "LayerSpec":
        if self.zones and self.geometry in ("polygon", "line", "point") and not self.coverage:
            raise ValueError(f"图层 {self.id} 未声明 coverage（该图层在哪个范围内有话可说）")
        return self

    @property
    def is_vector(self) -> bool:
        """Whether the layer holds features rather than pixels or plain rows."""
        return self.geometry in ("polygon", "line", "point")


class Catalog(BaseModel):
    """All layers of a workspace in file order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: dict[str, LayerSpec]

    def __getitem__(self, layer_id: str) -> LayerSpec:
        try:
            return self.layers[layer_id]
        except KeyError:
            known = "、".join(self.layers)
            raise CatalogError(f"目录中没有图层 {layer_id}。已登记：{known}") from None

    def __contains__(self, layer_id: str) -> bool:
        return layer_id in self.layers

    def zone_layers(self) -> tuple[LayerSpec, ...]:
        """Return the layers subjects are overlaid with, in catalogue order."""
        return tuple(spec for spec in self.layers.values() if spec.zones and spec.is_vector)


def read_catalog(path: Path) -> Catalog:
    """Return the catalogue in `path`.

    Raises
    ------
    CatalogError : the file is missing, is not TOML, or an entry is incomplete; all faults at once.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CatalogError(f"找不到图层目录 {path.name}。应在工作区的 layers/ 下；可用 cdgis init 新建工作区") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise CatalogError(f"{path.name} 不是合法的 UTF-8 TOML：{err}") from err
    entries = {key: {"id": key, **value} for key, value in raw.get("layers", {}).items()}
    try:
        catalog = Catalog(layers={key: LayerSpec(**value) for key, value in entries.items()})
    except ValidationError as err:
        raise CatalogError(f"{path.name} 有误：" + "；".join(schema_problems(err))) from err
    missing = [
        f"{spec.id} 的 coverage={spec.coverage} 不在目录中"
        for spec in catalog.layers.values()
        if spec.coverage and spec.coverage not in catalog
    ]
    if missing:
        raise CatalogError(f"{path.name} 有误：" + "；".join(missing))
    return catalog
