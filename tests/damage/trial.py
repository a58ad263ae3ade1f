"""One damaged input: what changed in the tables of a run, whether it may have, and whether it is said."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from cdgis.core.errors import CdgisError
from cdgis.core.vocabulary import Verdict
from cdgis.judging.evaluation import Judged
from cdgis.pipelines import assess_city
from cdgis.pipelines.save_assessment import save_assessment
from cdgis.readers import loading, read_layer
from cdgis.readers.loading import Loaded
from cdgis.results.assessment import Assessment
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer, Subjects
from cdgis.workspace.settings import Workspace, open_workspace

from .ways import damage

STRICT = (Verdict.CLEAR, Verdict.CONDITIONAL, Verdict.JUSTIFY, Verdict.FAIL)
EVERYWHERE = ("city", "counties", "management_units", "access_list")
"""Layers that any verdict may rest on: what is covered, in which county and unit, by which list."""


class Watched(dict[str, Layer]):
    """Layers that note which of them are asked for."""

    asked: set[str]

    def __getitem__(self, name: str) -> Layer:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the layer, and note it."""
        self.asked.add(name)
        return super().get(name, default)

    def values(self) -> Any:
        """Return all, and note all."""
        self.asked.update(self)
        return super().values()

    def items(self) -> Any:
        """Return all, and note all."""
        self.asked.update(self)
        return super().items()


@dataclass
class Bench:
    """A workspace whose undamaged layers, subjects and carbon account are computed once."""

    root: Path
    keep: frozenset[str] = frozenset()
    """Subjects to judge; all where empty."""
    most: int = 0
    """How many to judge of a damaged file of subjects at most; 0: all."""
    layers: dict[str, Layer] = field(default_factory=dict)
    derived: dict[tuple[int, str], Any] = field(default_factory=dict)
    subjects: Subjects | None = None
    parts: dict[str, tuple[set[str], Any]] = field(default_factory=dict)
    """Name of a part -> the layers it asked for, and what came of it."""
    judged: Judged | None = None
    whole: Assessment | None = None

    def run(self, damaged: str = "") -> Assessment:
        """Return what a run computes; the file `damaged` is read anew."""
        workspace = open_workspace(self.root)
        with self._kept(damaged):
            return assess_city.assess_workspace(workspace)

    def baseline(self) -> Assessment:
        """Return the run on the undamaged workspace."""
        if self.whole is None:
            self.whole = self.run()
        return self.whole

    @contextmanager
    def _kept(self, damaged: str) -> Iterator[None]:
        def one_layer(spec: LayerSpec, folder: Path, **_kept: Any) -> Layer:
            if f"layers/{spec.path}" == damaged:
                return read_layer(spec, folder)
            return self.layers.setdefault(spec.id, self.layers.get(spec.id) or read_layer(spec, folder))

        def derived(layer: Layer, name: str, make: Any) -> Any:
            kept = self.layers.get(layer.spec.id)
            if kept is None or kept.zones is not layer.zones:
                return _DERIVED(layer, name, make)
            return self.derived.setdefault((id(kept), name), self.derived.get((id(kept), name)) or make(layer))

        patched = (
            (loading, "read_layer", one_layer), (assess_city, "read_subjects", partial(self._subjects, damaged)), (Layer, "derived", derived),
            (Layer, "close", lambda self: None),
            (assess_city, "relocation_part", partial(self._relocation, damaged)),
            *((assess_city, name, partial(self._part, name, make, damaged)) for name, make in _PARTS.items()),
        )  # fmt: skip
        with ExitStack() as stack:
            for owner, name, new in patched:
                stack.enter_context(mock.patch.object(owner, name, new))
            yield

    def _subjects(self, damaged: str, workspace: Workspace, **more: Any) -> Subjects:
        is_subject = damaged.split("/")[1:2] in (["projects"], ["enterprises"])
        if self.subjects is not None and not is_subject:
            return self.subjects
        found = _READ_SUBJECTS(workspace, **more)
        if self.most and not self.keep:
            self.keep = frozenset(found.frame["subject_id"][: self.most])
        found = only(found, self.keep)
        self.subjects = self.subjects if is_subject else found
        return found

    def _relocation(self, damaged: str, loaded: Loaded, judged: Judged, *args: Any, **more: Any) -> Any:
        """Return the relocation part, anew also where anything judged differs."""
        same = self.judged is not None and all(self.judged.tables[t].equals(judged.tables[t]) for t in self.judged.tables)
        self.judged = self.judged or judged
        if not same:
            self.parts.pop("relocation", None)
        found = self._part("relocation", _RELOCATE, damaged, loaded, judged, *args, **more)
        if not same and judged is not self.judged:
            self.parts.pop("relocation", None)
        return found

    def _part(self, name: str, make: Any, damaged: str, loaded: Loaded, *args: Any, **more: Any) -> Any:
        """Return what `make` makes of the layers, anew if it asks for the damaged file or the file is a grid."""
        files = {spec.path: name for name, spec in loaded.workspace.catalog.layers.items()}
        layer = files.get(damaged.removeprefix("layers/"), "")
        kept = self.parts.get(name)
        if kept and layer not in kept[0] and (not layer or loaded.workspace.catalog[layer].is_vector):
            return kept[1]
        layers = Watched(loaded.layers)
        layers.asked = set()
        part = make(replace(loaded, layers=layers), *args, **more)
        self.parts[name] = self.parts.get(name) or (layers.asked, part)
        return part


_READ_SUBJECTS, _DERIVED = assess_city.read_subjects, Layer.derived
_RELOCATE = assess_city.relocation_part
_PARTS = {name: getattr(assess_city, name) for name in ("account_carbon", "rivers_of", "elevation_gaps")}


def only(found: Subjects, keep: frozenset[str]) -> Subjects:
    """Return the subjects to keep; all where none is named."""
    if not keep:
        return found
    rows = found.frame["subject_id"].isin(keep)
    attributes = found.attributes[found.attributes["subject_id"].isin(keep)]
    return replace(found, frame=found.frame[rows].reset_index(drop=True), attributes=attributes)


@dataclass(frozen=True)
class Outcome:
    """What one damage did."""

    gone: int
    """Subjects that are no longer judged."""
    answers: int
    """Verdicts that are now 资料不足 or stricter."""
    rows: int
    """Input rows quarantined."""
    gaps: int
    """New lines in table gaps."""
    tables: tuple[str, ...]
    """Other tables that changed."""
    faults: tuple[str, ...]
    """What no damage may do."""

    @property
    def words(self) -> str:
        """The cell of the table."""
        counts = (("对象少", self.gone), ("结论", self.answers), ("隔离", self.rows), ("缺口", self.gaps))
        said = "、".join(f"{word} {count}" for word, count in counts if count) or ("仅值变" if self.tables else "照常")
        return f"**{'；'.join(self.faults)}**" if self.faults else said


def attempt(bench: Bench, name: str, way: str, *, layer: str = "", out: Path | None = None, seed: int = 1) -> Outcome:
    """Damage `name` in the bench's workspace, run, put it back, and return what came of it; `out`: write the run too."""
    place = bench.root / name
    before = bench.baseline()
    kept = place.read_bytes()
    try:
        damage(place, way, seed)
        after = bench.run(name)
        if out is not None:
            save_assessment(after, out)
            shutil.rmtree(out)
    except CdgisError as err:
        return Outcome(0, 0, 0, 0, (), (f"中止：{err.reason}"[:90],))
    except Exception as err:  # what a user would see as a crash is what this looks for
        return Outcome(0, 0, 0, 0, (), (f"崩溃：{type(err).__name__} {err}"[:90],))
    finally:
        place.write_bytes(kept)
    return compared(before, after, name, layer)


def compared(before: Assessment, after: Assessment, name: str, layer: str) -> Outcome:
    """Return the outcome of damage to the file `name`, of catalogue entry `layer` ("" for a file of subjects)."""
    old, new = _words(before), _words(after)
    rested = _resting(before, after, layer)
    faults: list[str] = []
    changed = {key for key in old.keys() & new.keys() if old[key] != new[key]}
    quarantined = after.tables["intake"].loc[after.tables["intake"]["status"] == "quarantined"]
    more = len(quarantined) - int((before.tables["intake"]["status"] == "quarantined").sum())
    gone = old.keys() - new.keys()
    if layer and gone:
        faults.append(f"少了对象 {len(gone)}")
    told = told_of(before, after, name, layer)
    if not layer and gone and not told:
        faults.append(f"不声不响少了对象 {len(gone)}")
    strange = sorted(key for key in changed if layer and layer not in EVERYWHERE and key not in rested)
    if strange:
        faults.append(f"不依赖它的结论变了：{'、'.join(strange[:3])}")
    lenient = sorted(key for key in changed if looser(old[key], new[key]))
    if lenient and layer:
        faults.append(f"放宽：{'、'.join(lenient[:3])}")
    if lenient and not told:
        faults.append("放宽而未说明")
    tables = tuple(sorted(
        t for t in before.tables if t not in ("intake", "gaps", "verdicts") and not _numbers(before.tables[t]).equals(_numbers(after.tables[t]))
    ))  # fmt: skip
    if (tables or changed) and not told:
        faults.append(f"结果变了而没有说明：{'、'.join(tables[:4])}")
    lines = set(after.tables["gaps"].itertuples(index=False)) - set(before.tables["gaps"].itertuples(index=False))
    return Outcome(len(gone), len(changed), max(more, 0), len(lines), tables, tuple(faults))


def told_of(before: Assessment, after: Assessment, name: str, layer: str) -> bool:
    """Is there a new line in intake, gaps or the notes that names the file or the layer?"""
    for table in ("gaps", "intake"):
        new = set(after.tables[table].itertuples(index=False)) - set(before.tables[table].itertuples(index=False))
        if any(Path(name).name in str(row.file) or (layer and layer == getattr(row, "layer", "")) for row in new):
            return True
        if layer == "city" and any("本市" in str(getattr(row, "problem", "")) for row in new):
            return True  # a boundary elsewhere: every other layer is then told to lie outside the city
    title = {spec.id: f"“{spec.title}”" for spec in before.catalog}.get(layer, name)
    return any(Path(name).name in note or title in note for note in set(after.notes) - set(before.notes))


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that are no names; a name that reads otherwise can be seen where it stands."""
    kept = ("state", "verdict", "effect", "layer", "subject_id")
    return table[[name for name in table if table[name].dtype.kind in "fiub" or name in kept]]


def _words(found: Assessment) -> Mapping[str, tuple[str, str]]:
    rows = found.tables["verdicts"]
    return {str(r.subject_id): (str(r.verdict), str(r.at_least)) for r in rows.itertuples(index=False)}


def looser(old: tuple[str, str], new: tuple[str, str]) -> bool:
    """Is a verdict, with its least word, more lenient than before? 资料不足 never is."""
    if new[0] == Verdict.UNKNOWN:
        return False
    return old[0] == Verdict.UNKNOWN or STRICT.index(Verdict(new[0])) < STRICT.index(Verdict(old[0]))


def _resting(before: Assessment, after: Assessment, layer: str) -> set[str]:
    """Return the subjects with a finding that changed on a rule of `layer` or of a layer it bounds."""
    layers = {layer} | {spec.id for spec in before.catalog if spec.coverage == layer}
    sides = [found.tables["findings"][["subject_id", "rule_id", "layer", "state"]] for found in (before, after)]
    moved = pd.concat(sides).drop_duplicates(keep=False)
    return set(moved.loc[moved["layer"].isin(layers), "subject_id"])
