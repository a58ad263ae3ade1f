"""Where a case lies, and the initials of its name among the words it is searched by."""

import json

import sqlalchemy as sa
from alembic import op

from cdgis.core.pinyin_initials import initials
from cdgis.web.outlines import point_inside

revision = "0002"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and fill them for the cases there are."""
    with op.batch_alter_table("cases") as table:
        table.add_column(sa.Column("lon", sa.Float(), nullable=True))
        table.add_column(sa.Column("lat", sa.Float(), nullable=True))
    link = op.get_bind()
    for case_id, outline, name, words in link.execute(sa.text("SELECT id, outline, name, search_text FROM cases")).all():
        place = point_inside(json.loads(outline) if isinstance(outline, str) else outline)
        values = {"id": case_id, "lon": place and place[0], "lat": place and place[1], "words": f"{words} {initials(name)}".strip()}
        link.execute(sa.text("UPDATE cases SET lon = :lon, lat = :lat, search_text = :words WHERE id = :id"), values)
