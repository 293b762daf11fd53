"""Flows (codec, pad and embedding combined), and the models' cards and weights. No torch."""
