"""`python -m stepgraph`: the command, where its script is not on PATH."""

from stepgraph.cli.process import run

if __name__ == "__main__":
    run()
