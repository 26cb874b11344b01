"""What the hedge was worth: statements from recorded facts, and how they are drawn."""
