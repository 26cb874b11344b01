"""Decisions: pure functions of what was read. No await, clock, random or log."""
