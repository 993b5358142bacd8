"""What the API gives, as it stands in /openapi.json."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from outbound.attendance import BreakReason, Stance
from outbound.briefings import Novelty
from outbound.call_lists.model import Duty
from outbound.calls.model import After
from outbound.errors import Language
from scripts.answers import Answer
from scripts.rendering import Rendered


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


class SpokenShown(BaseModel):
    """A step of the way through the script so far."""

    place: int
    step: str
    second: float
    meaning: str | None
    led_to: str | None
    answer: Answer | None


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
    spoken: list[SpokenShown] = Field(description="what the server knows of what was said")
    places: int = Field(description="the number under which the next step is told")


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


class Told(BaseModel):
    """A text of a briefing; `new`: it is another one than they read before."""

    label: str
    text: str
    new: bool


class BriefingShown(BaseModel):
    """What must be read before the first call of it."""

    campaign: int
    script: int
    name: str
    novelty: Novelty
    what: str = Field(description="what is new, in words")
    calls: list[str] = Field(description="for which calls")
    offer: list[Told]
    title: str
    lines: list[Told]


class StandingShown(BaseModel):
    """What somebody is doing, and for how many seconds."""

    state: Stance
    reason: BreakReason | None
    seconds: float

    @classmethod
    def nobody(cls) -> "StandingShown":
        """Of who is not kept."""
        return cls(state=Stance.AWAY, reason=None, seconds=0)


class HelpAnswered(BaseModel):
    """An answer."""

    text: str
    by: str
    said: str


class HelpShown(BaseModel):
    """A question with its answers."""

    id: int
    text: str
    said: str
    answers: list[HelpAnswered]


class HelpStanding(BaseModel):
    """The latest question, if there is one."""

    help: HelpShown | None


class Pulse(BaseModel):
    """What came up since the last minute."""

    briefings: int = Field(description="how many are to be read")
    help: HelpShown | None
    elsewhere: bool = Field(description="whether one has the desk open in another browser as well")


class SpokenKept(BaseModel):
    """What was told is kept."""

    kept: int


class DeskShown(BaseModel):
    """Everything that the desk shows."""

    now: datetime
    figures: Figures
    claim: ClaimShown | None
    nobody: str = Field(description="why there is no contact in hand, or nothing")
    left_open: list[OpenCall]
    briefings: list[BriefingShown] = Field(
        default=[], description="what must be read first; looked for where nobody was just handed out"
    )
    standing: StandingShown | None = Field(default=None, description="at the first look only")
    help: HelpShown | None = Field(default=None, description="at the first look only")
    reasons: list[Labelled] = Field(default=[], description="of a break; at the first look only")


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
