"""Which demonstration enterprises are there, where, and with what attributes?

The roster is subjects_placements.csv (cases put on purpose into a zone or given a telling attribute)
followed by subjects_sectors.csv (the ordinary mix of the region, in parks, valleys and towns).
Names are evidently fictitious: 示例企业001 and so on.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from random import Random

from subjects_land import Land, Spot, stream

HERE = Path(__file__).parent

FLAGS = {
    "d": "discharges_pollutants",
    "v": "voc_emitting",
    "o": "odour_source",
    "s": "soil_pollution_risk",
    "b": "burns_high_pollution_fuel",
    "g": "takes_groundwater",
    "l": "large_scale_farm",
    "w": "waste_disposal",
    "c": "serves_city",
    "i": "recycling_or_livelihood",
    "u": "serves_water_supply",
}
"""Letters of the flags column of subjects_sectors.csv."""

ALWAYS_NO = (
    "disturbs_wetland",
    "tourism_inconsistent",
    "captive_coal_unit",
    "standalone_hot_rolling",
    "raises_discharge",
    "new_capacity",
)
"""Answered 否 unless a placement says otherwise, so that no rule lacks an answer."""

AMOUNTS = {
    "so2_t": "so2_t_per_yr",
    "nox_t": "nox_t_per_yr",
    "pm_t": "pm_t_per_yr",
    "cod_t": "cod_t_per_yr",
    "co2_t": "co2_t_per_yr",
    "water_m3": "water_m3_per_yr",
    "coal_t": "coal_t_per_yr",
    "freight_t": "bulk_freight_t_per_yr",
    "land_ha": "land_ha",
    "output_wan": "output_wan_yuan_per_yr",
}
"""Amount columns of subjects_sectors.csv and the attributes they become: tonnes, m3 or 万元 a year, land in hectares."""

CO2_PER_TCE = 2.6
"""Energy use is set to the demonstration carbon dioxide divided by this, t CO2 per t of standard coal (an order of size)."""

SILENT = {"land_ha": 17, "output_wan_yuan_per_yr": 9, "energy_tce_per_yr": 23}
"""Every so-manieth plant left this question open, so that gaps show."""

PLACES = {"p": ("parks",), "v": (), "t": ("management_units:重点管控",)}
"""Letters of the places column: in a park, in a valley, in a key-control unit near a town."""

GROWING = {3: "扩建", 6: "改建"}
"""Every eighth ordinary plant of a sector is being enlarged, every eighth rebuilt; the rest simply exist."""

LISTED_BY_CASE = ("3012", "3031", "3089", "3091", "3130", "4417", "4430")
"""Sectors whose two-high listing depends on the product; left as existing plants, so that no answer is missing."""

GRADES = ("A", "B", "B", "C", "C", "D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """One enterprise before it is written to a table."""

    enterprise_id: str
    name: str
    industry: str
    county: str
    lon: float
    lat: float
    """Degrees, CGCS2000."""
    project_type: str
    attributes: dict[str, str]
    """Attribute id -> text as a clerk would type it (是/否, plain numbers, words)."""


def enrol(land: Land) -> list[Enterprise]:
    """Return all enterprises in roster order; ids E0001… follow that order."""
    sectors = {row["code"]: row for row in _rows("subjects_sectors.csv")}
    roster: list[Enterprise] = []
    for row in _rows("subjects_placements.csv"):
        for _ in range(int(row["count"])):
            wanted = [key for key in row["zones"].split("+") if key]
            roster.append(_enterprise(len(roster) + 1, sectors[row["code"]], land.take(wanted), row["set"]))
    for row in sectors.values():
        for k in range(int(row["count"])):
            spot = land.take(PLACES[row["places"][k % len(row["places"])]], radius_m=90)
            change = f"project_type={GROWING.get(k % 8, '既有')}" if row["code"] not in LISTED_BY_CASE else ""
            roster.append(_enterprise(len(roster) + 1, row, spot, change))
    return roster


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _enterprise(number: int, sector: dict[str, str], spot: Spot, changes: str) -> Enterprise:
    rng = stream(f"enterprise:{number}")
    attributes = _attributes(rng, sector, number)
    for change in filter(None, changes.split(";")):
        key, _, value = change.partition("=")
        attributes[key] = value.replace("|", ";")
    attributes["park_name"] = spot.park
    return Enterprise(
        enterprise_id=f"E{number:04d}",
        name=f"示例企业{number:03d}{sector['word']}",
        industry=sector["code"],
        county=spot.county,
        lon=spot.lon,
        lat=spot.lat,
        project_type=attributes.pop("project_type", "既有"),
        attributes=attributes,
    )


def _attributes(rng: Random, sector: dict[str, str], number: int) -> dict[str, str]:
    """Return a full set of answers for one plant; amounts scatter by a factor of 0.4 to 2.5 about the sector's."""
    size = 10 ** (0.8 * rng.random() - 0.4)
    values = dict.fromkeys((*FLAGS.values(), *ALWAYS_NO), "否")
    values |= {FLAGS[letter]: "是" for letter in sector["flags"]}
    values |= {attribute: _amount(float(sector[column]) * size) for column, attribute in AMOUNTS.items()}
    low, high = float(sector["low"]), float(sector["high"])
    values["energy_tce_per_yr"] = _amount(float(sector["co2_t"]) * size / CO2_PER_TCE)
    values |= {attribute: "" for attribute, step in SILENT.items() if number % step == 5}
    values["capacity"] = sector["capacity"].format(_amount(low + (high - low) * rng.random() ** 2))
    values["equipment"] = sector["equipment"]
    values["protection_distance_m"] = str(50 * (1 + int(3 * rng.random()))) if "o" in sector["flags"] else "0"
    values |= _steel(sector["code"], rng)
    values |= _papers(sector, rng, number)
    return values


def _steel(code: str, rng: Random) -> dict[str, str]:
    """Return the equipment answers that only iron and steel works give."""
    if code not in ("3110", "3120"):
        return {}
    return {"blast_furnace_volume_m3": str(1000 + 20 * int(40 * rng.random())), "sinter_machine_type": "带式烧结机"}


def _papers(sector: dict[str, str], rng: Random, number: int) -> dict[str, str]:
    year = 1998 + int(26 * rng.random())
    date = f"{year}-{1 + int(12 * rng.random()):02d}-{1 + int(28 * rng.random()):02d}"
    key = sector["permit"] == "重点管理"
    return {
        "approval_date": date,
        "start_year": str(year + 1),
        "permit_level": sector["permit"],
        "performance_grade": GRADES[int(rng.random() * len(GRADES))] if key else "",
        "contact": f"示例联系人{number:03d} 0314-0000{number:03d}",
    }


def _amount(value: float) -> str:
    """Return `value` with three significant digits or as a whole number, without exponent."""
    if value == 0:
        return "0"
    return f"{value:.0f}" if value >= 100 else f"{float(f'{value:.3g}'):g}"
