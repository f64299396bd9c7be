"""Normal forms of the bodies of functions."""

from __future__ import annotations

import ast
from itertools import combinations

import pytest

from stepgraph.syntax.definitions.normal_functions import normal_body

ONE_CONDITION = [
    'is_large(order): return order["total"] > 100',
    """is_large(order: dict) -> bool:
    total = order["total"]
    return total > 100""",
    """is_large(order):
    print("total", order["total"])
    logging.info("checked %s", order)
    result = 100 < order["total"]
    return result""",
    """is_large(order):
    if order["total"] > 100:
        return True
    return False""",
    """is_large(order):
    if not order["total"] > 100:
        return False
    else:
        return True""",
    """is_large(order):
    large = False
    if order["total"] > 100:
        large = True
    return large""",
    'is_large(order): return True if order["total"] > 100 else False',
]
ONE_SEARCH = [
    """is_large(order):
    for line in order["lines"]:
        if line["quantity"] > 3:
            return True
    return False""",
    """is_large(order):
    lines = order["lines"]
    for row in lines:
        if not row["quantity"] > 3:
            continue
        return True
    return False""",
    'is_large(order): return any(line["quantity"] > 3 for line in order["lines"])',
    'is_large(order): return not all(not line["quantity"] > 3 for line in order["lines"])',
]
THREE_CASES = [
    """is_large(order):
    if order["vip"]:
        return False
    if order["total"] > 100:
        return True
    return order["force"]""",
    """is_large(order):
    result = order["force"]
    if order["vip"]:
        result = False
    elif order["total"] > 100:
        result = True
    return result""",
    'is_large(order): return not order["vip"] and (order["total"] > 100 or order["force"])',
]
OTHER_RESULTS = [
    'is_large(order): return order["total"] >= 100',
    """is_large(order):
    if order["total"] > 100:
        return False
    return True""",
    """is_large(order):
    total = order["total"]
    reduce(order)
    return total > 100""",
    """is_large(order):
    logging.info(order.pop("total"))
    return order["total"] > 100""",
    """is_large(order):
    reduce(order)
    return order["total"] > 100""",
    """is_large(order):
    total = order["total"]
    try:
        return total > 100
    except KeyError:
        return False""",
    """is_large(order):
    try:
        return order["total"] > 100
    except KeyError:
        return False""",
]


def normal(function: str) -> str:
    (tree,) = ast.parse(f"def {function}").body
    assert isinstance(tree, ast.FunctionDef)
    body = normal_body(tree)
    return "\n".join(map(ast.unparse, body))


@pytest.mark.parametrize("functions", [ONE_CONDITION, ONE_SEARCH, THREE_CASES])
def test_functions_with_equal_results_have_one_normal_form(functions: list[str]) -> None:
    forms = [normal(each).replace("row", "line") for each in functions]
    assert forms == forms[:1] * len(forms)


def test_functions_with_other_results_have_other_normal_forms() -> None:
    functions = [ONE_CONDITION[0], ONE_SEARCH[0], THREE_CASES[0], *OTHER_RESULTS]
    assert all(normal(first) != normal(second) for first, second in combinations(functions, 2))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("f(a):\n    b = load(a)\n    return b.c", "return load(a).c"),
        ("f(a):\n    b = load(a)\n    save(a)\n    return b", "b = load(a)\nsave(a)\nreturn b"),
        ("f(a):\n    b = a.c\n    a.c = 1\n    return b", "b = a.c\na.c = 1\nreturn b"),
        ("f(a):\n    b = COUNT\n    save(a)\n    return b", "b = COUNT\nsave(a)\nreturn b"),
        ("f(a):\n    b = a.c\n    with a:\n        return b", "b = a.c\nwith a:\n    return b"),
        ("f(a):\n    b = a\n    a = 1\n    return b", "b = a\na = 1\nreturn b"),
        ("f(a):\n    b = a.c\n    return lambda: b", "b = a.c\nreturn lambda: b"),
        ("f(a):\n    if not a:\n        return\n    save(a)", "if a:\n    save(a)"),
        ("f(a):\n    print(a.pop())\n    logger.info(a)", "print(a.pop())"),
        ("f(a):\n    return a and a.b == 1", "return a and a.b == 1"),
        ("f(a):\n    pass", "pass"),
    ],
)
def test_normal_bodies(function: str, expected: str) -> None:
    assert normal(function) == expected


def test_long_functions_remain_unchanged() -> None:
    lines = "".join(f"    v{number} = a[{number}]\n" for number in range(400))
    assert normal(f"f(a):\n{lines}    return v7").startswith("v0 = a[0]")
