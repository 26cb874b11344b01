"""What is looked at before the first order, line by line; `check` prints it, a start refuses on a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from bot.core import exposure as ex
from bot.core import margin, units
from bot.domain.check import CheckLine, CheckVerdict
from bot.domain.errors import NotOffered, StartFault, VenueBusy, VenueFault, VenueRejected, VenueUnreachable
from bot.domain.ids import VenueName
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.observation import Holding, Margin, Position, Prices, Source, SymbolConfig, Unknown, VenueObservation
from bot.domain.policy import HedgePolicy
from bot.ports import Venue
from bot.runtime.observer import Observer, holdings_of

CLOCK_MAX_MS: Final = 1_000
"""R21: with a larger offset nothing is sent."""

COVERED_BY: Final[Mapping[str, Source]] = {
    "spot": Source.SPOT,
    "funding": Source.SPOT,
    "earn-flexible": Source.EARN,
    "earn-locked": Source.EARN,
}
"""Which source of holdings covers which wallet (R5)."""


class Preflight:
    """Checks the venues and hedges of one settings file.

    Args:
        allow_withdraw_key: venues whose key may withdraw all the same.
        apply: set leverage and margin mode and read them back; else only say what would be set.
    """

    def __init__(
        self,
        *,
        venues: Mapping[VenueName, Venue],
        policies: Sequence[HedgePolicy],
        allow_withdraw_key: frozenset[VenueName],
        now_ms: int,
        apply: bool,
    ) -> None:
        self._venues = venues
        self._policies = policies
        self._allow_withdraw_key = allow_withdraw_key
        self._now_ms = now_ms
        self._apply = apply

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
            yield _fault(f"{venue.name}: key", fault)
            return
        yield _pass(f"{venue.name}: key", "the venue accepts it")
        yield await self._scope(venue)
        covered = {
            (policy.asset, spec.source)
            for policy in self._policies
            for spec in policy.holdings
            if spec.venue == venue.name
        }
        hedged = {asset for asset, _ in covered}
        for wallet in wallets:
            source = COVERED_BY.get(wallet.wallet)
            if wallet.asset in hedged and wallet.quantity > 0 and (wallet.asset, source) not in covered:
                yield _warn(
                    f"{venue.name}: wallet {wallet.wallet}",
                    f"{plain(wallet.quantity)} {wallet.asset} lie there and no source of the hedge covers them (R5)",
                    f'add a holding such as {{source = "{source or Source.EXTERNAL}", ...}} if they should be hedged',
                )

    async def _scope(self, venue: Venue) -> CheckLine:
        name = f"{venue.name}: key scope"
        try:
            scope = await venue.key_scope()
        except NotOffered:
            return _warn(name, "not offered here", "this host does not tell what a key may do")
        except VenueFault as fault:
            return _fault(name, fault)
        if scope.trade is False:
            return _fail(name, "the key may not trade futures", "allow futures trading for the key at the venue")
        if scope.withdraw and venue.name not in self._allow_withdraw_key:
            return _fail(
                name,
                "the key may withdraw",
                "make a key without withdrawal rights, or set allow_withdraw_key = true for this venue",
            )
        if scope.ip_restricted is False:
            return _warn(name, "may trade; not bound to an IP address", "bind the key to this machine's address")
        return _pass(name, "may trade, " + ("may withdraw (allowed)" if scope.withdraw else "may not withdraw"))

    async def _hedge(
        self, policy: HedgePolicy, observations: Mapping[VenueName, VenueObservation]
    ) -> AsyncIterator[CheckLine]:
        venue = self._venues[policy.venue]
        instrument = venue.instrument(policy.symbol)
        yield _symbol(policy, instrument)
        yield await _units(policy, venue, instrument)
        async for line in self._config(policy, venue, observations[policy.venue]):
            yield line
        holdings = holdings_of(policy, observations, self._now_ms)
        for holding in holdings:
            yield _holding(policy, holding)
        known = [holding for holding in holdings if isinstance(holding, Holding)]
        observed = observations[policy.venue]
        position, prices = observed.positions.get(policy.symbol), observed.prices.get(policy.symbol)
        money = observed.margins.get(policy.symbol)
        parts = {"position": position, "prices": prices, "margin": money}
        for what, part in parts.items():
            if part is None or isinstance(part, Unknown):
                reason = part.reason if part else "not read"
                yield _fail(f"{policy.name}: {what}", reason, "the hedge stays frozen until it is known", mendable=True)
        if (
            len(known) == len(holdings)
            and isinstance(position, Position)
            and isinstance(prices, Prices)
            and isinstance(money, Margin)
        ):
            yield _margin(policy, instrument, known, position, prices, money)
            yield await _liquidation(policy, venue, instrument, known, prices)

    async def _config(self, policy: HedgePolicy, venue: Venue, observed: VenueObservation) -> AsyncIterator[CheckLine]:
        name = f"{policy.name}: leverage and modes"
        config: SymbolConfig | Unknown | None = observed.configs.get(policy.symbol)
        if self._apply:
            try:
                config = await venue.configure(policy.symbol, policy.leverage, policy.margin_mode)
            except VenueFault as fault:
                # Nothing sets it later: a start that goes on would refuse every order.
                yield _fail(name, fault.message, fault.hint or "start again once the venue answers")
                return
        if config is None or isinstance(config, Unknown):
            reason = config.reason if config else "not read"
            yield _fail(name, reason, "no order is sent before it is known", mendable=True)
            return
        found = _config_text(config)
        wanted = SymbolConfig(
            symbol=policy.symbol, leverage=policy.leverage, margin_mode=policy.margin_mode, hedged=False
        )
        if config == wanted:
            yield _pass(name, found)
        else:
            detail = f"{found}; would set {_config_text(wanted)}"
            yield _warn(name, detail, "a start with --live, or check --apply, sets it")


def _config_text(config: SymbolConfig) -> str:
    mode = "hedge" if config.hedged else "one-way"
    return f"leverage {config.leverage}, {config.margin_mode}, {mode} mode"


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
        return _fault(name, fault)
    if abs(offset_ms) > CLOCK_MAX_MS:
        return _fail(
            name,
            f"off by {offset_ms / 1000:.3f} s against the venue; expected at most 1 s",
            "synchronise this machine's clock (NTP) and start again",
        )
    return _pass(name, f"{offset_ms} ms off against the venue")


def _symbol(policy: HedgePolicy, instrument: Instrument) -> CheckLine:
    name = f"{policy.name}: {policy.symbol}"
    if not instrument.active:
        return _fail(name, "the venue does not trade it now", "choose another contract, or wait")
    if instrument.asset != policy.asset:
        return _fail(name, f"hedges {instrument.asset}, not {policy.asset}", "correct `asset` or `short.symbol`")
    size = f"{plain(instrument.contract_size)} x {plain(instrument.multiplier)} {instrument.asset}"
    if instrument.kind is ContractKind.INVERSE:
        size = f"{plain(instrument.contract_size)} {instrument.quote}"
    return _pass(
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
        return _fail(name, fault.message, fault.hint or "nothing is traded before the contract size is checked (R7)")
    mismatch = units.check_volume(instrument, volume, quote_volume, average)
    if mismatch:
        return _fail(name, mismatch, "do not trade it before a person has looked at the contract's size")
    return _pass(name, "the contract size agrees with the venue's own 24 h volumes (R7)")


def _holding(policy: HedgePolicy, holding: Holding | Unknown) -> CheckLine:
    if isinstance(holding, Unknown):
        name = f"{policy.name}: {holding.what}"
        if holding.lasting:
            return _fail(name, holding.reason, "remove this source from the hedge: this host will never serve it")
        return _fail(name, holding.reason, "the hedge stays frozen until it is known", mendable=True)
    where = f" on {holding.venue}" if holding.venue else ""
    return _pass(f"{policy.name}: {holding.source}{where}", f"{plain(holding.quantity)} {holding.asset}")


def _margin(
    policy: HedgePolicy,
    instrument: Instrument,
    holdings: Sequence[Holding],
    position: Position,
    prices: Prices,
    money: Margin,
) -> CheckLine:
    name = f"{policy.name}: margin"
    short = ex.short_coins(instrument, position.contracts, prices.mark)
    gap = ex.gap(ex.exposure(holdings), ex.principal(holdings), short, policy.ratio)
    price = instrument.coin_price(prices.mark)
    needed = max(gap, ZERO) * price * (ONE + policy.slippage + instrument.taker_fee) / policy.leverage
    free = max(money.available - policy.margin_reserve, ZERO)
    detail = f"{needed:,.2f} {instrument.settle} needed, {free:,.2f} free"
    if needed > free:
        return _fail(
            name,
            f"{detail}; {needed - free:,.2f} missing",
            f"move {instrument.settle} to the futures wallet; until then only what fits is hedged",
            mendable=True,
        )
    return _pass(name, detail)


async def _liquidation(
    policy: HedgePolicy, venue: Venue, instrument: Instrument, holdings: Sequence[Holding], prices: Prices
) -> CheckLine:
    name = f"{policy.name}: liquidation"
    target = ex.target(ex.exposure(holdings), ex.principal(holdings), policy.ratio)
    contracts = instrument.contracts(target, prices.mark)
    notional = instrument.notional(contracts, prices.mark)
    if notional <= 0:
        return _pass(name, "nothing to hedge, so nothing to liquidate")
    try:
        rate, cum = await venue.maintenance(policy.symbol, notional)
    except VenueFault as fault:
        return _fault(name, fault)
    wallet = notional / policy.leverage
    price = margin.liquidation_price(instrument, -contracts, prices.mark, wallet, rate, cum)
    if price is None:
        return _pass(name, "none expected")
    return _pass(name, f"expected at {price:,.2f}, {price / prices.mark:.2f} times the mark of {prices.mark:,.2f}")


def _pass(name: str, detail: str) -> CheckLine:
    return CheckLine(name=name, verdict=CheckVerdict.PASS, detail=detail)


def _warn(name: str, detail: str, hint: str = "") -> CheckLine:
    return CheckLine(name=name, verdict=CheckVerdict.WARN, detail=detail, hint=hint)


def _fail(name: str, detail: str, hint: str = "", *, mendable: bool = False) -> CheckLine:
    return CheckLine(name=name, verdict=CheckVerdict.FAIL, detail=detail, hint=hint, mendable=mendable)


def _fault(name: str, fault: VenueFault) -> CheckLine:
    """A refusal stands; anything else may be better on the next reading, and freezes the hedge until then."""
    return _fail(name, fault.message, fault.hint, mendable=not isinstance(fault, VenueRejected))
