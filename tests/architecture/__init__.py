"""House rules as tests: layers, determinism, sizes, names, docstrings. Each check proves on a bad snippet that it can fail."""
