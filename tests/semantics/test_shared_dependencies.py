"""Dependencies that several concurrent steps need."""

from __future__ import annotations

from tests.semantics.notation import dependent_graph_of, text


def test_a_dependency_of_a_task_outlasts_another_run_of_its_step() -> None:
    body = "t = asyncio.create_task(b())\nawait asyncio.gather(a(), c())\nawait d()\nawait t"
    assert dependent_graph_of("a b(a) c(a) d", body) == text("""
        parallel all
          block
            a
            b
          a [1>2]
          c [1>2]
          d [2>3]
    """)
