"""The numbers of a whole chunk of a list at once, by libphonenumber's own patterns for mainland numbers.

Every cell gets exactly the answer that `parsing.parse` gives it; numbers from abroad are asked there one by one.
"""

from collections.abc import Iterable, Sequence
from functools import cache

import phonenumbers
import polars as pl

from outbound.phones import parsing
from outbound.phones.parsing import Kind, Number, Oddity, Reason, zones_kept

PARSED = dict.fromkeys(("e164", "region", "zones", "kind", "warning", "reason"), pl.String)
"""The columns of `parse_many`: a number has no reason, a refused cell has nothing but its reason (a `Reason`)."""

_MOBILE_SPELT = r"\A(?:(?:\+86|0086|86|\(\+?86\))[ \-]?)?1[0-9]{2}[ \-]?[0-9]{4}[ \-]?[0-9]{4}\z"
_FORMULA = r'\A="([^"]*)"\z'
_ROUNDED = r"\A\+?[0-9]{5,}\.0+\z"
_DOTTED = r"\A(?:\+[0-9.() \-]+|[0-9]+(?:\.[0-9]+){2,})\z"
_PYTHON_SPACE = "".join(chr(point) for point in range(0x3001) if chr(point).isspace())


def parse_many(texts: Sequence[str | None] | pl.Series, *, region: str = "CN") -> pl.DataFrame:
    """The number or the reason in each of these cells, in their order, as the columns `PARSED`.

    `region` (ISO 3166) is where numbers without a country code belong; `zones` is written as `Phone.zones` keeps it.
    """
    raw = _column(texts)
    if region != "CN":
        return _one_by_one(raw, region)
    digits = raw.str.replace_all("[^0-9]", "").str.tail(11)
    plain = raw.str.contains(_MOBILE_SPELT) & digits.str.contains(_whole(_mobile()))
    if plain.all():
        return _mobiles(digits)
    at = pl.Series("at", range(len(raw)), dtype=pl.UInt32)
    some = _mobiles(digits.filter(plain)).with_columns(at.filter(plain))
    others = _others(raw.filter(~plain)).with_columns(at.filter(~plain))
    return pl.concat([some, others]).sort("at").drop("at")


def _column(texts: Sequence[str | None] | pl.Series) -> pl.Series:
    try:
        column = pl.Series("raw", texts, dtype=pl.String)
    except UnicodeEncodeError:
        # Half a character, which no file can hold; it is no digit whatever stands for it.
        whole = [text and text.encode("utf-8", "replace").decode() for text in texts]
        column = pl.Series("raw", whole, dtype=pl.String)
    return column.fill_null("")


def _mobiles(digits: pl.Series) -> pl.DataFrame:
    same = {"region": "CN", "zones": ",".join(parsing.MAINLAND_ZONES), "kind": Kind.MOBILE.value}
    columns = [pl.lit(same.get(name), dtype=pl.String).alias(name) for name in PARSED if name != "e164"]
    return pl.select(("+86" + digits).alias("e164"), *columns)


def _others(raw: pl.Series) -> pl.DataFrame:
    """What is no mobile in an everyday spelling: mainland numbers are judged here, others one by one."""
    asked = _told_apart(_folded(raw))
    home = asked.filter(~pl.col("abroad")).with_columns(kind=_kind()).with_columns(reason=_reason())
    judged = home.select("at", *_judged())
    abroad = asked.filter("abroad")
    if abroad.is_empty():
        return judged.drop("at")
    away = _one_by_one(abroad["raw"], "CN").with_columns(abroad["at"])
    return pl.concat([judged, away.select(judged.columns)]).sort("at").drop("at")


def _folded(raw: pl.Series) -> pl.DataFrame:
    """Each cell with its `text` as `parsing` folds it, and whether that had a .0 behind it (`rounded`)."""
    fold = {chr(point): plain or "" for point, plain in parsing.FOLD.items()}
    text = raw.str.replace_many(list(fold), list(fold.values())).str.strip_chars(_PYTHON_SPACE)
    text = text.str.replace(_FORMULA, "${1}").str.strip_chars_start("' ").alias("text")
    rounded = text.str.contains(_ROUNDED).alias("rounded")
    dotted = text.str.contains(_DOTTED) & ~rounded
    if dotted.any():
        text = text.str.replace_all(".", "-", literal=True).zip_with(dotted, text)
    if rounded.any():
        text = text.str.replace(r"\.0+\z", "").zip_with(rounded, text)
    return pl.DataFrame([raw.alias("raw"), text, rounded])


def _told_apart(asked: pl.DataFrame) -> pl.DataFrame:
    """With `digits`, `bare` (mainland digits without the trunk 0) and whether the number is one from abroad."""
    digits, text = pl.col("digits"), pl.col("text")
    asked = asked.with_row_index("at").with_columns(
        digits=text.str.replace_all("[^0-9]", ""),
        plus=text.str.contains("+", literal=True),
        legible=text.str.contains(_whole(parsing.LEGIBLE.pattern)),
    )
    away = pl.col("plus") | digits.str.starts_with("00")
    after = pl.when("plus").then(digits).otherwise(digits.str.strip_prefix("00"))
    with_country = (
        pl.when(away)
        .then(after.str.starts_with("86"))
        .otherwise(digits.str.starts_with("86") & (digits.str.len_bytes() >= 12))
    )
    home = pl.when(with_country).then(pl.when(away).then(after).otherwise(digits).str.slice(2)).otherwise(digits)
    return asked.with_columns(bare=home.str.strip_prefix("0"), abroad=away & ~with_country & pl.col("legible"))


def _reason() -> pl.Expr:
    """Why there is no number in a cell, in the order in which `parsing.parse` asks."""
    bare, text, kind = pl.col("bare"), pl.col("text"), pl.col("kind")
    length = ~bare.str.len_bytes().is_between(10, 11) | bare.str.contains(r"\A1[1-9][0-9]{8}\z")
    asked = [
        (text == "", Reason.EMPTY),
        (text.str.contains(_whole(parsing.SCIENTIFIC.pattern)), Reason.SCIENTIFIC),
        (~pl.col("legible"), Reason.NOT_A_NUMBER),
        (bare.str.contains(_whole(parsing.SERVICE.pattern)), Reason.SERVICE),
        (length, Reason.LENGTH),
        (bare.str.starts_with("0"), Reason.UNASSIGNED),
        (kind == "service", Reason.SERVICE),
        (kind.is_null() & bare.str.contains(r"\A1[0-9]{10}\z"), Reason.NOT_MOBILE),
        (kind.is_null(), Reason.UNASSIGNED),
    ]
    return pl.coalesce(pl.when(holds).then(pl.lit(reason.value)) for holds, reason in asked)


def _judged() -> list[pl.Expr | str]:
    """The columns `PARSED` of mainland numbers whose kind and reason are known."""
    usable, told = pl.col("reason").is_null(), pl.col("kind") == Kind.LANDLINE.value
    zero_lost = usable & told & ~pl.col("plus") & (pl.col("digits") == pl.col("bare"))
    warning = pl.when(usable & pl.col("rounded")).then(pl.lit(Oddity.TRAILING_ZERO.value))
    return [
        pl.when(usable).then("+86" + pl.col("bare")).alias("e164"),
        pl.when(usable).then(pl.lit("CN")).alias("region"),
        pl.when(usable).then(pl.lit(",".join(parsing.MAINLAND_ZONES))).alias("zones"),
        pl.when(usable).then("kind").alias("kind"),
        warning.when(zero_lost).then(pl.lit(Oddity.LEADING_ZERO.value)).alias("warning"),
        "reason",
    ]


def _kind() -> pl.Expr:
    """What sort of line libphonenumber takes mainland digits for: a `Kind`, `service`, or null for none."""
    known = _mainland()
    service = [known.premium_rate, known.toll_free, known.shared_cost]
    neither = [known.voip, known.personal_number, known.pager, known.uan, known.voicemail]
    fixed, mobile = _fits([known.fixed_line]), _fits([known.mobile])
    return (
        pl.when(~_fits([known.general_desc])).then(None)
        .when(_fits(service)).then(pl.lit("service"))
        .when(_fits(neither) | (fixed & mobile)).then(None)
        .when(fixed).then(pl.lit(Kind.LANDLINE.value))
        .when(mobile).then(pl.lit(Kind.MOBILE.value))
    )  # fmt: skip


def _fits(descriptions: Iterable[phonenumbers.PhoneNumberDesc | None]) -> pl.Expr:
    bare, fits = pl.col("bare"), pl.lit(False)
    for each in descriptions:
        if each is not None and each.national_number_pattern:
            of_length = bare.str.len_bytes().is_in(each.possible_length) if each.possible_length else pl.lit(True)
            fits = fits | (of_length & bare.str.contains(_whole(each.national_number_pattern)))
    return fits


def _whole(pattern: str) -> str:
    """A pattern of Python's for whole ASCII texts, as polars takes it: there, \\d is any script's digit."""
    inside = pattern.replace(r"[\d", "[0-9").replace(r"\d", "[0-9]")
    return rf"\A(?:{inside})\z"


@cache
def _mainland() -> phonenumbers.PhoneMetadata:
    mainland = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    assert mainland
    return mainland


def _mobile() -> str:
    mobile = _mainland().mobile
    assert mobile and mobile.national_number_pattern
    return str(mobile.national_number_pattern)


def _one_by_one(raw: pl.Series, region: str) -> pl.DataFrame:
    different = raw.unique()
    found = [_row(parsing.parse(text, region=region)) for text in different.to_list()]
    answers = pl.DataFrame(found, schema=PARSED, orient="row").with_columns(different.alias("raw"))
    return pl.DataFrame({"raw": raw}).join(answers, on="raw", how="left", maintain_order="left").drop("raw")


def _row(found: Number | parsing.Unusable) -> tuple[str | None, ...]:
    if isinstance(found, parsing.Unusable):
        return (None, None, None, None, None, found.reason.value)
    warning = found.warning.value if found.warning else None
    return (found.e164, found.region, zones_kept(found), found.kind.value, warning, None)
