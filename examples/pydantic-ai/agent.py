"""An agent whose tool runs after a person said so. Needs pydantic-ai and pausepoint.

    python3 agent.py "Purge what is older than a year"
"""

import os
import sys

import pausepoint
from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults, ToolDenied

agent = Agent(os.environ.get("MODEL", "openai:gpt-4.1"), output_type=[str, DeferredToolRequests])


@agent.tool_plain(requires_approval=True)
def purge(table: str, rows: int) -> str:
    """Deletes rows for good."""
    with open("purged.txt", "a", encoding="utf-8") as purged:
        purged.write(f"{rows} of {table}\n")
    return f"{rows} rows of {table} are gone"


# region resume
result = agent.run_sync(sys.argv[1])
while isinstance(result.output, DeferredToolRequests):
    answers = DeferredToolResults()
    for call in result.output.approvals:
        decision = pausepoint.ask(
            f"Let the agent call {call.tool_name}?",
            recipient="+1 (312) 847-1928",
            channel="sms",
            details={"Arguments": str(call.args)[:500]},
            timeout_hours=4,
            timeout_default="Reject",
            cancel_on_interrupt=True,
        )
        approved = decision.by_person("Approve")
        answers.approvals[call.tool_call_id] = True if approved else ToolDenied("A person did not allow it.")
    result = agent.run_sync(message_history=result.all_messages(), deferred_tool_results=answers)
# endregion
print(result.output)
