"""Peers: which nodes may speak to this one, and how messages reach them."""
