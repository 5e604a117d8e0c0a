"""One request as bytes, and the answer out of bytes. Who sends them, a thread or an event loop, is not known here.

A request has a connection of its own: after a restart of the server no old one can be in the way.
"""

import email.utils
import http.client
import io
import json
import os
import re
import ssl
import time
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple, cast
from urllib.parse import urlsplit

from ._errors import AnswerError, ConnectionError, PausePointError, problem_error

LONGEST_CALL = 1.0
"""The longest that one call of the system may block, in seconds. Python sees a signal that comes just before such a call
only when that call is over, and Ctrl-C must not wait for an answer."""


@dataclass
class Call:
    """A request to the API."""

    method: str
    path: str
    """With its query."""
    body: Optional[Mapping[str, Any]] = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: float = 0
    """How long the server was asked to hold it."""
    is_sent: bool = False
    """Whether some of it may have reached the server."""


class Server:
    """Where the server is, and the key for it."""

    def __init__(self, url: Optional[str], api_key: Optional[str], context: Optional[ssl.SSLContext]) -> None:
        self.url = (url or os.environ.get("PAUSEPOINT_URL") or "http://127.0.0.1:8787").rstrip("/")
        self._key = api_key or os.environ.get("PAUSEPOINT_API_KEY") or ""
        if not re.fullmatch(r"[\x21-\x7e]+", self._key):
            raise PausePointError("There is no API key: set PAUSEPOINT_API_KEY to one that pausepoint printed.")
        place = _place_of(self.url)
        self.host, self.port, self._prefix, self._authority = place
        self.is_secure = self.url.lower().startswith("https:")
        self._context = context

    @property
    def context(self) -> Optional[ssl.SSLContext]:
        """How TLS is spoken; None without it. Made when it is first needed, as that takes a while."""
        if self.is_secure and self._context is None:
            self._context = ssl.create_default_context()
        return self._context if self.is_secure else None

    def bytes_of(self, call: Call) -> bytes:
        """The request as it is sent (RFC 9112)."""
        body = None if call.body is None else _json_of(call.body)
        headers = {
            "Host": self._authority,
            "Authorization": f"Bearer {self._key}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **call.headers,
        }
        if body is not None:
            headers.update({"Content-Type": "application/json", "Content-Length": str(len(body))})
        elif call.method == "POST":
            headers["Content-Length"] = "0"
        head = [f"{call.method} {self._prefix}{call.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*head, "", ""]).encode("ascii") + (body or b"")

    def unreachable(self, why: str) -> ConnectionError:
        return ConnectionError(f"{self.url} can't be reached: {why}")


def _place_of(url: str) -> Tuple[str, int, str, str]:
    """Host, port, path before the API's own, and what stands in the Host header."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        path = parts.path.encode("ascii").decode()
    except ValueError:  # UnicodeError is one
        host, port, path, parts = "", None, "", urlsplit("")
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or re.search(r"[\s?#]", url):
        raise PausePointError("The server's address must be like https://approve.example.com: set PAUSEPOINT_URL.")
    shown = f"[{host}]" if ":" in host else host
    usual = 443 if parts.scheme == "https" else 80
    return host, port or usual, path, shown if port is None else f"{shown}:{port}"


def _json_of(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError) as error:  # a surrogate alone is a ValueError too
        raise PausePointError(f"The request can't be written as JSON: {error}.") from error


def is_whole(heard: bytearray) -> bool:
    """Whether an answer has come in whole. Where that can't be told, the end of the connection tells it."""
    head, end, body = heard.partition(b"\r\n\r\n")
    if not end or re.match(rb"HTTP/1\.[01] 1\d\d ", head):
        return False
    length = re.search(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?:\r\n|$)", head, re.IGNORECASE)
    return length is not None and len(body) >= int(length[1])


def answer_in(heard: bytes, server: Server) -> Dict[str, Any]:
    """What an answer says.

    Raises ProblemError for what the server refuses, ConnectionError for half an answer, AnswerError for an answer that
    is not the server's.
    """
    response = http.client.HTTPResponse(cast(Any, _Heard(heard)))
    try:
        response.begin()
        text = response.read()
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise server.unreachable("the answer broke off" if heard else "it closed the connection") from error
    answer = _object_in(text)
    if answer is not None and 200 <= response.status < 300:
        return answer
    if answer is None or not isinstance(answer.get("status"), int) or not {"type", "detail"} <= answer.keys():
        raise AnswerError(response.status)
    raise problem_error(answer, _seconds_of(response.headers.get("Retry-After")))


class _Heard:
    """What HTTPResponse takes for a socket."""

    def __init__(self, heard: bytes) -> None:
        self._heard = heard

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._heard)


def _object_in(text: bytes) -> Optional[Dict[str, Any]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _seconds_of(retry_after: Optional[str]) -> Optional[float]:
    """RFC 9110, section 10.2.3: seconds or a date."""
    if retry_after is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
