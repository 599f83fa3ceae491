"""Queues, as producers publish to them and consumers receive from them."""
