"""What stands in the further columns of a list and holds a number is encrypted from now on."""

import sqlalchemy as sa
from alembic import op

from migrations.locks import put_on

revision = "0004_numbers_in_further_columns"
down_revision = "0003_own_calling_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room beside the attributes, with an index by which a change of keys finds what is in it."""
    op.add_column("contact", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    filled = sa.text("sealed IS NOT NULL")
    op.create_index("ix_contact_sealed", "contact", ["id"], sqlite_where=filled, postgresql_where=filled)
    put_on(op.get_bind(), "0004")
