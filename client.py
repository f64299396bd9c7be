class Client:
    async def rest(self, step):
        await step.sleep('first', 1)
