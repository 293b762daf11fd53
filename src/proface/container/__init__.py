"""The header of a protected file: its fields, its encoding in each image format, its digests."""
