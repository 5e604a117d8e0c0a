"""The digest of an action, which ties an approval to the very thing that is then done."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Tuple

from ._errors import PausePointError


@dataclass(frozen=True)
class DigestedAction:
    """An action with its digest."""

    digest: str
    """`sha256:` and 64 hex digits: the `action_digest` of the question."""
    nonce: str
    action: Dict[str, Any]
    """The action with its nonce, as it was digested: hand this to whoever carries it out."""


def digest_action(action: Mapping[str, Any]) -> DigestedAction:
    """The digest of an action, as `pausepoint digest` makes it: SHA-256 over the RFC 8785 form of the object with a member
    `nonce` in it. The digest is seen by others; without a nonce, a small action could be found by trying. An action that
    has a nonce keeps it, so that whoever carries it out gets the same digest.

    Raises PausePointError for what has no JSON form that every reader reads alike, and for a nonce shorter than 128 bits.
    """
    from ._json import canonicalize

    nonce = _nonce(action["nonce"] if "nonce" in action else None, "nonce" in action)
    whole = {**action, "nonce": nonce}
    return DigestedAction(f"sha256:{hashlib.sha256(canonicalize(whole).encode('utf-8')).hexdigest()}", nonce, whole)


def digest_bytes(content: bytes, nonce: Optional[str] = None) -> Tuple[str, str]:
    """The digest of any other bytes, such as a file's, and its nonce: SHA-256 over the nonce, one zero byte, and the bytes.

    nonce: the one of the first time; else a fresh one.
    """
    used = _nonce(nonce, nonce is not None)
    return f"sha256:{hashlib.sha256(used.encode('ascii') + bytes(1) + content).hexdigest()}", used


def _nonce(given: Any, is_given: bool) -> str:
    used = given if is_given else secrets.token_urlsafe(16)
    if isinstance(used, str) and re.fullmatch(r"[A-Za-z0-9_-]{22,200}", used):
        return used
    raise PausePointError("The action's nonce must be 22 to 200 characters of A-Z, a-z, 0-9, - and _.")
