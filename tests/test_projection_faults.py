"""A coordinate system that is not one of ours is refused by the parameter that differs, with an act that is right for it."""

import pytest

from cdgis.core.errors import CrsError
from cdgis.readers.crs import resolve_crs

CGCS2000 = 'GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]]'
WGS84 = 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]]'
NAMELESS = 'GEOGCS["GCS_unknown",DATUM["D_unknown",SPHEROID["GRS_1980",6378137.0,298.257222101]]'
XIAN80 = 'GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",SPHEROID["Xian_1980",6378140.0,298.257]]'
LOCAL_ON_1975 = 'GEOGCS["承德地方",DATUM["D_local",SPHEROID["IAG 1975",6378140.0,298.257]]'
KRASSOWSKY = 'GEOGCS["GCS_Beijing_1954",DATUM["D_Beijing_1954",SPHEROID["Krasovsky_1940",6378245.0,298.3]]'


def prj(name: str = "CGCS2000_3_Degree_GK_CM_117E", *, base: str = CGCS2000, unit: float = 1.0, method: str = "Gauss_Kruger",
        **changes: float) -> str:  # fmt: skip
    values = {"False_Easting": 500000.0, "False_Northing": 0.0, "Central_Meridian": 117.0, "Scale_Factor": 1.0, "Latitude_Of_Origin": 0.0}
    values |= changes
    parameters = ",".join(f'PARAMETER["{key}",{value}]' for key, value in values.items())
    base = f'{base},PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
    return f'PROJCS["{name}",{base},PROJECTION["{method}"],{parameters},UNIT["Meter",{unit}]]'


PARAMETERS = {
    "name 117, parameter 116.75": (prj(Central_Meridian=116.75), "名称写中央经线 117°，参数写 116.75°"),
    "name 120, parameter 117": (prj("CGCS2000_3_Degree_GK_CM_120E"), "名称写中央经线 120°，参数写 117°"),
    "meridian of no zone": (prj("CGCS2000_GK_CM_118.5E", Central_Meridian=118.5), "中央经线 118.5°，不是"),
    "easting of 700 km": (prj(False_Easting=700000), "False_Easting）700000"),
    "zone number of another zone": (prj(False_Easting=40500000), "False_Easting）40500000"),
    "northing cut": (prj(False_Northing=-26091.448), "False_Northing） -26091.448"),
    "scaled to a height": (prj(Scale_Factor=1.00012), "比例因子 1.00012，应为 1"),
    "northing counted from 40": (prj(Latitude_Of_Origin=40.0), "起始纬度 40，应为 0"),
    "kilometres": (prj(False_Easting=500, unit=1000.0), "长度单位是 1000 米"),
    "several at once": (prj(Central_Meridian=117.5, False_Easting=503175.49, False_Northing=-1), "参数写 117.5°；东偏"),
    "Mercator": (prj("M", method="Mercator"), "投影方法是"),
}


def fault(stated: str, declared: str = "") -> CrsError:
    with pytest.raises(CrsError) as raised:
        resolve_crs("地块.shp", declared=declared, stated=stated, remedy="用 --crs EPSG:4548 写明坐标系")
    return raised.value


@pytest.mark.parametrize("kind", PARAMETERS)
def test_the_parameter_that_differs_is_named_and_nobody_is_told_to_overwrite_it(kind: str) -> None:
    stated, words = PARAMETERS[kind]
    err = fault(stated)
    assert words in err.found
    assert "EPSG:" not in err.remedy and "不要用 --crs" in err.remedy


@pytest.mark.parametrize("kind", PARAMETERS)
def test_a_declaration_does_not_overrule_such_a_parameter(kind: str) -> None:
    stated, words = PARAMETERS[kind]
    err = fault(stated, "EPSG:4548")
    assert words in err.found and "EPSG:4548" in err.found and "删去它" in err.remedy


@pytest.mark.parametrize(("base", "datum"), [(NAMELESS, "未写明"), (WGS84, "WGS84")])
@pytest.mark.parametrize(("easting", "code"), [(500000.0, 4548), (39500000.0, 4527)])
def test_a_datum_that_is_not_named_may_be_declared_when_all_parameters_fit(base: str, datum: str, easting: float, code: int) -> None:
    stated = prj("Custom_TM", base=base, method="Transverse_Mercator", False_Easting=easting)
    err = fault(stated)
    assert datum in err.found and f"--crs EPSG:{code}" in err.remedy and "西安80" not in str(err)
    assert resolve_crs("a", declared=f"EPSG:{code}", stated=stated, remedy="") == code


@pytest.mark.parametrize(("base", "title"), [(XIAN80, "西安80"), (LOCAL_ON_1975, "西安80"), (KRASSOWSKY, "北京54")])
def test_an_old_datum_is_called_by_its_name_and_not_declared_away(base: str, title: str) -> None:
    for declared in ("", "EPSG:4548"):
        err = fault(prj("某平面", base=base), declared)
        assert title in err.found and "转换参数" in err.remedy


def test_a_name_without_parameters_may_be_declared() -> None:
    stated = 'LOCAL_CS["CGCS2000_3_Degree_GK_CM_117E",UNIT["Meter",1.0]]'
    err = fault(stated)
    assert "只有名称" in err.found and "定义坐标系" in err.remedy
    assert resolve_crs("a", declared="EPSG:4548", stated=stated, remedy="") == 4548


def test_what_is_ours_is_read_as_before() -> None:
    assert resolve_crs("a", declared="", stated=prj(), remedy="") == 4548
    rounded = prj("CGCS2000_3_degree_GK_CM_117E", base=CGCS2000.replace("298.257222101", "298.25722"), False_Easting=39500000)
    assert resolve_crs("a", declared="", stated=rounded, remedy="") == 4527
