"""Files that people write are checked together: each by itself, and a definition against the scripts that it names."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from outbound.campaigns.definition import Definition, read_definition
from outbound.campaigns.readiness import needed, unfit
from outbound.documents import Document, DocumentFaulty, Fault
from outbound.errors import Language
from scripts.language import Script, read_script
from scripts.proof import Failure, prove


def faults_among(texts: Mapping[Path, str]) -> dict[Path, list[Fault]]:
    """Everything wrong in each of these files.

    Where a script is beside a definition that names it, its kind, trial and languages must be the definition's.
    """
    faults = {path: _faults_in(text) for path, text in texts.items()}
    sound = {path: text for path, text in texts.items() if not faults[path]}
    scripts = {script.script: script for script in map(read_script, filter(_is_script, sound.values()))}
    for path, text in sound.items():
        if not _is_script(text):
            faults[path] = list(_against(Document(text), read_definition(text), scripts))
    return faults


def _faults_in(text: str) -> list[Fault]:
    """Everything wrong with a campaign definition or a script, told by what it holds; a script is proved as well."""
    try:
        if not _is_script(text):
            read_definition(text)
            return []
        script = read_script(text)
    except DocumentFaulty as refused:
        return refused.list
    place = Document(text)
    return [
        place.fault(("steps", *failure.steps[-1:]), zh=_with_way(failure, "zh"), en=_with_way(failure, "en"))
        for failure in prove(script).failures
    ]


def _is_script(text: str) -> bool:
    return "steps" in Document(text).plain()


def _with_way(failure: Failure, language: Language) -> str:
    """What is wrong, and beneath it the shortest way there in the script's own words."""
    lines = [failure.sentence(language), *failure.transcript(language).splitlines()]
    return "\n    ".join(lines)


def _against(document: Document, definition: Definition, scripts: Mapping[str, Script]) -> Iterator[Fault]:
    for key, name, kinds in needed(definition):
        if name in scripts:
            for missing in unfit(scripts[name], kinds, definition):
                yield document.fault(("scripts", key), zh=missing.zh, en=missing.en)
