"""The client for threads."""

from __future__ import annotations

import socket
import ssl
import time
import uuid
from typing import TYPE_CHECKING, Any, Dict, Optional, TypeVar, cast

from ._calls import audit_call, cancel_call, consume_call, create_call, get_call, list_call
from ._decision import Decision
from ._flow import Flow, ask_flow, wait_flow
from ._http import LONGEST_CALL, Call, Server, answer_in, is_whole
from ._types import AuditPage, ConsumedReceipt, Pause, PausePage, Status

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._types import Question

Result = TypeVar("Result")


class PausePoint:
    """A PausePoint server. Each method but `ask` and `wait_for_end` is one request, and is not tried again.

    All raise ProblemError for what the server refuses, ConnectionError when it can't be reached, and AnswerError when
    something else answers. It keeps no connection, and several threads may use it.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        api_key: Optional[str] = None,
        *,
        timeout_seconds: float = 30.0,
        patience_seconds: float = 600.0,
        ssl_context: Optional[ssl.SSLContext] = None,
    ) -> None:
        """
        url: of the server; else $PAUSEPOINT_URL, else http://127.0.0.1:8787.
        api_key: else $PAUSEPOINT_API_KEY.
        timeout_seconds: how long one request may take beside what it was asked to wait.
        patience_seconds: how long `ask` and `wait_for_end` go on without reaching the server.
        ssl_context: for a server whose certificate the machine does not know.
        """
        self._server = Server(url, api_key, ssl_context)
        self._timeout = timeout_seconds
        self._patience = patience_seconds

    def ask(
        self,
        message: str,
        *,
        idempotency_key: Optional[str] = None,
        cancel_on_interrupt: bool = False,
        **question: Unpack[Question],
    ) -> Decision:
        """Asks a person, and blocks until the question has ended: by an answer, by the clock, or withdrawn.

        Goes on over restarts of the server and broken networks; the person gets one message, however often it was tried.

        idempotency_key: names the question over restarts of your own process: asked again, nobody is texted twice.
        cancel_on_interrupt: withdraw the question on KeyboardInterrupt (Ctrl-C) and SystemExit, so that
            nobody answers what nobody waits for. The exception goes on to you.
        """
        asked = create_call(message, question, idempotency_key or str(uuid.uuid4()))
        return self._follow(ask_flow(asked, cancel_on_interrupt, self._patience))

    def wait_for_end(self, pause_id: str) -> Pause:
        """Blocks until a pause has ended, and answers it. Goes on over restarts of the server and broken networks."""
        return self._follow(wait_flow(pause_id, self._patience))

    def create_pause(
        self, message: str, *, idempotency_key: Optional[str] = None, **question: Unpack[Question]
    ) -> Pause:
        """`POST /v1/pause`: asks, and answers at once with the pause."""
        return cast(Pause, self._send(create_call(message, question, idempotency_key)))

    def get_pause(self, pause_id: str, *, wait_seconds: float = 0) -> Pause:
        """`GET /v1/pause/{pause_id}`; with `wait_seconds` (0 to 120) once it has ended, or still pending after that time."""
        return cast(Pause, self._send(get_call(pause_id, wait_seconds)))

    def list_pauses(
        self,
        *,
        status: Optional[Status] = None,
        channel: Optional[str] = None,
        created_after: Optional[str] = None,
        created_before: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> PausePage:
        """`GET /v1/pause`: newest first. `created_after` is inclusive, `created_before` exclusive; both RFC 3339."""
        parameters = dict(status=status, channel=channel, created_after=created_after, created_before=created_before)
        return cast(PausePage, self._send(list_call({**parameters, "limit": limit, "cursor": cursor})))

    def cancel_pause(self, pause_id: str, *, reason: Optional[str] = None) -> Pause:
        """`POST /v1/pause/{pause_id}/cancel`: withdraws a question. ConflictError once it has ended otherwise."""
        return cast(Pause, self._send(cancel_call(pause_id, reason)))

    def get_audit_log(
        self,
        *,
        type: Optional[str] = None,
        actor: Optional[str] = None,
        pause_id: Optional[str] = None,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
        disclose: Optional[bool] = None,
    ) -> AuditPage:
        """`GET /v1/audit`: entries of the log in order. `from_` is inclusive, `to` exclusive; both RFC 3339."""
        parameters = {"type": type, "actor": actor, "pause_id": pause_id, "from": from_, "to": to}
        call = audit_call({**parameters, "limit": limit, "cursor": cursor, "disclose": disclose})
        return cast(AuditPage, self._send(call))

    def pause_audit(
        self,
        pause_id: str,
        *,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
        disclose: Optional[bool] = None,
    ) -> AuditPage:
        """`GET /v1/pause/{pause_id}/audit`: the entries of one pause."""
        call = audit_call({"limit": limit, "cursor": cursor, "disclose": disclose}, pause_id)
        return cast(AuditPage, self._send(call))

    def consume_receipt(self, receipt: str, action_digest: str) -> ConsumedReceipt:
        """`POST /v1/receipts/consume`: takes a receipt, once. ConflictError for one that was taken before."""
        return cast(ConsumedReceipt, self._send(consume_call(receipt, action_digest)))

    def _follow(self, flow: Flow[Result]) -> Result:
        try:
            step = next(flow)
            while True:
                try:
                    answer = self._send(step) if isinstance(step, Call) else time.sleep(step.seconds)
                except BaseException as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            return cast(Result, end.value)

    def _send(self, call: Call) -> Dict[str, Any]:
        limit = self._timeout + call.wait_seconds
        try:
            return answer_in(self._exchange(call, time.monotonic() + limit), self._server)
        except socket.timeout as error:  # TimeoutError is another class before 3.10
            raise self._server.unreachable(f"no answer within {limit:g} s") from error
        except OSError as error:
            raise self._server.unreachable(error.strerror or str(error)) from error

    def _exchange(self, call: Call, deadline: float) -> bytes:
        """Raises OSError; socket.timeout once the deadline is over, however slowly the bytes come."""
        server, request, heard = self._server, self._server.bytes_of(call), bytearray()
        with socket.create_connection((server.host, server.port), _left(deadline)) as plain:
            connection = plain
            if server.context is not None:
                plain.settimeout(_left(deadline))
                connection = server.context.wrap_socket(plain, server_hostname=server.host)
            with connection:
                call.is_sent = True
                connection.settimeout(_left(deadline))
                connection.sendall(request)
                while not is_whole(heard):
                    connection.settimeout(min(_left(deadline), LONGEST_CALL))
                    try:
                        some = connection.recv(65_536)
                    except socket.timeout:
                        continue
                    if not some:
                        break
                    heard += some
        return bytes(heard)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left
