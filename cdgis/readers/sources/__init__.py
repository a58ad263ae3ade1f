"""Layers kept elsewhere, taken once into the workspace as a dated snapshot; the only part of cdgis that may use a network."""
