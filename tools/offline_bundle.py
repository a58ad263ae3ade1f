"""A folder for a USB stick from which cdgis is installed without network: wheels, the workspace, an install script.

    python tools/offline_bundle.py --platform win_amd64 --python 3.12 --out 离线安装包

Wheels only: nothing is compiled on the target machine. pip judges environment markers by the machine it runs on, so this
resolves until nothing that the target asks for is missing.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPO = Path(__file__).resolve().parents[1]
PLATFORMS: Mapping[str, Mapping[str, str]] = {
    "win_amd64": {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt"},
    "manylinux_2_28_x86_64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix"},
    "manylinux_2_28_aarch64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64", "os_name": "posix"},
}
"""Platform tag -> what environment markers ask of it."""
_OLDER_GLIBC = (28, 27, 26, 24, 17)
_MOST_ROUNDS = 10
_WINDOWS = """@echo off
rem 离线安装 cdgis：需要已装好的 Python {python}（64 位）
cd /d "%~dp0"
py -{python} -m venv cdgis环境 || exit /b 1
cdgis环境\\Scripts\\python -m pip install --no-index --find-links wheels cdgis || exit /b 1
echo 安装完成。运行：cdgis环境\\Scripts\\cdgis run --workspace 示范工作区
"""
_LINUX = """#!/bin/sh
# 离线安装 cdgis：需要已装好的 Python {python}
set -e
cd "$(dirname "$0")"
python{python} -m venv cdgis环境
cdgis环境/bin/python -m pip install --no-index --find-links wheels cdgis
echo "安装完成。运行：cdgis环境/bin/cdgis run --workspace 示范工作区"
"""


def environment(platform: str, python: str) -> dict[str, str]:
    """Return the values environment markers have on the target."""
    return {
        **PLATFORMS[platform], "python_version": python, "python_full_version": f"{python}.0", "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "platform_release": "", "platform_version": "", "implementation_version": f"{python}.0",
        "extra": "",
    }  # fmt: skip


def tags(platform: str) -> tuple[str, ...]:
    """Return the platform tags of wheels that run on the target, newest first."""
    if not platform.startswith("manylinux"):
        return (platform,)
    machine = platform.removeprefix("manylinux_2_28_")
    return (*(f"manylinux_2_{minor}_{machine}" for minor in _OLDER_GLIBC), f"manylinux2014_{machine}")


def wanted(requirements: Iterable[str], target: Mapping[str, str]) -> list[str]:
    """Return the requirements that hold on the target, their markers taken off."""
    found = []
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(dict(target)):
            requirement.marker = None
            found.append(str(requirement))
    return found


def pip_arguments(command: str, requirements: Sequence[str], platform: str, python: str) -> list[str]:
    """Return the arguments of pip for the target, wheels only."""
    version = python.replace(".", "")
    choice = [part for tag in tags(platform) for part in ("--platform", tag)]
    return [
        sys.executable, "-m", "pip", command, "--only-binary=:all:", *choice, "--python-version", python,
        "--implementation", "cp", "--abi", f"cp{version}", "--abi", "abi3", "--abi", "none", *requirements,
    ]  # fmt: skip


def resolve(requirements: Sequence[str], platform: str, python: str, scratch: Path) -> list[dict[str, Any]]:
    """Return what pip would install on the target, by its own report, with nothing missing that the target asks for.

    Raises
    ------
    RuntimeError : pip finds no set of wheels; its words are the message.
    """
    target = environment(platform, python)
    asked = wanted(requirements, target)
    for _ in range(_MOST_ROUNDS):
        extra = ["--dry-run", "--ignore-installed", "--quiet", "--report", "-", "--target", str(scratch)]
        done = subprocess.run(pip_arguments("install", [*extra, *asked], platform, python), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        items: list[dict[str, Any]] = json.loads(done.stdout)["install"]
        missing = missing_on(items, target)
        if not missing:
            return items
        asked += missing
    raise RuntimeError(f"{_MOST_ROUNDS} 轮之后仍缺 {'、'.join(missing)}")


def missing_on(items: Sequence[Mapping[str, Any]], target: Mapping[str, str]) -> list[str]:
    """Return the requirements of resolved wheels that hold on the target and that nothing resolved satisfies."""
    have = {canonicalize_name(item["metadata"]["name"]) for item in items}
    needs = [text for item in items for text in item["metadata"].get("requires_dist", ())]
    return sorted({text for text in wanted(needs, target) if canonicalize_name(Requirement(text).name) not in have})


def own_requirements() -> list[str]:
    """Return what pyproject.toml asks for."""
    with (REPO / "pyproject.toml").open("rb") as stream:
        return list(tomllib.load(stream)["project"]["dependencies"])


def lay_out(folder: Path, platform: str, python: str) -> Path:
    """Write everything of the bundle but the wheels, and return the folder for those."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    workspace = folder / "示范工作区"
    shutil.copytree(REPO / "layers", workspace / "layers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(REPO / "cdgis.toml", workspace / "cdgis.toml")
    shutil.copytree(REPO / "docs", folder / "说明", ignore=shutil.ignore_patterns("decisions", "*.py"))
    windows = platform.startswith("win")
    script = folder / ("安装.bat" if windows else "安装.sh")
    text = (_WINDOWS if windows else _LINUX).format(python=python)
    # cmd reads a script in the code page of a Chinese Windows
    script.write_bytes(text.replace("\n", "\r\n").encode("gbk") if windows else text.encode())
    script.chmod(0o755)
    return wheels


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the bundle and say where it is."""
    parser = argparse.ArgumentParser(description="做一个离线安装包")
    parser.add_argument("--platform", choices=sorted(PLATFORMS), required=True)
    parser.add_argument("--python", default="3.12")
    parser.add_argument("--out", type=Path, default=Path("离线安装包"))
    options = parser.parse_args(arguments)
    if options.out.exists():
        parser.error(f"{options.out} 已存在，请换一个目录")
    try:
        items = resolve(own_requirements(), options.platform, options.python, options.out.with_suffix(".tmp"))
        wheels = lay_out(options.out, options.platform, options.python)
        exact = [f"{item['metadata']['name']}=={item['metadata']['version']}" for item in items]
        get = pip_arguments("download", ["--no-deps", "--dest", str(wheels), *exact], options.platform, options.python)
        subprocess.run(get, check=True)
        subprocess.run([sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(wheels), str(REPO)], check=True)
    except (RuntimeError, subprocess.CalledProcessError) as err:
        parser.exit(1, f"没有做成：{err}\n")
    sys.stdout.write(f"{options.out}：{len(items) + 1} 个 wheel。拷到 U 盘，在目标机器上运行 安装.bat 或 安装.sh\n")


if __name__ == "__main__":
    main()
