"""Chinese texts of the command line, and how it ends when something goes wrong.

typer writes its help and its usage errors in English; the classes here say the same in Chinese, for whichever
release of typer (and of click inside it) is installed.
"""

import sys
from difflib import get_close_matches
from types import TracebackType
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from cdgis.core.errors import CdgisError, UsageError, os_reason

EXIT_USAGE, EXIT_INTERNAL, EXIT_INTERRUPTED = 2, 3, 130

_HELP_OPTION = "显示本说明并退出"
_USAGE_WORDS = {"Usage:": "用法：", "[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]..."}


class _FoldingTable(Table):
    """A table that folds Chinese text, which has no blanks to break at, instead of cutting it off with an ellipsis."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row, its columns folding from now on."""
        super().add_row(*cells, **options)
        for text in (part for cell in cells if isinstance(cell, Columns) for part in cell.renderables):
            if isinstance(text, Text):
                text.overflow = "fold"
        for column in self.columns:
            column.overflow = "fold"


def speak_chinese() -> None:
    """Give typer's help panels Chinese titles, and let them fold their texts."""
    from typer import rich_utils

    rich_utils.Table = _FoldingTable  # type: ignore[attr-defined]
    rich_utils.OPTIONS_PANEL_TITLE = "选项"
    rich_utils.COMMANDS_PANEL_TITLE = "命令"
    rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
    rich_utils.ERRORS_PANEL_TITLE = "错误"
    rich_utils.DEFAULT_STRING = "[默认：{}]"
    rich_utils.REQUIRED_LONG_STRING = "[必填]"


def _in_chinese(usage: str) -> str:
    for english, chinese in _USAGE_WORDS.items():
        usage = usage.replace(english, chinese, 1)
    return usage


class _InChinese:
    """What commands and groups of commands say alike."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, its panels in Chinese."""
        speak_chinese()  # loads a tenth of a second of modules that nothing but help needs
        super().format_help(ctx, formatter)  # type: ignore[misc]

    def get_usage(self, ctx: Any) -> str:
        """Return the usage line."""
        return _in_chinese(super().get_usage(ctx))  # type: ignore[misc]

    def get_help_option(self, ctx: Any) -> Any:
        """Return the --help option."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help, option.metavar = _HELP_OPTION, ""
        return option


class ChineseCommand(_InChinese, TyperCommand):
    """A command whose usage line, --help option and complaint about superfluous arguments are Chinese."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return what is left of `args`: nothing.

        Raises
        ------
        UsageError : arguments nobody asked for.
        """
        ctx.allow_extra_args = True
        extra = super().parse_args(ctx, args)
        if extra and not ctx.resilient_parsing:
            raise UsageError(
                f"{ctx.command_path} 读到多余的参数“{' '.join(extra)}”", remedy="可用 --help 查看用法与示例"
            )
        return extra


class ChineseGroup(_InChinese, TyperGroup):
    """A group of commands whose usage line, --help option and complaint about an unknown command are Chinese."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that `args` begin with.

        Raises
        ------
        UsageError : there is no such command; a similar one is named.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            similar = get_close_matches(name, list(self.commands))
            hint = f"是否想用 {'、'.join(similar)}？" if similar else ""
            raise UsageError(f"没有命令“{name}”", remedy=f"{hint}可用 {ctx.command_path} --help 查看全部命令")
        return super().resolve_command(ctx, args)


class ErrorReporter:
    """Context in which every error ends as one Chinese message and an exit code, with a traceback only on --debug."""

    def __init__(self, console: Console, *, debug: bool) -> None:
        self._console = console
        self._debug = debug

    def __enter__(self) -> "ErrorReporter":
        """Start watching."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print the message for `err` and leave with its exit code."""
        if err is None or isinstance(err, SystemExit):
            return
        if self._debug:
            self._console.print_exception()
        message, code = _describe(err)
        if message:
            self._console.print(message, highlight=False, soft_wrap=True)
        sys.exit(code)


_NO_ROOM = ("failed to map segment", "annot allocate memory", "paging file is too small", "页面文件太小", "内存资源不足")
"""What the loaders of Linux and Windows say of a library for which there is no memory left."""


def _describe(err: BaseException) -> tuple[str, int]:
    if isinstance(err, UsageError):
        return f"[bold red]用法错误[/] {escape(str(err))}", EXIT_USAGE
    if isinstance(err, CdgisError):
        return f"[bold red]错误[/] {escape(str(err))}", EXIT_USAGE
    if isinstance(err, KeyboardInterrupt) or type(err).__name__ == "Abort":
        return "已中断。先前的输出保持不变。", EXIT_INTERRUPTED
    usage = _usage_message(err)
    if usage is not None:
        return usage, EXIT_USAGE
    if isinstance(err, OSError) and err.errno is not None:
        where = f"{err.filename}：" if err.filename else ""
        text = f"{where}读写失败（{os_reason(err)}）。请核对路径、权限和磁盘空间后重试"
        return f"[bold red]错误[/] {escape(text)}", EXIT_USAGE
    if isinstance(err, MemoryError) or (isinstance(err, ImportError) and any(words in str(err) for words in _NO_ROOM)):
        return "[bold red]错误[/] 内存不足。请关闭其他程序，或分批处理后重试", EXIT_USAGE
    text = f"[bold red]程序内部错误[/] {type(err).__name__}：{escape(str(err))}"
    return f"{text}\n这是 cdgis 的缺陷。请加 --debug 重试，并连同输入文件一并反馈。", EXIT_INTERNAL


_USAGE_MESSAGES = {
    "NoSuchOption": "没有选项 {option}。{similar}可用 --help 查看全部选项",
    "MissingParameter": "缺少参数 {parameter}。可用 --help 查看用法与示例",
    "BadParameter": "{parameter} 的值不合要求，应为 {expected}。可用 --help 查看用法与示例",
    "BadOptionUsage": "选项 {option} 缺少值，或多给了值。可用 --help 查看用法与示例",
    "BadArgumentUsage": "参数个数不对。可用 --help 查看用法与示例",
    "UsageError": "用法不对。可用 --help 查看用法与示例",
}


def _usage_message(err: BaseException) -> str | None:
    """Return a Chinese message for click's usage errors, whichever package of click they come from."""
    kind = type(err).__name__
    if kind == "NoArgsIsHelpError":
        return escape(str(getattr(err, "message", "")))
    if kind not in _USAGE_MESSAGES:
        return None
    parameter = getattr(err, "param", None)
    similar = getattr(err, "possibilities", None) or ()
    facts = {
        "option": getattr(err, "option_name", ""),
        "similar": f"是否想用 {'、'.join(sorted(similar))}？" if similar else "",
        "parameter": _parameter_name(parameter),
        "expected": _expected(parameter),
    }
    return f"[bold red]用法错误[/] {escape(_USAGE_MESSAGES[kind].format(**facts))}"


def _expected(parameter: object) -> str:
    """Return what kind of value a parameter takes, in the words of its help."""
    kind = getattr(parameter, "metavar", None) or "所需类型的值"
    least, most = (getattr(parameter, end, getattr(getattr(parameter, "type", None), end, None)) for end in ("min", "max"))
    bounds = [f"不{word} {end:.10g}" for word, end in (("小于", least), ("大于", most)) if end is not None]
    return "，".join((kind, *bounds))


def _parameter_name(parameter: object) -> str:
    """Return an option's long spelling, or what the help calls an argument."""
    names = [name for name in getattr(parameter, "opts", ()) if name.startswith("-")]
    return max(names, key=len) if names else str(getattr(parameter, "metavar", None) or getattr(parameter, "name", ""))
