"""`cdgis layers add`: the catalogue entry for somebody's file or service, proposed with its evidence and written when confirmed.

Nothing is guessed in silence: a field chosen by content, a class no rule knows and a file that cannot be read as it is
stand in the proposal, and the last two keep it from being written.
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import shapely

from cdgis.core.array_types import GeometryArray
from cdgis.core.errors import CdgisError, UsageError, os_reason
from cdgis.core.scratch_folder import scratch_folder
from cdgis.geometry.gauss_kruger import KNOWN_EPSG, identify_crs
from cdgis.pipelines.layer_material import UNSTATED, Material, blank_entry, layer_material
from cdgis.readers import read_layer
from cdgis.readers.attribute_columns import column_aliases
from cdgis.readers.field_proposal import Choice, ClassMatch, choose_fields, match_classes
from cdgis.readers.layer_files import read_raw
from cdgis.readers.layer_profiles import ProfileLayer, profile_layers
from cdgis.readers.loading import read_rules
from cdgis.readers.placed_layers import place_box
from cdgis.rules.unknown_classes import classes_named
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.catalog_edit import Value, with_entry, write_entry
from cdgis.workspace.create import standard_classes
from cdgis.workspace.layer_check import check_layers, partition_faults
from cdgis.workspace.layers import Layer
from cdgis.workspace.settings import Workspace

Profiles = tuple[tuple[str, ProfileLayer], ...]
_KIND_WORDS = {"polygon": "面", "line": "线", "point": "点"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user says about the layer instead of leaving it to the proposal."""

    layer_id: str
    profile: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    """Catalogue keys given outright: title, theme, version, official, source, licence, crs, coverage, accuracy_m, sublayer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A catalogue entry and what speaks for it."""

    layer_id: str
    values: Mapping[str, Value | None]
    evidence: tuple[str, ...]
    """One line a fact, in Chinese."""
    questions: tuple[str, ...]
    """What a person should look at."""
    obstacles: tuple[str, ...]
    """Why it cannot be written as it is."""
    staged: Mapping[Path, Path]
    """File made for it -> where it goes."""
    layer: Layer | None = None
    """The layer as it was read for the proposal, None when it could not be."""

    @property
    def text(self) -> str:
        """The entry as it would stand in the catalogue, keys that are removed left out."""
        return with_entry("", self.layer_id, {k: v for k, v in self.values.items() if v is not None}).strip()


@contextmanager
def proposed_layer(workspace: Workspace, source: str, wishes: Wishes) -> Iterator[Proposal]:
    """Give the proposal for a file or address; staged files last until the end of the block.

    Raises
    ------
    UsageError, SourceError, LayerError : there is nothing that can be looked at.
    """
    with scratch_folder() as folder:
        material = layer_material(workspace, source, wishes.layer_id, folder, crs=str(wishes.values.get("crs", "")))
        yield _Proposer(workspace, wishes, material).proposal()


def accept(workspace: Workspace, proposal: Proposal) -> None:
    """Put the files in their places and the entry into the catalogue.

    Raises
    ------
    UsageError : the proposal has obstacles, or a file of that name stands there already.
    CatalogError : the catalogue cannot be changed.
    """
    if proposal.obstacles:
        raise UsageError("；".join(proposal.obstacles), remedy="没有写入。请按上面的提示改正后重试")
    taken = [target for made, target in proposal.staged.items() if target.exists() and not _same(made, target)]
    if taken:
        raise UsageError(f"{'、'.join(workspace.relative(t) for t in taken)} 已存在，没有覆盖", remedy="请给文件改名，或先移走旧文件")
    try:
        for made, target in proposal.staged.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(made, target, dirs_exist_ok=True) if made.is_dir() else shutil.copyfile(made, target)
    except OSError as err:
        raise UsageError(f"文件放不进工作区（{os_reason(err)}）", remedy="请检查权限") from err
    write_entry(workspace.root / workspace.settings.catalog, proposal.layer_id, proposal.values)


def _same(made: Path, target: Path) -> bool:
    return made.is_file() and target.is_file() and made.read_bytes() == target.read_bytes()


class _Proposer:
    """Puts one proposal together."""

    def __init__(self, workspace: Workspace, wishes: Wishes, material: Material) -> None:
        self._workspace, self._wishes, self._material = workspace, wishes, material
        self._old = workspace.catalog.layers.get(wishes.layer_id)
        self._evidence = list(material.evidence)
        self._questions: list[str] = []
        self._obstacles: list[str] = []
        self._layer: Layer | None = None

    def proposal(self) -> Proposal:
        """Return the proposal."""
        wishes = self._wishes
        looked = LayerSpec.model_validate({**blank_entry(wishes.layer_id), "path": self._material.path, **self._given("crs", "sublayer")})
        raw = read_raw(looked, self._material.folder / self._material.path)
        profiles = profile_layers(wishes.profile, wishes.layer_id, (self._material.path, looked.sublayer))
        known = self._known_classes()
        sources = self._field_sources(raw.frame, profiles)
        choices = choose_fields(raw.frame, sources, known)
        self._say_fields(choices, raw.frame)
        classes = self._classes(raw.frame, choices, known, profiles)
        values = self._values(choices, classes, self._kind(raw.geometries), raw.crs_wkt)
        self._try(values)
        return Proposal(
            layer_id=wishes.layer_id, values=values, evidence=tuple(self._evidence), questions=tuple(self._questions),
            obstacles=tuple(self._obstacles), staged=self._material.staged, layer=self._layer,
        )  # fmt: skip

    def _given(self, *names: str) -> dict[str, Value]:
        return {name: self._wishes.values[name] for name in names if name in self._wishes.values}

    def _known_classes(self) -> tuple[str, ...]:
        if self._old is not None and self._old.allowed_classes:
            return self._old.allowed_classes
        try:
            rulebook, _ = read_rules(self._workspace, self._workspace.settings, [])
        except CdgisError:
            return ()
        return standard_classes(self._wishes.layer_id, classes_named(self._wishes.layer_id, rulebook.rules))

    def _field_sources(self, frame: pd.DataFrame, profiles: Profiles) -> list[tuple[str, Mapping[str, tuple[str, ...]]]]:
        strange = [name for name in self._wishes.fields.values() if name not in frame.columns]
        if strange:
            raise UsageError(f"文件里没有字段 {'、'.join(strange)}", remedy=f"有 {'、'.join(map(str, frame.columns))}")
        sources: list[tuple[str, Mapping[str, tuple[str, ...]]]] = [("按 --field", {c: (f,) for c, f in self._wishes.fields.items()})]
        sources += [("按原条目", self._old.fields)] if self._old is not None else []
        sources += [(f"按数据规范 {name}", layer.fields) for name, layer in profiles if layer.mark == "S"]
        sources.append(("按常见写法", column_aliases("zone")))
        sources += [(f"按数据规范 {name}，该字段名未核实", layer.fields) for name, layer in profiles if layer.mark != "S"]
        return sources

    def _say_fields(self, choices: tuple[Choice, ...], frame: pd.DataFrame) -> None:
        for choice in choices:
            self._evidence.append(f"{choice.column} ← {choice.field}（{choice.evidence}）")
            if choice.by_content:
                self._questions.append(f"{choice.column} 取 {choice.field} 只是由内容推断，请核对；不对的用 --field {choice.column}=字段名")
        found = {choice.column for choice in choices}
        if "zone_id" not in found:
            self._obstacles.append("没有一个字段可作编码（值各不相同、没有空白）；请用 --field zone_id=字段名")
        unread = [str(name) for name in frame.columns if name not in {choice.field for choice in choices}]
        if unread:
            self._evidence.append(f"没有用到的字段：{'、'.join(unread)}")

    def _classes(self, frame: pd.DataFrame, choices: tuple[Choice, ...], known: tuple[str, ...], profiles: Profiles) -> ClassMatch:
        chosen = next((choice.field for choice in choices if choice.column == "zone_class"), "")
        if not chosen:
            if known and not (self._old is not None and len(self._old.allowed_classes) == 1):
                self._questions.append(f"没有类别字段；规则认得的类别是 {'、'.join(known)}。有的请用 --field zone_class=字段名")
            return ClassMatch(mapped={}, same=(), unknown=())
        stated = {code: name for _, layer in reversed(profiles) for code, name in layer.classes.items()}
        stated |= self._material.domains.get(chosen, {})
        stated |= self._old.classes if self._old is not None else {}
        match = match_classes(frame[chosen], known, {**stated, **self._wishes.classes})
        parts = [f"“{value}”按“{meaning}”" for value, meaning in match.mapped.items()]
        self._evidence.append(f"类别（{chosen}）：{'、'.join((*match.same, *parts)) or '没有一个认得'}")
        if match.unknown:
            listed = "、".join(value or "（空）" for value in match.unknown)
            self._obstacles.append(f"类别 {listed} 没有规则认得，认得的是 {'、'.join(known)}；请用 --class 值=类别 写明对应")
        return match

    def _kind(self, geometries: GeometryArray) -> str:
        shapes = [shape for shape in geometries if shape is not None and not shape.is_empty]
        kinds = Counter({0: "point", 1: "line", 2: "polygon"}[int(shapely.get_dimensions(shape))] for shape in shapes)
        if not kinds:
            self._obstacles.append("文件里没有图形；表和栅格请直接在 layers/catalog.toml 中登记")
            return "polygon"
        kind, count = kinds.most_common(1)[0]
        rest = "，".join(f"{_KIND_WORDS[k]} {n} 个不会读入" for k, n in kinds.items() if k != kind)
        self._evidence.append(f"图形是{_KIND_WORDS[kind]}，{count} 个" + (f"；{rest}" if rest else ""))
        if rest:
            self._questions.append(f"图形不止一种：{rest}")
        return kind

    def _values(self, choices: tuple[Choice, ...], classes: ClassMatch, kind: str, stated_crs: str) -> dict[str, Value | None]:
        old, wishes = self._old, self._wishes
        epsg = identify_crs(str(wishes.values.get("crs") or stated_crs)) if wishes.values.get("crs") or stated_crs else None
        word = KNOWN_EPSG.get(epsg or 0, "不认识") if epsg else "没有写明" if not stated_crs else "认不出"
        self._evidence.append(f"坐标系：{'按 --crs ' if wishes.values.get('crs') else '文件写明 '}{f'EPSG:{epsg} ' if epsg else ''}{word}")
        coverage = self._coverage()
        path = self._material.path if not self._material.staged else next(iter(self._targets()))
        values: dict[str, Value | None] = {
            "title": old.title if old else wishes.layer_id, "theme": old.theme if old else "要素", "geometry": kind, "path": path,
            "official": False, "version": UNSTATED, "source": UNSTATED, "licence": UNSTATED, "url": self._material.url or None,
            "crs": None, "sublayer": None, "encoding": None, "none": None, "none_by": None, "none_on": None,
            **({"coverage": coverage} if coverage else {}),
            "fields": {choice.column: [choice.field] for choice in choices},
            "classes": dict(classes.mapped) or None,
        }  # fmt: skip
        if old is None and len(known := self._known_classes()) > 1:
            values["allowed_classes"] = known
        values |= wishes.values
        self._questions += [
            f"{key} 还是“{UNSTATED}”，请用 --{key} 写明" for key in ("version", "source", "licence") if values[key] == UNSTATED
        ]
        if not values["official"]:
            self._questions.append("按非官方数据登记，凡用到它的结论都印“示范数据”；是官方成果的请加 --official")
        if old is not None:
            kept = [k for k in ("accuracy_m", "note", "plan", "partition", "allowed_classes") if k in old.model_fields_set]
            named = f"其中 {'、'.join(kept)} " if kept else "没有提到的项"
            self._questions.append(f"替换已有条目 {wishes.layer_id}；{named}原样保留，请核对")
        return values

    def _targets(self) -> list[str]:
        files = [target for target in self._material.staged.values() if target.suffix.lower() not in (".shx", ".dbf", ".prj", ".cpg", ".json")]
        return [target.relative_to(self._workspace.layers_dir).as_posix() for target in files]

    def _coverage(self) -> str:
        if self._old is not None:
            return self._old.coverage
        named = Counter(spec.coverage for spec in self._workspace.catalog.layers.values() if spec.coverage)
        return named.most_common(1)[0][0] if named else ""

    def _try(self, values: dict[str, Value | None]) -> None:
        """Read the layer as proposed, and say what it is then: extent, share of its coverage, whether it tiles it, faults."""
        entry: dict[str, object] = {k: v for k, v in values.items() if v is not None}
        entry |= {"id": self._wishes.layer_id, "path": self._material.path}
        if self._old is not None and self._old.allowed_classes:
            entry["allowed_classes"] = self._old.allowed_classes
        try:
            spec = LayerSpec.model_validate(entry)
            layer = self._layer = read_layer(spec, self._material.folder)
            covering = self._workspace.catalog.layers.get(spec.coverage)
            cover = read_layer(covering, self._workspace.layers_dir) if covering is not None else None
        except CdgisError as err:
            self._obstacles.append(str(err))
            return
        except ValueError:
            self._obstacles.append("条目不完整（要素图层须有 coverage），请用 --coverage 写明")
            return
        box = layer.zones.total_bounds
        self._evidence.append(f"范围：经度 {box[0]:.3f}～{box[2]:.3f}，纬度 {box[1]:.3f}～{box[3]:.3f}；读入 {len(layer.zones)} 个区")
        self._judge(layer, cover, values)

    def _judge(self, layer: Layer, cover: Layer | None, values: dict[str, Value | None]) -> None:
        layers = {"": layer} if cover is None else {cover.spec.id: cover, layer.spec.id: layer}
        if cover is not None and layer.spec.geometry == "polygon" and (self._old is None or not self._old.partition):
            fits = not partition_faults(layer, cover)
            self._evidence.append(f"{'恰好铺满' if fits else '没有铺满'}{cover.spec.title}" + ("，按 partition = true 登记" if fits else ""))
            if fits:
                values["partition"] = True
        for fault in check_layers(layers, place=place_box(self._workspace)):
            if fault.layer == layer.spec.id:
                where = f"（{fault.zone_id}）" if fault.zone_id else ""
                (self._obstacles if fault.grave else self._questions).append(f"{fault.problem}{where}：{fault.remedy}")

