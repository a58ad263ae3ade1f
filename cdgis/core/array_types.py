"""Types of arrays of numbers, flags, words and shapes."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.object_]
"""Array of str."""
GeometryArray = npt.NDArray[np.object_]
"""Array of shapely geometries."""
