"""How a question ended."""

from dataclasses import dataclass
from typing import Literal, Optional

from ._types import Pause, Source


@dataclass(frozen=True)
class Decision:
    """How a question ended. A default that the clock set is no person's consent: ask `by_person("Approve")`."""

    choice: Optional[str]
    """The option that counts; None when the time is over without a default, or the question was withdrawn."""
    source: Optional[Source]
    """`human`, `timeout_default` for the clock, or None without a choice."""
    status: Literal["responded", "timed_out", "cancelled"]
    comment: Optional[str]
    """What the person wrote beside the answer."""
    receipt: Optional[str]
    """Evidence for whoever carries the action out: see `verify_receipt`."""
    pause: Pause

    @property
    def is_human(self) -> bool:
        """True when a person has chosen."""
        return self.source == "human"

    def by_person(self, *choices: str) -> bool:
        """True when a person, and not the clock, has chosen one of these."""
        if not choices:
            raise TypeError('name the choices that you take: by_person("Approve")')
        return self.is_human and self.choice in choices

    def __bool__(self) -> bool:
        """A rejection is a decision too, so `if decision:` would go on whatever was said."""
        raise TypeError('a decision is neither true nor false: ask decision.by_person("Approve")')


def decision_of(pause: Pause) -> Decision:
    """The decision of a pause that has ended."""
    if pause["status"] == "pending":
        raise ValueError(f"{pause['pause_id']} is still pending")
    return Decision(
        choice=pause["response_choice"],
        source=pause["response_source"],
        status=pause["status"],
        comment=pause["response_comment"],
        receipt=pause["receipt"],
        pause=pause,
    )
