"""Places: which country a text names."""
