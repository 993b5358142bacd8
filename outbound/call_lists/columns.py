"""Which column of a list holds what: told by the usual Chinese and English headers, corrected by the user's choice."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from outbound.call_lists.refusals import NoPhoneColumn, NoSuchRole, TooManyColumns
from outbound.phones.parsing import Number, parse

NumberedRow = tuple[int, list[str]]
"""A row of a file with its number as spreadsheet programs count, from 1."""

HEADER_WITHIN = 20
"""Titles and remarks may stand above the header, but it is among the file's first twenty rows."""
MOST_COLUMNS = 1_000
"""No list has more; one that was made to do harm may have a million, each to be named and shown."""


class Role(StrEnum):
    """What a column holds."""

    PHONE = "phone"
    NAME = "name"
    PRIORITY = "priority"
    CITY = "city"
    ATTRIBUTE = "attribute"
    IGNORED = "ignored"


@dataclass(frozen=True)
class ColumnMap:
    """Where everything stands in a list's rows; columns are counted from 0, `header_row` from 1.

    Where the list has no header, `header_row` is that of the row above the first. A city is an attribute too: scripts
    name it by its header.
    """

    header_row: int
    headers: tuple[str, ...]
    phone: tuple[int, ...]
    name: int | None
    priority: int | None
    city: int | None
    attributes: tuple[tuple[int, str], ...]

    def roles(self) -> dict[str, str]:
        """Header to role, as a user's own choice is given and kept for the next list."""
        kept = {header: Role.ATTRIBUTE.value for _, header in self.attributes}
        single = {self.name: Role.NAME, self.priority: Role.PRIORITY, self.city: Role.CITY}
        known = dict.fromkeys(self.phone, Role.PHONE) | {at: role for at, role in single.items() if at is not None}
        told = {self.headers[at]: role.value for at, role in known.items()}
        return {header: told.get(header) or kept.get(header, Role.IGNORED.value) for header in self.headers}


_USUAL: dict[Role, str] = {
    Role.PHONE: """
        手机号码 手机号 手机 手机电话 电话 电话号码 电话号 联系电话 联系号码 联系方式 联系手机 联系人电话 联系人手机
        号码 移动电话 移动号码 固定电话 固话 座机 座机号码 用户号码 用户手机 用户手机号 用户电话 客户号码 客户手机
        客户手机号 客户手机号码 客户电话 客户联系电话 业务号码 服务号码 计费号码 外呼号码 目标号码 被叫号码 拨打号码
        受访号码 机主号码 备用电话 备用号码 备用手机 备用联系电话 家庭电话 办公电话 其他电话 本机号码
        phone phones phoneno phonenum phonenumber tel telno telephone telephonenumber telephoneno mobile mobileno
        mobilenumber mobilephone mobilephonenumber cell cellphone cellphonenumber msisdn msisdnnumber contactnumber
        contactno contactphone customerphone homephone workphone businessphone otherphone callee calleenumber
        """,
    Role.NAME: """
        客户姓名 姓名 名字 客户名称 客户名 用户姓名 用户名称 用户名 机主 机主姓名 联系人 联系人姓名 称呼 受访者姓名
        name fullname customername customer clientname client contactname contact subscribername
        """,
    Role.PRIORITY: "优先级 优先级别 优先度 优先 外呼优先级 拨打优先级 priority prio",
    Role.CITY: "地市 城市 所在城市 所属地市 归属地 归属地市 归属城市 市 city town",
}
_ROLE_OF = {word: role for role, words in _USUAL.items() for word in words.split()}
_SINGLE = {Role.NAME, Role.PRIORITY, Role.CITY}
_REMARK = re.compile(r"[(（\[【].*?[)）\]】]")
_NUMBERED = re.compile(r"[\d一二三]+$")


def role_of(header: str) -> Role:
    """What a header announces; anything unknown is an attribute."""
    folded = unicodedata.normalize("NFKC", header).lower()
    bare = "".join(char for char in _REMARK.sub("", folded) if char.isalnum())
    return _ROLE_OF.get(bare) or _ROLE_OF.get(_NUMBERED.sub("", bare)) or Role.ATTRIBUTE


def header_width(rows: Iterable[NumberedRow]) -> int:
    """How many columns the header has, of a list whose first rows these are; 0 where no phone column is known."""
    header = _header(_first(rows), {})
    return len(header[1]) if header else 0


def recognise(rows: Iterable[NumberedRow], *, file_name: str, chosen: Mapping[str, str] | None = None) -> ColumnMap:
    """The columns of a list, from its first rows; `chosen` maps headers to roles and overrules what is recognised.

    A list without a header is understood where its first row holds a number: its columns are called 第1列, 第2列.
    Raises NoPhoneColumn, naming the headers that were found, NoSuchRole and TooManyColumns.
    """
    choice = _checked(chosen or {}, file_name)
    first = _first(rows)
    if any(len(cells) > MOST_COLUMNS and any(map(str.strip, cells[MOST_COLUMNS:])) for _, cells in first):
        raise TooManyColumns(file_name=file_name, limit=MOST_COLUMNS)
    header = _chosen_header(first, choice) or _header(first, choice)
    if header:
        number, cells = header
        headers = _distinct(cells)
        return _mapped(number, headers, _roles(headers, choice))
    without = _without_header(first, choice)
    if without is None:
        raise NoPhoneColumn(file_name=file_name, headers=_said_headers(first))
    return without


def _checked(chosen: Mapping[str, str], file_name: str) -> dict[str, Role]:
    for header, role in chosen.items():
        if role not in set(Role):
            raise NoSuchRole(file_name=file_name, header=header, role=role, roles=", ".join(Role))
    return {header.strip(): Role(role) for header, role in chosen.items()}


def _first(rows: Iterable[NumberedRow]) -> list[NumberedRow]:
    return list(takewhile(lambda row: row[0] <= HEADER_WITHIN, rows))


def _role(header: str, choice: Mapping[str, Role]) -> Role:
    return choice.get(header) or role_of(header)


def _roles(headers: Sequence[str], choice: Mapping[str, Role]) -> list[Role]:
    """Each header's role; where the user has named the one column of a sort, a recognised other one steps back."""
    taken = {role for header, role in choice.items() if header in headers} & _SINGLE
    recognised = [role_of(header) for header in headers]
    left = [Role.ATTRIBUTE if role in taken else role for role in recognised]
    return [choice.get(header, role) for header, role in zip(headers, left, strict=True)]


def _chosen_header(first: Sequence[NumberedRow], choice: Mapping[str, Role]) -> NumberedRow | None:
    """The row whose headers are those for which somebody has chosen, one of them a phone."""
    if Role.PHONE not in choice.values():
        return None
    return next((row for row in first if choice.keys() == set(_distinct(row[1]))), None)


def _header(first: Sequence[NumberedRow], choice: Mapping[str, Role]) -> NumberedRow | None:
    """The first row that names a phone column; of headers in two rows, groups above columns, the lower one."""
    at = next((at for at, (_, cells) in enumerate(first) if _names_phone(cells, choice)), None)
    if at is None:
        return None
    beneath = first[at + 1] if at + 1 < len(first) else None
    if beneath and _names_phone(beneath[1], choice) and _known(beneath[1], choice) > _known(first[at][1], choice):
        return beneath
    return first[at]


def _names_phone(cells: Sequence[str], choice: Mapping[str, Role]) -> bool:
    named = any(_role(cell.strip(), choice) is Role.PHONE for cell in cells)
    # A customer's own row may say 手机 of a number beside it.
    return named and not any(isinstance(parse(cell), Number) for cell in cells)


def _known(cells: Sequence[str], choice: Mapping[str, Role]) -> int:
    return sum(cell.strip() in choice or role_of(cell) is not Role.ATTRIBUTE for cell in cells)


def _without_header(first: Sequence[NumberedRow], choice: Mapping[str, Role]) -> ColumnMap | None:
    if not first:
        return None
    number, cells = first[0]
    headers = _distinct([""] * len(cells))
    told = [Role.PHONE if isinstance(parse(cell), Number) else Role.ATTRIBUTE for cell in cells]
    if Role.PHONE not in told:
        return None
    roles = [choice.get(header, role) for header, role in zip(headers, told, strict=True)]
    return _mapped(number - 1, headers, roles) if Role.PHONE in roles else None


def fullest(first: Sequence[NumberedRow]) -> NumberedRow:
    """Which of the first rows looks most like a header, where none names a phone column."""
    return max(first, key=lambda row: (sum(map(bool, row[1])), -row[0]), default=(0, []))


def _said_headers(first: Sequence[NumberedRow]) -> str:
    return "、".join(cell.strip()[:20] for cell in fullest(first)[1][:30] if cell.strip())


def _distinct(cells: Sequence[str]) -> tuple[str, ...]:
    """Headers without two alike: 备注, 备注 (2); a column without a header is called 第3列."""
    headers: dict[str, None] = {}
    times: Counter[str] = Counter()
    for place, cell in enumerate(cells, start=1):
        plain = " ".join(cell.replace("\ufeff", "").split()) or f"第{place}列"
        header = plain
        while header in headers:
            times[plain] += 1
            header = f"{plain} ({times[plain] + 1})"
        headers[header] = None
    return tuple(headers)


def _mapped(number: int, headers: tuple[str, ...], roles: Sequence[Role]) -> ColumnMap:
    found = {role: [at for at, its in enumerate(roles) if its is role] for role in Role}
    single = {role: next(iter(found[role]), None) for role in _SINGLE}
    elsewhere = {single[Role.NAME], single[Role.PRIORITY], *found[Role.PHONE], *found[Role.IGNORED]}
    kept = tuple((at, header) for at, header in enumerate(headers) if at not in elsewhere)
    return ColumnMap(
        header_row=number,
        headers=headers,
        phone=tuple(found[Role.PHONE]),
        name=single[Role.NAME],
        priority=single[Role.PRIORITY],
        city=single[Role.CITY],
        attributes=kept,
    )
