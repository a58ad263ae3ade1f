"""How far a job of the desk has come."""

from enum import StrEnum


class JobState(StrEnum):
    """How far a job has come."""

    WAITING = "等候"
    RUNNING = "进行中"
    DONE = "完成"
    CANCELLED = "已取消"
    FAILED = "没有完成"


OPEN_JOBS = (JobState.WAITING, JobState.RUNNING)
