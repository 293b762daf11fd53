"""Utility losses: properties that the protected face should keep.

    identity   its embedding stays nearer to the original's than to another person's (triplet loss)
    face       a face classifier predicts the same as on the original
    gender     likewise with a gender classifier

All networks are frozen, with weights given by the user. The default loss has none of these:
whatever utility a protected face keeps is available to an attacker too.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from proface.research.training.classifier_heads import Classifier, load_head
from proface.research.training.losses import MARGIN, Terms, triplet
from proface.research.training.settings import Settings

SIDE = 112  # of the recogniser's input, pixels
CENTRE = 0.9  # of the crop's side, which the recogniser sees


class Utility(nn.Module):
    """The weighted utility losses of a batch.

    Args:
        recogniser: b x 3 x 112 x 112 in [-1, 1] -> unit embeddings; None if not needed.
        identity: weight of the identity triplets.
        heads: classifiers by name, "face" or "gender", with their weights in the loss.
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
        """The utility losses in the settings; None if there are none.

        Raises:
            ModelError: weights are missing or of another network.
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
        """Always in evaluation mode, as the networks are frozen."""
        return super().train(False)

    def forward(self, x: Tensor, p: Tensor, people: Sequence[str]) -> Terms:
        """Originals, protected images and identities -> the weighted loss terms."""
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
            # The label is its prediction on the original: the class order of published heads is
            # unknown, and images may be unlabelled.
            terms[name] = self._weights[name] * cross_entropy(answers[1], answers[0].argmax(1))
        return terms


def seen(face: Tensor) -> Tensor:
    """The centre of whole face crops as the recogniser's input, b x 3 x 112 x 112."""
    side = face.shape[-1]
    margin = round(side * (1 - CENTRE) / 2)
    middle = face[..., margin : side - margin, margin : side - margin]
    return interpolate(middle, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)


def _identity(of_x: Tensor, of_p: Tensor, people: Sequence[str]) -> Tensor:
    """Triplets: a protected face, its original, and the next original of the batch.

    Triplets whose negative is known to be the same person are left out.
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
    """IR-SE-50 with published weights, given by the settings or imported before."""
    from proface.looks.swaps.import_weights import checked, network
    from proface.looks.swaps.load_weights import load_network
    from proface.models.checkpoints import read_checkpoint

    name = "faceshifter-identity"
    if settings.recogniser is None:
        return load_network(name)
    state = checked(read_checkpoint(settings.recogniser), name, str(settings.recogniser))
    built = network(name, state)
    built.load_state_dict(state, assign=True)
    return built
