"""Units, identifiers, bounds and errors: the words every other package speaks.

Concepts
    units.py    `NewType` names over int for each physical and monetary unit, and the few exact conversions between them.
    ids.py      `NewType` names over bytes and str for identities: addresses, hashes, keys, zones, meters.
    limits.py   every bound of the system in one file, with assertions that relate them.
    errors.py   the four roots of all errors, by who is at fault.
    bech32m.py  bytes as letters with a checksum (BIP-350).
    address_text.py  addresses as people type them: bech32m with the prefix `grid`.

Nothing here imports anything of gridnode. Integers only: a float never comes below `gridnode.api`.
"""
