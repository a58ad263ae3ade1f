"""What is in every shipped layer, and do the partitions tile the city? Run: python -m layers.derive.check"""

import geopandas as gpd
import numpy as np
import shapely

from cdgis.geometry.geodesy import geometries_to_plane
from cdgis.workspace.catalog import LayerSpec, read_catalog
from layers.derive.writing import LAYERS


def partition_fault_m2(plane: np.ndarray, city: shapely.Geometry) -> tuple[float, float]:
    """Return gap + overhang against the city, and overlap among the features, in square metres."""
    union = shapely.union_all(plane)
    return (
        float(shapely.area(shapely.symmetric_difference(union, city))),
        float(shapely.area(plane).sum() - shapely.area(union)),
    )


def describe(spec: LayerSpec, city: shapely.Geometry) -> str:
    """Return one line about a vector layer: count, validity, area, classes and faults."""
    frame = gpd.read_file(LAYERS / spec.path)
    plane = geometries_to_plane(frame.geometry.to_numpy())
    areas = shapely.area(plane)
    parts = [f"{spec.id}: {len(frame)} features, {shapely.get_num_coordinates(plane).sum()} vertices"]
    parts.append(f"invalid {int((~shapely.is_valid(plane)).sum())}, area {areas.sum() / 1e6:.1f} km2")
    missing = [name for name, fields in spec.fields.items() if fields[0] not in frame.columns]
    if missing:
        parts.append(f"MISSING FIELDS {missing}")
    if "zone_id" in spec.fields and frame[spec.fields["zone_id"][0]].duplicated().any():
        parts.append("DUPLICATE IDS")
    if "zone_class" in spec.fields and spec.allowed_classes:
        column = frame[spec.fields["zone_class"][0]]
        known = column.map(lambda word: spec.classes.get(word, word))
        if not set(known) <= set(spec.allowed_classes):
            parts.append(f"UNKNOWN CLASSES {sorted(set(known) - set(spec.allowed_classes))}")
        for word in spec.allowed_classes:
            share = areas[(known == word).to_numpy()].sum() / shapely.area(city)
            parts.append(f"{word} {int((known == word).sum())} ({share:.2%})")
    if spec.partition:
        outside, overlap = partition_fault_m2(plane, city)
        parts.append(f"gap+overhang {outside:.6f} m2, overlap {overlap:.6f} m2")
    elif spec.coverage:
        beyond = shapely.difference(shapely.union_all(plane), city)
        parts.append(f"beyond the city {shapely.area(beyond):.4f} m2 / {shapely.length(beyond):.2f} m")
    return "; ".join(parts)


def main() -> None:
    """Print one line for each vector layer of the catalogue that exists."""
    catalog = read_catalog(LAYERS / "catalog.toml")
    city = geometries_to_plane(gpd.read_file(LAYERS / catalog["city"].path).geometry.to_numpy())[0]
    lines = []
    for spec in catalog.layers.values():
        if not (LAYERS / spec.path).exists():
            lines.append(f"{spec.id}: ABSENT")
        elif spec.is_vector:
            lines.append(describe(spec, city))
    print("\n".join(lines))  # noqa: T201  command-line listing


if __name__ == "__main__":
    main()
