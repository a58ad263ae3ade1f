"""Write docs/api.md from the docstrings of the public door: ``python docs/make_api.py``, or ``--check`` to compare.

Run it from the repository root with cdgis importable.
"""

import inspect
import sys
from functools import cached_property
from pathlib import Path

import cdgis
from cdgis.results.tables import table_named

PAGE = Path(__file__).with_name("api.md")
FUNCTIONS = ("open_workspace",)
CLASSES = ("Session", "LayerFrames", "Result", "TraceResult", "CdgisError")
TABLES = ("verdicts", "findings", "overlaps")
BLOCK = '''import cdgis
ws = cdgis.open_workspace(".")                      # settings, catalogue; reads nothing heavy yet
result = ws.screen(gdf_or_path_or_wkt, industry="3031", project_type="新建", activity="开发性生产性建设")
result.verdicts; result.findings; result.overlaps   # GeoDataFrame / DataFrame, documented columns and units
result.explore()                                    # a real folium map: zones, sites by verdict, popups with clauses
result.save("reports/", formats=["html", "docx"])   # the same bytes as the command line writes
'''
HEAD = f"""# Python 接口

<!-- 由 python docs/make_api.py 从文档字符串生成，请不要手改；tests/test_api_docs.py 核对。 -->

命令行能做的，Python 里同样能做：两者调用同一条流程，`save` 写出的文件与命令行逐字节相同。每个例子都能运行，测试逐个运行它们。

```python
{BLOCK}```

- 项目位置可以是 GeoDataFrame、GeoSeries、文件路径、WKT（经纬度，EPSG:4490），或路径与 WKT 的列表。坐标系的规矩与文件相同：没有坐标系的拒绝，CGCS2000 高斯-克吕格自动转换，西安 80、北京 54 和别的坐标系说明缘由后拒绝。
- 内存中的 GeoDataFrame 没有文件可作依据，先写成一份规范的 GeoJSON：行列次序不变，格中文字与文件读入时相同，坐标系写 EPSG 代码，行号取索引。文件名 `frame-<SHA-256 前 12 位>.geojson`，`save` 把它放在报告旁。报告编号就是 `cdgis screen` 这份文件所得的编号，`cdgis verify` 也用它核对（[决定 {{decision}}](decisions/{{decision_file}})）。
- 读不进的行不会悄悄丢掉：`result.intake` 逐行写明原因和办法，笔记本里显示未能读入几行；一行都读不进时报错。
- 错误都是 `cdgis.CdgisError`，带 `source`（哪里）、`reason`（读到什么、应为什么）、`remedy`（怎么办）。
- 从边界文件到地图的十步示例见笔记本 [first_map.ipynb](first_map.ipynb)。
"""


def page() -> str:
    """Return the whole page."""
    decision = next((PAGE.parent / "decisions").glob("*-frames-as-files.md"))
    parts = [HEAD.replace("{decision}", decision.name[:4]).replace("{decision_file}", decision.name)]
    parts += [_function(name, getattr(cdgis, name), "##") for name in FUNCTIONS]
    parts += [_class(name) for name in CLASSES]
    parts += [_errors(), _tables()]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _function(name: str, function: object, level: str) -> str:
    signature = inspect.signature(function)  # type: ignore[arg-type]
    shown = signature.replace(parameters=[p for p in signature.parameters.values() if p.name != "self"])
    return f"{level} `{name}`\n\n```python\n{_wrapped(name, shown)}\n```\n\n{_sections(inspect.getdoc(function) or '')}\n"


def _wrapped(name: str, signature: inspect.Signature) -> str:
    """Return a call with one parameter a line when it is long; annotations are left to the text."""
    names, star = [], False
    for p in signature.parameters.values():
        if p.kind is p.KEYWORD_ONLY and not star:
            names.append("*")
            star = True
        names.append(p.name if p.default is p.empty else f"{p.name}={p.default!r}")
    short = f"{name}({', '.join(names)})"
    return short if len(short) <= 100 else f"{name}(\n    " + ",\n    ".join(names) + ",\n)"


def _class(name: str) -> str:
    kind = getattr(cdgis, name)
    parts = [f"## `{name}`\n\n{_sections(inspect.getdoc(kind) or '')}\n"]
    for key, member in vars(kind).items():
        if key.startswith("_") and key != "__getitem__":
            continue
        if isinstance(member, property | cached_property):
            text = inspect.getdoc(member) or ""
            parts.append(f"### `{name}.{key}`\n\n{_sections(text)}\n")
        elif inspect.isfunction(member):
            if key == "__getitem__":
                parts.append(f"### `{name}[…]`\n\n```python\nlayers[layer_id]\n```\n\n{_sections(inspect.getdoc(member) or '')}\n")
            else:
                parts.append(_function(f"{name}.{key}", member, "###"))
    return "\n".join(parts)


def _sections(text: str) -> str:
    """Return a numpy docstring as Markdown: its headings bold, its examples in a fence, parameters as a list."""
    lines = text.split("\n")
    out: list[str] = []
    section, at = "", 0
    while at < len(lines):
        line = lines[at]
        if at + 1 < len(lines) and line and set(lines[at + 1]) == {"-"}:
            section, at = line, at + 2
            out += [f"**{section}**", ""] + (["```pycon"] if section == "Examples" else [])
            continue
        if section == "Examples" and (at + 1 == len(lines)):
            out += [line, "```"]
        elif section in ("Parameters", "Raises") and line and not line.startswith(" "):
            out.append(f"- {line}")
        else:
            out.append(line)
        at += 1
    return "\n".join(out)


def _errors() -> str:
    rows = []
    for name in cdgis.__all__:
        kind = getattr(cdgis, name)
        if inspect.isclass(kind) and issubclass(kind, cdgis.CdgisError) and kind is not cdgis.CdgisError:
            first = (inspect.getdoc(kind) or "").split("\n")[0]
            rows.append(f"| `{name}` | {first} | {kind.usual_remedy} |")
    return "### 错误的种类\n\n| 类 | 何时 | 通常的办法 |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _tables() -> str:
    parts = ["## 表的列与单位\n\n各表全部的列见 [usage.md](usage.md)；`result.describe(表名)` 给出任何一张表的。\n"]
    for name in TABLES:
        table = table_named(name)
        rows = [
            f"| `{column.name}` | {column.title} | {column.unit or '—'} | {'、'.join(map(str, column.allowed)) or '—'} |"
            for column in table.columns
        ]
        parts.append(f"### {name}　{table.title}\n\n| 列 | 中文 | 单位 | 取值 |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def main() -> int:
    """Write the page, or with --check tell whether it is up to date; return the exit code."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8", newline="\n")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/api.md 与文档字符串不符，请运行 python docs/make_api.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
