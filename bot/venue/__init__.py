"""The only package that talks ccxt: from a venue's wire to our values, strictly."""
