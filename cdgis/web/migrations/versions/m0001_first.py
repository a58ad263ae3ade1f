"""Cases, documents, events, accounts, sessions, access keys and jobs, as the desk first had them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str, length: int) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length), nullable=False)


def _whole(name: str, *, key: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), primary_key=key, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounts", _whole("id", key=True), sa.Column("login", sa.String(64), nullable=False, unique=True), _text("name", 64),
        _text("roles", 64), _text("password", 200), _whole("failures"), _text("locked_until", 32),
        sa.Column("active", sa.Boolean(), nullable=False),
    )  # fmt: skip
    op.create_table(
        "login_sessions", sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False), _text("expires_at", 32),
    )  # fmt: skip
    op.create_table(
        "access_keys", _whole("id", key=True), _text("name", 64),
        sa.Column("key_sha256", sa.String(64), nullable=False, unique=True), _text("made_at", 32), _text("made_by", 130),
    )  # fmt: skip
    _make_cases()
    op.create_table(
        "documents", sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), nullable=False, index=True),
        _text("kind", 16), _whole("round"), _text("name", 200), _text("path", 400), _whole("size"), _text("sha256", 64), _text("made_at", 32),
    )  # fmt: skip
    op.create_table(
        "case_events", sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("case_id", sa.String(32), nullable=False, index=True), _text("sha256", 64), sa.Column("line", sa.Text(), nullable=False),
    )  # fmt: skip
    op.create_table(
        "jobs", sa.Column("id", sa.String(32), primary_key=True), _text("kind", 32),
        sa.Column("state", sa.String(16), nullable=False, index=True), sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False), _whole("done"), _whole("total"), sa.Column("message", sa.Text(), nullable=False),
        _text("made_by", 130), _text("made_at", 32), _text("ended_at", 32),
    )  # fmt: skip


def _make_cases() -> None:
    documents = [sa.Column(name, sa.JSON(), nullable=False) for name in ("answers", "facts", "seen", "reviewers")]
    indexed = [
        sa.Column(name, sa.String(length), nullable=False, index=True)
        for name, length in (("state", 8), ("verdict", 32), ("due_on", 10), ("changed_at", 32))
    ]
    op.create_table(
        "cases", sa.Column("id", sa.String(32), primary_key=True), sa.Column("number", sa.Integer(), nullable=False, unique=True),
        _text("name", 200), _whole("round"), _whole("version"), sa.Column("owner_id", sa.Integer(), nullable=False, index=True),
        _text("owner", 130), *documents, *indexed, _text("confirmed", 64), _text("report_number", 200),
        sa.Column("search_text", sa.Text(), nullable=False), sa.Column("outline", sa.JSON(), nullable=True),
        sa.Column("area_m2", sa.Float(), nullable=False), _text("made_at", 32),
    )  # fmt: skip
    op.create_index("ix_cases_queue", "cases", ["state", "changed_at"])
