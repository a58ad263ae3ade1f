"""Reader of factor tables: CSV with text columns and columns whose name ends in a unit."""

from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
import pandas as pd

from cdgis.core.errors import CarbonError

_UNITS = ("_tc_per_ha", "_tc_per_ha_yr", "_cm", "_yr", "_share", "_m3_per_ha", "_m3_per_ha_yr", "_t_per_m3", "_t_per_ha", "_per_yr")


def data_folder(folder: Traversable | None = None) -> Traversable:
    """Return `folder`, or the shipped factor tables."""
    return folder if folder is not None else files("cdgis").joinpath("data", "carbon")


def read_source(source: Traversable, numbers: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return a factor CSV with text as str ("" when blank) and numbers as float (NaN when blank).

    Numbers are the columns whose name ends in a unit and those listed in `numbers`.

    Raises
    ------
    CarbonError : no such file, or a number that is none.
    """
    if not source.is_file():
        raise CarbonError(f"缺少碳因子表 {source.name}", remedy="安装不完整，请重新安装 cdgis")
    with source.open("r", encoding="utf-8-sig") as stream:
        frame = pd.read_csv(stream, dtype=str, keep_default_na=False)
    for column in frame.columns:
        if column.endswith(_UNITS) or column in numbers:
            try:
                frame[column] = frame[column].replace("", np.nan).astype(float)
            except ValueError as err:
                raise CarbonError(f"{source.name} 的 {column} 应为数字") from err
    return frame


def read_shipped(name: str, numbers: tuple[str, ...] = (), folder: Traversable | None = None) -> pd.DataFrame:
    """Return the shipped factor table `name` (without .csv)."""
    return read_source(data_folder(folder).joinpath(f"{name}.csv"), numbers)
