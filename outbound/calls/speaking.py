"""What is said in a call under way, kept as it is said: a browser that dies loses nothing, and the wrap-up uses it."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Given
from sqlmodel import Field, Session, SQLModel, col, select

from outbound.calls.model import Call
from outbound.db import UtcDateTime, append_only, table_of
from outbound.errors import NotFound, Refusal
from outbound.people import Staff, known
from scripts.answers import Answer, checked
from scripts.model import ScriptVersion, script_of

MOST_STEPS = 2_000
"""Steps that one call may have: nobody says more."""


class TickUnknown(Refusal):
    """The script of this call has no step “{step}”; reload the page."""

    zh = "这通电话的脚本没有“{step}”这一步，请刷新页面。"
    status = 422


class Spoken(SQLModel, table=True):
    """A step that was said or answered in a call, at a second of it; or that the last one was taken back."""

    __tablename__ = "spoken"
    __table_args__ = (sa.UniqueConstraint("call_id", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    call_id: int = Field(foreign_key="call.id")
    place: int = Field(ge=0, description="its number in the call, by the caller's screen")
    step: str = Field(max_length=60)
    second: float = Field(ge=0)
    meaning: str | None = Field(default=None, max_length=20, description="what the customer's answer amounts to")
    led_to: str | None = Field(default=None, max_length=60, description="the step after it; none: the call ended")
    answer: Answer | None = Field(
        default=None, sa_type=sa.JSON(none_as_null=True), description="what was recorded of the step's question"
    )
    taken_back: bool = Field(default=False, description="whether the last step was taken back here")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(Spoken))


class Said(BaseModel):
    """What the caller's screen tells of a step."""

    model_config = ConfigDict(extra="forbid")

    place: int = Given(ge=0, lt=MOST_STEPS)
    step: str = Given(max_length=60)
    second: float = Given(ge=0, le=86_400)
    meaning: str | None = Given(default=None, max_length=20)
    led_to: str | None = Given(default=None, max_length=60)
    answer: Answer | None = None
    taken_back: bool = False


def keep(session: Session, call: Call, said: Sequence[Said], *, by: Staff, now: datetime) -> None:
    """Keep what was said; what is known already stays as it is, and after the wrap-up nothing more is kept.

    Raises NotFound for another's call, TickUnknown, AnswerUnfit.
    """
    if call.agent_id != by.id:
        raise NotFound
    if call.wrapped_up_at:
        return
    script = script_of(session.get_one(ScriptVersion, call.script_version_id))
    if unknown := {each.step for each in said} - set(script.steps):
        raise TickUnknown(step=min(unknown))
    kept = {each.place for each in spoken_in(session, call)}
    fresh = {each.place: each for each in reversed(said) if each.place not in kept}
    for each in fresh.values():
        answer = checked(script, {each.step: each.answer}).get(each.step)
        session.add(Spoken(call_id=known(call.id), at=now, **each.model_dump() | {"answer": answer}))
    session.flush()


def spoken_in(session: Session, call: Call) -> list[Spoken]:
    """Everything that was kept of a call, in its order."""
    return list(session.exec(select(Spoken).where(Spoken.call_id == call.id).order_by(col(Spoken.place))))


def way(spoken: Sequence[Spoken]) -> list[Spoken]:
    """The way through the script as it stands: without what was taken back."""
    stands: list[Spoken] = []
    for each in spoken:
        if not each.taken_back:
            stands.append(each)
        elif stands:
            stands.pop()
    return stands


def ticks_of(session: Session, call: Call) -> dict[str, float]:
    """Each step that was said, with its second.

    What was told is heard first where it was first said; what was asked counts where it was last answered.
    """
    ticks: dict[str, float] = {}
    for each in way(spoken_in(session, call)):
        if each.meaning is not None or each.step not in ticks:
            ticks[each.step] = each.second
    return ticks


def answers_of(session: Session, call: Call) -> dict[str, Answer]:
    """What was recorded of each question that was asked, as it was answered last."""
    asked = {each.step: each.answer for each in way(spoken_in(session, call))}
    return {step: answer for step, answer in asked.items() if answer is not None}
