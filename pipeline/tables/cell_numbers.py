"""What the text of one cell says: a number, or an id. Rules without any library, because profiles need them where the data are too many for
one."""

import math
import re
from typing import Literal

from pipeline.tables.missing import present

Decimal = Literal[".", ","]

LARGEST = 1e150  # greater numbers count as infinite: their squares are
GREATEST = 3e38  # that a model computes with: forests do in single precision, which ends there
# Exponents as engines write them, "1e-05" or "1.0E20"; "1E5" may well be the name of something.
_PLAIN_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d{0,149})(?:\.\d*(?:e[+-]?\d+)?|e[+-]\d+)?|\.\d+)", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"([+-]?\d+)[.,]0+", re.ASCII)

# What stands around an amount: its currency or a percent sign. Percent are numbers of percent: "12%" is 12.
_CURRENCY = (
    r"[$€£¥₹₽₺₩₫₪฿₴₦₱]|US\$|R\$|C\$|A\$|kr\.?|zł|Kč|TL|Rs\.?|Fr\.?"
    r"|USD|EUR|GBP|CHF|JPY|CNY|INR|BRL|TRY|RUB|PLN|SEK|NOK|DKK|CZK|HUF|CAD|AUD|NZD|MXN|ZAR|KRW|ILS|THB"
)
_AMOUNT = re.compile(
    rf"(?P<sign>[+-]?)(?:(?:{_CURRENCY})[ \u00a0]?(?P<after>[+-]?)(?P<first>[\d.,' \u00a0\u202f’]*\d)"
    rf"|(?P<last>[\d.,' \u00a0\u202f’]*\d)[ \u00a0]?(?:{_CURRENCY}|%))"
)
_IN_BRACKETS = re.compile(r"\(([^()]+)\)")  # bookkeepers' minus
_GROUPED = {
    decimal: re.compile(rf"[+-]?\d{{1,3}}(?:[{other} \u00a0\u202f]\d{{2,3}})*[{other} \u00a0\u202f]\d{{3}}(?:[{decimal}]\d*)?", re.ASCII)
    for decimal, other in (".,", ",.")
}
# "1.234,56" has its decimal comma whatever the other cells of the table have.
_BOTH_MARKS = {decimal: re.compile(rf"[+-]?\d{{1,3}}(?:[{other}]\d{{3}})+[{decimal}]\d+", re.ASCII) for decimal, other in (".,", ",.")}


def plain_number(text: str, decimal: Decimal = ".") -> int | float | None:
    """The number that a stripped text writes without leading zeros or separators of thousands, exact where it is whole; None where it writes
    none, or one beyond 1e150."""
    if decimal == ",":
        text = "" if "." in text else text.replace(",", ".")
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    if text.lstrip("+-").isdecimal():
        return int(text)
    whole = _WHOLE.fullmatch(text)
    number = int(whole[1]) if whole else float(text)
    if not -LARGEST <= number <= LARGEST:
        return None
    return int(number) if number == int(number) else number


def number_in(text: str, decimal: Decimal = ".") -> float:
    """The number that a stripped text writes in any way: with separators of thousands, exponents, infinite, as an amount with a currency or
    in percent; NaN where it writes none."""
    if bracketed := _IN_BRACKETS.fullmatch(text):
        return -number_in(bracketed[1], decimal)
    if amount := _AMOUNT.fullmatch(text):
        digits = amount["first"] or amount["last"]
        text = amount["sign"] + (amount["after"] or "") + digits.replace("'", "").replace("’", "")
    if _BOTH_MARKS[","].fullmatch(text):
        decimal = ","
    elif _BOTH_MARKS["."].fullmatch(text):
        decimal = "."
    if _GROUPED[decimal].fullmatch(text):
        text = "".join(mark for mark in text if mark in f"+-0123456789{decimal}")
    if decimal == ",":
        text = text.replace(",", ".")
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan


def id_of(text: str | None, decimal: Decimal = ".") -> str | None:
    """An id: "17.0" is 17, because whole numbers with gaps are written so; None where it is missing."""
    found = present(text)
    whole = found and _WHOLE.fullmatch(found)
    return whole[1] if whole and f"{decimal}0" in whole[0] else found
