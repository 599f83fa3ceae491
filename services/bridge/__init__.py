"""The consumer cut in two: Kafka in one cluster, the stores in another, and a call between.

`worker` reads Kafka and `client` calls across, two containers of one pod; `server` stores and
counts on the remote side, with the consumer's own code and behind the same committed offset.
"""
