"""How much carbon do trees hold, given their stem volume?

Volume method: C = V * D * BEF * (1 + R) * CF, with V in m3, D in t/m3, the other factors without unit.
Continuous method (Fang et al. 2001, Science 292:2320): B = a V + b per hectare, C = B * CF; B is taken as whole-tree
biomass, so (1 + R) is not applied again. No trees, no carbon: V = 0 gives 0 in both, whatever b.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def volume_stock_tc(
    volume_m3: FloatArray,
    *,
    density_t_per_m3: float,
    expansion: float,
    root_shoot: float,
    carbon_fraction: float,
) -> FloatArray:
    """Return tonnes of carbon in whole trees of stem volume `volume_m3` by the volume method."""
    biomass_t = np.asarray(volume_m3) * density_t_per_m3 * expansion * (1 + root_shoot)
    return np.asarray(biomass_t * carbon_fraction)


def fang_stock_tc(
    volume_m3_per_ha: FloatArray,
    area_ha: FloatArray,
    *,
    slope_t_per_m3: float,
    intercept_t_per_ha: float,
    carbon_fraction: float = 0.5,
) -> FloatArray:
    """Return tonnes of carbon on `area_ha` hectares that carry `volume_m3_per_ha` by Fang's B = a V + b."""
    volume = np.asarray(volume_m3_per_ha, dtype=float)
    biomass = np.where(volume > 0, slope_t_per_m3 * volume + intercept_t_per_ha, 0.0)
    return np.asarray(biomass * carbon_fraction * np.asarray(area_ha))
