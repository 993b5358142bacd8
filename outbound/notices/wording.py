"""A notice in words: the approved template of its kind, with the facts of the subscription filled in."""

from datetime import timedelta

from sqlmodel import Session

from outbound.call_lists.model import Contact
from outbound.calls.model import Call
from outbound.clock import local_day
from outbound.errors import Language, Refusal
from outbound.notices.making import terms_of
from outbound.notices.model import Notice, NoticeKind
from outbound.people import Centre
from outbound.subscriptions.model import Subscription
from scripts import approval
from scripts.filling import Facts, fill
from scripts.model import ScriptVersion, script_of

WITHOUT_TRIAL = "-without-trial"
LONGEST = 1000


class TemplateMissing(Refusal):
    """There is no approved template “{name}” yet; write it and have it approved like a script."""

    zh = "模板“{name}”还没有生效版本，请编写后像脚本一样提交审批。"


class NoticeTooLong(Refusal):
    """The template “{name}” makes a message of {length} characters; {most} are the most."""

    zh = "模板“{name}”生成的内容有 {length} 个字符，最多 {most} 个。"


def template_name(kind: NoticeKind, *, trial: bool = True) -> str:
    """The name under which the template of a kind is written; an order without a trial is told in other words."""
    suffix = "" if trial or kind != NoticeKind.ORDER_SUMMARY else WITHOUT_TRIAL
    return f"notice-{kind.replace('_', '-')}{suffix}"


def in_words(session: Session, notice: Notice) -> tuple[ScriptVersion, str]:
    """The approved version and the text that it makes.

    Raises TemplateMissing, NoticeTooLong, FactsMissing and PlaceholderUnknown.
    """
    subscription = session.get_one(Subscription, notice.subscription_id)
    name = template_name(notice.kind, trial=bool(subscription.trial_days))
    version = approval.in_force(session, notice.centre_id, name)
    if version is None:
        raise TemplateMissing(name=name)
    language: Language = "en" if notice.language == "en" else "zh"
    script = script_of(version)
    text = fill(script.steps[script.start].say.spoken(language), facts_of(session, notice, subscription), language)
    if len(text) > LONGEST:
        raise NoticeTooLong(name=name, length=len(text), most=LONGEST)
    return version, text


def facts_of(session: Session, notice: Notice, subscription: Subscription) -> Facts:
    """Everything that a template may say of a notice."""
    centre = session.get_one(Centre, subscription.centre_id)
    sold = session.get_one(Call, subscription.sale_call_id)
    offer, ends = terms_of(session, subscription).offer, subscription.trial_ends_on
    today = local_day(notice.made_at, centre.zone)
    # A reminder is made on the day before the charge, whichever cycle that is of.
    charged_after = today if notice.kind == NoticeKind.REMINDER else ends
    return Facts(
        customer={"name": session.get_one(Contact, subscription.contact_id).name},
        offer=offer.facts if offer else None,
        trial_days=subscription.trial_days,
        trial_ends=ends,
        charge_starts=charged_after + timedelta(days=1) if charged_after else None,
        sale_date=local_day(sold.dialled_at, centre.zone),
        centre_name=centre.name_en if notice.language == "en" else centre.name_zh,
        today=today,
        reply_code=notice.expects or None,
    )
