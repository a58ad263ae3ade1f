"""How does the command line speak Chinese, and how does it end when something goes wrong?"""

import sys
from datetime import date, datetime
from types import TracebackType

from rich.console import Console
from rich.markup import escape

from cdgis.errors import CdgisError, UsageError

EXIT_USAGE, EXIT_INTERNAL, EXIT_INTERRUPTED = 2, 3, 130


def parse_date(text: str | None) -> date | None:
    """Return the date written as YYYY-MM-DD, or None for none.

    Raises
    ------
    UsageError : anything else.
    """
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(f"日期读到“{text}”，应为 YYYY-MM-DD，例如 2026-11-01") from None


def speak_chinese() -> None:
    """Give typer's help panels Chinese titles."""
    from typer import rich_utils

    rich_utils.OPTIONS_PANEL_TITLE = "选项"
    rich_utils.COMMANDS_PANEL_TITLE = "命令"
    rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
    rich_utils.ERRORS_PANEL_TITLE = "错误"
    rich_utils.DEFAULT_STRING = "[默认：{}]"
    rich_utils.REQUIRED_LONG_STRING = "[必填]"


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


def _describe(err: BaseException) -> tuple[str, int]:
    if isinstance(err, CdgisError):
        return f"[bold red]错误[/] {escape(str(err))}", EXIT_USAGE
    if isinstance(err, KeyboardInterrupt) or type(err).__name__ == "Abort":
        return "已中断。先前的输出保持不变。", EXIT_INTERRUPTED
    usage = _usage_message(err)
    if usage is not None:
        return usage, EXIT_USAGE
    text = f"[bold red]程序内部错误[/] {type(err).__name__}：{escape(str(err))}"
    return f"{text}\n这是 cdgis 的缺陷。请加 --debug 重试，并连同输入文件一并反馈。", EXIT_INTERNAL


def _usage_message(err: BaseException) -> str | None:
    """Return a Chinese message for click's usage errors, whichever package of click they come from."""
    kind = type(err).__name__
    if kind == "NoArgsIsHelpError":
        return escape(str(getattr(err, "message", "")))
    words = {
        "NoSuchOption": "没有选项 {option_name}。可用 --help 查看全部选项",
        "NoSuchCommand": "没有这个命令：{message}。可用 cdgis --help 查看全部命令",
        "MissingParameter": "缺少参数 {parameter}。可用 --help 查看用法与示例",
        "BadParameter": "参数 {parameter} 的值不合要求：{message}",
        "BadOptionUsage": "选项 {option_name} 用法不对：{message}",
        "BadArgumentUsage": "参数用法不对：{message}",
        "UsageError": "用法不对：{message}。可用 cdgis --help 查看全部命令",
    }
    if kind not in words:
        return None
    parameter = getattr(err, "param", None)
    facts = {
        "option_name": getattr(err, "option_name", ""),
        "message": getattr(err, "message", ""),
        "parameter": getattr(parameter, "human_readable_name", None) or getattr(err, "param_hint", "") or "",
    }
    return f"[bold red]用法错误[/] {escape(words[kind].format(**facts))}"
