"""Remedies: the largest part of a site clear of what forbids it, and the smallest shift that clears it.

Both are found by plane geometry (`cdgis.siting.clearance`) and then judged anew by the same engine as any site; what is
offered is what that judge says of it, never what the geometry promised.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import GeometryArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Verdict
from cdgis.geometry import geodesy
from cdgis.results.tables.validation import empty, validate
from cdgis.siting.clearance import SETBACK_M, Obstruction, largest_clear_part, smallest_shift, wkt

RADIUS_M = 500.0


class Kind(StrEnum):
    """What is changed about a site."""

    CLIP = "裁剪"
    SHIFT = "平移"


class Target(StrEnum):
    """What a change is to get rid of."""

    PROHIBITED = "避开禁止"
    JUSTIFY = "避开须论证"

    @property
    def rank(self) -> int:
        """The least rank of effects to be got rid of."""
        return 3 if self is Target.PROHIBITED else 2


Judge = Callable[[GeoDataFrame], pd.DataFrame]
"""Judges sites as they lie in the frame (columns of `sites`); returns table verdicts of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacles:
    """What one site has to keep clear of for one target."""

    subject_id: str
    target: Target
    zones: GeometryArray
    """EPSG:4490; needed only as far as the radius around the site."""
    stuck: tuple[str, ...] = ()
    """Ids of rules that hold wherever the site lies: no clipping and no shift can help."""
    immovable: str = ""
    """Why the site cannot be shifted at all (it is built already); "" when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposal:
    """One change to one site, not yet judged."""

    subject_id: str
    kind: Kind
    target: Target
    geometry: BaseGeometry | None = None
    """EPSG:4490; None when there is no such change."""
    reason: str = ""
    distance_m: float = float("nan")
    bearing_deg: float = float("nan")

    @property
    def key(self) -> str:
        """Id under which it is judged."""
        return f"{self.subject_id}~{self.target}~{self.kind}"


def propose_remedies(
    sites: GeoDataFrame,
    obstacles: Sequence[Obstacles],
    judge: Judge,
    *,
    radius_m: float = RADIUS_M,
    setback_m: float = SETBACK_M,
) -> tuple[pd.DataFrame, GeoDataFrame]:
    """Return table remedies and the changed sites (subject_id, kind, target, geometry).

    Parameters
    ----------
    sites : subject_id, any columns the judge needs, and geometry (any kind), EPSG:4490.
    obstacles : one entry for each site and target wanted; polygons are clipped and shifted, the rest only shifted.
    judge : see Judge; called once for all proposals, whose ids it must keep.
    radius_m : the farthest shift, metres.
    setback_m : how far what is proposed stays off the obstacles, metres.

    Returns
    -------
    One row a site, target and kind, the lesser target only where it asks for another change. Feasible only if judged
    neither 不符合 nor (for 避开须论证) 须论证, the least that an undecided verdict can become included. distance_m is
    geodesic, bearing_deg clockwise from true north, area_m2 the survey area after, share = area_m2 / area before;
    wkt (EPSG:4490) is exactly what was judged.
    """
    where = {str(subject): i for i, subject in enumerate(sites["subject_id"])}
    geoms = np.asarray(sites.geometry.array, dtype=object)
    proposals = _distinct(
        proposal
        for case in sorted(obstacles, key=lambda case: (case.subject_id, case.target))
        for proposal in _propose(geoms[where[case.subject_id]], case, radius_m=radius_m, setback_m=setback_m)
    )
    if not proposals:
        return empty("remedies"), GeoDataFrame({"subject_id": [], "kind": [], "target": []}, geometry=[], crs=4490)
    judged = _judged(sites, where, proposals, judge)
    area = dict(zip(where, geodesy.survey_area_m2(geoms), strict=True))
    rows = [_row(proposal, area[proposal.subject_id], judged.get(proposal.key)) for proposal in proposals]
    offered = [p for p in sorted(proposals, key=lambda p: p.key) if p.geometry is not None]
    shapes = GeoDataFrame(
        {name: [str(getattr(p, name)) for p in offered] for name in ("subject_id", "kind", "target")},
        geometry=[proposal.geometry for proposal in offered],
        crs=4490,
    )
    return validate("remedies", pd.DataFrame(rows)), shapes


def _distinct(proposals: Iterable[_Proposal]) -> list[_Proposal]:
    """Return the proposals without those that a site's stricter need (避开禁止 comes first) already asks for."""
    kept: dict[tuple[str, Kind, str], _Proposal] = {}
    for proposal in proposals:
        shape = wkt(proposal.geometry) if proposal.geometry is not None else proposal.key
        kept.setdefault((proposal.subject_id, proposal.kind, shape), proposal)
    return list(kept.values())


def _propose(site: BaseGeometry, case: Obstacles, *, radius_m: float, setback_m: float) -> Iterable[_Proposal]:
    """Yield the clip (polygons only) and the shift of one site, found or not."""
    kinds = (Kind.CLIP, Kind.SHIFT) if shapely.get_dimensions(site) == 2 else (Kind.SHIFT,)
    if case.stuck:
        reason = f"规则 {'、'.join(case.stuck)} 与位置无关，裁剪或平移都不能解决"
        yield from (_none(case, kind, reason) for kind in kinds)
        return
    obstruction = Obstruction.of(case.zones, setback_m=setback_m)
    if Kind.CLIP in kinds:
        yield _clip(site, case, obstruction)
    yield _none(case, Kind.SHIFT, case.immovable) if case.immovable else _shift(site, case, obstruction, radius_m)


def _none(case: Obstacles, kind: Kind, reason: str) -> _Proposal:
    return _Proposal(subject_id=case.subject_id, kind=kind, target=case.target, reason=reason)


def _clip(site: BaseGeometry, case: Obstacles, obstruction: Obstruction) -> _Proposal:
    part = largest_clear_part(site, obstruction)
    if part is None:
        return _none(case, Kind.CLIP, f"地块全部位于须避让的范围内，裁剪后没有剩余（{case.target}）")
    return _Proposal(subject_id=case.subject_id, kind=Kind.CLIP, target=case.target, geometry=part)


def _shift(site: BaseGeometry, case: Obstacles, obstruction: Obstruction, radius_m: float) -> _Proposal:
    shift = smallest_shift(site, obstruction, radius_m=radius_m)
    if shift is None:
        return _none(case, Kind.SHIFT, f"半径 {radius_m:g} 米内没有能避让的位置（{case.target}）")
    return _Proposal(
        subject_id=case.subject_id, kind=Kind.SHIFT, target=case.target, geometry=shift.geometry,
        reason="" if shift.set_back else "通道狭窄，紧贴须避让的范围，未留退距",
        distance_m=shift.distance_m, bearing_deg=shift.bearing_deg,
    )  # fmt: skip


def _judged(
    sites: GeoDataFrame, where: Mapping[str, int], proposals: Sequence[_Proposal], judge: Judge
) -> dict[str, dict[str, str]]:
    """Return proposal key -> its verdict's cells, all judged at once."""
    offered = [proposal for proposal in proposals if proposal.geometry is not None]
    if not offered:
        return {}
    changed = sites.iloc[[where[proposal.subject_id] for proposal in offered]].reset_index(drop=True)
    changed = changed.assign(subject_id=[proposal.key for proposal in offered])
    changed = changed.set_geometry(np.array([proposal.geometry for proposal in offered], dtype=object), crs=4490)
    verdicts = judge(changed)
    cells = verdicts[["subject_id", "verdict", "at_least", "caveats", "decisive_rule_ids"]].astype(str)
    return {row["subject_id"]: dict(row) for _, row in cells.iterrows()}


def _row(proposal: _Proposal, area_before_m2: float, judged: Mapping[str, str] | None) -> dict[str, object]:
    """Return one row of table remedies."""
    row: dict[str, object] = {
        name: getattr(proposal, name)
        for name in ("subject_id", "kind", "target", "reason", "distance_m", "bearing_deg")
    }
    row |= {"feasible": False, "area_m2": np.nan, "share": np.nan, "verdict": "", "verdict_at_least": "",
            "caveats": "", "wkt": ""}  # fmt: skip
    if proposal.geometry is None or judged is None:
        return row
    area = float(geodesy.survey_area_m2(np.array([proposal.geometry]))[0])
    blocked = {str(Verdict.FAIL)} | ({str(Verdict.JUSTIFY)} if proposal.target is Target.JUSTIFY else set())
    fails = judged["verdict"] in blocked or judged["at_least"] in blocked
    if fails:
        rules = judged["decisive_rule_ids"].replace(LIST_SEPARATOR, "、")
        row["reason"] = f"重新判定为“{judged['verdict']}”（规则 {rules}）"
    share = min(area / area_before_m2, 1.0) if area_before_m2 > 0 and proposal.kind is Kind.CLIP else 1.0
    return row | {
        "feasible": not fails, "area_m2": area, "share": share, "verdict": judged["verdict"],
        "verdict_at_least": judged["at_least"], "caveats": judged["caveats"], "wkt": wkt(proposal.geometry),
    }  # fmt: skip
