"""What the carrier's systems tell, over the API or in files: receipts, customers' replies, withdrawals."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel import Session

from outbound.notices import incoming
from outbound.phones.vault import Vault
from outbound.subscriptions.withdrawing import withdraw


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ReceiptTold(_Told):
    """What became of a notice."""

    key: str = Field(max_length=80, description="of the notice, as it was sent")
    delivered: bool
    why: str = Field(default="", max_length=200)

    def take(self, session: Session, _vault: Vault, *, now: datetime) -> str:
        """Keep it. Raises NoSuchNotice."""
        incoming.receipt(session, self.key, delivered=self.delivered, why=self.why, now=now)
        return "kept"


class ReplyTold(_Told):
    """A customer's message."""

    reference: str = Field(min_length=1, max_length=80, description="the gateway's own number of the message")
    number: str = Field(min_length=1, max_length=40)
    text: str = Field(max_length=1000)
    at: AwareDatetime = Field(description="when the customer sent it, with its zone")

    def take(self, session: Session, vault: Vault, *, now: datetime) -> str:
        """Match it: `yes`, `no`, or `kept` where it answers nothing. Raises NumberUnreadable, NumberNeverWritten."""
        match = incoming.reply(
            session, vault, number=self.number, text=self.text, reference=self.reference, at=self.at, now=now
        )
        return str(match.meaning) if match else "kept"


class WithdrawalTold(_Told):
    """A customer cancelled with the carrier."""

    number: str = Field(min_length=1, max_length=40)
    offer: str = Field(default="", max_length=80, description="the offer's name; nothing: all that the number has")
    reason: str = Field(default="", max_length=400)

    def take(self, session: Session, vault: Vault, *, now: datetime) -> str:
        """End what it concerns: `cancelled`, or `ended` where that was over already. Raises NothingToWithdraw."""
        ended = withdraw(session, vault, number=self.number, offer=self.offer, reason=self.reason, now=now)
        return "cancelled" if ended else "ended"
