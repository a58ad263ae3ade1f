"""What Alembic runs to apply migrations to the connection it was given."""

from alembic import context

from cdgis.web.service_models import RunningServer

context.configure(connection=context.config.attributes["connection"], target_metadata=RunningServer.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
