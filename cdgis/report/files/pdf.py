"""Pages printed to PDF by a Chromium on this machine: tagged, with bookmarks, nothing fetched, dates fixed.

The same pages give the same bytes under the same Chromium and fonts: its clock is taken out, its version stays in the file.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from cdgis.core.errors import ReportError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
_PLACES = (
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe", "C:/Program Files/Microsoft/Edge/Application/msedge.exe",
    "C:/Program Files/Google/Chrome/Application/chrome.exe", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)  # fmt: skip
_OPTIONS = (
    "--headless=new", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer", "--generate-pdf-document-outline",
)  # fmt: skip
_SECONDS = 900
_CLOCK = re.compile(rb"\(D:\d{14}\+00'00'\)")
_SCRIPTS = re.compile(rb"(<script\b.*?</script>)", re.DOTALL)
_ELSEWHERE = re.compile(rb'\bhref="(?!#|data:|https?:)[^"]*"')
"""Links to other files of the folder: on paper, or sent alone, they lead nowhere."""
_PAGE = re.compile(rb"/Type /Page\b(?!s)")


def find_browser() -> str | None:
    """Return the program that prints: Chromium, Chrome or Edge; None where there is none."""
    on_path = (found for name in _NAMES if (found := shutil.which(name)))
    return next(on_path, None) or next((place for place in _PLACES if Path(place).is_file()), None)


def required_browser() -> str:
    """Return the program that prints.

    Raises
    ------
    ReportError : there is none.
    """
    found = find_browser()
    if found is None:
        raise ReportError(
            "要写 PDF，但这台电脑上没有找到 Chromium、Chrome 或 Edge，没有写出任何报告",
            remedy="请安装其中一个并重试；或先写 HTML（或 docx），用浏览器打开后“打印 → 另存为 PDF”，版面相同",
        )
    return found


def print_pdfs(
    pages: Mapping[str, bytes], *, day: date, jobs: int = 1, progress: Callable[[str], None] | None = None
) -> dict[str, bytes]:
    """Return the PDF of each page of HTML, under its name, dated `day`; A4 or what the page's own style says.

    Parameters
    ----------
    progress : called with each name when it is printed.

    Raises
    ------
    ReportError : there is no browser, or it printed nothing.
    """
    browser = required_browser()
    with ThreadPoolExecutor(max_workers=max(jobs, 1)) as pool:
        made: dict[str, bytes] = {}
        for name, pdf in zip(pages, pool.map(lambda item: _printed(browser, item[0], item[1], day), pages.items()), strict=True):
            made[name] = pdf
            if progress:
                progress(name)
        return made


def page_count(pdf: bytes) -> int:
    """Return how many pages a PDF of `print_pdfs` has."""
    return len(_PAGE.findall(pdf))


def _printed(browser: str, name: str, page: bytes, day: date) -> bytes:
    """Print one page in a folder of its own: two browsers cannot share a profile, and nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="cdgis-pdf-", ignore_cleanup_errors=True) as scratch:
        source, target = Path(scratch, "page.html"), Path(scratch, "page.pdf")
        source.write_bytes(b"".join(part if part.startswith(b"<script") else _ELSEWHERE.sub(b"", part) for part in _SCRIPTS.split(page)))
        # Chromium refuses its sandbox to root, who alone is asked for on servers and in containers.
        alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [browser, *_OPTIONS, *alone, f"--user-data-dir={scratch}/profile", f"--print-to-pdf={target}", source.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as err:
            raise _failed(browser, name, "没有启动" if isinstance(err, OSError) else f"{_SECONDS} 秒没有完成") from err
        if not target.is_file():
            raise _failed(browser, name, f"退出码 {done.returncode}，没有写出文件")
        return _CLOCK.sub(f"(D:{day:%Y%m%d}000000+00'00')".encode(), target.read_bytes())


def _failed(browser: str, name: str, what: str) -> ReportError:
    return ReportError(
        f"打印 {name} 的 PDF 没有成功（{browser}：{what}），没有写出任何报告",
        remedy="请重试；仍不行请先写 HTML，用浏览器打开后“打印 → 另存为 PDF”",
    )
