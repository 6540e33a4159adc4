"""SHA-256 for kernels: one C function, whichever library of this machine computes it."""

from libc.stdint cimport uint8_t

cdef void sha256(const uint8_t* data, size_t size, uint8_t* digest) noexcept nogil
