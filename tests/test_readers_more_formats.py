"""Further formats: one parcel means the same land in each; what stays unread names the menu item that exports it."""

import json
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from shapes import PARCEL, in_crs, square, workspace, write_geojson, write_layer, zip_files, zip_shapefile

from cdgis.core.vocabulary import IntakeNote
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import read_sites
from cdgis.readers.inputs import expand_globs, file_sha256
from cdgis.readers.unsupported import EXPORTS
from cdgis.workspace.layers import Subjects

AREA_M2 = float(survey_area_m2([PARCEL])[0])


def read(path: Path, **declared: str) -> Subjects:
    return read_sites(workspace(path.parent), (path,), declared=declared)


def only(subjects: Subjects) -> IntakeNote:
    (note,) = subjects.intake
    return note


def area(subjects: Subjects) -> float:
    assert len(subjects.frame) == 1, [note.reason for note in subjects.intake]
    return float(survey_area_m2(subjects.frame.geometry.to_numpy())[0])


def written(path: Path, epsg: int = 4490) -> Path:
    frame = gpd.GeoDataFrame({"name": ["甲"], "industry": ["3011"]}, geometry=[in_crs(PARCEL, epsg)], crs=epsg)
    options = {"driver": "MapInfo File", "FORMAT": "MIF"} if path.suffix == ".mif" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path, **options)
    return path


def esri(epsg: int, rings: list[list[list[float]]]) -> str:
    feature = {"attributes": {"name": "甲", "industry": "3011"}, "geometry": {"rings": rings}}
    document = {"geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": epsg, "latestWkid": epsg}, "features": [feature]}
    return json.dumps(document, ensure_ascii=False)


@pytest.mark.parametrize(("suffix", "epsg"), [(".fgb", 4490), (".fgb", 4548), (".gml", 4490), (".gml", 4527), (".parquet", 4490), (".parquet", 4548)])
def test_one_parcel_is_the_same_land_in_every_format(tmp_path: Path, suffix: str, epsg: int) -> None:
    subjects = read(written(tmp_path / f"甲{suffix}", epsg))
    assert area(subjects) == pytest.approx(AREA_M2, abs=0.5)
    assert only(subjects).status == "accepted"
    assert (subjects.frame["name"].iloc[0], subjects.frame["industry"].iloc[0]) == ("甲", "3011")


@pytest.mark.parametrize("suffix", [".tab", ".mif"])
def test_mapinfo_is_read_under_a_declared_coordinate_system(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"a{suffix}")
    subjects = read(path, crs="EPSG:4490")
    assert area(subjects) == pytest.approx(AREA_M2, abs=1.0)
    assert expand_globs(tmp_path, ["*"]) == (path,)
    before = file_sha256(path)
    part = path.with_suffix(".dat" if suffix == ".tab" else ".mid")
    part.write_bytes(part.read_bytes() + b" ")
    assert file_sha256(path) != before


def test_a_mapinfo_table_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tab")
    path.write_bytes(path.read_bytes().replace(b"Type NATIVE", b"Type LINKED"))
    assert "指向别的文件" in only(read(path)).reason
    written(tmp_path / "b.tab").with_suffix(".map").unlink()
    assert ".map" in only(read(tmp_path / "b.tab")).reason


@pytest.mark.parametrize("suffix", [".gml", ".gpx"])
def test_entities_are_refused(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_text('<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><gpx>&y;</gpx>', encoding="utf-8")
    assert "实体声明" in only(read(tmp_path / f"a{suffix}")).reason


def test_tracks_and_points_of_gpx_are_read_once(tmp_path: Path) -> None:
    points = "".join(f'<trkpt lat="40.95{i}" lon="117.90{i}"></trkpt>' for i in range(3))
    body = f'<wpt lat="40.95" lon="117.9"><name>口</name></wpt><trk><name>管线</name><trkseg>{points}</trkseg></trk>'
    (tmp_path / "a.gpx").write_text(f'<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">{body}</gpx>', encoding="utf-8")
    kinds = [shape.geom_type.removeprefix("Multi") for shape in read(tmp_path / "a.gpx").frame.geometry]
    assert sorted(kinds) == ["LineString", "Point"]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("epsg", [4490, 4548])
def test_esri_json_nests_its_rings_whichever_way_they_run(tmp_path: Path, turned: bool, epsg: int) -> None:
    moved = in_crs(PARCEL, epsg)
    rings = [[list(point) for point in ring.coords] for ring in (*moved.interiors, moved.exterior)]
    (tmp_path / "a.json").write_text(esri(epsg, [ring[::-1] if turned else ring for ring in rings]), encoding="utf-8")
    assert area(read(tmp_path / "a.json")) == pytest.approx(AREA_M2, abs=0.5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"spatialReference": {}}, "坐标系"), ({"spatialReference": {"wkid": 102100}}, "坐标系不符"),
        ({"features": [{"attributes": {}, "geometry": {"curveRings": [[]]}}]}, "曲线"),
        ({"features": [{"attributes": {}, "geometry": {"rings": [[["NaN", "NaN"]]]}}]}, "不是数"),
        ({"features": [{"attributes": {}, "geometry": {"x": "NaN"}}]}, "写法不对"), ({"features": [{"attributes": {}}]}, "没有几何图形"),
    ],
)  # fmt: skip
def test_esri_json_that_cannot_be_read_says_why(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    document = json.loads(esri(4490, [[list(point) for point in PARCEL.exterior.coords]])) | change
    (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-8")
    note = only(read(tmp_path / "a.json"))
    assert (note.status, reason in note.reason) == ("quarantined", True), note.reason


SEQUENCES = [("geojsonl", "", "\n"), ("geojsonl", "\x1e", "\n"), ("ndjson", "", "\r\n"), ("json", "\x1e", "\n")]


@pytest.mark.parametrize(("suffix", "before", "after"), SEQUENCES)
def test_sequences_of_features_are_read(tmp_path: Path, suffix: str, before: str, after: str) -> None:
    feature = {"type": "Feature", "properties": {"name": "甲"}, "geometry": shapely.geometry.mapping(PARCEL)}
    text = "".join(f"{before}{json.dumps(feature | {'id': number}, ensure_ascii=False)}{after}" for number in range(3))
    (tmp_path / f"a.{suffix}").write_text(text, encoding="utf-8", newline="")
    assert len(read(tmp_path / f"a.{suffix}").frame) == 3


def test_a_sequence_cut_short_is_refused(tmp_path: Path) -> None:
    feature = json.dumps({"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(PARCEL)})
    (tmp_path / "a.geojsonl").write_text(f"{feature}\n{feature[:-9]}", encoding="utf-8")
    assert "第 2 条" in only(read(tmp_path / "a.geojsonl")).reason


def test_ovkml_is_kml(tmp_path: Path) -> None:
    ring = " ".join(f"{x},{y}" for x, y in PARCEL.exterior.coords)
    body = f"<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    (tmp_path / "a.ovkml").write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>', encoding="utf-8")
    assert len(read(tmp_path / "a.ovkml").frame) == 1


def test_a_zip_in_a_zip_is_opened_and_no_deeper(tmp_path: Path) -> None:
    inner = zip_shapefile(tmp_path / "地块.zip", write_layer(tmp_path / "地块.shp", [PARCEL]))
    other = write_geojson(tmp_path / "另.geojson", [(square(117.95, 40.95), {})], crs="EPSG:4490")
    outer = zip_files(tmp_path / "报件.zip", {"红线/地块.zip": inner, "另.geojson": other})
    subjects = read(outer)
    assert sorted(subjects.frame["source_file"]) == ["报件.zip!另.geojson", "报件.zip!红线/地块.zip!地块.shp"]
    deep = zip_files(tmp_path / "套.zip", {"报件.zip": outer})
    assert "不再打开" in only(read(deep)).reason
    many = tmp_path / "多.zip"
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(21):
            archive.writestr(f"{number}.zip", inner.read_bytes())
    assert "21 个压缩包" in only(read(many)).reason


@pytest.mark.parametrize("suffix", sorted(EXPORTS))
def test_what_is_not_read_names_the_menu_item(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(b"AC1032 anything")
    note = only(read(tmp_path / f"a{suffix}"))
    assert note.status == "quarantined" and "不支持的格式" in note.reason
    assert "→" in note.remedy or "请" in note.remedy


def test_a_parquet_file_that_is_no_geoparquet_is_refused(tmp_path: Path) -> None:
    gpd.pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    assert "GeoParquet" in only(read(tmp_path / "a.parquet")).reason
    (tmp_path / "b.parquet").write_bytes(b"PAR1 nothing")
    assert only(read(tmp_path / "b.parquet")).status == "quarantined"
