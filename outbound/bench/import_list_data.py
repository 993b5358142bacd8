"""What the import is measured with: a messy list, an earlier one of the same campaign, and blocked numbers."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound.call_lists import bulk
from outbound.call_lists.phones import PHONE_COLUMNS
from outbound.db import is_sqlite, table_of, transaction
from outbound.opt_outs.model import OptOut
from outbound.phones.model import Phone
from outbound.phones.vault import Vault

SEED = 20261123
FORMER_SHARE = 20
"""The campaign has one number for so many rows of the list already."""
_PART = 25_000
_SPELLINGS = ("{}", "{}", "{}", "{}", "{}", "+86{}", "0086{}", "86 {}", "{}.0", "'{}", "+86 {}", "（{}）")
_HEADER = "客户编号,客户姓名,手机号码,地市,当前套餐,月均消费,备注\n"
_NAMES = ["王秀英", "李明", "张伟", "刘洋", "陈芳", "杨丽", "黄磊", "周敏", "吴强", "林静"]
_CITIES = ["福州", "厦门", "泉州", "漳州", "莆田", "宁德", "三明", "南平", "龙岩"]


def _scattered(number: int, head: str) -> str:
    """A mobile number whose digits do not follow the order of the list; each number gives another one."""
    return f"{head}{number * 48271 % 100_000_000:08d}"


def write_list(file: Path, rows: int, opt_outs: int) -> None:
    """A list with spellings, numbers twice, blocked ones, such as are in the campaign, and cells without a number."""
    chance = random.Random(SEED)  # noqa: S311 - a list, not a secret
    with file.open("w", encoding="utf-8-sig") as out:
        out.write(_HEADER)
        for row in range(rows):
            written = _written(row, rows, opt_outs, chance)
            name, city = _NAMES[row % 10], _CITIES[row % 9]
            out.write(f"C{row:08d},{name},{written},{city},畅享{row % 7}8元,{row % 300}.{row % 10}0,回访{row % 5}次\n")


def _written(row: int, rows: int, opt_outs: int, chance: random.Random) -> str:
    fate = chance.random()
    if fate < 0.01:
        return chance.choice(("1.38E+10", "无", "10086", "1381234567", ""))
    if fate < 0.04:
        number = _scattered(chance.randrange(row + 1), "138")
    elif fate < 0.07:
        number = _scattered(chance.randrange(max(1, rows // FORMER_SHARE)), "137")
    elif fate < 0.09 and opt_outs:
        number = _scattered(chance.randrange(opt_outs), "139")
    else:
        number = _scattered(row, "138")
    return chance.choice(_SPELLINGS).format(number)


def write_former(file: Path, rows: int) -> None:
    """The list that the campaign has already."""
    with file.open("w", encoding="utf-8") as out:
        out.write("手机号码,客户姓名\n")
        out.writelines(f"{_scattered(row, '137')},王\n" for row in range(max(1, rows // FORMER_SHARE)))


def block(engine: Engine, vault: Vault, count: int, *, now: datetime) -> None:
    """Opt-outs of so many numbers, stored without what a single block would set in motion: nobody is called yet."""
    with transaction(engine) as session:
        kept = _without_triggers(session)
    for start in range(0, count, _PART):
        with transaction(engine) as session:
            if not is_sqlite(session):
                session.execute(sa.text("SET LOCAL session_replication_role = replica"))
            _block_some(session, vault, range(start, min(count, start + _PART)), now)
    with transaction(engine) as session:
        for statement in kept:
            session.connection().exec_driver_sql(statement)
        session.connection().exec_driver_sql("ANALYZE")


def _without_triggers(session: Session) -> list[str]:
    if not is_sqlite(session):
        return []
    connection = session.connection()
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('opt_out', 'phone')"
    found: Sequence[Any] = connection.exec_driver_sql(asked).all()
    for name, _sql in found:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    return [sql for _name, sql in found]


def _block_some(session: Session, vault: Vault, rows: range, now: datetime) -> None:
    numbers = ["+86" + _scattered(row, "139") for row in rows]
    table, ids = table_of(Phone), bulk.next_ids(session, table_of(Phone), len(rows))
    added_at = bulk.stored(session, table.c.added_at, now)
    made = sorted(zip(vault.digest_many(numbers), vault.seal_many(numbers), strict=True))
    phones = [
        (number, digest, sealed, "CN", "Asia/Shanghai", 0, added_at)
        for number, (digest, sealed) in zip(ids, made, strict=True)
    ]
    bulk.insert(session, table, PHONE_COLUMNS, phones)
    same = {"category": "refusal", "scope": "all", "source": "bench", "reason": "", "at": added_at}
    blocked: Iterator[tuple[Any, ...]] = ((number, *same.values()) for number in ids)
    bulk.insert(session, table_of(OptOut), ["phone_id", *same], list(blocked))
