"""What the browser may do with our answers, and what others may make it do."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine

from outbound.settings import Settings
from tests.conftest import PASSWORD, Cast
from web.app import Console, create_app, secret_key

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def desks() -> tuple[str, ...]:
    return ()


@pytest.mark.parametrize("address", ["/sign-in", "/nowhere", "/healthz", "/static/css/base.css", "/me"])
def test_every_answer_forbids_foreign_and_inline_code(client: FlaskClient, address: str) -> None:
    policy = client.get(address).headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'self'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)


def test_answers_are_not_guessed_at_nor_framed(client: FlaskClient) -> None:
    headers = client.get("/sign-in").headers
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")


def test_pages_are_not_stored_by_the_browser(client_as: Callable[..., FlaskClient]) -> None:
    assert client_as("agent").get("/me").headers["Cache-Control"] == "no-store"


def test_a_static_file_with_its_hash_is_kept_for_a_year(client: FlaskClient, app: Console) -> None:
    with app.test_request_context():
        address = app.url_for("static", filename="css/base.css")
    assert "immutable" in client.get(address).headers["Cache-Control"]


def test_a_static_file_without_its_hash_is_asked_for_again(client: FlaskClient) -> None:
    assert client.get("/static/css/base.css").headers["Cache-Control"] == "no-cache"


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(client: FlaskClient, cast: Cast) -> None:
    cookie = client.post("/sign-in", data={"login": "agent", "password": PASSWORD}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_cookie_travels_only_encrypted_where_the_console_is_reached_so(settings: Settings, engine: Engine) -> None:
    app = create_app(settings.model_copy(update={"https": True}), engine, ())
    client = app.test_client()
    answer = client.get("/sign-in", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_a_form_without_its_token_changes_nothing(app: Console, client_as: Callable[..., FlaskClient]) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = client_as("agent")
    answer = client.post("/sign-out")
    assert answer.status_code == 400
    assert "older than your sign-in" in answer.text
    assert client.get("/me").status_code == 200


def test_an_upload_beyond_the_limit_is_refused_with_the_limit(settings: Settings, engine: Engine) -> None:
    app = create_app(settings.model_copy(update={"upload_megabytes": 1}), engine, ())
    answer = app.test_client().post("/sign-in", data={"login": "x" * 1_000_001})
    assert answer.status_code == 413
    assert "1 MB" in answer.text


def test_the_key_that_signs_cookies_is_made_once_and_kept_from_others(settings: Settings, app: Console) -> None:
    key = settings.data / "console.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert secret_key(settings.data) == key.read_bytes() == app.config["SECRET_KEY"]


def test_the_health_of_the_console_is_told_to_anybody(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_requests_are_counted_by_page_and_status(client: FlaskClient) -> None:
    client.get("/me")
    assert 'outbound_requests_total{endpoint="sessions.me",status="401"} 1.0' in client.get("/metrics").text
