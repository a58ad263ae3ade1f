"""Jobs say what they are doing and whose they are."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the two columns; jobs of before belong to nobody."""
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("stage", sa.String(200), nullable=False, server_default=""))
        table.add_column(sa.Column("owner_id", sa.Integer(), nullable=False, server_default="0"))
