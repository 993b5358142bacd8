"""What is stored of an import that is given up, and what an import that goes on has to know of its beginning."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.call_lists import fates, phones
from outbound.call_lists.columns import recognise
from outbound.call_lists.judging import Marks
from outbound.call_lists.model import CallList, Contact, ContactNumber, ContactState, RefusedRow, RowFault
from outbound.call_lists.preparing import prepare
from outbound.phones.vault import Vault

AT_ONCE = 2_000


def remove_some(session: Session, call_list: CallList) -> bool:
    """Remove some of the rows of an unpublished list; whether there may be more. The numbers themselves stay."""
    contacts = [number for state in ContactState for number in _some(session, col(Contact.id), _in(call_list, state))]
    session.execute(sa.delete(ContactNumber).where(col(ContactNumber.contact_id).in_(contacts)))
    session.execute(sa.delete(Contact).where(col(Contact.id).in_(contacts)))
    of_list = col(RefusedRow.call_list_id) == call_list.id
    rows = _some(session, col(RefusedRow.row), of_list)
    session.execute(sa.delete(RefusedRow).where(of_list, col(RefusedRow.row).in_(rows)))
    return bool(contacts or rows)


def _in(call_list: CallList, state: ContactState) -> sa.ColumnElement[bool]:
    # Each state has its index.
    return sa.and_(col(Contact.call_list_id) == call_list.id, col(Contact.state) == sa.literal_column(f"'{state}'"))


def _some(session: Session, column: Any, of_list: sa.ColumnElement[bool]) -> list[int]:
    return list(session.execute(sa.select(column).where(of_list).limit(AT_ONCE)).scalars())


def marks_of(session: Session, vault: Vault, call_list: CallList) -> Marks:
    """The phones on rows that an opt-out has held back so far, read again from the rows that were refused."""
    marks, columns = Marks(), recognise([(1, call_list.headers)], file_name=call_list.name, chosen=call_list.roles)
    asked = select(RefusedRow).where(RefusedRow.call_list_id == call_list.id, RefusedRow.fault == RowFault.SUPPRESSED)
    for some in session.exec(asked, execution_options={"yield_per": AT_ONCE}).partitions():
        chunk = prepare([(row.row, fates.from_text(vault.open(row.sealed))) for row in some], columns, vault)
        for phone in phones.phone_ids(session, chunk.phones).values():
            marks.add(phone)
    return marks
