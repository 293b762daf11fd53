"""Training of the flows. Needs the extra `train` (torch); using a flow does not.

settings     recipes, a TOML file, options
layouts      data sets on disk: who is on which image, what is held out
images       reading and scaling; vivid images
stream       endless data, each part a function of the seed and its number
looks        the looks that are drawn
losses       the publication's, and pixel losses
utility      utility losses with frozen networks; `heads` imports classifiers
loop         the steps, and what keeps them going; checkpoints, logs, distributed serve it
keyed        the keyed flow's data, loss and figures
padded       the same for the padded flow's repair network; `modes` fits its codebook
running      one run from settings to a model
"""

from __future__ import annotations

from proface.errors import MissingExtraError


def require_training() -> None:
    """Raises MissingExtraError unless torch and safetensors are installed."""
    try:
        import safetensors
        import torch
    except ImportError as error:
        raise MissingExtraError(
            f"Training needs {error.name}, which is not installed. Run: "
            'pip install "proface[train]".'
        ) from None
    del safetensors, torch
