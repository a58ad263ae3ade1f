"""The compiled kernels on coordinates: imported only by a job large enough to be worth it (see `cdgis.geometry.kernels.engine`).

`edges` and `winding` lend small functions to `trapezoids`; whoever changes those saves `trapezoids` again, too, for
numba does not notice a changed callee in another file.
"""
