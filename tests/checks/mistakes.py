"""Mistakes in the code of `run`, by the rule that reports them, and constructs that may surround them.

The line of the finding ends in a comment, `# here`. Names of generated programs do not contain `seeded`.
"""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Final

IMPORTS: Final = "import random\nimport time\nimport uuid\nfrom workers import fetch\nseeded_items = []\n"
HERE: Final = "# here"
_STEP: Final = """
@step.do("seeded")
async def seeded():
    return 1
"""


def _with_step(text: str) -> str:
    return _STEP + text


def _called(text: str) -> str:
    return f"{text}\nawait seeded()"


_MISTAKES: Final[dict[str, list[str]]] = {
    "SG101": [
        _called('@step.do("seeded")\nasync def seeded(missing_step):  # here\n    return 1'),
        _called('@step.do("seeded")\nasync def seeded(value=flip()):  # here\n    return 1'),
        _called('@step.do("seeded")\nasync def seeded(*rest):  # here\n    return 1'),
    ],
    "SG108": [
        _called(f'@step.do("seeded", config={config})  # here\nasync def seeded():\n    return 1')
        for config in (
            '{"retries": {"limit": 3}}',
            '{"retry": {"limit": 3, "delay": 5}}',
            '{"retries": {"limit": 3, "delay": 5, "backoff": "fixed"}}',
            '{"retries": {"limit": 3, "delay": lambda: 5}}',
        )
    ],
    "SG109": [f'await step.sleep("seeded", "{text}")  # here' for text in ("10s", "PT10S", "1 hour 30 minutes")],
    "SG110": [
        'await step.sleep("seeded", "1 year")  # here',
        'await step.wait_for_event("seeded", "go", timeout="400 days")  # here',
    ],
    "SG111": [
        _called('@step.do("seeded\\n")  # here\nasync def seeded():\n    return 1'),
        _called('@step.do("seeded" * 50)  # here\nasync def seeded():\n    return 1'),
    ],
    "SG112": [
        'await step.wait_for_event("seeded", "order paid")  # here',
        'await step.wait_for_event("seeded", "x" * 101)  # here',
    ],
    "SG117": [
        _called("@step.do  # here\nasync def seeded():\n    return 1"),
        'await step.do("seeded", lambda: 1)  # here',
    ],
    "SG118": [_with_step("await seeded(flip())  # here")],
    "SG119": [
        'await step.sleep("seeded", duration="1 day")  # here',
        'await step.sleep(name="seeded", duration=5)  # here',
    ],
    "SG120": [
        'await step.sleep_until("seeded", "2030-01-01")  # here',
        'await step.sleep_until("seeded", datetime(2020, 1, 1))  # here',
    ],
    "SG121": [
        _called(f'@step.do("seeded")\nasync def seeded():\n    return {value}  # here')
        for value in ("(1, 2)", "timedelta(days=1)", "datetime.now().date()", "await fetch('https://example.com')")
    ],
    "SG127": ['asyncio.create_task(step.sleep("seeded", "1 day"))  # here'],
    "SG128": [
        "await self.env.W.create(payload=1)  # here",
        'await self.env.W.create({"order": 1})  # here',
        'await self.env.W.create(id="order 1")  # here',
    ],
    "SG130": [f"{text}  # here" for text in ('console.log("seeded")', 'zlib.crc32(b"seeded")', "Decimal(1)")],
    "SG201": [
        _with_step("seeded()  # here"),
        _with_step("value = seeded()  # here\nprint(value)"),
        'step.wait_for_event("seeded", "go")  # here',
    ],
    "SG202": ['@step.do("seeded")  # here\nasync def seeded():\n    return 1'],
    "SG203": ['step.sleep("seeded", "1 day")  # here'],
    "SG204": [_with_step('task = asyncio.create_task(seeded())  # here\nawait step.sleep("pause", "1 day")')],
    "SG205": [
        *(f'await step.sleep("seeded", "{text}")  # here' for text in ("5 min", "1 hr", "1 Hour")),
        _called('@step.do("seeded", config={"timeout": "5 mins"})  # here\nasync def seeded():\n    return 1'),
    ],
    "SG206": ['await step.sleep("seeded", 30)  # here'],
    "SG210": [_with_step("try:\n    await seeded()\nexcept KeyError:  # here\n    pass")],
    "SG212": ['print(event["order_id"])  # here'],
    "SG213": [
        _with_step("await asyncio.wait_for(seeded(), 5)  # here"),
        _with_step("async with asyncio.timeout(5):  # here\n    await seeded()"),
    ],
    "SG217": [
        f'late = []\nfor seeded_item in range(3):\n    @step.do(f"seeded {{seeded_item}}")\n    async def seeded():\n'
        f"        return seeded_item  # here\n    late.append({use})\n{end}"
        for use, end in (
            ("seeded()", "await asyncio.gather(*late)"),
            ("asyncio.create_task(seeded())", "for each in late:\n    await each"),
            ("seeded", "for each in late:\n    await each()"),
        )
    ],
    "SG218": [
        'seeded = event["payload"]\nawait step.sleep("seeded {seeded}", "1 day")  # here',
        _called('seeded_id = 5\n@step.do("seeded {seeded_id}")  # here\nasync def seeded():\n    return 1'),
    ],
    "SG301": [
        _called('@step.do(f"seeded {time.time()}")  # here\nasync def seeded():\n    return 1'),
        'await step.sleep(f"seeded {uuid.uuid4()}", "1 day")  # here',
        'label = str(random.random())\nawait step.wait_for_event(label, "go")  # here',
    ],
    "SG302": [
        f'{head}:  # here\n    await step.sleep("seeded", "1 day")'
        for head in (
            "if random.random() > 0.5",
            "if datetime.now().hour > 12",
            "for _ in range(random.randint(1, 3))",
        )
    ],
    "SG303": [
        'await self.env.DB.prepare("x").run()  # here',
        'await self.env.KV.put("a", "b")  # here',
        'await fetch("https://example.com")  # here',
    ],
    "SG304": [
        f'value = {value}  # here\nawait step.sleep("pause", "1 day")\n'
        + _called('@step.do("seeded")\nasync def seeded():\n    return str(value)')
        for value in ("datetime.now()", "uuid.uuid4()", "random.random()")
    ],
    "SG305": [
        _called(f'{before}@step.do("seeded")\nasync def seeded():\n    {change}  # here')
        + f'\nif {name}:\n    await step.sleep("pause", "1 day")'
        for before, change, name in (
            ("results = []\n", "results.append(1)", "results"),
            ("", "self.seeded = 5", "self.seeded"),
        )
    ],
    "SG306": [
        'event["payload"]["one"] = 2  # here',
        'event["payload"].update({"one": 1})  # here',
    ],
    "SG307": [
        _with_step(
            '@step.do("other")\nasync def other():\n    return 2\n'
            "tasks = [asyncio.create_task(seeded()), asyncio.create_task(other())]\n"
            "await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # here"
        )
    ],
    "SG308": [_called('@step.do("seeded")\nasync def seeded():\n    await step.sleep("inner", "1 day")  # here')],
    "SG309": [_called('@step.do("seeded", config={"timeout": "2 hours"})  # here\nasync def seeded():\n    return 1')],
    "SG310": [
        'await step.sleep("seeded", random.randint(1, 9) * 1000)  # here',
        'await step.sleep_until("seeded", datetime.now() + timedelta(days=1))  # here',
    ],
    "SG311": [
        f'await step.sleep_until("seeded", event["timestamp"] + timedelta(days=1))  # here\n{rest}'
        for rest in ('await step.sleep("pause", "1 day")', 'await step.wait_for_event("seeded", "go")')
    ],
    "SG312": [
        f'{sleep}  # here\nawait step.sleep("seeded", "1 day")' for sleep in ("time.sleep(5)", "await asyncio.sleep(5)")
    ],
    "SG313": [
        'if seeded_items:  # here\n    await step.sleep("seeded", "1 day")\nseeded_items.append(1)',
    ],
}
MISTAKES: Final = [(code, dedent(text).strip()) for code, texts in _MISTAKES.items() for text in texts]
"""Each mistake with the code of its rule."""

_SURROUNDINGS: Final = {
    "nothing": "{code}",
    "if": "if flip():\n    {code}",
    "else": "if flip():\n    pass\nelse:\n    {code}",
    "for": "for seeded_row in rows():\n    {code}",
    "while": "while more():\n    {code}",
    "try": "try:\n    {code}\nfinally:\n    pass",
    "finally": "try:\n    pass\nfinally:\n    {code}",
    "with": "with contextlib.nullcontext():\n    {code}",
    "match": "match pick(1, 2, 3):\n    case 1:\n        {code}\n    case _:\n        pass",
    "function": "async def seeded_helper():\n    {code}\nawait seeded_helper()",
    "gather": "async def seeded_helper():\n    {code}\nawait asyncio.gather(seeded_helper())",
}
SURROUNDINGS: Final = tuple(_SURROUNDINGS)


def surrounded(code: str, surrounding: str) -> str:
    """Return code inside a construct."""
    lines = _SURROUNDINGS[surrounding].splitlines()
    return "\n".join(_filled(line, code) for line in lines)


def _filled(line: str, code: str) -> str:
    margin, is_place, _ = line.partition("{code}")
    return indent(code, margin) if is_place else line
