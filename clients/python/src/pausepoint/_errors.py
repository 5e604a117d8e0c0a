"""What this client raises. `except PausePointError` catches all of it."""

from typing import Any, List, Mapping, Optional

from ._types import FieldError


class PausePointError(Exception):
    """Everything that this client raises of its own accord."""


class ConnectionError(PausePointError):  # noqa: A001 (the name that it has in every client of PausePoint)
    """The server could not be reached, or the connection broke. Whether it took the request is not known."""


class AnswerError(PausePointError):
    """Something answered that is not PausePoint, such as a proxy's own page."""

    status: int

    def __init__(self, status: int) -> None:
        super().__init__(
            f"what answered (HTTP {status}) is not PausePoint: check the server's address and what stands before it"
        )
        self.status = status


class ProblemError(PausePointError):
    """The server refused the request, and says why (RFC 9457)."""

    status: int
    """The HTTP status."""
    type: str
    """`/problems/<slug>`: a page on the server that explains it."""
    title: str
    detail: str
    errors: List[FieldError]
    """The fields that are wrong; empty where it is not about fields."""
    request_id: str
    retry_after_seconds: Optional[float]
    """What the server asks to wait before the next try, or None."""

    def __init__(self, problem: Mapping[str, Any], retry_after_seconds: Optional[float] = None) -> None:
        self.status = problem["status"]
        self.type = problem["type"]
        self.title = problem.get("title", "")
        self.detail = problem["detail"]
        self.errors = list(problem.get("errors") or [])
        self.request_id = problem.get("request_id", "")
        self.retry_after_seconds = retry_after_seconds
        # The server's detail quotes the first of them already.
        is_quoted = bool(self.errors) and self.errors[0]["detail"] in self.detail
        unsaid = self.errors[1:] if is_quoted else self.errors
        super().__init__(" ".join([self.detail, *map(_words_of, unsaid)]))


class UnauthorizedError(ProblemError):
    """401: there is no valid key."""


class ForbiddenError(ProblemError):
    """403: the key's scope, plan or limits forbid it."""


class NotFoundError(ProblemError):
    """404: there is nothing there that the key may see."""


class ConflictError(ProblemError):
    """409: it has ended, or was taken before."""


class InvalidRequestError(ProblemError):
    """400, 413, 415, 422: the request is wrong; `errors` names the fields."""


class RateLimitedError(ProblemError):
    """429: too many requests or messages, or the plan's pauses are used up."""


class UnavailableError(ProblemError):
    """503: the server is stopping, or can't write."""


_CLASSES = {
    400: InvalidRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitedError,
    503: UnavailableError,
}


def problem_error(problem: Mapping[str, Any], retry_after_seconds: Optional[float]) -> ProblemError:
    """The error of a problem document, in the class of its status."""
    return _CLASSES.get(problem["status"], ProblemError)(problem, retry_after_seconds)


def _words_of(error: FieldError) -> str:
    return f"{error.get('pointer') or error.get('parameter') or 'the body'} {error.get('detail', 'is wrong')}."
