"""The exchange itself: wallets, books, matching, margin, funding. Decimal, double entry."""
