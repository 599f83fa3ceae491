"""Kinds of queues, as whoever reads their books knows them."""
