"""The requests of the API."""

import re
from typing import Any, Mapping, Optional
from urllib.parse import urlencode

from ._errors import PausePointError
from ._http import Call
from ._types import Question

_NAMES = frozenset(Question.__annotations__)
_REQUIRED = ("recipient", "channel")


def create_call(message: str, question: Mapping[str, Any], idempotency_key: Optional[str]) -> Call:
    """Raises TypeError for names that no question has, as a call of a function does."""
    for name in question:
        if name not in _NAMES:
            raise TypeError(f"a question got an unexpected keyword argument {name!r}")
    for name in _REQUIRED:
        if question.get(name) is None:
            raise TypeError(f"a question is missing the keyword argument {name!r}")
    body = {"message": message, **{name: value for name, value in question.items() if value is not None}}
    if idempotency_key is None:
        return Call("POST", "/v1/pause", body)
    if not (1 <= len(idempotency_key) <= 255 and idempotency_key.isascii() and idempotency_key.isprintable()):
        raise PausePointError("An idempotency key has 1 to 255 printable ASCII characters.")
    return Call("POST", "/v1/pause", body, {"Idempotency-Key": idempotency_key})


def get_call(pause_id: str, wait_seconds: float = 0) -> Call:
    path = _query(f"/v1/pause/{_segment(pause_id)}", {"wait": wait_seconds or None})
    return Call("GET", path, wait_seconds=wait_seconds)


def list_call(parameters: Mapping[str, Any]) -> Call:
    return Call("GET", _query("/v1/pause", parameters))


def cancel_call(pause_id: str, reason: Optional[str]) -> Call:
    return Call("POST", f"/v1/pause/{_segment(pause_id)}/cancel", {} if reason is None else {"reason": reason})


def audit_call(parameters: Mapping[str, Any], pause_id: Optional[str] = None) -> Call:
    path = "/v1/audit" if pause_id is None else f"/v1/pause/{_segment(pause_id)}/audit"
    return Call("GET", _query(path, parameters))


def consume_call(receipt: str, action_digest: str) -> Call:
    return Call("POST", "/v1/receipts/consume", {"receipt": receipt, "action_digest": action_digest})


def _query(path: str, parameters: Mapping[str, Any]) -> str:
    """A path with those parameters that are given."""
    given = {name: _text_of(value) for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _text_of(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _segment(pause_id: str) -> str:
    """An id as a part of a path; nothing in it may lead to another route."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", pause_id):
        raise PausePointError("That is no pause_id: they begin with pause_.")
    return pause_id
