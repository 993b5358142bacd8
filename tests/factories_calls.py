"""Rows for tests that need a call, a recording or a subscription and not the way there.

Every row is one that the database itself accepts: a call has its claim and its used dial token, a sale its four marks
and its first confirmation. `tests.factories.Maker` fills in whatever a test does not care about.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import count
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel, select

from outbound import briefings
from outbound.briefings import BriefingRead
from outbound.call_lists.model import CallList, Contact, ContactState, Duty
from outbound.calls import outcomes
from outbound.calls.model import Call, Outcome, SelfMark, Tick
from outbound.campaigns.definition import read_definition
from outbound.campaigns.model import Campaign, CampaignStaff, CampaignState, CampaignVersion
from outbound.clock import local_day
from outbound.compliance import Criterion, Mark
from outbound.dialing.model import Claim, ClaimEnd, DialToken
from outbound.people import Centre, Role, Staff, StaffRole, known
from outbound.phones.model import Phone
from outbound.phones.zones import group_of
from outbound.recordings.model import Recording
from scripts.model import PitchScript, ScriptVersion

ALL_PASS: Mapping[Criterion, Mark] = dict.fromkeys(Criterion, Mark.PASS)
SOLD = {Duty.PITCH: "sold", Duty.RECALL: "sold", Duty.CONFIRMATION: "confirmed", Duty.CORRECTION: "corrected"}


@cache
def _example() -> dict[str, Any]:
    return read_definition(EXAMPLE).model_dump(mode="json")


def marks(**otherwise: Mark) -> dict[Criterion, Mark]:
    """Four marks that pass, but for those named: `marks(explicit_consent=Mark.FAIL)`."""
    return {**ALL_PASS, **{Criterion(name): mark for name, mark in otherwise.items()}}


EXAMPLE = files("outbound.campaigns").joinpath("examples/family-number-trial.yaml").read_text("utf-8")
Row = TypeVar("Row", bound=SQLModel)


class CallMaker:
    """Makes rows of one centre, one campaign by default, in one session; `now` is when they happen."""

    def __init__(self, session: Session, centre: Centre, *, now: datetime) -> None:
        """Rows are added to `session` and flushed; the test commits."""
        self.session, self.centre, self.now = session, centre, now
        self._count = count(1)
        self._campaign: Campaign | None = None
        self._script: ScriptVersion | None = None

    def staff(self, *roles: Role, name: str = "", added_at: datetime | None = None) -> Staff:
        """Somebody of this centre, who has been here for half a year and cannot sign in."""
        number = self._next()
        staff = Staff(
            centre_id=self.centre.id,
            login=f"{self.centre.code}-staff-{number}",
            name=name or f"员工{number}",
            number=str(9000 + number),
            password_hash="-",
            added_at=added_at or self.now - timedelta(days=180),
        )
        self._store(staff)
        self._store_all(StaffRole(staff_id=known(staff.id), role=role) for role in roles)
        return staff

    def campaign(self, *, kind: str = "telesales", staff: Collection[Staff] = (), **document: Any) -> Campaign:
        """An open campaign, defined as the family-number example but for the parts given in `document`."""
        today = local_day(self.now, self.centre.zone)
        campaign = Campaign(
            centre_id=known(self.centre.id),
            name=f"外呼活动 {self._next()}",
            kind=kind,
            state=CampaignState.OPEN,
            starts_on=today - timedelta(days=60),
            ends_on=today + timedelta(days=60),
            made_at=self.now,
        )
        self._store(campaign)
        number, defined = known(campaign.id), {**_example(), **document}
        # JSON is YAML too, and a version is read from its text.
        self._store(
            CampaignVersion(
                campaign_id=number,
                number=1,
                source=json.dumps(defined, ensure_ascii=False),
                document=defined,
                at=self.now,
            )
        )
        self._store_all(CampaignStaff(campaign_id=number, staff_id=known(person.id)) for person in staff)
        return campaign

    def version_of(self, campaign: Campaign) -> CampaignVersion:
        """The definition of a campaign that is in force."""
        asked = select(CampaignVersion).where(
            CampaignVersion.campaign_id == campaign.id, CampaignVersion.number == campaign.version
        )
        return self.session.exec(asked).one()

    def phone(self) -> Phone:
        """A number that was never met before; it cannot be decrypted."""
        digest = sha256(f"{self.centre.code}{self._next()}".encode()).digest()[:16]
        phone = Phone(digest=digest, sealed=digest, region="CN", zones="Asia/Shanghai", added_at=self.now)
        return self._store(phone)

    def contact(self, campaign: Campaign | None = None, *, phone: Phone | None = None, **facts: Any) -> Contact:
        """A person on a list of the campaign, queued and due."""
        campaign = campaign or self._default_campaign()
        listed = CallList(
            centre_id=known(self.centre.id),
            campaign_id=known(campaign.id),
            name="list.csv",
            sha256=f"{self._next():064d}",
            at=self.now,
            published_at=self.now,
        )
        self._store(listed)
        phone = phone or self.phone()
        contact = Contact(
            centre_id=known(self.centre.id),
            campaign_id=known(campaign.id),
            call_list_id=known(listed.id),
            phone_id=known(phone.id),
            zone_group_id=group_of(self.session, phone.zones),
            **{"name": "王秀英", "due_at": self.now, **facts},
        )
        return self._store(contact)

    def call(
        self,
        agent: Staff,
        *,
        contact: Contact | None = None,
        campaign: Campaign | None = None,
        duty: Duty = Duty.PITCH,
        at: datetime | None = None,
        outcome: str | None = "refused",
        given: Mapping[Criterion, Mark] | None = None,
        ticks: Mapping[str, float] | None = None,
        reference: str = "",
    ) -> Call:
        """A call that was dialled at `at` and, unless `outcome` is None, wrapped up two minutes later."""
        contact = contact or self.contact(campaign)
        at = at or self.now
        self.briefed(agent, self.session.get_one(Campaign, contact.campaign_id))
        token = self._used_token(contact, agent, duty, at)
        call = self._store(
            Call(
                centre_id=contact.centre_id,
                campaign_id=contact.campaign_id,
                campaign_version_id=known(self.version_of(self.session.get_one(Campaign, contact.campaign_id)).id),
                contact_id=known(contact.id),
                phone_id=contact.phone_id,
                claim_id=token.claim_id,
                dial_token_id=known(token.id),
                duty=duty,
                agent_id=known(agent.id),
                script_version_id=known(self._default_script().id),
                reference=reference or f"{self.centre.code.upper()}-{self._next():06d}",
                dialled_at=at,
            )
        )
        if outcome:
            self._wrap_up(call, outcome, at + timedelta(minutes=2))
        number = known(call.id)
        self._store_all(SelfMark(call_id=number, criterion=which, mark=mark) for which, mark in (given or {}).items())
        self._store_all(Tick(call_id=number, step=step, second=second) for step, second in (ticks or {}).items())
        return call

    def briefed(self, staff: Staff, campaign: Campaign) -> None:
        """Somebody has read what is new in a campaign."""
        version, script = self.version_of(campaign), self._default_script()
        if briefings.has_read(self.session, version, script, staff):
            return
        read = BriefingRead(
            centre_id=campaign.centre_id,
            campaign_id=version.campaign_id,
            campaign_version_id=known(version.id),
            script_version_id=known(script.id),
            staff_id=known(staff.id),
            at=self.now,
        )
        self._store(read)

    def recording(
        self, call: Call | None, *, valid: bool = True, at: datetime | None = None, **facts: Any
    ) -> Recording:
        """A recording of a call, kept five minutes after the dial; of None: one that waits to be matched."""
        number = self._next()
        kept_at = at or ((call.dialled_at if call else self.now) + timedelta(minutes=5))
        described: dict[str, Any] = {
            "centre_id": self.centre.id,
            "call_id": call.id if call else None,
            "reference": call.reference if call else f"UNKNOWN-{number}",
            "file_name": f"{number}.mp3",
            "storage_key": f"{self.centre.code}/{number}.mp3",
            "sha256": sha256(str(number).encode()).hexdigest(),
            "size": 1000,
            "media_type": "audio/mpeg",
            "codec": "mp3",
            "channels": 2,
            "sample_rate": 8000,
            "seconds": 66.0 if valid else 2.0,
            "valid": valid,
            "invalid_reason": "" if valid else "too_short",
            "hearing": {},
            "kept_at": kept_at,
            "matched_at": kept_at if call else None,
        }
        return self._store(Recording(**{**described, **facts}))

    def recorded_call(self, agent: Staff, **facts: Any) -> Recording:
        """A call with its valid recording; the recording. `facts` as for `call`."""
        return self.recording(self.call(agent, **facts))

    def days_of_calls(self, agents: Iterable[Staff], days: Iterable[date], *, each: int) -> list[Recording]:
        """`each` recorded calls of every agent on every day, from ten in the morning, ten minutes apart."""
        made = []
        for day in days:
            offset = day - local_day(self.now, self.centre.zone)
            for agent in agents:
                for place in range(each):
                    at = self.now + offset + timedelta(minutes=10 * place)
                    made.append(self.recorded_call(agent, at=at))
        return made

    def _used_token(self, contact: Contact, agent: Staff, duty: Duty, at: datetime) -> DialToken:
        claim = self._store(
            Claim(
                centre_id=contact.centre_id,
                campaign_id=contact.campaign_id,
                contact_id=known(contact.id),
                phone_id=contact.phone_id,
                agent_id=known(agent.id),
                duty=duty,
                epoch=contact.epoch,
                claimed_at=at,
                lease_until=at + timedelta(minutes=15),
                ended_at=at + timedelta(minutes=2),
                ended_how=ClaimEnd.DONE,
            )
        )
        token = self._store(
            DialToken(
                claim_id=known(claim.id),
                campaign_id=contact.campaign_id,
                phone_id=contact.phone_id,
                issued_at=at,
                expires_at=at + timedelta(minutes=2),
            )
        )
        token.used_at = at
        return self._store(token)

    def _wrap_up(self, call: Call, outcome: str, at: datetime) -> None:
        if not self.session.get(Outcome, outcome):
            outcomes.fill(self.session)
            self.session.flush()
        call.outcome_code, call.wrapped_up_at, call.ended_at = outcome, at, at
        contact = self.session.get_one(Contact, call.contact_id)
        contact.attempts += 1
        if outcome in {"sold", "confirmed", "corrected", "refused", "declined"}:
            contact.state, contact.closed_why = ContactState.CLOSED, outcome
        self._store_all([call, contact])

    def _default_campaign(self) -> Campaign:
        self._campaign = self._campaign or self.campaign()
        return self._campaign

    def _default_script(self) -> ScriptVersion:
        if self._script is None:
            author = self.staff(Role.MANAGER)
            script = self._store(PitchScript(centre_id=known(self.centre.id), name=f"s{self._next()}", kind="pitch"))
            self._script = self._store(
                ScriptVersion(
                    centre_id=known(self.centre.id),
                    script_id=known(script.id),
                    number=1,
                    source="",
                    content_hash="",
                    author_id=known(author.id),
                    written_at=self.now,
                )
            )
        return self._script

    def _next(self) -> int:
        return next(self._count)

    def _store(self, row: Row) -> Row:
        self._store_all([row])
        return row

    def _store_all(self, rows: Iterable[SQLModel]) -> None:
        self.session.add_all(rows)
        self.session.flush()
