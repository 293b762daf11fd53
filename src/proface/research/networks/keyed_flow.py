"""The published flow, conditioned on a key.

Yuan, L., et al. "Invertible Image Obfuscation for Facial Privacy Protection via Secure Flow."
IEEE Transactions on Circuits and Systems for Video Technology 34(7), 2024.
doi:10.1109/TCSVT.2023.3344809

    obfuscated --haar--> cover  --[coupling x 3 | key subbands]--> --inverse haar--> protected
    original   --haar--> secret --[                          ]--> lost

For comparison and for its published checkpoints. It is not the default: a network trained on pairs
with random keys restores recognisable faces without the key.
"""

from __future__ import annotations

from torch import Tensor, nn

from proface.research.networks.coupling import AffineCoupling
from proface.research.networks.haar import haar, inverse_haar

SUBBANDS = 12  # of an RGB image
KEY_SUBBANDS = 4


class _Blocks(nn.Module):
    """The blocks, under the names of the published checkpoints."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.inv_blocks = nn.ModuleList(
            AffineCoupling(SUBBANDS, SUBBANDS, KEY_SUBBANDS) for _ in range(blocks)
        )


class KeyedFlow(nn.Module):
    """Hide one image in another under a key; 1,073,040 parameters with three blocks.

    Images are b x 3 x H x W in [-1, 1], H and W even; the key is a map of +-1, b x 1 x H x W
    (`proface.keys.paper_key_map` makes the published one).
    """

    def __init__(self, blocks: int = 3) -> None:
        super().__init__()
        self.model = _Blocks(blocks)

    def forward(self, obfuscated: Tensor, original: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the protected image and the lost half, b x 12 x H/2 x W/2."""
        cover, secret, k = haar(obfuscated), haar(original), haar(key)
        for block in self.model.inv_blocks:
            cover, secret = block(cover, secret, k)
        return inverse_haar(cover), secret

    def inverse(
        self, protected: Tensor, key: Tensor, lost: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Returns the obfuscated and the original image.

        On recovery the lost half is unknown (None): the key's subbands replace it.
        """
        cover, k = haar(protected), haar(key)
        secret = k.repeat(1, 3, 1, 1) if lost is None else lost
        for block in reversed(self.model.inv_blocks):
            cover, secret = block.inverse(cover, secret, k)  # type: ignore[operator]
        return inverse_haar(cover), inverse_haar(secret)
