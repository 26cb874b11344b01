"""Client order ids (R19)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import CLIENT_ID_LENGTH, EPOCH_ALPHABET, EPOCH_LENGTH, Epoch, client_order_id, epoch_of

EPOCH = Epoch("abcdefgh23")
epochs = st.text(EPOCH_ALPHABET, min_size=EPOCH_LENGTH, max_size=EPOCH_LENGTH).map(Epoch)


def test_r19_an_epoch_holds_at_least_40_random_bits() -> None:
    assert len(set(EPOCH_ALPHABET)) ** EPOCH_LENGTH >= 2**40


@given(epoch=epochs, sequence=st.integers(1, 10**15 - 1))
def test_r19_ids_have_26_characters_and_name_their_epoch(epoch: Epoch, sequence: int) -> None:
    made = client_order_id(epoch, sequence)
    assert re.fullmatch(r"[a-z0-9]{26}", made)
    assert epoch_of(made) == epoch


@given(one=st.tuples(epochs, st.integers(1, 10**15 - 1)), other=st.tuples(epochs, st.integers(1, 10**15 - 1)))
def test_r19_no_two_orders_share_an_id(one: tuple[Epoch, int], other: tuple[Epoch, int]) -> None:
    assert (client_order_id(*one) == client_order_id(*other)) == (one == other)


@pytest.mark.parametrize(
    ("epoch", "sequence"),
    [(EPOCH, 0), (EPOCH, -1), (EPOCH, 10**15), ("abc", 1), ("abcdefgh2", 1), ("ABCDEFGH23", 1), ("abcdefgl23", 1)],
)
def test_r19_what_makes_no_id_of_ours_is_refused(epoch: str, sequence: int) -> None:
    with pytest.raises(ValueError, match="no client order id"):
        client_order_id(Epoch(epoch), sequence)


@pytest.mark.parametrize("client_id", ["", "h", "x" * CLIENT_ID_LENGTH, f"h{EPOCH}1", f"h{EPOCH}00000000000000x"])
def test_r19_ids_of_others_have_no_epoch(client_id: str) -> None:
    assert epoch_of(client_id) is None
