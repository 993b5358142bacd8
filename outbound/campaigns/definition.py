"""Campaign definitions: what a campaign is, as one YAML file that a manager writes, or that the console's form makes.

`read_definition` refuses a bad file with every fault at its line, `schema` lets editors complete one.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from outbound.calling_rules import overriding, own_profiles, profiles
from outbound.calls.outcomes import OutcomeTerms
from outbound.campaigns import forms
from outbound.campaigns.crossings import crossed
from outbound.documents import Document, DocumentFaulty
from outbound.errors import Language, Refusal
from outbound.json_schema import chinese_words, published
from scripts.filling import OfferFacts
from scripts.language import Words, WordsPart


class CampaignKind(StrEnum):
    """What a campaign is for."""

    TELESALES = "telesales"
    CONSUMER_SURVEY = "consumer_survey"
    SATISFACTION_SURVEY = "satisfaction_survey"
    OTHER_NETWORK_SURVEY = "other_network_survey"
    RETENTION = "retention"
    AFTER_SALE_CARE = "after_sale_care"

    def words(self, language: Language) -> str:
        """The purpose as pages show it."""
        return _KINDS[self][language == "en"]


_KINDS = {
    CampaignKind.TELESALES: ("电话营销", "Telesales"),
    CampaignKind.CONSUMER_SURVEY: ("消费者调查", "Consumer survey"),
    CampaignKind.SATISFACTION_SURVEY: ("满意度调查", "Satisfaction survey"),
    CampaignKind.OTHER_NETWORK_SURVEY: ("异网用户调查", "Survey of other networks' customers"),
    CampaignKind.RETENTION: ("客户维系", "Retention"),
    CampaignKind.AFTER_SALE_CARE: ("售后关怀", "After-sale care"),
}


class Means(StrEnum):
    """How a customer confirms a second time."""

    VOICE = "voice"
    SMS = "sms"


class TextMissing(Refusal):
    """The text is empty; write it in Chinese, in English, or in both."""

    zh = "没有写内容，请至少写一种语言。"
    status = 422


def _number_as_text(value: Any) -> Any:
    # A bare 10086 is a number to YAML; who writes it means what is dialled.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _said(words: WordsPart) -> WordsPart:
    if not words.languages():
        raise ValueError from TextMissing()
    return words


_TEXT_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
            "additionalProperties": False,
            "minProperties": 1,
        },
    ]
}
Text = Annotated[Words, BeforeValidator(_number_as_text), AfterValidator(_said), WithJsonSchema(_TEXT_SCHEMA)]
"""Written as `{zh: …, en: …}`; a plain string is Chinese."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
# Strict: 5.00 in a field that counts fen is somebody who means yuan.
Count = Annotated[int, Field(strict=True, ge=1)]
Percent = Annotated[int, Field(strict=True, ge=1, le=100)]


class Part(BaseModel):
    """A part of a definition: frozen, and strict about names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Offer(Part):
    """What is offered to the customer."""

    name: Name
    """The offer's name in Chinese."""
    name_en: Name | None = None
    """Its name in English."""
    price_fen: int = Field(strict=True, ge=0)
    """The price of a cycle in 分: 500 is 5 yuan."""
    cycle: Literal["month"] = "month"
    """How often it is charged."""
    trial_days: int = Field(strict=True, ge=0, le=366)
    """Days for which it is free of charge; 0: no trial."""
    functions: list[Text] = Field(min_length=1)
    """What it does, an item each."""
    usage: Text
    """How it is used."""
    enquiry: Text
    """How the customer asks about it."""
    cancel: Text
    """How the customer cancels it."""

    def shown(self, language: Language) -> str:
        """Its name in the reader's language."""
        return self.name_en or self.name if language == "en" else self.name

    @cached_property
    def facts(self) -> OfferFacts:
        """The offer as scripts are filled with it."""
        listed: dict[Language, str] = {
            "zh": "；".join(function.shown("zh") for function in self.functions),
            "en": "; ".join(function.shown("en") for function in self.functions),
        }
        return OfferFacts(
            name=WordsPart(zh=self.name, en=self.name_en),
            price=self.price_fen,
            # Together they may be longer than one text may be.
            functions=WordsPart.model_construct(zh=listed["zh"], en=listed["en"]),
            usage=self.usage,
            enquiry=self.enquiry,
            cancel=self.cancel,
            cycle=WordsPart(zh="每月", en="a month"),
        )


class Scripts(Part):
    """Which scripts are read, by their names."""

    pitch: Name
    """The script of the first call, and of re-calls: a pitch, a survey, a retention or a care script."""
    confirmation: Name | None = None
    """The script of the second confirmation; needed with an offer."""
    correction: Name | None = None
    """The script of the call that puts a failed sale right; needed with an offer."""


class Calling(Part):
    """When and how often numbers may ring."""

    profile: Annotated[profiles.RulesName, WithJsonSchema(overriding.NAMES)] = profiles.PROFILES[0]
    """The calling rules: those of a law or a carrier, or the centre's own, by their name."""
    overrides: Annotated[dict[str, Any], WithJsonSchema(overriding.schema())] = Field(default_factory=dict)
    """Settings of the calling rules that are different in this campaign."""
    recalls: int = Field(default=2, strict=True, ge=0)
    """How often a customer whose yes was unsure is rung again."""
    lease_minutes: Count = 15
    """Minutes after which a contact that an agent took and left goes back to the queue."""
    callback_release_minutes: int = Field(default=30, strict=True, ge=0, le=10_080)
    """Minutes after which a personal callback that its agent did not keep goes to anybody."""
    callback_broken_hours: int = Field(default=2, strict=True, ge=1, le=168)
    """Hours after which a callback that nobody kept counts as broken."""
    outcomes: dict[str, OutcomeTerms] = {}
    """Outcomes of calls that do something else in this campaign, by their codes."""
    languages: list[Literal["zh", "en"]] = Field(default=["zh"], min_length=1)
    """The languages in which customers are spoken to; scripts must have them all."""


class Ladder(Part):
    """How strictly an agent is sampled after a failed review, and how they come back."""

    tightened_times: int = Field(default=3, strict=True, ge=1, le=100)
    """How many times the usual rate is drawn on the tightened step."""
    tightened_percent: Percent = 30
    """The least rate on the tightened step, in percent."""


class Quality(Part):
    """How the calls are reviewed."""

    daily_percent: Percent = 10
    """Share of each day's recordings that the centre reviews, in percent."""
    weekly_percent: Percent = 5
    """Share of each week's recordings that supervisors review, in percent."""
    minimum_seconds: Count = 5
    """Recordings shorter than this are not valid."""
    correction_by_another: bool = True
    """Whether a failed sale is put right by another agent than the seller."""
    answer_days: Count = 3
    """Working days in which a caller may dispute a review; after them it counts as accepted."""
    dispute_rounds: int = Field(default=2, strict=True, ge=0, le=9)
    """How often the verdict on one call may be disputed; 0: never."""
    ladder: Ladder = Ladder()
    """How an agent is sampled after a failed review."""


class Confirmation(Part):
    """How sales are confirmed a second time."""

    requires: list[Means] = Field(default=[Means.VOICE], min_length=1)
    """What a confirmation needs: a recorded call, a reply by SMS, or both."""
    days_before: int = Field(default=3, strict=True, ge=0)
    """Days before the trial's end from which the customer is rung."""
    tries: Count = 3
    """How often the customer is rung in each period: before and after the extension."""
    extension: bool = True
    """Whether a customer who was not reached gets one further trial."""


class Targets(Part):
    """What the campaign is meant to reach."""

    sales_per_day: Count | None = None
    """Valid sales a day of an agent."""
    reach_percent: Percent | None = None
    """Share of contacts that are spoken to, in percent."""
    valid_percent: Percent | None = None
    """Share of reviewed sales that pass, in percent."""


class Definition(Part):
    """A campaign, as defined by its manager."""

    name: Name
    """The campaign's name, unique in its centre."""
    kind: CampaignKind
    """What it is for."""
    starts: date
    """The first day on which it calls."""
    ends: date
    """The last day on which it calls."""
    offer: Offer | None = None
    """What is offered; needed for telesales and retention."""
    scripts: Scripts
    """Which scripts are read."""
    calling: Calling = Calling()
    """The rules under which its numbers are rung."""
    staff: list[Name] = []
    """Sign-in names of the agents and verifiers who work on it; empty: all of the centre."""
    skills: list[Name] = []
    """What agents must be able to do to work on it."""
    qa: Quality = Quality()
    """How its calls are reviewed."""
    confirmation: Confirmation = Confirmation()
    """How its sales are confirmed a second time."""
    targets: Targets = Targets()
    """What it is meant to reach."""
    lists: list[Name] = []
    """File names of the call lists without which it does not open; empty: any list will do."""

    _own_rules: str = ""

    def under(self, rules: str) -> Self:
        """The same, held by the text of the centre's own calling rules that it names."""
        held = self.model_copy()
        held._own_rules = rules
        return held

    @cached_property
    def profile(self) -> profiles.Profile:
        """The calling rules in force for it; raises ProfileUnknown for own ones by which it is not held yet."""
        if self._own_rules:
            return own_profiles.overridden(self._own_rules, self.calling.overrides)
        return profiles.profile(self.calling.profile, self.calling.overrides)


def read_definition(text: str) -> Definition:
    """The definition written in `text`; raises DocumentFaulty with every fault at its line and column."""
    document = Document(text)
    faults = list(crossed(document))
    try:
        definition = document.read_as(Definition)
    except DocumentFaulty as refused:
        # A fault that has its own sentence is not told a second time in general words.
        told = {fault.path for fault in faults}
        raise DocumentFaulty([*faults, *(fault for fault in refused.list if fault.path not in told)]) from None
    if faults:
        raise DocumentFaulty(faults)
    return definition


def schema() -> dict[str, Any]:
    """The JSON Schema of definitions, described in both languages, for editors that complete them."""
    return published(Definition, chinese_words("outbound.campaigns"))


def to_yaml(form: Mapping[str, Any], *, over: str = "") -> str:
    """The YAML of a definition filled in as a form; `read_definition` reads back exactly that, or tells its faults.

    Where the form says what the definition `over` says, that stays as it is written, with its comments.
    """
    return forms.write(form, Definition, over=over)
