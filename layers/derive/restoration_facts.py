"""What would an office declare about each restoration area, and which parcels are already claimed? (fictitious)

Answers are drawn by seed, so that every outcome of the pre-check occurs: declared, contradicting, blank. Claims are
plain boxes over a corner of some areas.
"""

import csv

import geopandas as gpd
import shapely

from layers.derive.terrain import rng
from layers.derive.writing import LAYERS, write_layer

COLUMNS = (
    "修复区编码", "开工年", "造林前非森林年数", "规划造林地", "权属清晰", "清除散生木", "灌木清除比例",
    "林种", "年降水不足400毫米", "国家重点生态功能区", "生态公益林", "年降水量毫米",
)  # fmt: skip
CLAIM_EVERY = 9
CLAIM_SHARE = 0.25


def write_restoration_facts() -> None:
    """Write restoration/restoration_facts.csv and carbon/carbon_claims.gpkg from the restoration areas."""
    areas = gpd.read_file(LAYERS / "restoration" / "restoration_areas.gpkg")
    planted = areas[areas["XFCS"] == "造林"].sort_values("XFBM")
    rows = [_answers(code, place) for place, code in enumerate(planted["XFBM"])]
    with (LAYERS / "restoration" / "restoration_facts.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    write_layer(_claims(planted), "carbon/carbon_claims.gpkg")


def _answers(code: str, place: int) -> list[str]:
    draw = rng(f"facts-{code}")
    yes = ["是", "是", "是", ""][int(draw.integers(4))]
    years = str(int(draw.integers(3, 12))) if place % 7 else "1"
    shrubs = f"{draw.uniform(0, 0.18):.2f}" if place % 11 else "0.35"
    kind = "乔木林" if place % 13 else "经济林"
    rain = int(draw.integers(385, 560))
    start = "2019" if place % 10 == 0 else "2026"
    low = "是" if rain < 400 else "否"
    zone = "是" if place % 3 == 0 else "否"
    return [code, start, years, "是", yes, "否", shrubs, kind, low, zone, "否", str(rain)]


def _claims(planted: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return boxes over the south-western quarter of every ninth area."""
    chosen = planted.iloc[::CLAIM_EVERY]
    west, south, east, north = (chosen.bounds[name].to_numpy() for name in ("minx", "miny", "maxx", "maxy"))
    side = CLAIM_SHARE**0.5
    boxes = shapely.box(west, south, west + side * (east - west), south + side * (north - south))
    kept = shapely.multipolygons([shapely.get_parts(shape) for shape in shapely.intersection(boxes, chosen.geometry.to_numpy())])
    full = ~shapely.is_empty(kept)
    numbers = range(1, int(full.sum()) + 1)
    return gpd.GeoDataFrame(
        {"XMBH": [f"TH{n:03d}" for n in numbers], "XMMC": [f"示例碳汇项目{n:03d}" for n in numbers]},
        geometry=kept[full],
        crs="EPSG:4490",
    )
