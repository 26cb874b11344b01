"""The loop, the executor, start and stop: the thin shell around the core."""
