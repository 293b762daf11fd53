"""Face-swap networks in PyTorch (extra `swap`). Importing this package loads no torch."""
