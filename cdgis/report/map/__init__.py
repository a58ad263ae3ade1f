"""Geometry for the reader's map: packed coordinates, levels of detail, and the size a page may have."""
