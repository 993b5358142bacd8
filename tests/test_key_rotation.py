"""A new key for the numbers: everything stays readable at every moment, and the old key goes when nothing needs it."""

import base64
import multiprocessing
import os
import signal
import stat
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import clock, db, resealing
from outbound.call_lists.importing import import_list
from outbound.call_lists.model import Contact, RefusedRow
from outbound.campaigns.model import Campaign
from outbound.people import known
from outbound.phones.model import Phone, find, keep, refuse_other_key
from outbound.phones.parsing import Number, parse
from outbound.phones.ring import SETTING, Ring
from outbound.phones.vault import Vault, WrongNumberKey, open_vault
from outbound.resealing import KeyRotation, RotationUnderWay
from tests.conftest import NOW, Cast
from tests.desk import Floor, floor
from tests.test_cli import Outbound, english, here, outbound

__all__ = ["english", "floor", "here", "outbound"]

DAY_AFTER = NOW + timedelta(days=1, seconds=1)
LIST = "姓名,手机号,备注\n王秀英,13800138123,\n李强,13700137789,儿子 13600136456\n坏行,1380013,\n又坏,abc,\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def vault(data: Path) -> Vault:
    return open_vault(data)


@pytest.fixture
def listed(engine: Engine, floor: Floor, vault: Vault, cast: Cast) -> None:
    """A list with two customers and two refused rows."""
    with db.transaction(engine) as session:
        campaign = session.get_one(Campaign, known(floor.campaign.id))
        import_list(session, vault, campaign, (LIST.encode(), "list.csv"), by=cast.manager, now=NOW)


def add_numbers(engine: Engine, vault: Vault, count: int) -> None:
    with db.transaction(engine) as session:
        for at in range(count):
            number = parse(f"138{at:08d}")
            assert isinstance(number, Number)
            keep(session, vault, number, now=NOW)


def opened(engine: Engine, vault: Vault) -> tuple[set[str], set[str]]:
    """Everything that is sealed, opened; and with which keys it is sealed."""
    with db.reading(engine) as session:
        hidden = session.exec(select(Contact.sealed).where(col(Contact.sealed).is_not(None)))
        sealed = [*session.exec(select(Phone.sealed)), *session.exec(select(RefusedRow.sealed)), *filter(None, hidden)]
    return {vault.open(each) for each in sealed}, {each[:2].hex() for each in sealed}


# The ring


def test_a_ring_is_read_as_it_was_written() -> None:
    ring = Ring.read(bytes(range(64))).with_another().with_another()
    assert Ring.read(ring.written()) == ring
    assert (sorted(ring.keys), ring.newest) == ([1, 2, 3], 3)
    assert Ring.read(ring.with_newest_alone().written()).keys == {3: ring.keys[3]}


def test_a_new_key_finds_the_same_numbers() -> None:
    ring = Ring.read(bytes(range(64)))
    assert Vault(ring.with_another().written()).digest("+8613800138000") == Vault(ring.written()).digest(
        "+8613800138000"
    )


def test_the_keys_may_stand_in_the_setting(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, base64.b64encode(bytes(range(64))).decode())
    assert open_vault(data).open(Vault(bytes(range(64))).seal("x")) == "x"
    assert not data.exists()


@pytest.mark.parametrize("given", ["no base64!", "AAAA"])
def test_a_setting_that_is_no_key_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(SETTING, given)
    with pytest.raises(WrongNumberKey):
        open_vault(data)


def test_a_vault_learns_of_a_key_that_came_while_it_was_at_work(
    engine: Engine, cast: Cast, data: Path, vault: Vault
) -> None:
    resealing.rotate(engine, data, now=NOW)
    assert vault.open(open_vault(data).seal("x")) == "x"


# Rotation


def test_a_new_key_seals_at_once_and_the_old_one_still_opens(
    engine: Engine, listed: None, data: Path, vault: Vault
) -> None:
    before, _ = opened(engine, vault)
    resealing.rotate(engine, data, now=NOW)
    newer = open_vault(data)
    assert newer.seal("x")[:2] == bytes([0, 2])
    assert opened(engine, newer) == (before, {"0001"})
    assert stat.S_IMODE((data / "numbers.key").stat().st_mode) == 0o600


def test_everything_is_sealed_again_with_the_new_key(engine: Engine, listed: None, data: Path, vault: Vault) -> None:
    before, _ = opened(engine, vault)
    resealing.rotate(engine, data, now=NOW)
    assert resealing.go_on(engine, data, now=NOW) == len(before)
    assert opened(engine, open_vault(data)) == (before, {"0002"})
    with db.reading(engine) as session:
        assert find(session, open_vault(data), "+8613800138123")
        refuse_other_key(session, open_vault(data))


def test_the_old_key_is_kept_for_a_day_and_then_dropped(engine: Engine, listed: None, data: Path) -> None:
    resealing.rotate(engine, data, now=NOW)
    resealing.go_on(engine, data, now=NOW)
    assert sorted(open_vault(data).ring.keys) == [1, 2]
    resealing.go_on(engine, data, now=DAY_AFTER)
    assert sorted(open_vault(data).ring.keys) == [2]
    assert len(opened(engine, open_vault(data))[0]) == 5


def test_what_a_slow_process_sealed_with_the_old_key_keeps_that_key(
    engine: Engine, listed: None, data: Path, vault: Vault
) -> None:
    resealing.rotate(engine, data, now=NOW)
    resealing.go_on(engine, data, now=NOW)
    add_numbers(engine, vault, 3)
    resealing.go_on(engine, data, now=DAY_AFTER)
    assert sorted(open_vault(data).ring.keys) == [1, 2]
    for _ in range(2):
        resealing.go_on(engine, data, now=DAY_AFTER)
    assert sorted(open_vault(data).ring.keys) == [2]
    assert opened(engine, open_vault(data))[1] == {"0002"}


def test_a_second_rotation_waits_for_the_first(engine: Engine, cast: Cast, data: Path) -> None:
    resealing.rotate(engine, data, now=NOW)
    with pytest.raises(RotationUnderWay):
        resealing.rotate(engine, data, now=NOW)
    resealing.go_on(engine, data, now=NOW)
    resealing.rotate(engine, data, now=NOW)
    assert open_vault(data).ring.newest == 3


def test_it_goes_on_where_it_stopped(
    engine: Engine, cast: Cast, data: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "STEP", 10)
    add_numbers(engine, vault, 35)
    resealing.rotate(engine, data, now=NOW)
    assert resealing.go_on(engine, data, now=NOW, most_steps=2) == 20
    assert opened(engine, open_vault(data))[1] == {"0001", "0002"}
    assert resealing.go_on(engine, data, now=NOW) == 15
    with db.reading(engine) as session:
        rotation = session.get_one(KeyRotation, 2)
        assert (rotation.resealed, rotation.done_at) == (35, NOW)


def test_a_rotation_that_died_before_it_was_noted_goes_on_all_the_same(
    engine: Engine, listed: None, data: Path, vault: Vault
) -> None:
    (data / "numbers.key").write_bytes(vault.ring.with_another().written())
    assert resealing.go_on(engine, data, now=NOW) == 5


def test_without_a_new_key_there_is_nothing_to_do(engine: Engine, listed: None, data: Path) -> None:
    assert resealing.go_on(engine, data, now=NOW) == 0


def test_keys_of_the_setting_are_changed_by_the_operator_alone(
    engine: Engine, cast: Cast, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, base64.b64encode(bytes(range(64))).decode())
    newer = resealing.rotate(engine, data, now=NOW)
    assert Ring.read(base64.b64decode(newer)).newest == 2
    add_numbers(engine, open_vault(data), 3)
    monkeypatch.setenv(SETTING, newer)
    assert resealing.go_on(engine, data, now=NOW) == 3
    resealing.go_on(engine, data, now=DAY_AFTER)
    assert sorted(open_vault(data).ring.keys) == [1, 2]


# Attacks


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE phone SET sealed = {blob}",
        "UPDATE refused_row SET sealed = {blob}",
        "UPDATE contact SET sealed = {blob}",
        "UPDATE refused_row SET reason = 'other'",
        "DELETE FROM refused_row",
    ],
)
def test_raw_sql_spoils_nothing_that_is_sealed(session: Session, listed: None, statement: str) -> None:
    blob = "x'0002ff'" if db.is_sqlite(session) else "'\\x0002ff'::bytea"
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.text(statement.format(blob=blob).replace(":", "\\:")))


def test_what_was_sealed_again_is_not_taken_back(engine: Engine, listed: None, data: Path, vault: Vault) -> None:
    resealing.rotate(engine, data, now=NOW)
    resealing.go_on(engine, data, now=NOW)
    with pytest.raises(sa.exc.IntegrityError), db.transaction(engine) as session:
        session.execute(sa.update(Phone).values(sealed=vault.seal("+8613800138000")))


def _work(url: str, data: Path, until: float) -> None:
    resealing.STEP = 5
    engine = db.open_database(url)
    while time.time() < until:
        resealing.go_on(engine, data, now=NOW, most_steps=1)


@pytest.mark.slow
def test_killed_at_any_moment_everything_stays_readable(engine: Engine, cast: Cast, data: Path, vault: Vault) -> None:
    add_numbers(engine, vault, 200)
    before, _ = opened(engine, vault)
    resealing.rotate(engine, data, now=NOW)
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    context = multiprocessing.get_context("spawn")
    for pause in (0.0, 0.02, 0.1):
        workers = [context.Process(target=_work, args=(url, data, time.time() + 60)) for _ in range(2)]
        for worker in workers:
            worker.start()
        _wait_for_a_step(engine)
        time.sleep(pause)
        for worker in workers:
            os.kill(worker.pid or 0, signal.SIGKILL)
            worker.join()
        assert opened(engine, open_vault(data))[0] == before
    resealing.go_on(engine, data, now=NOW)
    assert opened(engine, open_vault(data)) == (before, {"0002"})


def _wait_for_a_step(engine: Engine) -> None:
    def resealed() -> int:
        with db.reading(engine) as session:
            return session.get_one(KeyRotation, 2).resealed

    before, patience = resealed(), time.monotonic() + 30
    while resealed() == before and before < 200 and time.monotonic() < patience:
        time.sleep(0.01)


# The command line


def test_the_command_makes_a_key_and_says_how_far_it_is(
    outbound: Outbound, here: Engine, listed: None, data: Path
) -> None:
    assert "new key" in outbound("keys", "rotate").stdout
    assert "keys 1, 2; key 2 encrypts" in outbound("keys", "show").stdout
    resealing.go_on(here, data, now=clock.now())
    shown = outbound("keys", "show").stdout
    assert "5 values encrypted again" in shown
    assert "nothing is encrypted with the older keys" in shown
