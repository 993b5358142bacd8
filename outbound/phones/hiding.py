"""Numbers in what people write freely: found, so that they are sealed, or shown as `masked` shows one."""

import re

_DAY = r"(?:19|20)\d\d(?:[-./]\d\d?[-./]\d\d?|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?!\d)"
# Seven digits are a landline without its area code. A day is none: it would be sealed for nothing.
_PERHAPS = re.compile(rf"(?<!\d)(?!{_DAY})\d(?:[\s().\-]{{0,2}}\d){{6,}}")
_CERTAINLY = re.compile(
    r"""(?<!\d)(?:
    (?:(?:\+|00)?86[\s-]?)?(?P<mobile>[1１][3-9３-９]\d)[\s-]?\d{4}[\s-]?(?P<last>\d{4})
    | (?P<area>\(?0(?:10|2\d|[3-9]\d\d)\)?)[\s-]?\d{3,4}[\s-]?(?P<end>\d{4})
    | (?P<abroad>\+\d{1,3})(?:[\s-]?\d){3,8}[\s-]?(?P<tail>\d(?:[\s-]?\d){3})
    )(?!\d)""",
    re.VERBOSE,
)


def holds_number(text: str) -> bool:
    """Whether somebody might be rung by what stands in a text: seven digits or more, spaced or not, that are no day."""
    return _PERHAPS.search(text) is not None


def without_numbers(text: str) -> str:
    """A text in which the middle of what certainly is a number is hidden; the numbers of cases and contracts stay."""
    return _CERTAINLY.sub(lambda found: "****".join(part for part in found.groups() if part), text)
