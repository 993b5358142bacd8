"""A script version as an approver sees it: what it changes, line by line, and how it reads with an offer filled in."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import groupby, takewhile

from sqlmodel import Session, col, select

from outbound import clock
from outbound.campaigns import lookups
from outbound.campaigns.definition import Definition, read_definition
from outbound.campaigns.model import Campaign
from outbound.documents import DocumentFaulty
from outbound.errors import Language
from outbound.people import Centre, known
from scripts import approval
from scripts.approval import DiffLine
from scripts.language import Script
from scripts.model import PitchScript, ScriptDecision, ScriptVersion, script_of
from scripts.placeholders import placeholders
from scripts.rendering import Facts
from web.language import chosen_language

AROUND = 4
"""Unchanged lines shown about each change."""
NAMES = {"zh": {"name": "王秀英", "honorific": "女士"}, "en": {"name": "Wang Xiuying", "honorific": "Ms"}}


def titles(versions: Iterable[ScriptVersion]) -> dict[int, str]:
    """What each version is called, by its number; a draft that cannot be read has no title."""
    found = {}
    for version in versions:
        with suppress(DocumentFaulty):
            found[known(version.id)] = script_of(version).title.shown(chosen_language())
    return found


def former(session: Session, version: ScriptVersion) -> ScriptVersion | None:
    """What a version is held against: the one in force, or the one that was in force before it."""
    script = session.get_one(PitchScript, version.script_id)
    versions = approval.versions(session, script)
    if version.in_force_at is None:
        current = approval.in_force(session, script.centre_id, script.name)
        return current if current and current.id != version.id else None
    earlier = [each for each in versions if each.in_force_at and each.number < version.number]
    return max(earlier, key=lambda each: each.number, default=None)


def comments_of(decisions: list[ScriptDecision]) -> dict[int, list[ScriptDecision]]:
    """Comments by the line they are about; 0: the whole."""
    by_line: dict[int, list[ScriptDecision]] = defaultdict(list)
    for decision in decisions:
        if decision.comment:
            by_line[decision.line].append(decision)
    return by_line


@dataclass(frozen=True)
class Pair:
    """One row of a side-by-side diff; None leaves a side empty. Two Nones stand for unchanged lines left out."""

    old: "Line | None"
    new: "Line | None"


@dataclass(frozen=True)
class Line:
    """A line of a diff; of one that was reworded, `other` are the characters that differ."""

    change: str
    old: int | None
    new: int | None
    same: str
    other: str = ""
    rest: str = ""


def unified(before: str, after: str) -> Iterator[Line | None]:
    """The lines near a change; None where unchanged lines are left out."""
    last: DiffLine | None = None
    lines = approval.diff(before, after, around=AROUND)
    reworded = _reworded(lines)
    for line in lines:
        if last and not _follows(last, line):
            yield None
        yield Line(line.change, line.old, line.new, *reworded.get(line, (line.text,)))
        last = line


def _reworded(lines: list[DiffLine]) -> dict[DiffLine, tuple[str, str, str]]:
    """Lines that took each other's place, each as what it shares, what differs, and what it shares again."""
    found: dict[DiffLine, tuple[str, str, str]] = {}
    for removed, added in _replaced(lines):
        for old, new in zip(removed, added, strict=False):
            start = _shared(old.text, new.text)
            end = _shared(old.text[start:][::-1], new.text[start:][::-1])
            # Two lines that share little are two lines, and not one that was reworded.
            if 3 * (start + end) > len(new.text):
                for line in (old, new):
                    stop = len(line.text) - end
                    found[line] = (line.text[:start], line.text[start:stop], line.text[stop:])
    return found


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _replaced(lines: list[DiffLine]) -> Iterator[tuple[list[DiffLine], list[DiffLine]]]:
    """Each run of changed lines, as those removed and those added."""
    for changed, run in groupby(lines, key=lambda line: line.change != "same"):
        if changed:
            block = list(run)
            yield (
                [line for line in block if line.change == "removed"],
                [line for line in block if line.change == "added"],
            )


def _follows(last: DiffLine, line: DiffLine) -> bool:
    old_gap = line.old is not None and last.old is not None and line.old > last.old + 1
    new_gap = line.new is not None and last.new is not None and line.new > last.new + 1
    return not (old_gap or new_gap)


def side_by_side(before: str, after: str) -> list[Pair]:
    """The same lines in two columns: what was removed beside what took its place."""
    pairs: list[Pair] = []
    removed: list[Line] = []
    added: list[Line] = []

    def settle() -> None:
        for place in range(max(len(removed), len(added))):
            old = removed[place] if place < len(removed) else None
            pairs.append(Pair(old, added[place] if place < len(added) else None))
        removed.clear()
        added.clear()

    for line in unified(before, after):
        if line is not None and line.change != "same":
            (removed if line.change == "removed" else added).append(line)
            continue
        settle()
        pairs.append(Pair(line, line))
    settle()
    return pairs


def sample_facts(
    session: Session,
    script: Script,
    centre: Centre,
    *,
    now: datetime,
    language: Language,
    definition: Definition | None = None,
) -> Facts:
    """A customer and an offer with which a script can be read: the offer given, or of a campaign that names it."""
    definition = definition or _using(session, script, centre) or _example()
    offer = definition.offer
    today = clock.local_day(now, centre.zone)
    days = offer.trial_days if offer else 0
    ends = today + timedelta(days=days - 1)
    return Facts(
        customer={**{name: f"〔{name}〕" for name in _attributes(script)}, **NAMES[language]},
        offer=offer.facts if offer else None,
        trial_days=days,
        trial_ends=ends,
        charge_starts=ends + timedelta(days=1),
        sale_date=today,
        reply_code="Y27",
        agent_name="陈芳" if language == "zh" else "Chen Fang",
        agent_number="1001",
        centre_name=centre.name_zh if language == "zh" else centre.name_en,
        today=today,
    )


def _using(session: Session, script: Script, centre: Centre) -> Definition | None:
    """The newest campaign's definition that names a script."""
    asked = select(Campaign).where(Campaign.centre_id == centre.id).order_by(col(Campaign.id).desc())
    for campaign in session.exec(asked):
        definition = lookups.definition_of(session, campaign)
        named = (definition.scripts.pitch, definition.scripts.confirmation, definition.scripts.correction)
        if script.script in named and definition.offer:
            return definition
    return None


def _example() -> Definition:
    source = files("outbound.campaigns").joinpath("examples", "family-number-trial.yaml")
    return read_definition(source.read_text(encoding="utf-8"))


def _attributes(script: Script) -> set[str]:
    """The customer's own attributes that a script names."""
    steps = script.steps.values()
    texts = [
        *(step.say for step in steps),
        *(step.note for step in steps),
        *(o.say for o in script.objections.values()),
    ]
    said = [text for words in texts if words for text in (words.zh, words.en) if text]
    return {found.attribute for text in said for found in placeholders(text) if found.attribute}
