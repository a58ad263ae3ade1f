"""Layers kept beside their workspace: the same in every cell as read anew, and never used for another file or place."""

import json
import os
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from shapes import layer_spec, write_geojson, write_layer
from small_workspace import small_workspace

from cdgis.cli import main
from cdgis.core.progress import Silent
from cdgis.geometry.planes import Planes, set_planes
from cdgis.judging.layer_stack import planes_of_zones
from cdgis.readers import place_extent as place_extent_module
from cdgis.readers import prepared_layers, read_layer
from cdgis.readers.coordinates import Box
from cdgis.readers.inputs import expand_globs
from cdgis.readers.layer_files import layer_extent
from cdgis.readers.loading import load_workspace
from cdgis.readers.place_extent import in_place, place_extent
from cdgis.readers.prepared_layers import PREPARED_DIR, PreparedLayers, without_prepared
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer
from cdgis.workspace.settings import open_workspace

TEXTS = ("", "甲", "a;b", "=1+1", "行\n行", "\u200b隐", "𠮷", "<b>", "NaN", "0012", "  前后 ")


@pytest.fixture(autouse=True)
def any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared_layers, "LEAST_BYTES", 0)


def random_shape(draw: random.Random, kind: str) -> BaseGeometry | None:
    x, y = draw.uniform(117, 118), draw.uniform(40.8, 41.5)
    corners = [(x + draw.uniform(0, 0.02), y + draw.uniform(0, 0.02)) for _ in range(draw.randint(3, 7))]
    made = {"polygon": lambda: shapely.Polygon(corners), "line": lambda: shapely.LineString(corners), "point": lambda: shapely.Point(x, y)}
    lost = draw.random() < 0.1
    return None if lost else shapely.multipolygons([shapely.box(x, y, x + d, y + d) for d in (0.001,)]) if (
        kind == "polygon" and draw.random() < 0.3) else made[kind]()  # fmt: skip


def random_layer(folder: Path, seed: int) -> LayerSpec:
    draw = random.Random(seed)
    kind, suffix = draw.choice(("polygon", "line", "point")), draw.choice((".gpkg", ".shp", ".geojson"))
    count = draw.randint(1, 9)
    fields = {name: [draw.choice(TEXTS) for _ in range(count)] for name in ("id", "name", "kind", "more")}
    shapes = [random_shape(draw, kind) for _ in range(count)]
    path = folder / f"层{seed}{suffix}"
    if suffix == ".geojson":
        write_geojson(path, [(shape, {name: texts[row] for name, texts in fields.items()}) for row, shape in enumerate(shapes)])
    else:
        write_layer(path, shapes, fields, epsg=draw.choice((4490, 4326, 4527)), encoding="UTF-8")
    names = {"zone_id": ("id",), "zone_name": ("name",), "zone_class": ("kind",), "extra": ("more",)}
    return layer_spec(path.name, id=f"层/{seed}", geometry=kind, fields=names)


def told(layer: Layer) -> list[object]:
    zones = layer.zones
    cells = [(name, str(zones[name].dtype), [(type(cell), cell) for cell in zones[name].tolist()]) for name in zones.columns[:-1]]
    planes = [one.all() for one in planes_of_zones(layer)]
    blobs = [shapely.to_wkb(np.asarray(shapes, dtype=object)).tolist() for shapes in (zones.geometry.array, *planes)]
    frame = [list(zones.columns), list(zones.index), zones.crs, type(zones.index)]
    return [frame, cells, blobs, layer.spec, layer.record, layer.notes, layer.unknown_classes, layer.quarantined]


def kept_in(root: Path, specs: Sequence[LayerSpec]) -> PreparedLayers:
    found = PreparedLayers.of(root, root, specs)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(40))
def test_a_layer_taken_from_the_shelf_is_the_layer_read(seed: int, tmp_path: Path) -> None:
    spec = random_layer(tmp_path, seed)
    plain = told(read_layer(spec, tmp_path))
    first = told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec])))
    assert len(list((tmp_path / PREPARED_DIR).glob(".*.zones"))) == len(list((tmp_path / PREPARED_DIR).glob(".*.planes"))) == 1
    again = read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec]))
    assert plain == first == told(again)


def test_the_second_reading_opens_no_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = random_layer(tmp_path, 3)
    told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec])))
    monkeypatch.setattr("cdgis.readers.layer_files.read_raw", pytest.fail)
    monkeypatch.setattr("cdgis.judging.layer_stack.both_planes", pytest.fail)
    told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec])))


def test_another_file_of_the_same_size_and_time_is_read(tmp_path: Path) -> None:
    spec = layer_spec("区.geojson", fields={"zone_id": ("id",)})
    path = write_geojson(tmp_path / "区.geojson", [(shapely.box(117.1, 41, 117.2, 41.1), {"id": "A"})])
    told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec])))
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"117.2", b"117.3"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec]))
    assert path.stat().st_size == before.st_size and after.zones.total_bounds[2] == 117.3
    laid_out = [shapely.union_all(planes_of_zones(layer)[0].all()) for layer in (after, replace(after, prepared=None))]
    assert shapely.equals(*laid_out)


@pytest.mark.parametrize("part", ["entry", "place", "code"])
def test_what_decides_how_a_layer_is_read_is_part_of_its_key(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = random_layer(tmp_path, 3)
    record = read_layer(spec, tmp_path).record
    kept = kept_in(tmp_path, [spec])
    key = kept.entry(spec, record).key
    assert key == kept.entry(spec, record).key
    if part == "entry":
        spec = spec.model_copy(update={"classes": {"甲": "乙"}})
    elif part == "place":
        set_planes(lambda: Planes(lat_ts_deg=30.0, lon_0_deg=117.5))
    else:
        monkeypatch.setattr(prepared_layers, "_fingerprint", lambda: "another")
    assert kept.entry(spec, record).key != key


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_copy_is_passed_over_without_a_word(seed: int, tmp_path: Path) -> None:
    spec, draw = random_layer(tmp_path, 3), random.Random(seed)
    plain = told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec])))
    for path in (tmp_path / PREPARED_DIR).glob(".*s"):
        data = bytearray(path.read_bytes())
        if seed % 3 == 0:
            del data[draw.randrange(len(data)) :]
        else:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
    assert told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec]))) == plain


@pytest.mark.parametrize("seed", range(30))
def test_numbers_that_lead_astray_are_passed_over_though_the_sum_is_right(seed: int, tmp_path: Path) -> None:
    spec, draw = random_layer(tmp_path, 3), random.Random(seed)
    plain = told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec])))
    for path in (tmp_path / PREPARED_DIR).glob(".*s"):
        data = path.read_bytes()
        start = 16 + int.from_bytes(data[8:16], "little")
        body, count = bytearray(data[8:]), json.loads(data[16:start])["groups"][0][0]
        sizes = [8 * length * (2 if number == 1 else 1) for number, length in enumerate(count[1:])]
        first = start - 8 + sizes[0] + sizes[1]  # of the offsets
        at = first + 8 * draw.randrange(sum(sizes[2:]) // 8)
        body[at : at + 8] = draw.choice((2**40, 10**6, 10**4)).to_bytes(8, "little")
        path.write_bytes(zlib.crc32(body).to_bytes(8, "little") + body)
    assert told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec]))) == plain


@pytest.mark.parametrize("change", [
    lambda head: head["columns"].update(zone_id=head["columns"]["zone_id"][1:]), lambda head: head.update(count=head["count"] + 1),
    lambda head: head["columns"].update(geometry=head["columns"]["zone_id"]), lambda head: head.update(columns=[]),
])  # fmt: skip
def test_a_head_that_does_not_fit_is_passed_over_though_the_sum_is_right(change: Callable[[dict[str, Any]], None], tmp_path: Path) -> None:
    spec = random_layer(tmp_path, 3)
    kept = kept_in(tmp_path, [spec])
    plain = told(read_layer(spec, tmp_path, kept=kept))
    path = next((tmp_path / PREPARED_DIR).glob(".*.zones"))
    data = path.read_bytes()
    head, shapes = prepared_layers.read_kept(path, json.loads(data[16 : 16 + int.from_bytes(data[8:16], "little")])["key"]) or pytest.fail("kept")
    change(head)
    kept.write(path, head, shapes)
    assert told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec]))) == plain


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    spec = random_layer(tmp_path, 3)
    (tmp_path / PREPARED_DIR).write_text("")
    assert told(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec]))) == told(read_layer(spec, tmp_path))


def test_exchanged_zones_are_laid_out_anew(tmp_path: Path) -> None:
    spec = random_layer(tmp_path, 3)
    layer = read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec]))
    planes_of_zones(layer)
    fewer = replace(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec])), zones=layer.zones.iloc[:1])
    assert len(layer.zones) > 1 == len(planes_of_zones(fewer)[0])


def test_copies_of_layers_no_longer_listed_are_cleared_away(tmp_path: Path) -> None:
    specs = [random_layer(tmp_path, seed) for seed in (3, 4)]
    for spec in specs:
        read_layer(spec, tmp_path, kept=kept_in(tmp_path, specs))
    (tmp_path / PREPARED_DIR / ".x.1-2.tmp").write_text("")
    (tmp_path / PREPARED_DIR / "自己的.txt").write_text("")
    changed = specs[0].model_copy(update={"version": "2027"})
    read_layer(changed, tmp_path, kept=kept_in(tmp_path, [changed]))
    left = sorted(path.suffix for path in (tmp_path / PREPARED_DIR).iterdir())
    assert left == ["", ".txt", ".zones"]


def test_a_run_keeps_layers_out_of_inputs_and_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = small_workspace(tmp_path / "区")
    outs = {}
    for name, more in (("无", ["--no-cache"]), ("写", []), ("读", [])):
        with pytest.raises(SystemExit) as end:
            main(["screen", str(root / "layers/projects/site.gpkg"), "--workspace", str(root), "--out", str(tmp_path / name),
                  "--quiet", *more])  # fmt: skip
        assert not end.value.code, capsys.readouterr().err
        assert (root / PREPARED_DIR).exists() == (name != "无")
        files = [path for path in sorted((tmp_path / name).rglob("*")) if path.is_file()]
        outs[name] = {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
    assert outs["无"] == outs["写"] == outs["读"]
    assert (root / PREPARED_DIR / ".gitignore").read_text() == "*\n"
    assert not any(PREPARED_DIR in path.parts for path in expand_globs(root, ["**/*", f"{PREPARED_DIR}/*"]))


def test_a_small_workspace_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    root = small_workspace(tmp_path)
    load_workspace(open_workspace(root), as_of=None, progress=Silent())
    assert not (root / PREPARED_DIR).exists()


def test_verification_never_looks_at_kept_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = small_workspace(tmp_path / "区")

    def done(*words: object) -> int:
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in (*words, "--workspace", root)])
        return int(end.value.code or 0)

    site = root / "layers/projects/site.gpkg"
    assert done("screen", site, "--out", tmp_path / "真", "--quiet") == 0
    workspace = open_workspace(root)
    spec = workspace.catalog["ecological_redline"]
    layer = read_layer(spec, workspace.layers_dir)
    with in_place(workspace):  # a copy that somebody exchanged: the red line lies elsewhere
        kept = PreparedLayers.of(root, workspace.layers_dir, list(workspace.catalog.layers.values()))
        moved = replace(layer, zones=layer.zones.set_geometry(layer.zones.translate(0.5)))
        assert kept is not None
        kept.entry(spec, layer.record).keep(moved)
    assert done("screen", site, "--out", tmp_path / "假", "--quiet") == 0
    assert (tmp_path / "真/data/clear.csv").read_bytes() != (tmp_path / "假/data/clear.csv").read_bytes()
    assert (done("verify", tmp_path / "真"), done("verify", tmp_path / "假")) == (0, 2), capsys.readouterr().out


def test_two_processes_writing_at_once_leave_one_whole_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = random_layer(tmp_path, 3)
    plain = told(read_layer(spec, tmp_path))
    layers = []
    for number in (1, 2):  # both find nothing, then both write
        monkeypatch.setattr(prepared_layers, "getpid", lambda number=number: number)
        layers.append(read_layer(spec, tmp_path, kept=kept_in(tmp_path, [spec])))
        for path in (tmp_path / PREPARED_DIR).glob(".*.zones"):
            path.write_bytes(b"")
    assert [told(layer) for layer in layers] == [plain, plain]
    assert not list((tmp_path / PREPARED_DIR).glob(".*.tmp"))


@pytest.mark.parametrize("seed", range(12))
def test_the_box_around_a_place_is_kept_for_that_very_file(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    at, wide = draw.uniform(116, 117.9), draw.uniform(0.1, 0.9)
    spec = layer_spec("界.geojson", fields={"zone_id": ("id",)})
    path = write_geojson(tmp_path / "界.geojson", [(shapely.box(at, 41, at + wide, 41.1), {"id": "A"})])

    def asked() -> Box | None:
        return kept_in(tmp_path, [spec]).extent(spec, path, partial(layer_extent, spec, tmp_path))

    plain = layer_extent(spec, tmp_path)
    assert asked() == plain
    kept = next((tmp_path / PREPARED_DIR).glob(".*.extent"))
    with monkeypatch.context() as closed:
        closed.setattr("cdgis.readers.layer_files.read_raw", pytest.fail)
        assert asked() == plain
    data = bytearray(kept.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    kept.write_bytes(data if seed % 2 else data[: draw.randrange(len(data))])
    assert asked() == plain
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"41.1", b"41.7"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size and asked() == layer_extent(spec, tmp_path) != plain


def test_whoever_declines_kept_layers_is_not_given_a_kept_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = open_workspace(small_workspace(tmp_path))
    true = place_extent(workspace)
    monkeypatch.setattr(PreparedLayers, "extent", lambda *_: (0.0, 0.0, 1.0, 1.0))
    place_extent_module._known_boxes.clear()
    assert place_extent(workspace) == (0.0, 0.0, 1.0, 1.0) != true
    with without_prepared():
        assert place_extent(workspace) == true
    place_extent_module._known_boxes.clear()
