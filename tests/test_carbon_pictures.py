"""Which densities the carbon pictures show."""

import numpy as np
import pandas as pd
import pytest

from cdgis.carbon.account.pictures import density_tc_per_ha, draw_pictures, potential_tco2e_per_ha
from cdgis.carbon.factors import read_pool_table


def test_density_of_a_class_is_the_sum_of_its_known_pools() -> None:
    pools = read_pool_table("chengde_100cm")
    row = pools.frame.set_index("class_code").loc[4]
    assert np.isnan(row["soil_tc_per_ha"])
    assert density_tc_per_ha(pools)[4] == pytest.approx(row["vegetation_tc_per_ha"] + row["dead_tc_per_ha"])


def test_potential_is_what_has_gathered_by_the_last_year_per_eligible_hectare() -> None:
    potential = pd.DataFrame(
        {
            "area_id": ["a", "a", "b", "b"],
            "year": [2030, 2060, 2030, 2060],
            "eligible_m2": [20_000.0, 20_000.0, 0.0, 0.0],
            "cumulative_tco2e_mid": [7.0, 90.0, 0.0, 0.0],
        }
    )
    found = potential_tco2e_per_ha(potential)
    assert found["a"] == 45.0
    assert np.isnan(found["b"])


def test_no_pictures_without_counties_to_frame_them() -> None:
    assert draw_pictures(None, None, {}, {}, elevation=None) == {}  # type: ignore[arg-type]
