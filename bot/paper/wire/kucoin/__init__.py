"""KuCoin: spot, futures, Earn and account endpoints, and the streams."""

from bot.paper.wire.kucoin.facade import KucoinFacade
from bot.paper.wire.kucoin.limits import Limits

__all__ = ["KucoinFacade", "Limits"]
