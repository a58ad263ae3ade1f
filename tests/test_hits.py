"""Hits asked by scope and numbers found together: what a reader of the table, row by row, finds."""

import numpy as np
import pandas as pd
import pytest

from cdgis.core.vocabulary import LIST_SEPARATOR, Scope
from cdgis.judging.hits import Hits
from cdgis.judging.measurement import Numbers

SIZE = 12
CLASSES = ("甲", "乙", "")


def hits_table(rng, *, in_order):
    """Random hits, a zone of a layer always of one class; in the table's order, or in none."""
    pairs = [(s, layer, zone) for s in range(SIZE) for layer in "ab" for zone in range(5) if rng.random() < 0.15]
    if not in_order:
        rng.shuffle(pairs)
    rows = {
        "subject": [s for s, _, _ in pairs], "layer": [layer for _, layer, _ in pairs],
        "zone_id": [f"{layer}{zone}" for _, layer, zone in pairs], "zone_class": [CLASSES[zone % 3] for *_, zone in pairs],
    }  # fmt: skip
    return pd.DataFrame(rows).assign(number=np.arange(len(pairs)), depth_m=rng.uniform(0, 9, len(pairs)))


def scopes(rng):
    """A layer, some of its classes, some of its zones, both, and what nobody hits."""
    ids = tuple(f"a{zone}" for zone in rng.choice(7, 3, replace=False))
    return [Scope("a"), Scope("b", ("甲",)), Scope("a", ("甲", "丙", "")), Scope("a", (), ids), Scope("a", ("乙", ""), ids),
            Scope("a", (), ids[:1]), Scope("c"), Scope("b", ("丙",))]  # fmt: skip


def plain(table, scope):
    """Hit, depth and zones of each subject, row by row."""
    hit, depth, zones = [False] * SIZE, [0.0] * SIZE, [[] for _ in range(SIZE)]
    for row in table.itertuples():
        meant = (not scope.zone_classes or row.zone_class in scope.zone_classes) and (not scope.zone_ids or row.zone_id in scope.zone_ids)
        if row.layer == scope.layer and meant:
            hit[row.subject], depth[row.subject] = True, max(depth[row.subject], row.depth_m)
            zones[row.subject].append(row.zone_id)
    return hit, depth, [LIST_SEPARATOR.join(ids) for ids in zones]


@pytest.mark.parametrize("in_order", [True, False])
def test_hits_of_a_scope_are_those_of_its_rows(in_order):
    rng = np.random.default_rng(20261129)
    for _ in range(40):
        table = hits_table(rng, in_order=in_order)
        hits = Hits(table, SIZE)
        for scope in scopes(rng):
            hit, depth, zones = hits.of(scope)
            asked = rng.integers(0, SIZE, 7)
            truth = plain(table, scope)
            assert hit.tolist() == truth[0] and zones.tolist() == truth[2]
            assert depth[asked].tolist() == [truth[1][at] for at in asked]


def part(depths, first, last, asked):
    """Some of the depths, which write down what is asked of them."""

    def find(at):
        """Return the depths."""
        asked.append((first + at).tolist())
        return depths[first + at]

    return Numbers(last - first, find)


def test_depths_found_together_are_asked_once_and_are_the_same():
    rng = np.random.default_rng(7)
    for _ in range(40):
        table = hits_table(rng, in_order=True)
        depths, half, asked = table["depth_m"].to_numpy(), len(table) // 2, []
        parts = [part(depths, first, last, asked) for first, last in ((0, half), (half, half), (half, len(table)))]
        hits = Hits(table, SIZE, None, Numbers.joined(parts))
        named = scopes(rng)
        wanted = [(hits.of(scope)[1], rng.choice(SIZE, 6, replace=False)) for scope in named]
        Numbers.found_together(wanted)
        before = [one for rows in asked for one in rows]
        assert len(asked) <= 2 and len(before) == len(set(before))
        truth = Hits(table, SIZE)
        for scope, (depth, at) in zip(named, wanted, strict=True):
            assert depth[at].tolist() == truth.of(scope)[1][at].tolist()
        assert len(asked) <= 2  # nothing more had to be found
