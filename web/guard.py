"""The door: who may come in, and one transaction for each request.

Every route's view is wrapped by `@allows("a permission")` or `@open_to_all`; an application with a route that is not
does not start. Within the view, `g.session` is the open transaction, `g.staff` who asks, `g.roles`, `g.centre` (None
for the carrier's people) and `g.now` the instant of the request. A refusal undoes everything the view did.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial, update_wrapper
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask, Response, current_app, g, make_response, request
from flask import session as cookie
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel

from outbound import db, errors, people, sign_ins
from outbound.errors import NotAllowed, NotFound, Refusal, SignInNeeded
from web import answers
from web.language import speak

View = Callable[..., Any]
Enter = Callable[[Session, str], None]
"""Lets a machine in by the token that it shows; refuses with a named error."""
ModelT = TypeVar("ModelT", bound=SQLModel)

TOKEN = "token"  # noqa: S105  # the key in the cookie, not a secret
READING = frozenset({"GET", "HEAD", "OPTIONS"})
TRIES = 3
COLLISIONS = frozenset({"40001", "40P01"})
"""PostgreSQL's codes for a serialization failure and a deadlock: the same request may succeed the next time."""


class RouteUnguarded(Refusal):
    """The route {route} names no permission of the permission table, so the console does not start."""

    zh = "路由 {route} 没有声明权限表中的权限，控制台无法启动。"
    status = 500


class ChangedMeanwhile(Refusal):
    """Somebody changed this at the same moment; look at it again and repeat what is still needed."""

    zh = "刚刚有其他人改动了这条记录，请重新查看后再操作。"


class Guarded:
    """A view behind its permission; None opens it to all, and leaves transactions to the view."""

    def __init__(
        self, view: View, permission: str | None, *, writes: bool | None, again: View | None, token: Enter | None = None
    ) -> None:
        self.view, self.permission, self.writes, self.again = view, permission, writes, again
        self.token = token
        self.__name__ = view.__name__
        update_wrapper(self, view)

    def __call__(self, **given: Any) -> Response:
        """Let somebody in, run the view in one transaction, and answer once it is committed."""
        if self.permission is None:
            return make_response(self.view(**given))
        try:
            return _retried(partial(self._within, given, writes=self._writing()))
        except Refusal as refused:
            return self._refuse(refused, given)

    def _writing(self) -> bool:
        return request.method not in READING if self.writes is None else self.writes

    def _within(self, given: Mapping[str, Any], *, writes: bool) -> Response:
        with db.transaction(engine()) if writes else _looking() as session:
            self._enter(session)
            return make_response(self.view(**given))

    def _enter(self, session: Session) -> None:
        shown = request.headers.get("Authorization", "")
        if self.token and shown:
            self.token(session, shown.removeprefix("Bearer ").strip())
        else:
            enter(session, self.permission)

    def _refuse(self, refused: Refusal, given: Mapping[str, Any]) -> Response:
        if answers.wants_json() or isinstance(refused, SignInNeeded):
            return answers.answer(refused)
        try:
            return self._show_again(refused, given) if self.again else _told(refused)
        except Refusal as worse:
            # The form itself cannot be shown: it is gone, or the sign-in is.
            g.pop("refusal", None)
            return _told(worse)

    def _show_again(self, refused: Refusal, given: Mapping[str, Any]) -> Response:
        assert isinstance(self.again, Guarded), "again= names a view of this console"
        g.refusal, g.typed = refused, request.form
        wanted = {name: given[name] for name in inspect.signature(self.again.view).parameters if name in given}
        answer = self.again._within(wanted, writes=False)
        answer.status_code = refused.status
        return answer


@contextmanager
def _looking() -> Iterator[Session]:
    # Like `db.reading`, but the view may let go of what it saw and look anew, as `writing` does.
    with Session(db.reader_of(engine()), expire_on_commit=False) as session:
        yield session


def _told(refused: Refusal) -> Response:
    # What the refused transaction had loaded is gone with it: look again at who asks, only reading.
    with db.reading(engine()) as session:
        enter(session, None)
        return answers.as_page(refused)


def allows(
    permission: str, *, writes: bool | None = None, again: View | None = None, token: Enter | None = None
) -> Callable[[View], Guarded]:
    """Let in whose role carries `permission`; or a machine whose token `token` knows, which then sets `g`.

    The transaction writes for POST, PUT, PATCH and DELETE, or as `writes` says. `again` is the view that shows the form
    from which the request came: after a refusal it is shown again with what was typed and why it was refused.
    """

    def guarded(view: View) -> Guarded:
        return Guarded(view, permission, writes=writes, again=again, token=token)

    return guarded


def open_to_all(view: View) -> Guarded:
    """Let anybody in, signed in or not: for signing in, health and static files."""
    return Guarded(view, None, writes=False, again=None)


def engine() -> Engine:
    """The engine of the application that answers."""
    found: Engine = current_app.config["ENGINE"]
    return found


def enter(session: Session, permission: str | None) -> None:
    """Set `g` for who asks; raises SignInNeeded, or NotAllowed where no role of theirs carries `permission`."""
    found = sign_ins.who(session, cookie.get(TOKEN, ""), now=g.now)
    if found is None:
        raise SignInNeeded
    g.session, g.staff, g.roles, g.centre, g.permission = session, found.staff, found.roles, found.centre, permission
    speak(found.staff.language)
    if permission is not None and not people.may(found.roles, permission):
        raise NotAllowed


@contextmanager
def writing() -> Iterator[Session]:
    """A short writing transaction within a view that only reads: what the view renders holds nobody up.

    Who asks, and their permission, are looked at again in it. Afterwards `g.session` sees what was written.
    """
    reader = g.session
    look_anew()
    with db.transaction(engine()) as session:
        enter(session, g.permission)
        yield session
    g.session = reader


def look_anew() -> None:
    """Let go of what a view that only reads has seen: what it asks from now on is as it stands then."""
    g.session.close()


def mine(session: Session, model: type[ModelT], identity: int) -> ModelT:
    """The row of `model` with that number, of one's own centre; raises NotFound. The carrier's people see all."""
    row = session.get(model, identity)
    if row is None or (g.centre is not None and getattr(row, "centre_id", None) != g.centre.id):
        raise NotFound
    return row


def _retried(work: Callable[[], Response]) -> Response:
    for _try in range(TRIES - 1):
        try:
            return work()
        except sa.exc.DBAPIError as failed:
            if getattr(failed.orig, "sqlstate", None) not in COLLISIONS:
                raise _refusal_of(failed) from failed
    try:
        return work()
    except sa.exc.DBAPIError as failed:
        raise _refusal_of(failed) from failed


def _refusal_of(failed: sa.exc.DBAPIError) -> Exception:
    said = str(failed.orig)
    for word, refusal in errors.DATABASE_REFUSALS.items():
        if word in said:
            return refusal()
    state = getattr(failed.orig, "sqlstate", None)
    if state in COLLISIONS or state == "23505" or said.startswith("UNIQUE constraint failed"):
        return ChangedMeanwhile()
    return failed


def refuse_unguarded(app: Flask) -> None:
    """Raise RouteUnguarded where a route of `app` declares no permission, or one that does not exist."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        named = view.permission if isinstance(view, Guarded) else ""
        if named is not None and named not in people.PERMISSIONS:
            raise RouteUnguarded(route=rule.rule)


def authz_table(app: Flask) -> list[dict[str, Any]]:
    """Every route and method with its permission and the roles that carry it ("anybody": all; "token": a machine)."""
    table = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        view = app.view_functions[rule.endpoint]
        permission = view.permission if isinstance(view, Guarded) else ""
        # What no role carries is open to a machine that shows its token.
        carried = [str(role) for role in sorted(people.PERMISSIONS[permission])] if permission else ["anybody"]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            table.append(
                {"route": rule.rule, "method": method, "permission": permission, "roles": carried or ["token"]}
            )
    return table
