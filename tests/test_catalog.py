"""The catalogue: what it says, and every way it can be wrong."""

import pytest

from cdgis.core.errors import CatalogError
from cdgis.workspace.catalog import read_catalog

ENTRY = """
[layers.{id}]
title = "图层"
theme = "三线"
geometry = "polygon"
path = "x.gpkg"
official = false
version = "2026"
source = "测试"
licence = "CC0"
"""
CITY = ENTRY.format(id="city") + "zones = false\n"


def catalog(tmp_path, text):
    path = tmp_path / "catalog.toml"
    path.write_text(text, encoding="utf-8")
    return read_catalog(path)


def test_catalog_keeps_file_order_and_tells_zone_layers_apart(tmp_path):
    found = catalog(tmp_path, CITY + ENTRY.format(id="b") + 'coverage = "city"\n' + ENTRY.format(id="a") + 'coverage = "city"\n')
    assert list(found.layers) == ["city", "b", "a"]
    assert [spec.id for spec in found.zone_layers()] == ["b", "a"]
    assert "a" in found and found["a"].coverage == "city" and found["a"].is_vector


def test_unknown_layer_is_named_with_those_there_are(tmp_path):
    with pytest.raises(CatalogError, match="没有图层 x。已登记：city"):
        catalog(tmp_path, CITY)["x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY.format(id="a"), "未声明 coverage"),
        (ENTRY.format(id="a") + 'coverage = "nowhere"\n', "coverage=nowhere 不在目录中"),
        (CITY + "colour = 1\n", "colour"),
        (CITY + "accuracy_m = -1\n", "accuracy_m"),
        (CITY.replace('theme = "三线"', 'theme = "四线"'), "四线"),
        (CITY.replace('source = "测试"', ""), "source"),
        ("[layers", "不是合法的 UTF-8 TOML"),
        (CITY + "[layer.b]\n", r"没有 \[layer\]"),
        ("layers = 1\n", "layers 应为一组"),
        ("layers = []\n", "layers 应为一组"),
        ("[layers]\ncity = 3\n", "layers.city 应为一个条目，读到 3"),
        (CITY + 'id = "other"\n', "里不要写 id"),
        (CITY + 'encoding = "gbk-9"\n', "不认识编码 gbk-9"),
        (CITY + "accuracy_m = inf\n", "有限的数"),
        (CITY.replace("x.gpkg", r"x\u0000.gpkg"), "含控制符"),
        (CITY + ENTRY.format(id="p").replace("polygon", "point") + "zones = false\n"
         + ENTRY.format(id="a") + 'coverage = "p"\n', "coverage=p 不是面图层"),
        (CITY + ENTRY.format(id="a") + 'coverage = "citi"\n', "是否想写 city？"),
        ("a = " + "[" * 5000, "嵌套过深|不是合法的 UTF-8 TOML"),
    ],
)
def test_faulty_catalog_is_refused(tmp_path, text, message):
    with pytest.raises(CatalogError, match=message):
        catalog(tmp_path, text)


def test_missing_catalog_is_refused(tmp_path):
    with pytest.raises(CatalogError, match="cdgis init"):
        read_catalog(tmp_path / "catalog.toml")


def test_all_faulty_entries_are_reported_at_once(tmp_path):
    with pytest.raises(CatalogError, match=r"layers\.a\.theme.*layers\.b\.theme"):
        catalog(tmp_path, "".join(ENTRY.format(id=key).replace("三线", "四线") for key in "ab"))


def test_catalog_that_is_a_folder_is_refused(tmp_path):
    with pytest.raises(CatalogError, match="是文件夹"):
        read_catalog(tmp_path)
