"""What the codes of the money floor are called on its pages: steps, results, instructions, complaints, checks."""

from datetime import datetime
from typing import Any

from outbound.call_lists.model import Duty
from outbound.complaints import Grievance
from outbound.opt_outs.model import Category
from web.filters import exact
from web.language import lazy_gettext

DUTIES = {
    Duty.PITCH: lazy_gettext("First call"),
    Duty.RECALL: lazy_gettext("Re-call"),
    Duty.CONFIRMATION: lazy_gettext("Second confirmation"),
    Duty.CORRECTION: lazy_gettext("Correction call"),
}
KINDS = {
    "activate": lazy_gettext("activate"),
    "extend": lazy_gettext("extend the trial"),
    "cancel": lazy_gettext("cancel"),
    "charge": lazy_gettext("charge"),
    "reverse": lazy_gettext("reverse"),
}
"""What the carrier is told."""
DECISIONS = {
    "resend": lazy_gettext("Send it again in the next batch"),
    "accept": lazy_gettext("Accept the rejection"),
    "carried_out": lazy_gettext("The carrier has carried it out"),
}
"""How a difference with the carrier is settled."""
CONSEQUENCES = {
    "activate": lazy_gettext("Accepting the rejection ends the subscription: the customer never had it."),
    "charge": lazy_gettext("Accepting the rejection strikes the charge: the customer is not charged for this month."),
}
"""What accepting a rejection brings about, besides that it is settled."""
RESULTS = {
    "passed": (lazy_gettext("passed"), "good"),
    "declined": (lazy_gettext("customer said no"), "bad"),
    "considering": (lazy_gettext("considering"), "wait"),
    "not_reached": (lazy_gettext("not reached"), "wait"),
    "suspended": (lazy_gettext("line suspended"), "wait"),
    "complained": (lazy_gettext("customer complained"), "bad"),
    "failed": (lazy_gettext("not all four met"), "bad"),
}
"""What a consent call came to, and the colour in which it stands."""
STATES = {
    "recall_due": "wait",
    "trial": "info",
    "confirming": "wait",
    "extended": "wait",
    "confirmed": "good",
    "charged": "good",
    "correction_due": "bad",
    "cancelled": "",
    "lapsed": "",
    "void": "bad",
}
"""The colour in which a state stands."""
CHECKS = {
    "sale_passed": lazy_gettext("The sale's call met all four criteria"),
    "sale_stands": lazy_gettext("No review has found the sale's call invalid"),
    "sale_recorded": lazy_gettext("The sale's call has a valid recording"),
    "confirmed_by_another": lazy_gettext("Somebody other than the seller confirmed it a second time, all four met"),
    "confirmation_stands": lazy_gettext("The second confirmation still counts"),
    "confirmation_recorded": lazy_gettext("The second confirmation has a valid recording"),
    "not_withdrawn": lazy_gettext("The customer has not taken the yes back"),
    "not_held": lazy_gettext("Nothing holds the charge"),
}
GRIEVANCES = {
    Grievance.NEVER_ORDERED: lazy_gettext("Never ordered it"),
    Grievance.PRICE: lazy_gettext("The price"),
    Grievance.CALLED_TOO_OFTEN: lazy_gettext("Called too often"),
    Grievance.MANNER: lazy_gettext("The manner of the call"),
    Grievance.OTHER: lazy_gettext("Something else"),
}
CATEGORIES = {
    Category.REFUSAL: lazy_gettext("The customer does not want calls"),
    Category.COMPLAINT: lazy_gettext("After a complaint"),
    Category.REGULATOR: lazy_gettext("Asked by the regulator"),
    Category.LITIGATION: lazy_gettext("A legal dispute"),
    Category.STAFF_REQUEST: lazy_gettext("Asked by a colleague"),
}
"""Why a number is blocked."""
_WHY = {
    "sale_valid": lazy_gettext("the sale met all four criteria"),
    "sale_unsure": lazy_gettext("the seller was unsure of a criterion"),
    "sale_invalid": lazy_gettext("the sale failed a criterion"),
    "recall_not_reached": lazy_gettext("the re-calls reached nobody in time"),
    "correction_too_late": lazy_gettext("the correction call came after the trial's end"),
    "carrier": lazy_gettext("the customer cancelled with the carrier"),
    "sms": lazy_gettext("the customer cancelled by SMS"),
    "recall_passed": lazy_gettext("the re-call met all four criteria"),
    "never_valid": lazy_gettext("the re-calls brought no valid yes"),
    "window_opened": lazy_gettext("the trial is about to end"),
    "not_reached": lazy_gettext("nobody was reached: one further trial"),
    "confirmed": lazy_gettext("a second yes, all four met"),
    "confirmation_void": lazy_gettext("the confirmation no longer counts"),
    "confirmation_void_after_charge": lazy_gettext("the confirmation was found void after the charge"),
    "charged": lazy_gettext("the trial is over"),
    "review_failed": lazy_gettext("a review failed the sale"),
    "corrected": lazy_gettext("the correction call met all four criteria"),
    "correction": lazy_gettext("a no in the correction call"),
    "correction_not_reached": lazy_gettext("the correction reached nobody in time"),
    "confirmation": lazy_gettext("a no in the confirmation call"),
    "complaint": lazy_gettext("a complaint was upheld"),
    "care desk": lazy_gettext("the customer asked the care desk"),
    "declined": lazy_gettext("the customer said no"),
    "do_not_call": lazy_gettext("the customer wants no more calls"),
    "review_unsure": lazy_gettext("one reviewer could not tell; a second one listens"),
}
_AT_TRIAL_END = lazy_gettext("the trial ended without a second yes")
_COMPLAINT_OPEN = lazy_gettext("a complaint is open")


def why(code: str) -> Any:
    """The reason of a step, a hold or a reversal in words; an unknown one as it stands."""
    if code.endswith("_at_trial_end"):
        return _AT_TRIAL_END
    if code.startswith("complaint:"):
        return _COMPLAINT_OPEN
    return _WHY.get(code, code)


def when(iso: str | None) -> str:
    """An instant of the evidence on the reader's clock, to the second."""
    return exact(datetime.fromisoformat(iso) if iso else None)
