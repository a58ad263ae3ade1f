"""No total hides what its data do not cover: shares beside sums, every zone a row, voids known or suspected."""

from pathlib import Path

import numpy as np
import pytest
from carbon_workspace import CELLS, NORTH, STEP, WEST, carbon_workspace, heights, land, write_raster

from cdgis.carbon.account import account_carbon
from cdgis.core.errors import LayerError
from cdgis.core.number_format import covered_words, whole_city
from cdgis.core.progress import Silent
from cdgis.raster import Grid, Raster, aligned, read_raster, true_heights
from cdgis.readers.loading import load_workspace
from cdgis.results.assessment import Part
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.settings import open_workspace


def account(root: Path) -> Part:
    return account_carbon(load_workspace(open_workspace(root), as_of=None, progress=Silent()), progress=Silent())


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Part:
    return account(carbon_workspace(tmp_path_factory.mktemp("whole")))


def total(part: Part, table: str, layer: str = "city"):
    rows = part.tables[table]
    rows = rows[rows["zone_layer"] == layer]
    column = "from_class" if "from_class" in rows else "land_class" if "land_class" in rows else None
    return rows[rows[column] == "合计"] if column else rows


def test_whole_data_leave_no_gap_and_say_so(whole):
    assert whole.gaps == () and (total(whole, "carbon_zones")["covered_share"] == 1).all()
    assert "全市碳储量" in set(whole.tables["carbon_uncertainty"]["quantity"])


SCATTERED = np.random.default_rng(1).random((CELLS, CELLS)) < 0.2
VOIDS = {"rows": np.s_[5:11], "columns": np.s_[:, 3:7], "scattered cells": SCATTERED}


@pytest.mark.parametrize(("earlier", "later"), [
    ("rows", None), (None, "rows"), ("columns", None), (None, "scattered cells"), ("rows", "columns"),
])  # fmt: skip
def test_a_stripe_without_values_at_either_date_is_no_change(tmp_path, whole, earlier, later):
    """Case 01 and variants: rows, columns, scattered cells, at either date or at both in different places."""
    root = carbon_workspace(tmp_path)
    lost = np.zeros((CELLS, CELLS), dtype=bool)
    for year, scenario, void in ((2015, 1, earlier), (2025, 2, later)):
        values = land(scenario)
        if void is not None:
            values[VOIDS[void]] = 0
            lost[VOIDS[void]] = True
        write_raster(root / "layers" / f"land_{year}.tif", values, nodata=0)
    part = account(root)
    assert any(gap.file.endswith("land_2015.tif") for gap in part.gaps) == (earlier is not None)  # who lacks nothing is not blamed
    row, before = total(part, "carbon_change").iloc[0], total(whole, "carbon_change").iloc[0]
    assert row["covered_share"] == pytest.approx(1 - lost.mean(), rel=1e-3)
    assert row["area_m2"] < before["area_m2"]
    pairs = part.tables["carbon_change"].query("zone_layer == 'city' and from_class != '合计'")
    both = pairs[(pairs["from_class"] != "无数据") & (pairs["to_class"] != "无数据") & (pairs["from_class"] != pairs["to_class"])]
    assert row["area_m2"] == pytest.approx(both["area_m2"].sum())
    assert row["change_tc_mid"] == pytest.approx(both["change_tc_mid"].sum())


def test_rasters_over_the_western_half_are_no_city_total(tmp_path, whole):
    """Case 04: shares beside totals, density over land with values, and the eastern county keeps its row."""
    root = carbon_workspace(tmp_path)
    for name, values, nodata in (("land_2015", land(1), 0), ("land_2025", land(2), 0), ("dem", heights(), -999)):
        write_raster(root / "layers" / f"{name}.tif", values[:, : CELLS // 2], nodata=nodata)
    part = account(root)
    counties = total(part, "carbon_zones", "counties").set_index("zone_id")
    assert counties["covered_share"].round(6).to_dict() == {"W": 1.0, "E": 0.0}
    assert np.isnan(counties.loc["E", "stock_tc_mid"]) and "未算" in counties.loc["E", "method"]
    west = total(whole, "carbon_zones", "counties").set_index("zone_id").loc["W"]
    city = total(part, "carbon_zones").iloc[0]
    assert city["covered_share"] == pytest.approx(0.5, rel=1e-6)
    assert city["density_tc_per_ha_mid"] == pytest.approx(west["density_tc_per_ha_mid"])
    quantities = " ".join(part.tables["carbon_uncertainty"]["quantity"])
    assert "全市" not in quantities and "市内有值的 50.00% 面积碳储量" in quantities
    assert not part.tables["carbon_value"]["item"].str.contains("全市").any()
    gap, earlier = sorted(part.gaps, key=lambda gap: gap.file, reverse=True)
    assert "不是全市合计" in gap.part and "栅格未覆盖" in gap.problem and gap.file.endswith("land_2025.tif")
    assert earlier.file.endswith("land_2015.tif") and "早期栅格在市内没有土地类别的面积占 50.00%" in earlier.problem


def test_classes_add_up_to_the_zone_whatever_is_missing(tmp_path):
    """Law on random holes, cuts and strange codes: class areas close, the share is their valued part."""
    rng = np.random.default_rng(7)
    for trial in range(3):
        root = carbon_workspace(tmp_path / str(trial))
        values = land(2)
        values[rng.random(values.shape) < rng.uniform(0, 0.6)] = 0
        values[rng.random(values.shape) < 0.1] = 77
        cut = int(rng.integers(8, CELLS))
        write_raster(root / "layers" / "land_2025.tif", values[:cut], nodata=0)
        zones = account(root).tables["carbon_zones"]
        classes = zones[zones["land_class"] != "合计"].groupby(["zone_layer", "zone_id"])
        totals = zones[zones["land_class"] == "合计"].set_index(["zone_layer", "zone_id"])
        area, valued = classes["area_m2"].sum().reindex(totals.index), classes["valued_m2"].sum().reindex(totals.index)
        assert area.to_numpy() == pytest.approx(totals["area_m2"].to_numpy(), rel=1e-9)
        assert (valued / area).to_numpy() == pytest.approx(totals["covered_share"].to_numpy(), abs=1e-9)
        known = totals[totals["covered_share"] > 0]
        assert (known["stock_tc_mid"] / known["valued_m2"] * 1e4).to_numpy() == pytest.approx(
            known["density_tc_per_ha_mid"].to_numpy()
        )
        assert "未登记类别 77" in set(zones["land_class"])


def test_strange_code_that_looks_like_a_filler_is_named_so(tmp_path):
    root = carbon_workspace(tmp_path)
    values = land(2)
    values[:4] = 255
    write_raster(root / "layers" / "land_2025.tif", values, nodata=None)
    (gap,) = account(root).gaps
    assert "未登记类别 255 像是没有声明的无数据" in gap.problem


def raster_of(values, *, nodata=None, complete=False) -> Raster:
    from test_raster import make_raster

    raster = make_raster(values, nodata=nodata)
    return Raster(grid=raster.grid, nodata=nodata, record=raster.record, pixels=values, complete=complete)


def dem_spec(**more) -> LayerSpec:
    entry = {"id": "dem", "title": "高程", "theme": "基础", "geometry": "raster", "path": "dem.tif", "zones": False}
    return LayerSpec(**entry, official=False, version="2026", source="测试", licence="CC0", **more)


@pytest.mark.parametrize(("void", "kind"), [(-32768, np.int16), (-9999, np.int16), (0, np.int16), (-3.4e38, np.float32), (65535, np.int32)])
def test_undeclared_void_in_heights_is_no_height(tmp_path, void, kind):
    """Case 06 and its kind."""
    values = heights().astype(kind)
    values[3:7, 4:9] = void
    write_raster(tmp_path / "dem.tif", values, nodata=None)
    raster, suspected = true_heights(read_raster(dem_spec(), tmp_path))
    assert [(item.cells, item.value == pytest.approx(void)) for item in suspected] == [(20, True)]
    assert "像是没有声明的无数据" in suspected[0].words
    from cdgis.raster.means import measured

    found = measured(raster, raster.values)
    assert np.isnan(found[3:7, 4:9]).all() and np.nanmin(found) == heights().min() and np.isnan(found).sum() == 20


def test_heights_that_may_be_true_are_not_suspected(tmp_path):
    low = (heights() - heights().min()).astype(np.int16)  # land that comes down to the sea
    write_raster(tmp_path / "dem.tif", low, nodata=None)
    assert true_heights(read_raster(dem_spec(), tmp_path))[1] == ()
    filled = heights()
    filled[0, 0] = 0
    write_raster(tmp_path / "dem.tif", filled, nodata=None)
    assert true_heights(read_raster(dem_spec(nodata="无"), tmp_path))[1] == ()
    assert len(true_heights(read_raster(dem_spec(), tmp_path))[1]) == 1


def test_declared_nodata_counts_beside_the_one_in_the_file(tmp_path):
    values = heights()
    values[0, :5], values[1, :5] = -999, -32768
    write_raster(tmp_path / "dem.tif", values, nodata=-999)
    raster = read_raster(dem_spec(nodata=-32768), tmp_path)
    assert (raster.values == -999).sum() == 10 and true_heights(raster)[1] == ()


def test_no_heights_in_metres_are_refused(tmp_path):
    write_raster(tmp_path / "dem.tif", (heights().astype(np.int32) * 100), nodata=None)
    with pytest.raises(LayerError, match="不可能是以米计的海拔"):
        true_heights(read_raster(dem_spec(), tmp_path))


def grid(west=WEST, north=NORTH, rows=CELLS, columns=CELLS, step=STEP) -> Grid:
    return Grid(crs="EPSG:4490", west=west, north=north, cell_width=step, cell_height=step, rows=rows, columns=columns)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (grid(west=WEST + 1e-10), True),
        (grid(west=WEST + STEP / 2000), True),
        (grid(west=WEST + STEP / 500), False),
        (grid(step=STEP * (1 + 1e-6)), True),
        (grid(step=STEP * (1 + 1e-4)), False),
        (grid(rows=CELLS - 1), False),
    ],
)
def test_grids_agree_to_a_thousandth_of_a_cell(other, same):
    assert grid().agrees_with(other) is same


def test_an_origin_off_by_rounding_changes_nothing(tmp_path, whole):
    root = carbon_workspace(tmp_path)
    write_raster(root / "layers" / "land_2015.tif", land(1), nodata=0, west=WEST + 1e-10)
    write_raster(root / "layers" / "dem.tif", heights(), nodata=-999, north=NORTH - 1e-10)
    part = account(root)
    assert part.gaps == ()
    assert total(part, "carbon_change")["area_m2"].iloc[0] == pytest.approx(total(whole, "carbon_change")["area_m2"].iloc[0])


def test_cells_of_another_size_leave_the_change_open_and_nothing_else(tmp_path, whole):
    root = carbon_workspace(tmp_path)
    write_raster(root / "layers" / "land_2015.tif", land(1), nodata=0, west=WEST + STEP / 3)
    part = account(root)
    assert [gap.part for gap in part.gaps] == ["两期土地类别与碳变化"] and "carbon_change" not in part.tables
    one, two = (total(found, "carbon_zones")["stock_tc_mid"].iloc[0] for found in (part, whole))
    assert one == pytest.approx(two, rel=1e-12)


def test_shifting_by_whole_cells_keeps_every_value(tmp_path):
    """Law: a part of a raster put back on the whole grid is the whole with the rest empty."""
    rng = np.random.default_rng(3)
    values = land(5)
    like = raster_of(values, nodata=0)
    for _ in range(20):
        top, left = (int(n) for n in rng.integers(0, CELLS - 2, 2))
        rows, columns = int(rng.integers(1, CELLS - top + 1)), int(rng.integers(1, CELLS - left + 1))
        cut = values[top : top + rows, left : left + columns]
        small = raster_of(cut, nodata=0)
        moved_grid = Grid(
            crs=like.grid.crs, west=like.grid.west + left * like.grid.cell_width, north=like.grid.north - top * like.grid.cell_height,
            cell_width=like.grid.cell_width, cell_height=like.grid.cell_height, rows=rows, columns=columns,
        )  # fmt: skip
        back = aligned(Raster(grid=moved_grid, nodata=0, record=small.record, pixels=cut), like)
        expected = np.zeros_like(values)
        expected[top : top + rows, left : left + columns] = cut
        assert back is not None and np.array_equal(back.values, expected)


def test_words_beside_a_total():
    assert (whole_city(1.0), covered_words(1.0)) == ("全市", "")
    assert whole_city(0.523) == "市内有值的 52.30% 面积" and covered_words(0.523) == "，只含有值的 52.30%"


def test_pages_of_a_city_half_covered_never_say_the_whole_city(tmp_path):
    from cdgis.pipelines.assess_city import assess_workspace
    from cdgis.pipelines.save_assessment import save_assessment

    root = carbon_workspace(tmp_path / "w")
    values = land(2)
    values[:, CELLS // 2 :] = 0
    write_raster(root / "layers" / "land_2025.tif", values, nodata=0)
    save_assessment(assess_workspace(open_workspace(root)), tmp_path / "out")
    page = (tmp_path / "out" / "carbon.html").read_text(encoding="utf-8")
    overview = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "市内有值的 50.00% 面积碳储量" in page and "全市碳储量" not in page
    assert "<td>市内有值的 50.00% 面积</td>" in overview and "<td>全市</td><td class=\"n\">" not in overview
    assert "不是全市合计" in (tmp_path / "out" / "data" / "gaps.csv").read_text(encoding="utf-8-sig")


def test_potential_of_a_zone_says_how_much_of_its_areas_has_a_class(tmp_path, whole):
    root = carbon_workspace(tmp_path / "w")
    values = land(2)
    values[6:8, 1:4] = 0
    write_raster(root / "layers" / "land_2025.tif", values, nodata=0)
    found = account(root).tables["carbon_potential_zones"].set_index(["zone_layer", "zone_id"])["covered_share"]
    assert (whole.tables["carbon_potential_zones"]["covered_share"] == 1).all()
    # six of the eighteen cells of X1 and X2, both in the west, are void
    assert found["counties", "W"] == pytest.approx(2 / 3, abs=0.01)
