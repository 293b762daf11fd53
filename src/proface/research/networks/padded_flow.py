"""The padded flow: the project's own, and the default.

    protect   x --analyse, choose levels--> latents l --(+ pad u mod 2^16)--> z
              (o, z) --lattice coupling--> p
    recover   p --lattice coupling back--> z --(- u mod 2^16)--> latents l
              (l, p) --levels, synthesise, repair--> x^

The pad comes from the key: z is uniform whatever x is, so p carries no information about x beyond
o. Latents (`proface.codec`) and coupling (`proface.embedding`) are integer arithmetic; this module
is the trainable part, the decoder: it synthesises pixels from the levels, and a network repairs the
quantisation errors. Nothing here touches the protected image, so training cannot introduce a leak.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate, leaky_relu

from proface.codec.transform import CELL, COEFFICIENTS, cosine_matrix
from proface.research.networks.dense_block import SLOPE
from proface.research.networks.haar import haar, inverse_haar

LEAST_NOISE = 0.3  # levels: about the error of rounding to 8 bits


class Residual(nn.Module):
    """Two 3x3 convolutions added to their input, b x width x h x w."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return x + self.second(leaky_relu(self.first(x), SLOPE))  # type: ignore[no-any-return]


class PaddedFlow(nn.Module):
    """Decoder of the padded flow: coefficients of the cells -> the recovered image.

    Works at half resolution, on Haar subbands of the rotated colours; its output is scaled by the
    expected error of each cell's mode.

    Args:
        colour: 3 x 3 rotation of the codebook.
        width: channels of the repair network.
        depth: its residual blocks; two convolutions each.
    """

    basis: Tensor
    colour: Tensor

    def __init__(self, colour: npt.NDArray[np.float32], width: int = 40, depth: int = 4) -> None:
        super().__init__()
        cosine = torch.from_numpy(cosine_matrix())
        basis = torch.einsum("ky,lx->klyx", cosine, cosine).reshape(-1, 1, CELL, CELL)
        self.register_buffer("basis", basis, persistent=False)
        rotation = torch.from_numpy(np.array(colour, np.float32, order="C"))
        self.register_buffer("colour", rotation.reshape(3, 3, 1, 1))
        head = nn.Conv2d(12 + 12 + 3, width, 3, padding=1)
        tail = nn.Conv2d(width, 12, 3, padding=1)
        nn.init.zeros_(tail.weight)
        nn.init.zeros_(tail.bias)  # type: ignore[arg-type]
        self.network = nn.Sequential(head, *(Residual(width) for _ in range(depth)), tail)

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor]) -> PaddedFlow:
        """A flow with the sizes of the state dict."""
        depth = sum(name.endswith("first.bias") for name in state)
        flow = cls(state["colour"].numpy(), len(state["network.0.bias"]), depth)
        flow.load_state_dict(state)
        return flow

    @property
    def halo(self) -> int:
        """Receptive field of the network beyond a cell, pixels on each side."""
        return 4 * (len(self.network) - 1)

    def forward(self, coefficients: Tensor, noise: Tensor, protected: Tensor) -> Tensor:
        """Recover.

        Args:
            coefficients: b x 768 x h x w, of `CellDecoder.decode`.
            noise: b x 3 x h x w, likewise.
            protected: b x 3 x 16h x 16w, levels 0..255.

        Returns:
            b x 3 x 16h x 16w, levels, neither rounded nor clipped.
        """
        planes, noise, features = self.prepare(coefficients, noise, protected)
        return self.finish(planes, noise, self.network(features))

    def prepare(
        self, coefficients: Tensor, noise: Tensor, protected: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The part before the network: rotated planes, noise at half size, the features."""
        b, _, h, w = coefficients.shape
        planes = coefficients.reshape(b * 3, COEFFICIENTS // 3, h, w)
        planes = conv_transpose2d(planes, self.basis, stride=CELL).reshape(b, 3, CELL * h, CELL * w)
        rotated = conv2d(protected - 128, self.colour)
        noise = interpolate(noise.clamp(min=LEAST_NOISE), scale_factor=CELL // 2, mode="nearest")
        return planes, noise, torch.cat((haar(planes) / 64, haar(rotated) / 64, noise.log()), 1)

    def finish(self, planes: Tensor, noise: Tensor, repair: Tensor) -> Tensor:
        """The part after it: the repair, scaled by the noise, added and rotated back to RGB."""
        scaled = repair * noise.repeat(1, 4, 1, 1)  # b x (band, colour) x 8h x 8w
        return conv2d(planes + inverse_haar(scaled), self.colour.transpose(0, 1)) + 128
