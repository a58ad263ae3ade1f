"""What was optimised, under which constraints, and how good the plan is known to be (table relocation_plan)."""

import pandas as pd

from cdgis.relocation.plan.joint_plan import JointPlan
from cdgis.relocation.plan.what_if import WhatIf
from cdgis.relocation.policy import DestinationPolicy, PriorityPolicy, WeightRange, weights_of
from cdgis.results.tables.validation import validate


def state_plan(
    plan: JointPlan | None, choosing: DestinationPolicy, priority: PriorityPolicy, what_if: WhatIf, *, count: int,
    ranked: int,
) -> pd.DataFrame:  # fmt: skip
    """Return table relocation_plan: objective, constraints, weights and how the solver ended, in words.

    Parameters
    ----------
    count, ranked : how many enterprises are to be placed, and how many have a rank.
    """
    rows = [
        ("01", "目标", "使（1 − 承接得分）与未安置代价之和最小"),
        ("02", "未安置代价", f"{choosing.unplaced_cost:g} ×（1 + 优先级得分）"),
        ("03", "约束：一企一园", "每家企业至多安排一个园区"),
        ("04", "约束：准入", "只安排按“迁建”项目、在所需面积的地块上判定未见禁止、且不缺资料的园区；方案排定后逐家在所安排的地块上复判，0 家不符合"),
        ("05", "约束：用地", "各园区安排用地之和 ≤ 剩余用地 − 对该类企业禁止的部分，且 ≤ 允许准入的地块；各家地块成块、互不重叠"),
        ("06", "约束：用水与能耗", "各园区安排之和 ≤ 园区指标 − 现有企业用量（园区未给指标的不设此约束）"),
        ("07", "约束：铁路", f"{choosing.rail_basis}；园区边界距铁路不超过 {choosing.rail_reach_m:g} 米"),
        ("08", "情景", what_if.words() or "现状，无假设变动"),
        ("09", "待安排企业", f"{count} 家"),
    ]
    if plan is not None:
        found = plan.assignment
        gap = 0.0 if found.objective == 0 else (found.objective - found.bound) / found.objective
        rows += [
            ("10", "已安排", f"{int((plan.place != '').sum())} 家"),
            ("11", "目标值", f"{found.objective:.6f}"),
            ("12", "下界", f"{found.bound:.6f}（相对差 {gap:.2%}，{'已达' if found.proven else '未达'}间隙要求 {choosing.gap:g}）"),
            ("13", "规模", f"可选组合 {found.pairs} 个，约束 {found.rows} 条，分支定界结点 {found.nodes} 个（按间隙、结点和搜索次数停，不按时间）"),
        ]
    rows.append(("20", "优先级权重", _weights(priority)))
    rows.append(("21", "承接权重", _weights(choosing)))
    rows.append(("22", "名次区间", _allowed(priority.weight_range, ranked)))
    return validate("relocation_plan", pd.DataFrame(rows, columns=["item", "title", "value"]))


def _allowed(limits: WeightRange, ranked: int) -> str:
    """Return which weights the rank intervals allow for, and whether they are exact."""
    how = "最好与最差名次为精确值（整数规划）" if ranked <= limits.exact_candidates else "为逐对比较的界，包含精确区间，可能更宽"
    return f"每个权重在所给值的 ±{limits.tolerance:.0%} 内任意取值、和为 1，缺失值任意取值；{how}，与抽样和种子无关"


def _weights(policy: PriorityPolicy | DestinationPolicy) -> str:
    pairs = zip(policy.criterion, weights_of(policy.criterion), strict=True)
    return "、".join(f"{criterion.title} {weight:.3g}" for criterion, weight in pairs)
