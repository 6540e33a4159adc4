"""Addresses: derivation from keys and names, and their text with everything a typing error can do to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridnode.crypto.address import address_of, decode_address, encode_address, module_address
from gridnode.crypto.hashing import Tag
from gridnode.primitives import bech32m
from gridnode.primitives.errors import Malformed

ADDRESS = bytes(range(20))
TEXT = "grid1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnmt6226"
LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

# BIP-350, "Test vectors": strings that are valid and not valid bech32m.
VALID = [
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
]
INVALID = [
    "\x201xj0phk",
    "\x7f1g6xzxy",
    "\x801vctc34",
    "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
    "qyrz8wqd2c9m",
    "1qyrz8wqd2c9m",
    "y1b0jsk6g",
    "lt1igcx5c0",
    "in1muywd",
    "mm1crxm3i",
    "au1s5cgom",
    "M1VUXWEZ",
    "16plkw9",
    "1p2gdwpf",
]


@pytest.mark.parametrize("text", VALID)
def test_the_codec_accepts_what_bip_350_accepts(text: str) -> None:
    prefix, groups = bech32m.split(text)
    letters = "".join(bech32m.LETTERS[group] for group in groups)
    assert text.lower().startswith(f"{prefix}1{letters}")
    assert len(text) == len(prefix) + 1 + len(letters) + 6


@pytest.mark.parametrize("text", INVALID)
def test_the_codec_refuses_what_bip_350_refuses(text: str) -> None:
    with pytest.raises(ValueError):
        bech32m.split(text)


@pytest.mark.parametrize("text", VALID + INVALID)
def test_strings_of_others_are_no_addresses(text: str) -> None:
    with pytest.raises(Malformed, match="wrong prefix"):
        decode_address(text)


def test_text_is_frozen() -> None:
    assert encode_address(ADDRESS) == TEXT
    assert decode_address(TEXT) == decode_address(TEXT.upper()) == ADDRESS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "wrong prefix"),
        ("grid", "wrong prefix"),
        ("cosmos1" + TEXT[5:], "wrong prefix"),
        ("0x" + ADDRESS.hex(), "wrong prefix"),
        (TEXT[:-1], "invalid checksum"),
        (TEXT[:-1] + "q", "invalid checksum"),
        (TEXT + "q", "invalid checksum"),
        ("grid1" + "q" * 200, "too many"),
        (TEXT[:-1] + "b", "invalid character"),
        (TEXT[:20] + "é" + TEXT[21:], "out of range"),
        (TEXT[:20].upper() + TEXT[20:], "mixed case"),
        ("grid1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnwh2x0c", "invalid checksum"),
        (bech32m.encode("grid", ADDRESS[:19]), "it holds 19 bytes"),
        (bech32m.encode("grid", ADDRESS + b"\0"), "it holds 21 bytes"),
        (bech32m.encode("grid", b""), "it holds 0 bytes"),
    ],
)
def test_wrong_text_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(Malformed, match="expected an address such as grid1") as caught:
        decode_address(text)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("value", [None, 5, ADDRESS, ["grid1"]])
def test_what_is_not_text_is_malformed(value: object) -> None:
    with pytest.raises(Malformed, match="got " + type(value).__name__):
        decode_address(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 19, 21, 32])
def test_other_sizes_have_no_text(size: int) -> None:
    with pytest.raises(ValueError, match="20 bytes"):
        encode_address(bytes(size))


@given(st.binary(max_size=50))
def test_any_bytes_come_back(data: bytes) -> None:
    assert bech32m.decode(bech32m.encode("grid", data)) == ("grid", data)


def test_padding_is_zero_and_short() -> None:
    assert bech32m.decode("a1" + checked("a", [12, 4])) == ("a", b"a")
    for groups in ([12, 5], [12, 4, 0], [0]):
        with pytest.raises(ValueError, match="padding"):
            bech32m.decode("a1" + checked("a", groups))


def checked(prefix: str, groups: list[int]) -> str:
    """Letters of 5-bit groups with their checksum, whatever the groups are."""
    whole = bech32m._polymod([*bech32m._expanded(prefix), *groups, *[0] * 6]) ^ 0x2BC830A3
    return "".join(bech32m.LETTERS[group] for group in [*groups, *(whole >> 5 * at & 31 for at in range(5, -1, -1))])


@given(st.binary(min_size=20, max_size=20), st.data())
def test_up_to_four_wrong_letters_are_found(address: bytes, data: st.DataObject) -> None:
    text = encode_address(address)
    assert len(text) == 43
    assert decode_address(text) == address
    spots = data.draw(st.lists(st.integers(5, len(text) - 1), min_size=1, max_size=4, unique=True))
    typed = list(text)
    for spot in spots:
        typed[spot] = data.draw(st.sampled_from([letter for letter in LETTERS if letter != text[spot]]))
    with pytest.raises(Malformed, match="invalid checksum"):
        decode_address("".join(typed))


def test_keys_and_modules_have_addresses_of_their_own() -> None:
    assert address_of(b"k" * 32) == Tag("gridnode/address").hash(b"k" * 32)[:20]
    assert module_address("market/escrow") == Tag("gridnode/module-account").hash(b"market/escrow")[:20]
    assert address_of(b"market/escrow") != module_address("market/escrow")
