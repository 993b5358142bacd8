"""The console and the JSON API as one WSGI application."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import structlog
from apiflask import APIFlask
from flask import Flask, g, request
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.engine import Engine

from outbound import clock
from outbound.db import open_database
from outbound.settings import Settings
from web import answers, filters, forms, guard, headers, health, language, navigation, sessions
from web.turnstile import Turnstile

DESKS = (
    "web.desks.agent",
    "web.desks.verifier",
    "web.desks.reviewer",
    "web.desks.own_reviews",
    "web.desks.disputes",
    "web.desks.faults",
    "web.desks.manager",
    "web.desks.scripts",
    "web.desks.finance",
    "web.desks.settling",
    "web.desks.care",
    "web.desks.opt_outs",
    "web.desks.opt_out_lists",
    "web.desks.opt_out_files",
    "web.desks.supervisor",
    "web.desks.quality",
    "web.desks.own_file",
    "web.desks.calibrating",
    "web.desks.shifts",
    "web.desks.evidence",
    "web.desks.notices",
    "web.desks.recordings",
    "web.desks.keeping",
    "web.api",
)
"""The modules that bring routes, each as a blueprint `bp`."""


log = structlog.get_logger()


class Console(APIFlask):
    """The application; a failure is logged with the reference number that its user is told."""

    def log_exception(self, exc_info: Any) -> None:
        """Log what Flask would, once, under a reference; nothing of the broken transaction is shown."""
        for name in ("staff", "roles", "centre", "session"):
            g.pop(name, None)
        g.reference = secrets.token_hex(4)
        log.error("request failed", reference=g.reference, path=request.path, exc_info=exc_info)


def create_app(settings: Settings, engine: Engine | None = None, desks: Sequence[str] = DESKS) -> Console:
    """The application over `engine`, or over the settings' database; raises RouteUnguarded and DatabaseOutOfReach.

    `app.config["NOW"]` is the clock; a test or a simulation may put its own there.
    """
    app = Console("web", title="Outbound", version="1", docs_path=None, json_errors=False)
    app.config.update(_configuration(settings), ENGINE=engine or open_database(settings.database), NOW=clock.now)
    app.before_request(_read_clock(app))
    for part in (language, headers, answers, health, filters, forms):
        part.set_up(app)
    CSRFProtect(app)
    app.jinja_env.globals.update(
        desks_of=navigation.desks_of, desk_of=navigation.desk_of, url_of_desk=navigation.first_page
    )
    app.register_blueprint(sessions.bp)
    for name in desks:
        if find_spec(name):
            app.register_blueprint(import_module(name).bp)
    for endpoint in ("static", "openapi.spec"):
        app.view_functions[endpoint] = guard.open_to_all(app.view_functions[endpoint])
    guard.refuse_unguarded(app)
    if app.config["ENGINE"].dialect.name == "sqlite":
        app.wsgi_app = Turnstile(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _configuration(settings: Settings) -> dict[str, object]:
    return {
        "SETTINGS": settings,
        "SECRET_KEY": secret_key(settings.data),
        "MAX_CONTENT_LENGTH": settings.upload_megabytes * 1_000_000,
        "SESSION_COOKIE_NAME": "outbound",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.https,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": settings.https,
    }


def _read_clock(app: Flask) -> Callable[[], None]:
    def read() -> None:
        now: datetime = app.config["NOW"]()
        g.now = now

    return read


def secret_key(folder: Path) -> bytes:
    """The key that signs cookies, made on the first start; several processes that start at once agree on one."""
    key = folder / "console.key"
    if not key.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".console.key.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600, exist_ok=False)
        fresh.write_bytes(secrets.token_bytes(32))
        try:
            key.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return key.read_bytes()
