"""The desk's server process: on this computer for one person, or on a network for an office."""

import threading
import time
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from cdgis.core.errors import CdgisError, DeskError
from cdgis.web.accounts import has_accounts
from cdgis.web.desk_app import make_app
from cdgis.web.desk_options import read_options
from cdgis.web.desk_settings import PORT, DeskSettings
from cdgis.web.guards import new_token
from cdgis.web.running_desk import Desk

_LOOPBACK = "127.0.0.1"
_ALL = "0.0.0.0"
SERVE_PORT = 8443
_LOOK_S = 0.05
_LAST_WORDS_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How the desk is reached."""

    serve: bool = False
    """On a network, with accounts."""
    port: int | None = None
    names: Sequence[str] = ()
    """Host names (or addresses) that browsers call the server by."""
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    """Whether a reverse proxy on this computer speaks https for the desk."""

    def checked(self) -> "Address":
        """Return the address when passwords cannot be overheard on the way to it.

        Raises
        ------
        DeskError : options that do not go together.
        """
        if not self.serve and (self.names or self.certificate or self.key or self.behind_proxy):
            raise DeskError("--host-name、--cert、--key、--behind-proxy 只用于 --serve", remedy="请加 --serve，或去掉它们")
        if bool(self.certificate) != bool(self.key):
            raise DeskError("--cert 和 --key 须一起给出", remedy="请给出证书和私钥两个 PEM 文件")
        if self.serve and not self.names:
            raise DeskError("--serve 须用 --host-name 写明同事用的地址", remedy="例如 --host-name yanpan.example.cn 或 --host-name 10.0.0.5")
        if self.serve and self.behind_proxy == bool(self.certificate):
            raise DeskError("密码不能明文上网", remedy="请给 --cert 和 --key，或者由本机的反向代理做 https 并加 --behind-proxy，二者取一")
        for path in (self.certificate, self.key):
            if path is not None and not path.is_file():
                raise DeskError(f"找不到 {path}", remedy="请核对 --cert 和 --key")
        return self

    @property
    def bound(self) -> tuple[str, int]:
        """Address and port the server listens at."""
        host = _ALL if self.serve and not self.behind_proxy else _LOOPBACK
        return host, self.port or (SERVE_PORT if self.serve else PORT)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every Host header that is answered."""
        port = self.bound[1]
        names = [name.lower() for name in self.names] if self.serve else [_LOOPBACK, "localhost"]
        return tuple(dict.fromkeys([*(f"{name}:{port}" for name in names), *(names if self.serve else ())]))


def run_desk(workspace: Path, address: Address, *, say: Callable[[str], None], browser: bool) -> None:
    """Serve the desk of a workspace until it is interrupted.

    Parameters
    ----------
    say : told where the desk is, in Chinese.
    browser : open it in the browser of this computer.

    Raises
    ------
    DeskError : the port is taken, or what `make_app` and `Address.checked` refuse.
    """
    address = address.checked()
    host, port = address.bound
    token, setup = ("", new_token()) if address.serve else (new_token(), "")
    settings = DeskSettings(workspace=workspace, hosts=address.hosts, token=token, port=port, secure=address.serve, options=read_options(workspace))
    app = make_app(settings, setup_token=setup)
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", server_header=False, access_log=False, timeout_keep_alive=10, limit_concurrency=200,
        timeout_graceful_shutdown=_LAST_WORDS_S, ssl_certfile=str(address.certificate) if address.certificate else None,
        ssl_keyfile=str(address.key) if address.key else None, proxy_headers=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    link = f"http://{_LOOPBACK}:{port}/enter?token={token}" if not address.serve else f"https://{address.hosts[0]}/setup?token={setup}"
    desk: Desk = app.state.desk
    threading.Thread(target=_announce, args=(server, desk, address, link, say, browser), daemon=True).start()
    try:
        server.run()
    except SystemExit as err:  # uvicorn ends the process when it cannot listen
        raise DeskError(f"端口 {port} 用不了，可能已有一个研判台在运行", remedy="请关闭它，或用 --port 换一个端口") from err
    finally:
        desk.close()


def _announce(
    server: uvicorn.Server, desk: Desk, address: Address, link: str, say: Callable[[str], None], browser: bool
) -> None:
    """Say where the desk is once it listens, open the browser, and start the processes before they are asked."""
    while not server.started:
        if server.should_exit:
            return
        time.sleep(_LOOK_S)
    if address.serve:
        first = not has_accounts(desk)
        say(f"研判台已启动：https://{address.hosts[0]}")
        say(f"还没有账号。请打开这个链接建立第一个管理账号：{link}" if first else "同事用各自的账号登录。")
    else:
        say(f"研判台已启动：{link}")
    say("按 Ctrl+C 结束。")
    if browser and not address.serve:
        webbrowser.open(link)
    with suppress(DeskError):  # who asks first is told
        desk.reader.warm()
        desk.judge.warm()
    with suppress(CdgisError):
        if desk.public is not None:
            desk.public.session()
