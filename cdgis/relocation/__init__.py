"""Relocation of enterprises: candidates, priority, destinations, assignment, conflict."""

from cdgis.relocation.assignment import UNPLACED, Assignment, Demand, Problem, Supply, assign
from cdgis.relocation.candidates import (
    Candidates,
    RelocationInputs,
    propose_relocations,
    without_exemptions,
)
from cdgis.relocation.conflict import Obstacle, easiest_opening, explain_unplaced
from cdgis.relocation.destinations import (
    BLOCK_WORDS,
    RAIL_WORDS,
    TAKEN_WORDS,
    UNSTATED_WORDS,
    score_destinations,
    shortfall_words,
)
from cdgis.relocation.priority import Urgency, rank_by_urgency, urgency_scores

__all__ = [
    "BLOCK_WORDS",
    "RAIL_WORDS",
    "TAKEN_WORDS",
    "UNPLACED",
    "UNSTATED_WORDS",
    "Assignment",
    "Candidates",
    "Demand",
    "Obstacle",
    "Problem",
    "RelocationInputs",
    "Supply",
    "Urgency",
    "assign",
    "easiest_opening",
    "explain_unplaced",
    "propose_relocations",
    "rank_by_urgency",
    "score_destinations",
    "shortfall_words",
    "urgency_scores",
    "without_exemptions",
]
