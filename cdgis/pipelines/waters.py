"""Rivers of a workspace, and what the water of its subjects runs into."""

from dataclasses import replace

from cdgis.core.data_gaps import Gap, attempted
from cdgis.core.vocabulary import InputRecord
from cdgis.raster import read_raster, true_heights
from cdgis.raster.raster_check import VOID_REMEDY, void_words
from cdgis.readers import table_record
from cdgis.readers.loading import Loaded
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.placed_layers import place_box
from cdgis.results.assessment import Part
from cdgis.rivers.entry_points import downstream_of_dischargers
from cdgis.rivers.outfall_assessment import place_outfalls
from cdgis.rivers.system import COUNTY_LAYERS, RiverSystem, load_rivers
from cdgis.workspace.layers import Subjects

Waters = tuple[RiverSystem | None, Part, Part, list[Gap]]
"""The rivers, what the water of dischargers runs into, how outfalls lie to bans, and where no elevation is."""


@in_its_place
def waters_of(loaded: Loaded, subjects: Subjects) -> Waters:
    """Return the rivers and what they say of the subjects.

    Raises
    ------
    CdgisError : whatever is wrong with them.
    """
    rivers = rivers_of(loaded)
    return rivers, river_part(rivers, loaded, subjects), outfall_part(rivers, subjects), elevation_gaps(loaded)


def rivers_of(loaded: Loaded) -> RiverSystem | None:
    """Return the rivers, None in a workspace without elevation or river lines, or without counties.

    Raises
    ------
    CdgisError : the elevation or the river lines cannot be used.
    """
    if loaded.settings.rivers.network not in loaded.workspace.catalog or COUNTY_LAYERS[0] not in loaded.layers:
        return None
    return load_rivers(loaded.workspace, known=loaded.layers)


def elevation_gaps(loaded: Loaded) -> list[Gap]:
    """Return how much of the city has no elevation, where the rivers come from it; what cannot be read is told by `rivers_of`."""
    workspace, city = loaded.workspace, loaded.layers.get(loaded.workspace.boundary)
    name = loaded.settings.rivers.network
    if city is None or not len(city.zones) or name not in workspace.catalog or workspace.catalog[name].geometry != "raster":
        return []
    spec = workspace.catalog[name]
    home = place_box(workspace)
    problem = attempted("", lambda: void_words(true_heights(read_raster(spec, workspace.layers_dir, home=home))[0], city.zones)[0], [])
    part = "没有高程处的河网：沿河追踪、排口下游、坡度和海拔条件不全"
    file = workspace.relative(workspace.layers_dir / spec.path)
    return [Gap(part=part, layer=name, file=file, row="", problem=problem, remedy=VOID_REMEDY)] if problem else []


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
