"""Codecs: face pixels to a fixed number of 16-bit words, and back."""
