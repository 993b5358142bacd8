"""One further trial, and then nothing: the database itself refuses a second one."""

from alembic import op

from migrations.locks import put_on

revision = "0002_one_extension"
down_revision = "0001_the_house_is_built"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the triggers on; no row is looked at, and what was extended once before stays so."""
    put_on(op.get_bind(), "0002")
