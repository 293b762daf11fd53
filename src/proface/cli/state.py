"""Options given before the command."""

debug = False  # show tracebacks of unexpected errors
names: dict[str, str] = {}  # files that stand for pipes, and what messages call them
