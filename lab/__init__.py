"""Real Kubernetes clusters on one machine, each in namespaces of its own, without Docker."""
