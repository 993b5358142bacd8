"""Defects planted in good scripts: each is found, with the shortest way to it."""

import pytest

from scripts.language import library, read_script
from scripts.proof import Failure, Proof, prove


def of_rule(proof: Proof, rule: str) -> list[Failure]:
    return [failure for failure in proof.failures if failure.rule == rule]


def planted(name: str, before: str, after: str) -> Proof:
    text = library()[name]
    assert before in text
    return prove(read_script(text.replace(before, after, 1)))


TO_CONSENT = ("greeting", "identity", "permission", "functions", "tariff", "trial_end", "usage", "cancel")
PITCH, CONFIRMATION, RETENTION = "family-number-pitch", "family-number-confirmation", "contract-renewal-retention"
DEFECTS = [
    pytest.param(
        PITCH,
        "stands_for: {discloses: tariff}",
        "note: 资费",
        "tariff_before_consent",
        (*TO_CONSENT, "understanding", "consent"),
        id="the price is left out",
    ),
    pytest.param(
        PITCH,
        "    next: usage\n",
        "    next: cancel\n",
        "usage_before_consent",
        (
            "greeting",
            "identity",
            "permission",
            "functions",
            "tariff",
            "trial_end",
            "cancel",
            "understanding",
            "consent",
        ),
        id="a step is jumped over",
    ),
    pytest.param(
        PITCH,
        "meaning: no, to: not-interested}\n      - {label: {zh: 没说准",
        "meaning: no, to: closing}\n      - {label: {zh: 没说准",
        "no_sale_after_no",
        (*TO_CONSENT, "understanding", "consent", "closing"),
        id="a no is booked as a sale",
    ),
    pytest.param(
        PITCH,
        "meaning: unsure, to: undecided",
        "meaning: unsure, to: closing",
        "no_sale_after_unsure",
        (*TO_CONSENT, "understanding", "consent", "closing"),
        id="a maybe is booked as a sale",
    ),
    pytest.param(
        PITCH,
        "meaning: yes, to: consent}",
        "meaning: yes, to: closing}",
        "no_sale_without_yes",
        (*TO_CONSENT, "understanding", "closing"),
        id="consent is never asked",
    ),
    pytest.param(
        PITCH,
        "meaning: other, to: identity-family}",
        "meaning: other, to: permission}",
        "identity_before_permission",
        ("greeting", "identity", "permission"),
        id="a relative is taken at their word",
    ),
    pytest.param(
        PITCH,
        "想取消，{offer.cancel}。\n      en: Let me repeat what matters.",
        "想取消，打电话就行。\n      en: Let me repeat what matters.",
        "said_in_so_many_words",
        (*TO_CONSENT, "understanding", "once-more"),
        id="the cancel route is only hinted at",
    ),
    pytest.param(
        PITCH,
        "{offer.functions}。",
        "{offer.function}。",
        "placeholder_known",
        ("greeting", "identity", "permission", "functions"),
        id="a placeholder is misspelt",
    ),
    pytest.param(
        PITCH,
        "    ends: recall\n",
        "",
        "dead_end",
        (*TO_CONSENT, "understanding", "consent", "undecided"),
        id="a branch stops in mid-air",
    ),
    pytest.param(
        PITCH,
        "    ends: callback\n  not-interested:",
        "    next: not-today\n  not-interested:",
        "endless_loop",
        (*TO_CONSENT, "understanding", "not-today", "not-today"),
        id="a step leads to itself",
    ),
    pytest.param(
        PITCH,
        "meaning: unsure, to: once-more",
        "meaning: unsure, to: cancel",
        "unreachable",
        (),
        id="nobody leads to a step",
    ),
    pytest.param(
        CONFIRMATION,
        "    stands_for: tells_cancel_route\n",
        "",
        "considering_hears_cancel_route",
        ("greeting", "identity", "permission", "tariff", "trial_end", "cancel", "understanding", "considering"),
        id="who considers is not told how to cancel",
    ),
    pytest.param(
        CONFIRMATION,
        "的体验期到{trial.ends_words}结束。",
        "的体验期快结束了。",
        "said_in_so_many_words",
        ("greeting", "identity", "permission", "tariff", "trial_end"),
        id="the confirmation does not say when",
    ),
    pytest.param(
        RETENTION,
        "我再跟您说说续约的安排，好吗？",
        "这是最后一次机会，好吗？",
        "never_say",
        ("greeting", "identity", "permission", "how-is-it", "listen"),
        id="the customer is pressed",
    ),
    pytest.param(
        RETENTION,
        "，本次通话会录音。",
        "。",
        "must_say",
        (),
        id="the recording is not mentioned",
    ),
    pytest.param(
        RETENTION,
        "    stands_for: asks_permission\n",
        "",
        "permission_before_disclosure",
        ("greeting", "identity", "permission", "how-is-it", "functions"),
        id="permission is not asked",
    ),
]


@pytest.mark.parametrize(("name", "before", "after", "rule", "path"), DEFECTS)
def test_a_planted_defect_is_found_with_its_shortest_path(
    name: str, before: str, after: str, rule: str, path: tuple[str, ...]
) -> None:
    proof = planted(name, before, after)
    found = of_rule(proof, rule)
    assert not proof.holds
    assert [failure.steps for failure in found] == [path]


def test_a_failure_is_told_in_the_scripts_own_words() -> None:
    proof = planted(PITCH, "meaning: unsure, to: undecided", "meaning: unsure, to: closing")
    [failure] = of_rule(proof, "no_sale_after_unsure")
    assert failure.zh == "客户对是否办理没有拿定主意，却以“sold”结束。"
    lines = failure.transcript("zh").splitlines()
    assert lines[1].startswith("identity: 请问您是") and lines[1].endswith("→ 是机主本人")
    assert lines[-2].endswith("→ 没说准")
    assert lines[-1].endswith("→ [sold]")


def test_a_question_needs_a_yes_and_a_no() -> None:
    proof = planted(PITCH, "      - {label: {zh: 听不明白, en: No}, meaning: no, to: not-today}\n", "")
    assert of_rule(proof, "answer_needed")[0].steps[-1] == "understanding"


def test_a_pitch_that_nobody_can_accept_is_no_pitch() -> None:
    assert of_rule(planted(PITCH, "ends: sold", "ends: refused"), "yes_is_possible")


def test_words_to_fall_back_on_do_not_tell_the_price() -> None:
    proof = planted(
        PITCH, "or 每月}{offer.price_words}，从话费里扣。", "or 每月}{offer.price_words|or 几块钱}，从话费里扣。"
    )
    assert [failure.rule for failure in proof.failures] == ["said_in_so_many_words"]


def test_an_objection_that_jumps_ahead_is_walked_too() -> None:
    proof = planted(PITCH, "    title: {zh: 没时间", "    returns: consent\n    title: {zh: 没时间")
    assert of_rule(proof, "asks_permission_before_consent")[0].steps == ("greeting", "consent")


def test_an_answer_to_an_objection_tells_nothing() -> None:
    text = library()[PITCH].replace("stands_for: {discloses: enquire_or_cancel}", "note: 取消", 1)
    assert of_rule(prove(read_script(text)), "enquire_or_cancel_before_consent")


def test_a_disclosure_that_may_be_skipped_is_not_told() -> None:
    text = library()[PITCH].replace(
        "    stands_for: {discloses: usage}",
        "    stands_for: {discloses: usage}\n    when: {answer_to: greeting, is: x}",
    )
    text = text.replace("    next: identity\n", "    question: {kind: text}\n    next: identity\n", 1)
    path = of_rule(prove(read_script(text)), "usage_before_consent")[0].steps
    assert "usage" not in path


def test_a_label_is_not_filled_in() -> None:
    [failure] = of_rule(planted(PITCH, "{zh: 明白了, en: Yes it is clear}", "'{offer.name}明白了'"), "label_is_plain")
    assert failure.steps[-1] == "understanding"


def test_a_label_that_presses_the_customer_is_found() -> None:
    assert of_rule(
        planted(PITCH, "{zh: 太贵了, en: It is too expensive}", "{zh: 白送的, en: It is a gift}"), "never_say"
    )


def test_a_proof_goes_to_the_page_as_json() -> None:
    shown = planted(PITCH, "ends: sold", "ends: refused").model_dump(mode="json")
    assert shown["holds"] is False
    assert {"rule", "zh", "en", "path"} <= set(shown["failures"][0])
