"""The shipped factor tables are coherent, and a broken table is refused with every fault named."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from cdgis.carbon.factors import POOLS, read_measures, read_pool_table
from cdgis.core.errors import CarbonError

DATA = Path(__file__).parents[1] / "cdgis" / "data" / "carbon"
LAND_CLASSES = {
    1: "阔叶林", 2: "针叶林", 3: "混交林", 4: "灌木", 5: "草甸草原", 6: "典型草原", 7: "灌草丛",
    8: "耕地", 9: "湿地", 10: "水域", 11: "建设用地", 12: "裸地", 13: "经济林",
}  # fmt: skip


def source_rows(name: str) -> list[dict[str, str]]:
    with (DATA / "sources" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_table(folder: Path, **changes: str) -> Path:
    """Write the shipped table as pools_test.csv, the row of 草甸草原 changed."""
    with (DATA.parent / "packs/chengde/carbon/pools_chengde_100cm.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[4].update(changes)
    with (folder / "pools_test.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_shipped_table_has_the_thirteen_classes() -> None:
    pools = read_pool_table("chengde_100cm")
    assert dict(zip(pools.frame["class_code"], pools.frame["land_class"], strict=True)) == LAND_CLASSES
    assert pools.soil_depth_cm == 100


def test_shipped_values_are_those_of_the_source_rows() -> None:
    frame = read_pool_table("chengde_100cm").frame.set_index("land_class")
    source = {row["class_zh"]: row for row in source_rows("carbon_pools") if row["region"] == "承德+张家口 2010"}
    for name in ("阔叶林", "针叶林", "混交林", "经济林"):
        assert frame.loc[name, "vegetation_tc_per_ha"] == float(source[name]["c_veg_total"])
    grass = {row["class_zh"][:4]: row for row in source_rows("carbon_pools") if "srep21378" in row["source"]}
    for name, key in (("草甸草原", "草甸草原"), ("典型草原", "典型/荒"), ("灌草丛", "灌草丛(")):
        for pool, column in (("above", "c_above"), ("below", "c_below"), ("soil", "c_soil")):
            assert frame.loc[name, f"{pool}_tc_per_ha"] == float(grass[key][column])


def test_vegetation_is_above_plus_below_where_both_are_known() -> None:
    frame = read_pool_table("chengde_100cm").frame
    known = frame[frame["above_tc_per_ha"].notna()]
    assert len(known) == 5
    total = known["above_tc_per_ha"] + known["below_tc_per_ha"]
    assert total.tolist() == pytest.approx(known["vegetation_tc_per_ha"].tolist())


def test_forest_pools_are_never_split_when_only_the_total_is_known() -> None:
    frame = read_pool_table("chengde_100cm").frame.set_index("land_class")
    assert (
        frame.loc[["阔叶林", "针叶林", "混交林", "经济林"], ["above_tc_per_ha", "below_tc_per_ha"]]
        .isna()
        .all(axis=None)
    )


def test_published_stock_is_area_times_density_except_where_the_paper_errs() -> None:
    # ZB table 7: km2, printed TgC; 1 km2 = 100 ha, 1 Tg = 1e6 t.
    frame = read_pool_table("chengde_100cm").frame.set_index("land_class")["vegetation_tc_per_ha"]
    assert 11_800 * 100 * frame["阔叶林"] / 1e6 == pytest.approx(30.97, rel=0.01)
    assert 4_700 * 100 * frame["针叶林"] / 1e6 == pytest.approx(12.36, rel=0.01)
    assert 4_800 * 100 * frame["混交林"] / 1e6 == pytest.approx(15.73 * 0.75, rel=0.01)
    printed_tgc = (30.97, 12.36, 15.73, 0.60)
    assert sum(printed_tgc) == pytest.approx(59.66)


def test_table_is_refused_when_soil_depths_differ(tmp_path: Path) -> None:
    with pytest.raises(CarbonError, match="30、100 厘米"):
        read_pool_table("test", write_table(tmp_path, soil_depth_cm="30"))


def test_table_is_refused_with_every_fault_named(tmp_path: Path) -> None:
    write_table(tmp_path, vegetation_low_tc_per_ha="9", soil_depth_cm="", soil_mark="X", class_code="4")
    with pytest.raises(CarbonError) as caught:
        read_pool_table("test", tmp_path)
    for fault in ("类别 4 重复", "vegetation 应满足", "同时填写或同时留空", "soil 缺来源或出处标记"):
        assert fault in str(caught.value)


def test_table_is_refused_when_a_number_is_not_one(tmp_path: Path) -> None:
    with pytest.raises(CarbonError, match="soil_tc_per_ha"):
        read_pool_table("test", write_table(tmp_path, soil_tc_per_ha="93,59"))


def test_unknown_table_is_an_error_naming_the_known_ones() -> None:
    with pytest.raises(CarbonError, match="chengde_100cm"):
        read_pool_table("nowhere")


def test_every_pool_value_has_source_and_range() -> None:
    frame = read_pool_table("chengde_100cm").frame
    for pool in POOLS:
        known = frame[frame[f"{pool}_tc_per_ha"].notna()]
        assert len(known)
        assert (known[f"{pool}_source"].str.len() > 4).all()
        assert (known[f"{pool}_low_tc_per_ha"] <= known[f"{pool}_high_tc_per_ha"]).all()


def test_measures_cover_the_catalogued_restoration_types() -> None:
    assert set(read_measures().frame["measure"]) == {"造林", "封育", "草地修复", "湿地修复", "矿山修复"}
    with pytest.raises(CarbonError, match="竹林"):
        read_measures("竹林")


@pytest.mark.parametrize(
    ("forest_type", "printed"),
    [
        ("阔叶林", [0.71, 0.33, 0.247, 0.11]),
        ("针叶林", [1.19, 0.72, 0.57, 0.38]),
        ("混交林", [0.88, 0.584, 0.27, 0.14]),
        ("经济林", [0.22, 0.17, 0.12, 0.07]),
    ],
)
def test_age_class_densities_give_the_printed_rates(forest_type: str, printed: list[float]) -> None:
    measures = read_measures(forest_type)
    density = pd.Series(measures.density_tc_per_ha[1:])
    assert (density.diff().dropna() / 10).tolist() == pytest.approx(printed, abs=0.01)
