"""The client of a PausePoint server: asks a person, and waits for the answer, over restarts and broken networks.

    import pausepoint

    decision = pausepoint.ask("Wire $8,400 to Meridian?", recipient="@cfo", channel="sms")
    if decision.by_person("Approve"):
        wire()

Needs Python 3.9 and nothing else. `AsyncPausePoint` is the same for asyncio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ._aio import AsyncPausePoint
from ._client import PausePoint
from ._decision import Decision
from ._digest import DigestedAction, digest_action, digest_bytes
from ._errors import (
    AnswerError,
    ConflictError,
    ConnectionError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    PausePointError,
    ProblemError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from ._receipt import ReceiptError, ReceiptFault, fetch_receipt_keys, verify_receipt
from ._types import (
    AuditEntry,
    AuditPage,
    ConsumedReceipt,
    Delivery,
    FieldError,
    Pause,
    PausePage,
    Question,
    ReceiptClaims,
    ReceiptKeys,
    WebhookEvent,
)
from ._webhook import WebhookError, verify_webhook

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "AnswerError",
    "AsyncPausePoint",
    "AuditEntry",
    "AuditPage",
    "ConflictError",
    "ConnectionError",
    "ConsumedReceipt",
    "Decision",
    "Delivery",
    "DigestedAction",
    "FieldError",
    "ForbiddenError",
    "InvalidRequestError",
    "NotFoundError",
    "Pause",
    "PausePage",
    "PausePoint",
    "PausePointError",
    "ProblemError",
    "Question",
    "RateLimitedError",
    "ReceiptClaims",
    "ReceiptError",
    "ReceiptFault",
    "ReceiptKeys",
    "UnauthorizedError",
    "UnavailableError",
    "WebhookError",
    "WebhookEvent",
    "ask",
    "digest_action",
    "digest_bytes",
    "fetch_receipt_keys",
    "verify_receipt",
    "verify_webhook",
]


def ask(
    message: str,
    *,
    idempotency_key: Optional[str] = None,
    cancel_on_interrupt: bool = False,
    **question: Unpack[Question],
) -> Decision:
    """Asks a person, and blocks until the question has ended: `PausePoint.ask` with $PAUSEPOINT_URL and
    $PAUSEPOINT_API_KEY."""
    return PausePoint().ask(
        message, idempotency_key=idempotency_key, cancel_on_interrupt=cancel_on_interrupt, **question
    )
