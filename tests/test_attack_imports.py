"""Attacks on imports: killed again and again, two at once into one campaign, files that are made to do harm."""

import io
import multiprocessing
import random
import threading
import time
import zipfile
from collections.abc import Callable
from csv import reader
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import clock, db
from outbound.call_lists import importing, keeping, refusals, running
from outbound.call_lists.model import CallList, Contact, ImportState, RefusedRow
from outbound.call_lists.reading import open_list
from outbound.call_lists.running import Works
from outbound.campaigns.model import Campaign
from outbound.exports import write_csv
from outbound.people import known
from outbound.phones.model import Phone
from outbound.phones.vault import Vault
from tests.conftest import NOW, Cast
from tests.test_importing import a_campaign, block, csv

KEY = bytes(range(64))
KILLS = 10
ROWS = 5_000


@pytest.fixture
def vault() -> Vault:
    return Vault(KEY)


@pytest.fixture
def campaign(engine: Engine, cast: Cast) -> Campaign:
    with db.transaction(engine) as session:
        return a_campaign(session, cast, "亲情网")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return keeping.folder_in(tmp_path)


def messy() -> bytes:
    """Rows of every fate: one in ten comes twice, one in twenty is no number, one in fifty is blocked."""
    rows = []
    for place in range(ROWS):
        written = f"138{place:08d}"
        if place % 10 == 3:
            written = f"138{place - 1:08d}"
        if place % 20 == 7:
            written = "1.38E+10"
        if place % 50 == 9:
            written = "13900139000"
        rows.append(f"{written},王{place},a")
    return csv(*rows)


def begun(engine: Engine, campaign: Campaign, folder: Path, data: bytes, name: str = "list.csv") -> int:
    file = folder.parent / name
    file.write_bytes(data)
    with db.transaction(engine) as session:
        opened = open_list(file, name)
        call_list = importing.begin(session, campaign, opened, opened.columns(), by=None, now=clock.now())
        call_list.file = keeping.keep(folder, Vault(KEY), opened.source)
    return known(call_list.id)


def running_in_a_child(url: str, folder: Path, number: int, heard: Connection) -> None:
    """What a child process does until it is killed: it tells of each chunk that is stored."""
    works = Works(
        engine=db.open_database(url),
        folder=folder,
        opener=partial(Vault, KEY),
        now=clock.now,
        size=150,
        pause=0.01,
        told=lambda one: heard.send(one.so_far.get("rows", 0)),
    )
    running.run(works, number)


def killed_after(engine: Engine, folder: Path, number: int, chunks: int, moment: float) -> None:
    """Let a process of its own import until so many chunks are stored, and kill it some moment later."""
    # A server that has imported everything once and forks from there starts a child in no time.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.test_attack_imports"])
    ours, theirs = context.Pipe(duplex=False)
    url = engine.url.render_as_string(hide_password=False)
    process = context.Process(target=running_in_a_child, args=(url, folder, number, theirs))
    process.start()
    theirs.close()
    for _chunk in range(chunks):
        ours.recv()
    time.sleep(moment)
    process.kill()
    process.join()
    ours.close()


def let_go(engine: Engine, number: int) -> None:
    """The lease of a dead process runs out; the test does not wait the minute."""
    with db.transaction(engine) as session:
        session.get_one(CallList, number).lease_until = clock.now() - timedelta(seconds=1)


def rows_stored(session: Session, number: int) -> int:
    contacts = select(sa.func.count()).select_from(Contact).where(Contact.call_list_id == number)
    refused = select(sa.func.count()).select_from(RefusedRow).where(RefusedRow.call_list_id == number)
    return session.exec(contacts).one() + session.exec(refused).one()


def test_an_import_that_is_killed_ten_times_has_exactly_one_row_for_each_row_of_the_file(
    engine: Engine, session: Session, vault: Vault, campaign: Campaign, cast: Cast, folder: Path
) -> None:
    with db.transaction(engine) as work:
        block(work, vault, "13900139000", cast)
    number, chance = begun(engine, campaign, folder, messy()), random.Random(3)
    for _ in range(KILLS):
        killed_after(engine, folder, number, chance.randint(1, 3), chance.random() / 50)
        with db.reading(engine) as reader:
            call_list = reader.get_one(CallList, number)
            assert rows_stored(reader, number) == call_list.so_far.get("rows", 0)
            assert call_list.published_at is None
        let_go(engine, number)
    works = Works(engine=engine, folder=folder, opener=partial(Vault, KEY), now=clock.now)
    done = running.run(works, number)
    assert done
    assert done.state is ImportState.PUBLISHED
    assert (done.rows, rows_stored(session, number)) == (ROWS, ROWS)
    other = a_campaign(session, cast, "流量包")
    at_once = importing.import_list(session, vault, other, (messy(), "list.csv"), by=None, now=NOW)
    assert importing.tally_of(done) == importing.tally_of(at_once)


def test_two_lists_at_once_into_one_campaign_share_its_numbers_without_one_twice(
    engine: Engine, session: Session, campaign: Campaign, folder: Path
) -> None:
    numbers = [f"138{place:08d}" for place in range(1_500)]
    lists = [
        begun(engine, campaign, folder, csv(*(f"{each},王,a" for each in some)), f"{name}.csv")
        for name, some in (("a", numbers), ("b", list(reversed(numbers))))
    ]
    works = Works(engine=engine, folder=folder, opener=partial(Vault, KEY), now=clock.now, size=100, pause=0.002)
    threads = [threading.Thread(target=running.run, args=(works, number)) for number in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [session.get_one(CallList, number) for number in lists]
    assert [each.state for each in told] == [ImportState.PUBLISHED] * 2
    assert sum(each.accepted for each in told) == sum(each.duplicate for each in told) == 1_500
    assert session.exec(select(sa.func.count()).select_from(Phone)).one() == 1_500


def test_lists_of_the_same_numbers_into_two_campaigns_at_once_share_the_rows_of_the_numbers(
    engine: Engine, session: Session, campaign: Campaign, cast: Cast, folder: Path
) -> None:
    with db.transaction(engine) as work:
        other = a_campaign(work, cast, "流量包")
    data = csv(*(f"138{place:08d},王,a" for place in range(1_500)))
    lists = [begun(engine, each, folder, data) for each in (campaign, other)]
    works = Works(engine=engine, folder=folder, opener=partial(Vault, KEY), now=clock.now, size=100)
    threads = [threading.Thread(target=running.run, args=(works, number)) for number in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [session.get_one(CallList, number).accepted for number in lists] == [1_500, 1_500]
    assert session.exec(select(sa.func.count()).select_from(Phone)).one() == 1_500


# Files that are made to do harm


def workbook(sheet: bytes, **parts: bytes) -> bytes:
    """An XLSX file around the XML of a sheet."""
    kinds = (
        b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        b'<Default Extension="xml" ContentType="application/xml"/></Types>'
    )
    related = (
        b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" '
        b'Target="%s"/></Relationships>'
    )
    book = (
        b'<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        b'<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    files = {
        "[Content_Types].xml": kinds,
        "_rels/.rels": related % (b"officeDocument", b"xl/workbook.xml"),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": related % (b"worksheet", b"worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet,
        **parts,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


HOSTILE: dict[str, tuple[Callable[[], bytes], type[refusals.FileRefused]]] = {
    "bomb.xlsx": (lambda: workbook(b" " * 800_000_000), refusals.WorkbookTooLarge),
    "entities.xlsx": (lambda: workbook(ENTITIES + SHEET % b"<row><c><v>&b;</v></c></row>"), refusals.EntitiesInside),
    "page.xlsx": (lambda: b"<html><table><tr><td>13800138000</td></tr></table></html>", refusals.WebPageInside),
    "quote.csv": (lambda: csv("1,a,a", "2,a,a", "3,a,a", "4,a,a", "5,a,a", '13800138000,"a,a'), refusals.QuoteMissing),
    "old.xls": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, refusals.OldWorkbook),
    "long.csv": (lambda: b"phone\n" + b"1" * 3_000_000, refusals.RowTooLong),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_harmful_file_is_refused_with_one_sentence_and_leaves_nothing(
    engine: Engine, session: Session, vault: Vault, campaign: Campaign, name: str
) -> None:
    made, refusal = HOSTILE[name]
    data = made()
    with pytest.raises(refusal) as refused, db.transaction(engine) as work:
        importing.import_list(work, vault, campaign, (data, name), by=None, now=NOW)
    assert "\n" not in refused.value.sentence("zh")
    for table in (CallList, Contact, Phone, RefusedRow):
        assert session.exec(select(sa.func.count()).select_from(table)).one() == 0


def test_the_missing_quotation_mark_of_row_seven_is_named(session: Session, vault: Vault, campaign: Campaign) -> None:
    data = HOSTILE["quote.csv"][0]()
    with pytest.raises(refusals.QuoteMissing, match="row 7"):
        importing.import_list(session, vault, campaign, (data, "quote.csv"), by=None, now=NOW)


def test_the_row_of_a_stray_nul_is_named(session: Session, vault: Vault, campaign: Campaign) -> None:
    data = csv(*["13800138000,a,a"] * 100_000, "13800138001,a\0b,a")
    with pytest.raises(refusals.NulInside, match="Row 100002"):
        importing.import_list(session, vault, campaign, (data, "nul.csv"), by=None, now=NOW)


def test_formulas_and_lost_digits_ring_nobody(session: Session, vault: Vault, campaign: Campaign) -> None:
    data = csv("1.38E+10,王,a", "1.38001E+10,王,a", "=1+1,王,a", '"=HYPERLINK(""http://x"",""13800138000"")",王,a')
    taken = importing.import_list(session, vault, campaign, (data, "a.csv"), by=None, now=NOW)
    assert (taken.accepted, taken.invalid) == (0, 4)


LATER: dict[str, tuple[Callable[[], bytes], type[refusals.FileRefused]]] = {
    "empty.csv": (lambda: b"", refusals.EmptyFile),
    "spaces.csv": (lambda: b"\n \n\t\n", refusals.EmptyFile),
    "head.csv": ("手机号码,姓名\n".encode, refusals.HeadOnly),
    "zeros.csv": (lambda: b"\0" * 4_096, refusals.NotAList),
    "zero-inside.csv": (lambda: csv(*["13800138000,a,a"] * 9, "13800138000,a\0b,a"), refusals.NulInside),
    "zero-far.csv": (lambda: csv(*["13800138000,a,a"] * 100_000, "13800138001,a\0b,a"), refusals.NulInside),
    "half-utf16.csv": (lambda: "手机号码\n13800138000\n".encode("utf-16") + b"\0", refusals.UnknownEncoding),
    "cells.csv": (lambda: b"phone\n" + b"," * 2_000_000, refusals.RowTooLong),
    "quoted.csv": (lambda: b'phone\n"' + b"1\n" * 1_000_000, refusals.QuoteMissing),
    "texts.xlsx": (
        lambda: workbook(
            SHEET % b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>',
            **{"xl/sharedStrings.xml": b"<sst><si><t>" + b"x" * 40_000_000 + b"</t></si></sst>"},
        ),
        refusals.BrokenWorkbook,
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_what_is_no_list_is_refused_with_one_sentence(name: str) -> None:
    made, refusal = LATER[name]
    with pytest.raises(refusal) as refused:
        opened = open_list(made(), name)
        found = opened.columns()
        assert [number for number, _ in opened.rows() if number > found.header_row]
    for language in ("zh", "en"):
        assert "\n" not in refused.value.sentence(language)


def test_a_list_in_utf16_is_read_like_any_other(session: Session, vault: Vault, campaign: Campaign) -> None:
    data = "手机号码\t姓名\n13800138000\t王秀英\n".encode("utf-16")
    taken = importing.import_list(session, vault, campaign, (data, "a.txt"), by=None, now=NOW)
    assert (taken.accepted, session.exec(select(Contact.name)).one()) == (1, "王秀英")


def test_what_excel_would_run_is_text_when_it_leaves_again(session: Session, vault: Vault, campaign: Campaign) -> None:
    evil = ["=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "＝1"]
    data = csv(*(f'1380013,"{each}",a' for each in evil))
    taken = importing.import_list(session, vault, campaign, (data, "a.csv"), by=None, now=NOW)
    rows = [fate.cells for fate in importing.refused_rows(session, vault, taken)]
    assert [cells[1] for cells in rows] == evil
    written = list(reader(io.StringIO(write_csv(rows, ["a", "b", "c"]).decode("utf-8-sig"))))
    assert [cells[1] for cells in written[1:]] == [f"'{each}" for each in evil]
