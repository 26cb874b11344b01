"""What is looked at before the first order, line by line; `check` prints it, a start refuses on a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from bot.core import account, units
from bot.domain.check import CheckLine, CheckVerdict
from bot.domain.errors import NotOffered, StartFault, VenueBusy, VenueFault, VenueRejected, VenueUnreachable
from bot.domain.ids import VenueName
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import plain
from bot.domain.observation import Holding, Margin, Position, Prices, Source, SymbolConfig, Unknown, VenueObservation
from bot.domain.policy import HedgePolicy
from bot.ports import Feeds, Treasury, Venue
from bot.runtime.lines import failed, faulty, passed, warned
from bot.runtime.observer import Observer, holdings_of
from bot.runtime.preflight_ladder import ladder_line
from bot.runtime.preflight_margin import backed, liquidation_line, margin_line

CLOCK_MAX_MS: Final = 1_000
"""R21: with a larger offset nothing is sent."""

COVERED_BY: Final[Mapping[str, tuple[Source, ...]]] = {
    **dict.fromkeys(("spot", "funding", "main", "trade", "trade_hf"), (Source.SPOT,)),
    "trading": (Source.SPOT, Source.MARGIN),
    **dict.fromkeys(("coinm", "futures"), (Source.MARGIN,)),
    **dict.fromkeys(("earn", "earn-flexible", "earn-locked", "savings", "staking"), (Source.EARN,)),
}
"""Which sources of holdings cover which wallet (R5), the likeliest first."""


class Preflight:
    """Checks the venues and hedges of one settings file.

    Args:
        allow_withdraw_key: venues whose key may withdraw all the same.
        apply: set leverage and margin mode and read them back; else only say what would be set.
        feeds: numbers from outside; None when no holding names one.
        treasuries: the venues that move margin.
    """

    def __init__(
        self,
        *,
        venues: Mapping[VenueName, Venue],
        policies: Sequence[HedgePolicy],
        allow_withdraw_key: frozenset[VenueName],
        now_ms: int,
        apply: bool,
        feeds: Feeds | None = None,
        treasuries: Mapping[VenueName, Treasury] = MappingProxyType({}),
    ) -> None:
        self._venues = venues
        self._policies = policies
        self._allow_withdraw_key = allow_withdraw_key
        self._now_ms = now_ms
        self._apply = apply
        self._feeds = feeds
        self._treasuries = treasuries

    async def run(self) -> list[CheckLine]:
        """Every check, in a fixed order. Venue faults become lines; they are not raised."""
        lines: list[CheckLine] = []
        for venue in self._venues.values():
            lines += [line async for line in self._venue(venue)]
        symbols = frozenset(policy.symbol for policy in self._policies)
        observations = await Observer(self._venues, self._policies).observe(symbols)
        for policy in self._policies:
            lines += [line async for line in self._hedge(policy, observations)]
        return lines

    async def _venue(self, venue: Venue) -> AsyncIterator[CheckLine]:
        yield await _clock(venue)
        try:
            wallets = await venue.wallets()
        except VenueFault as fault:
            if not (isinstance(fault, VenueRejected) and await _accepts_key(venue)):
                yield faulty(f"{venue.name}: key", fault)
                return
            # The key works and may not read every wallet: a source that the hedge needs is then unknown by itself (R8).
            yield passed(f"{venue.name}: key", "the venue accepts it")
            yield await self._scope(venue)
            hint = "allow the key to read it at the venue; until then coins that lie there are not seen (R5)"
            yield warned(f"{venue.name}: wallets", fault.message, hint)
            return
        yield passed(f"{venue.name}: key", "the venue accepts it")
        yield await self._scope(venue)
        covered = {
            (spec.token or policy.asset, spec.source)
            for policy in self._policies
            for spec in policy.holdings
            if spec.venue == venue.name
        }
        hedged = {asset for asset, _ in covered}
        for wallet in wallets:
            sources = COVERED_BY.get(wallet.wallet, (Source.EXTERNAL,))
            uncovered = covered.isdisjoint((wallet.asset, source) for source in sources)
            if wallet.asset in hedged and wallet.quantity > 0 and uncovered:
                yield warned(
                    f"{venue.name}: wallet {wallet.wallet}",
                    f"{plain(wallet.quantity)} {wallet.asset} lie there and no source of the hedge covers them (R5)",
                    f'add a holding such as {{source = "{sources[0]}", ...}} if they should be hedged',
                )

    async def _scope(self, venue: Venue) -> CheckLine:
        name = f"{venue.name}: key scope"
        try:
            scope = await venue.key_scope()
        except NotOffered:
            return warned(name, "not offered here", "this host does not tell what a key may do")
        except VenueFault as fault:
            return faulty(name, fault)
        if scope.trade is False and any(policy.venue == venue.name for policy in self._policies):
            return failed(name, "the key may not trade futures", "allow futures trading for the key at the venue")
        if scope.withdraw and venue.name not in self._allow_withdraw_key:
            return failed(
                name,
                "the key may withdraw",
                "make a key without withdrawal rights, or set allow_withdraw_key = true for this venue",
            )
        if scope.ip_restricted is False:
            return warned(name, "may trade; not bound to an IP address", "bind the key to this machine's address")
        return passed(name, "may trade, " + ("may withdraw (allowed)" if scope.withdraw else "may not withdraw"))

    async def _hedge(
        self, policy: HedgePolicy, observations: Mapping[VenueName, VenueObservation]
    ) -> AsyncIterator[CheckLine]:
        venue = self._venues[policy.venue]
        instrument = venue.instrument(policy.symbol)
        yield _symbol(policy, instrument)
        yield await _units(policy, venue, instrument)
        async for line in self._config(policy, venue, instrument, observations[policy.venue]):
            yield line
        holdings = holdings_of(policy, observations, self._feeds, self._now_ms)
        for holding in holdings:
            yield _holding(policy, holding)
        known = [holding for holding in holdings if isinstance(holding, Holding)]
        observed = observations[policy.venue]
        position, prices = observed.positions.get(policy.symbol), observed.prices.get(policy.symbol)
        money = observed.margins.get(policy.symbol)
        parts = {"position": position, "prices": prices, "margin": money}
        foreign = account.foreign_position(position) if isinstance(position, Position) else ""
        if foreign:
            hint = "the bot touches nothing of it: close it yourself, or hedge with another contract"
            yield failed(f"{policy.name}: position", foreign, hint)
        for what, part in parts.items():
            if part is None or isinstance(part, Unknown):
                reason = part.reason if part else "not read"
                yield failed(
                    f"{policy.name}: {what}", reason, "the hedge stays frozen until it is known", mendable=True
                )
        if (
            len(known) == len(holdings)
            and isinstance(position, Position)
            and isinstance(prices, Prices)
            and isinstance(money, Margin)
        ):
            hedge = backed(policy, instrument, known, position, prices, money)
            if isinstance(hedge, str):
                yield failed(f"{policy.name}: margin", hedge, "the hedge stays frozen until it is so", mendable=True)
                return
            yield margin_line(hedge)
            yield await liquidation_line(hedge, venue)
            ladder = await ladder_line(hedge, venue, self._treasuries.get(policy.venue))
            if ladder is not None:
                yield ladder

    async def _config(
        self, policy: HedgePolicy, venue: Venue, instrument: Instrument, observed: VenueObservation
    ) -> AsyncIterator[CheckLine]:
        """Leverage and margin mode as wanted; both position modes will do, and neither is ever switched.

        Nothing is set under a position that is not ours.
        """
        name = f"{policy.name}: leverage and modes"
        leverage, margin_mode = account.wanted_setting(policy, instrument)
        config: SymbolConfig | Unknown | None = observed.configs.get(policy.symbol)
        position = observed.positions.get(policy.symbol)
        ours = not (isinstance(position, Position) and account.foreign_position(position))
        if self._apply and ours and not _fits(policy, instrument, config):
            try:
                config = await venue.configure(policy.symbol, leverage, margin_mode)
            except VenueFault as fault:
                # Nothing sets it later: a start that goes on would refuse every order.
                yield failed(name, fault.message, fault.hint or "start again once the venue answers")
                return
        if config is None or isinstance(config, Unknown):
            reason = config.reason if config else "not read"
            yield failed(name, reason, "no order is sent before it is known", mendable=True)
            return
        found = f"leverage {config.leverage}, {config.margin_mode}, {'hedge' if config.hedged else 'one-way'} mode"
        if _fits(policy, instrument, config):
            yield passed(name, found)
        else:
            detail = f"{found}; would set leverage {leverage}, {margin_mode}"
            yield warned(name, detail, "a start with --live, or check --apply, sets it")


def _fits(policy: HedgePolicy, instrument: Instrument, config: SymbolConfig | Unknown | None) -> bool:
    return (
        isinstance(config, SymbolConfig)
        and account.leverage_fits(policy, instrument, config)
        and account.margin_mode_fits(policy, instrument, config)
    )


async def _accepts_key(venue: Venue) -> bool:
    """Whether the venue tells what the key may do."""
    try:
        await venue.key_scope()
    except VenueFault:
        return False
    return True


async def start_venue(venue: Venue) -> None:
    """Start a venue. A wrong clock makes it refuse what is signed: that is told as what it is.

    Raises:
        StartFault: the clock is off by more than R21 allows, and the venue refused for it.
        BotError: see `bot.ports.Venue.start`.
    """
    try:
        await venue.start()
    except VenueRejected:
        line = await _clock(venue)
        if line.verdict is CheckVerdict.PASS or line.mendable:
            raise
        raise StartFault(f"{line.name}: {line.detail}", hint=line.hint) from None


async def _clock(venue: Venue) -> CheckLine:
    name = f"{venue.name}: clock"
    try:
        offset_ms = await venue.measure_clock()
    except VenueFault as fault:
        return faulty(name, fault)
    if abs(offset_ms) > CLOCK_MAX_MS:
        return failed(
            name,
            f"off by {offset_ms / 1000:.3f} s against the venue; expected at most 1 s",
            "synchronise this machine's clock (NTP) and start again",
        )
    return passed(name, f"{offset_ms} ms off against the venue")


def _symbol(policy: HedgePolicy, instrument: Instrument) -> CheckLine:
    name = f"{policy.name}: {policy.symbol}"
    if not instrument.active:
        return failed(name, "the venue does not trade it now", "choose another contract, or wait")
    if instrument.asset != policy.asset:
        return failed(name, f"hedges {instrument.asset}, not {policy.asset}", "correct `asset` or `short.symbol`")
    size = f"{plain(instrument.contract_size)} x {plain(instrument.multiplier)} {instrument.asset}"
    if instrument.kind is ContractKind.INVERSE:
        size = f"{plain(instrument.contract_size)} {instrument.quote}"
    return passed(
        name,
        f"active, {instrument.kind}, one contract is {size}, settled in {instrument.settle}, "
        f"step {plain(instrument.quantity_step)}",
    )


async def _units(policy: HedgePolicy, venue: Venue, instrument: Instrument) -> CheckLine:
    name = f"{policy.name}: units"
    try:
        volume, quote_volume, average = await venue.volumes_24h(policy.symbol)
    except (VenueUnreachable, VenueBusy):
        raise  # the start ends with "unreachable", not with a verdict on the contract
    except VenueFault as fault:
        return failed(name, fault.message, fault.hint or "nothing is traded before the contract size is checked (R7)")
    mismatch = units.check_volume(instrument, volume, quote_volume, average)
    if mismatch:
        return failed(name, mismatch, "do not trade it before a person has looked at the contract's size")
    return passed(name, "the contract size agrees with the venue's own 24 h volumes (R7)")


def _holding(policy: HedgePolicy, holding: Holding | Unknown) -> CheckLine:
    if isinstance(holding, Unknown):
        name = f"{policy.name}: {holding.what}"
        if holding.lasting:
            return failed(name, holding.reason, "remove this source from the hedge: this host will never serve it")
        return failed(name, holding.reason, "the hedge stays frozen until it is known", mendable=True)
    where = f" on {holding.venue}" if holding.venue else ""
    return passed(f"{policy.name}: {holding.source}{where}", f"{plain(holding.quantity)} {holding.asset}")
