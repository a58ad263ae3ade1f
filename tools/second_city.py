"""Data of a small fictitious city (示例市, code 990100, meridian 111°) as a bureau would hold them, for docs/second_city.md.

    python tools/second_city.py 资料

Nothing here is real: province 99 does not exist, names are 示例, the land cover and the hills are drawn by formula.
"""

import csv
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from openpyxl import Workbook
from pyproj import Transformer
from rasterio.transform import from_origin

WEST, SOUTH, EAST, NORTH = 110.85, 27.0, 111.15, 27.2
MIDDLE, HALF = 111.0, 27.1
ZONE_37, MERIDIAN_111 = 4525, 4546
"""CGCS2000 3° Gauss-Krüger, with and without zone prefix."""
_STEP, _EDGE_DEG = 1 / 1200, 0.0251
_UNITS = ("优先保护单元", "重点管控单元", "一般管控单元")


def write_city(folder: Path) -> Path:
    """Write every file of the city's data into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    _layers(folder)
    ready = folder / "工作区"
    for name in ("layers/projects", "layers/enterprises", *(f"packs/示例市/{part}" for part in ("carbon", "plan", "relocation"))):
        (ready / name).mkdir(parents=True, exist_ok=True)
    _access_list(ready / "layers")
    _land_and_water(ready / "layers")
    _forest(ready / "layers")
    _rasters(ready / "layers")
    _subjects(ready / "layers")
    _densities(ready / "packs" / "示例市" / "carbon")
    _growth(ready / "packs" / "示例市" / "carbon")
    _plan_and_policy(ready / "packs" / "示例市")
    return folder


def _save(path: Path, shapes: Sequence[shapely.Geometry], fields: Mapping[str, Sequence[object]], epsg: int) -> None:
    # borders that two files share have the same corners, so that they are the same lines in every plane
    dense = shapely.segmentize(np.array(shapes, dtype=object), _EDGE_DEG)
    frame = gpd.GeoDataFrame(dict(fields), geometry=list(dense), crs=4490).to_crs(epsg)
    frame.to_file(path, engine="pyogrio", encoding="gbk" if path.suffix == ".shp" else None)


def _layers(folder: Path) -> None:
    counties = [shapely.box(WEST, SOUTH, MIDDLE, NORTH), shapely.box(MIDDLE, SOUTH, EAST, NORTH)]
    _save(folder / "县界.gpkg", counties, {"XZQDM": ["990121", "990122"], "XZQMC": ["示例甲县", "示例乙县"]}, ZONE_37)
    edges = np.linspace(WEST, EAST, 4)
    boxes = [shapely.box(edges[k], SOUTH, edges[k + 1], NORTH) for k in range(3)]
    boxes[1:2] = [shapely.box(edges[1], SOUTH, MIDDLE, NORTH), shapely.box(MIDDLE, SOUTH, edges[2], NORTH)]
    kinds = [1, 2, 2, 3]
    codes = [f"ZH9901{21 if k < 2 else 22}{kind}000{k + 1}" for k, kind in enumerate(kinds)]
    fields = {"HJGKDYBM": codes, "HJGKDYMC": [f"示例单元{k}" for k in "甲乙丙丁"], "GKDYFL": [_UNITS[k - 1] for k in kinds]}
    _save(folder / "管控单元.shp", boxes, fields, ZONE_37)
    red = [shapely.box(110.86, 27.11, 110.90, 27.15)]
    _save(folder / "生态保护红线.gpkg", red, {"HXBM": ["HX01"], "HXMC": ["示例红线"], "HXFQ": ["红线一般区域"]}, MERIDIAN_111)
    farm = [shapely.box(111.05, 27.02, 111.08, 27.05)]
    _save(folder / "永久基本农田.gpkg", farm, {"TBBH": ["NT01"], "DLMC": ["水田"]}, ZONE_37)


def _land_and_water(folder: Path) -> None:
    """Write the river, source zones, parks, control units of the river, zones for outfalls and a pit to be used again."""
    river = [shapely.LineString([(WEST + 0.001, HALF), (EAST - 0.001, HALF)])]
    _save(folder / "河流.gpkg", river, {"编码": ["HL01"], "名称": ["示例河"], "级别": ["干流"]}, 4490)
    pit = [shapely.box(111.04, 27.06, 111.046, 27.064)]
    _save(folder / "废弃地.gpkg", pit, {"编码": ["FQ01"], "名称": ["示例废弃矿山"], "类型": ["废弃矿山"]}, ZONE_37)
    water = [shapely.Point(110.98, 27.15).buffer(0.004), shapely.Point(110.98, 27.15).buffer(0.012)]
    water[1] = water[1].difference(water[0])
    fields = {"编码": ["SY01", "SY02"], "名称": ["示例水源地"] * 2, "级别": ["一级保护区", "二级保护区"]}
    _save(folder / "水源保护区.gpkg", water, fields, 4490)
    parks = [shapely.box(111.09, 27.13, 111.12, 27.15), shapely.box(110.95, 27.03, 110.97, 27.05)]
    fields = {"编码": ["YQ01", "YQ02"], "名称": ["示例园区A", "示例园区B"], "类型": ["开发区"] * 2, "剩余公顷": ["120", "40"],
              "准入行业": ["30;33", "17"], "认定": ["是", "是"], "余水万方": ["300", "80"], "余能吨标煤": ["90000", "20000"]}  # fmt: skip
    _save(folder / "产业园区.gpkg", parks, fields, MERIDIAN_111)
    halves = [shapely.box(WEST, SOUTH, MIDDLE, NORTH), shapely.box(MIDDLE, SOUTH, EAST, NORTH)]
    fields = {"编码": ["KZ01", "KZ02"], "名称": ["示例河上段", "示例河下段"], "水系": ["示例河水系"] * 2, "断面": ["示例断面1", "示例断面2"],
              "目标": ["Ⅲ类"] * 2, "COD上限": ["400", "600"]}  # fmt: skip
    _save(folder / "控制单元.gpkg", halves, fields, ZONE_37)
    bans = [shapely.box(110.95, 27.09, 110.99, 27.11)]
    _save(folder / "排污口设置区域.gpkg", bans, {"编码": ["PK01"], "名称": ["示例禁设河段"], "类型": ["禁止设置区域"]}, 4490)


def _forest(folder: Path) -> None:
    """Write stands by a seed, restoration areas and what was declared of them."""
    random = np.random.default_rng(990100)
    corners = [(110.855 + 0.008 * (k % 4), 27.155 + 0.008 * (k // 4)) for k in range(16)]
    kinds = random.choice(["油松", "栎", "针阔混", "软阔类"], 16)
    fields = {"小班号": [f"XB{k:02d}" for k in range(1, 17)], "优势树种": list(kinds), "平均年龄": random.integers(8, 60, 16).tolist(),
              "公顷蓄积": [f"{volume:.1f}" for volume in random.uniform(20, 140, 16)], "面积公顷": [70.4] * 16}  # fmt: skip
    _save(folder / "森林小班.gpkg", [shapely.box(x, y, x + 0.008, y + 0.008) for x, y in corners], fields, MERIDIAN_111)
    areas = [shapely.box(111.085, 27.06, 111.11, 27.08), shapely.box(111.115, 27.03, 111.14, 27.05), shapely.box(110.9, 27.02, 110.92, 27.04)]
    fields = {"编码": ["XF01", "XF02", "XF03"], "名称": ["示例修复区甲", "示例修复区乙", "示例修复区丙"], "措施": ["造林", "封育", "草地修复"]}
    _save(folder / "生态修复区.gpkg", areas, fields, ZONE_37)
    lines = ["修复区编码,开工年,造林前非森林年数,权属清晰,年降水量毫米", "XF01,2026,6,是,1200", "XF02,2026,,是,1200", "XF03,2027,,是,1200"]
    (folder / "修复事实.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")


def _access_list(folder: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["示例市生态环境准入清单"])
    sheet.append(["环境管控单元编码", "环境管控单元名称", "空间布局约束", "污染物排放管控", "环境风险防控", "资源开发效率要求"])
    sheet.append(["990100", "全市", "【示例条款】全市禁止新建示例项目。", "", "", ""])
    sheet.append(["优先保护单元总体要求", "", "【示例条款】优先保护单元以保护为主。", "", "", ""])
    for number, (county, kind) in enumerate(((21, 1), (21, 2), (22, 2), (22, 3)), start=1):
        texts = [f"【示例条款】{word}按单元{number}的要求。" for word in ("布局", "排放", "风险", "效率")]
        sheet.append([f"ZH9901{county}{kind}000{number}", f"示例单元{number}", *texts])
    book.save(folder / "准入清单.xlsx")


def _rasters(folder: Path) -> None:
    rows, columns = round((NORTH - SOUTH) / _STEP), round((EAST - WEST) / _STEP)
    row, column = np.mgrid[0:rows, 0:columns]
    land = np.select([column < columns // 4, (row + column) % 7 == 0, column > 2 * columns // 3], [2, 4, 1], 2).astype(np.uint8)
    land[abs(row - rows // 2) < 2] = 5
    height = (180 + 0.6 * abs(row - rows // 2) + 0.2 * (columns - column)).astype(np.int16)
    for name, values, nodata in (("clcd_2025.tif", land, 0), ("dem.tif", height, -9999)):
        with rasterio.open(
            folder / name, "w", driver="GTiff", height=rows, width=columns, count=1, dtype=values.dtype, nodata=nodata,
            crs="EPSG:4490", transform=from_origin(WEST, NORTH, _STEP, _STEP),
        ) as out:  # fmt: skip
            out.write(values, 1)


def _densities(folder: Path) -> None:
    """Write a table of densities: invented numbers, vegetation alone."""
    pools = ("vegetation", "dead", "soil")
    heads = ["class_code", "land_class", "above_tc_per_ha", "below_tc_per_ha", "soil_depth_cm", "note"]
    heads += [f"{pool}{part}" for pool in pools for part in ("_tc_per_ha", "_low_tc_per_ha", "_high_tc_per_ha", "_source", "_mark")]
    lines = [",".join(heads)]
    densities = (("林地（林型不明）", 30.0), ("灌木", 8.0), ("草地（类型不明）", 3.0), ("耕地", 2.0), ("湿地", 4.0), ("水域", 0.0),
                 ("建设用地", 0.0), ("裸地", 0.0))  # fmt: skip
    for code, (name, mid) in enumerate(densities, start=1):
        row = dict.fromkeys(heads, "") | {"class_code": str(code), "land_class": name, "note": "虚构"}
        row |= {"vegetation_tc_per_ha": str(mid), "vegetation_low_tc_per_ha": str(mid / 2), "vegetation_high_tc_per_ha": str(mid * 1.5)}
        lines.append(",".join((row | {"vegetation_source": "虚构的示例数", "vegetation_mark": "M"}).values()))
    (folder / "pools_示例.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    rates = "land_class,low_tc_per_ha_yr,mid_tc_per_ha_yr,high_tc_per_ha_yr,source,mark,note\n林地（林型不明）,0.2,0.5,1.0,虚构的示例数,M,\n"
    (folder / "sink_rates.csv").write_text(rates, encoding="utf-8-sig")


def _growth(folder: Path) -> None:
    """Write curves, stand rates and planting rules with the numbers of `example_pack.py`, evidently not real."""
    spec = importlib.util.spec_from_file_location("example_pack", Path(__file__).with_name("example_pack.py"))
    if spec is None or spec.loader is None:
        raise FileNotFoundError("example_pack.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in module.TABLES:
        table = name.partition("/")[2]
        if not table.startswith(("pools_", "sink_rates")):
            module.write_table(name, folder / f"{table}.csv")


def _plan_and_policy(pack: Path) -> None:
    """Write a plan of two measures and one exclusion of the city's own for relocation."""
    rows = [["no", "chapter", "title", "spatial", "figures", "targets", "lead", "mark"],
            ["0", "总体目标", "示例方案的主要目标", "部分空间", "carbon", "2030年：示例目标", "示例市政府", "M"],
            ["1", "一、布局", "示例措施：红线与园区", "空间", "ecological_redline relocation", "", "示例市生态环境局", "M"],
            ["2", "二、增汇", "示例措施：造林与入河排污口", "部分空间", "potential outfalls", "", "示例市林业局", "M"]]  # fmt: skip
    for name, lines in (("measures", rows), ("rules", [["rule_id", "measures"], ["PF-01", "1"], ["OF-01-2026", "2"]])):
        with (pack / "plan" / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(lines)
    exclusion = '[[exclusion]]\ntest = "in_park"\ndrops = ["建成区"]\ntext = "已在示例园区内"\nbasis = "示例市方案（虚构）"\n'
    (pack / "relocation" / "dispositions.toml").write_text(exclusion, encoding="utf-8")


def _subjects(folder: Path) -> None:
    to_plane = Transformer.from_crs(4490, ZONE_37, always_xy=True)
    lines = ["[属性描述]", "坐标系=2000国家大地坐标系", "几度分带=3", "带号=37", "[地块坐标]"]
    for number, box in enumerate(((110.87, 27.12, 110.872, 27.121), (111.06, 27.03, 111.062, 27.031)), start=1):
        ring = list(shapely.box(*box).exterior.coords)
        lines.append(f"{len(ring)},,SL{number:02d},示例项目{number},面,,工业,,@")
        for point, (lon, lat) in enumerate(ring):
            east, north = to_plane.transform(lon, lat)
            lines.append(f"J{point % (len(ring) - 1) + 1},1,{north:.3f},{east:.3f}")
    (folder / "projects" / "示例地块.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = ["file,parcel,project_id,name,industry,project_type,activity"]
    rows += [f"示例地块.txt,SL{k:02d},SL{k:02d},示例项目{k},{code},新建,开发性生产性建设" for k, code in ((1, "3011"), (2, "1713"))]
    (folder / "projects" / "attributes.csv").write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
    feature = {
        "type": "Feature", "properties": {"name": "示例项目3", "行业代码": "3011", "建设性质": "新建"},
        "geometry": shapely.geometry.mapping(shapely.box(111.03, 27.16, 111.033, 27.162)),
    }  # fmt: skip
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    content = {"type": "FeatureCollection", "crs": crs, "features": [feature]}
    (folder / "projects" / "示例项目3.geojson").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    point = {"type": "Feature", "properties": {"name": "示例排口", "建设性质": "新建", "活动类型": "入河排污口", "行业代码": "4620"},
             "geometry": {"type": "Point", "coordinates": [110.97, 27.1001]}}  # fmt: skip
    outfall = {"type": "FeatureCollection", "crs": crs, "features": [point]}
    (folder / "projects" / "示例排口.geojson").write_text(json.dumps(outfall, ensure_ascii=False), encoding="utf-8")
    book = Workbook()
    sheet = book.active
    sheet.append(["企业名称", "行业代码", "经度", "纬度", "坐标系", "所在县"])
    places = (("示例企业001", "3011", 110.985, 27.152), ("示例企业002", "1713", 111.07, 27.04), ("示例企业003", "3311", 111.1, 27.1))
    for name, code, lon, lat in places:
        sheet.append([name, code, lon, lat, "CGCS2000", "示例甲县" if lon < MIDDLE else "示例乙县"])
    book.save(folder / "enterprises" / "示例企业.xlsx")


if __name__ == "__main__":
    sys.stdout.write(f"已写入 {write_city(Path(sys.argv[1] if len(sys.argv) > 1 else '资料'))}\n")
