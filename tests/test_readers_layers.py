"""Anybody's zone layer under the standard names after one catalogue entry."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapes import BOW_TIE, in_crs, layer_spec, square, write_gbk_shapefile, write_geojson, write_layer

from cdgis.core.errors import CrsError, LayerError
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import read_layer, read_table_layer
from cdgis.readers.fields import find_field
from cdgis.readers.inputs import file_sha256
from cdgis.workspace.layers import Layer

SQUARES = [square(117.90, 40.95), square(117.91, 40.95)]
CODES = ["ZH13080210001", "ZH13080220001"]


def read(path: Path, **changes: object) -> Layer:
    return read_layer(layer_spec(path.name, **changes), path.parent)


def test_official_unit_shapefile_is_read_after_one_entry_when_gbk_and_truncated(tmp_path: Path) -> None:
    fields = {"HJGKDYBM": CODES, "HJGKDYMC": ["双桥区优先单元", "双桥区重点单元"], "环境管控单元分类": ["1", "重点"],
              "COUNTY": ["双桥区", "双桥区"]}  # fmt: skip
    path = write_gbk_shapefile(tmp_path / "管控单元 2023.shp", SQUARES, fields, epsg=4527)
    assert "环境管控单" in gpd.read_file(path, encoding="GBK").columns
    layer = read(
        path,
        allowed_classes=("优先保护", "重点管控", "一般管控"),
        classes={"1": "优先保护", "重点": "重点管控"},
        fields={"zone_class": ("环境管控单元分类",), "county_name": ("AREA", "COUNTY")},
    )
    assert layer.zones["zone_id"].tolist() == CODES
    assert layer.zones["zone_name"].tolist() == ["双桥区优先单元", "双桥区重点单元"]
    assert layer.zones["zone_class"].tolist() == ["优先保护", "重点管控"]
    assert layer.zones["county_name"].tolist() == ["双桥区", "双桥区"]
    expected = survey_area_m2(np.array(SQUARES, dtype=object))
    assert survey_area_m2(layer.zones.geometry.to_numpy()) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("epsg", [4490, 4326, 4527, 4548, 4498, 4509])
@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
def test_known_crs_all_come_out_in_4490(tmp_path: Path, epsg: int, suffix: str) -> None:
    layer = read(write_layer(tmp_path / f"a{suffix}", SQUARES, {"zone_id": CODES}, epsg=epsg))
    assert layer.zones.crs.to_epsg() == 4490
    assert layer.zones.total_bounds == pytest.approx([117.90, 40.95, 117.92, 40.96], abs=2e-7)
    assert any("WGS84" in note.reason for note in layer.notes) == (epsg == 4326)


def test_geojson_layer_is_read(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "a.geojson", [(g, {"zone_id": c}) for g, c in zip(SQUARES, CODES, strict=True)])
    assert read(path).zones["zone_id"].tolist() == CODES


def test_layer_without_crs_is_an_error_unless_declared(tmp_path: Path) -> None:
    path = write_gbk_shapefile(tmp_path / "a.shp", SQUARES, {"zone_id": CODES}, epsg=4548)
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError, match=r"没有坐标系.*catalog\.toml"):
        read(path)
    assert len(read(path, crs="EPSG:4548").zones) == 2


@pytest.mark.parametrize(("declared", "match"), [("EPSG:4527", "看起来是经纬度"), ("EPSG:3857", "EPSG:3857")])
def test_crs_that_contradicts_or_is_foreign_is_an_error(tmp_path: Path, declared: str, match: str) -> None:
    path = write_layer(tmp_path / "a.gpkg", SQUARES, {"zone_id": CODES})
    with pytest.raises(CrsError, match=match):
        read(path, crs=declared)


def test_swapped_axes_are_an_error_for_layers(tmp_path: Path) -> None:
    turned = [shapely.transform(g, lambda xy: xy[:, ::-1]) for g in SQUARES]
    with pytest.raises(CrsError, match="经纬度颠倒"):
        read(write_layer(tmp_path / "a.gpkg", turned, {"zone_id": CODES}))


def test_unknown_classes_are_listed_with_the_allowed_ones(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", SQUARES, {"zone_id": CODES, "LX": ["甲类", "优先"]})
    with pytest.raises(LayerError, match="甲类；允许 优先保护、重点管控") as caught:
        read(path, allowed_classes=("优先保护", "重点管控"), classes={"优先": "优先保护"})
    assert caught.value.layer == "units"


def test_missing_field_and_bad_class_are_reported_together(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", SQUARES, {"LX": ["甲", "乙"]})
    with pytest.raises(LayerError, match="缺少字段 zone_id") as caught:
        read(path, allowed_classes=("丙",), fields={"cap_ha": ("CAP",)})
    assert len(caught.value.problems) == 3


def test_only_allowed_class_is_assumed_when_the_file_has_no_class_field(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", SQUARES, {"zone_id": CODES})
    assert set(read(path, allowed_classes=("永久基本农田",)).zones["zone_class"]) == {"永久基本农田"}


def test_faulty_zones_are_repaired_or_left_out_and_reported(tmp_path: Path) -> None:
    zones = [SQUARES[0], BOW_TIE, None, shapely.Polygon(), SQUARES[1]]
    path = write_layer(tmp_path / "a.gpkg", zones, {"zone_id": ["A", "B", "C", "D", "A"]})
    layer = read(path)
    assert layer.zones["zone_id"].tolist() == ["A", "B", "A"]
    assert layer.zones.geometry.is_valid.all()
    found = [(note.row, note.status.value) for note in layer.notes]
    assert found == [("2", "repaired"), ("3", "quarantined"), ("4", "quarantined"), ("5", "accepted")]
    assert "重复" in layer.notes[-1].reason
    assert layer.quarantined == 2


def test_lines_in_a_polygon_layer_are_left_out_and_reported(tmp_path: Path) -> None:
    line = shapely.LineString([(117.9, 40.9), (117.95, 40.95)])
    layer = read(write_geojson(tmp_path / "a.geojson", [(line, {"zone_id": "L"}), (SQUARES[0], {"zone_id": "P"})]))
    assert layer.zones["zone_id"].tolist() == ["P"]
    assert layer.notes[-1].reason.startswith("图形不是面")


def test_empty_layer_is_allowed(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"zone_id": []}, geometry=[], crs=4490)
    frame.to_file(tmp_path / "a.gpkg", engine="pyogrio", geometry_type="Polygon")
    layer = read(tmp_path / "a.gpkg")
    assert len(layer.zones) == 0
    assert list(layer.zones.columns) == ["zone_id", "zone_name", "zone_class", "geometry"]


def test_long_edges_are_densified_and_noted_once(tmp_path: Path) -> None:
    straight = shapely.Polygon(in_crs(square(117.0, 41.0, 0.1), 4527).exterior.coords)
    gpd.GeoDataFrame({"zone_id": ["A"]}, geometry=[straight], crs=4527).to_file(tmp_path / "a.gpkg", engine="pyogrio")
    layer = read(tmp_path / "a.gpkg")
    assert [note.row for note in layer.notes] == ["整个文件"]
    assert "加密" in layer.notes[0].reason
    back = in_crs(layer.zones.geometry.iloc[0], 4527)
    assert straight.exterior.hausdorff_distance(back.exterior) <= 0.01


def test_numbers_become_plain_text(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", SQUARES, {"zone_id": [130802.0, 1e15], "zone_name": [7, 8]})
    zones = read(path).zones
    assert zones["zone_id"].tolist() == ["130802", "1000000000000000"]
    assert zones["zone_name"].tolist() == ["7", "8"]


def test_sublayer_must_be_named_when_there_are_several(tmp_path: Path) -> None:
    path = tmp_path / "多层.gpkg"
    for layer, code in (("甲", "A"), ("乙", "B")):
        gpd.GeoDataFrame({"zone_id": [code]}, geometry=SQUARES[:1], crs=4490).to_file(
            path, layer=layer, engine="pyogrio"
        )
    with pytest.raises(LayerError, match="sublayer"):
        read(path)
    assert read(path, sublayer="乙").zones["zone_id"].tolist() == ["B"]


def test_absent_file_names_the_catalogue(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"文件不存在.*catalog\.toml"):
        read(tmp_path / "无.gpkg")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.gpkg", b"<OGRVRTDataSource/>"), ("a.shp", b"<OGRVRTDataSource/>"), ("a.geojson", b"<OGRVRTDataSource/>"),
     ("a.geojson", b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/passwd"}'),
     ("a.vrt", b"<OGRVRTDataSource/>"), ("a.gpkg", b"SQLite format 3\x00broken")],
)  # fmt: skip
def test_files_that_are_not_what_they_say_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LayerError, match="units"):
        read(tmp_path / name)


def test_hash_covers_every_part_of_a_shapefile(tmp_path: Path) -> None:
    path = write_gbk_shapefile(tmp_path / "a.shp", SQUARES, {"zone_id": CODES})
    before = file_sha256(path)
    assert read(path).record.sha256 == before
    with path.with_suffix(".dbf").open("ab") as dbf:
        dbf.write(b"\x1a")
    assert file_sha256(path) != before


@pytest.mark.parametrize(
    ("candidates", "fields", "found"),
    [(["STHJYSGKFQBM"], ["STHJYSGKFQ"], "STHJYSGKFQ"), (["HJGKDYBM"], ["hjgkdybm\n"], "hjgkdybm\n"),
     (["环境管控单元编码"], ["环境管控单"], "环境管控单"), (["环境管控单元编码"], ["环境管"], "环境管"),
     (["B", "A"], ["A", "B"], "B"), (["X"], ["XY"], None)],
)  # fmt: skip
def test_fields_match_by_name_order_and_truncation(candidates: list[str], fields: list[str], found: str | None) -> None:
    assert find_field(candidates, fields) == found


def test_table_layer_is_text_with_mapped_columns(tmp_path: Path) -> None:
    (tmp_path / "清单.csv").write_bytes("单元编码,条文\nZH13080210001,禁止新建\n\n00123,\n".encode("gbk"))
    spec = layer_spec("清单.csv", geometry="table", fields={"unit_code": ("单元编码",)})
    frame = read_table_layer(spec, tmp_path)
    assert frame.to_dict("list") == {"unit_code": ["ZH13080210001", "00123"], "条文": ["禁止新建", ""]}
    with pytest.raises(LayerError, match="缺少字段 code"):
        read_table_layer(layer_spec("清单.csv", geometry="table", fields={"code": ("CODE",)}), tmp_path)


@pytest.mark.parametrize(("cells", "read"), [("甲,甲", "甲"), (",甲", "甲"), ("甲,", "甲"), (",", ""), ("甲,乙", None)])
def test_table_layer_with_two_columns_of_one_name_is_read_only_where_they_agree(tmp_path: Path, cells: str, read: str | None) -> None:
    (tmp_path / "表.csv").write_text(f"编码,条文,条文\n1,乙,乙\n2,{cells}\n", encoding="utf-8")
    spec = layer_spec("表.csv", geometry="table", fields={"code": ("编码",)})
    if read is None:
        with pytest.raises(LayerError, match="第 3 行：有两列都叫“条文”，内容不同（甲 / 乙）"):
            read_table_layer(spec, tmp_path)
    else:
        assert read_table_layer(spec, tmp_path)["条文"].tolist() == ["乙", read]


def test_no_part_of_a_bow_tie_is_lost_when_its_long_edges_are_densified(tmp_path: Path) -> None:
    zones = read(write_layer(tmp_path / "a.gpkg", [BOW_TIE], {"zone_id": ["A"]}, epsg=4527)).zones
    half_m2 = survey_area_m2(np.array([square(117.90, 40.95)], dtype=object))[0] / 2
    assert survey_area_m2(zones.geometry.to_numpy())[0] == pytest.approx(half_m2, rel=1e-3)
