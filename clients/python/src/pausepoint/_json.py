"""JSON that is hashed or signed: read so that no two readers take it for two values (RFC 7493), and written in the one way
that everybody writes it (RFC 8785)."""

import json
from decimal import Decimal
from typing import Any, List, NoReturn, Tuple

from ._errors import PausePointError
from ._reader import es_number

DEEPEST = 64
LARGEST_WHOLE = 2**53 - 1


def read_strictly(text: str) -> Any:
    """Raises ValueError for what is no JSON, a member named twice, half a surrogate pair, a number that a double can't
    give back digit for digit, and nesting deeper than 64."""
    try:
        value = _DECODER.decode(text)
        canonicalize(value)  # refuses half a surrogate pair, and what is nested too deeply
    except (PausePointError, ArithmeticError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return value


def canonicalize(value: Any) -> str:
    """The one text of a JSON value (RFC 8785, JSON Canonicalization Scheme).

    Takes dicts with text for names, lists, tuples, str, int, float, bool and None. Raises PausePointError for anything
    else, and for what not every reader reads alike: NaN, a whole number beyond 2^53, half a surrogate pair, nesting deeper
    than 64.
    """
    return _write(value, "", 0)


def _write(value: Any, pointer: str, depth: int) -> str:
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _write_text(value, pointer)
    if isinstance(value, (int, float)):
        if value != value or abs(value) == float("inf") or (value == int(value) and abs(value) > LARGEST_WHOLE):
            _refuse(pointer, "is a number that not every reader keeps: write it as text")
        return es_number(value)
    if depth == DEEPEST:
        _refuse(pointer, f"is nested deeper than {DEEPEST} levels")
    if isinstance(value, (list, tuple)):
        return f"[{','.join(_write(item, f'{pointer}/{at}', depth + 1) for at, item in enumerate(value))}]"
    if not isinstance(value, dict):
        _refuse(pointer, f"is {type(value).__name__}, which JSON can't say")
    for name in value:
        if not isinstance(name, str):
            _refuse(pointer, "has a member whose name is no text")
    members: List[str] = []
    for name in sorted(value, key=_units):
        at = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        members.append(f"{_write_text(name, at)}:{_write(value[name], at, depth + 1)}")
    return f"{{{','.join(members)}}}"


def _write_text(text: str, pointer: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        _refuse(pointer.encode("utf-8", "replace").decode(), "holds half a surrogate pair")
    return json.dumps(text, ensure_ascii=False)  # escapes just what RFC 8785, section 3.2.2.2, does


def _units(name: str) -> bytes:
    """Sorted by UTF-16 code units: RFC 8785, section 3.2.3."""
    return name.encode("utf-16-be", "surrogatepass")


def _refuse(pointer: str, why: str) -> NoReturn:
    raise PausePointError(f"The action can't be digested: {pointer or 'it'} {why}.")


def _members(pairs: List[Tuple[str, Any]]) -> Any:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _number(text: str) -> Any:
    value = float(text)
    if abs(value) == float("inf") or Decimal(text) != Decimal(repr(value)):
        raise ValueError("a number can't be kept exactly by every reader")
    if value != int(value):
        return value
    if abs(value) > LARGEST_WHOLE:
        raise ValueError("a number can't be kept exactly by every reader")
    return int(value)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_number, parse_float=_number, parse_constant=_constant
)
