"""Load that Jobs of the cluster send."""
