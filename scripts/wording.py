"""The rules about words: what a step claims to tell stands in its text, placeholders exist, phrases are avoided."""

from collections.abc import Iterator

from outbound.errors import Language
from scripts.findings import Findings
from scripts.language import Script, Step, WordsPart
from scripts.placeholders import Placeholder, placeholders
from scripts.vocabulary import Disclosure, Kind, Purpose
from scripts.walk import Walk

NEVER_SAY = (
    WordsPart(zh="白送", en="completely free"),
    WordsPart(zh="不花一分钱", en="costs you nothing"),
    WordsPart(zh="必须办理", en="you must accept"),
    WordsPart(zh="最后一次机会", en="last chance"),
    WordsPart(zh="不办就", en="or we will cut you off"),
)
"""Phrases that no script may hold, whatever its own list says: they mislead about the cost or press the customer."""

_PRICED = frozenset({"offer.name", "offer.price", "offer.cancel"})
NOTICES: dict[str, frozenset[str]] = {
    "notice-order-summary": _PRICED | {"trial.ends"},
    "notice-order-summary-without-trial": _PRICED,
    "notice-reply-request": _PRICED | {"reply.code"},
    "notice-reminder": _PRICED | {"charge.starts"},
    "notice-charge": _PRICED,
    "notice-cancellation": frozenset({"offer.name"}),
}
"""What the notices to customers must say, by the names of their templates."""

_LANGUAGES: tuple[tuple[Language, tuple[str, str]], ...] = (("zh", ("中文", "Chinese")), ("en", ("英文", "English")))
_PRICE = ("价格", "the price")
_CANCEL = ("取消的办法", "how to cancel")
_TRIAL_END = ("体验期结束的日期", "the day on which the trial ends")
_CHARGE = ("开始收费的日期", "the day from which it is charged")


def wording(walk: Walk, found: Findings) -> None:
    """Add every breach of the rules about words to `found`."""
    for name, step in walk.script.steps.items():
        _in_so_many_words(walk, name, step, found)
    for place, words in _said(walk.script):
        path = walk.path(walk.first[place]) if place in walk.first else ()
        for placeholder in _unknown(words):
            found.add("placeholder_known", path, place=place, placeholder=placeholder.written)
        for phrase in _forbidden(walk.script, words):
            found.add("never_say", path, place=place, phrase=phrase)
    _labels(walk, found)
    if walk.script.kind is Kind.NOTICE:
        _notice(walk.script, found)
    for language, _ in _LANGUAGES:
        texts = [_plain(walk.script.steps[name].say.spoken(language)) for name in walk.first]
        for phrase in (words.spoken(language) for words in walk.script.must_say):
            if phrase and language in walk.script.languages and not any(_plain(phrase) in text for text in texts):
                found.add("must_say", phrase=phrase)


def _notice(script: Script, found: Findings) -> None:
    """A notice is one text in both languages, and says what its kind has to."""
    if len(script.languages) < len(_LANGUAGES):
        found.add("notice_in_both")
    text = script.steps[script.start].say
    for language, language_name in _LANGUAGES:
        said = {one.name for one in placeholders(text.spoken(language)) if one.known and one.fallback is None}
        for name in sorted(NOTICES.get(script.script, frozenset()) - said) if text.spoken(language) else ():
            found.add("notice_says", language=language_name, placeholder="{" + name + "}")


def _labels(walk: Walk, found: Findings) -> None:
    """Labels are shown, and options read, as they stand: nothing is filled in, and the same phrases are avoided."""
    for place, words in _shown(walk.script):
        path = walk.path(walk.first[place]) if place in walk.first else ()
        for language in words.languages():
            for placeholder in placeholders(words.spoken(language)):
                found.add("label_is_plain", path, place=place, placeholder=placeholder.written)
        for phrase in _forbidden(walk.script, words):
            found.add("never_say", path, place=place, phrase=phrase)


def _in_so_many_words(walk: Walk, name: str, step: Step, found: Findings) -> None:
    path = walk.path(walk.first[name]) if name in walk.first else ()
    for language, language_name in _LANGUAGES:
        if language not in walk.script.languages:
            continue
        # What has other words to fall back on may not be said at all.
        said = {one.name for one in placeholders(step.say.spoken(language)) if one.known and one.fallback is None}
        for placeholder, what in _claims(walk.script, step):
            if placeholder not in said:
                found.add(
                    "said_in_so_many_words",
                    path,
                    step=name,
                    language=language_name,
                    what=what,
                    placeholder="{" + placeholder + "}",
                )


def _claims(script: Script, step: Step) -> Iterator[tuple[str, tuple[str, str]]]:
    told = step.disclosures
    if Disclosure.TARIFF in told:
        yield "offer.price", _PRICE
        if script.kind is Kind.CONFIRMATION and not script.trial:
            yield "charge.starts", _CHARGE
    if Disclosure.TRIAL_END in told:
        yield "trial.ends", _TRIAL_END
    if Disclosure.ENQUIRE_OR_CANCEL in told or Purpose.TELLS_CANCEL_ROUTE in step.purposes:
        yield "offer.cancel", _CANCEL


def _said(script: Script) -> Iterator[tuple[str, WordsPart]]:
    for name, step in script.steps.items():
        yield name, step.say
        if step.note:
            yield name, step.note
    for name, objection in script.objections.items():
        yield name, objection.say


def _shown(script: Script) -> Iterator[tuple[str, WordsPart]]:
    for name, step in script.steps.items():
        yield from ((name, choice.label) for choice in step.choices)
        yield from ((name, option.label) for option in (step.question.options if step.question else ()))
    for name, objection in script.objections.items():
        yield name, objection.title


def _unknown(words: WordsPart) -> Iterator[Placeholder]:
    for language in words.languages():
        yield from (found for found in placeholders(words.spoken(language)) if not found.known)


def _forbidden(script: Script, words: WordsPart) -> Iterator[str]:
    for language in words.languages():
        for phrase in (*NEVER_SAY, *script.never_say):
            forbidden = phrase.spoken(language)
            if forbidden and _plain(forbidden) in _plain(words.spoken(language)):
                yield forbidden


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
