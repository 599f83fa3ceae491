"""Container images of the pipeline and of its engines, made without a registry or a builder.

Each is put together from this machine's own interpreter and programs, locked wheels and this
checkout, as layers that many images share. The same input gives the same digest.
"""
