"""Units that differ between two versions of a zone layer, and subjects whose verdict differs with them.

Units are matched by shape, then by zone_id (match_zones): a unit renumbered has one row, under its new code. On the
measuring plane, with O and N the old and new unit,

    gained = area(N) - area(O ∩ N),   lost = area(O) - area(O ∩ N),

so old + gained - lost = new. Lines are compared by the length, points by the count, that both versions share.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.core.vocabulary import LIST_SEPARATOR, State, Verdict
from cdgis.geometry.halving import subdivide
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.judging.match_zones import SPLIT, Matches, fates, match_zones
from cdgis.results.tables.validation import empty, validate
from cdgis.workspace.layers import Layer

LEAST_CHANGE_M2 = 1.0
"""A smaller difference of area is redrawing, as a smaller overlap is a sliver (DESIGN 4.3)."""
LEAST_CHANGE_M = 0.1
ADDED, REMOVED, RECLASSED, RESHAPED, RENAMED = "新增", "撤销", "改类", "调整边界", "改名"
_UNITS = {2: "m2", 1: "m", 0: "count"}
_STRICTNESS = {
    str(Verdict.CLEAR): 0, str(Verdict.CONDITIONAL): 1, str(Verdict.JUSTIFY): 2, str(Verdict.FAIL): 3,
}  # fmt: skip


def compare_zones(old: Layer, new: Layer) -> pd.DataFrame:
    """Return table `changes_zones`: one row per unit that was added, removed, reclassed, reshaped or renamed.

    Parameters
    ----------
    old, new : two versions of one layer, EPSG:4490, of the same kind of geometry.
    """
    kind = {"polygon": 2, "line": 1, "point": 0}[new.spec.geometry]
    before, after = _by_zone(old), _by_zone(new)
    found = matched(old, new)
    renumbered = found.renumbered if found else {}
    ends, origins = fates(found) if found else ({}, {})
    # a renumbered unit stands under its new code; an old code that another unit bears now is not that unit
    before = _under_new_codes(before, renumbered)
    ids = sorted(set(before.index) | set(after.index))
    if not ids:
        return empty("changes_zones")
    before, after = before.reindex(ids), after.reindex(ids)
    shapes = _plane(before["geometry"]), _plane(after["geometry"])
    sizes = _size(shapes[0], kind), _size(shapes[1], kind)
    shared = _shared(*shapes, sizes=sizes, kind=kind)
    gained, lost = np.maximum(sizes[1] - shared, 0.0), np.maximum(sizes[0] - shared, 0.0)
    changes = _changes(before, after, np.maximum(gained, lost) > (0.5, LEAST_CHANGE_M, LEAST_CHANGE_M2)[kind])
    there = after["zone_class"].notna()
    codes = [_code_words(zone, before.at[zone, "old_id"], bool(there[zone]), ends, origins) for zone in ids]
    changes = [_joined(word, change) for (word, _, _), change in zip(codes, changes, strict=True)]
    table = pd.DataFrame(
        {
            "layer": new.spec.id,
            "zone_id": ids,
            "zone_name": after["zone_name"].fillna(before["zone_name"]).to_numpy(dtype=object),
            "change": changes,
            "old_ids": [old_ids for _, old_ids, _ in codes],
            "new_ids": [new_ids for _, _, new_ids in codes],
            "old_class": before["zone_class"].fillna("").to_numpy(dtype=object),
            "new_class": after["zone_class"].fillna("").to_numpy(dtype=object),
            "unit": _UNITS[kind],
            "old_size": sizes[0],
            "new_size": sizes[1],
            "gained": gained,
            "lost": lost,
        }
    )
    return validate("changes_zones", table[table["change"] != ""])


def matched(old: Layer, new: Layer) -> Matches | None:
    """Return how the units of two versions of a polygon layer lie to each other; None for lines and points."""
    if new.spec.geometry != "polygon":
        return None
    before, after = _by_zone(old), _by_zone(new)
    return match_zones(list(map(str, before.index)), _plane(before["geometry"]), list(map(str, after.index)), _plane(after["geometry"]))


def _under_new_codes(before: pd.DataFrame, renumbered: Mapping[str, str]) -> pd.DataFrame:
    """Return the old units under the codes they bear now; one whose old code another unit bears is marked with an asterisk."""
    now = {old: new for new, old in renumbered.items()}
    taken = set(renumbered) - set(now)
    names = [now.get(zone, f"{zone}*" if zone in taken else zone) for zone in map(str, before.index)]
    return before.assign(old_id=list(map(str, before.index))).set_axis(names, axis=0)


def _code_words(
    zone: str, old_id: object, is_new: bool, ends: Mapping[str, tuple[str, str]], origins: Mapping[str, tuple[str, str]]
) -> tuple[str, str, str]:
    """Return what became of a unit's code (改码, 拆分, 合并 or nothing), its codes before and its codes after."""
    had = old_id if isinstance(old_id, str) else ""
    word, before = origins.get(zone, ("", had)) if is_new else ("", had)
    end, after = ends.get(had, ("", zone if is_new else "")) if had else ("", zone)
    return word or end, before or had, after if not is_new or end == SPLIT else zone


def _joined(word: str, change: str) -> str:
    """Return code word and changes as one list: a unit split or merged is not also added or gone."""
    rest = [item for item in change.split(LIST_SEPARATOR) if item and not (word and item in (ADDED, REMOVED))]
    return LIST_SEPARATOR.join(filter(None, [word, *rest]))


def _by_zone(layer: Layer) -> pd.DataFrame:
    """Return zone_id -> name, class and geometry; parts of one unit are put together."""
    zones = layer.zones.sort_values(["zone_id", "zone_class"], kind="stable")
    whole = zones.groupby("zone_id", sort=True).agg(
        zone_name=("zone_name", "first"),
        zone_class=("zone_class", lambda c: LIST_SEPARATOR.join(dict.fromkeys(map(str, c)))),
        geometry=("geometry", lambda g: g.iloc[0] if len(g) == 1 else shapely.union_all(g.to_numpy())),
    )
    return pd.DataFrame(whole)


def _plane(shapes: Iterable[object]) -> GeometryArray:
    filled = np.array([shape if hasattr(shape, "geom_type") else shapely.Point() for shape in shapes], dtype=object)
    return valid_on_plane(filled)[0]


def _size(plane: GeometryArray, kind: int) -> FloatArray:
    if kind == 2:
        return np.asarray(shapely.area(plane))
    if kind == 1:
        return np.asarray(shapely.length(plane))
    return np.asarray(shapely.get_num_coordinates(plane), dtype=float)


def _shared(old: GeometryArray, new: GeometryArray, *, sizes: tuple[FloatArray, FloatArray], kind: int) -> FloatArray:
    """Return what the two versions of each unit have in common, in the unit of their size."""
    shared: FloatArray = np.zeros(len(old))
    same = np.asarray(shapely.equals_exact(shapely.normalize(old), shapely.normalize(new)))
    shared[same] = sizes[0][same]
    other = np.flatnonzero(~same & ~shapely.is_empty(old) & ~shapely.is_empty(new))
    if kind < 2:
        shared[other] = _size(np.asarray(shapely.intersection(old[other], new[other])), kind)
        return shared
    old_pieces, old_owner = subdivide(old[other])
    new_pieces, new_owner = subdivide(new[other])
    at, piece = shapely.STRtree(new_pieces).query(old_pieces, predicate="intersects")
    mine = old_owner[at] == new_owner[piece]
    area = shapely.area(shapely.intersection(old_pieces[at[mine]], new_pieces[piece[mine]]))
    shared[other] = np.bincount(old_owner[at[mine]], weights=area, minlength=len(other))
    return shared


def _changes(before: pd.DataFrame, after: pd.DataFrame, reshaped: npt.NDArray[np.bool_]) -> list[str]:
    """Return what happened to each unit, "" for nothing."""
    gone, fresh = after["zone_class"].isna(), before["zone_class"].isna()
    classes, names = before["zone_class"] != after["zone_class"], before["zone_name"] != after["zone_name"]
    words: list[str] = []
    for was, now, row in zip(fresh, gone, zip(classes, reshaped, names, strict=True), strict=True):
        if was or now:
            words.append(ADDED if was else REMOVED)
            continue
        found = [word for word, changed in zip((RECLASSED, RESHAPED, RENAMED), row, strict=True) if changed]
        words.append(LIST_SEPARATOR.join(found))
    return words


def compare_verdicts(
    old: Mapping[str, pd.DataFrame], new: Mapping[str, pd.DataFrame], changes: pd.DataFrame
) -> pd.DataFrame:
    """Return table `changes_verdicts`: one row per subject whose verdict differs, with the zones that decide it.

    Parameters
    ----------
    old, new : tables `subjects`, `verdicts` and `findings` of the same subjects, judged on either version.
    changes : table `changes_zones`; says which of the deciding zones changed.
    """
    joined = new["verdicts"].merge(old["verdicts"], on="subject_id", suffixes=("", "_old"))
    joined = joined[_words(joined, "") != _words(joined, "_old")]
    if joined.empty:
        return empty("changes_verdicts")
    about = new["subjects"].set_index("subject_id")
    changed = _changed_zones(changes)
    rows = []
    for row in joined.to_dict("records"):
        subject = str(row["subject_id"])
        old_zones, new_zones = (
            _deciding(tables["findings"], subject, f"{row[ids]}{LIST_SEPARATOR}{row[unknown]}")
            for tables, ids, unknown in (
                (old, "decisive_rule_ids_old", "unknown_rule_ids_old"),
                (new, "decisive_rule_ids", "unknown_rule_ids"),
            )
        )
        apart = _differing(old_zones, new_zones, changed)
        rows.append(
            {
                "subject_id": subject,
                "name": about.at[subject, "name"],
                "kind": about.at[subject, "kind"],
                "old_verdict": row["verdict_old"],
                "old_caveats": row["caveats_old"],
                "new_verdict": row["verdict"],
                "new_caveats": row["caveats"],
                "direction": _direction(str(row["verdict_old"]), str(row["verdict"])),
                "rule_ids": LIST_SEPARATOR.join(dict.fromkeys(rule for rule, _, _ in apart)),
                "layers": LIST_SEPARATOR.join(dict.fromkeys(layer for _, layer, _ in apart if layer)),
                "zone_ids": LIST_SEPARATOR.join(dict.fromkeys(zone for _, _, zone in apart if zone)),
                "zone_changes": LIST_SEPARATOR.join(
                    dict.fromkeys(
                        f"{zone} {changed[layer, zone]}" for _, layer, zone in apart if (layer, zone) in changed
                    )
                ),
            }
        )
    return validate("changes_verdicts", pd.DataFrame(rows))


def _words(joined: pd.DataFrame, suffix: str) -> "pd.Series[str]":
    return joined[f"verdict{suffix}"] + LIST_SEPARATOR + joined[f"at_least{suffix}"]


def _changed_zones(changes: pd.DataFrame) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for layer, zone, old_ids, change in changes[["layer", "zone_id", "old_ids", "change"]].itertuples(index=False, name=None):
        for code in (*old_ids.split(LIST_SEPARATOR), zone):
            found[layer, code] = change
    return found


_Reason = tuple[str, str, str]
"""Rule, layer, zone."""


def _deciding(findings: pd.DataFrame, subject: str, rule_ids: str) -> tuple[_Reason, ...]:
    """Return what decided a verdict: its decisive rules, and those that are unknown."""
    wanted = set(rule_ids.split(LIST_SEPARATOR))
    states = (str(State.APPLIES), str(State.UNKNOWN))
    rows = findings[
        (findings["subject_id"] == subject) & findings["rule_id"].isin(wanted) & findings["state"].isin(states)
    ]
    return tuple(
        (str(row.rule_id), str(row.layer), zone)
        for row in rows.itertuples()
        for zone in (str(row.zone_id).split(LIST_SEPARATOR) or [""])
    )


def _differing(
    old: Sequence[_Reason], new: Sequence[_Reason], changed: Mapping[tuple[str, str], str]
) -> tuple[_Reason, ...]:
    """Return the reasons that only one version has: those whose zone changed, or all where none did."""
    apart = [reason for reason in new if reason not in old] + [reason for reason in old if reason not in new]
    moved = [reason for reason in apart if (reason[1], reason[2]) in changed]
    return tuple(moved or apart)


def _direction(old: str, new: str) -> str:
    """Return 变严 or 变宽 when both versions give a word of known strictness, else 待定."""
    if str(Verdict.UNKNOWN) in (old, new):
        return "待定"
    return "变严" if _STRICTNESS[new] > _STRICTNESS[old] else "变宽"
