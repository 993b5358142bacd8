"""`outbound why`: why a number, or a campaign, is not dialled."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from outbound.commands.terminal import language
from outbound.errors import Language


@click.command()
@click.argument("number", required=False)
@click.option("--campaign", help="name of a campaign: how many are held back by what")
@click.option("--centre", help="code of the centre, where several have to do with it")
@click.option("--dry-run", is_flag=True, help="a campaign as if it opened now")
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def why(number: str | None, campaign: str | None, centre: str | None, dry_run: bool, as_json: bool) -> None:
    """Say what holds a NUMBER, or a campaign, back now, and when it will be free."""
    if (number is None) == (campaign is None):
        raise click.UsageError("Give a number, or --campaign NAME.")
    found = _of_campaign(campaign, centre, dry_run) if campaign else _of_number(number or "", centre)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    lines = _campaign_lines if campaign else _number_lines
    click.echo("\n".join(lines(found, language())))


def _of_campaign(name: str, centre: str | None, dry_run: bool) -> dict[str, Any]:
    from outbound import clock
    from outbound.commands.named import campaign_named
    from outbound.db import reading
    from outbound.dialing.tally import tally
    from outbound.migrating import opened
    from outbound.overview.why import tally_told
    from outbound.people import Centre
    from outbound.settings import read_settings

    with reading(opened(read_settings())) as session:
        campaign = campaign_named(session, name, centre)
        found = tally_told(campaign.name, tally(session, campaign, now=clock.now(), as_if_open=dry_run))
        return {**found, "zone": session.get_one(Centre, campaign.centre_id).zone}


def _of_number(text: str, code: str | None) -> dict[str, Any]:
    from sqlmodel import select

    from outbound import clock
    from outbound.commands.named import centre_named
    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.overview.why import number_told, phone_typed
    from outbound.people import Centre, known
    from outbound.phones.vault import open_vault
    from outbound.settings import read_settings

    settings = read_settings()
    vault = open_vault(settings.data)
    with reading(opened(settings)) as session:
        phone = phone_typed(session, vault, text)
        centres = [centre_named(session, code)] if code else list(session.exec(select(Centre)).all())
        told = [
            (each.zone, number_told(session, vault, phone, centre_id=known(each.id), now=clock.now()))
            for each in centres
        ]
    contacts = [{**contact, "zone": zone} for zone, each in told for contact in each["contacts"]]
    return {**told[0][1], "contacts": contacts}


def _number_lines(found: dict[str, Any], language: Language) -> Iterator[str]:
    yield f"{found['number']}  {found['dials'][language]}"
    words = {"zh": ("没有清单含此号码。", "现在可拨"), "en": ("It is on no list.", "may be called now")}[language]
    if not found["contacts"]:
        yield words[0]
    for contact in found["contacts"]:
        yield f"{contact['campaign']} ({contact['duty']}): {words[1] if contact['callable'] else ''}".rstrip()
        zone = contact["zone"]
        yield from (f"  - {reason[language]}{_until(reason['free_at'], zone)}" for reason in contact["reasons"])
        if contact["reasons"]:
            yield f" {_until(contact['free_at'], zone) or ' → –'}"


def _campaign_lines(found: dict[str, Any], language: Language) -> Iterator[str]:
    more = "+" if found["at_least"] else ""
    words = {"zh": ("现在可拨", "待拨打"), "en": ("may be called now", "still to be called")}[language]
    yield found["campaign"]
    yield f"{found['callable']:>12,}{more}  {words[0]}"
    yield f"{found['waiting']:>12,}{more}  {words[1]}"
    for group in (*found["held"], *found["closed"]):
        yield f"{group['count']:>12,}{more}  {group[language]}{_until(group['free_at'], found['zone'])}"


def _until(free_at: str | None, zone: str) -> str:
    """An instant on the centre's clock, rounded up to the minute: nothing is said too early."""
    if not free_at:
        return ""
    there = datetime.fromisoformat(free_at).astimezone(ZoneInfo(zone)) + timedelta(seconds=59, microseconds=999_999)
    return f" → {there:%Y-%m-%d %H:%M}"
