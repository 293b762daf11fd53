"""Evaluation: image quality, recognition, robustness and speed, measured on saved 8-bit files."""
