"""自助查询: what is answered to anybody, from a workspace that holds the public version's data alone, and how often."""

import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cdgis.core.errors import CdgisError, DeskError
from cdgis.core.vocabulary import Verdict
from cdgis.pipelines.public_workspace import near_m
from cdgis.pipelines.session import Session, open_workspace
from cdgis.web.current_workspace import files_digest
from cdgis.web.desk_options import Inquiry
from cdgis.web.running_desk import Desk
from cdgis.web.worker import InProcess, Worker

STAMP = "自助预评估，不作审批依据"
_MINUTE_S, _DAY_S = 60.0, 24 * 3600.0
_MOST_ADDRESSES = 10_000
_SECONDS, _MEGABYTES = 20.0, 1000
_MOST_CLAUSES = 30
_MOST_AT_ONCE = 4
"""Questions answered or waiting; more would hold the threads that serve the office."""
_LOOKS_PER_MINUTE = 600
"""Requests for the map's shapes from one address."""


class Rates:
    """How often each address has asked; the oldest addresses are forgotten first, nothing is written."""

    def __init__(self, per_minute: int, per_day: int) -> None:
        self._limits = ((_MINUTE_S, per_minute), (_DAY_S, per_day))
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()
        self._turn = threading.Lock()

    def check(self, address: str, now: float | None = None) -> None:
        """Count a question of an address.

        Raises
        ------
        DeskError : it has asked too often (429).
        """
        now = time.monotonic() if now is None else now
        with self._turn:
            times = self._asked.setdefault(address, deque())
            self._asked.move_to_end(address)
            while times and now - times[0] >= _DAY_S:
                times.popleft()
            for span, most in self._limits:
                if sum(now - then < span for then in times) >= most:
                    raise DeskError(f"问得太多：{'一分钟' if span == _MINUTE_S else '一天'}最多 {most} 次", remedy="请稍后再试", status=429)
            times.append(now)
            while len(self._asked) > _MOST_ADDRESSES:
                self._asked.popitem(last=False)


@dataclass(slots=True, kw_only=True)
class PublicDesk:
    """The public's workspace as it is for one state of the desk's own, and the process that answers from it."""

    desk: Desk
    options: Inquiry
    questions: Rates
    looks: Rates = field(default_factory=lambda: Rates(_LOOKS_PER_MINUTE, 1_000_000))
    _turn: Any = field(default_factory=threading.Lock)
    _digest: str = ""
    _withheld: tuple[str, ...] = ()
    _session: Session | None = None
    _worker: Worker | InProcess | None = None
    _place: Any = None
    """Folder of this server alone, gone with it."""
    _failed: CdgisError | None = None
    """Why the workspace could not be made from the files as they are: strangers do not make it be tried again and again."""
    _seats: Any = field(default_factory=lambda: threading.BoundedSemaphore(_MOST_AT_ONCE))

    def session(self) -> Session:
        """Return the public's workspace, made anew when a layer, a rule or the settings changed.

        Raises
        ------
        DeskError : it cannot be made (503); the one of before is not used. The office's own pages say why.
        """
        with self._turn:
            digest = files_digest(self.desk.workspace.workspace)
            if digest != self._digest:
                self._digest, self._failed = digest, None
                try:
                    self._make()
                except CdgisError as err:
                    self._failed = err
            if self._failed is not None or self._session is None:
                raise DeskError("自助查询的数据没有备好", remedy="请稍后再试，或向主管部门查询", status=503) from self._failed
            return self._session

    def _make(self) -> None:
        self.close()
        self._session = None
        self._place = tempfile.TemporaryDirectory(prefix="cdgis-public-", ignore_cleanup_errors=True)
        root = Path(self._place.name) / "w"
        self._withheld = tuple(self.desk.judge.ask("make_public", out=str(root))["withheld"])
        settings = self.desk.settings
        limits = replace(settings.limits, seconds=_SECONDS, megabytes=_MEGABYTES)
        self._worker = InProcess(root) if settings.in_process else Worker(root, limits)
        self._session = open_workspace(root)

    def ask(self, geometry: Mapping[str, Any], facts: Mapping[str, str]) -> dict[str, Any]:
        """Return the pre-assessment of a place.

        Raises
        ------
        CdgisError : the place cannot be judged.
        """
        self.session()
        if self._worker is None or not self._seats.acquire(blocking=False):
            raise DeskError("现在查询的人多", remedy="请稍后再试", status=503)
        try:
            return self.answer(self._worker.ask("inquire", geometry=dict(geometry), facts=dict(facts)))
        finally:
            self._seats.release()

    def answer(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is told of a judgement: never a pass, for the public version does not hold all that decides."""
        [site] = found["sites"]
        held = site["at_least"] or site["verdict"]
        conflict = held in (Verdict.FAIL, Verdict.JUSTIFY)
        said = f"公开图层中有使结论至少为“{held}”的条款" if conflict else "公开图层中没有发现禁止或须论证的条款；不公开的图层没有查"
        return {
            "stamp": STAMP, "as_of": found["as_of"], "said": said, "conflict": conflict,
            "decisive": site["decisive"][:_MOST_CLAUSES], "open_count": len(site["open"]), "hits": site["hits"],
            "questions": [question["title"] for question in site["questions"]][:_MOST_CLAUSES], "limits": self.limits(),
        }  # fmt: skip

    def limits(self) -> list[str]:
        """Return what an answer does not say, in words."""
        publish = self.desk.workspace.workspace.settings.publish
        withheld = "、".join(self._withheld) or "（无）"
        near = near_m(self.desk.workspace.workspace)
        return [
            f"不公开的图层没有查：{withheld}。须由主管部门核对，没有发现冲突不等于符合。",
            f"公开版的界线概化到 {publish.grid_deg:g}° 网格，离界线 {near:.0f} 米以内的，在哪一侧不能作准。",
            "只按所填的行业、建设性质和活动看；没有填的按资料不足。不保存您画的图形和所填内容。",
        ]

    def close(self) -> None:
        """End the process and remove what it read."""
        if self._worker is not None:
            self._worker.close()
        if self._place is not None:
            self._place.cleanup()
        self._worker = self._place = None


def address_of(client: str, forwarded: str, options: Inquiry) -> str:
    """Return whose question it is: the client, or whom a trusted proxy names last."""
    if client in options.forwarded_by and forwarded:
        return forwarded.rpartition(",")[2].strip()[:64]
    return client[:64]


