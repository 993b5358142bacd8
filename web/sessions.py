"""Signing in and out, and the choice of language."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, g, make_response, redirect, render_template, request
from flask import session as cookie

from outbound import attendance, db, people, sign_ins
from outbound.errors import Refusal
from web.answers import here
from web.forms import filled_form
from web.guard import TOKEN, allows, engine, open_to_all
from web.language import COOKIE, NAMES, _, chosen_language
from web.navigation import ROLE_NAMES, first_page

bp = Blueprint("sessions", __name__)


class CurrentPasswordWrong(Refusal):
    """This is not your present password."""

    zh = "当前密码不正确。"
    status = 422


A_YEAR = 365 * 24 * 3600


@bp.get("/")
@allows("own_account")
def home() -> Any:
    """The first desk of who is signed in."""
    return redirect(first_page(g.roles))


@bp.get("/me")
@allows("own_account")
def me() -> str:
    """Who I am here, and my password."""
    return render_template("me.html", role_names=ROLE_NAMES)


@bp.post("/me/password")
@allows("own_account", again=me)
def change_password() -> Any:
    """Set a new password; every other browser of mine is signed out."""
    with filled_form() as form:
        current, wanted = form.secret("current"), form.secret("wanted")
        try:
            sign_ins.check_password(g.session, g.staff.login, current)
            people.change_password(g.session, g.staff, wanted, by=g.staff, now=g.now)
        except sign_ins.WrongPassword:
            form.refuse("current", CurrentPasswordWrong())
        except people.PasswordTooShort as refused:
            form.refuse("wanted", refused)
    _begin(sign_ins.sign_in(g.session, g.staff, hours=current_app.config["SETTINGS"].session_hours, now=g.now))
    flash(_("Your password is changed; other browsers are signed out."))
    return redirect("/me")


@bp.get("/sign-in")
@open_to_all
def show_sign_in() -> str:
    """The sign-in form."""
    return render_template("sign_in.html", next=safe(request.args.get("next", "")))


@bp.post("/sign-in")
@open_to_all
def sign_in() -> Any:
    """Check who signs in; on to the page they wanted, or to their first desk."""
    login, password = request.form.get("login", "").strip(), request.form.get("password", "")
    wanted = safe(request.form.get("next", ""))
    try:
        first, language = _sign_in(login, password, address=request.remote_addr or "")
    except Refusal as refused:
        sentence = refused.sentence(chosen_language())
        page = render_template("sign_in.html", sentence=sentence, refusal=refused, login=login, next=wanted)
        return make_response(page, refused.status)
    response = make_response(redirect(wanted or first))
    if language:
        # Pages that are refused before anybody is known, such as an unknown address, speak it too.
        remember_language(response, language)
    return response


def _sign_in(login: str, password: str, *, address: str) -> tuple[str, str]:
    # Counted, checked, signed in, each by itself: a password takes long to check and must hold nobody up meanwhile.
    with db.transaction(engine()) as session:
        attempt = sign_ins.begin_attempt(session, login, address, now=g.now)
    try:
        with db.reading(engine()) as session:
            staff = sign_ins.check_password(session, login, password)
    except sign_ins.WrongPassword:
        with db.transaction(engine()) as session:
            sign_ins.attempt_failed(session, attempt, address)
        raise
    with db.transaction(engine()) as session:
        sign_ins.attempt_passed(session, attempt)
        staff = sign_ins.unchanged(session, staff)
        token = sign_ins.sign_in(session, staff, hours=current_app.config["SETTINGS"].session_hours, now=g.now)
        first, language = first_page(people.roles_of(session, staff)), staff.language
    _begin(token)
    return first, language


def _begin(token: str) -> None:
    # Nothing of whoever sat here before goes along.
    cookie.clear()
    cookie[TOKEN] = token


@bp.post("/sign-out")
@open_to_all
def sign_out() -> Any:
    """End this browser's sign-in."""
    if token := cookie.get(TOKEN):
        with db.transaction(engine()) as session:
            if staff := sign_ins.signed_in(session, token, now=g.now):
                attendance.leave(session, staff, now=g.now)
            sign_ins.sign_out(session, token, now=g.now)
    cookie.clear()
    return redirect("/sign-in")


@bp.post("/language")
@open_to_all
def choose_language() -> Response:
    """Go on in another language, here and at the next sign-in."""
    wanted = request.form.get("language", "")
    response = make_response(redirect(safe(request.form.get("next", "")) or safe(here()) or "/"))
    if wanted in NAMES:
        with db.transaction(engine()) as session:
            if staff := sign_ins.signed_in(session, cookie.get(TOKEN, ""), now=g.now):
                staff.language = wanted
                session.add(staff)
        remember_language(response, wanted)
    return response


def remember_language(response: Response, language: str) -> None:
    """Let this browser be answered in `language` from now on."""
    secure = current_app.config["SETTINGS"].https
    response.set_cookie(COOKIE, language, max_age=A_YEAR, samesite="Lax", httponly=True, secure=secure)


def safe(address: str) -> str:
    """An address of this console, or nothing: a link must not send who signs in to somebody else's site."""
    within = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if within and not address.startswith(("/sign-in", "/sign-out", "/language")) else ""
