"""Workers of StressChaos on the local stack."""
