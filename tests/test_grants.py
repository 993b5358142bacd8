"""The application's role on PostgreSQL: it may do what the verbs need, and nothing that breaks a promise."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel

from outbound import db, grants, migrating
from outbound.billing import charges
from outbound.db import DatabaseOutOfReach
from outbound.settings import Settings
from tests.conftest import NOW, Cast, owning
from tests.sales import Sales

STRICT = "outbound_strict"
LATER = NOW + timedelta(days=8)

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest.fixture
def strict(engine: Engine) -> Iterator[Engine]:
    """The database with one charged subscription, as a role with the rights of the application and no others."""
    with owning(engine) as owner, owner.begin() as connection:
        grants.give(connection, STRICT, "it's 100% secret")
    strict = db.open_database(engine.url.set(username=STRICT).render_as_string(hide_password=False))
    yield strict
    strict.dispose()
    with owning(engine) as owner, owner.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {STRICT}")
        connection.exec_driver_sql(f"DROP ROLE {STRICT}")


@pytest.fixture
def charged(strict: Engine, cast: Cast) -> Engine:
    with Session(strict) as session:
        sales = Sales(session, cast, NOW)
        subscription = sales.confirmed()
        charges.charge(session, subscription, today=LATER.date(), now=LATER)
        session.commit()
    return strict


def refused(engine: Engine, statement: str) -> str:
    """What PostgreSQL says to a statement that it must refuse, for lack of the right to it."""
    with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError) as refusal:
        connection.exec_driver_sql(statement)
    return str(refusal.value.orig).splitlines()[0]


def test_a_sale_goes_from_the_call_to_the_charge_with_these_rights_alone(charged: Engine) -> None:
    with charged.connect() as connection:
        assert connection.exec_driver_sql("SELECT sum(amount_fen) FROM ledger_entry").scalar() == 500


def test_what_is_written_once_is_neither_changed_nor_removed_nor_emptied(strict: Engine) -> None:
    kept = [table.name for table in SQLModel.metadata.sorted_tables if table.info.get("changes") == ()]
    assert {"ledger_entry", "journal_entry", "confirmation", "withdrawal", "self_mark", "opt_out"} <= set(kept)
    for name in kept:
        column = SQLModel.metadata.tables[name].columns.keys()[0]
        for statement in (f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}", f"TRUNCATE {name} CASCADE"):
            assert "permission denied" in refused(strict, statement), statement


@pytest.mark.parametrize("table", ["subscription", "recording", "call", "instruction", "phone", "dial_token", "staff"])
def test_what_is_kept_is_not_removed(strict: Engine, table: str) -> None:
    assert refused(strict, f"DELETE FROM {table}") == f"permission denied for table {table}"
    assert refused(strict, f"TRUNCATE {table} CASCADE").startswith("permission denied")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("subscription", "seller_id"),
        ("subscription", "price_fen"),
        ("recording", "sha256"),
        ("instruction", "amount_fen"),
        ("instruction", "key"),
        ("batch_file", "sha256"),
    ],
)
def test_columns_that_never_change_cannot_be_changed(strict: Engine, table: str, column: str) -> None:
    assert refused(strict, f"UPDATE {table} SET {column} = {column}") == f"permission denied for table {table}"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("ALTER TABLE ledger_entry DISABLE TRIGGER charge_needs_second_confirmation", "must be owner"),
        ("ALTER TABLE ledger_entry DISABLE TRIGGER ALL", "must be owner"),
        ("DROP TRIGGER charge_needs_second_confirmation ON ledger_entry", "must be owner"),
        ("ALTER TABLE ledger_entry DROP CONSTRAINT ck_ledger_entry_charge_names_confirmation", "must be owner"),
        ("DROP TABLE ledger_entry", "must be owner"),
        ("DROP INDEX uq_ledger_entry_charge_once", "must be owner"),
        (
            "CREATE OR REPLACE FUNCTION charge_needs_second_confirmation() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NEW; END'",
            "permission denied for schema public",
        ),
        ("DROP FUNCTION charge_needs_second_confirmation", "must be owner"),
        ("SET session_replication_role = replica", "permission denied to set parameter"),
        ("CREATE TABLE mine (id int)", "permission denied for schema public"),
        ("CREATE TEMPORARY TABLE withdrawal (subscription_id int)", "permission denied to create temporary tables"),
        ("CREATE SCHEMA outbound_strict", "permission denied for database"),
        ("SET ROLE postgres", "permission denied to set role"),
        ("CREATE ROLE another", "permission denied to create role"),
        ("SELECT setval('ledger_entry_id_seq', 1)", "permission denied for sequence"),
    ],
    ids=lambda value: value[:40] if " " in value else value,
)
def test_no_lock_is_taken_off_or_gone_round(strict: Engine, statement: str, said: str) -> None:
    assert said in refused(strict, statement)


def test_no_other_path_of_names_leads_round_a_lock(charged: Engine) -> None:
    with charged.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="valid second confirmation"):
        connection.exec_driver_sql("SET search_path = pg_catalog")
        connection.exec_driver_sql(
            """INSERT INTO public.ledger_entry (centre_id, subscription_id, cycle, kind, amount_fen, confirmation_id,
            confirmation_kind, confirmation_result, why, at) SELECT centre_id, subscription_id, cycle, kind, amount_fen,
            confirmation_id, confirmation_kind, confirmation_result, why, at FROM public.ledger_entry"""
        )


def test_every_function_of_a_lock_looks_where_the_tables_are(strict: Engine) -> None:
    asked = """SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        AND (prosecdef OR coalesce(array_to_string(proconfig, ','), '') <> 'search_path=public, pg_temp')"""
    with strict.connect() as connection:
        assert connection.exec_driver_sql(asked).all() == []


# The migration


@pytest.fixture
def emptied(engine: Engine) -> Iterator[Engine]:
    """The owner's view of a database in which nothing is yet."""
    with owning(engine) as owner:
        with owner.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        yield owner
        with owner.begin() as connection:
            if connection.exec_driver_sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{STRICT}'").first():
                connection.exec_driver_sql(f"DROP OWNED BY {STRICT}")
                connection.exec_driver_sql(f"DROP ROLE {STRICT}")


def addressed(owner: Engine, role: str) -> Settings:
    """Settings in which `role` is the application's."""
    url = owner.url.render_as_string(hide_password=False)
    return Settings(owner_url=url, database_url=owner.url.set(username=role).render_as_string(hide_password=False))


def test_migrating_as_the_owner_makes_the_applications_role_and_gives_it_its_rights(emptied: Engine) -> None:
    settings = addressed(emptied, STRICT)
    for _time in range(2):
        assert migrating.migrate_database(settings) == migrating.newest_version()
    engine = migrating.open_checked(settings)
    migrating.refuse_old_schema(engine)
    assert "must be owner" in refused(engine, "DROP TABLE ledger_entry")
    assert "permission denied" in refused(engine, "UPDATE alembic_version SET version_num = ''")
    engine.dispose()


def test_the_application_is_not_the_owner(emptied: Engine) -> None:
    with pytest.raises(grants.RoleTooStrong, match="postgres"):
        migrating.migrate_database(addressed(emptied, "postgres"))


def test_an_application_that_cannot_sign_in_is_told_at_the_migration(emptied: Engine) -> None:
    elsewhere = {"database_url": f"postgresql://{STRICT}@127.0.0.1:1/none"}
    with pytest.raises(DatabaseOutOfReach):
        migrating.migrate_database(addressed(emptied, STRICT).model_copy(update=elsewhere))
