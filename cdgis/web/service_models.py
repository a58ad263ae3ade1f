"""Tables of what other programs and other servers need of a desk: repeated requests, handed-over cases, messages, running servers."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cdgis.web.models import Base


class RepeatedRequest(Base):
    """A write that carried an Idempotency-Key, and what was answered, so that sending it again does nothing twice."""

    __tablename__ = "repeated_requests"
    key_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of who asked, the path and the key."""
    body_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    """HTTP status answered; 0 while the first request is under way."""
    answer: Mapped[str] = mapped_column(Text)
    made_at: Mapped[str] = mapped_column(String(32), index=True)


class Handover(Base):
    """A case that another program handed in, until a person takes it over by the link."""

    __tablename__ = "handovers"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    reference: Mapped[str] = mapped_column(String(200))
    """What the other program calls it."""
    taken_by: Mapped[str] = mapped_column(String(130))
    made_at: Mapped[str] = mapped_column(String(32))


class Message(Base):
    """What a configured program is to be told, written in the transaction of the decision itself."""

    __tablename__ = "messages"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    tries: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(8), index=True)
    next_at: Mapped[str] = mapped_column(String(32))
    told: Mapped[str] = mapped_column(Text)
    """What happened at the last try."""
    made_at: Mapped[str] = mapped_column(String(32))


class RunningServer(Base):
    """A server that works on this database, and when it last said so."""

    __tablename__ = "running_servers"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    host: Mapped[str] = mapped_column(String(200))
    seen_at: Mapped[str] = mapped_column(String(32))


class JobHolder(Base):
    """Which server runs a job."""

    __tablename__ = "job_holders"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    server_id: Mapped[str] = mapped_column(String(32), index=True)
