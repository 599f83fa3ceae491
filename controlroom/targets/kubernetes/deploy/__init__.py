"""Putting an overlay on a cluster, waiting for it, and taking exactly that away again."""
