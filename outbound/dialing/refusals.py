"""Why a contact cannot be had, or not be rung."""

from collections.abc import Sequence

from outbound.calling_rules.holds import Hold
from outbound.errors import Language, Refusal


class NotCallableNow(Refusal):
    """This number cannot be rung now: {why}"""

    zh = "现在不能拨打这个号码：{why}"

    def __init__(self, holds: Sequence[Hold]) -> None:
        self.holds = holds
        super().__init__(why="")

    def sentence(self, language: Language) -> str:
        """Every rule that holds it back, in words."""
        why = " ".join(hold.sentence(language) for hold in self.holds)
        return (self.zh if language == "zh" else "This number cannot be rung now: {why}").format(why=why)


class ClaimEnded(Refusal):
    """This contact is no longer yours: its time ran out or the number was blocked; take the next one."""

    zh = "这位客户已不在您手上：占用超时或号码已被拒呼，请取下一位。"


class NumberBlocked(Refusal):
    """This number must not be called: it is on the opt-out list; take the next one."""

    zh = "该号码在拒呼名单中，不能拨打，请取下一位。"


class CallUnderWay(Refusal):
    """This customer has been dialled; say how the call ended before you go on."""

    zh = "已经拨打过这位客户，请先登记通话结果再继续。"
