"""A reviewer's comment: a remark on each line, pinned to its moment."""

import pytest

from qa.review.comments import Remark, RemarkOutside, check, remarks


def test_a_line_that_begins_with_a_moment_is_pinned_to_it() -> None:
    assert remarks("[1:38] 语速偏快\n\n态度好\n[1:02:03.5] late") == [
        Remark("语速偏快", 98.0),
        Remark("态度好"),
        Remark("late", 3723.5),
    ]


@pytest.mark.parametrize("line", ["[?] unclear", "[12] no minute", "said [1:38] twice"])
def test_other_brackets_are_words(line: str) -> None:
    assert remarks(line) == [Remark(line)]


def test_a_moment_outside_the_recording_is_refused() -> None:
    check("[1:06] the end", seconds=66.1)
    with pytest.raises(RemarkOutside, match="1:07"):
        check("fine\n[1:07] beyond", seconds=66.1)
