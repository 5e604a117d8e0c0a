"""Receipts: a compact JWS (RFC 7515) over what was chosen. The way they are verified is the same for every receipt: one
algorithm, one spelling, a key that is known by its `kid`. Nothing in a receipt chooses it (RFC 8725, section 3)."""

import json
import os
import ssl
import time
import urllib.request
from datetime import datetime, timezone
from typing import Any, Dict, Literal, Mapping, Optional, Sequence, cast

from ._errors import PausePointError
from ._types import Mode, ReceiptClaims, ReceiptKeys

ReceiptFault = Literal[
    "malformed",
    "unknown key",
    "forged",
    "other mode",
    "other audience",
    "no action",
    "other action",
    "other choice",
    "no person",
    "expired",
    "too old",
]


class ReceiptError(PausePointError):
    """A receipt that does not allow the action."""

    fault: ReceiptFault

    def __init__(self, fault: ReceiptFault, why: str) -> None:
        super().__init__(f"the receipt is refused: {why}")
        self.fault = fault


LONGEST = 16_384
"""The longest that could be made has some 8,000 characters."""
TYPE = "pausepoint-receipt+jwt"


def verify_receipt(
    receipt: str,
    *,
    keys: ReceiptKeys,
    action_digest: str,
    audience: str,
    choices: Sequence[str],
    mode: Mode = "live",
    allow_default: bool = False,
    max_age_seconds: Optional[float] = None,
    now: Optional[float] = None,
) -> ReceiptClaims:
    """Whether a receipt allows an action: genuine, of a person (unless the clock will do), for you, for this very action,
    with a choice that allows it, and not over. It may still have been used before: consume it, as the last thing before
    acting. Answers what it claims.

    keys: of the world you act in (`fetch_receipt_keys`): a receipt of the other world is signed by a key that is not there.
    action_digest: of what you are about to do, computed by you: see `digest_action`.
    audience: who you are, as the question's `audience` names you; else its project.
    choices: those that allow it, such as `["Approve"]`.
    allow_default: whether the clock's default will do too. Else a person must have chosen.
    max_age_seconds: the oldest answer that you take; else whatever has not expired.
    now: seconds since the Unix epoch; else the machine's time.

    Raises ReceiptError with the `fault`.
    """
    if isinstance(choices, str):
        raise TypeError('choices is a list, such as ["Approve"]')
    claims = _genuine(receipt, keys)
    seconds = time.time() if now is None else now
    if claims["mode"] != mode:
        raise ReceiptError("other mode", f"it is a {claims['mode']} receipt, and counts for nothing {mode}")
    if claims["aud"] != audience:
        raise ReceiptError("other audience", "it is for another audience")
    if claims["action_digest"] is None:
        raise ReceiptError("no action", "it binds no action: its pause was asked without an action_digest")
    if claims["action_digest"] != action_digest:
        raise ReceiptError("other action", "it was given for another action")
    if claims["choice"] not in choices:
        raise ReceiptError("other choice", f"the answer was {json.dumps(claims['choice'], ensure_ascii=False)}")
    if claims["source"] != "human" and not allow_default:
        raise ReceiptError("no person", "nobody answered: the clock did, with the default")
    if seconds >= claims["exp"]:
        raise ReceiptError("expired", f"it has expired, at {_time_of(claims['exp'])}")
    if max_age_seconds is not None and seconds - claims["answered_at"] > max_age_seconds:
        raise ReceiptError("too old", f"it was answered more than {max_age_seconds:g} s ago")
    return claims


def fetch_receipt_keys(
    url: Optional[str] = None, mode: Mode = "live", *, ssl_context: Optional[ssl.SSLContext] = None
) -> ReceiptKeys:
    """The keys that receipts are signed with now, and were before. Fetch them once and keep them: who can forge this answer
    could forge receipts.

    url: of the server; else $PAUSEPOINT_URL.

    Raises PausePointError when they can't be read there.
    """
    base = (url or os.environ.get("PAUSEPOINT_URL") or "http://127.0.0.1:8787").rstrip("/")
    where = f"{base}/.well-known/pausepoint-keys.json{'?mode=test' if mode == 'test' else ''}"
    if not where.lower().startswith(("http://", "https://")):
        raise PausePointError("The server's address must be like https://approve.example.com: set PAUSEPOINT_URL.")
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=ssl_context))
    try:
        with opener.open(where, timeout=30) as answer:
            found = json.loads(answer.read())
    except (OSError, ValueError, RecursionError) as error:
        raise PausePointError(f"the keys can't be read from {base}: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise PausePointError(f"what answered at {base} is no set of keys")
    return cast(ReceiptKeys, found)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _genuine(receipt: str, keys: ReceiptKeys) -> ReceiptClaims:
    from ._reader import ed25519  # with the reader of audit logs, which is not needed to ask

    if not isinstance(receipt, str) or len(receipt) > LONGEST:
        raise _malformed("it is no text that a receipt can be")
    parts = receipt.split(".")
    if len(parts) != 3 or parts[2] == "":
        raise _malformed("it is not a compact JWS of three parts")
    header = _object_in(parts[0], "header")
    if header.keys() - {"alg", "kid", "typ"}:  # so no crit, jku or jwk
        raise _malformed("its header has members that no receipt has")
    # PausePoint only ever writes the first (RFC 9864); the second is what RFC 8037 called the same algorithm.
    if header.get("alg") not in ("Ed25519", "EdDSA"):
        raise _malformed("its alg is not Ed25519")
    if header.get("typ") != TYPE:
        raise _malformed(f"its typ is not {TYPE}")
    if not isinstance(header.get("kid"), str):
        raise _malformed("it names no key")
    signature = _bytes_in(parts[2], "signature")
    if len(signature) != 64:
        raise _malformed("its signature has not 64 bytes")
    payload = _object_in(parts[1], "payload")
    if not ed25519(_key_of(keys, header["kid"]), f"{parts[0]}.{parts[1]}".encode("ascii"), signature):
        raise ReceiptError("forged", "its signature is not that of the key that it names")
    if not _is_claims(payload):
        raise _malformed("its claims are not those of a receipt")
    return cast(ReceiptClaims, payload)


def _key_of(keys: ReceiptKeys, kid: str) -> bytes:
    from ._reader import unbase64url

    for key in keys["keys"]:
        if isinstance(key, dict) and key.get("kid") == kid and (key.get("kty"), key.get("crv")) == ("OKP", "Ed25519"):
            public = unbase64url(key.get("x"), 32)
            if public is not None:
                return public
    raise ReceiptError("unknown key", "it is signed by a key that is not known here")


_TEXTS = ("iss", "aud", "jti", "project", "pause_id", "question", "choice", "channel", "entry_hash")
_TEXTS_OR_NULL = ("via", "by", "action_digest")
_SECONDS = ("iat", "exp", "asked_at", "answered_at", "seq")


def _is_claims(claims: Mapping[str, Any]) -> bool:
    """Further claims may come."""
    options = claims.get("options")
    return (
        claims.get("mode") in ("live", "test")
        and claims.get("source") in ("human", "timeout_default")
        and isinstance(options, list)
        and all(isinstance(option, str) for option in options)
        and all(isinstance(claims.get(name), str) for name in _TEXTS)
        and all(name in claims and isinstance(claims[name], (str, type(None))) for name in _TEXTS_OR_NULL)
        and all(type(claims.get(name)) is int and claims[name] >= 0 for name in _SECONDS)
    )


def _object_in(part: str, name: str) -> Dict[str, Any]:
    from ._json import read_strictly

    try:
        value = read_strictly(_bytes_in(part, name).decode("utf-8"))
    except ValueError:
        raise _malformed(f"its {name} is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise _malformed(f"its {name} is not a JSON object")
    return value


def _bytes_in(part: str, name: str) -> bytes:
    """Decoders pass over what they do not know and over spare bits, so only what encodes to itself counts."""
    from ._reader import unbase64url

    found = unbase64url(part) if part else None
    if found is None:
        raise _malformed(f"its {name} is not in base64url")
    return found


def _malformed(why: str) -> ReceiptError:
    return ReceiptError("malformed", why)


def _time_of(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970"
