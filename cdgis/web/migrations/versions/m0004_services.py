"""Repeated requests, handed-over cases, messages, running servers; scopes of keys; texts as long as they may be."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0001"


def _text(name: str, length: int, *, index: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length), nullable=False, index=index)


def upgrade() -> None:
    """Add the tables, and widen what PostgreSQL would cut or refuse."""
    op.create_table(
        "repeated_requests", sa.Column("key_sha256", sa.String(64), primary_key=True), _text("body_sha256", 64),
        sa.Column("status", sa.Integer(), nullable=False), sa.Column("answer", sa.Text(), nullable=False), _text("made_at", 32, index=True),
    )  # fmt: skip
    op.create_table(
        "handovers", sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), nullable=False, index=True), _text("reference", 200),
        _text("taken_by", 130), _text("made_at", 32),
    )  # fmt: skip
    op.create_table(
        "messages", sa.Column("id", sa.String(32), primary_key=True), sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False), sa.Column("tries", sa.Integer(), nullable=False), _text("state", 8, index=True),
        _text("next_at", 32), sa.Column("told", sa.Text(), nullable=False), _text("made_at", 32),
    )  # fmt: skip
    op.create_table("running_servers", sa.Column("id", sa.String(32), primary_key=True), _text("host", 200), _text("seen_at", 32))
    op.create_table(
        "job_holders", sa.Column("job_id", sa.String(32), sa.ForeignKey("jobs.id"), primary_key=True), _text("server_id", 32, index=True),
    )  # fmt: skip
    with op.batch_alter_table("access_keys") as table:
        table.add_column(sa.Column("scopes", sa.String(64), nullable=False, server_default="ogc"))
    with op.batch_alter_table("cases") as table:
        table.alter_column("name", type_=sa.Text(), existing_type=sa.String(200), existing_nullable=False)
        table.alter_column("verdict", type_=sa.Text(), existing_type=sa.String(32), existing_nullable=False)
        table.alter_column("report_number", type_=sa.Text(), existing_type=sa.String(200), existing_nullable=False)
