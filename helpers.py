
async def on_a(step):
    await step.sleep("a", 1)

async def on_b(step):
    await step.sleep("b", 1)

inner = on_a
async def go(step): await inner(step)
def install(): globals()['inner'] = on_b
