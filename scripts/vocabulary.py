"""The fixed words of the script language: kinds of scripts, what steps stand for, answers, endings."""

from enum import StrEnum

from outbound.compliance import Disclosure as Disclosure  # noqa: PLC0414  # one of its words

MAX_CHOICES = 9
"""One for each number key."""

HERE = "here"
"""Where an objection returns to unless it names a step: the step that it interrupted."""


class Kind(StrEnum):
    """What a script is for."""

    PITCH = "pitch"
    CONFIRMATION = "confirmation"
    CORRECTION = "correction"
    SURVEY = "survey"
    RETENTION = "retention"
    CARE = "care"
    NOTICE = "notice"


class Purpose(StrEnum):
    """What a step stands for besides its disclosures."""

    VERIFIES_IDENTITY = "verifies_identity"
    ASKS_PERMISSION = "asks_permission"
    CHECKS_UNDERSTANDING = "checks_understanding"
    ASKS_CONSENT = "asks_consent"
    TELLS_CANCEL_ROUTE = "tells_cancel_route"


ASKING = (
    Purpose.VERIFIES_IDENTITY,
    Purpose.ASKS_PERMISSION,
    Purpose.CHECKS_UNDERSTANDING,
    Purpose.ASKS_CONSENT,
)
"""The purposes that only the customer's own answer fulfils, in the order in which they must be asked."""


class Meaning(StrEnum):
    """What the customer's answer amounts to."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    OTHER = "other"


class Ending(StrEnum):
    """The outcomes with which a conversation can end. Calls that nobody answers have outcomes, but no script."""

    SOLD = "sold"
    RENEWED = "renewed"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    COMPLETED = "completed"
    RECALL = "recall"
    CONSIDERING = "considering"
    DECLINED = "declined"
    REFUSED = "refused"
    DO_NOT_CALL = "do_not_call"
    CALLBACK = "callback"
    WRONG_NUMBER = "wrong_number"
    NOT_DECISION_MAKER = "not_decision_maker"
    HUNG_UP = "hung_up"
    VOICEMAIL = "voicemail"


ENDINGS = frozenset(ending.value for ending in Ending)
"""Every outcome code with which a script can end."""

CONSENTED: dict[Kind, Ending] = {
    Kind.PITCH: Ending.SOLD,
    Kind.RETENTION: Ending.RENEWED,
    Kind.CONFIRMATION: Ending.CONFIRMED,
    Kind.CORRECTION: Ending.CORRECTED,
}
"""The ending that means the customer said yes, for each kind of script that asks for a yes."""

_ANYWHERE = frozenset(
    {
        Ending.REFUSED,
        Ending.DO_NOT_CALL,
        Ending.CALLBACK,
        Ending.WRONG_NUMBER,
        Ending.NOT_DECISION_MAKER,
        Ending.HUNG_UP,
        Ending.VOICEMAIL,
    }
)
_UNSETTLED = frozenset({Ending.RECALL, Ending.CONSIDERING, Ending.DECLINED})


def endings_of(kind: Kind) -> frozenset[Ending]:
    """The endings that a script of `kind` may have: a survey cannot sell."""
    if kind in CONSENTED:
        return _ANYWHERE | _UNSETTLED | {CONSENTED[kind]}
    return _ANYWHERE | {Ending.COMPLETED}


def required_disclosures(kind: Kind | str, *, trial: bool = True) -> frozenset[Disclosure]:
    """What a script of `kind` must tell before it asks for a yes; without a `trial` there is no end of it to tell."""
    told = {
        Kind.PITCH: frozenset(Disclosure),
        Kind.CORRECTION: frozenset(Disclosure),
        Kind.RETENTION: frozenset(Disclosure),
        Kind.CONFIRMATION: frozenset({Disclosure.TARIFF, Disclosure.TRIAL_END, Disclosure.ENQUIRE_OR_CANCEL}),
    }.get(Kind(kind), frozenset())
    return told if trial else told - {Disclosure.TRIAL_END}
