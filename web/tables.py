"""Tables that the server sorts, filters, pages and exports; all of it stands in the address, so it can be sent on.

CONTACTS = Table(
    caption=lazy_gettext("Contacts"),
    columns=(
        Column("name", lazy_gettext("Name"), sort=col(Contact.name), value=lambda contact: contact.name),
        Column("tries", lazy_gettext("Tries"), sort=col(Contact.tries), number=True),
    ),
    key=col(Contact.id),
    order="-tries",
    empty=lazy_gettext("No contacts yet: import a list."),
)

page = CONTACTS.page(g.session, select(Contact).where(…), request.args)
return page.export() if page.exported else render_template("…", page=page)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Response, request
from sqlmodel import Session
from werkzeug.datastructures import MultiDict
from werkzeug.urls import iri_to_uri

from outbound.exports import write_csv
from web.filters import exact
from web.language import _

ROWS = 50
COUNTED = 10_000
"""Rows beyond this are told as “more than”: counting millions would cost more than it says."""


@dataclass(frozen=True)
class Column:
    """A column: its name in addresses, its head, what it sorts by, and the value that is exported."""

    name: str
    label: Any
    sort: Any = None
    value: Callable[[Any], Any] | None = None
    number: bool = False

    def cell(self, row: Any) -> str:
        """The exported text of this column of a row."""
        value = self.value(row) if self.value else getattr(row, self.name, "")
        if isinstance(value, datetime):
            return exact(value)
        return "" if value is None else str(value)


@dataclass(frozen=True)
class Filter:
    """A choice that narrows the rows to those whose `by` has one of the values of `options`."""

    name: str
    label: Any
    by: Any
    options: Mapping[Any, Any]

    def condition(self, chosen: str) -> Any:
        """The condition for a value from an address; nothing for one that is not an option."""
        for value in self.options:
            if str(value) == chosen:
                return self.by == value
        return None


@dataclass(frozen=True)
class Table:
    """What a table shows and how it can be asked; `key` is a unique column that settles equal places."""

    caption: Any
    columns: Sequence[Column]
    key: Any
    empty: Any
    order: str = ""
    search: Sequence[Any] = ()
    filters: Sequence[Filter] = ()
    exports: bool = True

    def page(self, session: Session, rows: Any, asked: MultiDict[str, str]) -> "Page":
        """The rows of the select `rows` that an address asks for."""
        narrowed = self._narrowed(rows, asked)
        limited = narrowed.order_by(None).with_only_columns(self.key).limit(COUNTED + 1).subquery()
        counted = session.scalar(sa.select(sa.func.count()).select_from(limited)) or 0
        page = Page(self, asked, counted)
        ordered = self._ordered(narrowed, page.order)
        shown = ordered if page.exported else ordered.limit(ROWS).offset((page.at - 1) * ROWS)
        page.rows = list(session.exec(shown).all())
        return page

    def _narrowed(self, rows: Any, asked: MultiDict[str, str]) -> Any:
        if words := asked.get("q", "").strip():
            rows = rows.where(sa.or_(*(column.icontains(words, autoescape=True) for column in self.search)))
        for each in self.filters:
            condition = each.condition(asked.get(each.name, ""))
            rows = rows if condition is None else rows.where(condition)
        return rows

    def _ordered(self, rows: Any, order: str) -> Any:
        by = {column.name: column.sort for column in self.columns if column.sort is not None}
        chosen = by.get(order.removeprefix("-"))
        if chosen is None:
            return rows.order_by(self.key)
        place = chosen.desc() if order.startswith("-") else chosen.asc()
        return rows.order_by(place.nulls_last(), self.key)


@dataclass
class Page:
    """One page of a table, and the addresses that lead from it to the others."""

    table: Table
    args: MultiDict[str, str]
    counted: int
    rows: list[Any] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        """The table's own facts: columns, filters, caption, empty, exports."""
        return getattr(self.table, name)

    @cached_property
    def order(self) -> str:
        """By which column, with a minus where it descends."""
        return self.args.get("sort") or self.table.order

    @cached_property
    def at(self) -> int:
        """The page's number, from 1; one past the end is the last."""
        asked = self.args.get("page", "1")
        wanted = int(asked) if asked.isdecimal() else 1
        last = wanted if self.counted > COUNTED else self._last
        return max(1, min(wanted, last))

    @property
    def _last(self) -> int:
        return max(1, -(-self.counted // ROWS))

    @property
    def exported(self) -> bool:
        """Whether the rows are asked for as a file."""
        return self.table.exports and self.args.get("export") == "csv"

    @property
    def asked(self) -> str:
        """What is searched for."""
        return self.args.get("q", "").strip()

    @property
    def searches(self) -> bool:
        """Whether the table can be searched."""
        return bool(self.table.search)

    @property
    def narrowed(self) -> bool:
        """Whether a search or a filter leaves rows out."""
        return bool(self.asked) or any(map(self.chosen, self.table.filters))

    def chosen(self, narrowing: Filter) -> str:
        """The value chosen for a filter, or nothing."""
        value = self.args.get(narrowing.name, "")
        return value if narrowing.condition(value) is not None else ""

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What else stands in the address and must not be lost by searching."""
        own = {"q", "page", "export", *(each.name for each in self.table.filters)}
        return [(name, value) for name, value in self.args.items(multi=True) if name not in own]

    def order_of(self, column: Column) -> str:
        """`ascending` or `descending` for the column by which the rows stand, else nothing."""
        if self.order.removeprefix("-") != column.name:
            return ""
        return "descending" if self.order.startswith("-") else "ascending"

    def sorted_by(self, column: Column) -> str:
        """The address of these rows by another column; the same column again turns the order round."""
        return self._address(sort=f"-{column.name}" if self.order == column.name else column.name, page=None)

    @property
    def everything(self) -> str:
        """The address without search and filters."""
        return self._address(q=None, page=None, **dict.fromkeys(each.name for each in self.table.filters))

    @property
    def export_address(self) -> str:
        """The address of these rows, all pages of them, as a file."""
        return self._address(export="csv", page=None)

    @property
    def earlier(self) -> str:
        """The address of the page before, or nothing."""
        return self._address(page=str(self.at - 1)) if self.at > 1 else ""

    @property
    def later(self) -> str:
        """The address of the page after, or nothing."""
        more = self.at < self._last or (self.counted > COUNTED and len(self.rows) == ROWS)
        return self._address(page=str(self.at + 1)) if more else ""

    @property
    def told(self) -> str:
        """Which rows these are."""
        first, last = (self.at - 1) * ROWS + 1, (self.at - 1) * ROWS + len(self.rows)
        if self.counted > COUNTED:
            return str(_("Rows %(first)d–%(last)d of more than %(total)d", first=first, last=last, total=COUNTED))
        if not self.counted:
            return str(_("No rows"))
        return str(_("Rows %(first)d–%(last)d of %(total)d", first=first, last=last, total=self.counted))

    def _address(self, **changed: str | None) -> str:
        return address(request.path, args_of(self.args, **changed))

    def export(self, name: str = "outbound") -> Response:
        """Exactly the rows that search and filters leave, in their order, as CSV."""
        cells = ([column.cell(row) for column in self.table.columns] for row in self.rows)
        text = write_csv(cells, [str(column.label) for column in self.table.columns])
        answer = Response(text, mimetype="text/csv")
        answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
        return answer


def args_of(asked: Mapping[str, str], **changed: Any) -> MultiDict[str, str]:
    """The parts of an address with some of them changed; None takes one out."""
    args = MultiDict(asked)
    for name, value in changed.items():
        args.poplist(name)
        if value is not None:
            args[name] = str(value)
    return args


def address(path: str, args: MultiDict[str, str]) -> str:
    """A path with its query."""
    query = urlencode(list(args.items(multi=True)))
    return iri_to_uri(f"{path}?{query}" if query else path)
