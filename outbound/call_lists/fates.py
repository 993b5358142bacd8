"""What became of a row of a list, and why, in words; how refused rows are kept as text."""

import json
from dataclasses import dataclass
from typing import Protocol

from outbound.call_lists.model import RowFault
from outbound.errors import Language
from outbound.opt_outs.model import Category
from outbound.phones.parsing import Reason

IN_FILE, IN_CAMPAIGN = "in_file", "in_campaign"

_WORDS: dict[str, tuple[str, str]] = {
    IN_FILE: ("清单内重复", "already earlier in this list"),
    IN_CAMPAIGN: ("本活动中已有该号码", "already in this campaign"),
    Category.REFUSAL: ("客户已拒绝来电", "the customer does not want to be called"),
    Category.COMPLAINT: ("客户曾投诉", "the customer has complained"),
    Category.REGULATOR: ("在监管部门的拒呼名单上", "on the regulator's list"),
    Category.LITIGATION: ("涉及诉讼", "in litigation"),
    Category.STAFF_REQUEST: ("内部申请拒呼", "blocked by staff"),
}


def reason_words(reason: str, language: Language) -> str:
    """The reason of a refused row, as shown beside it."""
    if reason in _WORDS:
        return _WORDS[reason][language == "en"]
    return Reason(reason).words(language)


@dataclass(frozen=True)
class RowFate:
    """A row of a list as it was written, and why it became no contact; without a fault it is accepted."""

    row: int
    cells: list[str]
    fault: RowFault | None
    reason: str

    def words(self, language: Language) -> str:
        """The reason in the reader's language; empty where the row is accepted."""
        return reason_words(self.reason, language) if self.fault else ""


class ForCampaign(Protocol):
    """What of a campaign bears on its lists."""

    id: int | None
    centre_id: int
    kind: str


def from_text(text: str) -> list[str]:
    """The cells of a row that is kept as a JSON list."""
    cells: list[str] = json.loads(text)
    return cells
