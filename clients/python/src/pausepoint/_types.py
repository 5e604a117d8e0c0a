"""What goes over the wire, under the API's own names. Times are RFC 3339 in UTC unless said otherwise."""

from typing import Any, Dict, List, Literal, Mapping, Optional, Sequence, TypedDict, Union

Mode = Literal["live", "test"]
Status = Literal["pending", "responded", "timed_out", "cancelled"]
Source = Literal["human", "timeout_default"]


class _Asked(TypedDict):
    recipient: Union[str, Sequence[str]]
    """`@name` of a person, a phone number, an email address, a Slack id; or 1 to 10 of these."""
    channel: str
    """`sms`, `email`, `slack`, `whatsapp`, or a name from the server's configuration."""


class Question(_Asked, total=False):
    """What a question has beside its message. None is the same as leaving it out."""

    options: Optional[Sequence[str]]
    """1 to 10 distinct texts of 1 to 60 characters; `["Approve", "Reject"]` if left out."""
    timeout_hours: Optional[float]
    """Above 0, at most 8,760; fractions allowed."""
    timeout_default: Optional[str]
    """One of the options, which the clock then chooses."""
    webhook_url: Optional[str]
    details: Optional[Mapping[str, str]]
    """Label to text, shown on the page as a table."""
    allow_comment: Optional[bool]
    metadata: Optional[Mapping[str, Any]]
    """At most 16 kB as JSON, returned untouched."""
    action_digest: Optional[str]
    """`sha256:<hex>` of the exact action, carried into the receipt: see `digest_action`."""
    audience: Optional[str]
    """Who may use the receipt."""


class Delivery(TypedDict):
    channel: str
    recipient: str
    status: Literal["queued", "sent", "delivered", "opened", "failed", "cancelled"]
    error: Optional[str]


class Pause(TypedDict):
    """A pause, as every answer shows it."""

    pause_id: str
    object: Literal["pause"]
    mode: Mode
    status: Status
    channel: str
    recipient: Union[str, List[str]]
    message: str
    options: List[str]
    timeout_hours: float
    timeout_default: Optional[str]
    created_at: str
    expires_at: str
    response_choice: Optional[str]
    response_source: Optional[Source]
    response_via: Optional[str]
    response_comment: Optional[str]
    responded_at: Optional[str]
    responded_by: Optional[str]
    cancelled_at: Optional[str]
    cancel_reason: Optional[str]
    reached: Optional[bool]
    delivery: List[Delivery]
    details: Dict[str, str]
    metadata: Dict[str, Any]
    action_digest: Optional[str]
    audience: Optional[str]
    receipt: Optional[str]
    erased_at: Optional[str]


class PausePage(TypedDict):
    data: List[Pause]
    next_cursor: Optional[str]


class Actor(TypedDict):
    type: Literal["developer", "human", "system", "operator"]
    id: Optional[str]


class AuditEntry(TypedDict):
    """An entry of the log: docs/audit-format.md of PausePoint."""

    v: int
    seq: int
    at: str
    type: str
    actor: Actor
    project: Optional[str]
    mode: Optional[Mode]
    pause_id: Optional[str]
    nonce: str
    data: Dict[str, Any]
    prev_hash: str
    hash: str


class _AuditPage(TypedDict):
    data: List[AuditEntry]
    next_cursor: Optional[str]


class AuditPage(_AuditPage, total=False):
    disclosed: Dict[str, Dict[str, str]]
    """With `disclose`: by `seq`, what the entry commits to."""


class ConsumedReceipt(TypedDict):
    pause_id: str
    choice: str
    source: Source
    consumed_at: str


class FieldError(TypedDict, total=False):
    """Which field of a request is wrong, and why."""

    pointer: str
    """A JSON Pointer (RFC 6901) into the body."""
    parameter: str
    """A parameter of the query."""
    detail: str


class WebhookEvent(TypedDict):
    type: Literal["pause.responded", "pause.timed_out", "pause.cancelled", "webhook.test"]
    timestamp: str
    data: Any
    """The pause; of `webhook.test`, an object with the `webhook_id`."""


class ReceiptClaims(TypedDict):
    """What a receipt claims: docs/receipts.md of PausePoint. Times are Unix seconds."""

    iss: str
    aud: str
    iat: int
    exp: int
    jti: str
    mode: Mode
    project: str
    pause_id: str
    question: str
    options: List[str]
    choice: str
    source: Source
    via: Optional[str]
    channel: str
    by: Optional[str]
    asked_at: int
    answered_at: int
    action_digest: Optional[str]
    seq: int
    entry_hash: str


class ReceiptKeys(TypedDict):
    """A JWK set (RFC 7517) of Ed25519 keys (RFC 8037), as `/.well-known/pausepoint-keys.json` has it."""

    keys: List[Dict[str, Any]]
