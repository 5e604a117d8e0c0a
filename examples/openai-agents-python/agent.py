"""An agent whose tool runs after a person said so. Needs openai-agents and pausepoint.

    python3 agent.py "Purge what is older than a year"
"""

import asyncio
import sys

from agents import Agent, Runner, function_tool
from pausepoint import AsyncPausePoint


# region tool
@function_tool(needs_approval=True)
async def purge(table: str, rows: int) -> str:
    """Deletes rows for good."""
    with open("purged.txt", "a", encoding="utf-8") as purged:
        purged.write(f"{rows} of {table}\n")
    return f"{rows} rows of {table} are gone"
# endregion


agent = Agent(name="Cleaner", instructions="Keep the staging database small.", tools=[purge])


async def main(task: str) -> None:
    client = AsyncPausePoint()
    # region resume
    result = await Runner.run(agent, task)
    while result.interruptions:
        state = result.to_state()
        for call in result.interruptions:
            decision = await client.ask(
                f"Let the agent call {call.name}?",
                recipient="+1 (312) 847-1928",
                channel="sms",
                details={"Arguments": (call.arguments or "none")[:500]},
                timeout_hours=4,
                timeout_default="Reject",
                cancel_on_interrupt=True,
            )
            if decision.by_person("Approve"):
                state.approve(call)
            else:
                state.reject(call)
        result = await Runner.run(agent, state)
    # endregion
    print(result.final_output)


asyncio.run(main(sys.argv[1]))
