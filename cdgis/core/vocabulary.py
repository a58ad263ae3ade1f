"""The words of the domain: closed sets and small value objects that every other module shares.

Each enum member's value is the Chinese term used in tables and on pages; docs/glossary.md lists them all.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class SubjectKind(StrEnum):
    """What is being judged."""

    PROJECT = "project"
    ENTERPRISE = "enterprise"


class ProjectType(StrEnum):
    """建设性质."""

    NEW = "新建"
    REBUILD = "改建"
    EXPAND = "扩建"
    RELOCATE = "迁建"
    EXISTING = "既有"


class Level(StrEnum):
    """Which authority's rule it is: the 1+N levels."""

    NATION = "国家"
    PROVINCE = "省"
    CITY = "市"
    UNIT = "单元"


class Dimension(StrEnum):
    """The four dimensions of the 生态环境准入清单."""

    SPACE = "空间布局约束"
    EMISSION = "污染物排放管控"
    RISK = "环境风险防控"
    RESOURCE = "资源利用效率"


class Effect(StrEnum):
    """What a rule does when it applies, strictest first."""

    PROHIBIT = "禁止"
    EXIT = "退出"
    JUSTIFY = "须论证"
    RESTRICT = "限制"
    NOTE = "提示"
    ENCOURAGE = "鼓励"

    @property
    def rank(self) -> int:
        """Strictness: 3 forbids, 2 needs justification, 1 restricts, 0 never counts in a verdict."""
        return {"禁止": 3, "退出": 3, "须论证": 2, "限制": 1}.get(self.value, 0)


class State(StrEnum):
    """Outcome of one rule for one subject: Kleene's three values, plus what no machine can decide."""

    APPLIES = "applies"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"
    MANUAL = "manual"


class Verdict(StrEnum):
    """The answer for one subject (DESIGN 4.6)."""

    FAIL = "不符合"
    JUSTIFY = "须论证"
    CONDITIONAL = "有条件符合"
    CLEAR = "未发现冲突"
    UNKNOWN = "资料不足"

    @classmethod
    def of_rank(cls, rank: int) -> "Verdict":
        """Return the word for the strictest effect rank that applies (3, 2, 1 or 0)."""
        return (cls.CLEAR, cls.CONDITIONAL, cls.JUSTIFY, cls.FAIL)[rank]

    @property
    def label(self) -> str:
        """The words printed on pages: a clear verdict always says on whose data it rests."""
        return "未发现冲突（基于所载数据）" if self is Verdict.CLEAR else self.value


class Relation(StrEnum):
    """How a subject lies to one zone (DESIGN 4.3)."""

    INSIDE = "inside"
    CROSSES = "crosses"
    NEAR = "near"
    SLIVER = "sliver"


class Stability(StrEnum):
    """Whether the verdict survives a shift of the tolerance (DESIGN 4.4)."""

    STABLE = "稳定"
    CRITICAL = "临界"
    UNKNOWN = "无法判断"


class Disposition(StrEnum):
    """What the written policy gives an enterprise that a rule put on the list; in the order of the pages."""

    RELOCATE = "异地迁建"
    CLOSE = "关停退出"
    REFIT = "就地改造"
    KEEP = "保留观察"


class ListingStatus(StrEnum):
    """How an enterprise stands on the relocation list."""

    CANDIDATE = "候选"
    REVIEW = "须人工核实"
    EXCLUDED = "排除"


class Admissibility(StrEnum):
    """Whether a use is open to a derelict patch."""

    OPEN = "可选"
    UNPROVED = "须补证"
    SHUT = "不可选"


class FlowDirection(StrEnum):
    """Which way along the water a trace runs."""

    DOWN = "下游"
    UP = "上游"


class CheckState(StrEnum):
    """How a computed figure compares with a published one."""

    AGREES = "一致"
    WRONG = "不符"
    DEVIATES = "偏离"


class CurveRole(StrEnum):
    """Whether a growth curve carries the account or stands beside it."""

    DEFAULT = "缺省"
    ALTERNATIVE = "备选"


class OutfallKind(StrEnum):
    """What discharges into a river."""

    PLANNED = "新设排口"
    EXISTING = "既有排口"
    ENTERPRISE = "企业排水"


class RiverRole(StrEnum):
    """What a place along a river is to a spill."""

    BORDER = "界线"
    SECTION = "断面"
    PROTECTED = "保护目标"
    STRUCTURE = "构筑物"
    TRIBUTARY = "支流汇入"
    SOURCE = "风险源"


class IntakeStatus(StrEnum):
    """What happened to one input row; read = accepted + repaired + quarantined."""

    ACCEPTED = "accepted"
    REPAIRED = "repaired"
    QUARANTINED = "quarantined"


class Mark(StrEnum):
    """Where a fact comes from: seen in a source, or from memory and therefore unverified."""

    SEEN = "S"
    MEMORY = "M"


class Grade(StrEnum):
    """How a report differs from what its inputs give, the gravest first."""

    CONTENT = "内容被改"
    UNCHECKED = "未能核对"
    OUTDATED = "已过有效期或条文已变"
    BYTES = "仅字节不同（内容逐行相同）"
    SAME = "一致"


class Evidence(StrEnum):
    """Who has seen the text of a rule or basis, and where."""

    ORIGINAL = "已见原文"
    COPY = "已见公开副本（非公报）"
    EXCERPT = "已见摘录或转述"
    TITLE = "仅见标题"
    BORROWED = "措辞借自他处"
    TOOL = "工具规则"
    EXAMPLE = "示例条款"
    UNVERIFIED = "未核实"

    @property
    def is_read(self) -> bool:
        """Whether somebody read the provision itself, whole or in part."""
        return self in (Evidence.ORIGINAL, Evidence.COPY, Evidence.EXCERPT)


DEMO_STAMP = "示范数据，不作审批依据"
"""Printed on everything computed from a layer that is not official (DESIGN 4.8)."""

EARLIEST_DAY, LATEST_DAY = date(1949, 10, 1), date(2199, 12, 31)
"""Between these a date of judgement may lie."""

WHOLE_FILE = "整个文件"
"""Row label of a file that could not be read at all, in intake.csv; it counts as one row."""

TOTAL = "合计"
"""Name of a sum over classes in a table of classes."""
LIST_SEPARATOR = ";"
"""Separates items of a list inside one table cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeNote:
    """One line of intake.csv: what was found in an input row and what was done about it."""

    file: str
    """Path relative to the workspace, with the member of an archive after ``!``."""
    row: str
    """Row, feature or parcel as the user counts it (1-based, header included for tables)."""
    status: IntakeStatus
    field: str = ""
    value: str = ""
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRecord:
    """One line of run.json's inputs: which bytes an answer rests on."""

    layer: str
    kind: str
    """layer, table, raster, subjects, rules or settings."""
    path: str
    sublayer: str
    sha256: str
    version: str
    official: bool
    content_sha256: str = ""
    """SHA-256 of what the file says, whatever its bytes (cdgis.readers.content_hash); "" where there is none."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which zones a rule looks at: a layer, and within it any of some classes or ids (empty means all)."""

    layer: str
    zone_classes: tuple[str, ...] = ()
    zone_ids: tuple[str, ...] = ()


UNEXPLAINED = "未能说明"
"""Kind of the row that says no place along a river could be named."""
RESERVOIR = "水库"
"""Kind of a place along a river whose stored water slows a spill."""
ACTIVITIES = (
    "开发性生产性建设",
    *(f"A{number:02d}" for number in range(1, 11)),
    "国家重大项目",
    "造林",
    "入河排污口",
)
"""Declared activities rules speak of; A01-A10 are the ten 有限人为活动 of 自然资发〔2022〕142号."""
