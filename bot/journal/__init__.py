"""What must survive a crash: intents, fills, decisions, halts. The only package that talks SQL."""
