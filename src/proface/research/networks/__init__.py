"""The flows as networks in torch (extra `train`).

haar            one-level orthonormal Haar transform
dense_block     the subnet of couplings
coupling        affine coupling with a condition
keyed_flow      the published flow, conditioned on a key
padded_flow     the project's own flow: a one-time pad between encoder and embedding
inference_form  the padded flow's decoder as it is exported
export          a trained flow as ONNX, for `proface.inference`
"""
