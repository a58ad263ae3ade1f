"""The place a workspace is about, as cdgis.toml states it."""

from pydantic import Field, field_validator

from cdgis.core import layer_ids
from cdgis.core.toml_files import PlainText, Stated


class Place(Stated):
    """``[place]``: the city by name and code, and the layer that outlines it.

    Planes, home box and zones are derived from the outline's extent (readers/place_extent.py).
    """

    name: PlainText = Field(min_length=2)
    code: PlainText = Field(default="", pattern=r"^(\d{2}|\d{4}|\d{6})?$")
    """行政区划代码 (GB/T 2260) of a province, a city or a county."""
    province: PlainText = ""
    boundary: PlainText = layer_ids.CITY
    """Catalogue entry of the polygon layer whose extent is the place."""
    extent: tuple[float, float, float, float] | None = None
    """West, south, east, north in degrees, for a workspace that has no boundary layer yet."""

    @field_validator("extent")
    @classmethod
    def _lies_in_china(cls, box: tuple[float, float, float, float] | None) -> tuple[float, float, float, float] | None:
        if box is not None and not (73 <= box[0] < box[2] <= 136 and 3 <= box[1] < box[3] <= 54):
            raise ValueError(f"extent 应为 [西, 南, 东, 北]（度，在中国范围内），读到 {list(box)}")
        return box
