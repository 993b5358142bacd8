"""Staff of the centre: who works here, in which roles; new passwords; who leaves."""

from typing import Any

import sqlalchemy as sa
from flask import flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound import people
from outbound.campaigns import skills
from outbound.errors import Refusal
from outbound.people import WHOLE_CARRIER, Role, Staff, StaffRole, known
from web.desks.manager.definition_form import SEPARATED
from web.desks.manager.desk import bp
from web.forms import FieldEmpty, Form, filled_form
from web.guard import allows, mine
from web.language import _, lazy_gettext
from web.navigation import ROLE_NAMES
from web.tables import Column, Filter, Table

CENTRE_ROLES = {role: name for role, name in ROLE_NAMES.items() if role not in WHOLE_CARRIER}
"""The roles that somebody of a centre may hold."""
HERE = col(Staff.left_at).is_(None)


class OwnAccount(Refusal):
    """This is your own account: ask another manager to do this."""

    zh = "这是您自己的账号，请由其他经理操作。"
    status = 403


class HasLeft(Refusal):
    """{name} has left; add them anew if they come back."""

    zh = "{name}已离职，如重新入职请新增人员。"


STAFF = Table(
    caption=lazy_gettext("Staff"),
    columns=(
        Column("name", lazy_gettext("Full name"), sort=col(Staff.name)),
        Column("login", lazy_gettext("Sign-in name"), sort=col(Staff.login)),
        Column("number", lazy_gettext("Staff number"), sort=col(Staff.number)),
        Column("roles", lazy_gettext("Roles"), value=lambda row: roles_said(row)),  # noqa: PLW0108
        Column("added_at", lazy_gettext("Employed since"), sort=col(Staff.added_at)),
        Column("left_at", lazy_gettext("Left"), sort=col(Staff.left_at)),
    ),
    key=col(Staff.id),
    order="name",
    empty=lazy_gettext("Nobody yet: add the first one."),
    search=(col(Staff.name), col(Staff.login), col(Staff.number)),
    filters=(
        Filter(
            "employed",
            lazy_gettext("Employed"),
            HERE,
            {True: lazy_gettext("still here"), False: lazy_gettext("has left")},
        ),
    ),
)


def roles_said(staff: Staff) -> str:
    """Somebody's roles in words."""
    held = people.roles_of(g.session, staff)
    return str(_(", ").join(str(name) for role, name in ROLE_NAMES.items() if role in held))


@bp.get("/staff")
@allows("manage_staff")
def list_staff() -> Any:
    """Everybody of the centre."""
    rows = select(Staff).where(Staff.centre_id == g.centre.id)
    asked = request.args.get("role", "")
    if asked in set(Role):
        rows = rows.where(
            sa.exists().where(col(StaffRole.staff_id) == col(Staff.id), col(StaffRole.role) == Role(asked))
        )
    page = STAFF.page(g.session, rows, request.args)
    if page.exported:
        return page.export("staff")
    return render_template("manager/staff.html", page=page, roles_said=roles_said)


@bp.get("/staff/new")
@allows("manage_staff")
def new_staff() -> str:
    """The form for somebody new."""
    return render_template("manager/staff_new.html", roles=list(CENTRE_ROLES.items()))


@bp.post("/staff/new")
@allows("manage_staff", again=new_staff)
def add_staff() -> Any:
    """Take somebody on."""
    with filled_form() as form:
        facts = {name: form.text(name, most=40) for name in ("name", "login")}
        facts |= {"number": form.text("number", required=False, most=20), "password": form.secret("password")}
        roles = _roles(form)
        staff = None if form.faults else _added(form, facts, roles)
    assert staff is not None
    flash(_("%(name)s can sign in as %(login)s from now on.", name=staff.name, login=staff.login))
    return redirect("/manager/staff")


def _roles(form: Form) -> list[Role]:
    roles = form.several("roles", Role)
    if not roles:
        form.refuse("roles", FieldEmpty())
    return roles


def _added(form: Form, facts: dict[str, str], roles: list[Role]) -> Staff | None:
    fields = {people.LoginTaken: "login", people.PasswordTooShort: "password", people.RolesUnfit: "roles"}
    try:
        return people.add_staff(
            g.session,
            centre=g.centre,
            login=facts["login"],
            name=facts["name"],
            password=facts["password"],
            number=facts["number"],
            roles=roles,
            by=g.staff,
            now=g.now,
        )
    except tuple(fields) as refused:
        form.refuse(fields[type(refused)], refused)
        return None


@bp.get("/staff/<int:staff_id>")
@allows("manage_staff")
def show_staff(staff_id: int) -> str:
    """One person: roles, a new password, leaving."""
    staff = mine(g.session, Staff, staff_id)
    held = people.roles_of(g.session, staff)
    able = "、".join(skills.skills_of(g.session, staff))
    return render_template(
        "manager/staff_one.html", staff=staff, held=held, able=able, roles=list(CENTRE_ROLES.items())
    )


def _present(staff_id: int) -> Staff:
    staff = mine(g.session, Staff, staff_id)
    if staff.left_at:
        raise HasLeft(name=staff.name)
    return staff


@bp.post("/staff/<int:staff_id>/roles")
@allows("manage_staff", again=show_staff)
def change_roles(staff_id: int) -> Any:
    """Give somebody these roles and no others."""
    staff = _present(staff_id)
    with filled_form() as form:
        roles = _roles(form)
        if staff.id == g.staff.id and Role.MANAGER not in roles:
            form.refuse("roles", OwnAccount())
        elif not form.faults:
            _give(form, staff, roles)
    flash(_("%(name)s has other roles now and must sign in again.", name=staff.name))
    return redirect(f"/manager/staff/{known(staff.id)}" if staff.id != g.staff.id else "/sign-in")


def _give(form: Form, staff: Staff, roles: list[Role]) -> None:
    try:
        people.change_roles(g.session, staff, roles, by=g.staff, now=g.now)
    except people.RolesUnfit as refused:
        form.refuse("roles", refused)


@bp.post("/staff/<int:staff_id>/skills")
@allows("manage_staff", again=show_staff)
def change_skills(staff_id: int) -> Any:
    """Say what somebody is able to do."""
    staff = _present(staff_id)
    with filled_form() as form:
        wanted = SEPARATED.split(form.text("skills", required=False, most=1000))
        try:
            skills.have_skills(g.session, staff, wanted, by=g.staff, now=g.now)
        except skills.SkillTooLong as refused:
            form.refuse("skills", refused)
    flash(_("Skills of %(name)s are noted; campaigns that ask for them follow at once.", name=staff.name))
    return redirect(f"/manager/staff/{staff.id}")


@bp.post("/staff/<int:staff_id>/password")
@allows("manage_staff", again=show_staff)
def set_password(staff_id: int) -> Any:
    """Set a new password for somebody who has forgotten theirs."""
    staff = _present(staff_id)
    if staff.id == g.staff.id:
        raise OwnAccount
    with filled_form() as form:
        password = form.secret("password")
        try:
            people.change_password(g.session, staff, password, by=g.staff, now=g.now)
        except people.PasswordTooShort as refused:
            form.refuse("password", refused)
    flash(_("%(name)s has a new password and must sign in again.", name=staff.name))
    return redirect(f"/manager/staff/{staff.id}")


@bp.post("/staff/<int:staff_id>/let-go")
@allows("manage_staff", again=show_staff)
def let_go(staff_id: int) -> Any:
    """Somebody leaves: what they did stays."""
    staff = mine(g.session, Staff, staff_id)
    if staff.id == g.staff.id:
        raise OwnAccount
    people.let_go(g.session, staff, by=g.staff, now=g.now)
    flash(_("%(name)s can no longer sign in.", name=staff.name))
    return redirect("/manager/staff")
