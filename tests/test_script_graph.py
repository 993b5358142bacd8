"""The picture of a script: every step and way is in it, nothing overlaps, and it reads downwards."""

import pytest
from hypothesis import given, settings

from scripts.graph import GAP, HEIGHT, WIDTH, Graph, draw
from scripts.language import Script, library, read_script
from scripts.walk import own_exits
from tests.test_script_proof import Plain, scripts

EVERY = pytest.mark.parametrize("name", sorted(library()))


def drawn(name: str) -> tuple[Script, Graph]:
    script = read_script(library()[name])
    return script, draw(script)


def assert_whole(script: Script, graph: Graph) -> None:
    ways = {(name, way.to) for name, step in script.steps.items() for way in own_exits(step) if way.to}
    assert {box.step for box in graph.boxes} == set(script.steps)
    assert len(graph.boxes) == len(script.steps)
    assert sorted((arrow.source, arrow.target) for arrow in graph.arrows) == sorted(ways)
    places = [(box.x, box.y) for box in graph.boxes]
    assert all(x >= 0 and y >= 0 and x + WIDTH <= graph.width and y + HEIGHT <= graph.height for x, y in places)
    for at, (x, y) in enumerate(places):
        assert not [1 for other, below in places[at + 1 :] if below == y and abs(other - x) < WIDTH + GAP - 0.001]


@EVERY
def test_every_step_and_way_is_drawn_and_no_boxes_overlap(name: str) -> None:
    assert_whole(*drawn(name))


@EVERY
def test_ways_go_down_but_those_that_lead_back(name: str) -> None:
    script, graph = drawn(name)
    at = {box.step: box.y for box in graph.boxes}
    assert [arrow for arrow in graph.arrows if (at[arrow.source] < at[arrow.target]) == arrow.back] == []
    assert at[script.start] == min(at.values())


def test_a_way_back_is_told_apart_and_the_keys_stand_at_the_ways() -> None:
    _script, graph = drawn("family-number-pitch")
    assert [(arrow.source, arrow.target) for arrow in graph.arrows if arrow.back] == [("once-more", "understanding")]
    found = {(arrow.source, arrow.target): arrow for arrow in graph.arrows}
    assert (found["consent", "closing"].keys, found["consent", "closing"].meaning) == ((1,), "yes")
    assert found["greeting", "identity"].keys == ()


def test_a_box_names_the_endings_of_its_step() -> None:
    _script, graph = drawn("family-number-pitch")
    assert {box.step: box.ends for box in graph.boxes}["closing"] == ("sold",)


@settings(max_examples=60, deadline=None)
@given(scripts())
def test_whatever_the_script_its_picture_is_whole(plain: Plain) -> None:
    script = Script.model_validate(plain)
    assert_whole(script, draw(script))
