"""OKX v5: spot and perpetual swaps on one trading account, the funding account, Earn, and streams."""

from bot.paper.wire.okx.facade import OkxFacade
from bot.paper.wire.okx.limits import Limits

__all__ = ["Limits", "OkxFacade"]
