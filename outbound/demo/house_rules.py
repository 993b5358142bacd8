"""The calling rules that a centre of the demo wrote itself: its survey is held by the first of two versions."""

from datetime import datetime

from sqlmodel import Session

from outbound.calling_rules import own_rules
from outbound.people import Centre, Staff

NAME, CENTRE = "fuzhou-rules", "fz"
CAMPAIGN = "other-network-survey"
"""The campaign that is held by them."""
FIRST = f"""name: {NAME}
label: {{zh: 福州中心外呼规则, en: Rules of the Fuzhou centre}}
extends: cn-telecom # 未写的项目按电信营销规则执行
windows:
  every_day: [09:00-12:00, 14:00-20:00]
retention_years: 6
"""
SECOND = f"{FIRST}list_max_age_days: 60\n"


def write(session: Session, centre: Centre, *, by: Staff, now: datetime) -> None:
    """The first version."""
    own_rules.keep(session, centre, FIRST, note="按本中心作息收紧外呼时段", by=by, now=now)


def revise(session: Session, centre: Centre, *, by: Staff, now: datetime) -> None:
    """The second version, which no campaign has taken up yet."""
    own_rules.keep(session, centre, SECOND, note="运营商要求清单两个月更新一次", by=by, now=now)
