"""Random sources: programs of Python's grammar, and edits of sources."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

INSERTIONS = [
    *("\n", "# c\n", "    # c\n", "        # c\n", "  # odd\n", "    \n", "x = 1\n", "    y = 2\n", "        z = 3\n"),
    *(
        "    else:\n",
        "else:\n    pass\n",
        "    except E:\n",
        "    finally:\n        f\n",
        "elif y:\n",
        "try:\n",
        "    try:\n",
    ),
    *(
        "if x:\n",
        "    while q:\n",
        "def g():\n    return 1\n",
        "class K:\n",
        "@deco\n",
        "with a:\n    b\n",
        "case _:\n",
    ),
    *(
        '"""',
        "'",
        "(",
        ")",
        "[",
        "\\\n",
        "\t",
        "\f",
        ";",
        "\r",
        "x = '''a\nb'''\n",
        '    f"{a["b"]}"\n',
        "\u2028",
        "é\n",
    ),
]


def programs() -> st.SearchStrategy[str]:
    """Return random programs, whose grammar takes a second to build: not while tests are collected."""
    import hypothesmith

    return hypothesmith.from_grammar()


def edited(source: str, chance: Random) -> str:
    """Return a source in which some lines are removed, doubled, indented or dedented, or some text is inserted."""
    lines = source.split("\n")
    start = chance.randrange(len(lines))
    end = start + chance.choice([1, 1, 1, 2, 5])
    chosen = lines[start:end]
    match chance.randrange(6):
        case 0:
            chosen = []
        case 1:
            chosen = chosen * 2
        case 2:
            chosen = [f"    {line}" for line in chosen]
        case 3:
            chosen = [line[4:] for line in chosen]
        case 4:
            offset = chance.randrange(len(source) + 1)
            return source[:offset] + chance.choice(INSERTIONS) + source[offset:]
        case _:
            chosen = [*chance.choice(INSERTIONS).removesuffix("\n").split("\n"), *chosen]
    return "\n".join([*lines[:start], *chosen, *lines[end:]])
