# The compiled books: matching over the memory of a Ledger.

from libc.stdint cimport int64_t

from gridnode._native.ledger cimport Ledger
from gridnode._native.matching cimport Incoming


cdef class Books(Ledger):
    cdef int check_id(self, int64_t order_id, int64_t energy_wh) except -1
    cdef int check_rows(
        self, const int64_t[::1] period, const int64_t[::1] order_id, const int64_t[::1] side, const int64_t[::1] zone,
        const int64_t[::1] mask, const int64_t[::1] price, const int64_t[::1] energy_wh,
    ) except -1
    cdef list fills(self)
    cdef int settle(self, int outcome, Incoming* order, bint rest) except -1
