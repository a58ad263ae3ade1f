"""Every error and warning cdgis raises on purpose, in one tree split by what the user must do.

Messages are Chinese and say which file, what was found, what was expected and what to do next.
"""


import errno

_OS_REASONS = {
    errno.EISDIR: "是文件夹而不是文件", errno.ENOTDIR: "路径中有一段不是文件夹", errno.EACCES: "没有权限",
    errno.EPERM: "没有权限", errno.ENOSPC: "磁盘已满", errno.ENAMETOOLONG: "名称过长", errno.EROFS: "磁盘是只读的",
    errno.ENOENT: "不存在", errno.EEXIST: "已存在", errno.EXDEV: "跨了磁盘", errno.EMFILE: "打开的文件过多",
    errno.ENOTEMPTY: "文件夹不是空的", errno.ELOOP: "链接绕成了圈",
}  # fmt: skip


def os_reason(err: OSError) -> str:
    """Return in Chinese why the system refused to read or write, in its own words where there are no better ones."""
    return _OS_REASONS.get(err.errno or 0, err.strerror or type(err).__name__)


class CdgisError(Exception):
    """Base of all errors that are shown to the user without a traceback."""


class UsageError(CdgisError):
    """Raised when a command's options or arguments do not fit together."""


class WorkspaceError(CdgisError):
    """Raised when there is no workspace, or its cdgis.toml cannot be understood."""


class CatalogError(CdgisError):
    """Raised when layers/catalog.toml is missing an entry, a field or a coverage."""


class LayerError(CdgisError):
    """Raised when a layer's file cannot be read or holds what its catalogue entry forbids."""

    def __init__(self, path: str, layer: str, problems: tuple[str, ...]) -> None:
        self.path = path
        self.layer = layer
        self.problems = problems
        super().__init__(f"图层 {layer}（{path}）：" + "；".join(problems))


class CrsError(CdgisError):
    """Raised when a coordinate reference system is missing, wrong, or contradicts the coordinates."""

    def __init__(self, source: str, *, found: str, expected: str, remedy: str) -> None:
        self.source = source
        self.found = found
        self.expected = expected
        self.remedy = remedy
        super().__init__(f"{source}：坐标系不符。读到：{found}；应为：{expected}。处理办法：{remedy}")


class SchemaError(CdgisError):
    """Raised when a table lacks a declared column or holds a value outside its declared domain."""

    def __init__(self, table: str, problems: tuple[str, ...]) -> None:
        self.table = table
        self.problems = problems
        super().__init__(f"数据表 {table} 不合规：" + "；".join(problems))


class ReaderError(CdgisError):
    """Raised when a site or enterprise file cannot be read at all (row faults go to intake.csv instead)."""


class RuleError(CdgisError):
    """Raised when the rule table is inconsistent or names something that does not exist."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("规则库有误：\n" + "\n".join(f"  · {p}" for p in problems))


class CarbonError(CdgisError):
    """Raised when a land class has no factor, or factors of unlike soil depth would be summed."""


class ReportError(CdgisError):
    """Raised when a page or table cannot be written."""


class CdgisWarning(UserWarning):
    """Base of all cdgis warnings; whatever changes a number is also data in the Assessment."""


class NetworkError(CdgisError):
    """Raised when a river network cannot be built, or a point or target does not lie where the trace needs it."""
