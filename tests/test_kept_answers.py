"""What is drawn of layers alone, kept beside them: the same as drawn anew, and never of other layers, colours or code."""

import json
import pickle
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapes import layer_spec, write_layer

from cdgis.core.packs import current_packs
from cdgis.readers import kept_answers, prepared_layers, read_layer
from cdgis.readers.kept_answers import KeptAnswers
from cdgis.readers.prepared_layers import PREPARED_DIR, PreparedLayers, without_prepared
from cdgis.report.map import budget, offline_map
from cdgis.report.map.base_map import base_map
from cdgis.report.map.budget import pack_whole
from cdgis.report.site import place_content
from cdgis.report.site.place_content import draw_places
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer

NAMES = ("", "甲", "<script>", '"&', "行\n行", "𠮷")
KINDS = {"counties": "polygon", "management_units": "polygon", "main_rivers": "line", "places": "point"}


@pytest.fixture(autouse=True)
def any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared_layers, "LEAST_BYTES", 0)


def random_specs(folder: Path, draw: random.Random) -> list[LayerSpec]:
    specs = []
    for layer, kind in KINDS.items():
        shapes: list[Any] = []
        for _ in range(draw.randint(1, 6)):
            x, y, steps = draw.uniform(117, 118), draw.uniform(40.8, 41.5), draw.randint(4, 300)
            turn = np.linspace(0, 2 * np.pi, steps, endpoint=False)
            out = np.array([draw.uniform(0.01, 0.05) for _ in turn])
            xy = np.column_stack((x + out * np.cos(turn), y + out * np.sin(turn)))
            shapes.append({"polygon": shapely.Polygon, "line": shapely.LineString, "point": lambda xy: shapely.Point(xy[0])}[kind](xy))
        texts = {name: [draw.choice(NAMES) for _ in shapes] for name in ("name", "kind")}
        write_layer(folder / f"{layer}.gpkg", shapes, {"id": [f"{draw.randint(1, 3)}" for _ in shapes], **texts}, epsg=4490)
        fields = {"zone_id": ("id",), "zone_name": ("name",), "zone_class": ("kind",)}
        specs.append(layer_spec(f"{layer}.gpkg", id=layer, geometry=kind, fields=fields))
    return specs


def layers_in(folder: Path, specs: list[LayerSpec]) -> dict[str, Layer]:
    home = PreparedLayers.of(folder, folder, specs)
    return {spec.id: read_layer(spec, folder, kept=home) for spec in specs}


def drawn(layers: Mapping[str, Layer], kept: KeptAnswers | None) -> str:
    return repr((pack_whole(layers, kept), draw_places(layers, None, current_packs(), kept), base_map(layers, (117.0, 40.5, 118.25, 42.0), kept)))


def nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((budget, "_whole"), (place_content, "PlaceMaps"), (offline_map, "offline_map")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("made anew"))


@pytest.mark.parametrize("seed", range(4))
def test_what_was_kept_is_what_would_be_made(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = random_specs(tmp_path, random.Random(seed))
    plain = drawn(layers_in(tmp_path, specs), None)
    layers = layers_in(tmp_path, specs)
    kept = KeptAnswers.of(layers)
    assert kept is not None and drawn(layers, pickle.loads(pickle.dumps(kept))) == plain
    again = layers_in(tmp_path, specs)
    nothing_anew(monkeypatch)
    assert drawn(again, KeptAnswers.of(again)) == plain


@pytest.mark.parametrize("change", ["file", "entry", "order", "code", "colours"])
def test_whatever_it_rests_on_changes_it_is_made_anew(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = random_specs(tmp_path, random.Random(1))
    before = drawn(layers := layers_in(tmp_path, specs), KeptAnswers.of(layers))
    if change == "file":
        random_specs(tmp_path, random.Random(2))
    elif change == "entry":
        specs[0] = specs[0].model_copy(update={"title": "别的题名"})
    elif change == "order":
        specs.reverse()
    elif change == "code":
        monkeypatch.setattr(kept_answers, "code_hash", lambda _: "another")
    else:
        palette = place_content.read_palette()
        changed = replace(palette, layers=dict.fromkeys(palette.layers, "#123456"), cycle=("#123456",), zones={})
        for module in ("site.place_content", "drawing.paths", "drawing.place_map"):
            monkeypatch.setattr(f"cdgis.report.{module}.read_palette", lambda: changed)
    layers = layers_in(tmp_path, specs)
    after = drawn(layers, KeptAnswers.of(layers))
    assert after == drawn(layers, None) and (after == before) == (change == "code")


@pytest.mark.parametrize("damage", ["cut", "byte", "form", "words"])
def test_what_is_damaged_is_made_anew_and_kept_whole(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = random_specs(tmp_path, random.Random(3))
    layers = layers_in(tmp_path, specs)
    kept = KeptAnswers.of(layers)
    plain = drawn(layers, kept)
    assert kept is not None
    paths = sorted((tmp_path / PREPARED_DIR).glob(".*.made"))
    assert len(paths) == 3
    for path in paths:
        data = path.read_bytes()
        head = json.loads(data[16:].decode())
        if damage in ("form", "words"):  # its sum is right: somebody wrote it so
            answer: object = {"a": 1} if damage == "form" else [["counties", "1", {"strokes": "M0 0", "frame": 1}]]
            kept.home.write(path, {**head, "answer": answer}, ())
        else:
            path.write_bytes(data[: len(data) // 2] if damage == "cut" else data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    assert drawn(layers, kept) == plain
    nothing_anew(monkeypatch)
    assert drawn(layers, kept) == plain


def test_exchanged_zones_and_declined_copies_are_never_answered_from_what_was_kept(tmp_path: Path) -> None:
    specs = random_specs(tmp_path, random.Random(4))
    layers = layers_in(tmp_path, specs)
    first = next(iter(layers))
    fewer = {**layers, first: replace(layers[first], zones=layers[first].zones.iloc[:1])}
    none = {**layers, first: replace(layers[first], zones=layers[first].zones.iloc[:0], prepared=None)}
    assert KeptAnswers.of(layers) is not None and KeptAnswers.of(fewer) is None and KeptAnswers.of({}) is None
    assert KeptAnswers.of(none) not in (None, KeptAnswers.of(layers))
    with without_prepared():
        assert KeptAnswers.of(layers) is None and KeptAnswers.of(layers_in(tmp_path, specs)) is None
