"""Text of an example rule for own rule books in tests: evidently no real law."""

from collections.abc import Mapping

_BASIS = '[{ document = "测试示例，非真实规定", issuer = "示例", mark = "示例条款" }]'


def example_rule(key: str, layer: str, effect: str, title: str, *, project_type: str = "新建", more: Mapping[str, str] | None = None) -> str:
    """Return the TOML of one rule on a layer.

    Parameters
    ----------
    more : further lines, name -> TOML value; they take the place of what stands here.
    """
    lines = {
        "id": f'"{key}"', "title": f'"{title}"', "level": '"市"', "layer": f'"{layer}"', "project_types": f'["{project_type}"]',
        "types_reason": f'"示例条款只说{project_type}"', "effect": f'"{effect}"', "dimension": '"空间布局约束"',
        "clause": f'"示例条款：{title}。"', "basis": _BASIS, "effective_from": "2020-01-01", "plan_measure": '"1"', "source": '"测试示例"',
        "mark": '"示例条款"', "needs_review": "true", **(more or {}),
    }  # fmt: skip
    return "[[rule]]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items())
