"""Tagged hashes: what exactly is hashed, and that purposes do not meet."""

from hashlib import sha256

import pytest

from gridnode.crypto.hashing import Tag, sha256_of


def test_a_tag_stands_before_the_data_with_its_length() -> None:
    assert Tag("gridnode/vote").hash(b"data") == sha256(b"\x0dgridnode/votedata").digest()
    assert sha256_of(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_tag_is_used_again_and_again() -> None:
    tag = Tag("gridnode/vote")
    assert tag.hash(b"a") == tag.hash(b"a") != tag.hash(b"b")


def test_where_a_tag_ends_matters() -> None:
    assert Tag("ab").hash(b"c") != Tag("abc").hash(b"")


def test_no_tagged_hash_is_a_leaf_or_a_node() -> None:
    """The first byte hashed is the tag's length, never the 0x00 and 0x01 of RFC 6962."""
    assert Tag("ab").hash(b"c") == sha256(b"\x02abc").digest()


@pytest.mark.parametrize("name", ["", "a", "a" * 256])
def test_tags_have_2_to_255_letters(name: str) -> None:
    with pytest.raises(ValueError, match="2 to 255"):
        Tag(name)


def test_tags_are_ascii() -> None:
    with pytest.raises(UnicodeEncodeError):
        Tag("gridnode/wähler")
