"""The pages that panels open: what is known of one thing."""
