"""Lists of opt-outs: whatever they look like, every number in them is blocked at once, and twice is once."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db
from outbound.call_lists.model import Contact, ContactState
from outbound.call_lists.reading import open_list
from outbound.call_lists.refusals import HeadOnly, NoPhoneColumn, QuoteMissing
from outbound.calling_rules.profiles import profile
from outbound.campaigns.opt_out_ends import earliest_ends, strictest
from outbound.errors import Language
from outbound.opt_outs.lists import taking
from outbound.opt_outs.lists.columns import Given, category_in, opt_out_columns
from outbound.opt_outs.lists.exporting import HEADERS, campaigns_named, exported
from outbound.opt_outs.lists.model import OptOutFile
from outbound.opt_outs.lists.preparing import prepared
from outbound.opt_outs.model import Category, OptOut, Scope
from outbound.people import known
from outbound.phones.model import find
from outbound.phones.vault import Vault
from tests.conftest import NOW, Cast
from tests.factories import Maker

LISTS = Path(__file__).parent / "samples/call-lists"
SIX_MONTHS = datetime(2027, 5, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(range(64)))


@pytest.fixture
def make(session: Session, cast: Cast, now: datetime) -> Maker:
    return Maker(session, session.get_one(type(cast.fz), known(cast.fz.id)), now=now)


def given(**facts: Any) -> Given:
    return Given(earliest=earliest_ends(profile(), NOW), zone="Asia/Shanghai", **facts)


def take(session: Session, vault: Vault, data: str | bytes, cast: Cast, **facts: Any) -> OptOutFile:
    written = data.encode() if isinstance(data, str) else data
    listed = open_list(written, "黑名单.xlsx" if written.startswith(b"PK") else "黑名单.csv")
    return taking.take_in(session, vault, listed, given(**facts), by=cast.care, now=NOW, centre_id=cast.fz.id)


def blocks(session: Session) -> list[OptOut]:
    return list(session.exec(select(OptOut).order_by(col(OptOut.id))))


def figures(taken: OptOutFile) -> tuple[int, ...]:
    assert taken.suppressed == 0
    return taken.rows, taken.accepted, taken.duplicate, taken.invalid


def test_every_number_of_a_list_is_blocked_for_ever(session: Session, vault: Vault, cast: Cast) -> None:
    taken = take(session, vault, "手机号码\n13800138000\n+86 139-0013-9000\n10086\n13800138000\n", cast)
    assert figures(taken) == (4, 2, 1, 1)
    phones = [find(session, vault, number) for number in ("+8613800138000", "+8613900139000")]
    assert [row.phone_id for row in blocks(session)] == [phone and phone.id for phone in phones]
    assert {(row.scope, row.category, row.expires_at) for row in blocks(session)} == {
        (Scope.ALL, Category.REFUSAL, None)
    }


def test_the_same_list_twice_adds_nothing(session: Session, vault: Vault, cast: Cast) -> None:
    text = "phone,category,scope,until\n13800138000,complaint,,\n13900139000,,telesales,\n"
    text += "13700137000,refusal,,2028-01-01\n"
    assert figures(take(session, vault, text, cast)) == (3, 3, 0, 0)
    assert figures(take(session, vault, text, cast)) == (3, 0, 3, 0)
    assert len(blocks(session)) == 3


def test_an_expiry_that_was_put_off_is_no_news_the_second_time(session: Session, vault: Vault, cast: Cast) -> None:
    text = "手机号码,到期日\n13800138000,2026-12-01\n"
    take(session, vault, text, cast)
    later = Given(earliest=earliest_ends(profile(), NOW + timedelta(days=30)), zone="Asia/Shanghai")
    listed = open_list(text.encode(), "again.csv")
    again = taking.take_in(session, vault, listed, later, by=None, now=NOW + timedelta(days=30), centre_id=None)
    assert figures(again) == (1, 0, 1, 0)


def test_a_list_closes_what_is_queued_already(session: Session, make: Maker, vault: Vault, cast: Cast) -> None:
    take(session, vault, "phone,scope\n13800138000,survey\n", cast)
    phone = find(session, vault, "+8613800138000")
    contact = make.contact(phone=phone)
    version = phone.version if phone else 0
    take(session, vault, "phone\n13800138000\n", cast)
    assert (contact.state, contact.closed_why) == (ContactState.CLOSED, "opted_out")
    assert phone and phone.version == version + 1


def test_what_a_row_says_of_its_number_is_kept(session: Session, vault: Vault, cast: Cast) -> None:
    text = "号码,类别,范围,有效期至,备注\n13800138000,监管名单,电话营销,2027年12月31日,工信部2026-11\n"
    take(session, vault, text, cast, category=Category.COMPLAINT)
    [row] = blocks(session)
    assert (row.category, row.scope, row.campaign_kind) == (Category.REGULATOR, Scope.CAMPAIGN_KIND, "telesales")
    assert (row.expires_at, row.reason) == (datetime(2027, 12, 31, 16, 0, tzinfo=UTC), "工信部2026-11")


def test_an_expiry_too_early_is_put_off_to_the_first_allowed(session: Session, vault: Vault, cast: Cast) -> None:
    take(session, vault, "号码,类别,到期日\n13800138000,投诉,2026-12-01\n13900139000,内部申请,2026-12-01\n", cast)
    assert [row.expires_at for row in blocks(session)] == [SIX_MONTHS, datetime(2026, 12, 1, 16, 0, tzinfo=UTC)]


@pytest.mark.parametrize("said", ["永久", "", "2027-13-40", "明年"])
def test_an_end_that_nobody_understands_is_none(session: Session, vault: Vault, cast: Cast, said: str) -> None:
    take(session, vault, f"号码,到期日\n13800138000,{said}\n", cast)
    assert blocks(session)[0].expires_at is None


def test_a_scope_that_nobody_understands_is_every_call(session: Session, vault: Vault, cast: Cast) -> None:
    take(session, vault, "号码,范围\n13800138000,亲情网\n", cast)
    assert blocks(session)[0].scope == Scope.ALL


def test_a_list_for_one_campaign_leaves_the_others(session: Session, make: Maker, vault: Vault, cast: Cast) -> None:
    here, there = make.campaign(), make.campaign()
    take(session, vault, "phone,scope\n13800138000,survey\n", cast)
    phone = find(session, vault, "+8613800138000")
    contacts = [make.contact(campaign, phone=phone) for campaign in (here, there)]
    text = "phone\n13800138000\n"
    taken = take(session, vault, text, cast, scope=Scope.CAMPAIGN, campaign_id=here.id)
    assert figures(taken) == (1, 1, 0, 0)
    assert [each.state for each in contacts] == [ContactState.CLOSED, ContactState.QUEUED]


def test_every_number_in_a_row_is_blocked(session: Session, vault: Vault, cast: Cast) -> None:
    taken = take(session, vault, "手机号码,备用号码\n13800138000,13900139000\n13700137000/13600136000,\n", cast)
    assert figures(taken) == (2, 2, 0, 0)
    assert len(blocks(session)) == 4


def test_a_list_without_a_header_is_understood(session: Session, vault: Vault, cast: Cast) -> None:
    assert figures(take(session, vault, "13800138000\n13900139000\n不详\n", cast)) == (3, 2, 0, 1)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_a_list_may_have_any_encoding(session: Session, vault: Vault, cast: Cast, encoding: str) -> None:
    data = "手机号码\t拒呼原因\n13800138000\t客户投诉到工单\n".encode(encoding)
    assert figures(take(session, vault, data, cast)) == (1, 1, 0, 0)
    assert blocks(session)[0].category == Category.COMPLAINT


def test_a_workbook_is_a_list_too(session: Session, vault: Vault, cast: Cast) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["拒呼名单"])
        page.write_row(1, 0, ["手机号码", "失效日期"])
        page.write_row(2, 0, [13800138000, "2028-01-31"])
    assert figures(take(session, vault, target.getvalue(), cast)) == (1, 1, 0, 0)
    assert blocks(session)[0].expires_at == datetime(2028, 1, 31, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("姓名,地市\n王秀英,福州\n", NoPhoneColumn),
        ("手机号码,原因\n", HeadOnly),
        ('手机号码,原因\n13800138000,x\n13900139000,"y\n', QuoteMissing),
    ],
)
def test_a_faulty_file_is_refused(session: Session, vault: Vault, cast: Cast, text: str, refusal: Any) -> None:
    with pytest.raises(refusal):
        take(session, vault, text, cast)


def test_a_list_in_chunks_is_the_same_as_whole(
    session: Session, vault: Vault, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "AT_ONCE", 7)
    numbers = [f"138001{at:05d}" for at in range(60)]
    listed = open_list("\n".join(["phone", *numbers, *numbers[:30]]).encode(), "a.csv")
    columns = opt_out_columns(listed)
    taken = taking.begin(session, listed, given(), by=None, now=NOW, centre_id=None)
    for chunk in prepared(listed, columns.numbers, vault, size=11):
        taking.take(session, vault, taken, chunk, columns, given(), now=NOW)
    assert figures(taken) == (90, 60, 30, 0)
    assert len(blocks(session)) == 60


@pytest.mark.parametrize(
    ("words", "category"),
    [
        ("严重投诉", Category.COMPLAINT),
        ("客户拒绝来电", Category.REFUSAL),
        ("Do not call", Category.REFUSAL),
        ("涉及诉讼", Category.LITIGATION),
        ("工信部谢绝来电", Category.REGULATOR),
        ("内部员工", Category.STAFF_REQUEST),
        ("staff_request", Category.STAFF_REQUEST),
        ("其他", None),
        ("", None),
    ],
)
def test_categories_are_told_by_usual_words(words: str, category: Category | None) -> None:
    assert category_in(words) == category


def test_the_strictest_rules_of_the_centre_say_how_early_a_block_may_end(
    session: Session, make: Maker, cast: Cast
) -> None:
    assert strictest(session, cast.fz.id).name == "cn-telecom"


# Export


def test_what_is_exported_can_be_taken_in_again(session: Session, vault: Vault, cast: Cast) -> None:
    text = "号码,类别,范围,有效期至,备注\n13800138000,监管名单,,2027-12-31,a\n059187654321,投诉,,,b\n"
    text += "13900139000,,retention,,\n"
    take(session, vault, text, cast)
    for language in HEADERS:
        rows = exported(session, vault, col(OptOut.id) > 0, zone="Asia/Shanghai", language=language, whole=True)
        lines = [HEADERS[language], *rows]
        assert lines[1][:5] == ("13800138000", lines[1][1], lines[1][2], "2027-12-31", "a")
        csv = "\n".join(",".join(cells) for cells in lines)
        assert figures(take(session, vault, csv, cast)) == (3, 0, 3, 0)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_block_for_one_campaign_is_exported_by_its_name_and_taken_in_for_it_alone(
    session: Session, vault: Vault, cast: Cast, make: Maker, language: Language
) -> None:
    campaign = make.campaign()
    session.flush()
    take(session, vault, "号码\n13800138000\n", cast, scope=Scope.CAMPAIGN, campaign_id=campaign.id)
    rows = exported(session, vault, col(OptOut.id) > 0, zone="Asia/Shanghai", language=language, whole=True)
    csv = "\n".join(",".join(cells) for cells in [HEADERS[language], *rows])
    campaigns = campaigns_named(session, cast.fz.id)
    assert figures(take(session, vault, csv, cast, campaigns=campaigns)) == (1, 0, 1, 0)
    take(session, vault, csv.replace("13800138000", "13900139000"), cast, campaigns=campaigns)
    assert {(row.scope, row.campaign_id) for row in blocks(session)} == {(Scope.CAMPAIGN, campaign.id)}
    assert campaigns_named(session, cast.xm.id) == {}


def test_numbers_are_exported_masked_to_who_may_not_see_them(session: Session, vault: Vault, cast: Cast) -> None:
    take(session, vault, "号码\n13800138000\n", cast)
    [row] = exported(session, vault, col(OptOut.id) > 0, zone="Asia/Shanghai", language="zh", whole=False)
    assert row[0] == "138****8000"


def test_a_block_is_stored_as_the_verb_stores_it(engine: Engine, vault: Vault, cast: Cast) -> None:
    with db.transaction(engine) as session:
        take(session, vault, "号码\n13800138000\n", cast)
    with db.reading(engine) as session:
        [row] = blocks(session)
        assert (row.at, row.by_id, row.centre_id, row.source) == (NOW, cast.care.id, cast.fz.id, "list 1")
        assert session.exec(select(Contact)).all() == []
