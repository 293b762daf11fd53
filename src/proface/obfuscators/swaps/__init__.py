"""Networks that put another person's face into a photo, in torch (extra `swap`).

simswap       SimSwap's generator
faceshifter   FaceShifter's generator, AEI-Net
irse          the two identity encoders, ArcFace with squeeze-and-excitation
checkpoints   published checkpoints into safetensors, without running any code of theirs
folder        where they lie then
weights       loads them
apply         a face swapped, as the looks use it

Importing this package loads no torch.
"""
