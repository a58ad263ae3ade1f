"""cdgis: overlay Chengde's environmental zones with sites and enterprises, and say by which clause."""

__version__ = "0.1.0"
