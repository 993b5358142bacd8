"""The house is built: every table, with the triggers that lock its promises."""

import sqlalchemy as sa
from alembic import op

from migrations.locks import put_on

revision = "0001_the_house_is_built"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table with its constraints and indexes, then the triggers."""
    create_tables()
    put_on(op.get_bind(), "0001")


def create_tables() -> None:
    """Make every table with its constraints and indexes."""
    op.create_table(
        "centre",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("name_zh", sa.String(80), nullable=False),
        sa.Column("name_en", sa.String(80), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_centre")),
        sa.UniqueConstraint("code", name=op.f("uq_centre_code")),
    )
    op.create_table(
        "journal_anchor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_anchor")),
        sa.UniqueConstraint("chain", "length", name=op.f("uq_journal_anchor_chain_length")),
        info={"changes": ()},
    )
    op.create_table(
        "journal_block",
        sa.Column("chain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "number", name=op.f("pk_journal_block")),
        info={"changes": ()},
    )
    op.create_table(
        "journal_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entry")),
        sa.UniqueConstraint("chain", "sequence", name=op.f("uq_journal_entry_chain_sequence")),
        info={"changes": ()},
    )
    op.create_index(
        op.f("ix_journal_entry_subject_kind_subject_id"), "journal_entry", ["subject_kind", "subject_id"], unique=False
    )
    op.create_table(
        "journal_head",
        sa.Column("chain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_journal_head")),
    )
    op.create_table(
        "key_rotation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prefix", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("positions", sa.JSON(), nullable=False),
        sa.Column("resealed", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_rotation")),
    )
    op.create_table(
        "outcome",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("zh", sa.String(40), nullable=False),
        sa.Column("en", sa.String(60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("duties", sa.String(80), nullable=False),
        sa.Column("contacted", sa.Boolean(), nullable=False),
        sa.Column(
            "after",
            sa.Enum(
                "retry",
                "callback",
                "close",
                "consent",
                "block",
                name="after",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("retry_minutes", sa.Integer(), nullable=False),
        sa.Column(
            "next_number",
            sa.Enum("same", "other", name="nextnumber", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("note_required", sa.Boolean(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(1), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_outcome")),
    )
    op.create_table(
        "phone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("region", sa.String(2), nullable=False),
        sa.Column("zones", sa.String(400), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone")),
        sa.UniqueConstraint("digest", name=op.f("uq_phone_digest")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(40), nullable=False),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    op.create_index(op.f("ix_sign_in_failure_address_at"), "sign_in_failure", ["address", "at"], unique=False)
    op.create_index(op.f("ix_sign_in_failure_login_at"), "sign_in_failure", ["login", "at"], unique=False)
    op.create_table(
        "zone_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_group")),
        sa.UniqueConstraint("zones", name=op.f("uq_zone_group_zones")),
    )
    op.create_table(
        "anchor_outing",
        sa.Column("anchor_id", sa.Integer(), nullable=False),
        sa.Column(
            "place",
            sa.Enum("file", "address", name="place", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["anchor_id"], ["journal_anchor.id"], name=op.f("fk_anchor_outing_anchor_id")),
        sa.PrimaryKeyConstraint("anchor_id", "place", name=op.f("pk_anchor_outing")),
        info={"changes": ()},
    )
    op.create_table(
        "draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("daily", "weekly", name="drawkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("rate_percent", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("frame_hash", sa.String(64), nullable=False),
        sa.Column("frame_size", sa.Integer(), nullable=False),
        sa.Column("sample_size", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_draw_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
        sa.UniqueConstraint("centre_id", "kind", "period", name=op.f("uq_draw_centre_id_kind_period")),
        info={"changes": ()},
    )
    op.create_table(
        "draw_seed",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("daily", "weekly", name="drawkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("seed_hash", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_draw_seed_centre_id")),
        sa.PrimaryKeyConstraint("centre_id", "kind", "period", name=op.f("pk_draw_seed")),
        info={"changes": ()},
    )
    op.create_table(
        "period_done",
        sa.Column("job", sa.String(40), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effect", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_period_done_centre_id")),
        sa.PrimaryKeyConstraint("job", "centre_id", "period", name=op.f("pk_period_done")),
        info={"changes": ()},
    )
    op.create_table(
        "recording_check",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.Column("hashed", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_recording_check_centre_id")),
        sa.PrimaryKeyConstraint("centre_id", "day", name=op.f("pk_recording_check")),
        info={"changes": ()},
    )
    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("text", sa.String(1000), nullable=False),
        sa.Column("wording", sa.String(1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_reply_centre_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_reply_phone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        sa.UniqueConstraint("reference", name=op.f("uq_reply_reference")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_reply_centre_id"), "reply", ["centre_id"], unique=False)
    op.create_index(op.f("ix_reply_phone_id"), "reply", ["phone_id"], unique=False)
    op.create_table(
        "script",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_script_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script")),
        sa.UniqueConstraint("centre_id", "name", name=op.f("uq_script_centre_id_name")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=True),
        sa.Column("login", sa.String(40), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_staff_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )
    op.create_index(op.f("ix_staff_centre_id"), "staff", ["centre_id"], unique=False)
    op.create_table(
        "stray_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_stray_answer_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stray_answer")),
        sa.UniqueConstraint("centre_id", "key", name=op.f("uq_stray_answer_centre_id_key")),
        info={"changes": ()},
    )
    op.create_table(
        "attendance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ready",
                "in_call",
                "wrap_up",
                "break",
                "away",
                name="stance",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "rest",
                "meal",
                "meeting",
                "training",
                "trouble",
                name="breakreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'break') = (reason IS NOT NULL)", name=op.f("ck_attendance_break_with_reason")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_attendance_centre_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_attendance_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
        info={"changes": ()},
    )
    op.create_index("ix_attendance_centre_at", "attendance", ["centre_id", "at"], unique=False)
    op.create_index("ix_attendance_staff_id", "attendance", ["staff_id", "id"], unique=False)
    op.create_table(
        "calendar_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("workday", "holiday", name="daykind", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_calendar_decision_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_calendar_decision_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_decision")),
        info={"changes": ()},
    )
    op.create_index("ix_calendar_decision_centre_day", "calendar_decision", ["centre_id", "day"], unique=False)
    op.create_table(
        "calibration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_calibration_centre_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name=op.f("fk_calibration_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_calibration_centre_id"), "calibration", ["centre_id"], unique=False)
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "open",
                "paused",
                "closed",
                name="campaignstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_campaign_centre_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name=op.f("fk_campaign_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("centre_id", "name", name=op.f("uq_campaign_centre_id_name")),
    )
    op.create_table(
        "column_choice",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("headers", sa.String(64), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_column_choice_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_column_choice_centre_id")),
        sa.PrimaryKeyConstraint("centre_id", "headers", name=op.f("pk_column_choice")),
    )
    op.create_table(
        "decreed_year",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_decreed_year_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_decreed_year_centre_id")),
        sa.PrimaryKeyConstraint("centre_id", "year", name=op.f("pk_decreed_year")),
        info={"changes": ()},
    )
    op.create_table(
        "instruction_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sum_fen", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_instruction_batch_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_instruction_batch_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruction_batch")),
        sa.UniqueConstraint("centre_id", "number", name=op.f("uq_instruction_batch_centre_id_number")),
        info={"changes": ()},
    )
    op.create_table(
        "opt_out_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("invalid", sa.Integer(), nullable=False),
        sa.Column("suppressed", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_opt_out_file_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_opt_out_file_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_out_file")),
    )
    op.create_index(op.f("ix_opt_out_file_centre_id"), "opt_out_file", ["centre_id"], unique=False)
    op.create_table(
        "patrol_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column(
            "topic",
            sa.Enum(
                "script",
                "manner",
                "presence",
                "customer_data",
                "equipment",
                "other",
                name="topic",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("in_order", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["staff.id"], name=op.f("fk_patrol_note_agent_id")),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_patrol_note_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_patrol_note_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_note")),
        sa.UniqueConstraint("key", name=op.f("uq_patrol_note_key")),
        info={"changes": ()},
    )
    op.create_index("ix_patrol_note_agent_at", "patrol_note", ["agent_id", "at"], unique=False)
    op.create_index(op.f("ix_patrol_note_centre_id"), "patrol_note", ["centre_id"], unique=False)
    op.create_table(
        "presence",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_presence_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_presence")),
    )
    op.create_table(
        "recorder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column(
            "agent_side",
            sa.Enum("left", "right", "unknown", name="agentside", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by_id", sa.Integer(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by_id IS NULL)", name=op.f("ck_recorder_revoked_by_somebody")
        ),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_recorder_centre_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name=op.f("fk_recorder_made_by_id")),
        sa.ForeignKeyConstraint(["revoked_by_id"], ["staff.id"], name=op.f("fk_recorder_revoked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recorder")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_recorder_token_digest")),
    )
    op.create_index(op.f("ix_recorder_centre_id"), "recorder", ["centre_id"], unique=False)
    op.create_table(
        "recording_rules",
        sa.Column("centre_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "agent_side",
            sa.Enum("left", "right", "unknown", name="agentside", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("sale_years", sa.Integer(), nullable=False),
        sa.Column("other_days", sa.Integer(), nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("other_days >= 1 AND other_days <= 36600", name=op.f("ck_recording_rules_other_days")),
        sa.CheckConstraint("sale_years >= 5 AND sale_years <= 100", name=op.f("ck_recording_rules_sale_years")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_recording_rules_centre_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["staff.id"], name=op.f("fk_recording_rules_set_by_id")),
        sa.PrimaryKeyConstraint("centre_id", name=op.f("pk_recording_rules")),
    )
    op.create_table(
        "script_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("script_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "returned",
                "in_force",
                "retired",
                name="scriptstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_force_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["staff.id"], name=op.f("fk_script_version_author_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_script_version_centre_id")),
        sa.ForeignKeyConstraint(["script_id"], ["script.id"], name=op.f("fk_script_version_script_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_version")),
        sa.UniqueConstraint("script_id", "number", name=op.f("uq_script_version_script_id_number")),
    )
    op.create_index(op.f("ix_script_version_centre_id"), "script_version", ["centre_id"], unique=False)
    op.create_index(
        "uq_script_version_in_force",
        "script_version",
        ["script_id"],
        unique=True,
        sqlite_where=sa.text("state = 'in_force'"),
        postgresql_where=sa.text("state = 'in_force'"),
    )
    op.create_table(
        "sign_in",
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_sign_in_staff_id")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_staff_id"), "sign_in", ["staff_id"], unique=False)
    op.create_table(
        "staff_role",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "agent",
                "verifier",
                "reviewer",
                "supervisor",
                "manager",
                "finance",
                "carrier",
                "business_support",
                "care",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_role_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", "role", name=op.f("pk_staff_role")),
    )
    op.create_table(
        "staff_skill",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("skill", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_skill_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", "skill", name=op.f("pk_staff_skill")),
    )
    op.create_table(
        "stray_settlement",
        sa.Column("stray_answer_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_stray_settlement_by_id")),
        sa.ForeignKeyConstraint(
            ["stray_answer_id"], ["stray_answer.id"], name=op.f("fk_stray_settlement_stray_answer_id")
        ),
        sa.PrimaryKeyConstraint("stray_answer_id", name=op.f("pk_stray_settlement")),
        info={"changes": ()},
    )
    op.create_table(
        "batch_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column(
            "form",
            sa.Enum("csv", "json", name="fileform", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["instruction_batch.id"], name=op.f("fk_batch_file_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_file")),
        sa.UniqueConstraint("batch_id", "form", name=op.f("uq_batch_file_batch_id_form")),
        info={"changes": ("sealed",)},
    )
    op.create_table(
        "calibration_closing",
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_calibration_closing_by_id")),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.id"], name=op.f("fk_calibration_closing_calibration_id")
        ),
        sa.PrimaryKeyConstraint("calibration_id", name=op.f("pk_calibration_closing")),
        info={"changes": ()},
    )
    op.create_table(
        "calibration_result",
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column(
            "criterion",
            sa.Enum(
                "identity_and_permission",
                "understanding",
                "script_followed",
                "explicit_consent",
                name="criterion",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("alpha", sa.Float(), nullable=True),
        sa.Column("recalibrate", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.id"], name=op.f("fk_calibration_result_calibration_id")
        ),
        sa.PrimaryKeyConstraint("calibration_id", "criterion", name=op.f("pk_calibration_result")),
        info={"changes": ()},
    )
    op.create_table(
        "calibration_reviewer",
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.id"], name=op.f("fk_calibration_reviewer_calibration_id")
        ),
        sa.ForeignKeyConstraint(["reviewer_id"], ["staff.id"], name=op.f("fk_calibration_reviewer_reviewer_id")),
        sa.PrimaryKeyConstraint("calibration_id", "reviewer_id", name=op.f("pk_calibration_reviewer")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_calibration_reviewer_reviewer_id"), "calibration_reviewer", ["reviewer_id"], unique=False)
    op.create_table(
        "call_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("encoding", sa.String(20), nullable=False),
        sa.Column("imported_by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("invalid", sa.Integer(), nullable=False),
        sa.Column("suppressed", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "cancelling",
                "refusing",
                "published",
                "cancelled",
                "refused",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("file", sa.String(80), nullable=False),
        sa.Column("sheet", sa.String(200), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("so_far", sa.JSON(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.String(40), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_call_list_campaign_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_call_list_centre_id")),
        sa.ForeignKeyConstraint(["imported_by_id"], ["staff.id"], name=op.f("fk_call_list_imported_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_list")),
    )
    op.create_index(op.f("ix_call_list_centre_id"), "call_list", ["centre_id"], unique=False)
    op.create_index(
        "uq_call_list_file",
        "call_list",
        ["campaign_id", "sha256"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('cancelled', 'refused')"),
        postgresql_where=sa.text("state NOT IN ('cancelled', 'refused')"),
    )
    op.create_table(
        "campaign_staff",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_staff_campaign_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_campaign_staff_staff_id")),
        sa.PrimaryKeyConstraint("campaign_id", "staff_id", name=op.f("pk_campaign_staff")),
    )
    op.create_index(op.f("ix_campaign_staff_staff_id"), "campaign_staff", ["staff_id"], unique=False)
    op.create_table(
        "campaign_stop",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_stop_campaign_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_campaign_stop_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_stop")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_campaign_stop_campaign_id"), "campaign_stop", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_campaign_stop_centre_id"), "campaign_stop", ["centre_id"], unique=False)
    op.create_table(
        "campaign_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("needs_reply", sa.Boolean(), nullable=False),
        sa.Column("offer_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_campaign_version_by_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_version_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_version")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_campaign_version_campaign_id_number")),
        info={"changes": ()},
    )
    op.create_table(
        "opt_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=True),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "refusal",
                "complaint",
                "regulator",
                "litigation",
                "staff_request",
                name="category",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "scope",
            sa.Enum(
                "all", "campaign_kind", "campaign", name="scope", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("campaign_kind", sa.String(40), nullable=True),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(scope = 'campaign') = (campaign_id IS NOT NULL)", name=op.f("ck_opt_out_scope_campaign")),
        sa.CheckConstraint(
            "(scope = 'campaign_kind') = (campaign_kind IS NOT NULL)", name=op.f("ck_opt_out_scope_kind")
        ),
        sa.CheckConstraint("expires_at IS NULL OR expires_at > at", name=op.f("ck_opt_out_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_opt_out_by_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_opt_out_campaign_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_opt_out_centre_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_opt_out_phone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_out")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_opt_out_phone_id"), "opt_out", ["phone_id"], unique=False)
    op.create_table(
        "script_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column(
            "party",
            sa.Enum("carrier", "business_support", name="party", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(1000), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_script_decision_by_id")),
        sa.ForeignKeyConstraint(["version_id"], ["script_version.id"], name=op.f("fk_script_decision_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_decision")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_script_decision_version_id"), "script_decision", ["version_id"], unique=False)
    op.create_index(
        "uq_script_decision_approval",
        "script_decision",
        ["version_id", "party"],
        unique=True,
        sqlite_where=sa.text("approved"),
        postgresql_where=sa.text("approved"),
    )
    op.create_index(
        "uq_script_decision_two_people",
        "script_decision",
        ["version_id", "by_id"],
        unique=True,
        sqlite_where=sa.text("approved"),
        postgresql_where=sa.text("approved"),
    )
    op.create_table(
        "briefing_read",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("campaign_version_id", sa.Integer(), nullable=False),
        sa.Column("script_version_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_briefing_read_campaign_id")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"], ["campaign_version.id"], name=op.f("fk_briefing_read_campaign_version_id")
        ),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_briefing_read_centre_id")),
        sa.ForeignKeyConstraint(
            ["script_version_id"], ["script_version.id"], name=op.f("fk_briefing_read_script_version_id")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_briefing_read_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefing_read")),
        sa.UniqueConstraint(
            "staff_id",
            "script_version_id",
            "campaign_version_id",
            name=op.f("uq_briefing_read_staff_id_script_version_id_campaign_version_id"),
        ),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_briefing_read_campaign_id"), "briefing_read", ["campaign_id"], unique=False)
    op.create_table(
        "campaign_release",
        sa.Column("stop_id", sa.Integer(), nullable=False),
        sa.Column("done", sa.String(1000), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_campaign_release_by_id")),
        sa.ForeignKeyConstraint(["stop_id"], ["campaign_stop.id"], name=op.f("fk_campaign_release_stop_id")),
        sa.PrimaryKeyConstraint("stop_id", name=op.f("pk_campaign_release")),
        info={"changes": ()},
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("call_list_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("zone_group_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("queued", "closed", name="contactstate", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column(
            "duty",
            sa.Enum(
                "pitch",
                "recall",
                "confirmation",
                "correction",
                name="duty",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("callback", sa.Boolean(), nullable=False),
        sa.Column("kept_for_id", sa.Integer(), nullable=True),
        sa.Column("barred_id", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("closed_why", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["barred_id"], ["staff.id"], name=op.f("fk_contact_barred_id")),
        sa.ForeignKeyConstraint(["call_list_id"], ["call_list.id"], name=op.f("fk_contact_call_list_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_contact_campaign_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_contact_centre_id")),
        sa.ForeignKeyConstraint(["kept_for_id"], ["staff.id"], name=op.f("fk_contact_kept_for_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_contact_phone_id")),
        sa.ForeignKeyConstraint(["zone_group_id"], ["zone_group.id"], name=op.f("fk_contact_zone_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("phone_id", "campaign_id", name=op.f("uq_contact_phone_id_campaign_id")),
    )
    op.create_index(
        "ix_contact_closed",
        "contact",
        ["call_list_id", "closed_why"],
        unique=False,
        sqlite_where=sa.text("state = 'closed'"),
        postgresql_where=sa.text("state = 'closed'"),
    )
    op.create_index(
        "ix_contact_due",
        "contact",
        ["call_list_id", "duty", "zone_group_id", "callback", "priority", "due_at", "id", "kept_for_id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "lifting_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("opt_out_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "answer",
            sa.Enum("approved", "declined", name="liftinganswer", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(400), nullable=False),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_by_id IS NULL) AND (answer IS NULL) = (answered_at IS NULL)",
            name=op.f("ck_lifting_request_answered"),
        ),
        sa.CheckConstraint("answered_by_id <> asked_by_id", name=op.f("ck_lifting_request_two_people")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["staff.id"], name=op.f("fk_lifting_request_answered_by_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name=op.f("fk_lifting_request_asked_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_lifting_request_centre_id")),
        sa.ForeignKeyConstraint(["opt_out_id"], ["opt_out.id"], name=op.f("fk_lifting_request_opt_out_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifting_request")),
    )
    op.create_index(op.f("ix_lifting_request_centre_id"), "lifting_request", ["centre_id"], unique=False)
    op.create_index(
        "uq_lifting_request_waiting",
        "lifting_request",
        ["opt_out_id"],
        unique=True,
        sqlite_where=sa.text("answer IS NULL"),
        postgresql_where=sa.text("answer IS NULL"),
    )
    op.create_table(
        "refused_row",
        sa.Column("call_list_id", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "fault",
            sa.Enum(
                "duplicate",
                "invalid",
                "suppressed",
                name="rowfault",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["call_list_id"], ["call_list.id"], name=op.f("fk_refused_row_call_list_id")),
        sa.PrimaryKeyConstraint("call_list_id", "row", name=op.f("pk_refused_row")),
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column(
            "duty",
            sa.Enum(
                "pitch",
                "recall",
                "confirmation",
                "correction",
                name="duty",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("why_now", sa.String(40), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("was_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "ended_how",
            sa.Enum(
                "done",
                "put_back",
                "lease_ended",
                "blocked",
                name="claimend",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["staff.id"], name=op.f("fk_claim_agent_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_claim_campaign_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_claim_centre_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_claim_contact_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_claim_phone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    op.create_index(op.f("ix_claim_contact_id"), "claim", ["contact_id"], unique=False)
    op.create_index(
        "ix_claim_open_lease",
        "claim",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_claim_open_agent_id",
        "claim",
        ["agent_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_claim_open_contact_id",
        "claim",
        ["contact_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_claim_open_phone_id",
        "claim",
        ["phone_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "contact_number",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_contact_number_campaign_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_number_contact_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_contact_number_phone_id")),
        sa.PrimaryKeyConstraint("contact_id", "position", name=op.f("pk_contact_number")),
        sa.UniqueConstraint("campaign_id", "phone_id", name=op.f("uq_contact_number_campaign_id_phone_id")),
    )
    op.create_index(op.f("ix_contact_number_phone_id"), "contact_number", ["phone_id"], unique=False)
    op.create_table(
        "opt_out_lifting",
        sa.Column("opt_out_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("asked_by_id <> approved_by_id", name=op.f("ck_opt_out_lifting_two_people")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["staff.id"], name=op.f("fk_opt_out_lifting_approved_by_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name=op.f("fk_opt_out_lifting_asked_by_id")),
        sa.ForeignKeyConstraint(["opt_out_id"], ["opt_out.id"], name=op.f("fk_opt_out_lifting_opt_out_id")),
        sa.ForeignKeyConstraint(["request_id"], ["lifting_request.id"], name=op.f("fk_opt_out_lifting_request_id")),
        sa.PrimaryKeyConstraint("opt_out_id", name=op.f("pk_opt_out_lifting")),
        sa.UniqueConstraint("request_id", name=op.f("uq_opt_out_lifting_request_id")),
        info={"changes": ()},
    )
    op.create_table(
        "dial_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("used_at IS NULL OR voided_at IS NULL", name=op.f("ck_dial_token_used_or_voided")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_dial_token_campaign_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_dial_token_claim_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_dial_token_phone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_token")),
    )
    op.create_index(op.f("ix_dial_token_claim_id"), "dial_token", ["claim_id"], unique=False)
    op.create_index(
        "ix_dial_token_unused",
        "dial_token",
        ["phone_id"],
        unique=False,
        sqlite_where=sa.text("used_at IS NULL AND voided_at IS NULL"),
        postgresql_where=sa.text("used_at IS NULL AND voided_at IS NULL"),
    )
    op.create_table(
        "call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("campaign_version_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("dial_token_id", sa.Integer(), nullable=False),
        sa.Column(
            "duty",
            sa.Enum(
                "pitch",
                "recall",
                "confirmation",
                "correction",
                name="duty",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("script_version_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("dialled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrapped_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrap_up_key", sa.String(64), nullable=True),
        sa.Column("outcome_code", sa.String(), nullable=True),
        sa.Column("callback_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(2000), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "(wrapped_up_at IS NULL) = (outcome_code IS NULL)", name=op.f("ck_call_wrapped_up_with_outcome")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["staff.id"], name=op.f("fk_call_agent_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_call_campaign_id")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"], ["campaign_version.id"], name=op.f("fk_call_campaign_version_id")
        ),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_call_centre_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_call_claim_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_call_contact_id")),
        sa.ForeignKeyConstraint(["dial_token_id"], ["dial_token.id"], name=op.f("fk_call_dial_token_id")),
        sa.ForeignKeyConstraint(["outcome_code"], ["outcome.code"], name=op.f("fk_call_outcome_code")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_call_phone_id")),
        sa.ForeignKeyConstraint(["script_version_id"], ["script_version.id"], name=op.f("fk_call_script_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("centre_id", "reference", name=op.f("uq_call_centre_id_reference")),
        sa.UniqueConstraint("dial_token_id", name=op.f("uq_call_dial_token_id")),
        sa.UniqueConstraint("wrap_up_key", name=op.f("uq_call_wrap_up_key")),
    )
    op.create_index("ix_call_agent_dialled", "call", ["agent_id", "dialled_at"], unique=False)
    op.create_index(
        "ix_call_callback_at",
        "call",
        ["centre_id", "callback_at"],
        unique=False,
        sqlite_where=sa.text("callback_at IS NOT NULL"),
        postgresql_where=sa.text("callback_at IS NOT NULL"),
    )
    op.create_index("ix_call_campaign_dialled", "call", ["campaign_id", "dialled_at"], unique=False)
    op.create_index("ix_call_claim_id", "call", ["claim_id"], unique=False)
    op.create_index("ix_call_contact_id", "call", ["contact_id"], unique=False)
    op.create_index("ix_call_phone_dialled", "call", ["phone_id", "dialled_at"], unique=False)
    op.create_table(
        "broken_callback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome_code", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["staff.id"], name=op.f("fk_broken_callback_agent_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_broken_callback_call_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_broken_callback_campaign_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_broken_callback_centre_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_broken_callback_contact_id")),
        sa.ForeignKeyConstraint(["outcome_code"], ["outcome.code"], name=op.f("fk_broken_callback_outcome_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broken_callback")),
        sa.UniqueConstraint("call_id", name=op.f("uq_broken_callback_call_id")),
        info={"changes": ()},
    )
    op.create_index("ix_broken_callback_centre_promised", "broken_callback", ["centre_id", "promised_at"], unique=False)
    op.create_index("ix_broken_callback_contact_id", "broken_callback", ["contact_id"], unique=False)
    op.create_table(
        "help_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("asker_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("text", sa.String(400), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asker_id"], ["staff.id"], name=op.f("fk_help_question_asker_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_help_question_call_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_help_question_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_question")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_help_question_asker_id"), "help_question", ["asker_id"], unique=False)
    op.create_index("ix_help_question_centre_at", "help_question", ["centre_id", "at"], unique=False)
    op.create_table(
        "late_wrap_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_late_wrap_up_by_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_late_wrap_up_call_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_late_wrap_up_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_wrap_up")),
        sa.UniqueConstraint("key", name=op.f("uq_late_wrap_up_key")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_late_wrap_up_centre_id"), "late_wrap_up", ["centre_id"], unique=False)
    op.create_table(
        "recording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("storage_key", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("codec", sa.String(40), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("sample_rate", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("invalid_reason", sa.String(60), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("hearing", sa.JSON(), nullable=False),
        sa.Column(
            "agent_side",
            sa.Enum("left", "right", "unknown", name="agentside", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("kept_by_id", sa.Integer(), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keep_sale_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("NOT (waits AND valid)", name=op.f("ck_recording_heard_before_valid")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_recording_call_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_recording_centre_id")),
        sa.ForeignKeyConstraint(["kept_by_id"], ["staff.id"], name=op.f("fk_recording_kept_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("centre_id", "reference", name=op.f("uq_recording_centre_id_reference")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_recording_storage_key")),
        info={
            "changes": (
                "centre_id",
                "call_id",
                "file_name",
                "media_type",
                "codec",
                "channels",
                "sample_rate",
                "seconds",
                "valid",
                "invalid_reason",
                "waits",
                "hearing",
                "agent_side",
                "kept_by_id",
                "matched_at",
                "keep_until",
                "keep_sale_until",
                "version",
            )
        },
    )
    op.create_index("ix_recording_keep_until", "recording", ["keep_until"], unique=False)
    op.create_index(
        "ix_recording_waits",
        "recording",
        ["id"],
        unique=False,
        sqlite_where=sa.text("waits"),
        postgresql_where=sa.text("waits"),
    )
    op.create_index(
        "uq_recording_call_id",
        "recording",
        ["call_id"],
        unique=True,
        sqlite_where=sa.text("call_id IS NOT NULL"),
        postgresql_where=sa.text("call_id IS NOT NULL"),
    )
    op.create_table(
        "self_mark",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column(
            "criterion",
            sa.Enum(
                "identity_and_permission",
                "understanding",
                "script_followed",
                "explicit_consent",
                name="criterion",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "mark",
            sa.Enum("pass", "fail", "unsure", name="mark", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_self_mark_call_id")),
        sa.PrimaryKeyConstraint("call_id", "criterion", name=op.f("pk_self_mark")),
        info={"changes": ()},
    )
    op.create_table(
        "spoken",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("second", sa.Float(), nullable=False),
        sa.Column("meaning", sa.String(20), nullable=True),
        sa.Column("led_to", sa.String(60), nullable=True),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("taken_back", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_spoken_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spoken")),
        sa.UniqueConstraint("call_id", "place", name=op.f("uq_spoken_call_id_place")),
        info={"changes": ()},
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("campaign_version_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("sale_call_id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=False),
        sa.Column("offer_name", sa.String(80), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.String(10), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "recall_due",
                "trial",
                "confirming",
                "extended",
                "confirmed",
                "charged",
                "correction_due",
                "cancelled",
                "lapsed",
                "void",
                name="subscriptionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "before_correction",
            sa.Enum(
                "recall_due",
                "trial",
                "confirming",
                "extended",
                "confirmed",
                "charged",
                "correction_due",
                "cancelled",
                "lapsed",
                "void",
                name="before_correction",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("recalls", sa.Integer(), nullable=False),
        sa.Column("trial_starts_on", sa.Date(), nullable=True),
        sa.Column("trial_ends_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("price_fen >= 0 AND trial_days >= 0", name=op.f("ck_subscription_terms")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_subscription_campaign_id")),
        sa.ForeignKeyConstraint(
            ["campaign_version_id"], ["campaign_version.id"], name=op.f("fk_subscription_campaign_version_id")
        ),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_subscription_centre_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_subscription_contact_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_subscription_phone_id")),
        sa.ForeignKeyConstraint(["sale_call_id"], ["call.id"], name=op.f("fk_subscription_sale_call_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["staff.id"], name=op.f("fk_subscription_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("contact_id", name=op.f("uq_subscription_contact_id")),
        info={
            "changes": (
                "campaign_id",
                "offer_name",
                "cycle",
                "state",
                "before_correction",
                "recalls",
                "trial_starts_on",
                "trial_ends_on",
                "version",
                "made_at",
            )
        },
    )
    op.create_index(op.f("ix_subscription_campaign_id"), "subscription", ["campaign_id"], unique=False)
    op.create_index("ix_subscription_centre_state", "subscription", ["centre_id", "state"], unique=False)
    op.create_index(op.f("ix_subscription_phone_id"), "subscription", ["phone_id"], unique=False)
    op.create_table(
        "tick",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("second", sa.Float(), nullable=False),
        sa.Column("disclosures", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_tick_call_id")),
        sa.PrimaryKeyConstraint("call_id", "step", name=op.f("pk_tick")),
        info={"changes": ()},
    )
    op.create_table(
        "calibration_call",
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.id"], name=op.f("fk_calibration_call_calibration_id")
        ),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_calibration_call_recording_id")),
        sa.PrimaryKeyConstraint("calibration_id", "recording_id", name=op.f("pk_calibration_call")),
        info={"changes": ()},
    )
    op.create_table(
        "charge_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_charge_hold_by_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_charge_hold_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge_hold")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_charge_hold_subscription_id"), "charge_hold", ["subscription_id"], unique=False)
    op.create_table(
        "complaint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=True),
        sa.Column(
            "grievance",
            sa.Enum(
                "never_ordered",
                "price",
                "called_too_often",
                "manner",
                "other",
                name="grievance",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("said", sa.String(2000), nullable=False),
        sa.Column("taken_by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_complaint_centre_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_complaint_phone_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_complaint_subscription_id")),
        sa.ForeignKeyConstraint(["taken_by_id"], ["staff.id"], name=op.f("fk_complaint_taken_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_complaint_centre_id"), "complaint", ["centre_id"], unique=False)
    op.create_index(op.f("ix_complaint_phone_id"), "complaint", ["phone_id"], unique=False)
    op.create_table(
        "confirmation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("first", "second", name="confirmationkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column(
            "result",
            sa.Enum(
                "passed",
                "declined",
                "considering",
                "not_reached",
                "suspended",
                "complained",
                "failed",
                name="confirmationresult",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("restored", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_confirmation_by_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_confirmation_call_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_confirmation_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation")),
        sa.UniqueConstraint("call_id", "restored", name=op.f("uq_confirmation_call_id_restored")),
        sa.UniqueConstraint("id", "subscription_id", "kind", "result", name="uq_confirmation_as_charged"),
        info={"changes": ()},
    )
    op.create_index("ix_confirmation_subscription_id", "confirmation", ["subscription_id", "kind"], unique=False)
    op.create_table(
        "frame_item",
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(60), nullable=False),
        sa.Column("chance_of", sa.Integer(), nullable=False),
        sa.Column("chance_in", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["staff.id"], name=op.f("fk_frame_item_agent_id")),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_frame_item_draw_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_frame_item_recording_id")),
        sa.PrimaryKeyConstraint("draw_id", "recording_id", name=op.f("pk_frame_item")),
        info={"changes": ()},
    )
    op.create_table(
        "help_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_help_answer_by_id")),
        sa.ForeignKeyConstraint(["question_id"], ["help_question.id"], name=op.f("fk_help_answer_question_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_answer")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_help_answer_question_id"), "help_answer", ["question_id"], unique=False)
    op.create_table(
        "help_withdrawal",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["help_question.id"], name=op.f("fk_help_withdrawal_question_id")),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_help_withdrawal")),
        info={"changes": ()},
    )
    op.create_table(
        "late_wrap_up_settlement",
        sa.Column("late_wrap_up_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(400), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_late_wrap_up_settlement_by_id")),
        sa.ForeignKeyConstraint(
            ["late_wrap_up_id"], ["late_wrap_up.id"], name=op.f("fk_late_wrap_up_settlement_late_wrap_up_id")
        ),
        sa.PrimaryKeyConstraint("late_wrap_up_id", name=op.f("pk_late_wrap_up_settlement")),
        info={"changes": ()},
    )
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("placed_by_id", sa.Integer(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lift_reason", sa.String(400), nullable=False),
        sa.Column("lift_asked_by_id", sa.Integer(), nullable=True),
        sa.Column("lift_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by_id IS NULL)", name=op.f("ck_legal_hold_confirmed_by_somebody")
        ),
        sa.CheckConstraint(
            "(lift_asked_at IS NULL) = (lift_asked_by_id IS NULL)", name=op.f("ck_legal_hold_lift_asked_by_somebody")
        ),
        sa.CheckConstraint("confirmed_by_id <> placed_by_id", name=op.f("ck_legal_hold_confirmed_by_another")),
        sa.CheckConstraint(
            "lifted_at IS NULL AND lifted_by_id IS NULL OR lifted_at IS NOT NULL AND lifted_by_id IS NOT NULL AND lift_asked_at IS NOT NULL",
            name=op.f("ck_legal_hold_lifted_by_two"),
        ),
        sa.CheckConstraint("lifted_by_id <> lift_asked_by_id", name=op.f("ck_legal_hold_lifted_by_another")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_legal_hold_centre_id")),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["staff.id"], name=op.f("fk_legal_hold_confirmed_by_id")),
        sa.ForeignKeyConstraint(["lift_asked_by_id"], ["staff.id"], name=op.f("fk_legal_hold_lift_asked_by_id")),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["staff.id"], name=op.f("fk_legal_hold_lifted_by_id")),
        sa.ForeignKeyConstraint(["placed_by_id"], ["staff.id"], name=op.f("fk_legal_hold_placed_by_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_legal_hold_recording_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    op.create_index(op.f("ix_legal_hold_centre_id"), "legal_hold", ["centre_id"], unique=False)
    op.create_index("ix_legal_hold_recording_id", "legal_hold", ["recording_id"], unique=False)
    op.create_index(
        "uq_legal_hold_open",
        "legal_hold",
        ["recording_id"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "recording_deletion",
        sa.Column("recording_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("storage_key", sa.String(200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(120), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_recording_deletion_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_recording_deletion_centre_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_recording_deletion_recording_id")),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_recording_deletion")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_recording_deletion_centre_id"), "recording_deletion", ["centre_id"], unique=False)
    op.create_table(
        "review_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "daily",
                "weekly",
                "targeted",
                "dispute",
                name="reviewsource",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_review_task_call_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_review_task_centre_id")),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_review_task_draw_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_review_task_recording_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["staff.id"], name=op.f("fk_review_task_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_task")),
        sa.UniqueConstraint("draw_id", "recording_id", name=op.f("uq_review_task_draw_id_recording_id")),
    )
    op.create_index(op.f("ix_review_task_call_id"), "review_task", ["call_id"], unique=False)
    op.create_index(op.f("ix_review_task_centre_id"), "review_task", ["centre_id"], unique=False)
    op.create_index(op.f("ix_review_task_recording_id"), "review_task", ["recording_id"], unique=False)
    op.create_index("ix_review_task_reviewer_open", "review_task", ["reviewer_id", "done_at"], unique=False)
    op.create_table(
        "state_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column(
            "before",
            sa.Enum(
                "recall_due",
                "trial",
                "confirming",
                "extended",
                "confirmed",
                "charged",
                "correction_due",
                "cancelled",
                "lapsed",
                "void",
                name="before",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "after",
            sa.Enum(
                "recall_due",
                "trial",
                "confirming",
                "extended",
                "confirmed",
                "charged",
                "correction_due",
                "cancelled",
                "lapsed",
                "void",
                name="subscriptionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("why", sa.String(60), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_state_change_by_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_state_change_call_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_state_change_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_change")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_state_change_subscription_id"), "state_change", ["subscription_id"], unique=False)
    op.create_table(
        "withdrawal",
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("via", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_withdrawal_by_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_withdrawal_subscription_id")),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_withdrawal")),
        info={"changes": ()},
    )
    op.create_table(
        "calibration_verdict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(2000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id", "recording_id"],
            ["calibration_call.calibration_id", "calibration_call.recording_id"],
            name=op.f("fk_calibration_verdict_calibration_id_recording_id"),
        ),
        sa.ForeignKeyConstraint(
            ["calibration_id", "reviewer_id"],
            ["calibration_reviewer.calibration_id", "calibration_reviewer.reviewer_id"],
            name=op.f("fk_calibration_verdict_calibration_id_reviewer_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_verdict")),
        sa.UniqueConstraint(
            "calibration_id",
            "recording_id",
            "reviewer_id",
            name=op.f("uq_calibration_verdict_calibration_id_recording_id_reviewer_id"),
        ),
        info={"changes": ()},
    )
    op.create_table(
        "charge_hold_lifting",
        sa.Column("charge_hold_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_charge_hold_lifting_by_id")),
        sa.ForeignKeyConstraint(
            ["charge_hold_id"], ["charge_hold.id"], name=op.f("fk_charge_hold_lifting_charge_hold_id")
        ),
        sa.PrimaryKeyConstraint("charge_hold_id", name=op.f("pk_charge_hold_lifting")),
        info={"changes": ()},
    )
    op.create_table(
        "confirmation_void",
        sa.Column("confirmation_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_confirmation_void_by_id")),
        sa.ForeignKeyConstraint(
            ["confirmation_id"], ["confirmation.id"], name=op.f("fk_confirmation_void_confirmation_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_confirmation_void_subscription_id")
        ),
        sa.PrimaryKeyConstraint("confirmation_id", name=op.f("pk_confirmation_void")),
        info={"changes": ()},
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.String(10), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("charge", "reversal", name="entrykind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("confirmation_id", sa.Integer(), nullable=True),
        sa.Column(
            "confirmation_kind",
            sa.Enum("first", "second", name="confirmationkind", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column(
            "confirmation_result",
            sa.Enum(
                "passed",
                "declined",
                "considering",
                "not_reached",
                "suspended",
                "complained",
                "failed",
                name="confirmationresult",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("reverses_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind = 'charge' OR (reverses_id IS NOT NULL AND amount_fen < 0)",
            name=op.f("ck_ledger_entry_reversal_names_charge"),
        ),
        sa.CheckConstraint(
            "kind = 'reversal' OR (confirmation_id IS NOT NULL AND confirmation_kind IS NOT NULL AND confirmation_kind = 'second' AND confirmation_result IS NOT NULL AND confirmation_result = 'passed' AND amount_fen > 0 AND reverses_id IS NULL)",
            name=op.f("ck_ledger_entry_charge_names_confirmation"),
        ),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_ledger_entry_centre_id")),
        sa.ForeignKeyConstraint(
            ["confirmation_id", "subscription_id", "confirmation_kind", "confirmation_result"],
            ["confirmation.id", "confirmation.subscription_id", "confirmation.kind", "confirmation.result"],
            name="fk_ledger_entry_confirmation",
        ),
        sa.ForeignKeyConstraint(["reverses_id"], ["ledger_entry.id"], name=op.f("fk_ledger_entry_reverses_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_ledger_entry_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_entry_reverses_id")),
        info={"changes": ()},
    )
    op.create_index(
        "uq_ledger_entry_charge_once",
        "ledger_entry",
        ["subscription_id", "cycle"],
        unique=True,
        sqlite_where=sa.text("kind = 'charge'"),
        postgresql_where=sa.text("kind = 'charge'"),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "order_summary",
                "reply_request",
                "reminder",
                "charge",
                "cancellation",
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("confirmation_id", sa.Integer(), nullable=True),
        sa.Column("expects", sa.String(20), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text", sa.String(1000), nullable=False),
        sa.Column("script_version_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sent",
                "failed",
                "dropped",
                name="noticestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_notice_sent_at_an_instant")),
        sa.CheckConstraint(
            "kind <> 'reply_request' OR confirmation_id IS NOT NULL", name=op.f("ck_notice_request_of_a_yes")
        ),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_notice_centre_id")),
        sa.ForeignKeyConstraint(["confirmation_id"], ["confirmation.id"], name=op.f("fk_notice_confirmation_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_notice_phone_id")),
        sa.ForeignKeyConstraint(["script_version_id"], ["script_version.id"], name=op.f("fk_notice_script_version_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_notice_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_key")),
    )
    op.create_index("ix_notice_centre_state", "notice", ["centre_id", "state"], unique=False)
    op.create_index(
        "ix_notice_due",
        "notice",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(op.f("ix_notice_phone_id"), "notice", ["phone_id"], unique=False)
    op.create_index(op.f("ix_notice_subscription_id"), "notice", ["subscription_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("why_changed", sa.String(1000), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum("valid", "invalid", "unsure", name="verdict", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("comment", sa.String(2000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_review_versions_from_one")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_review_call_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_review_centre_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_review_recording_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["staff.id"], name=op.f("fk_review_reviewer_id")),
        sa.ForeignKeyConstraint(["task_id"], ["review_task.id"], name=op.f("fk_review_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("task_id", "version", name=op.f("uq_review_task_id_version")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_review_call_id"), "review", ["call_id"], unique=False)
    op.create_index(op.f("ix_review_centre_id"), "review", ["centre_id"], unique=False)
    op.create_table(
        "settlement",
        sa.Column("complaint_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(2000), nullable=False),
        sa.Column("upheld", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_settlement_by_id")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_settlement_complaint_id")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_settlement")),
        info={"changes": ()},
    )
    op.create_table(
        "calibration_mark",
        sa.Column("verdict_id", sa.Integer(), nullable=False),
        sa.Column(
            "criterion",
            sa.Enum(
                "identity_and_permission",
                "understanding",
                "script_followed",
                "explicit_consent",
                name="criterion",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("asked_zh", sa.String(400), nullable=False),
        sa.Column("asked_en", sa.String(400), nullable=False),
        sa.Column(
            "mark",
            sa.Enum("pass", "fail", "unsure", name="mark", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("second", sa.Float(), nullable=True),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("also", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["verdict_id"], ["calibration_verdict.id"], name=op.f("fk_calibration_mark_verdict_id")
        ),
        sa.PrimaryKeyConstraint("verdict_id", "criterion", name=op.f("pk_calibration_mark")),
        info={"changes": ()},
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("failed_call_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "passed",
                "declined",
                "lapsed",
                "lifted",
                name="correctionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closing_call_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_correction_centre_id")),
        sa.ForeignKeyConstraint(["closing_call_id"], ["call.id"], name=op.f("fk_correction_closing_call_id")),
        sa.ForeignKeyConstraint(["failed_call_id"], ["call.id"], name=op.f("fk_correction_failed_call_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_correction_review_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_correction_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("review_id", name=op.f("uq_correction_review_id")),
    )
    op.create_index(op.f("ix_correction_centre_id"), "correction", ["centre_id"], unique=False)
    op.create_index(op.f("ix_correction_subscription_id"), "correction", ["subscription_id"], unique=False)
    op.create_table(
        "dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_dispute_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_dispute_centre_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_dispute_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("review_id", name=op.f("uq_dispute_review_id")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_dispute_centre_id"), "dispute", ["centre_id"], unique=False)
    op.create_table(
        "instruction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "activate",
                "extend",
                "cancel",
                "charge",
                "reverse",
                name="instructionkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ledger_entry_id", sa.Integer(), nullable=True),
        sa.Column("repeats_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["instruction_batch.id"], name=op.f("fk_instruction_batch_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_instruction_centre_id")),
        sa.ForeignKeyConstraint(["ledger_entry_id"], ["ledger_entry.id"], name=op.f("fk_instruction_ledger_entry_id")),
        sa.ForeignKeyConstraint(["repeats_id"], ["instruction.id"], name=op.f("fk_instruction_repeats_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_instruction_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruction")),
        sa.UniqueConstraint("key", name=op.f("uq_instruction_key")),
        sa.UniqueConstraint("repeats_id", name=op.f("uq_instruction_repeats_id")),
        info={"changes": ("batch_id",)},
    )
    op.create_index(op.f("ix_instruction_batch_id"), "instruction", ["batch_id"], unique=False)
    op.create_index(op.f("ix_instruction_subscription_id"), "instruction", ["subscription_id"], unique=False)
    op.create_index(
        "ix_instruction_waiting",
        "instruction",
        ["centre_id", "id"],
        unique=False,
        sqlite_where=sa.text("batch_id IS NULL"),
        postgresql_where=sa.text("batch_id IS NULL"),
    )
    op.create_index(
        "uq_instruction_entry_told_once",
        "instruction",
        ["ledger_entry_id"],
        unique=True,
        sqlite_where=sa.text("repeats_id IS NULL"),
        postgresql_where=sa.text("repeats_id IS NULL"),
    )
    op.create_table(
        "notice_receipt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_receipt_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_receipt")),
        sa.UniqueConstraint("notice_id", "delivered", name=op.f("uq_notice_receipt_notice_id_delivered")),
        info={"changes": ()},
    )
    op.create_table(
        "notice_try",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_try_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_try")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_notice_try_notice_id"), "notice_try", ["notice_id"], unique=False)
    op.create_table(
        "reply_match",
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column(
            "meaning",
            sa.Enum("yes", "no", name="meaning", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_reply_match_notice_id")),
        sa.ForeignKeyConstraint(["reply_id"], ["reply.id"], name=op.f("fk_reply_match_reply_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_reply_match_subscription_id")),
        sa.PrimaryKeyConstraint("reply_id", name=op.f("pk_reply_match")),
        sa.UniqueConstraint("notice_id", "meaning", name=op.f("uq_reply_match_notice_id_meaning")),
        info={"changes": ()},
    )
    op.create_index(op.f("ix_reply_match_subscription_id"), "reply_match", ["subscription_id"], unique=False)
    op.create_table(
        "review_acceptance",
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_review_acceptance_by_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_review_acceptance_review_id")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_review_acceptance")),
        info={"changes": ()},
    )
    op.create_table(
        "review_mark",
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column(
            "criterion",
            sa.Enum(
                "identity_and_permission",
                "understanding",
                "script_followed",
                "explicit_consent",
                name="criterion",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("asked_zh", sa.String(400), nullable=False),
        sa.Column("asked_en", sa.String(400), nullable=False),
        sa.Column(
            "mark",
            sa.Enum("pass", "fail", "unsure", name="mark", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("second", sa.Float(), nullable=True),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("also", sa.JSON(), nullable=False),
        sa.Column("reason_zh", sa.String(800), nullable=False),
        sa.Column("reason_en", sa.String(800), nullable=False),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_review_mark_review_id")),
        sa.PrimaryKeyConstraint("review_id", "criterion", name=op.f("pk_review_mark")),
        info={"changes": ()},
    )
    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instruction_id", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["instruction_id"], ["instruction.id"], name=op.f("fk_acknowledgement_instruction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
        sa.UniqueConstraint("instruction_id", name=op.f("uq_acknowledgement_instruction_id")),
        info={"changes": ()},
    )
    op.create_table(
        "dispute_screening",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("referred", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("referred OR reason <> ''", name=op.f("ck_dispute_screening_rejected_with_reason")),
        sa.CheckConstraint("referred = (task_id IS NOT NULL)", name=op.f("ck_dispute_screening_referred_to_somebody")),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_dispute_screening_by_id")),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_dispute_screening_dispute_id")),
        sa.ForeignKeyConstraint(["task_id"], ["review_task.id"], name=op.f("fk_dispute_screening_task_id")),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_dispute_screening")),
        sa.UniqueConstraint("task_id", name=op.f("uq_dispute_screening_task_id")),
        info={"changes": ()},
    )
    op.create_table(
        "difference_settlement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("instruction_id", sa.Integer(), nullable=False),
        sa.Column("acknowledgement_id", sa.Integer(), nullable=True),
        sa.Column(
            "decision",
            sa.Enum(
                "resend", "accept", "carried_out", name="decision", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["acknowledgement_id"], ["acknowledgement.id"], name=op.f("fk_difference_settlement_acknowledgement_id")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_difference_settlement_by_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_difference_settlement_centre_id")),
        sa.ForeignKeyConstraint(
            ["instruction_id"], ["instruction.id"], name=op.f("fk_difference_settlement_instruction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference_settlement")),
        sa.UniqueConstraint("acknowledgement_id", name=op.f("uq_difference_settlement_acknowledgement_id")),
        info={"changes": ()},
    )
    op.create_index(
        "ix_difference_settlement_instruction_id", "difference_settlement", ["instruction_id"], unique=False
    )
    op.create_index(
        "uq_difference_settlement_unanswered",
        "difference_settlement",
        ["instruction_id"],
        unique=True,
        sqlite_where=sa.text("acknowledgement_id IS NULL"),
        postgresql_where=sa.text("acknowledgement_id IS NULL"),
    )
