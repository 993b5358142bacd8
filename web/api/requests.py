"""What the API takes, as it stands in /openapi.json."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from outbound.attendance import BreakReason, Stance
from outbound.calls.speaking import Said
from outbound.calls.wrap_up import Report
from outbound.errors import Language

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


class SpokenTold(_Strict):
    """What was said in a call since it was told last."""

    said: list[Said] = Field(max_length=200)


class BriefingAcknowledged(DeskChosen):
    """What somebody has read."""

    campaign: int
    script: int = Field(description="the script version")


class StanceTaken(_Strict):
    """What somebody does from now on."""

    state: Stance
    reason: BreakReason | None = Field(default=None, description="of a break")


class HelpAsked(_Strict):
    """A question to who supervises."""

    text: str = Field(max_length=400)
    call: int | None = None
    step: str = Field(default="", max_length=60)
