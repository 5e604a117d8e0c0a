"""Asking and waiting as a series of steps, the same for threads and for asyncio: a flow yields what is to be done next, a
request or a rest, and gets the answer back, or the error thrown into it."""

import random
import time
from dataclasses import dataclass
from typing import Any, Dict, Generator, Optional, TypeVar, Union, cast

from ._calls import cancel_call, get_call
from ._decision import Decision, decision_of
from ._errors import AnswerError, ConnectionError, PausePointError, ProblemError
from ._http import Call
from ._types import Pause

POLL_SECONDS = 50.0
"""Below the idle limits of proxies, and a good deal below what the server allows."""
FIRST_REST = 0.25
LONGEST_REST = 10.0
WITHDRAW_SECONDS = 10.0


@dataclass(frozen=True)
class Rest:
    seconds: float


Result = TypeVar("Result")
Flow = Generator[Union[Call, Rest], Any, Result]


def ask_flow(create: Call, cancel_on_interrupt: bool, patience: float) -> Flow[Decision]:
    pause_id: Optional[str] = None
    try:
        pause = cast(Pause, (yield from persist(create, patience)))
        pause_id = pause["pause_id"]
        return decision_of((yield from _until_ended(pause, patience)))
    except (Exception, GeneratorExit):
        raise
    except BaseException:  # KeyboardInterrupt, SystemExit, asyncio.CancelledError: nobody waits any more
        if cancel_on_interrupt and create.is_sent:
            yield from _withdraw(create, pause_id)
        raise


def wait_flow(pause_id: str, patience: float) -> Flow[Pause]:
    pause = cast(Pause, (yield from persist(get_call(pause_id, POLL_SECONDS), patience)))
    return (yield from _until_ended(pause, patience))


def _until_ended(pause: Pause, patience: float) -> Flow[Pause]:
    while pause["status"] == "pending":
        started = time.monotonic()
        pause = cast(Pause, (yield from persist(get_call(pause["pause_id"], POLL_SECONDS), patience)))
        # Pending before the time is over: the server lets go of who waits, as it stops.
        if pause["status"] == "pending" and time.monotonic() - started < 1:
            yield Rest(rest_seconds(1, None))
    return pause


def persist(call: Call, patience: float) -> Flow[Dict[str, Any]]:
    """Tries again what fails in passing, until nobody has answered for as long as patience lasts."""
    end = time.monotonic() + patience
    attempt = 0
    while True:
        attempt += 1
        try:
            return cast(Dict[str, Any], (yield call))
        except PausePointError as error:
            seconds = rest_seconds(attempt, error)
            if not is_passing(error) or time.monotonic() + seconds > end:
                raise
        yield Rest(seconds)


def _withdraw(create: Call, pause_id: Optional[str]) -> Flow[None]:
    """As far as it goes: what ended the wait is what is told."""
    try:
        if pause_id is None:
            # The create may have been taken although its answer was not heard; under its key the same pause is answered.
            pause_id = cast(Pause, (yield from persist(create, WITHDRAW_SECONDS)))["pause_id"]
        yield from persist(cancel_call(pause_id, "Nobody waits for the answer any more."), WITHDRAW_SECONDS)
    except Exception:
        pass


def is_passing(error: PausePointError) -> bool:
    """Whether the same request may well succeed a little later: nothing in it was refused."""
    if isinstance(error, ConnectionError):
        return True
    if isinstance(error, AnswerError):
        return error.status >= 500
    if not isinstance(error, ProblemError):
        return False
    if error.type == "/problems/quota":  # the next month is no little later
        return False
    if error.status == 409:  # with a Retry-After: the same create is still under way (RFC 9110, section 10.2.3)
        return error.retry_after_seconds is not None
    return error.status in (408, 425, 429, 500, 502, 503, 504)


def rest_seconds(attempt: int, error: Optional[PausePointError]) -> float:
    """The rest before try number `attempt` + 1: doubling, with jitter, and never less than the server asks for."""
    usual = min(LONGEST_REST, FIRST_REST * 2 ** min(attempt - 1, 10)) * (0.5 + random.random())
    asked = error.retry_after_seconds if isinstance(error, ProblemError) else None
    return max(usual, asked or 0.0)
