"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class RegistryCode(IntEnum):
    """Why a registry message was refused; the first that applies. Consensus data: never renumbered, never reused."""

    NOT_REGULATOR = 201  # the sender is no regulator
    UNKNOWN_METER = 202  # no such meter
    UNKNOWN_POINT = 203  # no such connection point
    UNKNOWN_ZONE = 204  # no DSO serves a zone of this name
    NOT_DSO = 205  # the sender is not the DSO of the zone
    RESERVED_ACCOUNT = 206  # the account belongs to a module's rules
    UNKNOWN_PARTICIPANT = 207  # the account is no participant
    NOT_ACTIVE = 208  # the participant is suspended or withdrew
    ALREADY_REGISTERED = 209  # the account is a participant already
    WRONG_STATUS = 210  # the participant has the status already, or cannot come to it from its own
    ALREADY_REGULATOR = 211  # the account is a regulator already
    UNKNOWN_REGULATOR = 212  # the account is no regulator
    LAST_REGULATOR = 213  # one regulator must remain
    POINT_EXISTS = 214  # the name of the connection point is taken
    METER_EXISTS = 215  # the name of the meter is taken
    WRONG_SOURCE = 216  # generation needs a source other than grid, consumption has the source grid
    NOT_BOUND = 217  # no device is bound to the meter
    DEVICE_TAKEN = 218  # the device key is bound to a meter
    ALREADY_GATEWAY = 219  # the account is a gateway already
    UNKNOWN_GATEWAY = 220  # the account is no gateway
