"""Vectors that pin bytes and verdicts: those of public projects (see README.md) and our own frozen ones."""
