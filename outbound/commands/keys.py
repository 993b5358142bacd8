"""Commands about the keys under which numbers rest."""

import click


@click.group()
def keys() -> None:
    """The keys that encrypt customers' numbers: change them, and see how far a change has come."""


@keys.command()
def rotate() -> None:
    """Make a new key: it encrypts from now on, and `outbound work` encrypts with it what older keys have encrypted."""
    from outbound import clock
    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.phones.model import refuse_other_key
    from outbound.phones.vault import open_vault
    from outbound.resealing import rotate as turn
    from outbound.settings import read_settings

    settings = read_settings()
    engine = opened(settings)
    with reading(engine) as session:
        refuse_other_key(session, open_vault(settings.data))
    if given := turn(engine, settings.data, now=clock.now()):
        click.echo("Set this in place of OUTBOUND_NUMBERS_KEY wherever Outbound runs, and start everything again:")
        click.echo(given)
        return
    click.echo("A new key encrypts from now on; `outbound work` encrypts the rest with it. Keep a copy of numbers.key.")


@keys.command()
def show() -> None:
    """Say which keys there are, by number, and how far the last change of keys has come."""
    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.phones.vault import open_vault
    from outbound.resealing import latest, left_behind
    from outbound.settings import read_settings

    settings = read_settings()
    vault = open_vault(settings.data)
    with reading(opened(settings)) as session:
        click.echo(f"keys {', '.join(map(str, sorted(vault.ring.keys)))}; key {vault.ring.newest} encrypts")
        if rotation := latest(session):
            done = f"done {rotation.done_at:%Y-%m-%d %H:%M} UTC" if rotation.done_at else "under way"
            click.echo(
                f"change to key {rotation.id} begun {rotation.began_at:%Y-%m-%d %H:%M} UTC, {done}: "
                f"{rotation.resealed} values encrypted again"
            )
        if len(vault.ring.keys) > 1 and not left_behind(session, vault):
            click.echo("nothing is encrypted with the older keys any more")


@keys.command()
@click.option("--centre", help="code of the centre; without it, of every one")
def public(centre: str | None) -> None:
    """Print the public key with which anybody can check a centre's evidence, as PEM, and its fingerprint.

    Without --centre also the one with which anchors of the journal are signed when they are sent.
    """
    from outbound.commands.named import centres_named
    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.settings import read_settings
    from outbound.signing import fingerprint, public_key, read_public

    settings = read_settings()
    with reading(opened(settings)) as session:
        owners = {each.code: each.id or 0 for each in centres_named(session, centre)}
    for name, number in (owners if centre else {**owners, "anchors": 0}).items():
        pem = public_key(settings.data, number)
        # Words outside of its lines are no part of a PEM file.
        click.echo(f"{name} {fingerprint(read_public(pem))}\n{pem.decode()}", nl=False)
