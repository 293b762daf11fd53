"""The research commands: demo, bench, attack, evaluate, train, data."""

import typer

from proface.research.commands import attack, bench, data, demo, evaluate, train


def add_commands(app: typer.Typer) -> None:
    """Add the research commands to the command line."""
    app.command()(demo.demo)
    app.command()(bench.bench)
    app.command()(attack.attack)
    app.command()(evaluate.evaluate)
    app.command()(train.train)
    app.add_typer(data.data, name="data")
