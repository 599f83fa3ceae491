"""Pods as a node runs them, and the deployments that keep their number."""
