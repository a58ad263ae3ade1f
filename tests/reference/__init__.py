"""A second, slow and plain opinion on every answer of cdgis, written from the definitions in docs/method.md.

Nothing here shares code with cdgis: rules and industry tables are read as files, logic is Python's True, False and None,
geometry is shapely's one object at a time, projections are pyproj's. Only `compare` knows both sides.
"""
