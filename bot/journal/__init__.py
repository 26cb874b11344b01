"""What must survive: intents, fills, decisions, halts, in SQLite. The only importer of SQLAlchemy and Alembic."""
