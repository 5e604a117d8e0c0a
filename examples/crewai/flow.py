"""A flow that sends a campaign after a person said so. Needs crewai 1.8 or later, and pausepoint.

    python3 flow.py
"""

from typing import Any

import pausepoint
from crewai.flow.flow import Flow, listen, start
from crewai.flow.human_feedback import human_feedback


# region flow
class AskByText:
    """A feedback provider as CrewAI calls it. It blocks until the answer is there."""

    def request_feedback(self, context: Any, flow: Any) -> str:
        decision = pausepoint.ask(
            context.message,
            recipient="+1 (312) 847-1928",
            channel="sms",
            options=["Send", "Hold"],
            details={"Text": str(context.method_output)[:500]},
            timeout_hours=4,
            timeout_default="Hold",
            # Asked again by the same run of the flow, it is the same question.
            idempotency_key=f"{context.flow_id}/{context.method_name}",
            cancel_on_interrupt=True,
        )
        return "send" if decision.by_person("Send") else "hold"


class Campaign(Flow):
    @start()
    @human_feedback(message="Send this campaign to 340 contacts?", provider=AskByText())
    def draft(self) -> str:
        """Put your crew here."""
        return "Half price until Friday"

    @listen(draft)
    def send(self, result: Any) -> str:
        """Without `emit`, no model reads the feedback: it is the provider's word."""
        if result.feedback != "send":
            return "not sent"
        with open("sent.txt", "a", encoding="utf-8") as sent:
            sent.write(f"{result.output}\n")
        return "sent"
# endregion


if __name__ == "__main__":
    print(Campaign().kickoff())
