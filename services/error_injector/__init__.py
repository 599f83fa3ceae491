"""Answers requests with errors on purpose: the faulty branch of a split."""
