"""Image files: size limits, decoding, metadata, lossless encoding, atomic output."""
