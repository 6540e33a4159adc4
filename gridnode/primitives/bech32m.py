"""bech32m (BIP-350): bytes as letters behind a prefix, with a checksum that finds any error of up to four of them.

Our own fifty lines, held to the published vectors: no library of age and standing has this form, and addresses of money rest on it.
"""

from __future__ import annotations

from typing import Final

LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
MAX_CHARS: Final = 90
"""Within it the checksum keeps its promise (BIP-173)."""
_CHECK_LETTERS: Final = 6
_CONSTANT: Final = 0x2BC830A3
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def encode(prefix: str, data: bytes) -> str:
    """Lower-case text of `data` behind `prefix`, which is lower-case ASCII."""
    groups = _regrouped(data, 8, 5)
    whole = _polymod([*_expanded(prefix), *groups, *[0] * _CHECK_LETTERS]) ^ _CONSTANT
    check = [whole >> 5 * place & 31 for place in reversed(range(_CHECK_LETTERS))]
    return prefix + "1" + "".join(LETTERS[group] for group in [*groups, *check])


def decode(text: str) -> tuple[str, bytes]:
    """Prefix and data of a text, all lower or all upper case; bits that pad the last letter must be zero and fewer than five.

    Raises ValueError saying what is wrong with it.
    """
    prefix, groups = split(text)
    if len(groups) * 5 % 8 >= 5 or (groups and groups[-1] & (1 << len(groups) * 5 % 8) - 1):
        raise ValueError("invalid padding")
    return prefix, bytes(_regrouped(groups, 5, 8, len(groups) * 5 // 8))


def split(text: str) -> tuple[str, list[int]]:
    """Prefix and 5-bit groups of a text whose checksum holds, the checksum taken off. Raises ValueError saying what is wrong."""
    if len(text) > MAX_CHARS:
        raise ValueError(f"too many characters, {len(text)} of at most {MAX_CHARS}")
    if not all("!" <= letter <= "~" for letter in text):
        raise ValueError("a character is out of range")
    if text.lower() != text and text.upper() != text:
        raise ValueError("mixed case")
    prefix, separator, letters = text.lower().rpartition("1")
    if not separator or not prefix or len(letters) < _CHECK_LETTERS:
        raise ValueError("a part is missing: prefix, 1, letters and checksum")
    if any(letter not in LETTERS for letter in letters):
        raise ValueError("invalid character")
    groups = [LETTERS.index(letter) for letter in letters]
    if _polymod([*_expanded(prefix), *groups]) != _CONSTANT:
        raise ValueError("invalid checksum")
    return prefix, groups[:-_CHECK_LETTERS]


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            if top >> place & 1:
                check ^= generator
    return check


def _expanded(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _regrouped(values: bytes | list[int], width: int, target: int, count: int | None = None) -> list[int]:
    """The same bits in groups of `target`: padded with zeros, or cut to `count` groups."""
    bits = "".join(format(value, f"0{width}b") for value in values)
    groups = [bits[start : start + target].ljust(target, "0") for start in range(0, len(bits), target)]
    return [int(group, 2) for group in groups[:count]]
