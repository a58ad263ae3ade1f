"""FileGDB folders and KMZ archives: what is in them, and what must not be."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from drawings import write_gdb, zip_folder
from shapes import PARCEL, layer_spec, square, workspace, write_geojson, write_layer, zip_files

from cdgis.core.errors import LayerError
from cdgis.readers import read_layer, read_sites, read_subjects
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Sources

KML = "<kml><Placemark><name>甲</name><Point><coordinates>117.9,40.9</coordinates></Point></Placemark></kml>"


def read(path: Path, **declared: str) -> Subjects:
    return read_sites(workspace(path.parent), [path], declared=declared)


def reason_for(path: Path) -> str:
    subjects = read(path)
    assert len(subjects.frame) == 0
    (note,) = subjects.intake
    assert note.status.value == "quarantined"
    return f"{note.reason}。{note.remedy}"


def test_all_feature_classes_are_read_whatever_their_dimension(tmp_path: Path) -> None:
    road = shapely.LineString([(117.9, 40.9), (117.95, 40.9)])
    path = write_gdb(tmp_path / "库.gdb", {"面": [PARCEL], "线": [road], "点": [shapely.Point(117.9, 40.9)]})
    subjects = read(path)
    assert sorted(subjects.frame.geometry.geom_type) == ["LineString", "Point", "Polygon"]
    assert sorted(subjects.frame["source_row"]) == ["点#1", "线#1", "面#1"]
    assert [note.status.value for note in subjects.intake] == ["accepted"] * 3


def test_tables_without_shapes_are_passed_over(tmp_path: Path) -> None:
    import pandas as pd
    import pyogrio

    path = write_gdb(tmp_path / "库.gdb", {"面": [PARCEL]})
    pyogrio.write_dataframe(pd.DataFrame({"a": ["x"]}), path, layer="表", driver="OpenFileGDB")
    assert len(read(path).frame) == 1
    pyogrio.write_dataframe(pd.DataFrame({"a": ["x"]}), tmp_path / "只表.gdb", layer="表", driver="OpenFileGDB")
    assert "没有矢量要素类" in reason_for(tmp_path / "只表.gdb")


def test_values_come_as_users_see_them(tmp_path: Path) -> None:
    fields = {"项目名称": ["甲"], "行业代码": [3110.0], "大宗货运量": [1500000.0], "是否排污": ["是"]}
    subjects = read(write_gdb(tmp_path / "库.gdb", {"面": [PARCEL]}, fields))
    assert subjects.frame[["name", "industry"]].to_numpy().tolist() == [["甲", "3110"]]
    assert "true" in subjects.attribute_map()[subjects.frame["subject_id"].iloc[0]].values()


@pytest.mark.parametrize("epsg", [2363, 2436, 3857])
def test_geodatabase_on_a_foreign_crs_is_refused_by_name(tmp_path: Path, epsg: int) -> None:
    frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[PARCEL], crs=4490).to_crs(epsg)
    frame.to_file(tmp_path / "库.gdb", layer="面", driver="OpenFileGDB", engine="pyogrio")
    assert ("转换参数" in reason_for(tmp_path / "库.gdb")) == (epsg != 3857)


def test_geodatabase_is_one_input_of_a_workspace_and_its_files_are_none(tmp_path: Path) -> None:
    write_gdb(tmp_path / "项目" / "库.gdb", {"面": [PARCEL]})
    subjects = read_subjects(workspace(tmp_path, sources=Sources(projects=("项目/**/*",))))
    assert [note.file for note in subjects.intake] == ["项目/库.gdb"]
    assert len(subjects.records[0].sha256) == 64


def test_lock_files_do_not_change_the_fingerprint(tmp_path: Path) -> None:
    path = write_gdb(tmp_path / "库.gdb", {"面": [PARCEL]})
    before = read(path).records
    (path / "_gdb.HOST.1234.5678.sr.lock").write_bytes(b"")
    assert read(path).records == before


def test_folder_that_holds_anything_else_is_refused(tmp_path: Path) -> None:
    path = write_gdb(tmp_path / "库.gdb", {"面": [PARCEL]})
    write_layer(path / "偷.gpkg", [PARCEL])
    assert "偷.gpkg" in reason_for(path)
    linked = write_gdb(tmp_path / "链.gdb", {"面": [PARCEL]})
    (linked / "a00000099.gdbtable").symlink_to(path / "a00000001.gdbtable")
    assert "a00000099.gdbtable" in reason_for(linked)


def test_folder_or_file_that_only_has_the_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "空.gdb").mkdir()
    assert "a00000001.gdbtable" in reason_for(tmp_path / "空.gdb")
    (tmp_path / "文件.gdb").write_bytes(b"x")
    assert "文件夹" in reason_for(tmp_path / "文件.gdb")
    fake = tmp_path / "假.gdb"
    fake.mkdir()
    (fake / "a00000001.gdbtable").write_bytes(b"x" * 100)
    assert "读取失败" in reason_for(fake)


def test_geodatabase_beside_other_files_in_a_zip(tmp_path: Path) -> None:
    folder = write_gdb(tmp_path / "原" / "库.gdb", {"面": [PARCEL]})
    members: dict[str, bytes | Path] = {f"资料/库.gdb/{part.name}": part for part in sorted(folder.iterdir())}
    members["资料/另.geojson"] = write_geojson(tmp_path / "另.geojson", [(square(117.9, 40.9), {"name": "乙"})])
    subjects = read(zip_files(tmp_path / "上报.zip", members))
    assert sorted(subjects.frame["source_file"]) == ["上报.zip!资料/另.geojson", "上报.zip!资料/库.gdb"]


def test_layer_of_a_geodatabase_serves_as_a_zone_layer(tmp_path: Path) -> None:
    write_gdb(tmp_path / "单元.gdb", {"DY": [square(117.9, 40.9)]}, {"HJGKDYBM": ["ZH1"], "LX": ["优先"]})
    layer = read_layer(layer_spec("单元.gdb", sublayer="DY"), tmp_path)
    assert layer.zones["zone_id"].tolist() == ["ZH1"]
    with pytest.raises(LayerError, match="sublayer"):
        read_layer(layer_spec("单元.gdb", sublayer="没有"), tmp_path)


def test_kmz_with_pictures_is_read(tmp_path: Path) -> None:
    path = zip_files(tmp_path / "a.kmz", {"doc.kml": KML.encode(), "files/a.png": b"png"})
    subjects = read(path)
    assert subjects.frame["name"].tolist() == ["甲"]
    assert subjects.frame["source_file"].tolist() == ["a.kmz"]


@pytest.mark.parametrize(
    ("members", "said"),
    [({}, "实有 0 个"), ({"a.png": b"x"}, "实有 0 个"), ({"a.kml": KML.encode(), "b.kml": KML.encode()}, "实有 2 个"),
     ({"doc.kml": b"<!DOCTYPE kml []><kml/>"}, "DOCTYPE"), ({"../doc.kml": KML.encode()}, "目标文件夹之外"),
     ({"doc.kml": b"<kml><NetworkLink/></kml>"}, "NetworkLink"), ({"doc.kml": b"<kml>" + b" " * (70 << 20)}, "压缩炸弹")],
)  # fmt: skip
def test_unsafe_or_unclear_kmz_is_refused(tmp_path: Path, members: dict[str, bytes | Path], said: str) -> None:
    assert said in reason_for(zip_files(tmp_path / "a.kmz", members))


def test_kmz_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.kmz").write_text(KML, encoding="utf-8")
    assert "损坏" in reason_for(tmp_path / "a.kmz")


def test_kmz_in_a_zip_is_read(tmp_path: Path) -> None:
    inner = zip_files(tmp_path / "a.kmz", {"doc.kml": KML.encode()})
    assert read(zip_files(tmp_path / "b.zip", {"甲/a.kmz": inner})).frame["name"].tolist() == ["甲"]


def test_declared_xian80_refuses_even_a_kml(tmp_path: Path) -> None:
    (tmp_path / "a.kml").write_text(KML, encoding="utf-8")
    (note,) = read(tmp_path / "a.kml", crs="西安80").intake
    assert note.status.value == "quarantined" and "西安80" in note.reason


def test_geodatabase_zip_keeps_chinese_names(tmp_path: Path) -> None:
    folder = write_gdb(tmp_path / "原" / "库.gdb", {"用地红线": [PARCEL]}, {"名称": ["甲地块"]})
    subjects = read(zip_folder(tmp_path / "库.zip", folder, inside="库.gdb/"))
    assert subjects.frame["name"].tolist() == ["甲地块"]
    assert subjects.frame.geometry.iloc[0].symmetric_difference(PARCEL).area <= 1e-6 * PARCEL.area
