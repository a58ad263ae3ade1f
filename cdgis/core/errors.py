"""Every error and warning cdgis raises on purpose, in one tree split by what the user must do.

Messages are Chinese and say which file, what was found, what was expected and what to do next. The same is in the
fields `source`, `reason` and `remedy` of every error, so that nobody cuts it out of a message.
"""


import errno

_OS_REASONS = {
    errno.EISDIR: "是文件夹而不是文件", errno.ENOTDIR: "路径中有一段不是文件夹", errno.EACCES: "没有权限",
    errno.EPERM: "没有权限", errno.ENOSPC: "磁盘已满", errno.ENAMETOOLONG: "名称过长", errno.EROFS: "磁盘是只读的",
    errno.ENOENT: "不存在", errno.EEXIST: "已存在", errno.EXDEV: "跨了磁盘", errno.EMFILE: "打开的文件过多",
    errno.ENOTEMPTY: "文件夹不是空的", errno.ELOOP: "链接绕成了圈",
}  # fmt: skip


def os_reason(err: OSError) -> str:
    """Return in Chinese why the system refused to read or write, by its number where there are no better words."""
    return _OS_REASONS.get(err.errno or 0, f"系统错误 {err.errno}" if err.errno else "读写失败")


class CdgisError(Exception):
    """Base of all errors that are shown to the user without a traceback.

    Parameters
    ----------
    reason : what was found and what was expected, without a closing full stop.
    source : the file or layer it was found in, "" when it lies in none.
    remedy : what to do next; without one the field holds the usual remedy of the class, and the message ends at the
        reason.

    Examples
    --------
    >>> import cdgis
    >>> try:
    ...     cdgis.open_workspace("没有的目录")
    ... except cdgis.CdgisError as err:
    ...     (type(err).__name__, err.reason, err.remedy)
    ('WorkspaceError', '没有的目录 不是工作区：缺少 cdgis.toml', '可用 cdgis init 新建')
    """

    usual_remedy: str = "请按提示改正后重试"

    def __init__(self, reason: str, *, source: str = "", remedy: str = "") -> None:
        self.source = source
        self.reason = reason
        self.remedy = remedy or self.usual_remedy
        joint = "\n" if "\n" in reason else "。"
        self.told = f"{reason}{joint}{remedy}" if remedy else reason
        """Reason and remedy as one text, the source left out; after a list the remedy stands on its own line."""
        super().__init__(f"{source}：{self.told}" if source else self.told)

    def __reduce__(self) -> tuple[object, ...]:
        """Return how a copy is made in another process: from the fields, whatever the class asks for."""
        return _remade, (type(self), self.args, self.__dict__)


def _remade(kind: type[CdgisError], args: tuple[object, ...], fields: dict[str, object]) -> CdgisError:
    err = kind.__new__(kind, *args)
    err.__dict__.update(fields)
    return err


class UsageError(CdgisError):
    """Raised when a command's options or arguments do not fit together."""

    usual_remedy = "请改正这一项后重试；命令行可用 --help 查看用法与示例"


class WorkspaceError(CdgisError):
    """Raised when there is no workspace, or its cdgis.toml cannot be understood."""

    usual_remedy = "请改正 cdgis.toml，写法见 docs/usage.md"


class CatalogError(CdgisError):
    """Raised when layers/catalog.toml is missing an entry, a field or a coverage."""

    usual_remedy = "请改正 layers/catalog.toml，写法见 docs/usage.md"


class LayerError(CdgisError):
    """Raised when a layer's file cannot be read or holds what its catalogue entry forbids."""

    usual_remedy = "请修复图层文件，或改正它在 layers/catalog.toml 中的条目"

    def __init__(self, path: str, layer: str, problems: tuple[str, ...]) -> None:
        self.path = path
        self.layer = layer
        self.problems = problems
        super().__init__("；".join(problems), source=f"图层 {layer}（{path}）")


class CrsError(CdgisError):
    """Raised when a coordinate reference system is missing, wrong, or contradicts the coordinates."""

    def __init__(self, source: str, *, found: str, expected: str, remedy: str) -> None:
        self.found = found
        self.expected = expected
        super().__init__(
            f"坐标系不符。读到：{found}；应为：{expected}", source=source, remedy=f"处理办法：{remedy}"
        )
        self.remedy = remedy


class SchemaError(CdgisError):
    """Raised when a table lacks a declared column or holds a value outside its declared domain."""

    usual_remedy = "这是 cdgis 的缺陷，请连同输入文件一并反馈"

    def __init__(self, table: str, problems: tuple[str, ...]) -> None:
        self.table = table
        self.problems = problems
        super().__init__("；".join(problems), source=f"数据表 {table} 不合规")


class ReaderError(CdgisError):
    """Raised when a site or enterprise file cannot be read at all (row faults go to intake.csv instead)."""

    usual_remedy = "修正后重新提交"


class RuleError(CdgisError):
    """Raised when the rule table is inconsistent or names something that does not exist."""

    usual_remedy = "请逐条改正规则文件，再用 cdgis rules check 检查"

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n" + "\n".join(f"  · {p}" for p in problems), source="规则库有误")
        self.reason = "；".join(problems)


class CarbonError(CdgisError):
    """Raised when a land class has no factor, or factors of unlike soil depth would be summed."""

    usual_remedy = "请改正碳因子表或土地类别编码"


class ReportError(CdgisError):
    """Raised when a page or table cannot be written, or a written report cannot be used."""

    usual_remedy = "请用 cdgis 重新生成"


class SourceError(CdgisError):
    """Raised when a database or service cannot be reached, or does not give one whole and consistent answer."""

    usual_remedy = "原有快照未动；请核对地址、口令和网络后再运行 cdgis layers fetch"


class NetworkError(CdgisError):
    """Raised when a river network cannot be built, or a point or target does not lie where the trace needs it."""

    usual_remedy = "请核对位置、名称与河线图层"


class DeskError(CdgisError):
    """Raised when the desk refuses a request: not signed in, not allowed, not now, or not as it was asked.

    Parameters
    ----------
    status : HTTP status that says which of these.
    """

    usual_remedy = "请刷新页面后重试"

    def __init__(self, reason: str, *, source: str = "", remedy: str = "", status: int = 400) -> None:
        super().__init__(reason, source=source, remedy=remedy)
        self.status = status
