"""Shapes burnt into a plain grid of pixels: which shape's number each pixel has."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cdgis.core.array_types import GeometryArray


def burnt(shapes: GeometryArray, numbers: Sequence[int], size: tuple[int, int]) -> npt.NDArray[np.int32]:
    """Return for each pixel the number of the last shape that holds its centre, 0 for none.

    Parameters
    ----------
    shapes : in pixels, x to the right and y downwards from the upper left corner.
    numbers : one a shape, above 0.
    size : rows, columns.
    """
    pairs = [(shape, number) for shape, number in zip(shapes, numbers, strict=True) if not shape.is_empty]
    if not pairs:
        return np.zeros(size, np.int32)
    from rasterio.features import rasterize

    return np.asarray(rasterize(pairs, out_shape=size, fill=0, dtype="int32"))
