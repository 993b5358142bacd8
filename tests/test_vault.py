"""Numbers at rest: one key, kept to ourselves, without which the database tells nothing."""

import multiprocessing
import os
import re
import stat
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel

from outbound import db
from outbound.call_lists.importing import import_list
from outbound.campaigns.model import Campaign
from outbound.dialing import handout
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import Role, known
from outbound.phones.model import find, keep, refuse_other_key, shown
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault, WrongNumberKey, open_vault
from tests.conftest import Cast
from tests.desk import floor, vault

__all__ = ["floor", "vault"]

KEY = bytes(range(64))


def number(text: str) -> Number:
    parsed = parse(text)
    assert isinstance(parsed, Number)
    return parsed


def test_what_is_sealed_opens_again() -> None:
    assert Vault(KEY).open(Vault(KEY).seal("+8613800138000")) == "+8613800138000"


def test_the_same_number_is_sealed_differently_each_time() -> None:
    assert Vault(KEY).seal("+8613800138000") != Vault(KEY).seal("+8613800138000")


def test_the_same_number_has_the_same_digest_under_one_key_only() -> None:
    here, elsewhere = Vault(KEY), Vault(bytes(64))
    assert here.digest("+8613800138000") == Vault(KEY).digest("+8613800138000")
    assert here.digest("+8613800138000") != elsewhere.digest("+8613800138000")
    assert here.digest("+8613800138000") != here.digest("+8613800138001")


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b[:5], lambda b: b"", lambda b: b[1:]]
)
def test_what_was_changed_does_not_open(spoil: object) -> None:
    sealed = Vault(KEY).seal("+8613800138000")
    with pytest.raises(WrongNumberKey):
        Vault(KEY).open(spoil(sealed))  # type: ignore[operator]


def test_another_key_opens_nothing() -> None:
    with pytest.raises(WrongNumberKey):
        Vault(bytes(64)).open(Vault(KEY).seal("+8613800138000"))


@pytest.mark.parametrize("length", [0, 32, 63, 65])
def test_a_key_of_another_length_is_refused(tmp_path: Path, length: int) -> None:
    (tmp_path / "numbers.key").write_bytes(bytes(length))
    with pytest.raises(WrongNumberKey):
        open_vault(tmp_path)


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    sealed = open_vault(tmp_path / "data").seal("+8613800138000")
    assert open_vault(tmp_path / "data").open(sealed) == "+8613800138000"
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["numbers.key"]


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_its_owner_can_read_the_key(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        open_vault(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "numbers.key").stat().st_mode) == 0o600


def _digest_in(data: Path) -> bytes:
    return open_vault(data).digest("+8613800138000")


@pytest.mark.slow
def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        for round_ in range(10):
            assert len(set(pool.map(_digest_in, [tmp_path / str(round_)] * 8, chunksize=1))) == 1


def test_the_wrong_key_for_a_database_is_noticed(session: Session, now: datetime) -> None:
    keep(session, Vault(KEY), number("13800138000"), now=now)
    refuse_other_key(session, Vault(KEY))
    with pytest.raises(WrongNumberKey):
        refuse_other_key(session, Vault(bytes(64)))


def test_any_key_fits_an_empty_database(session: Session) -> None:
    refuse_other_key(session, Vault(KEY))


def test_a_number_has_one_row_however_it_is_written(session: Session, now: datetime) -> None:
    rows = {keep(session, Vault(KEY), number(text), now=now).id for text in ("13800138000", "+86 138-0013-8000")}
    assert len(rows) == 1
    assert find(session, Vault(KEY), "+8613800138000") is not None


def test_a_number_is_shown_masked(session: Session, now: datetime) -> None:
    assert shown(Vault(KEY), keep(session, Vault(KEY), number("13800138000"), now=now)) == "138****8000"


LIST = """姓名,手机号,备用号码,地市,备注
王秀英,13800138123,13900139456,福州,
李强 13600136789,１３７００１３７７８９,,厦门,儿子 136 0013 6456
赵敏,138-0013-8123,,泉州,
坏行,1380013,,福州,
"""
DIGITS = (
    "13800138123",
    "13900139456",
    "13700137789",
    "0138123",
    "0139456",
    "0137789",
    "0136789",
    "0013 6456",
    "8613800138123",
    "1380013",
)


def everything_in(engine: Engine) -> str:
    """Every value of every table, as a thief would print them."""
    with engine.connect() as connection:
        rows = [
            repr(tuple(row))
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(sa.text(f'SELECT * FROM "{table.name}"'))
        ]
    return "\n".join(rows)


def test_a_stolen_database_shows_no_number(
    engine: Engine, floor: object, vault: Vault, cast: Cast, now: datetime
) -> None:
    with db.transaction(engine) as session:
        campaign = session.get_one(Campaign, known(floor.campaign.id))  # type: ignore[attr-defined]
        made = import_list(session, vault, campaign, (LIST.encode(), "list.csv"), by=cast.manager, now=now)
        assert (made.accepted, made.duplicate, made.invalid) == (2, 1, 1)
        phone = find(session, vault, "+8613700137789")
        assert phone
        opt_outs.block(
            session,
            phone,
            category=Category.REFUSAL,
            source="care desk",
            by=cast.care,
            now=now,
            reason="请打 13800138123",
        )
        claim = handout.claim_next(session, cast.agent, roles={Role.AGENT}, now=now)
        assert claim
        handout.issue_token(session, claim, by=cast.agent, now=now)
    stolen = everything_in(engine)
    assert "王秀英" in stolen, "the dump holds what was imported"
    bare = re.sub(r"\\x[0-9a-f]{2}", "", stolen)
    assert [digits for digits in DIGITS if digits in bare] == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_stolen_file_shows_no_number(
    engine: Engine, floor: object, vault: Vault, cast: Cast, now: datetime, tmp_path: Path
) -> None:
    with db.transaction(engine) as session:
        campaign = session.get_one(Campaign, known(floor.campaign.id))  # type: ignore[attr-defined]
        import_list(session, vault, campaign, (LIST.encode(), "list.csv"), by=cast.manager, now=now)
    taken = b"".join(file.read_bytes() for file in tmp_path.glob("outbound.sqlite3*"))
    assert "王秀英".encode() in taken
    assert [digits for digits in DIGITS if digits.encode() in taken] == []
