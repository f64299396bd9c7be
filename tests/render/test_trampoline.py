import pytest

from stepgraph.render.trampoline import Call, run


def depth(levels: int) -> Call[int]:
    if levels == 0:
        return 0
    below = yield depth(levels - 1)
    return below + 1


def test_recursion_is_deeper_than_pythons_limit() -> None:
    assert run(depth(50_000)) == 50_000


def failing(levels: int) -> Call[int]:
    if levels == 0:
        raise ValueError("at the bottom")
    return (yield failing(levels - 1))


def test_an_error_in_the_depth_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="at the bottom"):
        run(failing(10))
