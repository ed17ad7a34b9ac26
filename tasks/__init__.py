"""One module per stage, and the kernels and edges that stages share."""
