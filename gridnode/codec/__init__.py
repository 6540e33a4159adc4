"""One value, one encoding: canonical msgpack and declared records.

Concepts
    canonical.py  msgpack restricted to one form for each value: nil, bool, int (shortest form), str, bin, array. No maps, no floats, no
                  extensions, no trailing bytes. Decoding anything else raises `Malformed`; whatever decodes re-encodes to the same bytes.
    fields.py     kinds of fields with their bounds: integers, amounts, bytes, addresses, names, choices, lists.
    faults.py     which field was wrong (`BadField.path`, e.g. `messages[2].kind`) and what was expected (`reason`).
    frozen.py     the classes of records: frozen dataclasses that are cheap to declare.
    records.py    `@record` turns a class with annotated fields into a frozen record whose field order, types and bounds are
                  declared once, with `encode`, `decode`, `to_json` and `from_json`. A record is an array of its fields in order.

Interface
    @record
    class Transfer:
        recipient: Annotated[Address, fields.ADDRESS]
        amount: Annotated[Amount, fields.AMOUNT]

    encode(Transfer(...)) -> bytes;  decode(Transfer, data) -> Transfer  (raises Malformed, saying what was expected)
    to_json(record) -> dict;  from_json(Transfer, obj) -> Transfer       (raises Malformed naming the field)

    In JSON bytes are hex, addresses are bech32m text, amounts are decimal strings of smallest units, choices are lower-case names;
    fields that have a default may be left out.

Why msgpack: widely known, self-describing, and its C implementation writes the shortest form. Why arrays: a map has a free order.
Amounts are byte strings because msgpack integers end at 64 bits: big-endian, no leading zero, zero is empty.
"""
