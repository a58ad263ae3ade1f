"""The layers of a workspace as GeoDataFrames, each read when first asked for."""

from collections.abc import Hashable, Iterator, Mapping

import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.errors import CatalogError
from cdgis.readers import read_layer
from cdgis.readers.inputs import file_stamp
from cdgis.readers.place_extent import in_place
from cdgis.workspace.settings import Workspace


class LayerFrames(Mapping[str, GeoDataFrame]):
    """The vector layers of a workspace by id, each read when first asked for, and again when its file changed; every frame is a copy.

    A frame has zone_id, zone_name, zone_class and the fields its catalogue entry declares, in EPSG:4490 (x =
    longitude, degrees); `frame.attrs` holds the layer's title, version, source and whether it is official.

    Examples
    --------
    >>> import cdgis
    >>> layers = cdgis.open_workspace(".").layers
    >>> redline = layers["ecological_redline"]
    >>> redline.crs.to_epsg(), redline.attrs["title"]
    (4490, '生态保护红线')
    >>> "counties" in layers
    True
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: dict[str, tuple[Hashable, GeoDataFrame]] = {}

    def __getitem__(self, layer_id: str) -> GeoDataFrame:
        """Return one layer.

        Raises
        ------
        CatalogError : the catalogue has no such layer, or it is a raster or a table.
        LayerError, CrsError : its file cannot be used.
        """
        spec = self._workspace.catalog[layer_id]
        path = self._workspace.layers_dir / spec.path
        stamp = file_stamp(path) if spec.path and path.exists() else ()
        if layer_id not in self._read or self._read[layer_id][0] != stamp:
            if not spec.is_vector:
                raise CatalogError(
                    f"图层 {layer_id} 是{'栅格' if spec.geometry == 'raster' else '数据表'}，不是矢量图层",
                    remedy=f"文件在 {self._workspace.layers_dir / spec.path}，请用 rasterio 或 pandas 打开",
                )
            with in_place(self._workspace):
                zones = read_layer(spec, self._workspace.layers_dir).zones
            zones.attrs = {name: getattr(spec, name) for name in ("title", "theme", "version", "source", "official")}
            self._read[layer_id] = stamp, zones
        return self._read[layer_id][1].copy()

    def __contains__(self, layer_id: object) -> bool:
        """Return whether there is a vector layer of that id; none is read."""
        return layer_id in list(self)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids of the vector layers in catalogue order."""
        return (spec.id for spec in self._workspace.catalog.layers.values() if spec.is_vector)

    def __len__(self) -> int:
        """Return the number of vector layers."""
        return sum(1 for _ in self)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def describe(self) -> pd.DataFrame:
        """Return one row a layer: id, title, theme, version, whether official; no layer is read.

        Examples
        --------
        >>> import cdgis
        >>> cdgis.open_workspace(".").layers.describe().columns.tolist()
        ['title', 'theme', 'version', 'official']
        """
        specs = [self._workspace.catalog[layer_id] for layer_id in self]
        names = ["title", "theme", "version", "official"]
        rows = [[getattr(spec, name) for name in names] for spec in specs]
        return pd.DataFrame(rows, index=pd.Index(list(self), name="layer"), columns=names)
