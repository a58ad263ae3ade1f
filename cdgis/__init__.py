"""cdgis: overlay Chengde's environmental zones with sites and enterprises, and say by which clause.

A user in Python opens a workspace and asks it; nothing heavy is imported before that::

    import cdgis
    ws = cdgis.open_workspace(".")
    result = ws.screen("地块.shp", industry="3031", project_type="新建", activity="开发性生产性建设")
"""

from cdgis.core.errors import (
    CarbonError,
    CatalogError,
    CdgisError,
    CrsError,
    LayerError,
    NetworkError,
    ReaderError,
    ReportError,
    RuleError,
    SchemaError,
    UsageError,
    WorkspaceError,
)

TYPE_CHECKING = False  # `typing` alone takes a third of what importing this package may take
if TYPE_CHECKING:
    from cdgis.pipelines.layer_frames import LayerFrames
    from cdgis.pipelines.session import Session, open_workspace
    from cdgis.pipelines.session_results import Result, TraceResult

__version__ = "0.1.0"

__all__ = [
    "CarbonError",
    "CatalogError",
    "CdgisError",
    "CrsError",
    "LayerError",
    "LayerFrames",
    "NetworkError",
    "ReaderError",
    "ReportError",
    "Result",
    "RuleError",
    "SchemaError",
    "Session",
    "TraceResult",
    "UsageError",
    "WorkspaceError",
    "__version__",
    "open_workspace",
]

_LATER = {
    "LayerFrames": "layer_frames",
    "Session": "session",
    "open_workspace": "session",
    "Result": "session_results",
    "TraceResult": "session_results",
}
"""Public name -> module of `cdgis.pipelines` it is taken from when first asked for."""


def __getattr__(name: str) -> object:
    """Return a public name, its module imported only now."""
    if name not in _LATER:
        raise AttributeError(f"module 'cdgis' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"cdgis.pipelines.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return every public name, those not yet imported included."""
    return sorted({*globals(), *__all__})
