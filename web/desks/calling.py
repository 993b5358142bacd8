"""What the two callers' desks share: one template, and the words of the four criteria and the disclosures."""

from flask import render_template

from outbound.compliance import Criterion, Disclosure
from web.language import chosen_language


def show_desk(desk: str) -> str:
    """The one screen; everything on it comes and goes through the API."""
    return render_template("agent.html", desk=desk, rule_words=rule_words())


def rule_words() -> dict[str, str]:
    """The criteria and disclosures in the reader's language, by the names that the page's script uses."""
    language = chosen_language()
    said = {f"disclosure.{item}": item.label.said(language) for item in Disclosure}
    for criterion in Criterion:
        said[f"criterion.{criterion}"] = criterion.label.said(language)
        said[f"wording.{criterion}"] = criterion.wording.said(language)
    return said
