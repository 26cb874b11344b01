"""From recorded facts to what a person reads."""
