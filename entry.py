
async def on_a(step):
    await step.sleep("a", 1)

async def on_b(step):
    await step.sleep("b", 1)

from workers import WorkflowEntrypoint


class W(WorkflowEntrypoint):
    async def run(self, event, step):
        globals()[event["name"]] = on_b
        await on_a(step)
