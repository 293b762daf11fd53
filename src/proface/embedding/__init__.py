"""Embeddings: uniform words into the pixels of a cover image, and out again."""
