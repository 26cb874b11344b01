"""Sans-I/O façades: one package a venue."""
