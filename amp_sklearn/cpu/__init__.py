"""Compiled code for processors: whether it is used, how it is compiled, over how many threads it runs."""
