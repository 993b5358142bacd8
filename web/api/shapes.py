"""What the API takes and gives, as it stands in /openapi.json."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from outbound.call_lists.model import Duty
from outbound.calls.model import After
from outbound.calls.wrap_up import Report
from outbound.errors import Language
from scripts.rendering import Rendered

DeskName = Literal["agent", "verifier"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DeskChosen(_Strict):
    """At which desk somebody works."""

    desk: DeskName = "agent"


class NextAsked(DeskChosen):
    """Who asks for the next contact, and what goes back for it."""

    instead_of: int | None = Field(
        default=None, description="the claim in hand, not rung yet, that is put back for the next one"
    )


class ScriptAsked(_Strict):
    """In which language a script is to be read."""

    language: Language | None = Field(default=None, description="without it: the reader's, if the campaign has it")


class WrapUpReport(Report):
    """What the caller reports of a call."""

    next: bool = Field(default=False, description="hand out the next contact in the same answer")
    desk: DeskName = "agent"

    def report(self) -> Report:
        """The report alone."""
        return Report.model_validate(self.model_dump(exclude={"next", "desk"}))


class Figures(BaseModel):
    """What the caller did today."""

    dialled: int
    reached: int
    valid: int = Field(description="yeses whose four marks all pass")


class Labelled(BaseModel):
    """A value with its name."""

    label: str
    value: str


class FormerCall(BaseModel):
    """A call with this customer that is over."""

    at: datetime
    said: str = Field(description="when, as people say it")
    duty: str
    outcome: str
    contacted: bool
    by: str
    note: str


class OutcomeShown(BaseModel):
    """One way in which the call may end."""

    code: str
    label: str
    key: str
    contacted: bool
    after: After
    note_required: bool
    consequence: str = Field(description="what happens when it is registered")


class Promised(BaseModel):
    """What the customer was promised in the first call."""

    offer: str
    price: str
    trial_ends: str
    trial_ends_on: date | None
    sold: str
    seller: str
    cancel: str


class Time(BaseModel):
    """A time at which the customer can be called back."""

    at: datetime
    label: str


class Day(BaseModel):
    """A day with its possible times."""

    label: str
    times: list[Time]


class Callbacks(BaseModel):
    """When the customer can be called back."""

    suggested: list[Time]
    days: list[Day]


class RecordingShown(BaseModel):
    """A recording as it was heard."""

    reference: str
    seconds: float
    valid: bool
    said: str
    sha256: str
    matched: bool


class CallShown(BaseModel):
    """A call that is under way; the number is in the open only here."""

    id: int
    reference: str
    number: str
    tel: str
    dialled_at: datetime
    elapsed: float = Field(description="seconds since it was dialled")
    callbacks: Callbacks
    recording: RecordingShown | None


class ClaimShown(BaseModel):
    """The contact in hand: who it is, why now, what to read, how it may end."""

    id: int
    duty: Duty
    duty_label: str
    why: str
    campaign: str
    name: str
    number: str = Field(description="masked")
    attributes: list[Labelled]
    tries: int
    history: list[FormerCall]
    lease_until: datetime
    script: Rendered | None
    script_label: str
    languages: list[Language]
    problem: str = Field(description="why there is no script to read, or nothing")
    outcomes: list[OutcomeShown]
    promised: Promised | None
    call: CallShown | None


class OpenCall(BaseModel):
    """A call whose end was never reported; reporting it now goes to a supervisor."""

    claim: ClaimShown
    said: str


class DeskShown(BaseModel):
    """Everything that the desk shows."""

    now: datetime
    figures: Figures
    claim: ClaimShown | None
    nobody: str = Field(description="why there is no contact in hand, or nothing")
    left_open: list[OpenCall]


class Dialled(BaseModel):
    """A call that has begun."""

    claim: ClaimShown


class Renewed(BaseModel):
    """Until when the contact is held."""

    lease_until: datetime


class WrappedUpShown(BaseModel):
    """What became of a report."""

    outcome: str
    follows: list[str] = Field(description="what happens now, in words")
    blocked: bool
    late: bool = Field(description="a supervisor must settle it")
    repeated: bool = Field(description="it was known already")
    desk: DeskShown | None = Field(description="the desk with the next contact, where that was asked for")


class Put(BaseModel):
    """The contact was put back."""

    put_back: bool
