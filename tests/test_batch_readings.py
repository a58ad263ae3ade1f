"""A parcel of a batch is read by the law of single sites: whatever its shape, words and place, and wherever a part begins."""

from dataclasses import asdict
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from ring_files import ring_of
from shapes import BOW_TIE, from_metres, write_layer
from small_workspace import small_workspace

from cdgis.core.errors import CrsError
from cdgis.core.progress import Silent
from cdgis.readers import parcels, read_sites
from cdgis.readers.intake import NoteLines
from cdgis.readers.loading import load_workspace
from cdgis.readers.parcels import parts_of_files, read_parcels
from cdgis.readers.parquet_sites import RowsInColumns
from cdgis.readers.roster import Roster
from cdgis.workspace.layers import Layer, Subjects
from cdgis.workspace.settings import Workspace, open_workspace

FIELD = from_metres(shapely.box(-900, 100, -700, 300))
RING = ring_of(FIELD)
SHAPES = {
    "land": FIELD, "two parts": shapely.union(FIELD, shapely.affinity.translate(FIELD, 0.01)), "with Z": shapely.force_3d(FIELD, 5.0),
    "closed line": shapely.LineString(RING), "line nearly closed": shapely.LineString([*RING[:-1], (RING[0][0] + 2e-4, RING[0][1])]),
    "line": shapely.LineString(RING[:3]), "point": FIELD.centroid, "nothing": None, "empty": shapely.Polygon(), "bow-tie": BOW_TIE,
    "slip": shapely.Polygon([*RING[:2], (RING[1][0] + 1e-6, RING[1][1] + 1e-6), RING[1], *RING[2:]]),
    "mixed": shapely.GeometryCollection([FIELD, shapely.Point(RING[0])]), "far away": shapely.affinity.translate(FIELD, -8, 2),
    "turned": shapely.transform(FIELD, lambda xy: xy[:, ::-1]), "long": from_metres(shapely.box(-5000, 0, 5000, 50)),
}  # fmt: skip
WORDS = {
    "图形": ("", "", "面", "线", "点", "塔基"), "县区": ("", "", "西山区", "东河县", "高新区"),
    "行业代码": ("3011", "411", "x"), "建设性质": ("新建", ""),
}  # fmt: skip


LAYERS: dict[str, Layer] = {}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = small_workspace(tmp_path_factory.mktemp("w"))
    halves = [from_metres(shapely.box(-9000, -9000, 0, 9000)), from_metres(shapely.box(0, -9000, 9000, 9000))]
    write_layer(root / "layers" / "counties.gpkg", halves, {"id": ["1", "2"], "name": ["西山区", "东河县"]})
    with (root / "layers" / "catalog.toml").open("a", encoding="utf-8") as catalog:
        catalog.write(
            '[layers.counties]\ntitle = "县"\npath = "counties.gpkg"\ncoverage = "city"\nzones = false\ntheme = "基础"\ngeometry = "polygon"\n'
            'official = false\nversion = "1"\nsource = "测"\nlicence = "CC0"\nfields = { zone_id = ["id"], zone_name = ["name"] }\n'
        )
    opened = open_workspace(root)
    LAYERS.update(load_workspace(opened, as_of=None, progress=Silent()).layers)
    return opened


def written(folder: Path, count: int, seed: int, epsg: int = 4490, group: int = 7) -> Path:
    draw = np.random.default_rng(seed)
    shapes = [SHAPES[name] for name in draw.choice(list(SHAPES), count)]
    columns = {name: draw.choice(words, count) for name, words in WORDS.items()}
    frame = gpd.GeoDataFrame({"项目名称": [f"地块{i}" for i in range(count)], **columns, "闲话": "x"}, geometry=shapes, crs=4490)
    path = folder / f"p{seed}.parquet"
    with np.errstate(all="ignore"):
        frame.to_crs(epsg).to_parquet(path, row_group_size=group)
    return path


def in_parts(place: Workspace, path: Path, rows: int, **declared: str) -> tuple[pd.DataFrame, pd.DataFrame, list[object]]:
    parts = [read_parcels(place, part, declared=declared, layers=LAYERS) for part in parts_of_files([(path, path.name)], rows=rows)]
    words = [part.frame.astype({name: "str" for name, kind in part.frame.dtypes.items() if kind == "category"}) for part in parts]
    return (
        pd.concat(words, ignore_index=True), pd.concat([part.attributes for part in parts], ignore_index=True),
        [note for part in parts for note in part.intake],
    )  # fmt: skip


def same(found: tuple[pd.DataFrame, pd.DataFrame, list[object]], single: Subjects) -> None:
    frame, attributes, notes = found
    assert notes == [note for note in single.intake if note.reason]
    plain, other = (pd.DataFrame(sites.drop(columns="geometry")) for sites in (frame, single.frame))
    pd.testing.assert_frame_equal(plain, other, check_dtype=False)
    assert shapely.equals_exact(frame.geometry.to_numpy(), single.frame.geometry.to_numpy(), tolerance=1e-12).all()
    pd.testing.assert_frame_equal(attributes, single.attributes, check_dtype=False)


@pytest.mark.parametrize(("seed", "epsg"), [(1, 4490), (2, 4490), (3, 4326), (4, 4548), (5, 4527)])
def test_a_batch_and_single_files_are_read_alike_whatever_the_parts(place: Workspace, tmp_path: Path, seed: int, epsg: int) -> None:
    path = written(tmp_path, 40, seed, epsg)
    single = read_sites(place, [path])
    for rows in (3, 999):
        same(in_parts(place, path, rows), single)
    assert {note.status.value for note in single.intake} >= {"repaired", "quarantined"}


@pytest.mark.parametrize("seed", range(12))
def test_rows_read_in_columns_are_read_as_each_alone(place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Land with the same words broken by rows of other words, shapes, places, datums and numbers; points that may be put together."""
    draw = np.random.default_rng(seed)
    count, few = 60, draw.permutation(list(SHAPES))[:4]
    shapes = [SHAPES[name] for name in np.where(draw.random(count) < 0.7, "land", draw.choice(few, count))]
    moved = [shape and shapely.affinity.translate(shape, *draw.uniform(-0.004, 0.004, 2)) for shape in shapes]
    words = {
        **WORDS, "项目名称": ("甲", "乙\u200b", "", "丙 厂"), "位置精度": ("", "3", "远"), "年用水量": ("", "12", "x"),
        "坐标系": ("", "CGCS2000", "GCJ-02", "西安80"), "界址点号": ("J1", "J2", ""), "闲话": ("", "x", "y\u200b"),
    }  # fmt: skip
    seldom = {"坐标系": 0.3, "界址点号": 0.2}
    columns = {name: np.repeat(draw.choice(words[name], 12), 5) for name in words if draw.random() < seldom.get(name, 0.6)}
    columns |= {"面积": np.where(draw.random(count) < 0.5, np.nan, 3.0), "年份": draw.integers(0, 2, count), "是否": draw.random(count) < 0.5}
    if seed % 2:
        columns["项目编号"] = [f"编号 {i}" if draw.random() < 0.1 else "" for i in range(count)]
    path = tmp_path / f"{draw.choice(['p', '地块', 'con.', 'x' * 62])}.parquet"
    gpd.GeoDataFrame(columns, geometry=moved, crs=4490).to_crs(int(draw.choice([4490, 4326, 4548]))).to_parquet(path)
    (part, *_) = parts_of_files([(path, path.name)], rows=999)
    together = read_parcels(place, part, declared={}, layers=LAYERS)
    monkeypatch.setattr(parcels, "_undoubted", lambda rows, told, places: np.zeros(len(rows.raw), dtype=bool))
    alone = read_parcels(place, part, declared={}, layers=LAYERS)
    assert together.intake == alone.intake and together.frame.equals(alone.frame) and together.attributes.equals(alone.attributes)
    table = pd.DataFrame(NoteLines.of(together.intake).columns())
    assert table.to_dict("records") == [{name: str(cell) for name, cell in asdict(note).items()} for note in alone.intake]


@pytest.mark.parametrize(
    "declared", [{"geometry_kind": "polygon"}, {"geometry_kind": "线"}, {"crs": "GCJ-02"}, {"crs": "CGCS2000"}, {"县区": "东河县"}]
)
def test_what_is_declared_holds_in_a_batch_too(place: Workspace, tmp_path: Path, declared: dict[str, str]) -> None:
    path = written(tmp_path, 25, 6)
    same(in_parts(place, path, 6, **declared), read_sites(place, [path], declared=declared))


def test_a_declaration_that_contradicts_the_file_is_refused(place: Workspace, tmp_path: Path) -> None:
    path = written(tmp_path, 5, 7, 4548)
    for crs in ("西安80", "GCJ-02", "EPSG:2384"):
        with pytest.raises(CrsError):
            in_parts(place, path, 9, crs=crs)


def test_a_closed_line_is_land_and_said(place: Workspace, tmp_path: Path) -> None:
    gpd.GeoDataFrame({"项目名称": ["甲"]}, geometry=[SHAPES["closed line"]], crs=4490).to_parquet(tmp_path / "a.parquet")
    frame, _, (note,) = in_parts(place, tmp_path / "a.parquet", 9)
    assert frame.geometry.geom_type.tolist() == ["Polygon"] and "按用地边界读成面" in note.reason


def test_the_repair_setting_holds(place: Workspace, tmp_path: Path) -> None:
    slip = shapely.Polygon([*RING[:2], (RING[1][0] + 1e-4, RING[1][1] - 1e-4), (RING[1][0] - 1e-4, RING[1][1] - 1e-4), *RING[2:]])
    assert not slip.is_valid
    gpd.GeoDataFrame({"项目名称": ["甲"]}, geometry=[slip], crs=4490).to_parquet(tmp_path / "a.parquet")
    kept = []
    for share in (1e-6, 0.5):
        settings = place.settings.model_copy(update={"largest_repair_share": share})
        changed = Workspace(root=place.root, settings=settings, catalog=place.catalog)
        kept.append(len(in_parts(changed, tmp_path / "a.parquet", 9)[0]))
    assert kept == [0, 1]


def test_vertices_are_asked_about_in_parts_and_never_judged_one_by_one(place: Workspace, tmp_path: Path) -> None:
    points = [shapely.Point(xy) for xy in RING[:-1]]
    gpd.GeoDataFrame({"界址点号": ["J1", "J2", "J3", "J4"]}, geometry=points, crs=4490).to_parquet(tmp_path / "a.parquet")
    frame, _, notes = in_parts(place, tmp_path / "a.parquet", 9)
    assert len(frame) == 0 and "连成面" in notes[0].reason and "--as points" in notes[0].remedy
    assert len(in_parts(place, tmp_path / "a.parquet", 9, geometry_kind="points")[0]) == 4


def test_plain_land_is_never_made_a_record(place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = [shapely.affinity.translate(FIELD, at * 1e-4, 0) for at in range(9)]
    columns = {"项目名称": list("甲甲甲乙乙乙丙丙丙"), "OBJECTID": range(9), "TBMJ": np.arange(9) / 7, "备注": [*"abcdefgh", "i\u200b"]}
    gpd.GeoDataFrame(columns, geometry=[*moved[:6], BOW_TIE, *moved[7:]], crs=4490).to_parquet(tmp_path / "a.parquet")
    asked: list[int] = []
    runs: list[int] = []
    record, enter = RowsInColumns.record, Roster.add_alike
    monkeypatch.setattr(RowsInColumns, "record", lambda rows, at: asked.append(at) or record(rows, at))
    monkeypatch.setattr(Roster, "add_alike", lambda roster, rows, *said, **more: runs.append(len(rows)) or enter(roster, rows, *said, **more))
    frame, _, _ = in_parts(place, tmp_path / "a.parquet", 9)
    assert len(frame) == 8 and asked == [0, 6, 8], "the first row says what of its file is not understood, the last has a character that acts"
    assert runs == [2, 3, 1], "what nobody understands tells no rows apart"
