"""Makes calls of the Python client as a test says, and prints what came of each: a line of JSON for a line of JSON.

    {"on": "PausePoint" | "AsyncPausePoint" | null, "client": {…}, "call": "ask", "args": […], "kwargs": {…}}
"""

import asyncio
import base64
import dataclasses
import json
import signal
import ssl
import sys

import pausepoint
import pausepoint._flow
import pausepoint._json


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as the document has it
    for line in sys.stdin:
        try:
            came = {"gave": shown(made(json.loads(line)))}
        except pausepoint.PausePointError as error:
            came = {"raised": type(error).__name__, "isProblem": isinstance(error, pausepoint.ProblemError), "said": str(error)}
            came.update({name: getattr(error, name) for name in NAMES if hasattr(error, name)})
        except (TypeError, ValueError) as error:
            came = {"raised": type(error).__name__, "said": str(error)}
        print(json.dumps(came), flush=True)


NAMES = ("status", "type", "title", "detail", "errors", "request_id", "retry_after_seconds", "fault")


def made(wanted):
    args, kwargs = wanted.get("args", []), dict(wanted.get("kwargs", {}))
    if "base64" in kwargs:
        args = [base64.b64decode(kwargs.pop("base64")), *args]
    if wanted.get("on") is None:
        return INNER.get(wanted["call"], getattr(pausepoint, wanted["call"], None))(*args, **kwargs)
    settings = dict(wanted.get("client", {}))
    if "ca" in settings:
        settings["ssl_context"] = ssl.create_default_context(cafile=settings.pop("ca"))
        settings["ssl_context"].verify_flags &= ~ssl.VERIFY_X509_STRICT  # the test's authority is a plain one
    client = getattr(pausepoint, wanted["on"])(**settings)
    work = getattr(client, wanted["call"])
    if wanted["on"] == "PausePoint":
        return work(*args, **kwargs)

    async def wait():
        return await work(*args, **kwargs)

    return asyncio.run(wait())


def truth(pause):
    """What `if decision:` comes to."""
    return bool(pausepoint._flow.decision_of(pause))


def read_number(text):
    return pausepoint._json.canonicalize(pausepoint._json.read_strictly(text))


def rests(attempt, retry_after):
    problem = {"status": 503, "type": "/problems/unavailable", "detail": "?"}
    error = pausepoint.UnavailableError(problem, retry_after)
    return [pausepoint._flow.rest_seconds(attempt, error) for _ in range(200)]


def ed25519(public, message, signature):
    from pausepoint._reader import ed25519

    return ed25519(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))


INNER = {
    "canonicalize": pausepoint._json.canonicalize,
    "read_number": read_number,
    "rests": rests,
    "truth": truth,
    "ed25519": ed25519,
}


def shown(value):
    if isinstance(value, pausepoint.Decision):
        return {**dataclasses.asdict(value), "is_human": value.is_human, "by_person": value.by_person(*value.pause["options"])}
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value


main()
