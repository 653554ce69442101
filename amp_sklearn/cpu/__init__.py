"""Compiled code for processors: vector instructions, matrix products, threads."""
