"""How do the enterprise tables look as offices really send them? Four files, four habits, known faults.

企业名录_2026.xlsx has a merged title, blank rows, a totals row and coordinates in every spelling;
排污许可导出.csv is GBK with degrees, minutes and seconds in separate columns; 高德补录.xlsx is GCJ-02 and
百度补录.csv BD-09, both declared. subjects_dirty.csv lists every planted fault.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from site_files_tables import write_csv, write_xlsx
from subjects_enterprises import HERE, Enterprise
from subjects_spellings import sexagesimal, spelled, to_bd09, to_gcj02

TITLE = "承德市企业名录（示范数据，企业均为虚构，不作审批依据）"

Row = dict[str, str]
"""Header -> cell text."""

ATTRIBUTE_HEADERS = {
    "capacity": "生产规模",
    "equipment": "主要装备",
    "new_capacity": "是否新增产能",
    "blast_furnace_volume_m3": "高炉有效容积（m3）",
    "sinter_machine_type": "烧结机类型",
    "pellet_equipment_type": "球团设备类型",
    "standalone_hot_rolling": "是否独立热轧",
    "captive_coal_unit": "是否含自备燃煤机组",
    "burns_high_pollution_fuel": "是否燃用高污染燃料",
    "coal_t_per_yr": "年耗煤（吨）",
    "bulk_freight_t_per_yr": "大宗货物年运量（吨）",
    "protection_distance_m": "防护距离（米）",
    "discharges_pollutants": "是否排污",
    "raises_discharge": "改建后是否增加排污量",
    "voc_emitting": "排放VOCs",
    "odour_source": "是否产生恶臭",
    "soil_pollution_risk": "是否可能造成土壤污染",
    "waste_disposal": "固废处置设施",
    "disturbs_wetland": "破坏湿地行为",
    "takes_groundwater": "取用地下水",
    "water_m3_per_yr": "年用水（立方米）",
    "large_scale_farm": "规模养殖",
    "serves_city": "是否必须依托城市或直接服务城市",
    "serves_water_supply": "供水设施",
    "recycling_or_livelihood": "重要民生工程",
    "tourism_inconsistent": "与保护目标不一致的旅游",
    "so2_t_per_yr": "二氧化硫（吨/年）",
    "nox_t_per_yr": "氮氧化物（吨/年）",
    "pm_t_per_yr": "烟粉尘（吨/年）",
    "cod_t_per_yr": "COD",
    "co2_t_per_yr": "二氧化碳（吨/年）",
    "energy_tce_per_yr": "综合能耗（吨标准煤/年）",
    "land_ha": "用地面积（公顷）",
    "output_wan_yuan_per_yr": "工业总产值（万元/年）",
    "permit_level": "排污许可类别",
    "performance_grade": "绩效等级",
    "approval_date": "环评批复日期",
    "start_year": "建成年份",
    "park_name": "所在园区",
    "contact": "联系人",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One table row: the enterprise and, for dirty rows, the coordinates as somebody typed them."""

    enterprise: Enterprise
    typed: tuple[str, str] | None = None


def write_enterprise_tables(enterprises: Sequence[Enterprise], folder: Path) -> None:
    """Write the four enterprise files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    sheets = _sheets(enterprises)
    main = [_main_row(i, entry) for i, entry in enumerate(sheets["main"], start=1)]
    write_xlsx(folder / "企业名录_2026.xlsx", _with_blanks(main) + [_totals(main)], title=TITLE, sheet="企业名录")
    write_csv(folder / "排污许可导出.csv", [_permit_row(entry) for entry in sheets["permit"]], encoding="gbk")
    gaode = [_plain_row(entry, to_gcj02, "GCJ-02") for entry in sheets["gaode"]]
    write_xlsx(folder / "高德补录.xlsx", gaode, title="", sheet="补录")
    baidu = [_plain_row(entry, to_bd09, "BD-09") for entry in sheets["baidu"]]
    write_csv(folder / "百度补录.csv", baidu, encoding="utf-8-sig")


def _sheets(enterprises: Sequence[Enterprise]) -> dict[str, list[Entry]]:
    """Return which enterprise goes into which file, dirty rows spread among them."""
    sheets: dict[str, list[Entry]] = {"main": [], "permit": [], "gaode": [], "baidu": []}
    for enterprise in enterprises:
        number = int(enterprise.enterprise_id[1:])
        sheet = {3: "permit", 10: "permit", 5: "gaode", 9: "baidu"}.get(number % 14, "main")
        sheets[sheet].append(Entry(enterprise=enterprise))
    by_id = {enterprise.enterprise_id: enterprise for enterprise in enterprises}
    with (HERE / "subjects_dirty.csv").open(encoding="utf-8", newline="") as handle:
        for number, row in enumerate(csv.DictReader(handle)):
            entries = sheets[row["file"]]
            entries.insert((number * 37 + 60) % len(entries), _dirty(by_id[row["copy_of"]], row["changes"]))
    return sheets


def _dirty(original: Enterprise, changes: str) -> Entry:
    values = dict(change.split("=", 1) for change in changes.split(" ; ") if change)
    attributes = original.attributes | {k: v for k, v in values.items() if k in ATTRIBUTE_HEADERS}
    shift = float(values.get("shift", 0))
    own = {k: v for k, v in values.items() if k in ("enterprise_id", "name", "industry")}
    lon, lat = round(original.lon + shift, 6), round(original.lat + shift / 2, 6)
    enterprise = replace(original, lon=lon, lat=lat, attributes=attributes, **own)
    if "lon" not in values and "lat" not in values:
        return Entry(enterprise=enterprise)
    return Entry(enterprise=enterprise, typed=(values.get("lon", str(lon)), values.get("lat", str(lat))))


def _main_row(number: int, entry: Entry) -> Row:
    enterprise = entry.enterprise
    lon, lat = entry.typed or spelled(int(enterprise.enterprise_id[1:]), enterprise.lon, enterprise.lat)
    head = {
        "序号": str(number),
        "企业编号": enterprise.enterprise_id,
        "企业名称": enterprise.name,
        "所在县区": enterprise.county,
        "行业代码": enterprise.industry,
        "建设性质": enterprise.project_type,
        "经度": lon,
        "纬度": lat,
        "坐标系": "" if enterprise.enterprise_id in UNDECLARED else "CGCS2000",
    }
    return head | _attribute_cells(enterprise)


UNDECLARED = ("E0200", "E0224", "E0260", "E0301")
"""Rows whose datum somebody forgot; the reader gives them the accuracy of an undeclared datum."""


def _attribute_cells(enterprise: Enterprise) -> Row:
    return {header: enterprise.attributes.get(key, "") for key, header in ATTRIBUTE_HEADERS.items()}


def _with_blanks(rows: list[Row]) -> list[Row]:
    """Return the rows with an empty one after every 97th, as printed lists have."""
    out: list[Row] = []
    for number, row in enumerate(rows, start=1):
        out.append(row)
        if number % 97 == 0:
            out.append(dict.fromkeys(row, ""))
    return out


def _totals(rows: list[Row]) -> Row:
    total = dict.fromkeys(rows[0], "")
    return total | {"序号": "合计", "企业名称": f"{len(rows)}家"}


def _permit_row(entry: Entry) -> Row:
    """Return one row of a permit export: six coordinate columns, codes and names as that system prints them."""
    enterprise = entry.enterprise
    cells = {
        "单位名称": enterprise.name,
        "企业编码": enterprise.enterprise_id,
        "所属区县": enterprise.county,
        "行业类别代码": enterprise.industry,
        "项目性质": enterprise.project_type,
    }
    for label, value in (("经度", enterprise.lon), ("纬度", enterprise.lat)):
        degrees, minutes, seconds = sexagesimal(value)
        if entry.typed is not None:
            faulty = bool(entry.typed[0])
            parts = (str(degrees), "75", "61.5") if faulty else ("", "", "")
        else:
            parts = (str(degrees), str(minutes), f"{seconds:.2f}")
        cells |= {f"{label}{unit}": part for unit, part in zip(("（度）", "（分）", "（秒）"), parts, strict=True)}
    return cells | {"坐标系": "CGCS2000"} | _attribute_cells(enterprise)


def _plain_row(entry: Entry, shift: Callable[[float, float], tuple[float, float]], datum: str) -> Row:
    enterprise = entry.enterprise
    lon, lat = shift(enterprise.lon, enterprise.lat)
    head = {
        "名称": enterprise.name,
        "编号": enterprise.enterprise_id,
        "县区": enterprise.county,
        "行业": enterprise.industry,
        "建设性质": enterprise.project_type,
        "坐标": f"{lon:.6f},{lat:.6f}",
        "坐标系": datum,
    }
    return head | _attribute_cells(enterprise)
