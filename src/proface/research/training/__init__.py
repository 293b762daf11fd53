"""Training of the flows. Needs the extra `train` (torch); using a flow does not.

settings           recipes, TOML configuration, options
dataset_layouts    data sets on disk: identities, and the training, validation and test split
images             reading, scaling and colour augmentation
batches            endless deterministic batches
look_sampler       random looks
losses             the published losses, and pixel losses
utility_losses     losses by frozen networks; classifier_heads imports their weights
loop               the training loop; run_folder, logs and distributed serve it
flow_task          what the two tasks share
keyed_task         data, loss and validation of the keyed flow
padded_task        the same for the padded flow's repair network; codebook_fit fits its codebook
train              one run from settings to a model
cropping           face crops for `proface data crop`
pair_lists         pairs and triplets for `proface data`
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
