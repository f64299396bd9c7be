"""`python -m stepgraph`: the command, where its script is not on PATH.

Python itself puts the working directory first where it looks for modules, so that a `stepgraph.py` or `click.py` there
would run instead. In a checkout that is not trusted, use `python -I -m stepgraph`.
"""

from stepgraph.cli.process import run

if __name__ == "__main__":
    run()
