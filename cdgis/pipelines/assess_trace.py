"""Tracing along the rivers: receptors below a place in flow order, or the risk sources above it."""

from cdgis.core.errors import NetworkError, UsageError
from cdgis.core.progress import Progress, Silent
from cdgis.readers import read_subjects
from cdgis.readers.place_extent import in_its_place
from cdgis.rivers.spill_trace import (
    Origin,
    Trace,
    enterprise_origin,
    parse_place,
    place_origin,
    receptor_origin,
    trace_down,
    trace_up,
)
from cdgis.rivers.system import RiverSystem, load_rivers
from cdgis.rivers.trace import Velocity
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Workspace


@in_its_place
def assess_trace(
    workspace: Workspace,
    start: str,
    *,
    at: str = "",
    up: bool = False,
    velocity: str = "",
    target: str = "",
    progress: Progress | None = None,
) -> Trace:
    """Return who lies below `start` along the water, and when it is reached; `up`: who lies above.

    Parameters
    ----------
    start : ``经度,纬度`` in degrees, or the id or name of an enterprise, project or receptor.
    at : a place on the river, ``经度,纬度``, to take as the entry point instead of the nearest.
    velocity : range in m/s, ``低:高``; "" takes that of the settings.
    target : id or name of the receptor to stop at.

    Raises
    ------
    NetworkError : nothing goes by that name, no stream is near, or `target` does not lie below.
    UsageError : a place or the velocity is not written as it should be.
    """
    speed = Velocity.parse(velocity or workspace.settings.rivers.velocity)
    system, subjects = load_rivers(workspace, progress=progress or Silent()), read_subjects(workspace)
    origin = _origin(system, subjects, start, at)
    if up:
        return trace_up(system, origin, subjects, velocity=speed)
    return trace_down(system, origin, velocity=speed, target=target)


def _origin(system: RiverSystem, subjects: Subjects, start: str, at: str) -> Origin:
    """Return where the trace starts: a place, a subject, or a receptor."""
    place = parse_place(at or start)
    if place:
        return place_origin(system, *place, subject_id="P" if at == "" else start)
    if at:
        raise UsageError(f"--at 读到“{at}”，应为 经度,纬度（度），例如 117.94,40.97")
    found = enterprise_origin(system, subjects, start) or receptor_origin(system, start)
    if found is None:
        raise NetworkError(
            f"没有编号或名称为“{start}”的企业、项目或沿河受体", remedy="也可直接给 经度,纬度，例如 117.94,40.97"
        )
    return found
