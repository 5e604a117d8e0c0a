"""Webhooks as Standard Webhooks describes them."""

import base64
import hashlib
import hmac
import json
import re
import time
from typing import Mapping, Optional, Sequence, Union, cast

from ._errors import PausePointError
from ._types import WebhookEvent


class WebhookError(PausePointError):
    """A webhook that is not to be believed."""


def verify_webhook(
    body: Union[bytes, str],
    headers: Mapping[str, str],
    secret: Union[str, Sequence[str]],
    *,
    tolerance_seconds: float = 300,
    now: Optional[float] = None,
) -> WebhookEvent:
    """Verifies a webhook, and answers what it tells. Retries carry the same `webhook-id`: keep it, so that an event counts
    once.

    body: as it came, not parsed and written again.
    secret: `whsec_…` of the endpoint; a list with the old one beside it while it is rotated.
    tolerance_seconds: how far the sender's clock may be from this machine's.
    now: seconds since the Unix epoch; else the machine's time.

    Raises WebhookError for a header that is missing, a time that is too far off, and a signature by none of the secrets.
    """
    named = {name.lower(): value for name, value in headers.items()}
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if name not in named:
            raise WebhookError(f"the header {name} is missing")
    sent = named["webhook-timestamp"]
    if not re.fullmatch(r"[0-9]{1,12}", sent):
        raise WebhookError("webhook-timestamp is no time in Unix seconds")
    if abs((time.time() if now is None else now) - int(sent)) > tolerance_seconds:
        raise WebhookError("webhook-timestamp is too far from this machine's time")
    raw = body.encode("utf-8") if isinstance(body, str) else bytes(body)
    signed = f"{named['webhook-id']}.{sent}.".encode("utf-8", "surrogateescape") + raw
    given = [one[3:].encode("utf-8", "replace") for one in named["webhook-signature"].split(" ") if one[:3] == "v1,"]
    for each in [secret] if isinstance(secret, str) else secret:
        expected = base64.b64encode(hmac.new(_key_of(each), signed, hashlib.sha256).digest())
        # Every signature is compared, each in constant time.
        if any([hmac.compare_digest(expected, one) for one in given]):
            return _event_in(raw)
    raise WebhookError("none of its signatures is by a secret that was given")


def _key_of(secret: str) -> bytes:
    prefix, _, text = secret.partition("_")
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if prefix != "whsec" or len(key) < 24 or base64.b64encode(key).decode() != text:
        raise WebhookError("the secret must be whsec_ and base64, as PausePoint has shown it")
    return key


def _event_in(raw: bytes) -> WebhookEvent:
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise WebhookError("its body is not JSON") from error
    return cast(WebhookEvent, event)
