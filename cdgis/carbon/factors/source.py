"""Reader of factor tables: CSV with text columns and columns whose name ends in a unit."""

import io
from fnmatch import fnmatch
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
import pandas as pd

from cdgis.carbon.factors.own_factors import own_files
from cdgis.core.errors import CarbonError
from cdgis.core.packs import current_packs, pack_file

_UNITS = ("_tc_per_ha", "_tc_per_ha_yr", "_cm", "_yr", "_share", "_m3_per_ha", "_m3_per_ha_yr", "_t_per_m3", "_t_per_ha", "_per_yr")
_FILES_KEPT = 128


def data_folder() -> Path:
    """Return the folder of the factors that hold anywhere."""
    return Path(str(files("cdgis").joinpath("data", "carbon")))


def factor_file(name: str, folder: Traversable | None = None) -> Traversable:
    """Return where a factor file lies: in `folder`, else the workspace's own, that of the narrowest pack, the general one."""
    if folder is not None:
        return folder.joinpath(name)
    return own_files().get(name) or pack_file(f"carbon/{name}") or data_folder() / name


def factor_files(pattern: str, folder: Traversable | None = None) -> list[str]:
    """Return the names of the factor files of the place, or of `folder`, that match a pattern; those of the narrowest pack first."""
    if folder is not None:
        return sorted(entry.name for entry in folder.iterdir() if fnmatch(entry.name, pattern))
    places = (*(pack.file("carbon") for pack in reversed(current_packs())), data_folder())
    own = [name for name in own_files() if fnmatch(name, pattern)]
    return list(dict.fromkeys([*own, *(path.name for place in places for path in sorted(place.glob(pattern)))]))


def read_source(source: Traversable, numbers: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return a factor CSV with text as str ("" when blank) and numbers as float (NaN when blank).

    Numbers are the columns whose name ends in a unit and those listed in `numbers`.

    Raises
    ------
    CarbonError : no such file, or a number that is none.
    """
    if not source.is_file():
        raise CarbonError(
            f"本地没有碳因子表 {source.name}", remedy=f"请在本市数据包里放入 carbon/{source.name}（写法见 docs/packs.md），或用附近地区的并写明来源"
        )
    return _read(source.name, source.read_bytes(), numbers).copy()  # the caller's own


@lru_cache(maxsize=_FILES_KEPT)
def _read(name: str, content: bytes, numbers: tuple[str, ...]) -> pd.DataFrame:
    """Return what the file of that name with this content says; an account asks for each some ten times."""
    frame = pd.read_csv(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig"), dtype=str, keep_default_na=False)
    for column in frame.columns:
        if column.endswith(_UNITS) or column in numbers:
            try:
                frame[column] = frame[column].replace("", np.nan).astype(float)
            except ValueError as err:
                raise CarbonError(f"{name} 的 {column} 应为数字") from err
    return frame


def has_factors(*names: str) -> bool:
    """Return whether the place has all these factor tables: what rests on one it lacks is left out, and said."""
    return all(factor_files(f"{name}.csv") for name in names)


def read_shipped(name: str, numbers: tuple[str, ...] = (), folder: Traversable | None = None) -> pd.DataFrame:
    """Return the factor table `name` (without .csv) of the place."""
    return read_source(factor_file(f"{name}.csv", folder), numbers)
