"""Written policy by which enterprises are moved, ranked and placed (cdgis/data/relocation/*.toml)."""

from cdgis.relocation.policy.dispositions import (
    DispositionRule,
    RelocationPolicy,
    Review,
    read_relocation_policy,
)
from cdgis.relocation.policy.scoring import (
    Criterion,
    DestinationPolicy,
    PriorityPolicy,
    SearchPolicy,
    WeightRange,
    read_destination_policy,
    read_priority_policy,
    read_weights,
    reweighted,
    weights_of,
)

__all__ = [
    "Criterion",
    "DestinationPolicy",
    "DispositionRule",
    "PriorityPolicy",
    "RelocationPolicy",
    "Review",
    "SearchPolicy",
    "WeightRange",
    "read_destination_policy",
    "read_priority_policy",
    "read_relocation_policy",
    "read_weights",
    "reweighted",
    "weights_of",
]
