"""Whole lives of subscriptions, made up by hypothesis, against an oracle that knows only the rules."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import Session

from outbound.billing import charges
from outbound.billing.model import ChargeHold
from outbound.clock import local_day
from outbound.compliance import Mark
from outbound.confirmations import verbs as confirmations
from outbound.confirmations.model import ConfirmationKind
from outbound.subscriptions import guards, life
from outbound.timetable.jobs import charge, end_trials, open_windows
from tests.conftest import NOW, Cast
from tests.factories import ALL_PASS, marks
from tests.sales import Sales

ENDED = {"cancelled", "lapsed", "void"}
GIVEN = {"pass": ALL_PASS, "unsure": marks(understanding=Mark.UNSURE), "fail": marks(explicit_consent=Mark.FAIL)}
ANSWERS = ("confirmed", "failed", "declined", "considering", "no_answer", "line_suspended")
MOST_DAYS = 45


@dataclass
class Oracle:
    """Seven free days, three to confirm in, one further week, two re-calls, five yuan a month."""

    today: date
    state: str = ""
    ends: date | None = None
    found_in: str = ""
    answer: str = ""
    recalls: int = 0
    is_extended: bool = False
    is_held: bool = False
    months: set[str] = field(default_factory=set)
    balance: int = 0

    def sold(self, came_to: str) -> None:
        """The first yes."""
        self.state = {"pass": "trial", "unsure": "recall_due", "fail": "void"}[came_to]
        if came_to == "pass":
            self.ends = self.today + timedelta(days=7)

    def recalled(self, came_to: str) -> None:
        """A yes in a re-call."""
        self.recalls += 1
        if came_to == "pass":
            self.sold("pass")
        elif came_to == "fail" or self.recalls == 2:
            self.state = "void"

    def night(self) -> None:
        """Midnight: trials end, windows open, charges are made, in that order."""
        self.today += timedelta(days=1)
        is_over = self.ends is not None and self.ends < self.today
        if is_over and self.state in ("trial", "confirming", "extended", "correction_due"):
            reached = self.answer not in ("", "no_answer", "line_suspended")
            if self.state in ("trial", "confirming") and not reached and not self.is_extended:
                assert self.ends
                self.state, self.is_extended, self.ends = "extended", True, self.ends + timedelta(days=7)
            else:
                self.state = "lapsed"
        if self.state == "trial" and self.ends and self.today >= self.ends - timedelta(days=3):
            self.state = "confirming"
        self._charge()

    def _charge(self) -> None:
        if self.state not in ("confirmed", "charged") or self.is_held or self.ends is None:
            return
        first = self.ends + timedelta(days=1)
        for month in range(first.month, first.month + 3):
            start = date(first.year + (month - 1) // 12, (month - 1) % 12 + 1, first.day)
            if start <= self.today and f"{start:%Y-%m}" not in self.months:
                self.months.add(f"{start:%Y-%m}")
                self.balance, self.state = self.balance + 500, "charged"
                return

    def answered(self, answer: str) -> None:
        """What a confirmation call came to."""
        self.answer = answer
        self.state = {"confirmed": "confirmed", "declined": "cancelled"}.get(answer, self.state)

    def sale_failed(self) -> None:
        """A reviewer failed the call of the sale that counts."""
        self.found_in = "confirmed" if self.state == "charged" else self.state
        self.state, self.balance = "correction_due", 0

    def corrected(self) -> None:
        """The correction call passed."""
        too_late = self.found_in != "confirmed" and self.ends is not None and self.ends < self.today
        self.state = "lapsed" if too_late else self.found_in

    def confirmation_failed(self) -> None:
        """A reviewer failed the second call."""
        if self.state == "charged":
            self.balance = 0
        self.state = "cancelled" if self.state == "charged" else "confirming"


class Life(RuleBasedStateMachine):
    """One customer; subclasses bring the database."""

    session: Session
    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.session.rollback()
        self.sales, self.days = Sales(self.session, self.cast, NOW), 0
        self.sales.campaign()
        self.oracle = Oracle(local_day(NOW, "Asia/Shanghai"))
        self.held: ChargeHold | None = None

    def teardown(self) -> None:
        """Nothing stays."""
        self.session.rollback()

    @property
    def state(self) -> str:
        """The oracle's word."""
        return self.oracle.state

    @precondition(lambda self: not self.state)
    @rule(came_to=st.sampled_from(("pass", "pass", "pass", "unsure", "fail")))
    def sell(self, came_to: str) -> None:
        self.subscription = self.sales.sell(given=GIVEN[came_to])
        self.oracle.sold(came_to)

    @precondition(lambda self: self.state == "recall_due")
    @rule(came_to=st.sampled_from(tuple(GIVEN)))
    def recall(self, came_to: str) -> None:
        self.sales.recall(self.subscription, given=GIVEN[came_to])
        self.oracle.recalled(came_to)

    @precondition(lambda self: self.state and self.days < MOST_DAYS)
    @rule(nights=st.integers(1, 5))
    def sleep(self, nights: int) -> None:
        for _night in range(nights):
            self.days += 1
            self.sales.now += timedelta(days=1)
            midnight = self.sales.now - timedelta(hours=9, minutes=40)
            for job in (end_trials, open_windows, charge):
                job(self.sales.session, self.sales.centre, "", midnight)
            self.oracle.night()

    @precondition(lambda self: self.state in ("confirming", "extended"))
    @rule(answer=st.sampled_from(ANSWERS))
    def ring(self, answer: str) -> None:
        outcome, given = ("confirmed", GIVEN["fail"]) if answer == "failed" else (answer, ALL_PASS)
        self.sales.confirm(self.subscription, outcome, given=given)
        self.oracle.answered(answer)

    @precondition(lambda self: self.state in ("trial", "confirming", "extended", "confirmed", "charged"))
    @rule()
    def fail_the_sale(self) -> None:
        first = guards.latest(self.sales.session, self.subscription, ConfirmationKind.FIRST)
        assert first
        life.suspend_for_correction(
            self.sales.session,
            self.subscription,
            review_id=1,
            call_id=first.call_id,
            by=self.sales.cast.reviewer,
            now=self.sales.now,
        )
        self.oracle.sale_failed()

    @precondition(lambda self: self.state == "correction_due")
    @rule()
    def correct(self) -> None:
        self.sales.correct(self.subscription)
        self.oracle.corrected()

    @precondition(lambda self: self.state in ("confirmed", "charged"))
    @rule()
    def fail_the_confirmation(self) -> None:
        second = guards.latest(self.sales.session, self.subscription, ConfirmationKind.SECOND)
        assert second
        by, now = self.sales.cast.reviewer, self.sales.now
        confirmations.void_confirmation(self.sales.session, second, reason="review_failed", by=by, now=now)
        self.oracle.confirmation_failed()

    @precondition(lambda self: self.state and not self.oracle.is_held)
    @rule()
    def complain(self) -> None:
        care, now = self.sales.cast.care, self.sales.now
        self.held = charges.hold(self.sales.session, self.subscription, reason="complaint:1", by=care, now=now)
        self.oracle.is_held = True

    @precondition(lambda self: self.oracle.is_held)
    @rule()
    def settle(self) -> None:
        assert self.held
        care, now = self.sales.cast.care, self.sales.now
        charges.lift_hold(self.sales.session, self.held, reason="said yes", by=care, now=now)
        self.oracle.is_held = False

    @precondition(lambda self: self.state and self.state not in ENDED)
    @rule()
    def cancel(self) -> None:
        self.sales.cancel(self.subscription)
        self.oracle.state = "cancelled"

    @invariant()
    def state_and_ledger_are_as_the_rules_say(self) -> None:
        if not self.state:
            return
        assert (self.subscription.state, self.sales.balance(self.subscription)) == (self.state, self.oracle.balance)

    @invariant()
    def the_carrier_heard_the_same(self) -> None:
        told = self.sales.told(self.subscription) if self.state else []
        assert told.count("activate") == (self.oracle.ends is not None)
        assert told.count("cancel") == (self.state in ENDED and self.oracle.ends is not None)
        assert told.count("extend") == self.oracle.is_extended
        assert told.count("charge") == len(self.oracle.months)
        assert told.count("reverse") == len(self.oracle.months) - self.oracle.balance // 500


def test_every_life_goes_as_the_rules_say(session: Session, cast: Cast) -> None:
    here = type("Here", (Life,), {"session": session, "cast": cast})
    quick = settings(
        max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(here, settings=quick)


def test_the_oracle_itself_is_no_rubber_stamp() -> None:
    told = Oracle(date(2026, 11, 23))
    told.sold("pass")
    for _night in range(20):
        told.night()
    assert (told.state, told.balance) == ("lapsed", 0)
