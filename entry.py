from registry import HOOKS
from workers import WorkflowEntrypoint


class W(WorkflowEntrypoint):
    async def run(self, event, step):
        for hook in HOOKS:
            await hook(step)
        await step.sleep('n', 1)
