"""The ready-made scripts: proved, in both languages, in the words of the trade."""

import re

import pytest

from scripts.language import Disclosure, Kind, Script, library, read_script
from scripts.proof import prove

SCRIPTS = {name: read_script(text) for name, text in library().items()}
EVERY = pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
SPOKEN = pytest.mark.parametrize("script", [each for each in SCRIPTS.values() if each.kind != Kind.NOTICE])
SPOKEN_IN_THE_RECORDINGS = {
    *("greeting", "identity", "permission", "functions", "tariff", "trial_end"),
    *("usage", "cancel", "understanding", "consent", "closing"),
}


def test_the_shelf_holds_a_script_for_every_purpose() -> None:
    assert set(SCRIPTS) == {
        "contract-renewal-confirmation",
        "contract-renewal-correction",
        "contract-renewal-retention",
        "data-plan-trial",
        "family-number-confirmation",
        "family-number-correction",
        "family-number-pitch",
        "new-customer-care",
        "notice-cancellation",
        "notice-charge",
        "notice-order-summary",
        "notice-order-summary-without-trial",
        "notice-reminder",
        "notice-reply-request",
        "other-network-survey",
        "satisfaction-survey",
    }
    assert {script.kind for script in SCRIPTS.values()} == set(Kind)


@EVERY
def test_every_library_script_is_proved(script: Script) -> None:
    proof = prove(script)
    assert proof.holds, [(failure.en, failure.transcript("en")) for failure in proof.failures]


@EVERY
def test_every_library_script_is_named_as_its_file(script: Script) -> None:
    assert SCRIPTS[script.script] is script


@EVERY
def test_every_text_is_in_both_languages(script: Script) -> None:
    said = [step.say for step in script.steps.values()] + [objection.say for objection in script.objections.values()]
    labels = [choice.label for step in script.steps.values() for choice in step.choices]
    questions = [step.question for step in script.steps.values() if step.question]
    options = [option.label for question in questions for option in question.options]
    titles = [script.title, *(objection.title for objection in script.objections.values())]
    notes = [step.note for step in script.steps.values() if step.note]
    assert all(words.zh and words.en for words in [*said, *labels, *options, *titles, *notes])


@EVERY
def test_chinese_is_punctuated_in_chinese_and_english_is_english(script: Script) -> None:
    for words in [step.say for step in script.steps.values()] + [item.say for item in script.objections.values()]:
        chinese = re.sub(r"\{[^{}]*\}", "", words.zh or "")
        english = re.sub(r"\{[^{}]*\}", "", words.en or "")
        assert not re.search(r"[,;:!?.]", chinese), chinese
        assert chinese[-1] in "。？！", chinese
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", english), english


@SPOKEN
def test_customers_can_always_ask_who_calls_and_make_it_stop(script: Script) -> None:
    assert {"is-this-a-scam", "why-me", "do-not-call"} <= set(script.objections)
    assert script.objections["do-not-call"].ends == "do_not_call"


@pytest.mark.parametrize("name", ["family-number-pitch", "data-plan-trial", "contract-renewal-retention"])
def test_a_pitch_answers_the_seven_usual_objections(name: str) -> None:
    assert {
        "too-expensive",
        "is-this-a-scam",
        "how-to-cancel",
        "no-time",
        "why-me",
        "not-needed",
        "have-similar",
    } <= set(SCRIPTS[name].objections)


def test_the_family_number_pitch_goes_as_the_recorded_calls_do() -> None:
    script = SCRIPTS["family-number-pitch"]
    assert set(script.steps) >= SPOKEN_IN_THE_RECORDINGS
    assert script.steps["trial_end"].disclosures == {Disclosure.TRIAL_END}


@pytest.mark.parametrize("name", ["satisfaction-survey", "other-network-survey", "new-customer-care"])
def test_surveys_and_visits_sell_nothing(name: str) -> None:
    script = SCRIPTS[name]
    assert script.consented is None
    assert not [step for step in script.steps.values() if step.disclosures]
    assert [step for step in script.steps.values() if step.question]
