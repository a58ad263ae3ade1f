"""The command that opens the desk in a browser: `cdgis desk`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdgis.cli.options import DebugOption, WorkspaceOption, open_here, say
from cdgis.cli.words import ChineseCommand, ChineseGroup
from cdgis.core.errors import UsageError

if TYPE_CHECKING:
    from cdgis.web.desk_backup import Saved

desk_app = typer.Typer(cls=ChineseGroup, invoke_without_command=True)

_WANTED = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "argon2", "multipart", "python_multipart", "psutil")


@desk_app.callback()
def desk(
    context: typer.Context,
    workspace: WorkspaceOption = None,
    port: Annotated[int | None, typer.Option("--port", metavar="整数", min=1, max=65535, help="端口（默认 8433，--serve 时 8443）")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", metavar="", help="不自动打开浏览器")] = False,
    serve: Annotated[bool, typer.Option("--serve", metavar="", help="供内网多人使用：有账号、角色、审核")] = False,
    host_name: Annotated[list[str] | None, typer.Option("--host-name", metavar="地址", help="同事用来访问的主机名或 IP，可多次（--serve）")] = None,
    cert: Annotated[Path | None, typer.Option("--cert", metavar="文件", help="TLS 证书（PEM，--serve）")] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="文件", help="TLS 私钥（PEM，--serve）")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", metavar="", help="由本机的反向代理做 https（--serve）")] = False,
    debug: DebugOption = False,
) -> None:
    """研判台：在浏览器里画或上传边界、草算、审核、定稿，不用命令行。只在本机，离线可用。

    示例：cdgis desk
    """
    if context.invoked_subcommand:
        return
    opened = open_here(workspace)
    with _installed():
        from cdgis.web.desk_server import Address, run_desk
    address = Address(serve=serve, port=port, names=tuple(host_name or ()), certificate=cert, key=key, behind_proxy=behind_proxy)
    run_desk(opened.root, address, say=say, browser=not no_browser)


@desk_app.command("backup", cls=ChineseCommand)
def backup(
    target: Annotated[Path, typer.Argument(metavar="文件.zip", help="备份写到哪里；已有的文件不覆盖")],
    workspace: WorkspaceOption = None,
    debug: DebugOption = False,
) -> None:
    """备份研判台：数据库、边界原件、报告，研判台开着也可以。日志不完整时拒绝。

    示例：cdgis desk backup D:/备份/研判台.zip
    """
    opened = open_here(workspace)
    with _installed():
        from cdgis.web.desk_backup import back_up
    _tell("已备份", back_up(opened.root, target))


@desk_app.command("restore", cls=ChineseCommand)
def restored(
    source: Annotated[Path, typer.Argument(metavar="文件.zip", help="cdgis desk backup 写的备份")],
    workspace: WorkspaceOption = None,
    debug: DebugOption = False,
) -> None:
    """恢复研判台：只恢复到没有研判台的工作区，从不覆盖；逐个文件核对指纹，核对日志。

    示例：cdgis desk restore D:/备份/研判台.zip
    """
    opened = open_here(workspace)
    with _installed():
        from cdgis.web.desk_backup import restore
    _tell("已恢复", restore(opened.root, source))


def _tell(done: str, saved: "Saved") -> None:
    say(f"{done}：{saved.cases} 个案件，{saved.documents} 个文件，日志 {saved.lines} 行，链首 {saved.head}")
    for fault in saved.faults:
        say(fault)
    if saved.faults:
        raise typer.Exit(1)


@contextmanager
def _installed() -> Iterator[None]:
    """Say what to install where a package of the desk is missing."""
    try:
        yield
    except ModuleNotFoundError as err:
        if (err.name or "").split(".")[0] not in _WANTED:
            raise
        raise UsageError(f"研判台要用的 {err.name} 没有安装", remedy='请运行 pip install "cdgis[desk]"（离线时用随附的安装包）') from err
