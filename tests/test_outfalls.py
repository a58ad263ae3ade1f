"""Outfalls against bans, along the river, and loads beside caps: squares and points worked by hand."""

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame

from cdgis.core.vocabulary import InputRecord
from cdgis.rivers.outfall_placement import measure_outfalls, sum_loads
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer


def layer(name: str, rows: list[tuple[str, str, shapely.Geometry]], **extra: list[object]) -> Layer:
    spec = LayerSpec(
        id=name, title=name, theme="流域", geometry="polygon", path="x.gpkg", official=True, version="2026", source="s",
        licence="l", coverage="city",
    )  # fmt: skip
    ids, classes, shapes = zip(*rows, strict=True)
    zones = GeoDataFrame(
        {"zone_id": ids, "zone_name": ids, "zone_class": classes, **extra}, geometry=list(shapes), crs=4490
    )
    record = InputRecord(layer=name, kind="layer", path="x", sublayer="", sha256="0", version="", official=True)
    return Layer(spec=spec, zones=zones, record=record)


LAYERS = {
    "outfall_zones": layer("outfall_zones", [
        ("禁1", "禁止设置区域", shapely.box(117, 41, 117.1, 41.1)), ("限1", "限制设置区域", shapely.box(117, 41, 117.2, 41.2)),
    ]),
    "control_units": layer(
        "control_units", [("U1", "甲", shapely.box(117, 41, 117.2, 41.2)), ("U2", "甲", shapely.box(118, 41, 119, 42))],
        cod_cap_t_per_yr=["10", ""],
    ),
}  # fmt: skip


def places(*rows: tuple[str, float, float, float, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["outfall_id", "site_lon", "site_lat", "lon", "lat", "cod_t_per_yr"])
    return frame.assign(
        name="排口", kind="新设排口", river="某河", offset_m=5.0, note="", method="m", source="s", accuracy_m=1.0
    )


def below(*rows: tuple[int, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["origin", "kind", "name", "river_km"])


THREE = places(
    ("A", 117.05, 41.05, 117.15, 41.15, 4.0),  # site banned, river limited: the stricter counts
    ("B", 116.50, 41.05, 117.15, 41.15, np.nan),  # river limited, nothing declared
    ("C", 116.50, 41.05, np.nan, np.nan, 7.0),  # no river found, no zone at the site: not a pass
)


def test_the_stricter_of_site_and_river_counts_and_no_river_is_no_pass():
    table = measure_outfalls(THREE, below(), layers=LAYERS)
    assert table["zone_class"].tolist() == ["禁止设置区域", "限制设置区域", "资料不足"]
    assert table["control_unit"].tolist() == ["U1", "U1", ""]


def test_without_the_zone_layer_every_outfall_is_unknown():
    table = measure_outfalls(THREE, below(), layers={"control_units": LAYERS["control_units"]})
    assert set(table["zone_class"]) == {"资料不足"}


def test_the_first_of_each_kind_downstream_is_named_with_its_distance():
    rows = below((0, "监测断面", "近", 3.0), (0, "监测断面", "远", 9.0), (0, "饮用水水源保护区", "水源", 5.0))
    row = measure_outfalls(THREE, rows, layers=LAYERS).iloc[0]
    assert (row["next_section"], row["section_km"], row["source_zone_km"]) == ("近", 3.0, 5.0)
    assert row["next_intake"] == "" and np.isnan(row["intake_km"])


def test_loads_are_summed_by_unit_and_the_undeclared_are_counted_not_zero():
    loads = sum_loads(measure_outfalls(THREE, below(), layers=LAYERS), LAYERS["control_units"]).set_index(
        "control_unit"
    )
    assert loads.loc["U1", "declared_t_per_yr"] == 4.0 and loads.loc["U1", "share"] == pytest.approx(0.4)
    assert (loads.loc["U1", "missing_count"], loads.loc["U1", "missing_ids"]) == (1, "B")
    assert np.isnan(loads.loc["U2", "declared_t_per_yr"]) and np.isnan(loads.loc["U2", "share"])
    assert loads["outfall_count"].sum() == 3 and loads.loc["（不在任何控制单元）", "declared_t_per_yr"] == 7.0


def test_a_ban_at_the_river_counts_before_a_limit_at_the_site_and_the_other_way_round():
    swapped = places(("D", 117.15, 41.15, 117.05, 41.05, 1.0), ("E", 117.05, 41.05, 117.15, 41.15, 1.0), ("F", 117.15, 41.15, 117.16, 41.16, 1.0))
    table = measure_outfalls(swapped, below(), layers=LAYERS)
    assert table["zone_class"].tolist() == ["禁止设置区域", "禁止设置区域", "限制设置区域"]
    assert table["zone_name"].tolist() == ["禁1", "禁1", "限1"]
