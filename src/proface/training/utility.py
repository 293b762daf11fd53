"""Utility losses: what the protected face should still be good for.

    identity   its embedding stays nearer to the original's than to another person's
    face       a classifier of faces answers as it does on the original
    gender     a classifier of gender likewise

All networks here are frozen; their weights are brought by the user. None of this is part of the
default loss: whatever a protected face is still good for, an attacker has too.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from proface.training.heads import Classifier, load_head
from proface.training.losses import MARGIN, Terms, triplet
from proface.training.settings import Settings

SIDE = 112  # of the recogniser's input
CENTRE = 0.9  # part of the crop's side that the recogniser sees


class Utility(nn.Module):
    """The weighted utility losses of a batch.

    Args:
        recogniser: b x 3 x 112 x 112 in [-1, 1] -> unit embeddings; None where nothing needs it.
        face, gender: classifiers with their weights in the loss.
        identity: weight of the identity triplets.
    """

    def __init__(
        self,
        recogniser: nn.Module | None,
        identity: float,
        heads: dict[str, tuple[Classifier, float]],
    ) -> None:
        super().__init__()
        self.recogniser, self.identity = recogniser, identity
        self.heads = nn.ModuleDict({name: head for name, (head, _) in heads.items()})
        self._weights = {name: weight for name, (_, weight) in heads.items()}
        self.requires_grad_(False).eval()

    @classmethod
    def of(cls, settings: Settings) -> Utility | None:
        """What the settings ask for; None if they ask for nothing.

        Raises:
            ModelError: weights are missing, or not those of the network.
        """
        chosen = {
            "face": (settings.face_head, settings.face),
            "gender": (settings.gender_head, settings.gender),
        }
        heads = {
            name: (load_head(path), weight)
            for name, (path, weight) in chosen.items()
            if weight and path is not None
        }
        needed = settings.identity or any(head.on_embeddings for head, _ in heads.values())
        if not needed and not heads:
            return None
        return cls(_recogniser(settings) if needed else None, settings.identity, heads)

    def train(self, mode: bool = True) -> Utility:
        """Frozen: always in evaluation mode."""
        return super().train(False)

    def forward(self, x: Tensor, p: Tensor, people: Sequence[str]) -> Terms:
        """Originals and protected images, and who is on them -> the weighted terms."""
        terms: Terms = {}
        embedded = None
        if self.recogniser is not None:
            with torch.no_grad():
                of_x = self.recogniser(seen(x))
            embedded = of_x, self.recogniser(seen(p))
        if self.identity and embedded is not None:
            terms["identity"] = self.identity * _identity(*embedded, people)
        for name, head in self.heads.items():
            assert isinstance(head, Classifier)
            if head.on_embeddings and embedded is not None:
                answers = head(embedded[0]), head(embedded[1])
            else:
                with torch.no_grad():
                    of_x = head(x)
                answers = of_x, head(p)
            # Its own answer on the original, not a label: the order of a published head's classes
            # is nowhere to be found, and unlabelled images serve too.
            terms[name] = self._weights[name] * cross_entropy(answers[1], answers[0].argmax(1))
        return terms


def seen(face: Tensor) -> Tensor:
    """The middle of whole face crops as the recogniser takes it, b x 3 x 112 x 112."""
    side = face.shape[-1]
    margin = round(side * (1 - CENTRE) / 2)
    middle = face[..., margin : side - margin, margin : side - margin]
    return interpolate(middle, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)


def _identity(of_x: Tensor, of_p: Tensor, people: Sequence[str]) -> Tensor:
    """Triplets: protected, its original, the original of the next in the batch.

    Where that is known to be the same person, there is no triplet.
    """

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return (a - b).square().sum(1)

    other = [(i + 1) % len(people) for i in range(len(people))]
    kept = [i for i, j in enumerate(other) if i != j and (not people[i] or people[i] != people[j])]
    if not kept:
        return of_p.sum() * 0
    negative = of_x[[other[i] for i in kept]]
    return triplet(of_p[kept], of_x[kept], negative, distance, MARGIN)


def _recogniser(settings: Settings) -> nn.Module:
    """IR-SE-50 with published weights, brought by the user or imported before."""
    from proface.checkpoints import read_checkpoint
    from proface.obfuscators.swaps.checkpoints import checked, network
    from proface.obfuscators.swaps.weights import load_network

    name = "faceshifter-identity"
    if settings.recogniser is None:
        return load_network(name)
    state = checked(read_checkpoint(settings.recogniser), name, str(settings.recogniser))
    built = network(name, state)
    built.load_state_dict(state, assign=True)
    return built
