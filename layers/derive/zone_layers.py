"""Which layers are cut from the one coverage that all zone borders share?"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.derive import coverage, quality, units, water
from layers.derive.master import Master
from layers.derive.writing import write_layer


def write_all(master: Master) -> None:
    """Write every layer cut from the coverage."""
    write_units(master)
    for writer in (_built_up, _parks, _red_line, _sources, _reserves, _nature_parks, _farmland):
        writer(master)
    for writer in (_basins, _water_zones, _air_zones, _soil_zones, _functions):
        writer(master)


def write_units(master: Master) -> None:
    """Write zoning/management_units.gpkg."""
    faces = master.faces
    out = master.dissolve(faces, ["county", "unit_kind"])
    out["digit"] = [units.digit(kind) for kind in out["unit_kind"]]
    out = out.sort_values(["county", "digit", "unit_kind"], ignore_index=True)
    serial = out.groupby(["county", "digit"]).cumcount() + 1
    names = master.county_names
    frame = gpd.GeoDataFrame(
        {
            "HJZHGKDYBM": [f"ZH{c}{d}{s:04d}" for c, d, s in zip(out["county"], out["digit"], serial, strict=True)],
            "HJZHGKDYMC": [units.name(k, names[c]) for k, c in zip(out["unit_kind"], out["county"], strict=True)],
            "PROV": "河北省", "CITY": "承德市", "AREA": [names[c] for c in out["county"]],
            "ZHGKDYFL": [units.CLASS[d] for d in out["digit"]],
            "REMARK": "示范数据，非官方成果",
        },
        geometry=out.geometry,
    )  # fmt: skip
    write_layer(frame, "zoning/management_units.gpkg")


def _element(
    frame: gpd.GeoDataFrame, prefix: str, name: list[str], kind: list[str], **more: list[str]
) -> gpd.GeoDataFrame:
    codes = [f"{prefix}{number:04d}" for number in range(1, len(frame) + 1)]
    return gpd.GeoDataFrame({"BSM": codes, "MC": name, "LX": kind, **more}, geometry=frame.geometry.to_numpy())


def _built_up(master: Master) -> None:
    out = master.dissolve(master.faces[master.faces["built"] > 0], ["built"])
    names = master.county_names
    county = [names[water.SEEDS["built_up"][i - 1]["county"]] for i in out["built"]]
    write_layer(
        _element(out, "JCQ", [f"{c}建成区（示范）" for c in county], ["城市建成区"] * len(out)),
        "elements/built_up.gpkg",
    )


def _parks(master: Master) -> None:
    out = master.dissolve(master.faces[master.faces["park"] > 0], ["park"])
    seeds = [water.SEEDS["park"][i - 1] for i in out["park"]]
    frame = _element(
        out, "YQ", [f"示例园区{seed['letter']}" for seed in seeds], [seed["class"] for seed in seeds],
        SYTD_HA=[float(seed["spare_ha"]) for seed in seeds], ZRHY=[seed["industries"] for seed in seeds],
        RDZT=[seed["recognised"] for seed in seeds], YSZB_WM3=[str(seed["water_10k_m3"]) for seed in seeds],
        NHZB_TCE=[str(seed["energy_tce"]) for seed in seeds],
    )  # fmt: skip
    write_layer(frame, "elements/parks.gpkg")


def _red_line(master: Master) -> None:
    faces = master.faces[master.faces["red"] > 0]
    out = master.dissolve(faces, ["county", "red", "unit"])
    names, records = master.county_names, water.control_unit_records()
    frame = gpd.GeoDataFrame(
        {
            "HXBM": [f"HX{c}{n:04d}" for n, c in enumerate(out["county"], start=1)],
            "HXMC": [
                f"{names[c]}{records[u - 1]['name']}生态保护红线"
                for c, u in zip(out["county"], out["unit"], strict=True)
            ],
            "HXFQ": ["核心保护区" if red == 2 else "红线一般区域" for red in out["red"]],
        },
        geometry=out.geometry,
    )
    write_layer(frame, "redlines/ecological_redline.gpkg")


def _sources(master: Master) -> None:
    out = master.dissolve(master.faces[master.faces["source"] > 0], ["source"])
    names = [water.SEEDS["source"][value // 10 - 1]["name"] for value in out["source"]]
    level = [("一级保护区", "二级保护区", "准保护区")[value % 10 - 1] for value in out["source"]]
    write_layer(_element(out, "SYD", names, level), "elements/water_source_zones.gpkg")


def _reserves(master: Master) -> None:
    faces = master.faces[master.faces["reserve"] > 0].copy()
    faces["place"] = faces["reserve"] // 10
    faces["three"] = faces["reserve"] % 10
    faces["two"] = np.where(faces["three"] <= 2, 1, 2)
    plans = (
        ("three", ("核心区", "缓冲区", "实验区"), "BHQ3", "nature_reserves_three_zone"),
        ("two", ("核心保护区", "一般控制区"), "BHQ", "nature_reserves"),
    )
    for column, words, prefix, stem in plans:
        out = master.dissolve(faces, ["place", column])
        seeds = [water.SEEDS["reserve"][place - 1] for place in out["place"]]
        names = [f"{seed['name']}自然保护区（边界示范）" for seed in seeds]
        kinds = [words[value - 1] for value in out[column]]
        write_layer(_element(out, prefix, names, kinds, JB=[seed["grade"] for seed in seeds]), f"elements/{stem}.gpkg")


def _nature_parks(master: Master) -> None:
    out = master.dissolve(master.faces[master.faces["nature_park"] > 0], ["nature_park"])
    seeds = [water.SEEDS["nature_park"][i - 1] for i in out["nature_park"]]
    names = [f"{seed['name']}{seed['class']}（边界示范）" for seed in seeds]
    write_layer(_element(out, "ZRGY", names, [seed["class"] for seed in seeds]), "elements/nature_parks.gpkg")


def _farmland(master: Master) -> None:
    names = master.county_names
    plans = ((1, "YJNT", "永久基本农田", "permanent_farmland"), (2, "YGGD", "严格管控类", "strict_farmland"))
    for value, prefix, kind, stem in plans:
        out = master.dissolve(master.faces[master.faces["farm"] == value], ["county"]).explode(ignore_index=True)
        order = np.lexsort((*shapely.bounds(out.geometry.to_numpy()).T[:2], out["county"]))
        out = out.iloc[order].reset_index(drop=True)
        frame = _element(out, prefix, [f"{names[c]}{kind}示范图斑" for c in out["county"]], [kind] * len(out))
        write_layer(frame, f"elements/{stem}.gpkg")


def _basins(master: Master) -> None:
    faces = master.faces.copy()
    records = water.control_unit_records()
    faces["system"] = [water.SYSTEMS.index(records[unit - 1]["system"]) for unit in faces["unit"]]
    out = master.dissolve(faces, ["system"])
    words = [water.SYSTEMS[i] for i in out["system"]]
    names = [word.removesuffix("水系") + "流域" for word in words]
    frame = gpd.GeoDataFrame(
        {"LYBM": [f"LY{n:02d}" for n in range(1, len(out) + 1)], "LYMC": names, "SXMC": words}, geometry=out.geometry
    )
    write_layer(frame, "basins/basins.gpkg")
    out = master.dissolve(faces, ["unit"])
    picked = [records[unit - 1] for unit in out["unit"]]
    area = shapely.area(coverage.geometries_to_plane(out.geometry.to_numpy())) / 1e6
    frame = gpd.GeoDataFrame(
        {
            "KZDYBM": [f"KZDY{record['id']}" for record in picked],
            "KZDYMC": [f"{record['name']}控制单元" for record in picked],
            "SXMC": [record["system"] for record in picked], "KZDM": [record["section"] for record in picked],
            "SZMB": [record["target"] for record in picked],
            "COD_CAP": [
                float(round(value * (0.55 if record["target"] == "Ⅱ类" else 0.9), -1))
                for value, record in zip(area, picked, strict=True)
            ],
        },
        geometry=out.geometry,
    )  # fmt: skip
    write_layer(frame, "basins/control_units.gpkg")


def _zones(master: Master, keys: list[str], faces: pd.DataFrame, digit: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    out = master.dissolve(faces, keys)
    serial = out.groupby("county").cumcount() + 1
    return out, [f"YS{c}{digit}{s:04d}" for c, s in zip(out["county"], serial, strict=True)]


def _water_zones(master: Master) -> None:
    out, codes = _zones(master, ["county", "unit", "water_class"], master.faces, "221")
    picked = [water.control_unit_records()[unit - 1] for unit in out["unit"]]
    names = master.county_names
    frame = gpd.GeoDataFrame(
        {
            "SHJGKFQBM": codes,
            "SHJGKFQMC": [
                f"{names[c]}{r['name']}{quality.WATER_CLASSES[w]}"
                for c, r, w in zip(out["county"], picked, out["water_class"], strict=True)
            ],
            "YSXL": [quality.WATER_CLASSES[w] for w in out["water_class"]],
            "LYMC": [r["system"] for r in picked], "HDMC": [r["reach"] for r in picked],
        },
        geometry=out.geometry,
    )  # fmt: skip
    write_layer(frame, "redlines/water_zones.gpkg")


def _air_zones(master: Master) -> None:
    faces = master.faces.copy()
    wild = (faces["reserve"] > 0) | (faces["nature_park"] > 0)
    faces["air"] = np.select([faces["built"] > 0, faces["park"] > 0, wild], [2, 3, 1], default=faces["air"])
    _plain_zones(
        master, faces, "air", quality.AIR_CLASSES, ("DQHJGKFQBM", "DQHJGKFQMC", "231", "redlines/air_zones.gpkg")
    )


SOIL_CLASSES = {
    1: "农用地优先保护区",
    2: "农用地污染风险重点管控区",
    3: "建设用地污染风险重点管控区",
    4: "土壤环境一般管控区",
}


def _soil_zones(master: Master) -> None:
    faces = master.faces.copy()
    polluting = {"25", "26", "27", "31", "32"}
    parks = water.SEEDS["park"]
    heavy = [i for i, seed in enumerate(parks, start=1) if polluting & set(seed["industries"].split(";"))]
    faces["soil"] = np.select([faces["park"].isin(heavy), faces["farm"] == 2, faces["farm"] == 1], [3, 2, 1], default=4)
    _plain_zones(master, faces, "soil", SOIL_CLASSES, ("TRHJGKFQBM", "TRHJGKFQMC", "241", "redlines/soil_zones.gpkg"))


FUNCTION_CLASSES = {1: "城市化地区", 2: "农产品主产区", 3: "重点生态功能区"}
_URBAN_COUNTIES, _FARM_COUNTIES = (130802, 130803, 130804), (130825, 130881)


def _functions(master: Master) -> None:
    faces = master.faces.copy()
    urban = faces["county"].isin(_URBAN_COUNTIES) | (faces["built"] > 0) | (faces["park"] > 0)
    faces["function"] = np.select([urban, faces["county"].isin(_FARM_COUNTIES)], [1, 2], default=3)
    _plain_zones(
        master, faces, "function", FUNCTION_CLASSES,
        ("ZTGNQBM", "ZTGNQMC", "251", "functions/main_function_zones.gpkg", "ZTGNQLX"),
    )  # fmt: skip


def _plain_zones(
    master: Master, faces: pd.DataFrame, column: str, words: dict[int, str], plan: tuple[str, ...]
) -> None:
    code_field, name_field, digits, path = plan[:4]
    out, codes = _zones(master, ["county", column], faces, digits)
    names = master.county_names
    frame = gpd.GeoDataFrame(
        {
            code_field: codes,
            name_field: [f"{names[c]}{words[w]}" for c, w in zip(out["county"], out[column], strict=True)],
            (plan[4] if len(plan) > 4 else "YSXL"): [words[w] for w in out[column]],
        },
        geometry=out.geometry,
    )
    write_layer(frame, path)
