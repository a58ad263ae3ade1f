"""Land cover of several layers accounted for at once, layer by layer what each comes to alone; small rasters held once read."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyproj
import pytest
from rasterio.transform import Affine
from test_raster import NORTH, STEP, WEST, make_raster, make_zones, spec, star, write_tif

from cdgis.carbon import account_change, account_sink, account_stock
from cdgis.carbon.account.landcover import CITY_LAYER, CITY_ZONE, LandCoverAccount
from cdgis.carbon.factors import rates_between, read_pool_table, read_shipped
from cdgis.carbon.stock import classed, covered_share
from cdgis.core.errors import LayerError
from cdgis.geometry.projections import WEB_MERCATOR, forward, inverse
from cdgis.raster import account_areas, geotiff, read_raster, transition_areas
from cdgis.results.tables.validation import validate

POOLS = read_pool_table("chengde_100cm")
RATES = rates_between(read_shipped("sink_rates"), POOLS.frame["land_class"])
CLASSES = dict(zip(POOLS.frame["class_code"], POOLS.frame["land_class"], strict=True))


def _layer(name: str, **shapes) -> SimpleNamespace:
    return SimpleNamespace(zones=make_zones(**shapes).assign(zone_name=[f"{name}{zone}" for zone in shapes]), spec=SimpleNamespace(id=name))


def _alone(layer: SimpleNamespace, before, after) -> dict[str, pd.DataFrame]:
    """Return the tables of one layer by itself."""
    pairs = transition_areas(before, after, layer.zones)
    areas = pairs.rename(columns={"to_code": "class_code"}).groupby(["zone_id", "class_code"], as_index=False).agg({"area_m2": "sum"})
    zone_m2 = account_areas(after, areas, layer.zones).set_index("zone_id")[["counted_m2", "outside_m2"]]
    named = {"zone_layer": layer.spec.id, "zone_names": dict(zip(layer.zones["zone_id"], layer.zones["zone_name"], strict=True))}
    share = covered_share(classed(areas, POOLS, zone_m2["outside_m2"]), POOLS)["covered_share"]
    return {
        "carbon_zones": account_stock(areas, POOLS, outside_m2=zone_m2["outside_m2"], **named),
        "carbon_sink": account_sink(areas, CLASSES, RATES, covered_share=share, **named),
        "carbon_change": account_change(pairs, POOLS, zone_m2=zone_m2.sum(axis=1), **named),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_all_layers_at_once_come_to_what_each_comes_to_alone(seed):
    rng = np.random.default_rng(seed)
    before, after = (make_raster(rng.choice(np.array([1, 2, 5, 8, 99, 255], dtype=np.uint8), (8, 10))) for _ in range(2))
    far = {"远": star(9).buffer(0.4)} if seed % 2 else {}
    layers = [_layer("units", b=star(seed), a=star(seed + 1), **far), _layer(CITY_LAYER, a=star(seed + 2), z=star(seed + 3))]
    account = LandCoverAccount(after, POOLS, earlier=before, city="市")
    for layer in layers:
        account.add(layer)
    account.account()
    expected = [_alone(layer, before, after) for layer in layers]
    for name in ("carbon_zones", "carbon_sink", "carbon_change"):
        found = account.tables[name]
        theirs = validate(name, pd.concat([tables[name] for tables in expected], ignore_index=True))
        # pandas adds up groups that stand together in another order than others: the sixteenth digit may differ
        pd.testing.assert_frame_equal(validate(name, found[found["zone_layer"] != CITY_ZONE]), theirs, rtol=1e-13, atol=1e-9)
        city = found[found["zone_layer"] == CITY_ZONE]
        assert set(city["zone_id"]) == {CITY_ZONE} and set(city["zone_name"]) == {"市"}
    assert account.city_share == account.tables["carbon_sink"].set_index("zone_layer").loc[CITY_ZONE, "covered_share"] > 0


def test_a_small_raster_is_opened_once_and_reads_as_before(tmp_path, monkeypatch):
    values = np.random.default_rng(1).integers(0, 9, (7, 5)).astype(np.uint8)
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH), values=values)
    raster, opened = read_raster(spec(), tmp_path), []
    own = geotiff._opened
    monkeypatch.setattr(geotiff, "_opened", lambda path: opened.append(path) or own(path))
    kept = raster.kept()
    for rows in (1, 3, 7, 20):
        theirs, ours = list(raster.bands(rows)), list(kept.bands(rows))
        assert [start for start, _ in ours] == [start for start, _ in theirs]
        assert all((one == other).all() and one.dtype == other.dtype for (_, one), (_, other) in zip(ours, theirs, strict=True))
    assert len(opened) == 4 + 1
    again = pickle.loads(pickle.dumps(kept))
    assert (again.values == values).all() and len(opened) == 6
    monkeypatch.setattr(geotiff, "_FEW_CELLS", 7 * 5 - 1)
    assert raster.kept() is raster


def test_a_damaged_small_raster_is_an_error_whenever_it_is_read(tmp_path):
    write_tif(tmp_path, transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH), values=np.ones((40, 50), dtype=np.uint8))
    kept = read_raster(spec(), tmp_path).kept()
    (tmp_path / "carbon/land.tif").write_bytes((tmp_path / "carbon/land.tif").read_bytes()[:300])
    for _ in range(2):
        with pytest.raises(LayerError, match="损坏"):
            list(kept.bands(10))


def test_web_mercator_is_what_projs_database_makes_of_it():
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(-180, 180, 5000), rng.uniform(-85, 85, 5000)
    theirs = pyproj.Transformer.from_crs("EPSG:4490", WEB_MERCATOR, always_xy=True)
    x, y = theirs.transform(lon, lat)
    for ours, expected in ((forward(lon, lat, WEB_MERCATOR), (x, y)), (inverse(x, y, WEB_MERCATOR), theirs.transform(x, y, direction="INVERSE"))):
        assert all((one == other).all() for one, other in zip(ours, expected, strict=True))
