"""Rivers of a workspace, and what the water of its subjects runs into."""

from dataclasses import replace

from cdgis.core.vocabulary import InputRecord
from cdgis.readers import table_record
from cdgis.readers.loading import Loaded
from cdgis.results.assessment import Part
from cdgis.rivers.entry_points import downstream_of_dischargers
from cdgis.rivers.outfall_assessment import place_outfalls
from cdgis.rivers.system import COUNTY_LAYERS, RiverSystem, load_rivers
from cdgis.workspace.layers import Subjects


def rivers_of(loaded: Loaded) -> RiverSystem | None:
    """Return the rivers, None in a workspace without elevation or river lines, or without counties.

    Raises
    ------
    CdgisError : the elevation or the river lines cannot be used.
    """
    if loaded.settings.rivers.network not in loaded.workspace.catalog or COUNTY_LAYERS[0] not in loaded.layers:
        return None
    return load_rivers(loaded.workspace, known=loaded.layers)


def river_part(rivers: RiverSystem | None, loaded: Loaded, subjects: Subjects) -> Part:
    """Return what the water of discharging subjects runs into; nothing in a workspace without rivers."""
    if rivers is None:
        return Part()
    return Part(tables={"downstream": downstream_of_dischargers(rivers, subjects)}, records=elevation_records(loaded))


def outfall_part(rivers: RiverSystem | None, subjects: Subjects) -> Part:
    """Return how the subjects' outfalls lie to bans and caps; nothing in a workspace without rivers."""
    return Part(tables=place_outfalls(rivers, subjects)) if rivers else Part()


def elevation_records(loaded: Loaded) -> tuple[InputRecord, ...]:
    """Return the fingerprint of the elevation that the river network is derived from; lines are layers already."""
    workspace = loaded.workspace
    spec = workspace.catalog[loaded.settings.rivers.network]
    if spec.is_vector:
        return ()
    record = table_record(spec, workspace.layers_dir)
    return (replace(record, path=workspace.relative(workspace.layers_dir / spec.path)),)
