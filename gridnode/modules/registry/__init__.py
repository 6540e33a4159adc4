"""Who takes part: institutions and their roles, participants, connection points, and meters bound to the keys of devices.

Concepts
    Institution  an account with a role: regulator, DSO (distribution system operator), TSO (transmission system operator), issuer,
                 gateway (brings in what devices behind it say).
    Participant  an account that a regulator enrolled: consumer or prosumer; active, suspended or inactive.
    Point        a connection point: where meters of one participant connect to the grid in one zone. Trades are settled by point.
    Meter        measures generation of one source, or consumption, at a point. Readings carry the signature of its device.
    Service      which DSO serves a zone; a zone without one does not exist.

Tables
    1 roles            (role, account) -> name of the institution
    2 services         (zone) -> DSO
    3 participants     (account) -> Participant
    4 points           (point) -> Point
    5 points_by_owner  (account, point) -> zone
    6 meters           (meter) -> Meter
    7 meters_by_point  (point, meter) -> direction
    8 devices          (device key) -> meter

Messages
    registry.register_participant, registry.suspend_participant, registry.reinstate_participant   from a regulator
    registry.withdraw                                                                             from the participant
    registry.add_regulator, registry.remove_regulator                                             from a regulator
    registry.add_gateway, registry.remove_gateway                                                 from a regulator
    registry.register_point, registry.bind_meter, registry.rebind_meter, registry.unbind_meter    from the DSO of the point's zone

Rules
    1. Regulators enrol, suspend and reinstate. A participant withdraws by itself; a regulator brings it back. One regulator must remain;
       gateways come and go as regulators say.
    2. A DSO acts in the zones it serves. Points and meters are given to active participants only.
    3. Names of points and meters are given once. A point keeps its owner and zone, a meter its point, direction and source.
    4. A device key is bound to one meter at most, a meter to one device at most. `rebind_meter` exchanges the device, `unbind_meter` takes
       it away: nobody can report for the meter until it is bound again.
    5. Names are pseudonyms or firms: nothing personal is on chain.
    6. All of this in bulk: up to 256 messages in one transaction, all or none.

Result codes
    `RegistryCode`, 2xx, in order of precedence. A name that is not found comes before the right to change it.

Parameters
    None. Institutions and services come from genesis.

Invariants
    Per block, of changed rows: indices agree with what they index; a point or meter neither moves nor goes away; a regulator is left.
    Whole: the same of all rows, and indices hold nothing else.
"""
