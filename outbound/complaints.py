"""Complaints: a customer's grievance, and who settled it how. “Never ordered” blocks the charge at once."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, choice, table_of


class Grievance(StrEnum):
    """What a customer complains of."""

    NEVER_ORDERED = "never_ordered"
    PRICE = "price"
    CALLED_TOO_OFTEN = "called_too_often"
    MANNER = "manner"
    OTHER = "other"


class Complaint(SQLModel, table=True):
    """A grievance, as the customer said it."""

    __tablename__ = "complaint"

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    phone_id: int = Field(foreign_key="phone.id", index=True)
    subscription_id: int | None = Field(default=None, foreign_key="subscription.id")
    grievance: Grievance = Field(sa_type=choice(Grievance))
    said: str = Field(max_length=2000)
    taken_by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class Settlement(SQLModel, table=True):
    """How a complaint was settled."""

    __tablename__ = "settlement"

    complaint_id: int = Field(foreign_key="complaint.id", primary_key=True)
    answer: str = Field(max_length=2000)
    upheld: bool = Field(description="whether the customer was right")
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(Complaint))
append_only(table_of(Settlement))
