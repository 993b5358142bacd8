"""How alembic reaches the database: the engine is handed over by `outbound.migrating.upgrade`."""

from alembic import context
from sqlmodel import SQLModel

from outbound.schema import import_rooms

import_rooms()
connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, transactional_ddl=True)
context.run_migrations()
