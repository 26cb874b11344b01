"""Values of the field. Standard library only; every other package may import this one."""
