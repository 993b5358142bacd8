"""The call lists of the demo: names and numbers by chance, written as a carrier writes them, faults included."""

import csv
import io
from random import Random

_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹"
_GIVEN = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "秀英",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀兰",
    "霞",
)
_CITIES = ("福州", "厦门", "泉州", "漳州", "莆田", "宁德", "三明", "南平", "龙岩")
_PLANS = ("畅享38元套餐", "畅享58元套餐", "全球通128元套餐", "动感地带29元套餐", "神州行18元套餐")
_RANGES = (
    "134",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "152",
    "157",
    "158",
    "159",
    "182",
    "183",
    "187",
    "188",
)
_SPELLINGS = ("{n}", "{n}", "{n}", "+86{n}", "86{n}", "0086{n}", "{n}.0", "'{n}", "{a}-{b}-{c}", "{a} {b} {c}")
_BAD = ("", "1.38E+10", "1381234567", "10086", "无", "12345678901")
_HEAD = ("手机号码", "客户姓名", "地市", "套餐", "ARPU", "入网时间", "合约到期日")


def carrier_list(chance: Random, size: int, *, faults: bool = True) -> bytes:
    """A list of `size` rows in GB18030 with the usual faults: odd spellings, a few bad numbers, a few twice."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_HEAD)
    rows: list[list[str]] = []
    while len(rows) < size:
        if faults and rows and chance.random() < 0.01:
            rows.append(chance.choice(rows))
        else:
            rows.append(_row(chance, faults=faults))
    writer.writerows(rows)
    return out.getvalue().encode("gb18030")


def _row(chance: Random, *, faults: bool) -> list[str]:
    number = chance.choice(_RANGES) + f"{chance.randrange(10**8):08d}"
    spelling = chance.choice(_SPELLINGS) if faults else "{n}"
    shown = spelling.format(n=number, a=number[:3], b=number[3:7], c=number[7:])
    if faults and chance.random() < 0.008:
        shown = chance.choice(_BAD)
    joined = f"{chance.randrange(2009, 2025)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
    ends = f"2027-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
    name = chance.choice(_FAMILY) + chance.choice(_GIVEN)
    bill = f"{chance.uniform(10, 320):.2f}"
    return [shown, name, chance.choice(_CITIES), chance.choice(_PLANS), bill, joined, ends]


def regulators_list() -> bytes:
    """A list of numbers that must not be rung, of nobody whom the demo's lists name; two of its rows are faulty."""
    rows = "".join(f"199{at * 48271 % 100_000_000:08d},谢绝来电登记,\n" for at in range(1, 61))
    return f"手机号码,原因,到期日\n{rows}10086,谢绝来电登记,\n1.99E+10,谢绝来电登记,\n".encode("utf-8-sig")
