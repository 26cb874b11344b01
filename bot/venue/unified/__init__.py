"""Any other exchange that ccxt knows, through ccxt's unified methods: for exchanges that nobody verified here.

What is weaker than on an exchange with a package of its own, and what stands in for it:

- ccxt's reading of the answers is believed, after a check of its shape: an empty object, an answer that is no JSON, a
  balance of no coin, a list without an end are unknown. Order books come as floats; their shortest digits are taken.
- No refusal is definite: whatever an order is answered with but its id, its outcome is unknown until a look-up tells
  more. Only what never left the machine counts as not sent. Only ccxt's `OrderNotFound` counts as not found, and only
  where the exchange looks orders up by our id; elsewhere lists can show an order, but never that there is none.
- Orders carry no deadline that the exchange would hold; they are taken to be possible for 30 s.
- A position of 0 is believed of a row that says 0, or where nothing of the margin account is bound. On exchanges with
  one account for everything only of such a row.
- Leverage and margin mode are read where ccxt can, else from the row of the position, else they are what the exchange
  has acknowledged in this run. What can't be learnt is unknown, and no order goes out.
- Linear perpetuals in one-way position mode only. Earn, transit, key scope and ledger are not offered.
- The time of an exchange that does not tell it is taken from the `Date` of its answers, which has whole seconds.
- Realised P&L of a trade is not told; a fee that is not told is the known rate of what was traded.
- One question about positions is asked for each instrument, so calls grow with their number.
"""

from bot.venue.unified.ways import ways_for

__all__ = ["ways_for"]
