"""Zone prefix, .prj, declaration and place agree, or the file is refused: random combinations in every format.

What agrees is worked out here from pyproj alone: each statement is a central meridian and a way of writing eastings.
"""

from pathlib import Path
from types import SimpleNamespace

import pyproj
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapes import boundary_lines, boundary_text, layer_spec, write_layer

from cdgis.core.errors import CatalogError, CrsError, LayerError, WorkspaceError
from cdgis.geometry.gauss_kruger import ZONES
from cdgis.readers import read_sites
from cdgis.readers.layer_files import read_layer
from cdgis.readers.place_extent import home_box, place_extent
from cdgis.workspace.catalog import Catalog, LayerSpec
from cdgis.workspace.layer_place import misplaced
from cdgis.workspace.place import Place
from cdgis.workspace.settings import Settings, Workspace, open_workspace

PLACES = {
    "喀什": (74.0, 35.5, 79.9, 40.3), "承德": (115.9, 40.1, 119.3, 42.7), "衡阳": (110.5, 26.1, 113.3, 27.5),
    "抚远": (133.5, 47.4, 135.1, 48.5), "三沙": (111.0, 3.8, 117.9, 18.4), "漠河": (121.1, 52.1, 124.4, 53.6),
}  # fmt: skip
CODES = range(4491, 4555)


def meridian_and_easting(epsg):
    """What EPSG says: central meridian and false easting, from PROJ's own table."""
    values = {p.name.lower(): p.value for p in pyproj.CRS(epsg).coordinate_operation.params}
    return values["longitude of natural origin"], values["false easting"]


TABLE = {code: meridian_and_easting(code) for code in CODES}


def workspace_at(root, box):
    place = Place(name="某市", extent=box)
    return Workspace(root=root, settings=Settings(name="测", city="某市", place=place, as_of="2026-11-01"), catalog=Catalog(layers={}))


def test_every_chinese_zone_is_known_as_epsg_has_it():
    assert sorted(ZONES) == list(CODES)
    for code, zone in ZONES.items():
        assert (zone.meridian_deg, zone.false_easting_m) == TABLE[code]


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("with_prefix", [True, False])
def test_a_site_in_its_own_zone_is_placed_anywhere_in_china(tmp_path, name, with_prefix):
    box = PLACES[name]
    site = shapely.Point((box[0] + box[2]) / 2, (box[1] + box[3]) / 2).buffer(0.001, quad_segs=1)
    for width, offset in ((3, 0), (6, 3)):
        meridian = round((site.centroid.x - offset) / width) * width + offset
        (code,) = (c for c in CODES if TABLE[c][0] == meridian and (TABLE[c][1] > 1e6) == with_prefix and (c < 4513) == (width == 6))
        path = write_layer(tmp_path / f"{code}.shp", [site], epsg=code)
        subjects = read_sites(workspace_at(tmp_path, box), [path])
        assert len(subjects.frame) == 1, subjects.intake
        assert subjects.frame.geometry.iloc[0].hausdorff_distance(site) < 1e-9


nearby = st.integers(-2, 2)


@st.composite
def statements(draw):
    """A place, a spot in it, the zone its numbers are written in, and zones that .prj and declaration claim."""
    name = draw(st.sampled_from(sorted(PLACES)))
    west, south, east, north = PLACES[name]
    lon, lat = draw(st.floats(west + 0.05, east - 0.05)), draw(st.floats(south + 0.05, north - 0.05))
    own = min(max(round(lon / 3), 25), 45)

    def code(step, prefixed):
        number = min(max(own + step, 25), 45)
        return 4513 + number - 25 if prefixed else 4534 + number - 25

    numbers = code(draw(nearby), draw(st.booleans()))
    west_m, _, east_m, _ = (bound - (TABLE[numbers][1] - 5e5) for bound in written_numbers((lon, lat), numbers).bounds)
    assume(west_m > 1e5 and east_m < 9e5)  # farther out, an easting runs over into the next prefix and claims that zone
    stated = code(draw(nearby), draw(st.booleans())) if draw(st.booleans()) else None
    declared = draw(st.sampled_from(["", "CGCS2000", "code", "words"]))
    number = min(max(own + draw(nearby), 25), 45)
    claim = {"": "", "CGCS2000": "CGCS2000", "words": f"CGCS2000 3度带 {number}带",
             "code": f"EPSG:{4513 + number - 25 if draw(st.booleans()) else 4534 + number - 25}"}[declared]  # fmt: skip
    return name, (lon, lat), numbers, stated, claim, number if declared in ("code", "words") else None


def written_numbers(spot, code):
    """The site's plane coordinates under `code`."""
    site = shapely.Point(spot).buffer(0.002, quad_segs=2)
    transformer = pyproj.Transformer.from_crs(4490, code, always_xy=True)
    return shapely.transform(site, transformer.transform, interleaved=False)


def zone_names(numbers, stated, number):
    """The central meridians that are claimed by whoever claims one; unprefixed numbers claim none."""
    claims = {TABLE[stated][0]} if stated else set()
    claims |= {number * 3} if number else set()
    return claims | ({TABLE[numbers][0]} if TABLE[numbers][1] > 1e6 else set())


def is_right(subjects, numbers, plane, claims, box):
    """Whether an accepted site stands where the one claimed meridian puts the numbers, touching the place."""
    (meridian,) = claims
    bare = shapely.transform(plane, lambda xy: xy - ((TABLE[numbers][1] - 5e5), 0))
    code = next(c for c in range(4534, 4555) if TABLE[c][0] == meridian)
    back = pyproj.Transformer.from_crs(code, 4490, always_xy=True)
    there = shapely.transform(bare, back.transform, interleaved=False)
    near = shapely.box(box[0] - 1.5, box[1] - 1.5, box[2] + 1.5, box[3] + 1.5)
    return subjects.frame.geometry.iloc[0].hausdorff_distance(there) < 1e-7 and there.intersects(near)


def judge_law(subjects, numbers, plane, claims, box):
    if len(subjects.frame):
        assert len(claims) == 1, "accepted although the statements differ"
        assert is_right(subjects, numbers, plane, claims, box)
    else:
        assert all(note.status.value == "quarantined" and note.remedy for note in subjects.intake)


@settings(max_examples=30)
@given(statements())
def test_no_shapefile_whose_statements_differ_is_accepted(tmp_path_factory, case):
    name, spot, numbers, stated, claim, number = case
    plane = written_numbers(spot, numbers)
    folder = tmp_path_factory.mktemp("law")
    path = write_layer(folder / "a.shp", [plane], epsg=None)
    if stated:
        path.with_suffix(".prj").write_text(pyproj.CRS(stated).to_wkt("WKT1_ESRI"), encoding="utf-8")
    subjects = read_sites(workspace_at(folder, PLACES[name]), [path], declared={"crs": claim} if claim else {})
    judge_law(subjects, numbers, plane, zone_names(numbers, stated, number), PLACES[name])


@settings(max_examples=40)
@given(statements())
def test_no_layer_whose_statements_differ_is_used(tmp_path_factory, case):
    """As for sites: what the file, the catalogue and the numbers claim is one meridian, and puts the layer near its place."""
    name, spot, numbers, stated, claim, number = case
    plane = written_numbers(spot, numbers)
    folder = tmp_path_factory.mktemp("law")
    path = write_layer(folder / "a.shp", [plane], {"id": ["1"]}, epsg=None)
    if stated:
        path.with_suffix(".prj").write_text(pyproj.CRS(stated).to_wkt("WKT1_ESRI"), encoding="utf-8")
    code = claim if claim.startswith("EPSG") else ""
    try:
        layer = read_layer(layer_spec("a.shp", crs=code, fields={"zone_id": ["id"]}), folder)
    except (CrsError, LayerError):
        return
    if len(layer.zones) and not misplaced(layer, None, PLACES[name]):
        claims = zone_names(numbers, stated, number if code else None)
        assert len(claims) == 1, "used although the statements differ"
        assert is_right(SimpleNamespace(frame=layer.zones), numbers, plane, claims, PLACES[name])


@settings(max_examples=60)
@given(statements())
def test_no_boundary_text_whose_statements_differ_is_accepted(tmp_path_factory, case):
    name, spot, numbers, stated, claim, number = case
    plane = written_numbers(spot, numbers)
    key = {"带号": str(round(TABLE[stated][0] / 3))} if stated else {"带号": ""}
    folder = tmp_path_factory.mktemp("law")
    (folder / "a.txt").write_text(boundary_text(boundary_lines(plane), **key), encoding="utf-8")
    subjects = read_sites(workspace_at(folder, PLACES[name]), [folder / "a.txt"], declared={"crs": claim} if claim else {})
    judge_law(subjects, numbers, plane, zone_names(numbers, stated, number), PLACES[name])


def test_statements_that_agree_are_accepted_and_one_wrong_one_is_named(tmp_path):
    """The twin: the law above would also hold of a reader that accepts nothing."""
    spot, box = (112.6, 26.9), PLACES["衡阳"]
    for numbers, stated, claim in ((4525, 4525, ""), (4525, 4525, "EPSG:4525"), (4546, None, "EPSG:4546"), (4546, 4546, "CGCS2000"),
                                   (4525, None, "CGCS2000"), (4525, 4525, "CGCS2000 3度带 37带")):  # fmt: skip
        path = write_layer(tmp_path / f"{numbers}.shp", [written_numbers(spot, numbers)], epsg=None)
        path.with_suffix(".prj").unlink(missing_ok=True)
        if stated:
            path.with_suffix(".prj").write_text(pyproj.CRS(stated).to_wkt("WKT1_ESRI"), encoding="utf-8")
        subjects = read_sites(workspace_at(tmp_path, box), [path], declared={"crs": claim} if claim else {})
        assert len(subjects.frame) == 1, (numbers, stated, claim, subjects.intake)
    lost = read_sites(workspace_at(tmp_path, box), [path], declared={"crs": "EPSG:4527"}).intake[0]
    assert "声明为 CGCS2000 3度带39带" in lost.reason and "坐标前缀为 CGCS2000 3度带37带" in lost.reason


def test_place_is_outlined_by_its_boundary_layer_or_by_what_others_are_covered_by(tmp_path):
    (tmp_path / "layers").mkdir()
    write_layer(tmp_path / "layers" / "a.gpkg", [shapely.box(110.53, 26.12, 113.27, 27.46)], epsg=4525)
    given = {"title": "甲", "theme": "基础", "geometry": "polygon", "path": "a.gpkg", "official": False, "version": "2026",
             "source": "测试", "licence": "CC0", "fields": {"zone_id": ("name",)}}  # fmt: skip
    area = LayerSpec(id="outline", zones=False, **given)
    covered = LayerSpec(id="other", coverage="outline", **given)
    place = Place(name="衡阳市", code="430400", boundary="outline")
    for settled, layers in ((place, [area]), (None, [area, covered])):
        opened = Workspace(root=tmp_path, settings=Settings(name="测", city="衡阳市", place=settled, as_of="2026-11-01"),
                           catalog=Catalog(layers={spec.id: spec for spec in layers}))  # fmt: skip
        assert home_box(place_extent(opened)) == pytest.approx((110.5, 26.1, 113.3, 27.5))
    unlisted = Settings(name="测", city="衡阳市", place=Place(name="衡阳市"), as_of="2026-11-01")
    missing = Workspace(root=tmp_path, settings=unlisted, catalog=Catalog(layers={}))
    with pytest.raises(WorkspaceError, match="boundary"):
        place_extent(missing)


@pytest.mark.parametrize(
    ("text", "said"),
    [('[place]\nname = "甲市"', "应当一致"), ('[place]\nname = "乙市"\ncode = "43040"', "code"),
     ('[place]\nname = "乙市"\nextent = [26.0, 110.0, 27.0, 113.0]', "西, 南, 东, 北")],
)  # fmt: skip
def test_place_that_contradicts_itself_is_refused(tmp_path: Path, text: str, said: str):
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "catalog.toml").write_text("", encoding="utf-8")
    (tmp_path / "cdgis.toml").write_text(f'name = "测"\ncity = "乙市"\nas_of = 2026-11-01\n{text}\n', encoding="utf-8")
    with pytest.raises((WorkspaceError, CatalogError, CrsError), match=said):
        open_workspace(tmp_path)
