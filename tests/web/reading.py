"""Reading what is new at a caller's desk, by keyboard."""

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

LEFT = "read => read.scrollHeight - read.scrollTop - read.clientHeight"


def read_to_the_end(page: "Page") -> None:
    """Page down until the end has been seen, then say that it was read."""
    read = page.locator("#read")
    while read.evaluate(LEFT) > 12:
        before = read.evaluate("read => read.scrollTop")
        page.keyboard.press("Space")
        expect(read).not_to_have_js_property("scrollTop", before)
    expect(page.locator("#call button[data-key=y]")).to_be_enabled()
    page.keyboard.press("y")


def read_what_is_new(page: "Page") -> None:
    """Every briefing that waits, one after the other."""
    read = page.locator("#read")
    while told := read.get_attribute("data-briefing"):
        read_to_the_end(page)
        expect(read).not_to_have_attribute("data-briefing", told)
