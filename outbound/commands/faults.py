"""Files that people write are checked together: each by itself, and a definition against what it names."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from outbound.calling_rules.own_profiles import own_profile
from outbound.calling_rules.profiles import PROFILES
from outbound.campaigns.definition import Definition, read_definition
from outbound.campaigns.readiness import needed, unfit
from outbound.documents import Document, DocumentFaulty, Fault
from outbound.errors import Language
from scripts.language import Script, read_script
from scripts.proof import Failure, prove

UNHELD: Mapping[Language, str] = {
    "zh": "{path}：外呼规则“{name}”只有在所属中心才能核对；也可把规则文件一起列出来检查。",
    "en": "{path}: calling rules `{name}` can only be looked up at the centre; or give their file beside it.",
}


def faults_among(texts: Mapping[Path, str]) -> dict[Path, list[Fault]]:
    """Everything wrong in each of these files.

    Where a script is beside a definition that names it, its kind, trial and languages must be the definition's.
    """
    faults = {path: _faults_in(text) for path, text in texts.items()}
    sound = {path: text for path, text in texts.items() if not faults[path]}
    scripts = {script.script: script for script in map(read_script, filter(_is_script, sound.values()))}
    for path, text in sound.items():
        if _is_definition(text):
            faults[path] = list(_against(Document(text), read_definition(text), scripts))
    return faults


def unheld_rules(texts: Mapping[Path, str], language: Language) -> Iterator[str]:
    """A sentence for each definition that names a centre's own rules which are not among these files."""
    given = {str(Document(text).plain().get("name")) for text in texts.values() if _readable(text) and _is_rules(text)}
    for path, text in texts.items():
        if not _readable(text) or not _is_definition(text):
            continue
        calling = Document(text).plain().get("calling")
        name = calling.get("profile", PROFILES[0]) if isinstance(calling, dict) else PROFILES[0]
        if name not in PROFILES and name not in given:
            yield UNHELD[language].format(path=path, name=name)


def _readable(text: str) -> bool:
    try:
        Document(text)
    except DocumentFaulty:
        return False
    return True


def _faults_in(text: str) -> list[Fault]:
    """Everything wrong with one file, told by what it holds; a script is proved as well."""
    try:
        if _is_rules(text):
            own_profile(text)
            return []
        if _is_definition(text):
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


def _is_rules(text: str) -> bool:
    """Whether a file holds calling rules: it says when numbers may ring, and nothing of a campaign."""
    plain = Document(text).plain()
    return ("windows" in plain or "extends" in plain) and "scripts" not in plain


def _is_definition(text: str) -> bool:
    return not _is_script(text) and not _is_rules(text)


def _with_way(failure: Failure, language: Language) -> str:
    """What is wrong, and beneath it the shortest way there in the script's own words."""
    lines = [failure.sentence(language), *failure.transcript(language).splitlines()]
    return "\n    ".join(lines)


def _against(document: Document, definition: Definition, scripts: Mapping[str, Script]) -> Iterator[Fault]:
    for key, name, kinds in needed(definition):
        if name in scripts:
            for missing in unfit(scripts[name], kinds, definition):
                yield document.fault(("scripts", key), zh=missing.zh, en=missing.en)
