"""The states of a case, who may move it from one to the next, and what must be said: one table."""

from dataclasses import dataclass
from enum import StrEnum

from cdgis.core.errors import DeskError
from cdgis.web.models import Case


class CaseState(StrEnum):
    """How far a case has come."""

    DRAFT = "草稿"
    SUBMITTED = "已提交"
    FIRST_REVIEWED = "初审"
    SECOND_REVIEWED = "复核"
    FINAL = "定稿"
    VOID = "作废"


class Role(StrEnum):
    """What an account may do."""

    APPLICANT = "申报"
    FIRST_REVIEWER = "初审"
    SECOND_REVIEWER = "复核"
    ADMIN = "管理"
    READER = "只读"


class Action(StrEnum):
    """What can be done to a case."""

    EDIT = "修改"
    REGISTER = "登记核验"
    OPINION = "复核意见"
    SUBMIT = "提交"
    PASS_FIRST = "初审通过"
    PASS_SECOND = "复核通过"
    FINALISE = "定稿"
    RETURN = "退回"
    WITHDRAW = "撤销"
    REJUDGE = "重判"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks."""

    account_id: int
    name: str
    """As the journal is to name the person."""
    roles: frozenset[Role]
    alone: bool = False
    """The one person of a computer without accounts, who has every role."""

    @property
    def sees_all(self) -> bool:
        """Whether other people's cases are open to the actor; applicants see their own."""
        return self.alone or bool(self.roles - {Role.APPLICANT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of the table."""

    sources: frozenset[CaseState]
    target: CaseState | None
    """None: the state stays."""
    roles: frozenset[Role]
    owner: bool | None = None
    """True: only the owner; False: anybody but the owner; None: it does not matter."""
    needs_reason: bool = False
    not_who_did: Action | None = None
    """Who did that in this round may not do this."""
    alone: frozenset[CaseState] = frozenset()
    """States in which the one person of a computer without accounts may do it."""


_S, _R = CaseState, Role
_REVIEWED = frozenset({_S.SUBMITTED, _S.FIRST_REVIEWED, _S.SECOND_REVIEWED})
TRANSITIONS = {
    Action.EDIT: Transition(
        sources=frozenset({_S.DRAFT}), target=None, roles=frozenset({_R.APPLICANT}), owner=True, alone=frozenset({_S.DRAFT})),
    Action.REGISTER: Transition(
        sources=_REVIEWED, target=None, roles=frozenset({_R.FIRST_REVIEWER, _R.SECOND_REVIEWER}), owner=False, alone=frozenset({_S.DRAFT})),
    Action.OPINION: Transition(
        sources=_REVIEWED, target=None, roles=frozenset({_R.FIRST_REVIEWER, _R.SECOND_REVIEWER}), owner=False, needs_reason=True),
    Action.SUBMIT: Transition(sources=frozenset({_S.DRAFT}), target=_S.SUBMITTED, roles=frozenset({_R.APPLICANT}), owner=True),
    Action.PASS_FIRST: Transition(
        sources=frozenset({_S.SUBMITTED}), target=_S.FIRST_REVIEWED, roles=frozenset({_R.FIRST_REVIEWER}), owner=False),
    Action.PASS_SECOND: Transition(
        sources=frozenset({_S.FIRST_REVIEWED}), target=_S.SECOND_REVIEWED, roles=frozenset({_R.SECOND_REVIEWER}), owner=False,
        not_who_did=Action.PASS_FIRST),
    Action.FINALISE: Transition(
        sources=frozenset({_S.SECOND_REVIEWED}), target=_S.FINAL, roles=frozenset({_R.SECOND_REVIEWER, _R.ADMIN}), owner=False,
        alone=frozenset({_S.DRAFT})),
    Action.RETURN: Transition(
        sources=_REVIEWED, target=_S.DRAFT, roles=frozenset({_R.FIRST_REVIEWER, _R.SECOND_REVIEWER, _R.ADMIN}), owner=False, needs_reason=True),
    Action.WITHDRAW: Transition(
        sources=frozenset(_S) - {_S.VOID}, target=_S.VOID, roles=frozenset({_R.ADMIN}), needs_reason=True,
        alone=frozenset(_S) - {_S.VOID}),
    Action.REJUDGE: Transition(
        sources=frozenset({_S.FINAL}), target=_S.DRAFT, roles=frozenset({_R.ADMIN}), needs_reason=True, alone=frozenset({_S.FINAL})),
}  # fmt: skip
"""Action -> who may do it, when, and where it leads. The same table answers requests and draws the buttons."""


def refusal(actor: Actor, case: Case, action: Action) -> DeskError | None:
    """Return why an actor may not do something to a case; None when he may."""
    rule = TRANSITIONS[action]
    state = CaseState(case.state)
    allowed = rule.alone if actor.alone else rule.sources
    if not actor.alone:
        if not actor.roles & rule.roles:
            wanted = "、".join(role for role in Role if role in rule.roles)
            return DeskError(f"“{action}”须有 {wanted} 的角色", remedy="请由有该角色的人办理", status=403)
        if rule.owner is True and case.owner_id != actor.account_id:
            return DeskError(f"“{action}”只能由申报人本人办理", remedy=f"申报人是 {case.owner}", status=403)
        if rule.owner is False and case.owner_id == actor.account_id:
            return DeskError(f"不能对自己申报的案件做“{action}”", remedy="请由另一人办理", status=403)
        if rule.not_who_did and case.reviewers.get(rule.not_who_did.value) == actor.account_id:
            return DeskError(f"做过“{rule.not_who_did}”的人不能再做“{action}”", remedy="请由另一人办理", status=403)
    if state not in allowed:
        wanted = "、".join(item for item in CaseState if item in allowed) or "（本机没有这一步）"
        return DeskError(f"案件现在是“{state}”，“{action}”须在 {wanted} 时办理", remedy="请刷新页面查看最新状态", status=409)
    return None


def open_actions(actor: Actor, case: Case) -> list[Action]:
    """Return what the actor may do to the case now, in the order of the table."""
    return [action for action in TRANSITIONS if refusal(actor, case, action) is None]


def checked(actor: Actor, case: Case, action: Action, reason: str = "") -> Transition:
    """Return the transition when the actor may make it.

    Raises
    ------
    DeskError : he may not (403), not in this state (409), or the reason is missing (400).
    """
    refused = refusal(actor, case, action)
    if refused is not None:
        raise refused
    if TRANSITIONS[action].needs_reason and not reason.strip():
        raise DeskError(f"“{action}”须写明理由", remedy="请填写理由后重试")
    return TRANSITIONS[action]
