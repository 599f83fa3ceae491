"""The second producer of a scenario that has it: what it accepts is up to a WebAssembly module."""
