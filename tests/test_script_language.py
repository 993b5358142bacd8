"""Reading scripts: what the language allows, and every fault at its line."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound.documents import DocumentFaulty
from scripts.language import (
    ENDINGS,
    Disclosure,
    Ending,
    Kind,
    Purpose,
    Script,
    When,
    content_hash,
    disclosures_of,
    endings_of,
    read_script,
    required_disclosures,
)

SMALL = """\
script: small
kind: pitch
title: {zh: 小脚本, en: Small}
start: ask
steps:
  ask:
    say: {zh: 每月五元，同意吗？, en: Five yuan a month - do you agree?}
    stands_for: [asks_consent, discloses: [tariff, usage]]
    choices:
      - {label: {zh: 同意, en: I agree}, meaning: yes, to: bye}
      - {label: 挂断, ends: hung_up}
  bye:
    say: {zh: 再见, en: Goodbye}
    ends: sold
"""


def faults(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(DocumentFaulty) as refused:
        read_script(text)
    assert all(fault.zh and fault.en and fault.zh != fault.en for fault in refused.value.list)
    return [(fault.line, fault.column, fault.en) for fault in refused.value.list]


def one_fault(text: str) -> tuple[int, int, str]:
    found = faults(text)
    assert len(found) == 1, found
    return found[0]


def test_a_script_is_read_with_what_its_steps_stand_for() -> None:
    script = read_script(SMALL)
    ask = script.steps["ask"]
    assert script.kind is Kind.PITCH
    assert ask.purposes == {Purpose.ASKS_CONSENT}
    assert ask.disclosures == {Disclosure.TARIFF, Disclosure.USAGE}
    assert ask.choices[1].ends is Ending.HUNG_UP
    assert script.languages == ("zh", "en")


def test_one_thing_that_a_step_stands_for_needs_no_list() -> None:
    script = read_script(SMALL.replace("[asks_consent, discloses: [tariff, usage]]", "{discloses: tariff}"))
    assert disclosures_of(script) == (Disclosure.TARIFF,)


def test_disclosures_come_in_the_usual_order() -> None:
    assert disclosures_of(read_script(SMALL)) == (Disclosure.TARIFF, Disclosure.USAGE)


def test_a_plain_string_is_chinese() -> None:
    label = read_script(SMALL).steps["ask"].choices[1].label
    assert (label.zh, label.en, label.shown("en")) == ("挂断", None, "挂断")


def test_chinese_folded_over_lines_has_no_space_in_it() -> None:
    text = SMALL.replace("{zh: 再见, en: Goodbye}", "{zh: 祝您愉快，\n      再见, en: Good\n      bye}")
    assert read_script(text).steps["bye"].say.zh == "祝您愉快，再见"
    assert read_script(text).steps["bye"].say.en == "Good bye"


def test_an_unknown_target_is_named_at_its_place() -> None:
    line, column, sentence = one_fault(SMALL.replace("to: bye", "to: by"))
    assert (line, SMALL.splitlines()[line - 1][column - 1 :][:2]) == (10, "to")
    assert sentence == "there is no step named `by`; write the name of one of ask, bye."


def test_an_unknown_start_is_named() -> None:
    assert one_fault(SMALL.replace("start: ask", "start: hello"))[:2] == (4, 1)


def test_an_unknown_key_is_refused() -> None:
    assert one_fault(SMALL.replace("    ends: sold", "    ends: sold\n    colour: red"))[0] == 15


def test_an_unknown_disclosure_is_refused_with_the_known_ones() -> None:
    line, _, sentence = one_fault(SMALL.replace("usage", "weather"))
    assert line == 8
    assert "enquire_or_cancel" in sentence


def test_an_unknown_purpose_is_refused() -> None:
    assert one_fault(SMALL.replace("asks_consent", "asks_nicely"))[0] == 8


def test_a_step_has_one_continuation_only() -> None:
    assert "only one of" in one_fault(SMALL + "    next: ask\n")[2]


def test_a_choice_leads_on_or_ends_and_not_both() -> None:
    assert one_fault(SMALL.replace("to: bye", "to: bye, ends: sold"))[0] == 10
    assert one_fault(SMALL.replace(", to: bye", ""))[0] == 10


def test_a_tenth_choice_has_no_number_key() -> None:
    many = "".join(f"      - {{label: 答{n}, to: bye}}\n" for n in range(8))
    assert "at most 9" in one_fault(SMALL.replace("  bye:\n    say", many + "  bye:\n    say"))[2]


def test_a_survey_cannot_end_with_a_sale() -> None:
    line, _, sentence = one_fault(SMALL.replace("kind: pitch", "kind: survey"))
    assert line == 14
    assert "completed" in sentence


def test_an_objection_cannot_end_with_a_sale() -> None:
    text = SMALL + "objections:\n  pushy: {title: 好吧, say: {zh: 好, en: Good}, ends: sold}\n"
    assert one_fault(text)[0] == 16


def test_a_text_missing_in_one_language_is_named() -> None:
    line, _, sentence = one_fault(SMALL.replace("{zh: 再见, en: Goodbye}", "再见"))
    assert (line, "no English text" in sentence) == (13, True)


def test_a_step_without_any_text_is_refused() -> None:
    assert "no " in faults(SMALL.replace("{zh: 再见, en: Goodbye}", "{}"))[0][2]


def test_all_faults_are_told_at_once_in_order_of_lines() -> None:
    text = SMALL.replace("start: ask", "start: hello").replace("meaning: yes", "meaning: maybe").replace("sold", "gone")
    assert [line for line, _, _ in faults(text)] == [4, 10, 14]


def test_broken_yaml_is_told_at_its_line() -> None:
    assert one_fault("script: small\nsteps: [a, b\nkind: pitch\n")[0] == 2


def test_a_bomb_of_aliases_is_refused_at_its_first() -> None:
    bomb = "a0: &a0 [x, x, x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    assert one_fault(bomb)[:2] == (2, 10)


def test_a_bottomless_nesting_is_refused() -> None:
    assert "too deeply" in one_fault("a: " + "[" * 5000 + "]" * 5000)[2]


def test_a_star_in_what_is_said_is_no_alias() -> None:
    assert read_script(SMALL.replace("再见, en", "再按*号, en")).steps["bye"].say.zh == "再按*号"


def test_the_same_step_twice_is_refused() -> None:
    assert one_fault(SMALL + "  bye: {say: {zh: 走, en: Go}, ends: sold}\n")[0] == 15


SURVEY = """\
script: asks
kind: survey
title: 问
start: mark
steps:
  mark:
    say: 打几分？
    question: {kind: scale, least: 1, most: 10}
    next: why
  why:
    say: 为什么？
    when: {answer_to: mark, at_most: 6}
    question: {kind: text}
    next: bye
  bye: {say: 再见, ends: completed}
"""


def test_a_survey_is_read_with_its_skips() -> None:
    when = read_script(SURVEY).steps["why"].when
    assert when is not None
    assert (when.answer_to, when.at_most) == ("mark", 6)


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("answer_to: mark", "answer_to: bye", 12),
        (", at_most: 6", "", 12),
        ("    question: {kind: text}\n    next: bye", "    ends: completed", 12),
        ("least: 1, most: 10", "least: 10, most: 1", 8),
        ("{kind: scale, least: 1, most: 10}", "{kind: text}", 12),
        ("{kind: text}", "{kind: single, options: [{code: a, label: 甲}]}", 13),
        (
            "{kind: text}",
            "{kind: single, options: [{code: a, label: 甲}, {code: a, label: 乙}, {code: b, label: 丙}]}",
            13,
        ),
    ],
)
def test_a_question_or_condition_that_cannot_work_is_refused(before: str, after: str, line: int) -> None:
    assert one_fault(SURVEY.replace(before, after))[0] == line


def test_a_condition_names_an_option_that_exists() -> None:
    text = SURVEY.replace(
        "kind: scale, least: 1, most: 10", "kind: single, options: [{code: a, label: 甲}, {code: b, label: 乙}]"
    )
    assert one_fault(text.replace("at_most: 6", "is: [a, c]"))[2].startswith("the question has no option `c`")


def test_conditions_fit_answers() -> None:
    assert When(answer_to="q", at_most=6).fits(6)
    assert not When(answer_to="q", at_most=6).fits(7)
    assert not When(answer_to="q", at_least=3).fits(None)
    assert When(answer_to="q", is_="a").fits(["a", "b"])
    assert not When(answer_to="q", is_not="a").fits(["a", "b"])


def test_a_hash_depends_on_what_is_said_and_not_on_how_it_is_laid_out() -> None:
    assert content_hash(SMALL) == content_hash("# a remark\n" + SMALL.replace("  bye:\n", "\n\n  bye:\n"))
    assert content_hash(SMALL) != content_hash(SMALL.replace("五元", "六元"))
    assert len(content_hash(SMALL)) == 64


def test_what_must_be_told_depends_on_the_kind_and_the_trial() -> None:
    assert required_disclosures("pitch") == frozenset(Disclosure)
    assert Disclosure.TRIAL_END not in required_disclosures("retention", trial=False)
    assert required_disclosures("confirmation") == {
        Disclosure.TARIFF,
        Disclosure.TRIAL_END,
        Disclosure.ENQUIRE_OR_CANCEL,
    }
    assert required_disclosures("survey") == frozenset()


def test_every_kind_has_its_own_yes() -> None:
    assert Ending.SOLD in endings_of(Kind.PITCH)
    assert Ending.SOLD not in endings_of(Kind.CONFIRMATION)
    assert {"sold", "renewed", "confirmed", "corrected", "completed", "recall"} <= ENDINGS


def test_the_schema_lets_an_editor_complete_the_short_ways_of_writing() -> None:
    parts = Script.model_json_schema()["$defs"]
    assert {"type": "string"} in parts["Choice"]["properties"]["label"]["anyOf"]
    assert {"$ref": "#/$defs/Disclosure"} in parts["Discloses"]["properties"]["discloses"]["anyOf"]
    assert "is" in parts["When"]["properties"]
    described = [field for part in parts.values() for field in part.get("properties", {}).values()]
    assert all(field.get("description") for field in described)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from(["yes", "a", "b", "tariff", "sold", "single", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["say", "choices", "next", "ends", "to", "question", "kind", "options", "when", "is", "code"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["script", "kind", "start", "never_say", "objections"]), anything),
    st.dictionaries(st.sampled_from(["a", "b"]), anything),
)
def test_whatever_is_written_is_read_or_refused_in_sentences(top: dict[str, Any], steps: dict[str, Any]) -> None:
    text = json.dumps({**top, "steps": steps}, ensure_ascii=False)
    try:
        assert isinstance(read_script(text), Script)
    except DocumentFaulty as refused:
        assert refused.sentence("zh") and refused.sentence("en")
