"""The proof against an independent walk of all paths, rule by rule."""

from collections.abc import Iterator
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from scripts.language import Script
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
        "close": {"ends": "confirmed"},
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
        step["choices"][0] = choice(draw(meanings), ends=draw(st.sampled_from(["confirmed", "considering", "refused"])))
    elif way == "next":
        step["next"] = draw(names)
    elif way == "ends":
        step["ends"] = draw(st.sampled_from(["confirmed", "considering", "refused"]))


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


@st.composite
def random_graphs(draw: st.DrawFn) -> Plain:
    """A script made up from nothing: two to five steps that stand for anything and lead anywhere."""
    places = [f"s{place}" for place in range(draw(st.integers(2, 5)))]
    anywhere = st.sampled_from(places)
    endings = st.sampled_from(["confirmed", "considering", "refused"])
    told = st.lists(st.sampled_from([*sorted(NEEDED), "functions"]), min_size=1, max_size=4, unique=True)
    items = st.sampled_from([*ASKED, "tells_cancel_route"]) | told.map(lambda some: {"discloses": some})

    def way() -> Plain:
        goes_on = draw(st.integers(0, 3))
        return choice(draw(meanings), **({"to": draw(anywhere)} if goes_on else {"ends": draw(endings)}))

    def step() -> Plain:
        made: Plain = {"say": WORDS, "stands_for": draw(st.lists(items, max_size=3))}
        kind = draw(st.sampled_from(["choices", "choices", "choices", "next", "ends", "nothing", "when"]))
        if kind == "choices":
            made["choices"] = [way() for _ in range(draw(st.integers(1, 3)))]
        elif kind == "ends":
            made["ends"] = draw(endings)
        elif kind != "nothing":
            made["next"] = draw(anywhere)
        if kind == "when":
            made["when"] = {"answer_to": places[0], "is": "x"}
        return made

    plain = good() | {"start": places[0], "steps": {name: step() for name in places}}
    plain["steps"][places[0]]["question"] = {"kind": "text"}
    if draw(st.booleans()):
        returns = draw(st.sampled_from([{"returns": "here"}, {"ends": "refused"}, {"returns": places[-1]}]))
        plain["objections"] = {"but": {"title": "但是", "say": WORDS, **returns}}
    return plain


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
        if ends != "confirmed":
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
    assert_both_agree(plain)


@settings(max_examples=400, deadline=None)
@given(random_graphs())
def test_the_proof_of_a_random_graph_agrees_with_a_walk_of_all_paths(plain: Plain) -> None:
    assert_both_agree(plain)


def assert_both_agree(plain: Plain) -> None:
    script = Script.model_validate(plain)
    brute = Brute(plain)
    proof = prove(script)
    of_walks = {failure.rule: len(failure.path) for failure in proof.failures if failure.rule in RULES_OF_WALKS}
    event(f"{len(of_walks)} rules broken")
    # A breach that takes longer than the walks are is the proof's alone; all others are found by both, equally short.
    assert {rule: length for rule, length in of_walks.items() if length <= LONGEST} == brute.shortest
    assert {failure.path[-1].step for failure in of_rule(proof, "dead_end")} == {
        name for name in brute.reached if not list(brute.ways(name, False))
    }
    assert len(of_rule(proof, "unreachable")) == len(set(plain["steps"]) - brute.reached)
    assert bool(of_rule(proof, "endless_loop")) == bool(brute.trapped())


def test_the_smallest_good_script_holds() -> None:
    assert prove(Script.model_validate(good())).holds
