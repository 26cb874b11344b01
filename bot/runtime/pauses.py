"""Waiting that an event may end."""

from __future__ import annotations

import asyncio


async def within(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but no longer."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
