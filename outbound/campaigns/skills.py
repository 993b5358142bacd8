"""What agents are able to do, such as a dialect: campaigns may ask for it, and only who has it works on them."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.campaigns import lookups, verbs
from outbound.campaigns.model import Campaign, CampaignState, StaffSkill
from outbound.errors import Refusal
from outbound.people import Staff, known

LONGEST = 80


class SkillTooLong(Refusal):
    """A skill is a word or two; “{skill}” is longer than {most} characters."""

    zh = "技能用一两个词写明即可，“{skill}”超过 {most} 个字。"
    status = 422


def skills_of(session: Session, staff: Staff) -> list[str]:
    """What somebody is able to do, by name."""
    asked = select(StaffSkill.skill).where(StaffSkill.staff_id == staff.id)
    return sorted(session.exec(asked))


def have_skills(session: Session, staff: Staff, skills: Collection[str], *, by: Staff, now: datetime) -> list[str]:
    """Say that somebody has these skills and no others; campaigns that ask for skills are theirs or not at once.

    Raises SkillTooLong.
    """
    wanted = sorted({" ".join(skill.split()) for skill in skills} - {""})
    if long := next((skill for skill in wanted if len(skill) > LONGEST), None):
        raise SkillTooLong(skill=f"{long[:20]}…", most=LONGEST)
    before = skills_of(session, staff)
    if wanted == before:
        return wanted
    session.exec(sa.delete(StaffSkill).where(col(StaffSkill.staff_id) == staff.id))
    session.add_all(StaffSkill(staff_id=known(staff.id), skill=skill) for skill in wanted)
    session.flush()
    journal.record(session, "staff.skills_changed", staff, by=by, now=now, before=before, skills=wanted)
    _assign_anew(session, staff)
    return wanted


def _assign_anew(session: Session, staff: Staff) -> None:
    open_ones = select(Campaign).where(Campaign.centre_id == staff.centre_id, Campaign.state != CampaignState.CLOSED)
    for campaign in session.exec(open_ones.with_for_update()).all():
        definition = lookups.definition_of(session, campaign)
        if definition.skills:
            verbs.assign(session, campaign, definition)
