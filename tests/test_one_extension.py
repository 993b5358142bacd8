"""One further trial and then nothing, whatever is written by hand: attacks with raw SQL, on both engines."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Engine

from outbound import db, locks, migrating
from outbound.confirmations import verbs as confirmations
from outbound.subscriptions import trial
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from tests.conftest import NOW, Cast, owning
from tests.interleavings import Lane, PostgresLane, SqliteLane, meet, orders, put_back
from tests.sales import Sales

FIRST, LAST, BEYOND = date(2026, 11, 30), date(2026, 12, 7), date(2026, 12, 14)
"""The last free days of a trial of seven days that began on 23 November: as agreed, extended, and what nobody gets."""
TOO_MUCH = "one further trial"


def extended(sales: Sales) -> Subscription:
    """Nobody was reached in the first trial."""
    subscription = sales.due()
    trial.end_trial(sales.session, subscription, now=sales.now)
    return subscription


def due_again(sales: Sales) -> Subscription:
    """Extended, confirmed, and the confirmation found void: due once more, in the further trial."""
    subscription = extended(sales)
    second = sales.confirm(subscription)
    confirmations.void_confirmation(sales.session, second, reason="review_failed", by=sales.cast.reviewer, now=NOW)
    assert subscription.state == S.CONFIRMING
    return subscription


def raw(sales: Sales, statement: str, subscription: Subscription) -> None:
    """A statement about one subscription, past every verb."""
    sales.session.flush()
    sales.session.execute(sa.text(statement), {"id": subscription.id})


ATTACKS: tuple[tuple[Callable[[Sales], Subscription], str], ...] = (
    (Sales.due, f"trial_ends_on = '{LAST}'"),
    (Sales.due, "state = 'extended'"),
    (Sales.due, f"state = 'extended', trial_ends_on = '{BEYOND}'"),
    (Sales.sell, f"state = 'extended', trial_ends_on = '{LAST}'"),
    (Sales.confirmed, f"state = 'extended', trial_ends_on = '{LAST}'"),
    (extended, f"trial_ends_on = '{BEYOND}'"),
    (extended, f"trial_ends_on = '{FIRST}'"),
    (extended, "trial_ends_on = NULL"),
    (extended, "trial_starts_on = '2026-11-30'"),
    (extended, "trial_starts_on = NULL, trial_ends_on = NULL"),
    (extended, f"trial_starts_on = '2026-11-30', trial_ends_on = '{BEYOND}'"),
    (extended, "state = 'trial'"),
    (extended, f"state = 'confirming', trial_ends_on = '{FIRST}'"),
    (due_again, f"trial_ends_on = '{BEYOND}'"),
    (due_again, f"state = 'extended', trial_ends_on = '{BEYOND}'"),
    (due_again, "state = 'extended'"),
)


@pytest.mark.parametrize(("way", "change"), ATTACKS, ids=lambda given: getattr(given, "__name__", given))
def test_raw_sql_cannot_prolong_a_trial_again_nor_shorten_it(
    sales: Sales, way: Callable[[Sales], Subscription], change: str
) -> None:
    subscription = way(sales)
    with pytest.raises(sa.exc.IntegrityError, match=TOO_MUCH):
        raw(sales, f"UPDATE subscription SET {change} WHERE id = :id", subscription)


def test_raw_sql_cannot_prolong_a_trial_by_changing_how_long_it_is(sales: Sales) -> None:
    subscription = extended(sales)
    with pytest.raises(sa.exc.IntegrityError, match="stays ended"):
        raw(sales, "UPDATE subscription SET trial_days = 14 WHERE id = :id", subscription)


@pytest.mark.parametrize("forged", [f"'trial', '{LAST}'", f"'extended', '{LAST}'", f"'extended', '{FIRST}'"])
def test_raw_sql_cannot_begin_with_two_trials(sales: Sales, forged: str) -> None:
    subscription, other = sales.due(), sales.make.contact(sales.campaign())
    statement = f"""INSERT INTO subscription (state, trial_ends_on, contact_id, centre_id, campaign_id,
        campaign_version_id, phone_id, sale_call_id, seller_id, offer_name, price_fen, cycle, trial_days, recalls,
        trial_starts_on, version, made_at) SELECT {forged}, {other.id}, centre_id, campaign_id, campaign_version_id,
        phone_id, sale_call_id, seller_id, offer_name, price_fen, cycle, trial_days, recalls, trial_starts_on, 0,
        made_at FROM subscription WHERE id = :id"""
    with pytest.raises(sa.exc.IntegrityError, match="begins with one period"):
        raw(sales, statement.replace(f"'{LAST}'", f"CAST('{LAST}' AS {_day(sales)})"), subscription)


def _day(sales: Sales) -> str:
    return "TEXT" if db.is_sqlite(sales.session) else "DATE"


STEP = """INSERT INTO state_change (subscription_id, before, after, why, at)
    VALUES (:id, {before}, 'extended', '{why}', '{at}')"""


@pytest.mark.parametrize("before", ["'confirming'", "'trial'", "NULL"])
@pytest.mark.parametrize("at", [str(NOW - timedelta(days=30)), str(NOW)])
@pytest.mark.parametrize("why", ["not_reached", "other"])
def test_raw_sql_cannot_write_a_second_extension_down_dated_back_or_not(
    sales: Sales, before: str, at: str, why: str
) -> None:
    subscription = due_again(sales)
    with pytest.raises(sa.exc.IntegrityError, match=TOO_MUCH):
        raw(sales, STEP.format(before=before, why=why, at=at), subscription)


def test_raw_sql_cannot_write_down_that_a_correction_led_into_an_extension_that_never_was(sales: Sales) -> None:
    with pytest.raises(sa.exc.IntegrityError, match=TOO_MUCH):
        raw(sales, STEP.format(before="'correction_due'", why="corrected", at=NOW), sales.due())


@pytest.mark.parametrize("way", [extended, Sales.due])
def test_raw_sql_cannot_tell_the_carrier_of_an_extension_that_was_not_given(
    sales: Sales, way: Callable[[Sales], Subscription]
) -> None:
    statement = """INSERT INTO instruction (centre_id, subscription_id, key, kind, amount_fen, effective_on, made_at)
        SELECT centre_id, id, 'forged', 'extend', 0, trial_starts_on, made_at FROM subscription WHERE id = :id"""
    subscription = way(sales)
    with pytest.raises(sa.exc.IntegrityError, match="the carrier is told of one further trial"):
        raw(sales, statement, subscription)


def test_a_corrected_sale_goes_on_in_the_further_trial_in_which_the_review_found_it(sales: Sales) -> None:
    subscription = extended(sales)
    sales.fail_review(subscription)
    sales.correct(subscription)
    assert (subscription.state, subscription.trial_ends_on) == (S.EXTENDED, LAST)


def test_who_is_due_again_in_the_further_trial_lapses_at_its_end(sales: Sales) -> None:
    subscription = due_again(sales)
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert (subscription.state, subscription.trial_ends_on) == (S.LAPSED, LAST)


# Two at once

EXTEND = STEP.format(before="'confirming'", why="not_reached", at=NOW).replace(":id", "1")
CLEAN = """SET session_replication_role = replica; DELETE FROM state_change WHERE after = 'extended';
    UPDATE subscription SET version = 0"""


def _steps(begin: str, act: str) -> list[str]:
    return [f"{begin}; SELECT state FROM subscription WHERE id = 1", act, "COMMIT"]


def _written(engine: Engine) -> int:
    with engine.connect() as connection:
        asked = "SELECT count(*) FROM state_change WHERE after = 'extended'"
        return int(connection.exec_driver_sql(asked).scalar_one())


@pytest.fixture
def one_is_due(engine: Engine, cast: Cast) -> None:
    """One subscription whose second confirmation is due."""
    with db.transaction(engine) as session:
        assert Sales(session, cast, NOW).due().id == 1


@pytest.fixture
def postgres_lanes(engine: Engine, isolation: str, one_is_due: None) -> Iterator[Callable[[], list[Lane]]]:
    with owning(engine) as owner:
        urls = [each.url.set(drivername="postgresql") for each in (engine, engine, owner)]
    one, other, watcher = (psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) for url in urls)

    def lanes() -> list[Lane]:
        watcher.execute(CLEAN)
        begin = f"BEGIN ISOLATION LEVEL {isolation}"
        return [PostgresLane(connection, _steps(begin, EXTEND), watcher) for connection in (one, other)]

    yield lanes
    for connection in (one, other, watcher):
        connection.close()


@pytest.mark.parametrize(
    ("engine", "isolation"),
    [("postgresql", "READ COMMITTED"), ("postgresql", "REPEATABLE READ")],
    indirect=["engine"],
)
def test_of_two_that_extend_at_once_one_is_refused_in_every_order(
    engine: Engine, postgres_lanes: Callable[[], list[Lane]]
) -> None:
    for order in orders(3, 3):
        pair = postgres_lanes()
        meet(pair, order)
        assert [lane.failed for lane in pair].count(True) == 1, order
        assert _written(engine) == 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_of_two_that_extend_at_once_one_is_refused_in_every_order_on_one_machine(
    engine: Engine, one_is_due: None, tmp_path: Path
) -> None:
    engine.dispose()
    file, kept = Path(str(engine.url.database)), tmp_path / "kept"
    shutil.copyfile(file, kept)
    for order in orders(3, 3):
        put_back(kept, file)
        pair: list[Lane] = [SqliteLane(file, _steps("BEGIN", EXTEND)) for _lane in range(2)]
        meet(pair, order)
        for lane in pair:
            lane.close()
        assert [lane.failed for lane in pair].count(True) == 1, order
        assert _written(engine) == 1
        engine.dispose()


# A database that was there before

ROWS = """INSERT INTO subscription (id, centre_id, campaign_id, campaign_version_id, contact_id, phone_id, sale_call_id,
    seller_id, offer_name, price_fen, cycle, trial_days, state, recalls, trial_starts_on, trial_ends_on, version,
    made_at) VALUES (1, 1, 1, 1, 1, 1, 1, 1, '亲情网', 500, 'month', 7, 'extended', 0, '2026-11-23', '2026-12-07', 4,
    '2026-11-23 02:00:00')"""
STEPS = """INSERT INTO state_change (subscription_id, before, after, why, at)
    VALUES (1, 'confirming', 'extended', 'not_reached', '2026-12-01 02:00:00')"""


@pytest.fixture
def before(engine: Engine, tmp_path: Path) -> Engine:
    """A database of the first version, with a customer in the further trial."""
    if engine.dialect.name == "sqlite":
        engine = db.open_database(f"sqlite:///{tmp_path / 'before.sqlite3'}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).parents[1] / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001_the_house_is_built")
    plain = sa.create_engine(engine.url)
    with plain.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in (ROWS, STEPS):
            connection.exec_driver_sql(statement)
    plain.dispose()
    return engine


@pytest.mark.owner
def test_a_database_that_was_there_before_is_brought_further_with_its_rows_and_locked(before: Engine) -> None:
    migrating.upgrade(before)
    with before.connect() as connection:
        assert locks.missing(connection) == []
        told = connection.exec_driver_sql("SELECT count(*) FROM journal_entry WHERE action = 'locks.put_back'")
        assert told.scalar_one() == 0
        found = connection.exec_driver_sql("SELECT state, CAST(trial_ends_on AS TEXT), version FROM subscription").one()
        assert tuple(found) == ("extended", str(LAST), 4)
    for attack in (f"UPDATE subscription SET trial_ends_on = '{BEYOND}'", STEPS):
        with pytest.raises(sa.exc.IntegrityError, match=TOO_MUCH), before.begin() as connection:
            connection.exec_driver_sql(attack)
    with before.begin() as connection:
        connection.exec_driver_sql("UPDATE subscription SET state = 'lapsed'")
