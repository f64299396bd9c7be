async def rest(step):
    await step.sleep("n", 1)
