"""A centre's own calling rules, version by version, and by which of them each version of a campaign is held."""

import sqlalchemy as sa
from alembic import op

from migrations.locks import put_on

revision = "0003_own_calling_rules"
down_revision = "0002_one_extension"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, then the triggers; campaigns of before name profiles of the product and need no row."""
    create_rules()
    create_pins()
    put_on(op.get_bind(), "0003")


def create_rules() -> None:
    """Make the tables of the rules."""
    op.create_table(
        "own_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_rules")),
        sa.UniqueConstraint("centre_id", "name", name=op.f("uq_own_rules_centre_id_name")),
        sa.CheckConstraint("name NOT IN ('cn-telecom', 'us-tsr', 'uk')", name=op.f("ck_own_rules_not_shipped")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_own_rules_centre_id")),
        info={"changes": ()},
    )
    op.create_table(
        "own_rules_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_rules_version")),
        sa.UniqueConstraint("rules_id", "number", name=op.f("uq_own_rules_version_rules_id_number")),
        sa.ForeignKeyConstraint(["rules_id"], ["own_rules.id"], name=op.f("fk_own_rules_version_rules_id")),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_own_rules_version_by_id")),
        info={"changes": ()},
    )


def create_pins() -> None:
    """Make the tables of what became of the rules: which were retired, and which hold a campaign."""
    op.create_table(
        "own_rules_retirement",
        sa.Column("rules_id", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rules_id", name=op.f("pk_own_rules_retirement")),
        sa.ForeignKeyConstraint(["rules_id"], ["own_rules.id"], name=op.f("fk_own_rules_retirement_rules_id")),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_own_rules_retirement_by_id")),
        info={"changes": ()},
    )
    op.create_table(
        "campaign_rules",
        sa.Column("campaign_version_id", sa.Integer(), nullable=False),
        sa.Column("rules_version_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_version_id", name=op.f("pk_campaign_rules")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"], ["campaign_version.id"], name=op.f("fk_campaign_rules_campaign_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["rules_version_id"], ["own_rules_version.id"], name=op.f("fk_campaign_rules_rules_version_id")
        ),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_campaign_rules_rules_version_id"), "campaign_rules", ["rules_version_id"], unique=False)
