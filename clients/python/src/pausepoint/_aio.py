"""The client for asyncio."""

from __future__ import annotations

import asyncio
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


class AsyncPausePoint:
    """A PausePoint server, for asyncio. Each method but `ask` and `wait_for_end` is one request, and is not tried again.

    All raise ProblemError for what the server refuses, ConnectionError when it can't be reached, and AnswerError when
    something else answers. It keeps no connection, so there is nothing to close. No thread is used: a task that is
    cancelled lets go of its connection at once.
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

    async def ask(
        self,
        message: str,
        *,
        idempotency_key: Optional[str] = None,
        cancel_on_interrupt: bool = False,
        **question: Unpack[Question],
    ) -> Decision:
        """Asks a person, and waits until the question has ended: by an answer, by the clock, or withdrawn.

        Goes on over restarts of the server and broken networks; the person gets one message, however often it was tried.

        idempotency_key: names the question over restarts of your own process: asked again, nobody is texted twice.
        cancel_on_interrupt: withdraw the question on cancellation, which is what Ctrl-C becomes in asyncio, so that
            nobody answers what nobody waits for. The exception goes on to you.
        """
        asked = create_call(message, question, idempotency_key or str(uuid.uuid4()))
        return await self._follow(ask_flow(asked, cancel_on_interrupt, self._patience))

    async def wait_for_end(self, pause_id: str) -> Pause:
        """Waits until a pause has ended, and answers it. Goes on over restarts of the server and broken networks."""
        return await self._follow(wait_flow(pause_id, self._patience))

    async def create_pause(
        self, message: str, *, idempotency_key: Optional[str] = None, **question: Unpack[Question]
    ) -> Pause:
        """`POST /v1/pause`: asks, and answers at once with the pause."""
        return cast(Pause, await self._send(create_call(message, question, idempotency_key)))

    async def get_pause(self, pause_id: str, *, wait_seconds: float = 0) -> Pause:
        """`GET /v1/pause/{pause_id}`; with `wait_seconds` (0 to 120) once it has ended, or still pending after that time."""
        return cast(Pause, await self._send(get_call(pause_id, wait_seconds)))

    async def list_pauses(
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
        return cast(PausePage, await self._send(list_call({**parameters, "limit": limit, "cursor": cursor})))

    async def cancel_pause(self, pause_id: str, *, reason: Optional[str] = None) -> Pause:
        """`POST /v1/pause/{pause_id}/cancel`: withdraws a question. ConflictError once it has ended otherwise."""
        return cast(Pause, await self._send(cancel_call(pause_id, reason)))

    async def get_audit_log(
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
        return cast(AuditPage, await self._send(call))

    async def pause_audit(
        self,
        pause_id: str,
        *,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
        disclose: Optional[bool] = None,
    ) -> AuditPage:
        """`GET /v1/pause/{pause_id}/audit`: the entries of one pause."""
        call = audit_call({"limit": limit, "cursor": cursor, "disclose": disclose}, pause_id)
        return cast(AuditPage, await self._send(call))

    async def consume_receipt(self, receipt: str, action_digest: str) -> ConsumedReceipt:
        """`POST /v1/receipts/consume`: takes a receipt, once. ConflictError for one that was taken before."""
        return cast(ConsumedReceipt, await self._send(consume_call(receipt, action_digest)))

    async def _follow(self, flow: Flow[Result]) -> Result:
        try:
            step = next(flow)
            while True:
                try:
                    answer = await (self._send(step) if isinstance(step, Call) else asyncio.sleep(step.seconds))
                except BaseException as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            return cast(Result, end.value)

    async def _send(self, call: Call) -> Dict[str, Any]:
        limit = self._timeout + call.wait_seconds
        # Not wait_for: before 3.12 it loses a cancellation that comes just as its task is done.
        exchange = asyncio.ensure_future(self._exchange(call))
        exchange.add_done_callback(lambda done: done.cancelled() or done.exception())  # else its end may go unheard
        deadline = time.monotonic() + limit
        try:
            while not exchange.done():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._server.unreachable(f"no answer within {limit:g} s")
                await asyncio.wait({exchange}, timeout=min(left, LONGEST_CALL))
        finally:
            exchange.cancel()
        try:
            return answer_in(exchange.result(), self._server)
        except OSError as error:
            raise self._server.unreachable(error.strerror or str(error)) from error

    async def _exchange(self, call: Call) -> bytes:
        server, request, heard = self._server, self._server.bytes_of(call), bytearray()
        reader, writer = await asyncio.open_connection(server.host, server.port, ssl=server.context)
        try:
            call.is_sent = True
            writer.write(request)
            while not is_whole(heard):
                some = await reader.read(65_536)
                if not some:
                    break
                heard += some
        finally:
            writer.transport.abort()
        return bytes(heard)
