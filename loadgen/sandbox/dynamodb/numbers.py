"""DynamoDB's numbers: 38 significant digits, from 1E-130 to just below 1E+126, in one canonical text each."""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal, Underflow

from loadgen.sandbox.dynamodb.refusals import Refused, invalid, unreadable

_EXACT = Context(prec=38, Emin=-130, Emax=125, traps=[InvalidOperation, Overflow, Underflow, Subnormal, Inexact])
_CANONICAL = re.compile(r"0|-?[1-9][0-9]{0,37}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
TEXT_LIMIT = 1000


def canonical(text: object) -> str:
    """The text that all equal numbers share. Raises Refused."""
    if type(text) is not str:
        raise unreadable("NUMBER_VALUE cannot be converted to String")
    return text if _CANONICAL.fullmatch(text) else written(decimal(text))


def decimal(text: str) -> Decimal:
    """Raises Refused."""
    if len(text) > TEXT_LIMIT or not _NUMBER.fullmatch(text):
        shown = f"{text[:40]}..." if len(text) > 40 else text
        raise invalid(f"The parameter cannot be converted to a numeric value{shown and f': {shown}'}")
    try:
        return _EXACT.create_decimal(text)
    except (InvalidOperation, Overflow, Underflow, Subnormal, Inexact) as error:
        raise _beyond(error) from None


def written(number: Decimal) -> str:
    return format(number.normalize(_EXACT), "f") if number else "0"


def added(a: str, b: str, sign: int = 1) -> str:
    """a + b, or a - b. Raises Refused if DynamoDB cannot hold the result."""
    try:
        combine = _EXACT.add if sign > 0 else _EXACT.subtract
        return written(combine(decimal(a), decimal(b)))
    except (Overflow, Underflow, Subnormal, Inexact) as error:
        raise _beyond(error) from None


def _beyond(error: ArithmeticError) -> Refused:
    if isinstance(error, Overflow):
        return invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
    if isinstance(error, Subnormal):  # Underflow is also one
        return invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    return invalid("Attempting to store more than 38 significant digits in a Number")
