"""The catalogue's cases: each a story that the bot lives through, and that a deliberately broken bot does not.

A story is written once and told several times: to the bot as it is, which must pass, and to the bot with a mutant in
it, which must fail at the assertion that names what goes wrong. So every story is proven to see what it is there for.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import pytest

from bot.runtime.daemon import Daemon
from bot.runtime.virtual import run_virtual
from tests.catalogue.tale import Tale
from tests.sim.doors import doors

Mutant = Callable[[pytest.MonkeyPatch], None]
"""Breaks the bot for one story. The first line of its docstring says what a bot does that is broken so."""
Story = Callable[[Tale], Awaitable[None]] | Callable[[], None]
"""With a `Tale`: the whole bot against an exchange. Without: arithmetic or a reader alone."""
Told = Callable[..., None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One story.

    Attributes:
        number: in the catalogue.
        module, name: where the test is, and what it is called.
        trigger: what happens.
        holds: what the bot does then.
        on: exchanges that it is told on; empty when there is none in it.
        mutant: what the broken bot does.
    """

    number: int
    module: str
    name: str
    trigger: str
    holds: str
    on: tuple[str, ...]
    mutant: str


CASES: Final[dict[str, Case]] = {}
"""Every story by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One telling: on which exchange, and which mutant is in the bot."""

    on: str
    mutant: Mutant | None

    def __str__(self) -> str:
        told = ["bot" if self.mutant is None else f"sabotage-{self.mutant.__name__.replace('_', '-')}"]
        return "-".join([self.on, *told] if self.on else told)


def case(
    number: int, *, mutant: Mutant, shows: str, on: Sequence[str] = ("binance",), sabotaged_on: Sequence[str] = ()
) -> Callable[[Story], Told]:
    """Make a story a test of the case with that number.

    Args:
        number: in the catalogue; the story's name begins with `test_f` and it.
        mutant: what the story must see.
        shows: words of the assertion at which the broken bot must fail.
        on: exchanges that the bot is told the story on.
        sabotaged_on: those that the broken bot is told it on; none given: the first. A mutant that reaches into one
            exchange's own code is told on that one.
    """

    def told(story: Story) -> Told:
        name = cast(str, getattr(story, "__name__"))  # noqa: B009 - a callable need not have one
        assert name.startswith(f"test_f{number:02d}_"), name
        trigger, _, holds = (inspect.getdoc(story) or "").partition("\n\n")
        assert trigger, name
        assert holds, name
        broken = (inspect.getdoc(mutant) or "").partition("\n\n")[0]
        assert broken, mutant
        staged = bool(inspect.signature(story).parameters)
        places = tuple(on) if staged else ("",)
        CASES[name] = Case(
            number=number,
            module=story.__module__,
            name=name,
            trigger=" ".join(trigger.split()),
            holds=" ".join(holds.split()),
            on=places if staged else (),
            mutant=" ".join(broken.split()),
        )
        runs = [
            *(Run(on=place, mutant=None) for place in places),
            *(Run(on=place, mutant=mutant) for place in places if place in (sabotaged_on or places[:1])),
        ]

        @pytest.mark.parametrize("run", runs, ids=str)
        def test(run: Run, tmp_path: Path) -> None:
            if run.mutant is None:
                play(story, run.on, tmp_path)
                return
            with pytest.MonkeyPatch.context() as patch:
                run.mutant(patch)
                with pytest.raises(AssertionError, match=re.escape(shows)):
                    play(story, run.on, tmp_path)

        test.__name__ = test.__qualname__ = name
        test.__module__ = story.__module__
        test.__doc__ = story.__doc__
        return test

    return told


def play(story: Story, exchange: str, folder: Path) -> None:
    """Tell a story once.

    Raises:
        AssertionError: of the story.
        RuntimeError: something in the bot broke that nobody meant to break; a mutant must mislead it, not crash it.
    """
    if not inspect.signature(story).parameters:
        cast(Callable[[], None], story)()
        return

    async def staged() -> None:
        tale = Tale(folder, exchange)
        try:
            await cast(Callable[[Tale], Awaitable[None]], story)(tale)
        finally:
            await tale.close()

    with doors(), _watched() as errors:
        run_virtual(staged())
    if errors:
        raise RuntimeError(f"the bot broke: {errors[0]!r}") from errors[0]


@contextmanager
def _watched() -> Iterator[list[Exception]]:
    """What the supervisor had to catch; it outweighs what the story says of it."""
    errors: list[Exception] = []

    def failed(_daemon: Daemon, error: Exception, **_whose: str) -> None:
        errors.append(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Daemon, "_failed", failed)
        try:
            yield errors
        except (AssertionError, RuntimeError):
            if errors:
                raise RuntimeError(f"the bot broke: {errors[0]!r}") from errors[0]
            raise
