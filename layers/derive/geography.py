"""How are all derived layers made again? (layers/README.md describes the steps)"""

from layers.derive import (
    clauses,
    elements,
    forest,
    landcover,
    law,
    master,
    nature,
    quality,
    receptors,
    restoration,
    restoration_facts,
    rivers,
    sections,
    terrain,
    zone_layers,
    zones,
)


def write_layers() -> None:
    """Write every derived layer below layers/ from the files in layers/base."""
    ground = terrain.read_terrain()
    zoning = zones.zoning(ground)
    cover = master.build(ground, zoning)
    zone_layers.write_all(cover)
    receptors.write_receptors(ground, zoning, cover)
    clauses.write_access_list()
    landcover.write_classes(zoning.coarse_2015, 2015)
    landcover.write_classes(zoning.coarse_2025, 2025)
    landcover.write_names()
    rails = elements.write_railways(ground, zoning, cover)
    elements.write_heritage(ground, cover)
    elements.write_contaminated(ground, zoning, cover)
    elements.write_derelict(ground, zoning, cover, rails)
    elements.write_town_zones(cover)
    rivers.write_rivers(cover)
    nature.write_nature(ground, zoning, cover)
    mines = elements.mine_mask(ground, rails) > 0
    labels = restoration.restoration_labels(ground, zoning, quality.unit_labels(ground), mines)
    restoration.write_restoration(ground, zoning, cover, labels)
    sections.write_sections()
    restoration_facts.write_restoration_facts()
    forest.write_stands(ground, zoning, cover)
    law.write_law_layers()
