"""Sources with different layouts, by description."""

from __future__ import annotations

from tests.fixtures.files import FIXTURES

LAYOUTS = {
    "spaces on blank lines": "def f():\n    x = 1\n    \n  \n    y = 2\n\t\n    \nz = 3\n",
    "statements on one line": "if x:\n    y; z\nif x: y\nclass A: pass\nx = 1; y = 2;\ndef f(): return 1\nz = 3\n",
    "comments and blank lines": "# header\n\nx = 1\n\n# about y\ny = 2\n\n# end\n",
    "comment at the end of a block": "class A:\n    x = 1\n    # end of A\n\n# about B\nclass B:\n    y = 2\n",
    "comments of two blocks": "class A:\n    def f(self):\n        x\n        # f\n    # A\n# z\nz\ny\n",
    "comment with less indentation": "def f():\n    x = 1\n# left\n    y = 2\n    z = 3\n",
    "comment between indentations": "def f():\n    x = 1\n  # odd\ny = 2\nz = 3\n",
    "deeper comment": "x = 1\n    # deeper\ny = 2\nz = 3\n",
    "methods": "class A:\n    def f(self):\n        x\n        y\n    def g(self):\n        z\nw = 4\nv = 5\n",
    "decorators": "@a\n@b\ndef f():\n    x = 1\n@c\n# comment\nclass A:\n    y = 2\n    z = 3\n",
    "clauses": "if x:\n  a\nelif y:\n  b\nelse:\n  c\ntry:\n  d\nexcept E:\n  e\nelse:\n  f\nfinally:\n  g\nh\n",
    "clauses in a function": "def f():\n  for x in y:\n    a\n  else:\n    b\n  c\n  while z:\n    d\n  e\n",
    "with": "async def f():\n    async with a:\n        b\n        c\n    with d as e:\n        f\n        g\n    h\n",
    "blocks of try": "try:\n  a\n  b\n  # c\nexcept E:\n  c\n  d\nelse:\n  e\nfinally:\n  f\ng\n",
    "try in try": "try:\n  try:\n    a\n    b\n  finally:\n    c\n  d\n  e\nexcept E: f\ng\n",
    "groups of exceptions": "try:\n  a\n  b\nexcept* E:\n  c\n# d\ne\n",
    "branches": "if x:\n  a\n  b\n# y\nelif y:\n  c\n  d\nelif z: e\nelse:\n  f\n  g\nh\n",
    "loops": "while x:\n  a\n  b\nelse:\n  c\nfor y in z:\n  d\n  for v in w:\n    e\n    f\n  else: g\n  h\ni\n",
    "match": "def f():\n    match x:\n        case [y]: z\n        case _:\n            w\n    v\n    u\n",
    "names that are keywords elsewhere": "case = 1\nmatch = case\ntype = match\ncase[0] = type\nmatch(x)\n",
    "strings": 'x = """\nclass A:\n    """\ny = \'\\\'\'\nz = f"""{x:\n}"""\nw = r"\\""\nv = b\'\'\'\n"""\'\'\'\n',
    "quotes in a format string": 'x = f"{a["b"]}"\ny = f"{x}{{"\nz = 3\n',
    "brackets": "x = [\n1, (2,\n{3:\n4}),\n]\ny = (  # comment (\n2)\nz = 3\n",
    "continued lines": "x = 1 + \\\n    2\ny = 'a\\\nb'\nwith a, \\\n     b:\n    c\n    d\n",
    "tabs": "class A:\n\tdef f(self):\n\t\tx = 1\n\t\ty = 2\n\tz = 3\n",
    "tabs and spaces": "class A:\n\tx = 1\n\ty = 2\nclass B:\n        z = 3\n        w = 4\n",
    "two spaces first": "def f():\n  x = 1\n  y = 2\ndef g():\n    z = 3\n    w = 4\n",
    "several indentations": "class A:\n   def f(self):\n        x\n        y\n   def g(self):\n    z\n    w\nv = 5\n",
    "carriage returns": "class A:\r\n    x = '''\r\n'''\r\n    y = 'a\\\r\nb'\r\n    # end\r\n\r\nz = 3\r\nw = 4\r\n",
    "no newline at the end": "def f():\n    x = 1\n    y = 2\n    # end",
    "spaces at the end": "def f():\n    x = 1\n    y = 2\n    # end\n  # odd\n\n    ",
    "line separators": "x = 1\n# \u2028\x1c\x0b\ny = '\u2029\x85'\nz = 3\n",
    "future import": "'''doc'''\nfrom __future__ import annotations\nx: y\nz = 3\n",
    "no blocks": "x = 1\ny = 2\nz = 3\nw = 4\n",
    "block after many lines": "x = 1\ny = 2\nz = 3\nif x:\n  y\n  z\nif y:\n    z\nx = 1\n",
    "equal pieces": "def f():\n    x = 1\ndef f():\n    x = 1\ndef f():\n    x = 1\n",
}


UNUSUAL = {
    "deeper spaces on blank lines": "def f():\n    x = 1\n    \n        \n    y = 2\n\t\nz = 3\n",
    "one-line blocks only": "x = 1; y = 2;\nif x: y\nclass A: pass\ndef f(): return 1\nz = 3\n",
    "form feed": "x = 1\n\x0cy = 2\nz = 3\n",
    "carriage returns only": "x = 1\ry = 2\rz = 3\r",
    "mixed line endings": "x = 1\r\ny = 2\nz = 3\r\n",
    "continuation before a statement": "x = 1\n\\\ny = 2\nz = 3\n",
    "line ending in the quotes of a format string": "x = f'{a['''\nb = 1\n''']}'\nz = 3\n",
    "block on one line before the first block": "x = 1\nif x: y\nz = 3\nif z:\n  w\n",
}


INVALID = {
    "missing block": "x = 1\nclass A:\ny = 2\n",
    "wrong dedent": "def f():\n    x = 1\n  y = 2\nz = 3\n",
    "clause without statement": "x = 1\ny = 2\nelse:\n    z = 3\n",
    "try without clause": "try:\n    x = 1\n    y = 2\nz = 3\n",
    "else after with": "with x:\n    y = 1\n    z = 2\nelse:\n    w = 3\n",
    "except after if": "if x:\n    y = 1\n    z = 2\nexcept E:\n    w = 3\n",
    "decorator at the end": "x = 1\ny = 2\n@f\n",
    "unexpected indentation": "x = 1\n    y = 2\nz = 3\n",
    "indented at the start": "  x = 1\ny = 2\nz = 3\n",
    "unclosed bracket": "x = (1\ny = 2\nz = 3\n",
    "closed bracket": "x = 1)\ny = 2\nz = 3\n",
    "unclosed string": 'x = """\ny = 2\nz = 3\n',
}


SOURCES = sorted(path for path in FIXTURES.rglob("*.py") if path.stat().st_size < 20_000)
