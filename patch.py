from client import Client

async def rest(self, step):
    await step.sleep('n', 1)

Client.rest = rest
