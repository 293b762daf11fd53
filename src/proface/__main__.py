"""The console script, and `python -m proface`: the product's commands and the laboratory's.

The one place that knows both: nothing else outside `proface.research` imports it.
"""

from proface.cli import app, main
from proface.research.commands import add_commands

__all__ = ["app", "main"]

add_commands(app)

if __name__ == "__main__":
    main()
