"""The command that takes somebody on."""

import click

from outbound.errors import Refusal


class RoleUnknown(Refusal):
    """There is no role “{role}”; choose from {known}."""

    zh = "没有“{role}”这个角色，可选：{known}。"
    status = 422


@click.command()
@click.option("--login", required=True, help="name to sign in with")
@click.option("--name", required=True, help="name that colleagues read")
@click.option("--role", "roles", required=True, multiple=True, help="role; may be given more than once")
@click.option("--centre", "code", help="code of the centre, opened where it is new; none for the carrier's people")
@click.option("--centre-name", help="name of a new centre")
@click.password_option(help="asked for where it is not given")
def hire(
    login: str, name: str, roles: tuple[str, ...], code: str | None, centre_name: str | None, password: str
) -> None:
    """Take somebody on; the first manager of a centre comes in this way."""
    from outbound import clock, people
    from outbound.db import transaction
    from outbound.migrating import opened
    from outbound.people import Role
    from outbound.settings import read_settings

    if strange := [role for role in roles if role not in set(Role)]:
        raise RoleUnknown(role=strange[0], known=", ".join(Role))
    now = clock.now()
    with transaction(opened(read_settings())) as session:
        centre = people.open_centre(session, code, name=centre_name or code, now=now) if code else None
        can = [Role(role) for role in roles]
        people.add_staff(session, centre=centre, login=login, name=name, password=password, roles=can, by=None, now=now)
    click.echo(f"{login} ({name}): {', '.join(roles)}" + (f", {code}" if code else ""))
