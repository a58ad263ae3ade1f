"""`cdgis init NAME --city CODE`: a workspace for a place, with its outline and an entry to fill for every layer a rule asks for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import shapely
from geopandas import GeoDataFrame

from cdgis.core import layer_ids
from cdgis.core.errors import UsageError
from cdgis.geometry.planes import Planes, on_planes
from cdgis.pipelines.layer_material import blank_entry
from cdgis.readers import read_layer
from cdgis.readers.attribute_columns import column_aliases
from cdgis.readers.coordinates import CHINA_BOX
from cdgis.readers.field_proposal import choose_fields
from cdgis.readers.frame_sites import frame_geojson
from cdgis.readers.layer_files import read_raw
from cdgis.readers.loading import load_rules
from cdgis.rules.unknown_classes import classes_named
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.create import CITY_CATALOG, CITY_SETTINGS, known_layers, make_skeleton, standard_classes
from cdgis.workspace.settings import SETTINGS_FILE, open_workspace

_CODE = re.compile(r"\d{4}(\d{2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCity:
    """What is said of the place."""

    name: str
    code: str
    """行政区划代码, four or six digits."""
    province: str = ""
    as_of: date
    boundary: Path | None = None
    """Polygons of the place, or of its counties."""
    extent: tuple[float, float, float, float] | None = None
    """West, south, east, north in degrees, where there is no boundary yet."""
    official: bool = False
    """Whether the boundary is an official one."""
    source: str = ""


def new_city(folder: Path, city: NewCity) -> tuple[str, ...]:
    """Write the workspace and return what was done, in Chinese, a line each.

    Raises
    ------
    UsageError : the code is none, or neither boundary nor extent is given.
    WorkspaceError : the folder exists and is not empty.
    LayerError, CrsError : the boundary cannot be read; nothing is written.
    """
    if not _CODE.fullmatch(city.code):
        raise UsageError(f"城市代码 {city.code} 应为 4 或 6 位行政区划代码", remedy="例如 --city 430400")
    if city.boundary is None and city.extent is None:
        raise UsageError("不知道本市在哪里", remedy="请给 --boundary 市界或县界文件；还没有的给 --extent 西,南,东,北（度）")
    with on_planes(lambda: Planes.of(CHINA_BOX)):  # where the place lies is what the boundary is to tell
        outline = _outline(city) if city.boundary is not None else None
    make_skeleton(folder)
    lines = [f"已建立 {city.name}（{city.code}）的工作区 {folder}"]
    entries: list[str] = []
    if outline is not None:
        lines += _write_outline(folder, city, outline, entries)
    place = f'extent = [{", ".join(f"{bound:g}" for bound in city.extent)}]\n' if city.extent and outline is None else ""
    (folder / SETTINGS_FILE).write_text(
        CITY_SETTINGS.format(name=city.name, code=city.code, province=city.province, as_of=city.as_of, place=place), encoding="utf-8"
    )
    catalog = folder / "layers" / "catalog.toml"
    catalog.write_text(CITY_CATALOG + "\n".join(entries), encoding="utf-8")
    asked = layers_asked(folder)
    catalog.write_text(CITY_CATALOG + "\n".join([*entries, *map(_commented, asked)]), encoding="utf-8")
    return (*lines, f"目录里有规则要用的 {len(asked)} 个图层的空条目（已注释），用 cdgis layers add 或 cdgis layers none 逐个填上")


def layers_asked(folder: Path) -> tuple[LayerSpec, ...]:
    """Return what is known of every layer the rules of a workspace ask for and its catalogue lacks, in catalogue order."""
    workspace = open_workspace(folder)
    rules = load_rules(workspace).rulebook.rules
    asked = {rule.layer for rule in rules if rule.layer} - workspace.catalog.layers.keys()
    return tuple(
        spec.model_copy(update={"allowed_classes": standard_classes(name, classes_named(name, rules))})
        for name, spec in known_layers().items()
        if name in asked
    )


def _outline(city: NewCity) -> GeoDataFrame:
    """Return the polygons of the boundary file: zone_id, zone_name, geometry, EPSG:4490."""
    path = Path(city.boundary or "")
    if not path.exists():
        raise UsageError(f"没有文件 {path}", remedy="请核对 --boundary")
    blank = LayerSpec.model_validate({**blank_entry(layer_ids.CITY), "path": path.name})
    raw = read_raw(blank, path)
    choices = choose_fields(raw.frame, [("按常见写法", column_aliases("zone"))], ())
    fields = {choice.column: (choice.field,) for choice in choices if choice.column in ("zone_id", "zone_name")}
    if "zone_id" not in fields:
        names = "、".join(map(str, raw.frame.columns)) or "没有字段"
        raise UsageError(f"{path.name} 里没有可作编码的字段（有 {names}）", remedy="请补一列行政区划代码（如 XZQDM）")
    zones = read_layer(blank.model_copy(update={"fields": fields}), path.parent).zones
    if not len(zones) or (shapely.get_dimensions(np.asarray(zones.geometry.array)) != 2).any():
        raise UsageError(f"{path.name} 里没有面，不能作边界", remedy="请给面图层")
    return zones[["zone_id", "zone_name", "geometry"]]


def _write_outline(folder: Path, city: NewCity, outline: GeoDataFrame, entries: list[str]) -> list[str]:
    """Write the place and, of several polygons, its counties as layers; return what is to be said."""
    base = folder / "layers" / "base"
    base.mkdir()
    whole = GeoDataFrame(
        {"zone_id": [city.code], "zone_name": [city.name]}, geometry=[shapely.union_all(outline.geometry.to_numpy())], crs=4490
    )
    parts = [(layer_ids.CITY, "市域", whole), (layer_ids.COUNTIES, "县级行政区", outline)][: 2 if len(outline) > 1 else 1]
    for name, title, frame in parts:
        (base / f"{name}.geojson").write_bytes(frame_geojson(frame))
        entries.append(_entry(name, title, city))
    strange = [str(code) for code in outline["zone_id"] if not str(code).startswith(city.code[:4])]
    bounds = outline.total_bounds
    lines = [f"边界取自 {Path(city.boundary or '').name}：{len(outline)} 个面，{bounds[0]:.2f}–{bounds[2]:.2f}°E，{bounds[1]:.2f}–{bounds[3]:.2f}°N"]
    if strange:
        lines.append(f"请核对：边界里的编码 {'、'.join(strange[:5])} 不以 {city.code[:4]} 开头，不像本市的")
    return lines


def _entry(name: str, title: str, city: NewCity) -> str:
    cover = "" if name == layer_ids.CITY else f'coverage = "{layer_ids.CITY}"\n'
    zones = "zones = false\n" if name == layer_ids.CITY else "partition = true\n"
    source = city.source or (Path(city.boundary).name if city.boundary else "")
    return (
        f'\n[layers.{name}]\ntitle = "{title}"\ntheme = "基础"\ngeometry = "polygon"\npath = "base/{name}.geojson"\n'
        f'official = {str(city.official).lower()}\nversion = "{city.as_of}"\nsource = "{source}"\nlicence = "内部使用"\n'
        f'{cover}{zones}fields = {{ zone_id = ["zone_id"], zone_name = ["zone_name"] }}\n'
    )


def _commented(spec: LayerSpec) -> str:
    """Return the entry of a layer still to come, every line a comment; `cdgis layers add` writes the true one."""
    rows = [
        f"[layers.{spec.id}]", f'title = "{spec.title}"', f'theme = "{spec.theme}"', f'geometry = "{spec.geometry}"', 'path = ""',
        "official = true", 'version = ""', 'source = ""', 'licence = "内部使用"', f'coverage = "{layer_ids.CITY}"',
        f"fields = {_inline(spec.fields)}",
    ]  # fmt: skip
    rows += [f"allowed_classes = {_list(spec.allowed_classes)}"] if spec.allowed_classes else []
    return "\n" + "\n".join(f"# {row}" for row in rows) + "\n"


def _inline(fields: Mapping[str, tuple[str, ...]]) -> str:
    kept = {name: words for name, words in fields.items() if name in ("zone_id", "zone_name", "zone_class")}
    return "{ " + ", ".join(f"{name} = {_list(words)}" for name, words in kept.items()) + " }"


def _list(words: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def extent_of(text: str) -> tuple[float, float, float, float]:
    """Return west, south, east, north written as four numbers with commas.

    Raises
    ------
    UsageError : they are not four numbers in that order, inside China.
    """
    try:
        west, south, east, north = (float(part) for part in re.split(r"[,，\s]+", text.strip()))
    except ValueError:
        raise UsageError(f"范围读到 {text}，应为四个数", remedy="例如 --extent 111.5,26.0,113.2,27.5（西,南,东,北）") from None
    if not (73 <= west < east <= 136 and 3 <= south < north <= 54):
        raise UsageError(f"范围 {text} 不对，应为 西,南,东,北（度，在中国范围内）", remedy="例如 --extent 111.5,26.0,113.2,27.5")
    return west, south, east, north


