"""`outbound rules`: the centre's own calling rules, and those that come with the product."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from outbound.commands.terminal import language, refusing_as_json
from outbound.errors import Refusal

if TYPE_CHECKING:
    from outbound.calling_rules.own_rules import OwnRulesVersion
    from outbound.calling_rules.profiles import Label, Profile


class RulesUnknown(Refusal):
    """There are no calling rules “{name}” here; `outbound rules list` names those that there are."""

    zh = "没有名为“{name}”的外呼规则，请用 outbound rules list 查看。"
    status = 404


AS_JSON = click.option("--json", "as_json", is_flag=True, help="as JSON")
CENTRE = click.option("--centre", help="code of the centre, where there are several")


@click.group()
def rules() -> None:
    """Calling rules: list them, read them in words, check a file of your own and keep it."""


@rules.command("list")
@click.option("--centre", help="code of the centre [default: all]")
@AS_JSON
def list_(centre: str | None, as_json: bool) -> None:
    """List the rules that campaigns may name: those of the product, then each centre's own."""
    from outbound.calling_rules.own_profiles import own_profile
    from outbound.calling_rules.profiles import PROFILES, profile

    found: list[dict[str, Any]] = [{"name": name, "label": _both(profile(name).label)} for name in PROFILES]
    for code, name, version, retired in _kept(centre):
        label = _both(own_profile(version.text).label)
        found.append({"name": name, "label": label, "centre": code, "version": version.number, "retired": retired})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo("\n".join(_line(each) for each in found))


def _kept(code: str | None) -> "list[tuple[str, str, OwnRulesVersion, bool]]":
    """The own rules of a centre, or of all: its code, their name, their newest version, whether they are retired."""
    from outbound.calling_rules import own_rules
    from outbound.commands.named import centres_named
    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.people import known
    from outbound.settings import read_settings

    with reading(opened(read_settings())) as session:
        return [
            (centre.code, name, version, name not in own_rules.names_at(session, known(centre.id)))
            for centre in centres_named(session, code)
            for name, version in own_rules.kept_at(session, known(centre.id)).items()
        ]


def _line(found: dict[str, Any]) -> str:
    words = {"zh": ("第 {} 版", "已停用"), "en": ("version {}", "retired")}[language()]
    parts = [found["name"], found["label"][language()], found.get("centre", "")]
    parts.append(words[0].format(found["version"]) if "version" in found else "")
    parts.append(words[1] if found.get("retired") else "")
    return "  ".join(part for part in parts if part)


@rules.command()
@click.argument("name")
@CENTRE
@click.option("--yaml", "as_yaml", is_flag=True, help="as they are written")
@AS_JSON
def show(name: str, centre: str | None, as_yaml: bool, as_json: bool) -> None:
    """Say in words what the rules of that NAME permit."""
    from outbound.calling_rules.own_profiles import own_profile
    from outbound.calling_rules.profiles import PROFILES, profile, shipped

    if name in PROFILES:
        text, said = shipped(name).text, _told(profile(name))
    else:
        version = _newest(name, centre)
        written = own_profile(version.text)
        text, said = version.text, {**_told(written, written.base), "version": version.number, "sha256": version.sha256}
    _print(said, text if as_yaml else "", as_json=as_json)


def _newest(name: str, code: str | None) -> "OwnRulesVersion":
    found = [version for _code, each, version, _retired in _kept(code) if each == name]
    if not found:
        raise RulesUnknown(name=name)
    if len(found) > 1:
        raise click.UsageError("Several centres have rules of that name: say which with --centre.")
    return found[0]


def _told(said: "Profile", base: "Profile | None" = None) -> dict[str, Any]:
    """Rules in words; with `base`, also where they are looser than that."""
    from outbound.calling_rules.in_words import in_words
    from outbound.calling_rules.looser import looser

    told = {"name": said.name, "label": _both(said.label), "permits": [_both(each) for each in in_words(said)]}
    if base is None:
        return told
    return {**told, "looser_than": base.name, "looser": [_both(each) for each in looser(said, base)]}


def _both(label: "Label") -> dict[str, str]:
    return {"zh": label.zh, "en": label.en}


def _print(said: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
    elif text:
        click.echo(text, nl=False)
    else:
        click.echo("\n".join(_sentences(said)))


def _sentences(said: dict[str, Any]) -> list[str]:
    spoken = language()
    lines = [f"{said['name']}  {said['label'][spoken]}", *(f"  {each[spoken]}" for each in said["permits"])]
    if said.get("looser"):
        head = {
            "zh": "以下各项比 {} 宽松，由本中心自行负责：",
            "en": "Looser than {}, at the centre’s own responsibility:",
        }
        lines += [head[spoken].format(said["looser_than"]), *(f"  {each[spoken]}" for each in said["looser"])]
    return lines


@rules.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@AS_JSON
def check(file: Path, as_json: bool) -> None:
    """Check a FILE of rules: every fault with its line, or in words what it permits and where it is looser."""
    from outbound.calling_rules.own_profiles import own_profile
    from outbound.commands.definitions import text_of

    with refusing_as_json(as_json):
        written = own_profile(text_of(file))
    _print(_told(written, written.base), "", as_json=as_json)


@rules.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@CENTRE
@click.option("--note", default="", help="why they are written or changed")
@AS_JSON
def keep(file: Path, centre: str | None, note: str, as_json: bool) -> None:
    """Keep a FILE of rules under the name that it bears, as a new version; the same text twice adds nothing."""
    from outbound import clock
    from outbound.calling_rules import own_rules
    from outbound.calling_rules.own_profiles import own_profile
    from outbound.commands.definitions import text_of
    from outbound.commands.named import one_centre
    from outbound.db import transaction
    from outbound.migrating import opened
    from outbound.settings import read_settings

    with refusing_as_json(as_json):
        text = text_of(file)
        name = own_profile(text).name
        with transaction(opened(read_settings())) as session:
            place = one_centre(session, centre)
            version = own_rules.keep(session, place, text, note=note[:200], by=None, now=clock.now())
            kept = {"name": name, "centre": place.code, "version": version.number, "sha256": version.sha256}
    words = {"zh": "第 {} 版", "en": "version {}"}[language()].format(kept["version"])
    click.echo(json.dumps(kept) if as_json else f"{kept['centre']}  {name}  {words}")
