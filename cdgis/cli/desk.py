"""The command that opens the desk in a browser: `cdgis desk`."""

from pathlib import Path
from typing import Annotated

import typer

from cdgis.cli.options import DebugOption, WorkspaceOption, open_here, say
from cdgis.cli.words import ChineseCommand
from cdgis.core.errors import UsageError

_WANTED = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "argon2", "multipart", "python_multipart", "psutil")


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command("desk", cls=ChineseCommand)(desk)


def desk(
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
    opened = open_here(workspace)
    try:
        from cdgis.web.desk_server import Address, run_desk
    except ModuleNotFoundError as err:
        if (err.name or "").split(".")[0] not in _WANTED:
            raise
        raise UsageError(f"研判台要用的 {err.name} 没有安装", remedy='请运行 pip install "cdgis[desk]"（离线时用随附的安装包）') from err
    address = Address(serve=serve, port=port, names=tuple(host_name or ()), certificate=cert, key=key, behind_proxy=behind_proxy)
    run_desk(opened.root, address, say=say, browser=not no_browser)
