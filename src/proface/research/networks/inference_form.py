"""The padded flow's decoder as it is exported: the same function in few large operations.

    coefficients --1x1 convolution, 8x8 shuffle--> subbands ----------------+--------> sum
                                                      |                     |           |
    protected ----2x2 convolution of stride 2------> concat --> network --> x   1x1 convolution,
                                                      |                     |       2x2 shuffle
    noise --------logarithm, nearest----------------> +                   noise         |
                                                                                    recovered

In `PaddedFlow.forward` the Haar transforms are dozens of strided slices, and the cells' cosine
transform is a convolution with a 16x16 kernel, on which engines are slow. Both are linear; here
each is one small matrix, fused with its neighbours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, pixel_shuffle

from proface.codec.transform import CELL, COEFFICIENTS
from proface.research.networks.haar import haar, inverse_haar
from proface.research.networks.padded_flow import LEAST_NOISE, PaddedFlow

BANDS = 4  # of each colour; colours first here: 12 channels = colour x band
HALF = CELL // 2
GREY = 128


class InferenceForm(nn.Module):
    """Equals `PaddedFlow.forward` up to float32 rounding."""

    synthesis: Tensor
    rotation: Tensor
    offset: Tensor
    assembly: Tensor

    def __init__(self, flow: PaddedFlow) -> None:
        super().__init__()
        colour = flow.colour.detach().reshape(3, 3)  # rotated x RGB
        # Cell of one colour: 256 coefficients -> 4 bands of 8 x 8 places.
        bands = haar(flow.basis).reshape(COEFFICIENTS // 3, BANDS * HALF * HALF)
        self.register_buffer("synthesis", bands.T.repeat(3, 1)[..., None, None])
        # 2 x 2 pixels of RGB -> colour x band, and back.
        taps = haar(torch.eye(4).reshape(4, 1, 2, 2)).reshape(4, BANDS)  # pixel x band
        rotation = torch.einsum("cr,pb->cbrp", colour, taps).reshape(12, 3, 2, 2)
        self.register_buffer("rotation", rotation)
        self.register_buffer("offset", -GREY * rotation.sum((1, 2, 3)))
        back = inverse_haar(torch.eye(BANDS)[..., None, None]).reshape(BANDS, 4)  # band x pixel
        assembly = torch.einsum("cr,bp->rpcb", colour, back).reshape(12, 12, 1, 1)
        self.register_buffer("assembly", assembly)
        self.network = _recoloured(flow.network)

    def forward(
        self, coefficients: Tensor, noise: Tensor, protected: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `PaddedFlow.forward`.

        Returns:
            Its result, then the network's input (b x 27 x 8h x 8w) and output (b x 12 x 8h x 8w),
            where an engine may split the graph to run the network separately.
        """
        planes = pixel_shuffle(conv2d(coefficients, self.synthesis, groups=3), HALF)
        seen = conv2d(protected, self.rotation, self.offset, stride=2)
        noise = noise.clamp(min=LEAST_NOISE)
        features = torch.cat((planes, seen, _widened(noise.log())), 1)
        each = torch.stack((noise,) * BANDS, 2).flatten(1, 2)  # colour -> colour x band
        repair = self.network(features)
        planes = planes + repair * _widened(each)
        return pixel_shuffle(conv2d(planes, self.assembly), 2) + GREY, features, repair


def _widened(cells: Tensor) -> Tensor:
    """Values of cells -> nearest upsampling to half the pixels' resolution."""
    return interpolate(cells, scale_factor=HALF, mode="nearest")


def _recoloured(network: nn.Sequential) -> nn.Sequential:
    """The network with channels reordered from band x colour to colour x band, unscaled input."""
    order = torch.arange(12).reshape(BANDS, 3).T.reshape(-1)
    first, *middle, last = network
    assert isinstance(first, nn.Conv2d)
    assert isinstance(last, nn.Conv2d)
    head = nn.Conv2d(first.in_channels, first.out_channels, 3, padding=1)
    tail = nn.Conv2d(last.in_channels, last.out_channels, 3, padding=1)
    with torch.no_grad():
        inputs = torch.cat((order, order + 12, torch.arange(24, first.in_channels)))
        head.weight.copy_(first.weight[:, inputs])
        head.weight[:, :24] /= 64  # `PaddedFlow.prepare` divides the subbands
        head.bias.copy_(first.bias)  # type: ignore[union-attr, arg-type]
        tail.weight.copy_(last.weight[order])
        tail.bias.copy_(last.bias[order])  # type: ignore[union-attr, index]
    return nn.Sequential(head, *middle, tail)
