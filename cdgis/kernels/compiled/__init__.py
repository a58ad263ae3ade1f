"""The kernels that numba compiles: imported only by a job large enough to be worth it (see `engine`)."""
