"""Carbon factors with their sources and ranges (cdgis/data/carbon)."""

from cdgis.carbon.factors.conditions import read_conditions, read_fact_titles
from cdgis.carbon.factors.curves import GROWTH_TABLES, GrowthData, read_growth
from cdgis.carbon.factors.legends import Recoding, legend_names, rates_between, read_legend, recoding_of
from cdgis.carbon.factors.own_factors import with_own_factors
from cdgis.carbon.factors.pools import POOL_WORDS, POOLS, PoolTable, error_group, land_class_roles, read_pool_table
from cdgis.carbon.factors.restoration_measures import (
    Exclusion,
    Measures,
    PlantingRule,
    read_exclusions,
    read_measures,
    read_planting_rules,
)
from cdgis.carbon.factors.soils import SOIL_DEPTH_CM, SoilFactor, read_soils, soil_factor
from cdgis.carbon.factors.source import data_folder, has_factors, read_shipped
from cdgis.carbon.factors.trees import TREE_FACTORS, Trees, mark_column, read_trees, step_values

__all__ = [
    "POOLS",
    "POOL_WORDS",
    "error_group",
    "SOIL_DEPTH_CM",
    "TREE_FACTORS",
    "Exclusion",
    "GROWTH_TABLES",
    "GrowthData",
    "Measures",
    "PlantingRule",
    "PoolTable",
    "Recoding",
    "SoilFactor",
    "Trees",
    "data_folder",
    "has_factors",
    "land_class_roles",
    "legend_names",
    "mark_column",
    "rates_between",
    "read_conditions",
    "read_fact_titles",
    "read_legend",
    "read_exclusions",
    "read_growth",
    "read_measures",
    "read_planting_rules",
    "read_pool_table",
    "read_shipped",
    "read_soils",
    "read_trees",
    "recoding_of",
    "soil_factor",
    "step_values",
    "with_own_factors",
]
