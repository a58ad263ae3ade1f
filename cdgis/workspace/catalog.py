"""Layer catalogue of a workspace, and how each file is to be read (layers/catalog.toml).

A catalogue entry maps a file with anybody's field names to the standard zone columns
``zone_id, zone_name, zone_class`` plus named extras. Official files are dropped in by
changing one entry; no code knows a file name or a field name.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from cdgis.core.error_words import in_words
from cdgis.core.errors import CatalogError, os_reason
from cdgis.core.safe_text import text_encoding, visible
from cdgis.core.source_secrets import without_secret
from cdgis.core.toml_files import PlainText, Stated, closest, read_toml, schema_problems

Theme = Literal["基础", "三线", "一单", "主体功能", "流域", "修复", "要素", "碳汇"]
NO_VOIDS = "无"
"""Says of a raster that each of its values is one."""
_LEAST_STATEMENT = 6
"""Characters of a statement with a basis."""
GeometryKind = Literal["polygon", "line", "point", "raster", "table"]


class PlanInfo(Stated):
    """Which approved plan version a layer carries (生态环境法典 第66、67条 need it for a finding)."""

    approved_by: str = ""
    """批准机关."""
    filed_on: str = ""
    """备案日期."""
    published_on: str = ""
    """公布日期."""
    document: str = ""


class LayerSpec(Stated):
    """One catalogue entry."""

    id: PlainText
    title: PlainText
    """Chinese name shown to the user."""
    theme: Theme
    geometry: GeometryKind
    path: PlainText = ""
    """Relative to the catalogue's folder; "" only where `none` says that there is no such zone."""
    none: PlainText = ""
    """Statement that the place has no zone of this kind, and on what basis; all within the coverage is then proven clear."""
    none_by: PlainText = ""
    """Who states it."""
    none_on: date | None = None
    """Day of the statement."""
    sublayer: PlainText = ""
    """Layer inside a container such as a GeoPackage; empty means the only one."""
    url: PlainText = Field(default="", exclude=True)
    """Where `cdgis layers fetch` takes the file from; a secret stands in it as ``${VARIABLE}``. Runs read the file alone."""
    official: bool
    version: PlainText
    """Version date of the content, YYYY-MM-DD or YYYY."""
    source: PlainText
    licence: PlainText
    coverage: PlainText = ""
    """Id of the area layer inside which this layer speaks; mandatory for zone layers."""
    accuracy_m: float = Field(default=0.0, ge=0, le=100_000.0)
    """Positional accuracy of the drawn line, metres."""
    crs: PlainText = ""
    """Declared CRS for files that lack one, such as ``EPSG:4527``."""
    encoding: PlainText = ""
    partition: bool = False
    """True when the zones must tile the coverage without gap or overlap."""
    fields: dict[str, tuple[str, ...]] = {}
    """Standard column -> candidate field names in the file, first match wins (10-character prefixes too)."""
    classes: dict[str, str] = {}
    """Class value in the file -> standard class."""
    legend: PlainText = ""
    """Named legend of a raster of land classes (cdgis/data/legends): what its values stand for."""
    allowed_classes: tuple[str, ...] = ()
    """Standard classes this layer may hold; empty means free text."""
    zones: bool = True
    """Whether subjects are overlaid with this layer."""
    plan: PlanInfo = PlanInfo()
    as_of: date | None = None
    """Date a raster or inventory stands for."""
    nodata: float | Literal["无"] | None = None
    """Value of a raster's cells that hold none, beside the one the file states; 无: every value is one."""
    note: PlainText = ""

    @field_validator("url")
    @classmethod
    def _no_secret(cls, url: str) -> str:
        return without_secret(url)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        known = text_encoding(name)
        if name and not known:
            raise ValueError(f"不认识编码 {visible(name)}，常用的是 gb18030 和 utf-8")
        return known

    @model_validator(mode="before")
    @classmethod
    def _statement_is_its_own_source(cls, entry: Any) -> Any:
        if not isinstance(entry, Mapping) or not entry.get("none"):
            return entry
        return {"version": str(entry.get("none_on", "")), "source": str(entry["none"]), "licence": "声明", **entry}

    @model_validator(mode="after")
    def _file_or_statement(self) -> "LayerSpec":
        if not self.none:
            if not self.path:
                raise ValueError(f"图层 {self.id} 缺少 path（文件）；本市确无此类区的写 none、none_by、none_on")
            if self.none_by or self.none_on:
                raise ValueError(f"图层 {self.id} 写了 none_by 或 none_on，没有写 none（声明的文字和依据）")
            return self
        if self.path or self.url:
            raise ValueError(f"图层 {self.id} 既有文件又声明 none（本市无此类区），请删去其一")
        if len(self.none) < _LEAST_STATEMENT or not self.none_by or self.none_on is None:
            raise ValueError(f"图层 {self.id} 的 none 须写明依据，并写明 none_by（谁声明）和 none_on（日期）")
        if not (self.zones and self.is_vector):
            raise ValueError(f"图层 {self.id} 不参与叠加，不必声明 none")
        return self

    @property
    def statement(self) -> str:
        """The statement that there is no such zone, with its author and day; "" for a layer with a file."""
        return f"{self.none}（{self.none_by}，{self.none_on}）" if self.none else ""

    @model_validator(mode="after")
    def _zone_layers_declare_coverage(self) -> "LayerSpec":
        if self.zones and self.geometry in ("polygon", "line", "point") and not self.coverage:
            raise ValueError(f"图层 {self.id} 未声明 coverage（该图层在哪个范围内有话可说）")
        return self

    @property
    def is_vector(self) -> bool:
        """Whether the layer holds features rather than pixels or plain rows."""
        return self.geometry in ("polygon", "line", "point")


class Catalog(Stated):
    """All layers of a workspace in file order."""

    layers: dict[str, LayerSpec]

    def __getitem__(self, layer_id: str) -> LayerSpec:
        try:
            return self.layers[layer_id]
        except KeyError:
            known = "、".join(self.layers)
            raise CatalogError(f"目录中没有图层 {layer_id}", remedy=f"已登记：{known}") from None

    def __contains__(self, layer_id: str) -> bool:
        return layer_id in self.layers

    @property
    def titles(self) -> dict[str, str]:
        """Layer id -> title."""
        return {layer_id: spec.title for layer_id, spec in self.layers.items()}

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
        raw = read_toml(path)
    except FileNotFoundError:
        raise CatalogError(
            f"找不到图层目录 {path.name}", remedy="应在工作区的 layers/ 下；可用 cdgis init 新建工作区"
        ) from None
    except OSError as err:
        raise CatalogError(
            f"图层目录 {path.name} 无法读取（{os_reason(err)}）", remedy="请核对 cdgis.toml 的 catalog"
        ) from err
    except ValueError as err:
        raise CatalogError(f"{path.name} 不是合法的 UTF-8 TOML：{in_words(err)}") from err
    problems = _misplaced(raw)
    if not problems:
        try:
            entries = {key: {"id": key, **value} for key, value in raw.get("layers", {}).items()}
            catalog = Catalog.model_validate({"layers": entries})
        except ValidationError as err:
            problems = list(schema_problems(err))
        else:
            problems = _coverage_problems(catalog)
    if problems:
        raise CatalogError(f"{path.name} 有误：" + "；".join(problems))
    return catalog


def _misplaced(raw: dict[str, Any]) -> list[str]:
    """Return what stands in the file beside, above or inside [layers.*] and does not belong there."""
    problems = [f"没有 [{key}] 这一项，图层应写作 [layers.编号]" for key in raw if key != "layers"]
    layers = raw.get("layers", {})
    if not isinstance(layers, dict):
        return [*problems, "layers 应为一组 [layers.编号] 条目"]
    problems += [f"layers.{key} 应为一个条目，读到 {value!r:.40}" for key, value in layers.items() if not isinstance(value, dict)]
    inner = [(key, value["id"]) for key, value in layers.items() if isinstance(value, dict) and "id" in value]
    return problems + [f"layers.{key} 里不要写 id（读到 {named!r:.40}），编号就是 {key}" for key, named in inner]


def _coverage_problems(catalog: Catalog) -> list[str]:
    problems: list[str] = []
    for spec in catalog.layers.values():
        if spec.coverage and spec.coverage not in catalog:
            hint = closest(spec.coverage, list(catalog.layers))
            problems.append(f"{spec.id} 的 coverage={spec.coverage} 不在目录中{hint}")
        elif spec.coverage and catalog[spec.coverage].none:
            problems.append(f"{spec.id} 的 coverage={spec.coverage} 声明为没有（none），不能说明范围")
        elif spec.coverage and catalog[spec.coverage].geometry != "polygon":
            problems.append(f"{spec.id} 的 coverage={spec.coverage} 不是面图层，不能说明范围")
    return problems
