"""The proof against an independent walk of all paths, rule by rule, and against defects planted in good scripts."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from scripts.language import Disclosure, Script, library, read_script
from scripts.proof import Failure, Proof, prove

ASKED = ("verifies_identity", "asks_permission", "checks_understanding", "asks_consent")
NEEDED = frozenset({"tariff", "trial_end", "enquire_or_cancel"})
LONGEST = 9
WORDS = {"zh": "{offer.price}{trial.ends}{offer.cancel}"}

RULES_OF_WALKS = {
    *(f"{purpose}_before_consent" for purpose in ASKED[:3]),
    *(f"{told}_before_consent" for told in NEEDED),
    "identity_before_permission",
    "permission_before_disclosure",
    "no_sale_without_yes",
    "no_sale_after_no",
    "no_sale_after_unsure",
    "considering_hears_cancel_route",
}

Plain = dict[str, Any]
Event = tuple[str, str | None]
"""A step that was spoken, and what the customer's answer meant."""


def choice(meaning: str, **to: str) -> Plain:
    return {"label": {"zh": meaning}, "meaning": meaning, **to}


def good() -> Plain:
    """The smallest script that holds."""
    steps: Plain = {
        "identity": {
            "stands_for": ["verifies_identity"],
            "choices": [choice("yes", to="permission"), choice("no", to="end")],
        },
        "permission": {
            "stands_for": ["asks_permission"],
            "choices": [choice("yes", to="tell"), choice("no", to="end")],
        },
        "tell": {"stands_for": [{"discloses": sorted(NEEDED)}], "next": "understanding"},
        "understanding": {
            "stands_for": ["checks_understanding"],
            "choices": [choice("yes", to="recap"), choice("unsure", to="tell"), choice("no", to="end")],
        },
        "recap": {"next": "consent"},
        "consent": {
            "stands_for": ["asks_consent"],
            "choices": [choice("yes", to="close"), choice("unsure", to="end"), choice("no", to="end")],
        },
        "close": {"ends": "sold"},
        "end": {"ends": "refused"},
    }
    return {
        "script": "random",
        "kind": "confirmation",
        "title": {"zh": "随机"},
        "start": "identity",
        "steps": {name: {"say": WORDS, **step} for name, step in steps.items()},
    }


NAMES = tuple(good()["steps"])
names = st.sampled_from(NAMES)
meanings = st.sampled_from(["yes", "no", "unsure", "other"])


@st.composite
def scripts(draw: st.DrawFn) -> Plain:
    """A good script spoilt, or not, in up to four places."""
    plain = good()
    plain["kind"] = "pitch"
    for _ in range(draw(st.integers(0, 4))):
        spoil = draw(st.sampled_from([retarget, remean, repurpose, rewire, make_optional, let_object]))
        spoil(draw, plain)
    return plain


def retarget(draw: st.DrawFn, plain: Plain) -> None:
    step = plain["steps"][draw(names)]
    if step.get("choices"):
        chosen = draw(st.sampled_from(step["choices"]))
        chosen.pop("ends", None)
        chosen["to"] = draw(names)
    elif step.get("next"):
        step["next"] = draw(names)


def remean(draw: st.DrawFn, plain: Plain) -> None:
    for chosen in plain["steps"][draw(names)].get("choices", []):
        chosen["meaning"] = draw(meanings)


def repurpose(draw: st.DrawFn, plain: Plain) -> None:
    told = st.lists(st.sampled_from([*sorted(NEEDED), "functions"]), min_size=1, max_size=2, unique=True)
    items = st.sampled_from([*ASKED, "tells_cancel_route"]) | told.map(lambda some: {"discloses": some})
    plain["steps"][draw(names)]["stands_for"] = draw(st.lists(items, max_size=2))


def rewire(draw: st.DrawFn, plain: Plain) -> None:
    step = plain["steps"][draw(names)]
    if step.get("when"):
        return
    for key in ("choices", "next", "ends"):
        step.pop(key, None)
    way = draw(st.sampled_from(["choices", "next", "ends", "nothing"]))
    if way == "choices":
        step["choices"] = [choice(draw(meanings), to=draw(names)) for _ in range(draw(st.integers(1, 3)))]
        step["choices"][0] = choice(draw(meanings), ends=draw(st.sampled_from(["sold", "considering", "refused"])))
    elif way == "next":
        step["next"] = draw(names)
    elif way == "ends":
        step["ends"] = draw(st.sampled_from(["sold", "considering", "refused"]))


def make_optional(draw: st.DrawFn, plain: Plain) -> None:
    name = draw(names)
    step = plain["steps"][name]
    plain["steps"]["identity"]["question"] = {"kind": "text"}
    for key in ("choices", "ends"):
        step.pop(key, None)
    step.update(when={"answer_to": "identity", "is": "x"}, next=draw(names))


def let_object(draw: st.DrawFn, plain: Plain) -> None:
    way = draw(st.sampled_from([{"returns": "here"}, {"ends": "refused"}, {"returns": draw(names)}]))
    plain["objections"] = {"but": {"title": "但是", "say": WORDS, **way}}


class Brute:
    """Every walk of up to LONGEST steps, judged by looking back over it; shares nothing with the proof."""

    def __init__(self, plain: Plain) -> None:
        self.plain, self.steps = plain, plain["steps"]
        self.shortest: dict[str, int] = {}
        self.reached: set[str] = set()
        self.walks = 0
        for first in self.going_to(plain["start"]):
            self.walk([], first)

    def going_to(self, name: str, skipped: tuple[str, ...] = ()) -> Iterator[str]:
        if name in skipped:
            return
        yield name
        if "when" in self.steps[name]:
            yield from self.going_to(self.steps[name]["next"], (*skipped, name))

    def purposes(self, name: str) -> list[str]:
        return [item for item in self.steps[name].get("stands_for", []) if isinstance(item, str)]

    def told(self, walk: list[Event]) -> set[str]:
        items = [item for name, _ in walk for item in self.steps[name].get("stands_for", []) if isinstance(item, dict)]
        return {told for item in items for told in item["discloses"]}

    def stands(self, walk: list[Event], purpose: str) -> bool:
        asked = [place for place, (name, _) in enumerate(walk) if purpose in self.purposes(name)]
        if not asked or walk[asked[-1]][1] != "yes":
            return False
        told = self.told(walk[: asked[-1] + 1])
        return purpose != "checks_understanding" or (told >= NEEDED and self.told(walk) <= told)

    def breach(self, rule: str, length: int) -> None:
        self.shortest[rule] = min(length, self.shortest.get(rule, length))

    def missing(self, walk: list[Event], told_by: list[Event]) -> None:
        for purpose in ASKED[:3]:
            if not self.stands(walk, purpose):
                self.breach(f"{purpose}_before_consent", len(walk))
        for told in NEEDED - self.told(told_by):
            self.breach(f"{told}_before_consent", len(walk))

    def walk(self, before: list[Event], name: str) -> None:
        self.walks += 1
        assume(self.walks < 6000)
        self.reached.add(name)
        here = [*before, (name, None)]
        purposes = self.purposes(name)
        if "asks_permission" in purposes and not self.stands(before, "verifies_identity"):
            self.breach("identity_before_permission", len(here))
        if self.told([(name, None)]) and not self.stands(before, "asks_permission"):
            self.breach("permission_before_disclosure", len(here))
        if "asks_consent" in purposes:
            self.missing(here, before)
            for purpose in ASKED[:3]:
                if not self.stands(before, purpose):
                    self.breach(f"{purpose}_before_consent", len(here))
        for meaning, to, ends in self.ways(name):
            walk: list[Event] = [*before, (name, meaning)]
            self.end(walk, ends)
            for following in self.going_to(to) if to and len(walk) < LONGEST else ():
                self.walk(walk, following)

    def ways(self, name: str, objections: bool = True) -> Iterator[tuple[str | None, str | None, str | None]]:
        step = self.steps[name]
        for chosen in step.get("choices", []):
            yield chosen["meaning"], chosen.get("to"), chosen.get("ends")
        if step.get("next") or step.get("ends"):
            yield None, step.get("next"), step.get("ends")
        for objection in self.plain.get("objections", {}).values() if objections else ():
            if objection.get("returns") != "here":
                yield None, objection.get("returns"), objection.get("ends")

    def end(self, walk: list[Event], ends: str | None) -> None:
        if ends == "considering" and not any("tells_cancel_route" in self.purposes(name) for name, _ in walk):
            self.breach("considering_hears_cancel_route", len(walk))
        if ends != "sold":
            return
        self.missing(walk, walk)
        if not self.stands(walk, "asks_consent"):
            self.breach("no_sale_without_yes", len(walk))
        if any(meaning == "no" and set(self.purposes(name)) & set(ASKED) for name, meaning in walk):
            self.breach("no_sale_after_no", len(walk))
        elif any(meaning == "unsure" and "asks_consent" in self.purposes(name) for name, meaning in walk):
            self.breach("no_sale_after_unsure", len(walk))

    def trapped(self) -> set[str]:
        """The reached steps from which nothing ends, found by letting the ends seep backwards."""
        free = {name for name in self.steps if not list(self.ways(name, False))}
        for _ in self.steps:
            for name in self.steps:
                for _, to, ends in self.ways(name, False):
                    if ends or (to and free & set(self.going_to(to))):
                        free.add(name)
        return self.reached - free


def of_rule(proof: Proof, rule: str) -> list[Failure]:
    return [failure for failure in proof.failures if failure.rule == rule]


@settings(max_examples=400, deadline=None)
@given(scripts())
def test_the_proof_agrees_with_a_walk_of_all_paths(plain: Plain) -> None:
    script = Script.model_validate(plain)
    brute = Brute(plain)
    proof = prove(script, required=frozenset(map(Disclosure, NEEDED)))
    of_walks = {failure.rule: len(failure.path) for failure in proof.failures if failure.rule in RULES_OF_WALKS}
    event(f"{len(of_walks)} rules broken")
    # A breach that takes longer than the walks are is the proof's alone; all others are found by both, equally short.
    assert {rule: length for rule, length in of_walks.items() if length <= LONGEST} == brute.shortest
    assert {failure.path[-1].step for failure in of_rule(proof, "dead_end")} == {
        name for name in brute.reached if not list(brute.ways(name, False))
    }
    assert len(of_rule(proof, "unreachable")) == len(set(NAMES) - brute.reached)
    assert bool(of_rule(proof, "endless_loop")) == bool(brute.trapped())


def test_the_smallest_good_script_holds() -> None:
    assert prove(Script.model_validate(good() | {"kind": "pitch"}), required=frozenset()).holds


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


def test_an_offer_may_require_more_than_its_kind() -> None:
    script = read_script(library()[CONFIRMATION])
    assert prove(script).holds
    assert of_rule(prove(script, required=frozenset({Disclosure.USAGE})), "usage_before_consent")


def test_an_offer_cannot_require_less_than_price_end_and_cancel_route() -> None:
    text = library()[PITCH].replace("stands_for: {discloses: enquire_or_cancel}", "note: 取消")
    proof = prove(read_script(text), required=frozenset())
    assert of_rule(proof, "enquire_or_cancel_before_consent")
    assert not of_rule(proof, "usage_before_consent")


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


def test_customer_attributes_can_be_held_against_the_list() -> None:
    text = library()[PITCH].replace("谢谢您。{offer.name}", "谢谢您。{customer.plan}{offer.name}", 1)
    assert prove(read_script(text)).holds
    assert prove(read_script(text), attributes=frozenset({"plan"})).holds
    assert of_rule(prove(read_script(text), attributes=frozenset({"age"})), "placeholder_known")


def test_a_proof_goes_to_the_page_as_json() -> None:
    shown = planted(PITCH, "ends: sold", "ends: refused").model_dump(mode="json")
    assert shown["holds"] is False
    assert {"rule", "zh", "en", "path"} <= set(shown["failures"][0])
