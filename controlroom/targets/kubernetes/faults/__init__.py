"""Faults on a cluster: by Chaos Mesh where it is installed, else through the Kubernetes API."""
