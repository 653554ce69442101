"""Speed suite: one entry per hot path, the published way against this package on the same work, in one process."""
