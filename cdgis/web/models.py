"""Tables of the desk's database: cases, documents, events, accounts, sessions, access keys, jobs."""

from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What all tables descend from."""


class Account(Base):
    """A person who signs in."""

    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    roles: Mapped[str] = mapped_column(String(64))
    """Values of `Role`, separated by ';'."""
    password: Mapped[str] = mapped_column(String(200))
    """argon2id hash."""
    failures: Mapped[int] = mapped_column(Integer, default=0)
    """Wrong passwords since the last right one."""
    locked_until: Mapped[str] = mapped_column(String(32), default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class LoginSession(Base):
    """A browser that is signed in."""

    __tablename__ = "login_sessions"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    expires_at: Mapped[str] = mapped_column(String(32))


class AccessKey(Base):
    """A key with which a program such as QGIS comes in, for what its scopes say."""

    __tablename__ = "access_keys"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    key_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[str] = mapped_column(String(32))
    made_by: Mapped[str] = mapped_column(String(130))
    scopes: Mapped[str] = mapped_column(String(64), default="ogc", server_default="ogc")
    """Values of `Scope`, separated by ';'."""


class Case(Base):
    """One application: what is asked, how far it has come, what was found."""

    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, unique=True)
    name: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(8), index=True)
    round: Mapped[int] = mapped_column(Integer, default=1)
    """Grows when a decided case is judged anew."""
    version: Mapped[int] = mapped_column(Integer, default=1)
    """Grows with every change, so that nobody writes over what he has not seen."""
    owner_id: Mapped[int] = mapped_column(Integer, index=True)
    """Account, 0 on a computer without accounts."""
    owner: Mapped[str] = mapped_column(String(130))
    answers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """crs, geometry_kind, dxf_unit: what was answered about the boundary."""
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """industry, project_type, activity, attributes."""
    seen: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """opinion_document, activity -> who has seen it."""
    confirmed: Mapped[str] = mapped_column(String(64), default="")
    """Digest of the boundary as it was when somebody confirmed it; "" before."""
    reviewers: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Action of this round -> account that did it."""
    verdict: Mapped[str] = mapped_column(Text, default="", index=True)
    """Of the last submission or final report; several sites separated by ';'."""
    report_number: Mapped[str] = mapped_column(Text, default="")
    due_on: Mapped[str] = mapped_column(String(10), default="", index=True)
    search_text: Mapped[str] = mapped_column(Text, default="")
    outline: Mapped[dict[str, Any] | None] = mapped_column(JSON, default=None)
    """GeoJSON geometry, EPSG:4490 lon/lat, of the confirmed boundary."""
    area_m2: Mapped[float] = mapped_column(Float, default=0.0)
    lon: Mapped[float | None] = mapped_column(Float, default=None)
    """Of a point inside the confirmed boundary, degrees; None before it is confirmed."""
    lat: Mapped[float | None] = mapped_column(Float, default=None)
    made_at: Mapped[str] = mapped_column(String(32))
    changed_at: Mapped[str] = mapped_column(String(32), index=True)
    __table_args__ = (Index("ix_cases_queue", "state", "changed_at"),)


class Document(Base):
    """A file of a case: handed in, or made by the desk."""

    __tablename__ = "documents"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    """boundary or report."""
    round: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(200))
    path: Mapped[str] = mapped_column(String(400))
    """Below the desk's folder."""
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[str] = mapped_column(String(32))


class CaseEvent(Base):
    """One line of the desk's journal; each holds the hash of the one before (cdgis.web.event_chain)."""

    __tablename__ = "case_events"
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    case_id: Mapped[str] = mapped_column(String(32), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    line: Mapped[str] = mapped_column(Text)


class Job(Base):
    """Work that takes longer than a request, and how far it has come."""

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16), index=True)
    asked: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    message: Mapped[str] = mapped_column(Text, default="")
    stage: Mapped[str] = mapped_column(String(200), default="")
    """What is being done, in words; "" before and after."""
    owner_id: Mapped[int] = mapped_column(Integer, default=0)
    """Account that began it, 0 on a computer without accounts."""
    made_by: Mapped[str] = mapped_column(String(130))
    made_at: Mapped[str] = mapped_column(String(32))
    ended_at: Mapped[str] = mapped_column(String(32), default="")
