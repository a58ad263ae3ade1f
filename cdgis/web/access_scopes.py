"""What a program may do with its key: four scopes, each a set of requests."""

from collections.abc import Collection
from enum import StrEnum

from cdgis.core.errors import DeskError
from cdgis.core.vocabulary import LIST_SEPARATOR

_SAFE = ("GET", "HEAD")


class Scope(StrEnum):
    """What a key opens."""

    OGC = "ogc"
    """Layers, cases and tiles by the OGC interface, to read."""
    PROCESSES = "processes"
    """Processes of the OGC interface, to run; their results, to read."""
    READ = "read"
    """Cases and their documents by /api, to read."""
    HANDOFF = "handoff"
    """A boundary and facts, to hand over as a new case."""


SCOPE_WORDS = {
    Scope.OGC: "看图层和案件（QGIS 等）", Scope.PROCESSES: "调用研判、选址、追踪、搬迁", Scope.READ: "读案件（/api）", Scope.HANDOFF: "移交案件",
}  # fmt: skip
_READ_PATHS = ("/api/cases", "/api/project", "/api/process", "/api/document", "/api/case_event", "/api/decision_element", "/api/decision_payload",
               "/api/openapi.json", "/api/vocabulary", "/api/industries", "/api/layers", "/api/extent")  # fmt: skip
_PROCESS_PATHS = ("/ogc/processes", "/ogc/jobs")
_HANDOFF_PATH = "/api/handoff"


def _below(path: str, places: Collection[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def scope_opens(scopes: Collection[Scope], method: str, path: str) -> bool:
    """Return whether one of the scopes opens a request; whatever none of them names stays closed."""
    safe = method in _SAFE
    return (
        (Scope.OGC in scopes and safe and _below(path, ("/ogc",)) and not _below(path, ("/ogc/jobs",)))
        or (Scope.PROCESSES in scopes and (_below(path, _PROCESS_PATHS) or (safe and path in ("/ogc", "/ogc/", "/ogc/conformance", "/ogc/api"))))
        or (Scope.READ in scopes and safe and _below(path, _READ_PATHS))
        or (Scope.HANDOFF in scopes and method == "POST" and path == _HANDOFF_PATH)
    )


def scopes_in(text: str) -> frozenset[Scope]:
    """Return the scopes a key's row holds."""
    return frozenset(Scope(word) for word in text.split(LIST_SEPARATOR) if word)


def joined_scopes(scopes: Collection[Scope]) -> str:
    """Return scopes as a row holds them.

    Raises
    ------
    DeskError : there is none.
    """
    if not scopes:
        raise DeskError("没有选用途范围", remedy=f"请选 {'、'.join(SCOPE_WORDS.values())} 中的一项或几项")
    return LIST_SEPARATOR.join(scope for scope in Scope if scope in scopes)
