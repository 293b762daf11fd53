"""The mathematics of the flows, in torch (extra `train`).

haar      one-level orthonormal Haar transform
subnet    the dense block that couplings and the repair network are made of
coupling  affine coupling with a condition
keyed     the published flow, conditioned on a key
padded    the project's own: a one-time pad between encoder and carrier
export    a trained flow as ONNX, for `proface.runtime`
"""

from proface.flows.coupling import AffineCoupling
from proface.flows.haar import haar, inverse_haar
from proface.flows.keyed import KeyedFlow
from proface.flows.padded import PaddedFlow
from proface.flows.subnet import DenseBlock

__all__ = ["AffineCoupling", "DenseBlock", "KeyedFlow", "PaddedFlow", "haar", "inverse_haar"]
