"""The repair network of the robust flow: artefacts of the face coder -> closer to the original.

It runs on recovered faces only (`proface.codec.face_repair`), so that it cannot change what a
protected file says. Two levels, at half and at a quarter of the resolution, as in a small U-Net
(Ronneberger et al., 2015); a fully connected layer tells both how strongly the face was compressed.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pixel_shuffle, pixel_unshuffle

from proface.codec.face_repair import CONTEXT
from proface.research.networks.dense_block import SLOPE
from proface.research.networks.padded_flow import Residual

LEVELS = 64  # 8-bit levels are divided by this


class FaceRepairNetwork(nn.Module):
    """Adds a correction to a decoded face.

    Args:
        width: channels at half the resolution.
        deep: channels at a quarter.
        depth: residual blocks at a quarter; two convolutions each.
    """

    def __init__(self, width: int = 40, deep: int = 72, depth: int = 4) -> None:
        super().__init__()
        self.context = nn.Sequential(nn.Conv2d(CONTEXT, 32, 1), nn.LeakyReLU(SLOPE))
        self.to_width, self.to_deep = nn.Conv2d(32, width, 1), nn.Conv2d(32, deep, 1)
        self.head = nn.Conv2d(12, width, 3, padding=1)
        self.first = Residual(width)
        self.down = nn.Conv2d(width, deep, 2, 2)
        self.blocks = nn.Sequential(*(Residual(deep) for _ in range(depth)))
        self.up = nn.Conv2d(deep, 4 * width, 1)
        self.last = Residual(width)
        self.tail = nn.Conv2d(width, 12, 3, padding=1)
        for layer in (self.tail.weight, self.tail.bias):
            nn.init.zeros_(layer)  # type: ignore[arg-type]  # begins as the identity

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor]) -> FaceRepairNetwork:
        """A network with the sizes of the state dict."""
        depth = sum(name.startswith("blocks.") and name.endswith("first.bias") for name in state)
        network = cls(len(state["head.bias"]), len(state["down.bias"]), depth)
        network.load_state_dict(state)
        return network

    def forward(self, decoded: Tensor, context: Tensor) -> Tensor:
        """Repair.

        Args:
            decoded: b x 3 x H x W, levels 0..255; H and W are multiples of 4.
            context: b x 2 x 1 x 1, of `proface.codec.face_repair.context`.

        Returns:
            b x 3 x H x W, levels, neither rounded nor clipped.
        """
        told = self.context(context)
        halves = pixel_unshuffle((decoded - 128) / LEVELS, 2)
        shallow = self.first(self.head(halves) + self.to_width(told))
        deep = self.blocks(leaky_relu(self.down(shallow) + self.to_deep(told), SLOPE))
        shallow = self.last(shallow + pixel_shuffle(self.up(deep), 2))
        return decoded + LEVELS * pixel_shuffle(self.tail(shallow), 2)
