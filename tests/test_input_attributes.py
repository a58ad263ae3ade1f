"""Attributes where programs put them: cut field names, description tables, folders, coded domains; the rest is named."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
import shapely
from ring_files import cut_shapefile, geojson, kml, kml_polygon, ring_of, table
from shapes import PARCEL, workspace, write_layer

from cdgis.readers import read_sites
from cdgis.readers.coded_domains import geodatabase_domains, in_domain_words
from cdgis.readers.cut_names import full_names, not_understood
from cdgis.readers.kml_attributes import described_texts, placemark_texts
from cdgis.readers.subjects import describe_site
from cdgis.workspace.layers import Subjects

LAND = kml_polygon(ring_of(shapely.Polygon(PARCEL.exterior)))
COLUMNS = ["name", "industry", "project_type"]


def read(path: Path) -> Subjects:
    return read_sites(workspace(path.parent), [path])


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("names", [
    ("项目名称", "行业代码", "建设性质"), ("建设项目名称", "国民经济行业代码", "建设性质"), ("企业名称", "行业类别代码", "项目性质"),
    ("名称", "行业小类代码", "project_type"),
])  # fmt: skip
def test_names_cut_in_the_middle_of_a_character_are_read(tmp_path: Path, encoding: str, names: tuple[str, ...]) -> None:
    path = cut_shapefile(tmp_path / "a.shp", [PARCEL], dict(zip(names, ("示例项目甲", "3011", "新建"), strict=True)), encoding)
    subjects = read(path)
    assert subjects.frame[COLUMNS].to_numpy().tolist() == [["示例项目甲", "3011", "新建"]], subjects.intake
    cut = [name for name in names if len(name.encode(encoding)) > 10]
    assert all(f"被截断，按“{name}”读取" in subjects.intake[0].reason for name in cut)
    assert ("被截断" in subjects.intake[0].reason) == bool(cut)


def test_a_name_cut_so_short_that_it_could_be_several_is_listed(tmp_path: Path) -> None:
    subjects = read(cut_shapefile(tmp_path / "a.shp", [PARCEL], {"名称": "甲", "是否排污": "是"}, "utf-8"))
    assert "没有认出、未采用的列：是否排" in subjects.intake[0].reason
    assert full_names(["是否排"]) == ({}, ())


def test_columns_nobody_understands_are_listed_once_a_file(tmp_path: Path) -> None:
    rows = [["甲", 117.9, 40.95, "x", "y"], ["乙", 117.91, 40.95, "x", ""]]
    notes = read(table(tmp_path / "a.xlsx", ("名称", "经度", "纬度", "神秘栏", "另一栏"), rows)).intake
    assert "未采用的列：神秘栏、另一栏" in notes[0].reason
    assert "未采用的列" not in notes[1].reason
    assert not_understood([{"名称": "甲", "经度": "117", "OBJECTID": "1", "空": ""}]) == ()


ARCGIS = "<html><body><table><tr><td colspan=2>地块</td></tr><tr><td><table><tr><td>FID</td><td>0</td></tr>" \
    "<tr bgcolor='#D4E4F3'><td>项目名称</td><td>示例&amp;项目</td></tr><tr><td>行业代码</td><td>3011</td></tr>" \
    "<tr><td>建设性质</td><td>新建</td></tr></table></td></tr></table></body></html>"  # fmt: skip


@pytest.mark.parametrize(("inside", "name"), [
    (f"<name></name><description><![CDATA[{ARCGIS}]]></description>", "示例&项目"),
    ("<name>甲</name><description>行业代码：3011\n建设性质：新建</description>", "甲"),
    ("<name>甲</name><description><![CDATA[<b>行业代码: 3011</b><br/>建设性质: 新建]]></description>", "甲"),
    ("<name>甲</name><description><![CDATA[<table><tr><th>行业代码</th><th>建设性质</th><th>备注</th></tr>"
     "<tr><td>3011</td><td>新建</td><td>-</td></tr></table>]]></description>", "甲"),
    ('<ExtendedData><Data name="f1"><displayName>项目名称</displayName><value>乙</value></Data>'
     '<SchemaData schemaUrl="#s"><SimpleData name="HYDM">3011</SimpleData><SimpleData name="f2">新建</SimpleData></SchemaData>'
     "</ExtendedData>", "乙"),
])  # fmt: skip
def test_attributes_of_a_placemark_are_read_wherever_they_stand(tmp_path: Path, inside: str, name: str) -> None:
    head = '<Schema id="s"><SimpleField name="f2" type="string"><displayName>建设性质</displayName></SimpleField></Schema>'
    subjects = read(kml(tmp_path / "a.kml", inside + LAND, head=head))
    assert subjects.frame[COLUMNS].to_numpy().tolist() == [[name, "3011", "新建"]], subjects.intake


def test_folders_name_what_has_no_name_and_are_said(tmp_path: Path) -> None:
    path = kml(tmp_path / "a.kml")
    path.write_text(f"<kml><Document><Folder><name>示例项目</name><Folder><name>一期</name><Placemark>{LAND}</Placemark>"
                    "</Folder></Folder></Document></kml>", encoding="utf-8")  # fmt: skip
    subjects = read(path)
    assert subjects.frame["name"].tolist() == ["示例项目一期"]
    assert "文件夹 示例项目/一期" in subjects.intake[0].reason


def test_a_description_that_is_only_prose_is_named_as_not_read(tmp_path: Path) -> None:
    (note,) = read(kml(tmp_path / "a.kml", f"<name>甲</name><description>拟建水泥厂，见附件</description>{LAND}")).intake
    assert "没有认出、未采用的列：description" in note.reason


@pytest.mark.parametrize(("first", "second"), [("own", "own"), ("own", "told"), ("told", "told")])
@pytest.mark.parametrize(("header", "one", "other"), [("行业代码", "3011", "2710"), ("年耗煤量（吨）", "15", "160000")])
def test_an_attribute_said_twice_and_differently_is_asked_about(first: str, second: str, header: str, one: str, other: str) -> None:
    own, told = "", ""
    for where, text in ((first, one), (second, other)):
        own += f'<Data name="{header}"><value>{text}</value></Data>' if where == "own" else ""
        told += f"&lt;tr&gt;&lt;td&gt;{header}&lt;/td&gt;&lt;td&gt;{text}&lt;/td&gt;&lt;/tr&gt;" if where == "told" else ""
    words = f"<Placemark><name>甲</name><description>&lt;table&gt;{told}&lt;/table&gt;</description><ExtendedData>{own}</ExtendedData></Placemark>"
    found = describe_site(placemark_texts(ElementTree.fromstring(words), (), {}))
    assert found.columns["industry"] == "" and found.attributes == {}
    assert any("按缺失处理" in remark.reason and {one, other} <= {*remark.value.split(" / ")} for remark in found.remarks)


def test_a_description_table_never_overrides_the_placemark_itself() -> None:
    told, rest = described_texts("<script>x</script><table><tr><td>行业代码</td><td>3011</td></tr></table>其余")
    assert (told, rest) == ({"行业代码": "3011"}, "其余")


def with_domains(path: Path, fields: Mapping[str, Mapping[str, str]]) -> Path:
    """Add the Schema extension's tables to a GeoPackage."""
    with sqlite3.connect(path) as db:
        db.execute("create table gpkg_data_columns (table_name, column_name, name, title, description, mime_type, constraint_name)")
        db.execute("create table gpkg_data_column_constraints (constraint_name, constraint_type, value, min, min_is_inclusive,"
                   " max, max_is_inclusive, description)")  # fmt: skip
        for field, words in fields.items():
            db.execute("insert into gpkg_data_columns (table_name, column_name, constraint_name) values ('a', ?, ?)", (field, field))
            rows = [(field, code, text) for code, text in words.items()]
            db.executemany("insert into gpkg_data_column_constraints (constraint_name, constraint_type, value, description)"
                           " values (?, 'enum', ?, ?)", rows)  # fmt: skip
    return path


def test_codes_of_a_geopackage_are_read_in_words(tmp_path: Path) -> None:
    write_layer(tmp_path / "a.gpkg", [PARCEL], {"名称": ["甲"], "建设性质": [1], "行业代码": ["3011"], "是否排污": ["9"]})
    words = {"建设性质": {"1": "新建", "2": "改建"}, "行业代码": {"3011": "水泥制造"}, "是否排污": {"9": "是"}}
    subjects = read(with_domains(tmp_path / "a.gpkg", words))
    assert subjects.frame[COLUMNS].to_numpy().tolist() == [["甲", "3011", "新建"]]
    assert subjects.attributes[["attribute", "value"]].to_numpy().tolist() == [["discharges_pollutants", "true"]]
    assert "代码 1 按值域读作“新建”" in subjects.intake[0].reason


CLASS = '<?xml version="1.0" encoding="UTF-8"?><typens:DEFeatureClassInfo xmlns:typens="urn:x"><CatalogPath>\\dk</CatalogPath>' \
    "<Name>dk</Name><GPFieldInfoExs><GPFieldInfoEx><Name>JSXZ</Name><DomainName>性质</DomainName></GPFieldInfoEx>" \
    "<GPFieldInfoEx><Name>OTHER</Name></GPFieldInfoEx></GPFieldInfoExs></typens:DEFeatureClassInfo>"  # fmt: skip
DOMAIN = '<typens:GPCodedValueDomain2 xmlns:typens="urn:x"><DomainName>性质</DomainName><CodedValues>' \
    "<CodedValue><Name>新建</Name><Code>1</Code></CodedValue><CodedValue><Name>扩建</Name><Code>2</Code></CodedValue>" \
    "</CodedValues></typens:GPCodedValueDomain2>"  # fmt: skip


def test_codes_of_a_geodatabase_are_read_in_words() -> None:
    domains = geodatabase_domains([CLASS, DOMAIN, "", "<broken", '<!DOCTYPE x><GPCodedValueDomain2/>'])
    assert domains == {"dk": {"jsxz": {"1": "新建", "2": "扩建"}}}
    texts, remarks = in_domain_words({"JSXZ": "2", "OTHER": "1"}, domains["dk"])
    assert texts == {"JSXZ": "扩建", "OTHER": "1"} and "按值域读作“扩建”" in remarks[0].reason


def test_a_property_of_a_feature_may_name_its_datum(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [PARCEL, PARCEL], None, [{"坐标系": "CGCS2000"}, {"坐标系": "西安80"}])
    subjects = read(path)
    assert [note.status.value for note in subjects.intake] == ["accepted", "quarantined"]
    assert subjects.frame["accuracy_m"].tolist() == [0.0]
